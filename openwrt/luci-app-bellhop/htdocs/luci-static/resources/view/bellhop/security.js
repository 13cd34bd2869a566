'use strict';
'require view';
'require form';
'require poll';
'require uci';
'require bellhop.api as api';
'require bellhop.options as options';

function drawIdentity(identity) {
	return api.section(_('Identity'), identity.error ? api.refusal(identity) : E('div', [
		E('p', [ _('The key of this node is a domain that nobody can forge:') ]),
		E('p', [ api.code(identity.key) ]),
		E('p', [ _('Its phones can be called from anywhere in the mesh as'), ' ', api.code(identity.address_example) ])
	]));
}

function judge(row, verdict) {
	return () => api.ask('setTrust', row.contact, verdict);
}

function drawTrust(trust) {
	return api.section(_('Trusted keys'), trust.error ? api.refusal(trust) : api.table([
		[ _('Contact'), row => E('strong', [ row.contact ]) ],
		[ _('State'), row => api.word(row.level) ],
		[ _('Calls'), row => row.calls ],
		[ _('Other keys seen'), row => row.changed ? api.mark('danger', row.changed) : 0 ],
		[ _('Key'), row => E('small', [ api.code(row.key) ]) ],
		[ '', row => E('div', [ row.level == 'known key' ? api.button(_('Compared'), judge(row, 'compared'), 'positive') : '', ' ',
			api.button(_('Forget'), judge(row, 'forget'), 'remove') ]) ]
	], trust.trust || [], _('No key is known yet: the first encrypted call with somebody brings theirs.')));
}

return view.extend({
	load: function() {
		return Promise.all([ api.ask('identity'), api.ask('trust'), api.ask('status'), uci.load('bellhop'), options.loadZones() ]);
	},

	render: function([ identity, trust, status ]) {
		const map = new form.Map('bellhop'), can = api.abilities(status);
		const door = options.single(map, 'node', _('Who may call'));
		options.addReachable(door);
		options.add(door, 'node', [ 'strangers', 'help_for_strangers', 'stranger_requests_per_minute', 'trusted' ]);
		if (can.media)
			options.add(options.single(map, 'media', _('Encryption')), 'media', [ 'encryption', 'verification', 'hide_addresses' ]);
		if (can.tls)
			options.add(options.single(map, 'node', _('Certificates')), 'node', [ 'tls_verify', 'certificate', 'key' ]);
		options.add(options.single(map, 'mesh', _('Who may read the phone book')), 'mesh', [ 'profile' ]);
		return map.render().then(node => E('div', [
			E('h2', [ _('Security') ]), node, can.media ? api.live(poll, () => api.ask('trust'), drawTrust, trust) : '', drawIdentity(identity)
		]));
	}
});
