'use strict';
'require view';
'require poll';
'require ui';
'require uci';
'require bellhop.api as api';
'require bellhop.options as options';

/* Each check returns one line: [ kind of message, what is so, what to do (text or node) ], or nothing
 * where it has nothing to say. */

function checkRunning({ status }) {
	if (!status.error)
		return [ 'success', _('The telephone works, for %s now.').format(api.duration(status.uptime_seconds)) ];
	if (status.silent)
		return [ 'danger', _('The node does not run.'), _('Start it below. If it stops again, its last words stand at the end of this page.') ];
	return [ 'danger', api.said(status.error.message) ];
}

function checkPhones({ status, registrations }) {
	const accounts = uci.sections('bellhop', 'user').length, there = {};
	(registrations.registrations || []).forEach(one => there[one.user] = true);
	if (!accounts)
		return [ 'danger', _('No phone has an account.'), api.link('start', _('Set up the telephone')) ];
	if (status.error)
		return null;
	const count = Object.keys(there).length;
	return [ count ? 'success' : 'danger', _('%d of %d accounts have a phone that is there.').format(count, accounts),
		count ? '' : E('span', [ _('Enter server, account and password into a phone:'), ' ', api.link('phones', _('Phones')) ]) ];
}

/* The node's rules in the firewall that are switched on. */
function rules() {
	return uci.sections('firewall', 'rule').filter(one => one['.name'].startsWith('bellhop_') && one.enabled != '0');
}

function checkFirewall({ status }) {
	return status.error || rules().length || !uci.sections('firewall', 'zone').length ? null :
		[ 'danger', _('The firewall has no rules for the telephone.'), _('Restart the node below.') ];
}

function checkDoor({ status }) {
	if (status.error)
		return null;
	return options.isOutside(rules().map(rule => rule.src)) ?
		[ 'warning', _('It can be reached from the Internet.'), api.link('security', _('Close it')) ] :
		[ 'success', _('It cannot be reached from the Internet.'), api.link('security', _('Change this')) ];
}

/* Where this router has no public address, the one in front must lead ports here. */
function checkGateway({ status }) {
	const outside = status.outside;
	if (status.error || !outside || !outside.ports.length)
		return null;
	const led = outside.ports.filter(one => one.host).map(one => '%s %d'.format(one.protocol, one.external));
	return led.length == outside.ports.length ?
		[ 'success', _('The router in front leads ports of %s here, by %s: %s.').format(outside.ports[0].host, outside.way, led.join(', ')) ] :
		[ 'warning', _('The router in front (%s) leads no ports here.').format(outside.gateway),
			_('Switch on PCP or UPnP there, or lead these ports to %s by hand: %s.').format(outside.source,
				outside.ports.map(one => '%s %d'.format(one.protocol, one.port)).join(', ')) ];
}

function checkMesh({ status, routes }) {
	if (status.error || routes.error)
		return null;
	const count = (routes.routes || []).length;
	return [ count ? 'success' : '', count ? _('Other nodes in reach: %d.').format(count) : _('No other node is in reach.'), api.link('mesh', _('Mesh')) ];
}

function checkInternet({ interfaces }) {
	return interfaces.error || (interfaces['interface'] || []).some(one => (one.route || []).some(route => route.mask == 0)) ? null :
		[ 'warning', _('There is no way to the Internet.'), _('Phones here and nodes of the mesh can be called, nobody else.') ];
}

function checkClock({ system }) {
	if (system.localtime && Math.abs(system.localtime + new Date().getTimezoneOffset() * 60 - Date.now() / 1000) < 129600)
		return null;
	return [ 'warning', _('The clock of the router and the clock of this computer are more than a day apart.'),
		_('Encrypted calls to other domains fail while it is wrong. Set it under System > System.') ];
}

/* The firewall hands SIP to its helper unless auto_helper is 0; a module that is only loaded does nothing. */
function checkAlg({ alg }) {
	const is_off = uci.sections('firewall', 'defaults').some(one => one.auto_helper == '0');
	return alg.error || is_off ? null : [ 'warning', _('The firewall of this router rewrites SIP messages (nf_conntrack_sip).'),
		_('Remove the package kmod-nf-nathelper-extra, or set option auto_helper 0 in the firewall: its changes break calls.') ];
}

