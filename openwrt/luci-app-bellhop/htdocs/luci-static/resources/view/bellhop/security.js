'use strict';
'require view';
'require form';
'require poll';
'require ui';
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

/* One file that makes another router this one: what cannot be had again anywhere. */
function drawCopies() {
	const field = type => E('input', { 'type': type, 'class': 'cbi-input-text', 'autocomplete': 'new-password', 'aria-label': _('Passphrase'), 'placeholder': _('Passphrase') });
	const passphrase = field('password'), opening = field('password');
	const file = E('input', { 'type': 'file' }), replace = E('input', { 'type': 'checkbox' });
	const ask = () => passphrase.value.length < 12 ? Promise.resolve({ error: { message: _('The passphrase is too short: at least 12 letters, for example four words.') } }) :
		api.ask('backup', passphrase.value);
	const save = () => ask().then(answer => {
		if (!answer.error)
			api.download('bellhop-backup.txt', answer.sealed + '\n', 'text/plain');
		return answer;
	});
	const restore = () => (file.files[0] ? file.files[0].text() : Promise.resolve('')).then(text =>
		api.inPieces('restore', text, opening.value, replace.checked ? '1' : null)).then(answer => {
		if (!answer.error)
			ui.addNotification(null, E('p', [ answer.is_restart_needed ? _('Taken over. Restart the node on the page Overview to use the key.') : _('Taken over.') ]), 'info');
		return answer;
	});
	return api.section(_('Backup'),
		E('p', [ _('The key, the phone book and the trusted keys in one file. Who loses the key loses the address. The passphrase opens it again: at least 12 letters, for example four words.') ]),
		E('p', [ passphrase, ' ', api.button(_('Make a backup'), save, 'action') ]),
		E('p', [ file, ' ', opening, ' ', E('label', [ replace, ' ', _('give up the key that is here') ]), ' ', api.button(_('Restore'), restore, 'action') ]));
}

function judge(row, verdict) {
	return () => api.ask('set-trust', row.contact, verdict);
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

/* Records that belong into the DNS, and what stands there now. */
function drawNames(names) {
	const wrong = (names.directories || []).filter(one => (one.problems || []).length);
	if (names.error || !names.names.length && !names.reached.length && !wrong.length)
		return '';
	return api.section(_('Names in the DNS'), wrong.map(one => E('div', { 'class': 'alert-message warning' }, [ one.zone + ': ' + one.problems.join('; ') ])), names.reached.length ? E('p', [ _('Of your phone book the Internet reaches: %s').format(names.reached.map(row => row.name || row.number).join(', ')) ]) : '', api.table([
		[ _('Name'), row => E('strong', [ row.name ]) ],
		[ _('State'), row => api.mark(row.found == 'published' ? 'success' : row.found ? 'warning' : '', row.found ? api.word(row.found) : _('not looked up yet')) ],
		[ _('Leads to'), row => row.leads ? api.code(row.leads) : '' ],
		[ _('Record'), row => E('small', [ api.code(row.owner + ' TXT "' + row.record + '"') ]) ]
	], names.names, ''));
}

return view.extend({
	load: function() {
		return Promise.all([ api.ask('identity'), api.ask('trust'), api.ask('status'), api.ask('names'), uci.load('bellhop'), options.loadZones() ]);
	},

	render: function([ identity, trust, status, names ]) {
		const map = new form.Map('bellhop'), can = api.abilities(status);
		const door = options.single(map, 'node', _('Who may call'));
		options.addReachable(door);
		options.add(door, 'node', [ 'strangers', 'help_for_strangers', 'stranger_requests_per_minute', 'blocked', 'trusted' ]);
		if (can.media)
			options.add(options.single(map, 'media', _('Encryption')), 'media', [ 'encryption', 'verification', 'hide_addresses' ]);
		return map.render().then(node => E('div', [
			E('h2', [ _('Security') ]), options.verdict(poll, [ 'node', 'media' ]), node, can.media ? api.live(poll, () => api.ask('trust'), drawTrust, trust) : '', drawIdentity(identity), drawNames(names), drawCopies()
		]));
	}
});
