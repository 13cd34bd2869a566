'use strict';
'require view';
'require form';
'require poll';
'require ui';
'require uci';
'require bellhop.api as api';
'require bellhop.digest as digest';
'require bellhop.options as options';

let registered = {}, messages = {};
const fresh = {};

function load() {
	return Promise.all([ api.ask('registrations'), api.ask('users') ]).then(([ answer, users ]) => {
		registered = {};
		messages = {};
		(users.users || []).forEach(one => messages[one.name] = one.messages);
		(answer.registrations || []).forEach(one => (registered[one.user] = registered[one.user] || []).push(one));
		return answer;
	});
}

/* A section that somebody wrote by hand may be named after the account. */
function account(id) {
	const section = uci.get('bellhop', id) || { '.anonymous': true };
	return section.name || (section['.anonymous'] ? '' : id);
}

function where(id) {
	const name = account(id), found = registered[name] || [];
	return E('div', { 'data-account': name }, (found.length ? found.map(one => E('div', [
		one.phone || _('phone'), ' · ', one.seen_from, ' · ', one.transport.toUpperCase(),
		one.behind_nat ? ' · ' + _('behind NAT') : ''
	])) : [ E('em', [ _('no') ]) ]).concat(
		found.length ? api.button(_('Ring it'), () => api.ask('ring', name).then(answer => showRinging(name, answer))) : '',
		messages[name] ? E('div', [ _('%d messages wait').format(messages[name]), ' ',
			api.button(_('Throw away'), () => api.ask('flushMailbox', name)) ]) : ''));
}

/* Shows how the phones of a user ring, until they are done. */
function showRinging(name, answer) {
	if (answer.error)
		return answer;
	ui.showModal(_('Ringing') + ' ' + name, [
		api.table([
			[ _('Phone'), row => row.phone || row.contact ], [ _('State'), row => api.word(row.state) ]
		], answer.phones, ''),
		E('div', { 'class': 'right' }, [ E('button', { 'class': 'btn', 'click': ui.hideModal }, [ _('Close') ]) ])
	]);
	const shown = document.querySelector('.modal');
	if (!answer.is_over)
		window.setTimeout(() => shown && shown.checkVisibility() && api.ask('rung', name).then(fresh => showRinging(name, fresh)), 1000);
	return answer;
}

function domain() {
	return (uci.sections('bellhop', 'node')[0] || {}).domain || 'localhost';
}

function addPassword(section) {
	const option = section.option(form.Value, '_password', _('Password'),
		_('Shown only now: enter it into the phone. The router keeps what it needs to check it, not the password.'));
	option.modalonly = true;
	option.forcewrite = true;
	option.placeholder = _('unchanged');
	option.cfgvalue = id => uci.get('bellhop', id, 'ha1_md5') || uci.get('bellhop', id, 'password') ? '' :
		(fresh[id] = fresh[id] || digest.newPassword());
	option.validate = function(id, text) {
		if (text)
			return text.length >= 8 || _('at least 8 letters');
		return this.cfgvalue(id) == '' && this.section.formvalue(id, 'name') == account(id) ||
			_('a password: it holds for one account name only');
	};
	option.write = function(id, text) {
		const hashes = digest.ha1(this.section.formvalue(id, 'name'), domain().toLowerCase(), text);
		Object.keys(hashes).forEach(name => uci.set('bellhop', id, name, hashes[name]));
		uci.unset('bellhop', id, 'password');
	};
	option.remove = () => {};
}

return view.extend({
	load: function() {
		return Promise.all([ load(), uci.load('bellhop') ]);
	},

	render: function() {
		const map = new form.Map('bellhop', _('Phones'),
			_('Each phone has an account. It registers at the server %s with its account and password.')
				.format(window.location.hostname));
		const section = options.grid(map, 'user');
		section.addbtntitle = _('Add a phone');
		section.modaltitle = id => _('Phone') + ' ' + account(id);

		const made = options.add(section, 'user');
		made.name.rmempty = false;
		made.name.cfgvalue = account;
		[ 'alias', 'also_at', 'forward', 'forward_after', 'srtp', 'intercom', 'algorithm' ].forEach(name => made[name].modalonly = true);
		addPassword(section);

		const server = section.option(form.DummyValue, '_server', _('Server'), _('Enter it as domain, registrar or proxy.'));
		server.modalonly = true;
		server.cfgvalue = () => window.location.hostname;

		const state = section.option(form.DummyValue, '_where', _('Registered'));
		state.modalonly = false;
		state.textvalue = where;

		poll.add(() => load().then(() => uci.sections('bellhop', 'user').forEach(one =>
			document.querySelectorAll('[data-account]').forEach(place =>
				place.dataset.account == account(one['.name']) && place.replaceWith(where(one['.name']))))), 5);
		return map.render();
	}
});