/* A side that is silent while the other is heard: something on its way takes only one direction. */
function checkOneWay({ calls }) {
	const silent = (calls.calls || []).map(call => (call.sound || []).map(sides =>
		[ call.caller, call.callee ].filter((name, i) => call.seconds_talked > 5 && sides[i] && sides[1 - i] &&
			!sides[i].received_packets && sides[1 - i].received_packets)).flat()).flat();
	return silent.length ? [ 'warning', _('Nothing is heard of %s, who is talking.').format(silent.join(', ')),
		_('A firewall on the way lets sound through in one direction only, or the microphone is off.') ] : null;
}

/* Without the media library the sound of a phone behind another NAT goes only one way. */
function checkSound({ status, registrations }) {
	const far = (registrations.registrations || []).filter(one => one.behind_nat).map(one => one.user);
	return far.length && !status.media ? [ 'warning', _('Phones behind another router may hear only one way: %s.').format(far.join(', ')),
		_('Install the package bellhop-media.') ] : null;
}

/* Somebody in between is told here too. */
function checkSafety({ calls }) {
	return api.isUnsafe(calls.calls) ? [ 'danger', _('A call is not safe: somebody may sit in between.'), api.link('calls', _('Calls')) ] : null;
}

const CHECKS = [ checkRunning, checkSafety, checkPhones, checkFirewall, checkDoor, checkGateway, checkMesh, checkInternet, checkClock,
	checkAlg, checkOneWay, checkSound ];

function load() {
	return Promise.all([
		api.ask('status'), api.ask('registrations'), api.ask('network.interface dump'), api.ask('system info'),
		api.ask('file stat', '/sys/module/nf_conntrack_sip'), api.ask('calls'),
		api.ask('problems'), api.ask('routes')
	]).then(([ status, registrations, interfaces, system, alg, calls, problems, routes ]) => {
		const now = { status, registrations, interfaces, system, alg, calls, problems, routes };
		return status.error ? api.ask('file exec', '/sbin/logread', [ '-e', 'bellhop' ]).then(log =>
			Object.assign(now, { log: log.stdout })) : now;
	});
}

function drawState(status) {
	const places = {};
	status.listening.forEach(one => (places[one.host] = places[one.host] || []).push('%s %d'.format(one.transport, one.port)));
	const rows = [
		[ _('Domain'), status.domain ],
		[ _('Live calls'), status.live_calls ],
		[ _('Listening on'), E('div', Object.keys(places).map(host => E('div', [ host, ': ', places[host].join(', ') ]))) ],
		[ _('Memory'), '%.1f MB'.format(status.memory_kb / 1024) ],
		[ _('Version'), status.version ]
	];
	return api.folded(_('More about the node'), E('table', { 'class': 'table' }, rows.map(row => E('tr', { 'class': 'tr' }, [
		E('td', { 'class': 'td left', 'width': '33%' }, [ row[0] ]), E('td', { 'class': 'td left' }, [ row[1] ])
	]))));
}

function draw(now) {
	const lines = CHECKS.map(check => check(now)).filter(line => line);
	(now.problems.problems || []).forEach(row => lines.push([ 'warning', options.problem(row, true) ]));
	const parts = lines.filter(line => line[0] == 'danger').map(([ kind, words, advice ]) => api.alert(kind, words, advice || ''));
	parts.push(E('table', { 'class': 'table' }, lines.filter(line => line[0] != 'danger').map(([ kind, words, advice ]) =>
		E('tr', { 'class': 'tr' }, [ E('td', { 'class': 'td left' }, [ api.mark(kind, words), ' ', advice || '' ]) ]))));
	if (!now.status.error)
		parts.push(drawState(now.status));
	if (now.log)
		parts.push(api.section(_('Last words of the node'), E('pre', [ now.log.split('\n').slice(-12).join('\n') ])));
	return E('div', parts.concat([ E('div', { 'class': 'cbi-page-actions' }, now.status.silent ? [ button('start', _('Start'), 'positive') ] :
		[ button('restart', _('Restart'), 'action'), ' ', button('stop', _('Stop'), 'negative') ]) ]));
}

function button(action, title, style) {
	return api.button(title, () => api.ask('rc init', 'bellhop', action), style);
}

return view.extend({
	load: function() {
		return Promise.all([ load(), uci.load('bellhop'), options.loadZones() ]);
	},

	render: function([ now ]) {
		return E('div', [
			E('h2', [ _('Telephone') ]),
			api.live(poll, load, draw, now)
		]);
	},

	handleSave: null, handleSaveApply: null, handleReset: null
});
