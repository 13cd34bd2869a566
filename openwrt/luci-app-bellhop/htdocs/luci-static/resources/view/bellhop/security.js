'use strict';
'require view';
'require form';
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

function drawNodes(peers) {
	return api.section(_('Neighbours and their keys'), api.table([
		[ _('Key'), row => row.node ? api.code(row.node) : _('not known yet') ],
		[ _('Reached at'), row => '%s port %d'.format(row.host, row.port) ],
		[ _('State'), row => row.state ],
		[ _('Reason'), row => row.reason || '' ]
	], peers.peers || [], _('No other node is near.')));
}

return view.extend({
	load: function() {
		return Promise.all([ api.ask('identity'), api.ask('peers'), uci.load('bellhop') ]);
	},

	render: function([ identity, peers ]) {
		const map = new form.Map('bellhop');
		options.add(options.single(map, 'node', _('Who may call')), 'node',
			[ 'strangers', 'stranger_requests_per_minute', 'trusted', 'tls_verify', 'certificate', 'key' ]);
		options.add(options.single(map, 'mesh', _('Who may read the phone book')), 'mesh', [ 'profile' ]);
		return map.render().then(node => E('div', [
			E('h2', [ _('Security') ]), drawIdentity(identity), drawNodes(peers), node
		]));
	}
});
