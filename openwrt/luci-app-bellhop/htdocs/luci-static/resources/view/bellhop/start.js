'use strict';
'require view';
'require poll';
'require uci';
'require bellhop.account as account';
'require bellhop.api as api';
'require bellhop.options as options';

/* From the installation to a phone that rings: five questions, then what to enter into each phone. */

const FIRST_NUMBER = 201, FEWEST_ROWS = 2;
const KINDS = { app: _('an app on a mobile phone or computer'), desk: _('a desk phone or door bell') };
const HOW = {
	app: _('Install a telephone app, for example Linphone or baresip. Choose “Use SIP account” in it and enter this:'),
	desk: _('Open the page of the phone in a browser (its menu shows the address), go to Account and enter this:')
};

let server = '';

function question(number, title, help, ...fields) {
	return E('fieldset', { 'class': 'cbi-section', 'style': 'border:0;padding:0' }, [
		E('legend', [ '%d. %s'.format(number, title) ]), E('p', [ help ]) ].concat(fields));
}

function choice(name, answers, chosen) {
	return E('div', Object.keys(answers).map(value => E('div', [ E('label', [
		E('input', { 'type': 'radio', 'name': name, 'value': value, 'checked': value == chosen ? '' : null }), ' ', answers[value]
	]) ])));
}

function chosen(node, name) {
	return node.querySelector('input[name=%s]:checked'.format(name)).value;
}

/* The account of a name: what a phone and the node can write. */
function accountOf(name) {
	return name.normalize('NFKD').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
}

/* A name in the first question, and in the second what rings for it. */
function person(names, phones) {
	const title = E('strong');
	const phone = E('div', { 'class': 'phone', 'style': 'display:none;margin:.3em 0' }, [ E('label', [ title, ': ',
		E('select', { 'class': 'cbi-input-select', 'style': 'width:auto' }, Object.keys(KINDS).map(kind => E('option', { 'value': kind }, [ KINDS[kind] ]))) ]) ]);
	names.append(E('div', { 'style': 'margin:.3em 0' }, [ E('input', { 'type': 'text', 'class': 'cbi-input-text', 'maxlength': 40,
		'aria-label': _('Name'), 'placeholder': _('Name'), 'input': ev => {
			title.textContent = ev.target.value.trim();
			phone.style.display = title.textContent ? '' : 'none';
			phones.firstChild.hidden = [ ...phones.querySelectorAll('strong') ].some(one => one.textContent);
		} }) ]));
	phones.append(phone);
}

function questions(devices, proceed) {
	const names = E('div'), phones = E('div', [ E('em', [ _('Nobody yet: enter a name above.') ]) ]), place = E('div');
	for (let i = 0; i < FEWEST_ROWS; i++)
		person(names, phones);
	const form = E('div', [
		question(1, _('Who lives here?'), _('Each name gets a number: the first 201, the second 202.'), names,
			E('button', { 'class': 'btn cbi-button-add', 'click': () => person(names, phones) }, [ _('One more') ])),
		question(2, _('Which phones are there?'), _('What rings for each of them. Further phones of a person use the same account.'), phones),
		question(3, _('May the Internet reach it?'), _('Phones in this house and other houses in the mesh can call in either case.'), choice('internet', {
			'no': _('No: nobody outside can try numbers or passwords.'),
			'yes': _('Yes: phones on the road and callers from anywhere reach it. Strangers will try numbers.')
		}, 'no')),
		question(4, _('Does it matter who sees the addresses of your phones and of this router?'), _('Each router of the mesh and whom you call can learn it.'), choice('hide', {
			'0': _('No: sound takes the shortest way.'), '1': _('Yes: all sound passes this router, and others see its address only.'),
			'2': _('Yes, of the router too: calls go by another router, and where there is none the phone says so.')
		}, '0')),
		question(5, _('Is there amateur radio on an interface?'), _('Encryption is forbidden there in most countries: what goes there is signed, everybody can read it, and calls that must be private keep off it.'),
			choice('radio', devices.reduce((found, [ device, network ]) => Object.assign(found, { [device]: '%s (%s)'.format(network, device) }), { '': _('No') }), ''),
			E('div', [ E('label', [ _('Call sign'), ': ', E('input', { 'type': 'text', 'name': 'callsign', 'class': 'cbi-input-text', 'style': 'width:auto', 'maxlength': 10, 'placeholder': 'DL1ABC' }) ]) ])),
		question(6, _('Whom does a call for help reach?'), _('A house with a provider of telephone numbers calls its emergency service at once, where nobody here is named as responder.'),
			choice('emergency', { 'after': _('Responders of this house first, the provider 10 seconds later.'), 'beside': _('Responders of this house and the provider at once.') }, 'after')),
		place,
		E('div', { 'class': 'cbi-page-actions' }, [ api.button(_('Set up the telephone'), () => proceed(form).then(answer => {
			place.replaceChildren(api.refusal(answer));
			return {};
		}), 'apply important') ])
	]);
	return form;
}

