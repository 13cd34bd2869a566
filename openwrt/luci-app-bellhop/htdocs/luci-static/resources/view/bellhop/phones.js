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

let registered = {}, messages = {}, server = '';

function load() {
	return Promise.all([ api.ask('registrations'), api.ask('users'), account.server() ]).then(([ answer, users, place ]) => {
		registered = {};
		messages = {};
		server = place;
		(users.users || []).forEach(one => messages[one.name] = one.messages);
		(answer.registrations || []).forEach(one => (registered[one.user] = registered[one.user] || []).push(one));
		return answer;
	});
}

function where(id) {
	const name = account.name(id), found = registered[name] || [];
	return E('div', { 'data-account': name }, (found.length ? found.map(one => E('div', [
		api.mark('success', one.phone || _('phone')), one.behind_nat ? ' · ' + _('behind NAT') : '', E('br'),
		E('small', [ api.place(one.seen_from), ' · ', one.transport.toUpperCase() ])
	])) : [ api.mark('warning', _('no phone yet')) ]).concat(
		messages[name] ? E('div', [ _('%d messages wait').format(messages[name]), ' ',
			api.button(_('Throw away'), () => api.ask('flush-mailbox', name)) ]) : '',
		found.length ? api.button(_('Ring it'), () => api.ask('ring', name).then(answer => account.showRinging(name, answer))) : ''));
}

return view.extend({
	load: function() {
		return Promise.all([ load(), uci.load('bellhop') ]);
	},

	render: function() {
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

		poll.add(() => load().then(() => uci.sections('bellhop', 'user').forEach(one =>
			document.querySelectorAll('[data-account]').forEach(place =>
				place.dataset.account == account.name(one['.name']) && place.replaceWith(where(one['.name']))))), 5);
		return map.render().then(node => E('div', [ options.verdict(poll, [ 'user' ]), node ]));
	}
});
