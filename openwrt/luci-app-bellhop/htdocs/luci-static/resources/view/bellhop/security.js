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
		E('p', [ _('Its phones can be called from anywhere in the mesh as'), ' ', api.code(identity.address_example) ]),
		drawExport()
	]));
}

function drawExport() {
	const passphrase = E('input', { 'type': 'password', 'class': 'cbi-input-text', 'autocomplete': 'new-password',
		'aria-label': _('Passphrase'), 'placeholder': _('Passphrase') });
	const place = E('div');
	return E('div', [
		E('p', [ _('Keep a copy: who loses the key loses the address. The passphrase opens it again, by bellhop import-identity.') ]),
		passphrase, ' ', api.button(_('Make a sealed copy'), () => api.ask('exportIdentity', passphrase.value).then(answer => {
			place.replaceChildren(answer.error ? '' : E('div', [ api.code(answer.sealed), ' ', E('a', {
				'class': 'btn', 'download': 'bellhop-identity.txt',
				'href': URL.createObjectURL(new Blob([ answer.sealed + '\n' ], { type: 'text/plain' }))
			}, [ _('Download') ]) ]));
			return answer;
		})), place
	]);
}

function judge(row, verdict) {
	return () => api.ask('setTrust', row.contact, verdict);
}

function drawTrust(trust) {
	return api.section(_('Trusted keys'), trust.error ? api.refusal(trust) : api.table([
		[ _('Contact'), row => row.contact ],
		[ _('Key'), row => api.code(row.key) ],
		[ _('State'), row => api.word(row.level) ],
		[ _('Calls'), row => row.calls ],
		[ _('Other keys seen'), row => row.changed ],
		[ '', row => row.level == 'known key' ? api.button(_('Compared'), judge(row, 'compared')) : '' ],
		[ '', row => api.button(_('Forget'), judge(row, 'forget')) ]
	], trust.trust || [], _('No key is known yet: the first encrypted call with somebody brings theirs.')));
}

function drawNodes(peers) {
	return api.section(_('Neighbours and their keys'), api.table([
		[ _('Key'), row => row.node ? api.code(row.node) : _('not known yet') ],
		[ _('Reached at'), row => '%s port %d'.format(row.host, row.port) ],
		[ _('State'), row => api.word(row.state) ],
		[ _('Reason'), row => row.reason == row.state ? '' : row.reason || '' ]
	], peers.peers || [], _('No other node is near.')));
}

return view.extend({
	load: function() {
		return Promise.all([ api.ask('identity'), api.ask('peers'), api.ask('trust'), uci.load('bellhop') ]);
	},

	render: function([ identity, peers, trust ]) {
		const map = new form.Map('bellhop');
		options.add(options.single(map, 'node', _('Who may call')), 'node',
			[ 'strangers', 'help_for_strangers', 'stranger_requests_per_minute', 'trusted' ]);
		options.add(options.single(map, 'media', _('Encryption')), 'media', [ 'encryption', 'verification', 'hide_addresses' ]);
		options.add(options.single(map, 'node', _('Certificates')), 'node', [ 'tls_verify', 'certificate', 'key' ]);
		options.add(options.single(map, 'mesh', _('Who may read the phone book')), 'mesh', [ 'profile' ]);
		return map.render().then(node => E('div', [
			E('h2', [ _('Security') ]), drawIdentity(identity),
			api.live(poll, () => api.ask('trust'), drawTrust, trust), drawNodes(peers), node
		]));
	}
});
