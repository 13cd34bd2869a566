'use strict';
'require view';
'require poll';
'require ui';
'require uci';
'require bellhop.api as api';

/* The checks: each returns nothing where all is well, or [ is it grave, what is wrong, what to do ];
 * CHECKS has their names. */

function checkRunning(now) {
	if (!now.status.error)
		return null;
	if (!now.status.error.message || now.status.silent)
		return [ true, _('The node does not run.'), _('Start it below. If it stops again, its last words stand at the end of this page.') ];
	return [ true, now.status.error.message, '' ];
}

/* The node leaves a configuration with a mistake and keeps the one before. */
function checkConfig(now) {
	if (!now.config.error || now.config.silent)
		return null;
	return [ true, _('The configuration has a mistake: the one before it stays in force.'), now.config.error.message ];
}

function checkClock(now) {
	if (now.system.localtime && Math.abs(now.system.localtime + new Date().getTimezoneOffset() * 60 - Date.now() / 1000) < 129600)
		return null;
	return [ false, _('The clock of the router and the clock of this computer are more than a day apart.'),
		_('Encrypted calls to other domains fail while it is wrong. Set it under System > System.') ];
}

function checkAlg(now) {
	if (now.alg.error)
		return null;
	return [ false, _('The firewall of this router rewrites SIP messages (nf_conntrack_sip).'),
		_('Remove the package kmod-nf-nathelper-extra: its changes break calls.') ];
}

function checkInternet(now) {
	if (now.interfaces.error || (now.interfaces['interface'] || []).some(one => (one.route || []).some(route => route.mask == 0)))
		return null;
	return [ false, _('There is no way to the Internet.'), _('Phones here and nodes of the mesh can be called, nobody else.') ];
}

function checkPhones(now) {
	if (!uci.sections('bellhop', 'user').length)
		return [ true, _('No phone has an account.'), _('Add one on the page Phones.') ];
	if (now.status.registrations === 0)
		return [ true, _('No phone is registered.'),
			_('Enter the server, account and password into the phone; the page Phones shows what to enter.') ];
	return null;
}

function checkFirewall(now) {
	if (now.status.error || now.firewall.error ||
			Object.values(now.firewall.bellhop || {}).some(one => (one.firewall || []).length))
		return null;
	return [ false, _('The firewall has no rules for the telephone.'), _('Restart the node below; see also Firewall zones on the page Settings.') ];
}

/* A side that is silent while the other is heard: something on its way takes only one direction. */
function checkOneWay(now) {
	const silent = (now.calls.calls || []).map(call => (call.sound || []).map(sides =>
		[ call.caller, call.callee ].filter((name, i) => call.seconds_talked > 5 && sides[i] && sides[1 - i] &&
			!sides[i].received_packets && sides[1 - i].received_packets)).flat()).flat();
	return silent.length ? [ false, _('Nothing is heard of %s, who is talking.').format(silent.join(', ')),
		_('A firewall on the way lets sound through in one direction only, or the microphone is off.') ] : null;
}

function checkSound(now) {
	const behind = (now.registrations.registrations || []).filter(one => one.behind_nat).map(one => one.user);
	return behind.length && !now.status.media ? [ false, _('Sound may go only one way: %s.').format(behind.join(', ')),
		_('These phones stand behind another router that hides their address. Connect them to this router, or install bellhop-media.') ] : null;
}

const CHECKS = [
	[ _('node'), checkRunning ], [ _('configuration'), checkConfig ], [ _('phones'), checkPhones ], [ _('firewall'), checkFirewall ], [ _('SIP helper'), checkAlg ],
	[ _('Internet'), checkInternet ], [ _('clock'), checkClock ], [ _('sound of calls'), checkOneWay ], [ _('phones behind NAT'), checkSound ]
];

function load() {
	return Promise.all([
		api.ask('status'), api.ask('registrations'), api.ask('interfaces'), api.ask('system'),
		api.ask('stat', '/sys/module/nf_conntrack_sip'), api.ask('calls'), api.ask('firewall', 'bellhop', 'firewall'),
		api.ask('checkConfig')
	]).then(([ status, registrations, interfaces, system, alg, calls, firewall, config ]) => {
		const now = { status, registrations, interfaces, system, alg, calls, firewall, config };
		return status.error ? api.ask('exec', '/sbin/logread', [ '-e', 'bellhop' ]).then(log =>
			Object.assign(now, { log: log.stdout })) : now;
	});
}

function drawCheck([ is_grave, words, advice ]) {
	return E('div', { 'class': 'alert-message %s'.format(is_grave ? 'danger' : 'warning') },
		[ E('strong', [ words ]), ' ', advice ]);
}

function drawState(status, in_order) {
	const places = {};
	status.listening.forEach(one => (places[one.host] = places[one.host] || []).push('%s %d'.format(one.transport, one.port)));
	const rows = [
		[ _('In order'), in_order.map(title => '✓ ' + title).join(', ') ],
		[ _('Domain'), status.domain ],
		[ _('Runs for'), api.duration(status.uptime_seconds) ],
		[ _('Phones registered'), _('%d (accounts: %d)').format(status.registrations, status.users) ],
		[ _('Live calls'), status.live_calls ],
		[ _('Listening on'), E('div', Object.keys(places).map(host => E('div', [ host, ': ', places[host].join(', ') ]))) ],
		[ _('Memory'), '%.1f MB'.format(status.memory_kb / 1024) ],
		[ _('Version'), status.version ]
	];
	return E('table', { 'class': 'table' }, rows.map(row => E('tr', { 'class': 'tr' }, [
		E('td', { 'class': 'td left', 'width': '33%' }, [ row[0] ]), E('td', { 'class': 'td left' }, [ row[1] ])
	])));
}

function draw(now) {
	const found = CHECKS.map(([ title, check ]) => [ title, check(now) ]);
	const wrong = found.map(one => one[1]).filter(one => one);
	(now.status.problems || []).forEach(problem => wrong.push([ false, problem, '' ]));
	const is_well = !wrong.some(one => one[0]);
	const parts = wrong.map(drawCheck);
	if (is_well)
		parts.unshift(E('div', { 'class': 'alert-message success' }, [ E('strong', [ _('The telephone works.') ]) ]));
	if (!now.status.error)
		parts.push(drawState(now.status, found.filter(one => !one[1]).map(one => one[0])));
	if (now.log)
		parts.push(api.section(_('Last words of the node'), E('pre', [ now.log.split('\n').slice(-12).join('\n') ])));
	return E('div', parts);
}

function button(action, title, style) {
	return E('button', { 'class': 'btn cbi-button cbi-button-%s'.format(style), 'click': ui.createHandlerFn(this, () =>
		api.ask('init', 'bellhop', action)) }, [ title ]);
}

return view.extend({
	load: function() {
		return Promise.all([ load(), uci.load('bellhop') ]);
	},

	render: function([ now ]) {
		return E('div', [
			E('h2', [ _('Telephone') ]),
			api.live(poll, load, draw, now),
			E('div', { 'class': 'cbi-page-actions' }, [
				button('start', _('Start'), 'positive'), ' ',
				button('restart', _('Restart'), 'action'), ' ',
				button('stop', _('Stop'), 'negative')
			])
		]);
	},

	handleSave: null, handleSaveApply: null, handleReset: null
});
