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

/* A field for what opens a sealed file. */
const passphraseField = () => E('input', { 'type': 'password', 'class': 'cbi-input-text', 'autocomplete': 'new-password', 'aria-label': _('Passphrase'), 'placeholder': _('Passphrase') });

/* Asks for a sealed text and hands it to the browser as a file. */
const save = (verb, passphrase, name) => () => (passphrase.value.length < 12 ?
	Promise.resolve({ error: { message: _('The passphrase is too short: at least 12 letters, for example four words.') } }) : api.ask(verb, passphrase.value)).then(answer => {
	if (!answer.error)
		api.download(name, answer.sealed + '\n', 'text/plain');
	return answer;
});

const told = (answer, words) => {
	if (!answer.error)
		ui.addNotification(null, E('p', [ answer.is_restart_needed ? words + ' ' + _('Restart the node on the page Overview to use the key.') : words ]), 'info');
	return answer;
};

const chosen = file => file.files[0] ? file.files[0].text() : Promise.resolve('');

/* One file that makes another router this one: what cannot be had again anywhere. */
function drawCopies() {
	const passphrase = passphraseField(), opening = passphraseField();
	const file = E('input', { 'type': 'file', 'aria-label': _('Backup') }), replace = E('input', { 'type': 'checkbox' });
	const restore = () => chosen(file).then(text => api.inPieces('restore', text, opening.value, replace.checked ? '1' : null)).then(answer => told(answer, _('Taken over.')));
	return api.section(_('Backup'),
		E('p', [ _('The key, the phone book and the trusted keys in one file. Who loses the key loses the address. The passphrase opens it again: at least 12 letters, for example four words.') ]),
		E('p', [ passphrase, ' ', api.button(_('Make a backup'), save('backup', passphrase, 'bellhop-backup.txt'), 'action') ]),
		E('p', [ file, ' ', opening, ' ', E('label', [ replace, ' ', _('give up the key that is here') ]), ' ', api.button(_('Restore'), restore, 'action') ]));
}

/* What becomes of the key: another one that it signs, the word that it holds no more, the place of a router that broke. */
function drawKeys() {
	const passphrase = passphraseField(), opening = passphraseField();
	const file = E('input', { 'type': 'file', 'aria-label': _('Revocation') }), adopt = E('input', { 'type': 'checkbox', 'checked': '' });
	const old = E('input', { 'type': 'text', 'class': 'cbi-input-text', 'aria-label': _('The broken router'), 'placeholder': _('Name, or key of 52 letters') });
	const succeed = () => window.confirm(_('Give this router a new key? Others follow it by themselves.')) ? api.ask('succeed').then(answer => told(answer, _('The new key is made.'))) : Promise.resolve();
	const revoke = () => window.confirm(_('Publish the revocation? The key that it names is over for ever.')) ?
		chosen(file).then(text => api.ask('revoke', text, opening.value, adopt.checked ? '1' : null)).then(answer => told(answer, _('The revocation is published.'))) : Promise.resolve();
	const replaces = () => api.ask('replaces', old.value.trim()).then(answer => told(answer, answer.error || answer.is_signed ? _('This router stands in the place of the other one.') :
		_('This router stands in the place of the other one. Tell the people of the other houses: each of them is asked on the page Mesh whether it is true.')));
	return api.folded(_('When a key is lost, stolen or to be changed'),
		E('p', [ _('A revocation is made before anything happens and put away, on paper or a stick: who finds the router finds its key too. With it comes the key that follows.') ]),
		E('p', [ passphrase, ' ', api.button(_('Make a revocation'), save('revocation', passphrase, 'bellhop-revocation.txt'), 'action') ]),
		E('p', [ _('The router was stolen, or somebody else has the key: publish what was put away.') ]),
		E('p', [ file, ' ', opening, ' ', E('label', [ adopt, ' ', _('this router goes on with the key that follows') ]), ' ', api.button(_('Revoke the key'), revoke, 'negative') ]),
		E('p', [ _('A new key, signed by the one that is here: nobody who has this router as a contact needs to do anything.') ]),
		E('p', [ api.button(_('Change the key'), succeed, 'action') ]),
		E('p', [ _('Another router broke, and this one stands in its place.') ]),
		E('p', [ old, ' ', api.button(_('Take its place'), replaces, 'action') ]));
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
			E('h2', [ _('Security') ]), options.verdict(poll, [ 'node', 'media' ]), node, can.media ? api.live(poll, () => api.ask('trust'), drawTrust, trust) : '', drawIdentity(identity), drawNames(names), drawCopies(), identity.error ? '' : drawKeys()
		]));
	}
});
