'use strict';
'require view';
'require form';
'require poll';
'require uci';
'require bellhop.account as account';
'require bellhop.api as api';
'require bellhop.options as options';

/* What a new phone needs; all else is under More. */
const FIRST = [ 'name', 'extension', 'display_name' ];

let registered = {}, messages = {}, wishes = {}, server = '';

/* DHCP's options by which desk phones learn where their configuration is. */
const TFTP = [ '66', '160' ];

function load() {
	return Promise.all([ api.ask('registrations'), api.ask('users'), account.server() ]).then(([ answer, users, place ]) => {
		registered = {};
		messages = {};
		wishes = {};
		server = place;
		(users.users || []).forEach(one => {
			messages[one.name] = one.messages;
			wishes[one.name] = one.wishes || {};
		});
		(answer.registrations || []).forEach(one => (registered[one.user] = registered[one.user] || []).push(one));
		return answer;
	});
}

/* The page of one person: a link that holds once, for the camera of the phone that shall show it. */
function showPage(name) {
	return api.ask('pilot-link', name).then(answer => {
		const url = answer.error ? '' : account.near(server, answer.url);
		if (url)
			api.modal(_('Page of %s').format(name), [ E('p', [ _('Scan it with the phone that shall show the page, or open the link. It holds once, for ten minutes.') ]),
				account.drawn(url, _('Link to the page')), E('p', [ api.code(url) ]), ownersView(name) ]);
		return answer;
	});
}

/* Where a page is open and which devices its member has added; what is lost is locked out here. */
function ownersView(name) {
	const place = E('div');
	const drop = (title, verb, id) => api.button(title, () => api.ask(verb, name, id).then(answer => answer.error ? answer : draw()), 'negative');
	const draw = () => Promise.all([ api.ask('page-sessions', name), api.ask('me', name) ]).then(([ found, me ]) => place.replaceChildren(
		api.section(_('Where it is open'), api.table([
			[ _('Browser'), row => row.browser ], [ _('Last seen'), row => new Date(row.day * 864e5).toLocaleDateString() ],
			[ '', row => drop(_('Sign out'), 'sign-out', row.id) ]
		], found.sessions || [], _('Nowhere.'))),
		api.section(_('Added there'), api.table([
			[ _('Device'), row => row.name ], [ _('Login'), row => api.code(row.login) ], [ '', row => drop(_('Forget'), 'forget-phone', row.login) ]
		], (me.phones || []).filter(row => row.own), _('No device.')))));
	draw();
	return place;
}

/* What a member has set by a code or on the page; it counts before what stands here. */
function setBy(name) {
	const told = value => value === true ? _('yes') : value === false || value === '' ? _('no') : [].concat(value).join(', ');
	const set = Object.entries(wishes[name] || {}).filter(([ wish ]) => wish != 'last').map(([ wish, value ]) => options.title('user', wish) + ': ' + told(value));
	return set.length ? E('div', [ E('small', [ _('Set by %s: %s').format(name, set.join('; ')) ]) ]) : '';
}

/* Desk phones that have asked the network who they are. */
function newPhones(rows) {
	const people = uci.sections('bellhop', 'user').map(one => account.name(one['.name']));
	return rows.length ? api.section(_('New phones'), api.table([
		[ _('Phone'), row => [ row.brand, row.model ].join(' ').trim() || row.host ], [ _('Hardware address'), row => row.mac ],
		[ '', row => {
			const choice = E('select', { 'class': 'cbi-input-select' }, people.map(name => E('option', { 'value': name }, [ name ])));
			return E('span', [ choice, ' ', api.button(_('Is this one\'s'), () => api.ask('assign-phone', choice.value, row.mac).then(answer =>
				answer.error ? answer : api.modal(_('Assigned'), [ E('p', [ _('Now switch the phone off and on. It sets itself up.') ]) ]))) ]);
		} ]
	], rows, '')) : '';
}

/* What DHCP tells the devices of the house besides, or null where this router has no DHCP for them. */
function dhcpOptions() {
	const lan = uci.sections('dhcp', 'dhcp').find(one => one['.name'] == 'lan');
	return lan ? [].concat(lan.dhcp_option || []) : null;
}