/* The people with their accounts, or { error } in words. */
function read(form) {
	const found = [], names = [];
	let number = FIRST_NUMBER;
	for (const row of form.querySelectorAll('.phone')) {
		const display = row.querySelector('strong').textContent, name = accountOf(display);
		if (!display)
			continue;
		while (options.whyTaken('', String(number)))
			number++;
		const why = !name ? _('a name needs letters') : names.includes(name) ? _('another phone or group has it already') : options.whyTaken('', name);
		if (why)
			return { error: { message: '%s: %s'.format(display, why) } };
		names.push(name);
		found.push({ name, display, number: String(number++), kind: row.querySelector('select').value, password: account.newPassword() });
	}
	return found.length ? { found } : { error: { message: _('Enter one name at least.') } };
}

function write(form, people) {
	people.forEach(one => {
		const id = uci.add('bellhop', 'user');
		uci.set('bellhop', id, 'name', one.name);
		uci.set('bellhop', id, 'display_name', one.display);
		uci.set('bellhop', id, 'extension', one.number);
		account.setPassword(id, one.name, one.password);
	});
	const first = kind => (uci.sections('bellhop', kind)[0] || { '.name': uci.add('bellhop', kind) })['.name'];
	options.setReachable(first('node'), chosen(form, 'internet') == 'yes');
	uci.set('bellhop', first('media'), 'hide_addresses', chosen(form, 'hide') == '0' ? '0' : '1');
	if (chosen(form, 'hide') == '2')
		uci.set('bellhop', first('privacy'), 'level', '1');
	uci.set('bellhop', first('telephone'), 'emergency', chosen(form, 'emergency'));
	const radio = chosen(form, 'radio');
	if (radio) {
		uci.set('bellhop', first('mesh'), 'amateur', [ radio ]);
		uci.set('bellhop', first('mesh'), 'callsign', form.querySelector('input[name=callsign]').value.trim().toUpperCase());
	}
	return uci.save().then(() => uci.apply()).then(() => people);
}

function showAccount(one) {
	return api.section('%s, %s'.format(one.display, one.number),
		E('p', [ HOW[one.kind] ]),
		E('div', { 'style': 'display:flex;flex-wrap:wrap;gap:2em' }, [
			E('div', [ account.code(server, one.name, one.password), E('div', [ _('The camera of a mobile phone reads it.') ]) ]),
			E('table', { 'class': 'table', 'style': 'width:auto' }, [ [ _('Server'), server ], [ _('Account'), one.name ], [ _('Password'), one.password ] ].map(row =>
				E('tr', { 'class': 'tr' }, [ E('td', { 'class': 'td left' }, [ row[0] ]), E('td', { 'class': 'td left' }, [ api.code(row[1]) ]) ])))
		]),
		E('p', { 'data-person': one.name }));
}

/* Tells of each person whether a phone is there, and lets it ring. */
function follow() {
	return api.ask('registrations').then(answer => document.querySelectorAll('[data-person]').forEach(place => {
		const name = place.dataset.person, one = (answer.registrations || []).find(row => row.user == name);
		place.replaceChildren(...(one ? [ api.mark('success', _('The phone is there: %s').format(one.phone || one.seen_from)), ' ',
			api.button(_('Ring it'), () => api.ask('ring', name).then(told => account.showRinging(name, told)), 'apply') ] :
			[ api.mark('warning', _('Waiting for the phone…')) ]));
	}));
}

function show(place, people) {
	place.replaceChildren(
		E('p', [ _('The passwords are shown only now. Enter them, or print this page.'), ' ',
			E('button', { 'class': 'btn', 'click': () => window.print() }, [ _('Print') ]) ]),
		...people.map(showAccount));
	poll.add(follow, 5);
	return follow();
}

return view.extend({
	load: function() {
		return Promise.all([ api.ask('network.interface dump'), account.server(), options.loadZones(), uci.load('bellhop') ]);
	},

	render: function([ interfaces, found ]) {
		const devices = (interfaces['interface'] || []).map(one => [ one.l3_device, one['interface'] ]).filter(([ device ], i, all) =>
			device && device != 'lo' && all.findIndex(one => one[0] == device) == i);
		const place = E('div');
		server = found;
		place.append(questions(devices, form => {
			const answer = read(form);
			return answer.error ? Promise.resolve(answer) : write(form, answer.found).then(people => show(place, people), error =>
				({ error: { message: _('The router did not take it: %s').format(error) } })).then(told => told || {});
		}));
		return E('div', [ E('h2', [ _('Set up the telephone') ]), place ]);
	},

	handleSave: null, handleSaveApply: null, handleReset: null
});
