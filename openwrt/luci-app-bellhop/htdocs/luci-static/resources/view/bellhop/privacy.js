'use strict';
'require view';
'require form';
'require poll';
'require uci';
'require bellhop.api as api';
'require bellhop.options as options';

const WAYS = [ _('Straight'), _('By one other router'), _('By three other routers') ];

const WIPES = { calls: _('Past calls, their messages, and strangers'), texts: _('Texts that wait'), keys: _('Keys that nobody has compared'), all: _('All of it') };

function drawWiping() {
	const what = E('select', { 'class': 'cbi-input-select', 'style': 'width:auto;max-width:100%', 'aria-label': _('What is forgotten') }, Object.keys(WIPES).map(one => E('option', { 'value': one }, [ WIPES[one] ])));
	const wipe = () => window.confirm(_('Forget it for good?')) ? api.ask('wipe', what.value) : Promise.resolve({});
	return api.section(_('Forget'), E('p', [ _('What this router remembers is gone afterwards, on flash too. Other houses keep what they know.') ]),
		E('p', [ what, ' ', api.button(_('Forget'), wipe, 'remove') ]));
}

function draw(privacy) {
	return privacy.error ? api.refusal(privacy) : E('div', [
		api.section(_('What each way hides'), api.table([
			[ _('Way'), row => E('strong', [ WAYS[row.privacy] ]) ], [ _('Hides'), row => api.said(row.hides) ],
			[ _('Costs'), row => api.said(row.costs) ], [ _('Does not hide'), row => api.said(row.does_not_hide) ]
		], privacy.levels, '')),
		api.section(_('Contacts'), api.table([
			[ _('Name'), row => E('strong', [ row.name ]) ], [ _('Way'), row => WAYS[row.privacy] ],
			[ _('State'), row => row.has_way ? api.mark('success', _('there is such a way now')) : api.mark('warning', _('no such way now: the phone says so')) ]
		], privacy.contacts, _('The phone book names nobody by the key of another node.')))
	]);
}

function drawBoxes(found) {
	const renew = row => window.confirm(_('Who has the address of %s finds nobody any more. Go on?').format(row.name)) ? api.ask('renew-box', row.name) : Promise.resolve({});
	return found.error || !found.boxes.length ? E('div') : api.section(_('Addresses of the boxes'), api.table([
		[ _('Name'), row => E('strong', [ row.name ]) ], [ _('Address'), row => E('code', [ row.address ]) ], [ _('State'), row => api.word(row.state) ],
		[ _('Hours left'), row => row.hours_left == null ? '' : '' + row.hours_left ], [ _('Calls'), row => '' + row.calls ],
		[ '', row => api.button(_('Another address'), () => renew(row), 'reset') ]
	], found.boxes, ''));
}

return view.extend({
	load: function() {
		return Promise.all([ api.ask('privacy'), api.ask('boxes'), uci.load('bellhop') ]);
	},

	render: function([ privacy, boxes ]) {
		const map = new form.Map('bellhop', _('Privacy'), _('Who learns that somebody here calls, whom, and from where. The words of calls and texts are sealed in any case.'));
		options.add(options.single(map, 'privacy', _('Calls')), 'privacy');
		const grid = options.grid(map, 'box', _('Boxes'), _('Each is an address that you give to one person: it rings here, and tells nobody whose it is or where. Taking it out of this list ends it. Who is called back learns this router\'s key.'));
		grid.addbtntitle = _('Add a box');
		options.few(options.add(grid, 'box'), [ 'name', 'user', 'contact', 'hours' ]);
		return map.render().then(node => E('div', [ options.verdict(poll, [ 'privacy', 'box' ]), node, api.live(poll, () => api.ask('boxes'), drawBoxes, boxes), api.live(poll, () => api.ask('privacy'), draw, privacy), drawWiping() ]));
	}
});
