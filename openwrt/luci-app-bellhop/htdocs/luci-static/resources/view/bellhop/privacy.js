'use strict';
'require view';
'require form';
'require poll';
'require uci';
'require bellhop.api as api';
'require bellhop.options as options';

const WAYS = [ _('Straight'), _('By one other router'), _('By three other routers') ];

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
		return map.render().then(node => E('div', [ options.verdict(poll, [ 'privacy' ]), node, api.live(poll, () => api.ask('privacy'), draw, privacy) ]));
	}
});
