'use strict';
'require view';
'require form';
'require bellhop.options as options';

/* The rare ones have tabs of their own. */
const TABS = [
	[ 'general', _('General'), [ 'enabled', 'domain', 'ring_seconds', 'emergency_number', 'reserved_number', 'responders', 'log_level' ] ],
	[ 'network', _('Network'), [ 'listen', 'firewall_zone', 'sip_port', 'tls_port', 'ws_port', 'wss_port', 'http_port', 'alias_domain', 'keepalive_seconds', 'record_route' ] ],
	[ 'security', _('Security'), [ 'strangers', 'help_for_strangers', 'stranger_requests_per_minute', 'trusted', 'tls_verify', 'certificate', 'key' ] ],
	[ 'limits', _('Limits'), [ 'min_expires', 'max_expires', 'default_expires', 'max_transactions', 'max_bindings' ] ]
];

return view.extend({
	render: function() {
		const map = new form.Map('bellhop', _('Settings'));
		const node = options.single(map, 'node', _('Node'));
		TABS.forEach(([ name, title, names ]) => {
			node.tab(name, title);
			options.add(node, 'node', names, name);
		});
		[ [ 'mesh', _('Mesh') ], [ 'media', _('Sound') ], [ 'pgp', _('Signatures') ] ].forEach(([ kind, title ]) =>
			options.add(options.single(map, kind, title), kind));
		return map.render();
	}
});
