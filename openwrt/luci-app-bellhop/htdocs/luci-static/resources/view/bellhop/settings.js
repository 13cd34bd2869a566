'use strict';
'require view';
'require form';
'require poll';
'require uci';
'require bellhop.api as api';
'require bellhop.options as options';

/* The rare ones have tabs of their own. */
const TABS = [
	[ 'general', _('General'), [ 'enabled', 'domain', 'ring_seconds', 'emergency_number', 'reserved_number', 'responders', 'field_mode', 'field_numbers', 'keep_history', 'log_level' ] ],
	[ 'network', _('Network'), [ 'listen', 'firewall_zone', 'internet', 'sip_port', 'tls_port', 'ws_port', 'wss_port', 'web_origin', 'http_port', 'https_port', 'alias_domain', 'keepalive_seconds', 'record_route' ] ],
	[ 'security', _('Security'), [ 'strangers', 'help_for_strangers', 'stranger_requests_per_minute', 'blocked', 'trusted', 'tls_verify', 'certificate', 'key' ] ],
	[ 'limits', _('Limits'), [ 'min_expires', 'max_expires', 'default_expires', 'max_transactions', 'max_bindings' ] ]
];
const OF_TLS = [ 'tls_port', 'ws_port', 'wss_port', 'https_port', 'tls_verify', 'certificate', 'key' ];

return view.extend({
	load: function() {
		return Promise.all([ api.ask('status'), uci.load('bellhop') ]);
	},

	render: function([ status ]) {
		const can = api.abilities(status);
		const map = new form.Map('bellhop', _('Settings'),
			_('Each option says below it what it does; on the router the command bellhop options lists them all.'));
		const node = options.single(map, 'node', _('Node'));
		TABS.forEach(([ name, title, names ]) => {
			node.tab(name, title);
			options.add(node, 'node', names.filter(one => can.tls || !OF_TLS.includes(one)), name);
		});
		options.add(options.single(map, 'mesh', _('Mesh')), 'mesh');
		options.add(options.single(map, 'features', _('Feature codes')), 'features');
		if (can.media)
			options.add(options.single(map, 'media', _('Sound')), 'media');
		if (can.media)
			options.add(options.single(map, 'dns', _('Names in the DNS')), 'dns');
		if (can.pgp)
			options.add(options.single(map, 'pgp', _('Signatures')), 'pgp');
		options.add(options.single(map, 'mqtt', 'MQTT'), 'mqtt').password.password = true;
		options.add(options.single(map, 'webhook', 'Webhook'), 'webhook').password.password = true;
		return map.render().then(node => E('div', [ options.verdict(poll, [ 'node', 'mesh', 'media', 'pgp', 'dns', 'features', 'mqtt', 'webhook' ]), node ]));
	}
});
