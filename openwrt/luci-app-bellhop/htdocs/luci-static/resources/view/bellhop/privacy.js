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
	const what = E('select', { 'class': 'cbi-input-select', 'aria-label': _('What is forgotten') }, Object.keys(WIPES).map(one => E('option', { 'value': one }, [ WIPES[one] ])));
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

return view.extend({
	load: function() {
		return Promise.all([ api.ask('privacy'), uci.load('bellhop') ]);
	},

	render: function([ privacy ]) {
		const map = new form.Map('bellhop', _('Privacy'), _('Who learns that somebody here calls, whom, and from where. The words of calls and texts are sealed in any case.'));
		options.add(options.single(map, 'privacy', _('Calls')), 'privacy');
		return map.render().then(node => E('div', [ options.verdict(poll, [ 'privacy' ]), node, api.live(poll, () => api.ask('privacy'), draw, privacy), drawWiping() ]));
	}
});