/* Lets DHCP tell desk phones where their configuration is, or not any more; Save & Apply puts it in force. */
function tellByDhcp(section) {
	const option = section.option(form.Flag, '_dhcp', _('Desk phones learn it by DHCP'),
		_('For phones that do not find this router by themselves: DHCP tells them where their configuration is (options 66 and 160 of the interface lan).'));
	const isOurs = one => TFTP.includes(one.split(',')[0]);
	option.cfgvalue = () => dhcpOptions().some(isOurs) ? '1' : '0';
	option.write = (id, value) => {
		const list = dhcpOptions().filter(one => !isOurs(one)).concat(value == '1' ? TFTP.map(one => one + ',' + account.url(server, '/p/')) : []);
		uci.set('dhcp', 'lan', 'dhcp_option', list.length ? list : null);
	};
	option.remove = () => option.write(null, '0');
}

function where(id) {
	const name = account.name(id), found = registered[name] || [];
	return E('div', { 'data-account': name }, (found.length ? found.map(one => E('div', [
		api.mark('success', one.phone || _('phone')), one.behind_nat ? ' · ' + _('behind NAT') : '', E('br'),
		E('small', [ api.place(one.seen_from), ' · ', one.transport.toUpperCase() ])
	])) : [ E('div', [ api.mark('warning', _('no phone yet')) ]) ]).concat(
		setBy(name), messages[name] ? E('div', [ _('%d messages wait').format(messages[name]), ' ',
			api.button(_('Throw away'), () => api.ask('flush-mailbox', name)) ]) : '',
		api.button(_('Show the page'), () => showPage(name)), ' ',
		found.length ? api.button(_('Ring it'), () => api.ask('ring', name).then(answer => account.showRinging(name, answer))) : ''));
}

return view.extend({
	load: function() {
		return Promise.all([ load(), api.ask('new-phones'), uci.load('bellhop'), L.resolveDefault(uci.load('dhcp')) ]);
	},

	render: function([ , fresh ]) {
		const map = new form.Map('bellhop', _('Phones'),
			_('Each phone has an account. Enter into the phone: server %s, its account and its password.').format(server));
		const section = options.grid(map, 'user');
		section.addbtntitle = _('Add a phone');
		section.modaltitle = id => _('Phone') + ' ' + account.name(id);
		section.sortable = false;
		section.tab('phone', _('Phone'));
		section.tab('more', _('More'));
		options.careful(section);

		const place = section.taboption('phone', form.DummyValue, '_server', _('Server'), _('Also called domain, registrar or proxy.'));
		place.modalonly = true;
		place.cfgvalue = () => server;
		const made = options.add(section, 'user', [ 'name' ], 'phone');
		made.name.rmempty = false;
		made.name.cfgvalue = account.name;
		account.addPassword(section, 'phone', made.name, () => server);
		Object.assign(made, options.add(section, 'user', FIRST.slice(1), 'phone'),
			options.add(section, 'user', options.names('user').filter(name => !FIRST.includes(name)), 'more'));
		options.few(made, FIRST);

		const state = section.taboption('phone', form.DummyValue, '_where', _('Registered'));
		state.modalonly = false;
		state.textvalue = where;

		const devices = options.grid(map, 'phone', _('Devices'),
			_('A device with a login of its own can be forgotten alone. A desk phone without a password gets one when it asks for its configuration. Members add theirs on their own page.'));
		devices.addbtntitle = _('Add a device');
		devices.sortable = false;
		options.few(options.add(devices, 'phone'), [ 'name', 'user', 'login', 'brand', 'mac' ]);
		const paging = options.grid(map, 'page', _('Announcements'),
			_('Desk phones that listen on one address: a key page:NAME of one speaks to all of them. It is in their configuration the next time that they fetch it.'));
		options.few(options.add(paging, 'page'), [ 'name', 'extension', 'address' ]);
		if (dhcpOptions())
			tellByDhcp(options.single(map, 'node', _('Desk phones')));

		poll.add(() => load().then(() => uci.sections('bellhop', 'user').forEach(one =>
			document.querySelectorAll('[data-account]').forEach(place =>
				place.dataset.account == account.name(one['.name']) && place.replaceWith(where(one['.name']))))), 5);
		const arrived = api.live(poll, () => api.ask('new-phones'), answer => newPhones(answer['new'] || []), fresh);
		return map.render().then(node => E('div', [ options.verdict(poll, [ 'user', 'phone', 'page' ]), arrived, node ]));
	}
});
