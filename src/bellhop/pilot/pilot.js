'use strict';
/* The page of one member of the house. The node tells what changes (/events); verbs are posted. */
(() => {
	const LANGUAGES = [ 'en', 'de', 'fr' ], TABS = [ 'now', 'history', 'messages', 'book', 'wishes', 'phones' ];
	const FORWARDS = [ 'forward_always', 'forward_busy', 'forward_noanswer', 'forward_absent' ];
	const DESK = [ 'yealink', 'snom', 'grandstream', 'fanvil', 'cisco', 'gigaset' ];
	/* Every level of safety: how good it is, and its sign. */
	const SAFETY = {
		house: [ 'good', 'shield' ], 'not known': [ 'warn', 'ask' ], 'not yet': [ 'calm', 'lock' ], 'by phones': [ 'calm', 'lock' ], clear: [ 'warn', 'open' ],
		'not private': [ 'warn', 'open' ], encrypted: [ 'calm', 'lock' ], 'known key': [ 'calm', 'lock' ], 'named by DNSSEC': [ 'good', 'shield' ], 'key changed': [ 'bad', 'alert' ],
		'words compared': [ 'good', 'shield' ], signed: [ 'good', 'shield' ], 'words differ': [ 'bad', 'alert' ], failed: [ 'bad', 'alert' ]
	};
	const ICONS = {
		now: 'M5 3h4l2 5-2.5 1.5a11 11 0 0 0 6 6L16 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 5a2 2 0 0 1 2-2z', history: 'M12 7v5l3 2M3 12a9 9 0 1 0 3-6.7L3 8M3 3v5h5',
		messages: 'M4 5h16v11H9l-5 4z', book: 'M16 20v-2a4 4 0 0 0-8 0v2M12 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6M4 3h16v18H4z', wishes: 'M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10z',
		phones: 'M8 2h8a1 1 0 0 1 1 1v18a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V3a1 1 0 0 1 1-1zM11 18h2', bell: 'M6 16v-5a6 6 0 0 1 12 0v5l2 2H4zM10 21h4', pause: 'M9 6v12M15 6v12',
		shield: 'M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6zM8.5 12l2.5 2.5L15.5 9.5', lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3', open: 'M6 11h12v9H6zM8.5 11V7a3.5 3.5 0 0 1 6.6-1.6',
		alert: 'M12 3l10 18H2zM12 10v5M12 18v.1', ask: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .8-1 1.7M12 17v.1',
		'in': 'M18 6L7 17M7 9v8h8', out: 'M6 18L17 7M9 7h8v8', missed: 'M4 8l8 8 8-8M4 8v5M4 8h5', plus: 'M12 5v14M5 12h14', bin: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13', reply: 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6'
	};
	const page = document.getElementById('page');
	let words = {}, state = null, source = null, tab = 'now', shown = {}, ask = '', onlyMissed = false, added = null;

	/* Words and nodes. */

	const t = (key, ...rest) => (words[key] || key).replace(/%s/g, () => rest.shift());

	function h(name, attributes, ...inside) {
		const made = document.createElement(name);
		for (const [ key, value ] of Object.entries(attributes || {}))
			if (key.startsWith('on'))
				made.addEventListener(key.slice(2), value);
			else if (value === true || key == 'value')
				made[key] = value;
			else if (value !== false && value != null)
				made.setAttribute(key == 'cls' ? 'class' : key, value);
		made.append(...inside.flat(3).filter(one => one !== null && one !== undefined && one !== false && one !== ''));
		return made;
	}

	function icon(name) {
		const made = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
		made.setAttribute('viewBox', '0 0 24 24');
		made.setAttribute('class', 'i');
		made.setAttribute('aria-hidden', 'true');
		path.setAttribute('d', ICONS[name]);
		made.append(path);
		return made;
	}

	const button = (title, work, cls, extra) => h('button', Object.assign({ type: 'button', cls: cls, onclick: ev => run(ev.currentTarget, work) }, extra), title);
	const who = one => one.name || (one.said ? '“' + one.said + '”' : '') || (one.hidden ? t('hidden') : one.address);
	const large = word => word.slice(0, 1).toUpperCase() + word.slice(1);
	const plain = number => number.replace(/^sips?:/, '');
	const full = () => state.me.rights == 'full';
	const isPhone = () => matchMedia('(pointer: coarse)').matches;

	const onlySee = () => full() ? '' : h('p', { cls: 'note calm' }, t('see only'));

	function field(title, attributes) {
		return h('label', null, h('span', null, title), h('input', Object.assign({ autocomplete: 'off' }, attributes)));
	}

	function when(seconds) {
		if (seconds === null)
			return t('before start');
		const at = new Date(Date.now() - seconds * 1000), midnight = new Date().setHours(0, 0, 0, 0);
		const day = at >= midnight ? t('today') : at >= midnight - 864e5 ? t('yesterday') : at.toLocaleDateString(document.documentElement.lang, { day: 'numeric', month: 'short' });
		return day + ' ' + at.toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' });
	}

	const clock = seconds => Math.floor(seconds / 60) + ':' + String(Math.floor(seconds % 60)).padStart(2, '0');

	function note(text, cls) {
		const place = document.getElementById('note');
		if (place)
			place.replaceChildren(text ? h('div', { cls: 'note ' + (cls || 'calm'), role: cls == 'bad' ? 'alert' : 'status' }, text) : '');
	}

	/* The node. */

	/* What it refuses, in the language of the page: by the word for it; else as it says it. */
	const refusal = said => words['refused ' + said.word] ? t('refused ' + said.word, ...said.fields) : said.message[0].toUpperCase() + said.message.slice(1) + '.';

	function api(verb, given) {
		return fetch('/api', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ verb: verb, arguments: given || {} }) })
			.then(answer => answer.json().then(body => [ answer.status, body ])).catch(() => { throw new Error(t('away')); }).then(([ status, body ]) => {
				if (status == 401)
					signIn();
				if (body.error)
					throw new Error(refusal(body.error));
				return body.result;
			});
	}

	function run(pressed, work) {
		if (pressed)
			pressed.disabled = true;
		note('');
		return Promise.resolve().then(work).catch(error => note(error.message, 'bad')).then(() => pressed && (pressed.disabled = false));
	}

	function listen() {
		if (source)
			source.close();
		source = new EventSource('/events');
		const take = (name, work) => source.addEventListener(name, ev => {
			away(false);
			work(JSON.parse(ev.data));
		});
		take('me', told => {
			state.me = told;
			if (!document.getElementById('now'))
				frame();
			draw('phones');
			head();
			if (tab == 'phones' && told.fresh != (state.fresh || []).length)
				devices().catch(() => 0);
		});
		take('calls', told => {
			const before = state.calls || [];
			state.calls = told.calls.map(one => Object.assign(one, { at: Date.now() - 1000 * (one.talked === null ? one.seconds : one.talked) }));
			draw('now');
			announce(before);
			if (before.some(one => !state.calls.some(other => other.call == one.call)) || !state.history)
				history();
		});
		take('messages', told => {
			state.messages = told.messages;
			draw('messages');
		});
		take('bye', signIn);
		source.onerror = () => {
			away(true);
			if (source.readyState == 2)
				api('me').then(listen, () => state && window.setTimeout(() => state && source && source.readyState == 2 && listen(), 3000));
		};
	}

	function away(is) {
		const place = document.getElementById('away');
		if (place)
			place.hidden = !is;
	}

	const history = more => api('my-history', Object.assign(onlyMissed ? { missed: '1' } : {}, more ? { before: String(more) } : {})).then(told => {
		state.history = more ? state.history.concat(told.history).slice(-200) : told.history;
		state.more = told.history.length >= 100;
		draw('history');
		head();
	});

	/* Calls are announced where the browser lets a page do that. */
	function announce(before) {
		if (!('Notification' in window) || Notification.permission != 'granted' || !navigator.serviceWorker)
			return;
		navigator.serviceWorker.ready.then(worker => {
			state.calls.filter(one => one.incoming && one.state == 'ringing' && !before.some(other => other.call == one.call)).forEach(one =>
				worker.showNotification(t('calls you', who(one)), { tag: 'call' + one.call, body: t('safe ' + one.safety), icon: '/icon.svg', requireInteraction: true }));
			before.filter(one => !state.calls.some(other => other.call == one.call && other.state == 'ringing')).forEach(one =>
				worker.getNotifications({ tag: 'call' + one.call }).then(found => found.forEach(old => old.close())));
		});
	}

	/* The frame: a head, tabs, one panel each. */

	function frame() {
		const tabs = TABS.map(name => h('button', { type: 'button', role: 'tab', id: 'tab-' + name, 'data-tab': name, 'aria-controls': name, onclick: () => open(name), onkeydown: turn }, icon(name), h('span', null, t(name))));
		page.replaceChildren(h('header', { id: 'head' }), h('div', { id: 'away', cls: 'note warn', role: 'status', hidden: true }, t('away')),
			h('main', null, h('nav', { role: 'tablist', 'aria-label': t('title') }, tabs), h('div', { id: 'note', cls: 'tab', 'aria-live': 'polite' }),
				TABS.map(name => h('section', { id: name, cls: 'tab', role: 'tabpanel', 'aria-labelledby': 'tab-' + name, 'aria-live': name == 'now' ? 'polite' : null }))));
		open(tab);
	}

	function turn(ev) {
		const step = { ArrowRight: 1, ArrowLeft: -1 }[ev.key];
		if (!step)
			return;
		const tabs = [ ...page.querySelectorAll('nav button') ].filter(one => one.offsetParent !== null);
		tabs[(tabs.indexOf(ev.currentTarget) + step + tabs.length) % tabs.length].focus();
	}

	function open(name) {
		tab = name;
		if (name == 'now' && matchMedia('(min-width: 60rem)').matches)
			tab = 'history';
		note('');
		TABS.forEach(one => {
			document.getElementById(one).hidden = one != tab;
			document.getElementById('tab-' + one).setAttribute('aria-selected', String(one == tab));
		});
		if (tab == 'history' && state.history && state.history.length)
			keep('seen', state.history[0].id);
		const work = { book: () => search(), wishes: () => api('my-wishes').then(told => { state.wishes = told.in_force; draw('wishes'); }),
			phones: devices }[tab];
		draw('now');
		draw(tab);
		head();
		if (work)
			run(null, work);
	}

	const devices = () => Promise.all([ api('sessions'), full() ? api('new-phones') : { 'new': [] } ]).then(told => {
		state.sessions = told[0].sessions;
		state.fresh = told[1]['new'];
		draw('phones');
	});

	function keep(name, value) {
		try {
			if (value !== undefined)
				localStorage.setItem(name, value);
			return localStorage.getItem(name);
		} catch (error) {
			return null;
		}
	}

	function head() {
		const me = state.me, place = document.getElementById('head');
		if (!place)
			return;
		place.replaceChildren(h('img', { src: '/icon.svg', alt: '' }), h('div', null, h('h1', null, me.display_name), h('span', { cls: 'soft' }, me.extension || me.name)));
		const seen = +(keep('seen') || 0), missed = (state.history || []).filter(one => one.how == 'missed' && one.id > seen).length;
		[ [ 'history', missed ], [ 'messages', me.unread ], [ 'phones', me.fresh ] ].forEach(([ name, count ]) => {
			const at = document.getElementById('tab-' + name), old = at.querySelector('.count');
			if (old)
				old.remove();
			if (count)
				at.append(h('span', { cls: 'count' }, String(count)));
		});
	}

	function draw(name) {
		const place = document.getElementById(name);
		if (!place || !DRAWN[name] || (place.hidden && name != 'now'))
			return;
		const key = JSON.stringify([ name, state.calls, state.history, state.messages, state.book, state.wishes, state.me, state.sessions, state.fresh, added, onlyMissed ].filter((_, i) => USES[name].includes(i)));
		if (shown[name] == key && place.firstChild)
			return;
		shown[name] = key;
		const focus = document.activeElement && place.contains(document.activeElement) ? document.activeElement.id || document.activeElement.dataset.id : null;
		const typed = [ ...place.querySelectorAll('input[id], textarea[id], select[id]') ].map(one => [ one.id, one.value ]);
		place.replaceChildren(...DRAWN[name]().flat(3).filter(one => one));
		if (name != 'wishes')
			typed.forEach(([ id, value ]) => { const one = document.getElementById(id); if (one && value) one.value = value; });
		if (focus) {
			const one = document.getElementById(focus) || place.querySelector('[data-id="' + CSS.escape(focus) + '"]');
			if (one)
				one.focus();
		}
	}
	/* Which parts of the state a panel shows, by their places in `draw`. */
	const USES = { now: [ 0, 1, 6 ], history: [ 0, 2, 10 ], messages: [ 0, 3, 6 ], book: [ 0, 4, 6 ], wishes: [ 0, 5, 6 ], phones: [ 0, 6, 7, 8, 9 ] };

	/* Now. */

	function call(one) {
		const [ cls, sign ] = SAFETY[one.safety] || [ 'warn', 'ask' ], rings = one.state == 'ringing';
		const told = rings ? t(one.incoming ? 'rings in' : 'rings out') : t(one.state == 'held' ? 'held' : 'answered');
		const asks = one.words && ![ 'words compared', 'words differ', 'signed' ].includes(one.safety);
		const verdict = (title, value, look) => button(t(title), () => api('verify', { call: one.call, verdict: value }), look, { 'data-id': title + one.call });
		return h('article', { cls: 'card call ' + (rings ? 'rings' : '') },
			h('div', { cls: 'top' }, h('div', { cls: 'face' }, icon(rings ? 'bell' : one.state == 'held' ? 'pause' : 'now')),
				h('div', { cls: 'who' }, h('b', null, who(one)), h('span', { cls: 'soft' }, told + ' · ', h('span', { 'data-since': one.at }, clock((Date.now() - one.at) / 1000))), one.name || one.said ? h('small', null, plain(one.number)) : '')),
			h('div', { cls: 'safe ' + cls }, icon(sign), h('span', null, t('safe ' + one.safety))),
			(one.privacy || one.through) && [ 'good', 'calm' ].includes(cls) ? h('p', { cls: 'soft' }, one.privacy ? t('privacy ' + one.privacy) : t('through', one.through)) : '',
			one.words ? [ h('p', { cls: 'words', translate: 'no' }, one.words), asks ? h('p', { cls: 'soft' }, t('compare')) : '' ] : '',
			full() ? [ asks && !one.hidden ? h('div', { cls: 'acts' }, verdict('same', 'same', 'main'), verdict('differ', 'different', '')) : '',
				rings && one.incoming && state.me.phones.some(phone => phone.there && !phone.rings) ? h('div', { cls: 'acts' }, button(t('take'), () => api('take', { call: one.call }))) : '',
				h('div', { cls: 'acts' }, button(t(rings && one.incoming ? 'decline' : 'hang up'), () => api(rings && one.incoming ? 'decline' : 'hangup', { call: one.call }), 'stop', { 'data-id': 'end' + one.call })) ] : '');
	}

	const links = number => /^[+\d][\d ()\/-]*$/.test(number) && isPhone() ? h('div', { cls: 'acts' },
		h('a', { cls: 'button', href: 'tel:' + number.replace(/[^+\d]/g, '') }, t('call with')), h('a', { cls: 'button', href: 'sms:' + number.replace(/[^+\d]/g, '') }, t('text with'))) : '';

	/* What a call by a provider costs; nothing is said of one that is free. */
	const price = one => one.provider ? ' ' + (one.minute === null && one.call === null ? t('price unknown', one.provider) :
		t('price', one.provider, coins(one.minute)) + (one.call ? ' ' + t('price call', coins(one.call)) : '')) : '';
	const coins = thousandths => ((thousandths || 0) / 1000).toLocaleString(document.documentElement.lang);

	const dial = number => api('dial', { to: number }).then(() => {
		note(t('dialling', number));
		return api('price', { to: number }).then(one => note(t('dialling', number) + price(one)), () => {});
	}, error => note(h('div', null, error.message, links(number)), 'bad'));

	function dialBox() {
		if (!full())
			return '';
		return h('form', { cls: 'join', onsubmit: ev => {
			ev.preventDefault();
			const number = ev.target.number.value.trim();
			if (number)
				run(null, () => dial(number)).then(() => ev.target.reset());
		} }, h('input', { id: 'dial', name: 'number', 'aria-label': t('dial'), placeholder: t('dial'), inputmode: 'text', autocomplete: 'off', autocapitalize: 'none' }), h('button', { cls: 'main', 'aria-label': t('call') }, icon('now')));
	}

	/* The other panels. */

	function past(one) {
		const cls = one.how == 'missed' ? 'missed' : '';
		return h('div', { cls: cls }, icon(one.how == 'missed' ? 'missed' : one.incoming ? 'in' : 'out'),
			h('div', { cls: 'who' }, h('span', null, who(one)), h('small', null, when(one.seconds_ago) + ' · ' + t(one.why ? 'why ' + one.why : 'how ' + one.how) + (one.talked === null ? '' : ' ' + clock(one.talked)))),
			full() && one.number ? sign('now', 'call back', who(one), () => dial(one.number)) : '');
	}

	const sign = (name, title, whom, work) => button(icon(name), work, 'bare', { 'aria-label': t(title) + ' ' + whom, title: t(title) });

	function text(one) {
		return h('div', { cls: one.incoming ? 'text' : 'text out' }, h('div', { cls: 'who' }, h('small', null, t(one.incoming ? 'from' : 'to') + ' ' + who(one) + ' · ' + when(one.seconds_ago) + (one.incoming ? '' : ' · ' + t('state ' + one.state))),
			h('span', { cls: 'said' }, one.text)),
			full() ? h('div', null, one.incoming ? sign('reply', 'answer', who(one), () => write(one.number)) : '', sign('bin', 'delete', one.text.slice(0, 40), () => api('delete-message', { id: one.id }))) : '');
	}

	function write(number) {
		if (tab != 'messages')
			open('messages');
		document.getElementById('to').value = number;
		document.getElementById('text').focus();
	}

	const search = () => api('book', { search: ask }).then(told => { state.book = told.book; draw('book'); });

	function person(one) {
		const cls = one.state == 'there' ? 'there' : one.state == 'busy' ? 'busy' : '';
		return h('div', null, h('span', { cls: 'dot ' + cls, role: 'img', 'aria-label': t(one.state || 'absent') }), h('div', { cls: 'who' }, h('span', null, one.name), h('small', null, one.number + (one.own ? ' · ' + t('mine') : one.state == 'busy' ? ' · ' + t('busy') : ''))),
			full() ? h('div', null, one.own ? sign('bin', 'delete', one.name, () => api('set-contact', { id: one.own }).then(search)) : '',
				sign('messages', 'write', one.name, () => write(one.number)), sign('now', 'call', one.name, () => dial(one.number))) : '');
	}

	const wish = (name, value) => api('set-my-wishes', { wish: name, value: value }).then(told => { state.wishes = told.in_force; note(t('saved'), 'good'); });

	function toggle(title, on, work) {
		return h('label', { cls: 'switch' }, h('span', null, title), h('input', { type: 'checkbox', checked: on, disabled: !full(), onchange: ev => {
			const box = ev.target;
			run(null, () => work(box.checked).catch(error => { box.checked = !box.checked; throw error; }));
		} }));
	}

	function wishField(name, value, help) {
		return h('label', null, h('span', null, t(name)), h('input', { id: name, value: value, disabled: !full(), placeholder: name.startsWith('forward') ? t('nowhere') : '', autocomplete: 'off', autocapitalize: 'none',
			onchange: ev => run(null, () => wish(name, ev.target.value.trim())) }), help ? h('small', null, help) : '');
	}

	function phone(one) {
		const title = one.name || one.phone;
		return h('div', { cls: 'phone' }, h('span', { cls: 'dot ' + (one.there ? 'there' : ''), role: 'img', 'aria-label': t(one.there ? 'there' : 'off') }),
			h('div', { cls: 'who' }, h('span', null, title), h('small', null, [ one.name && one.phone != 'other' ? large(one.phone) : '', one.asleep ? t('asleep') : one.there ? one.transport.toUpperCase() : t('off'), one.login ].filter(text => text).join(' · '))),
			full() && one.own ? sign('bin', 'forget', title, () => confirm(t('forget sure')) && api('forget-phone', { phone: one.id })) : '',
			toggle(t('rings'), one.rings, rings => api('ring-phone', { phone: one.id, rings: rings ? '1' : '0' })));
	}

	/* A page by plain HTTP has no clipboard but the old command. */
	function copy(text) {
		const place = h('textarea', { value: text });
		page.append(place);
		place.select();
		document.execCommand('copy');
		place.remove();
		note(t('copied'), 'good');
	}

	const copied = (title, value) => [ h('dt', null, title), h('dd', null, value), button(t('copy'), () => copy(value), 'bare', { 'aria-label': t('copy') + ' ' + title }) ];

	function addBox() {
		if (!full())
			return '';
		if (!added)
			return button([ icon('plus'), t('add phone') ], () => { added = {}; draw('phones'); document.getElementById('kind').focus(); }, 'main');
		if (!added.kind)
			return h('form', { cls: 'card', onsubmit: ev => {
				ev.preventDefault();
				run(null, () => api('add-phone', { kind: ev.target.kind.value, name: ev.target.called.value }).then(told => { added = told; draw('phones'); }));
			} }, h('h2', null, t('add phone')), h('label', null, h('span', null, t('kind')), h('select', { id: 'kind', name: 'kind' },
				[ [ 'linphone', t('kind linphone') ], [ 'baresip', 'baresip' ], [ 'other', t('kind other') ] ].map(one => h('option', { value: one[0] }, one[1])),
				h('optgroup', { label: t('kind desk') }, DESK.map(one => h('option', { value: one }, large(one)))))),
			field(t('called'), { name: 'called', id: 'called', maxlength: 64 }), h('p', { cls: 'soft' }, t('plug')),
			h('div', { cls: 'acts' }, button(t('cancel'), () => { added = null; draw('phones'); }), h('button', { cls: 'main' }, t('make'))));
		const url = added.path && location.origin + added.path, server = location.hostname + ':' + added.port;
		const line = '"' + state.me.display_name.replace(/["\\]/g, '') + '" <sip:' + added.user + '@' + added.domain + ';transport=tcp>;auth_user=' + added.login + ';auth_pass=' + added.password + ';outbound="sip:' + server + ';transport=tcp";regint=600';
		return h('div', { cls: 'card' }, h('h2', null, added.name),
			added.kind == 'linphone' ? [ h('p', null, t('scan')), qr.svg(url, t('scan')), h('p', { cls: 'soft' }, t('once')), h('p', { cls: 'code soft', translate: 'no' }, url), h('div', { cls: 'acts' }, h('a', { cls: 'button', href: 'linphone-config:' + url }, t('on this device'))) ]
				: added.kind == 'baresip' ? h('dl', null, copied(t('line'), line))
				: added.kind == 'other' ? [ h('p', null, t('enter')), h('dl', null, copied(t('server'), server), copied(t('account'), added.user), copied(t('login'), added.login), copied(t('password'), added.password), copied('Domain', added.domain)) ]
				: [ h('p', null, t('desk link')), h('dl', null, copied('URL', url + '/')), h('p', { cls: 'soft' }, t('once')) ],
			h('div', { cls: 'acts' }, button(t('done'), () => { added = null; draw('phones'); }, 'main')));
	}

	const fresh = one => h('div', null, h('div', { cls: 'who' }, h('span', null, [ large(one.brand), one.model ].filter(text => text).join(' ') || '?'), h('small', null, one.mac.replace(/(..)(?=.)/g, '$1:'))),
		button(t('is mine'), () => api('assign-phone', { mac: one.mac }).then(() => { state.fresh = state.fresh.filter(other => other.mac != one.mac); draw('phones'); note(t('off on'), 'good'); }), 'main'));

	const list = (rows, none) => rows.length ? h('div', { cls: 'card rows' }, rows) : h('p', { cls: 'card empty' }, none);
	const missedBox = () => toggle(t('only missed'), onlyMissed, on => { onlyMissed = on; return history(); });

	const DRAWN = {
		now: () => [ ...(state.calls || []).map(call), (state.calls || []).length ? '' : h('p', { cls: 'card empty' }, t('quiet now')), dialBox(), announcer() ],
		history: () => [ h('h2', null, t('history')), missedBox(), list((state.history || []).map(past), t(onlyMissed ? 'no missed' : 'no history')),
			state.more ? button(t('more'), () => history(state.history[state.history.length - 1].id)) : '' ],
		messages: () => [ h('h2', null, t('messages')), full() ? h('form', { cls: 'card', onsubmit: ev => {
			ev.preventDefault();
			const form = ev.target;
			run(null, () => api('send', { to: form.to.value, text: form.text.value }).then(() => { form.text.value = ''; }));
		} }, field(t('to whom'), { id: 'to', name: 'to', required: true, autocapitalize: 'none' }), h('label', null, h('span', null, t('text')), h('textarea', { id: 'text', name: 'text', rows: 2, maxlength: 1000, required: true })),
			h('div', { cls: 'acts' }, h('button', { cls: 'main' }, t('send')))) : '', list((state.messages || []).slice().reverse().map(text), t('no texts')), h('p', { cls: 'soft' }, t('texts kept')) ],
		book: () => [ h('h2', null, t('book')), h('input', { id: 'search', type: 'search', placeholder: t('search'), 'aria-label': t('search'), value: ask, autocomplete: 'off',
			oninput: ev => { ask = ev.target.value; run(null, search); } }), list((state.book || []).map(person), t('nobody')),
			full() ? h('form', { cls: 'card', onsubmit: ev => {
				ev.preventDefault();
				const form = ev.target;
				run(null, () => api('set-contact', { name: form.title_.value, number: form.number.value }).then(() => { form.reset(); return search(); }));
			} }, h('h2', null, t('own contacts')), field(t('name'), { name: 'title_', id: 'contact', maxlength: 64, required: true }), field(t('number'), { name: 'number', id: 'number', maxlength: 128, required: true, autocapitalize: 'none' }), h('div', { cls: 'acts' }, h('button', { cls: 'main' }, t('add')))) : '' ],
		wishes: () => {
			const now = state.wishes;
			return !now ? [] : [ h('h2', null, t('when called')), onlySee(), h('div', { cls: 'card' }, toggle(t('dnd'), now.dnd, on => wish('dnd', on ? 'on' : 'off')), wishField('quiet', now.quiet), h('p', { cls: 'soft' }, t('help rings'))),
				h('div', { cls: 'card' }, FORWARDS.map(name => wishField(name, now[name]))),
				h('div', { cls: 'card' }, toggle(t('anonymous'), now.anonymous == 'refuse', on => wish('anonymous', on ? 'refuse' : 'ring')), wishField('block', now.block.join(', '), t('block why'))) ];
		},
		phones: () => [ h('h2', null, t('phones')), h('p', null, t('my number') + ': ', h('b', null, state.me.extension || state.me.name), state.me.number ? [ ' · ' + t('outside') + ': ', h('b', null, state.me.number) ] : ''),
			onlySee(), list(state.me.phones.map(phone), t('no phones')), addBox(), (state.fresh || []).length ? [ h('h2', null, t('new phones')), list(state.fresh.map(fresh)) ] : '',
			h('h2', null, t('signed in')), list((state.sessions || []).slice().sort((one, other) => other.here - one.here || other.day - one.day).map(session), '') ]
	};

	function session(one) {
		const day = one.day == Math.floor(Date.now() / 864e5) ? t('today') : new Date(one.day * 864e5).toLocaleDateString(document.documentElement.lang);
		return h('div', null, h('div', { cls: 'who' }, h('span', null, one.browser || '?'), h('small', null, one.here ? t('this browser') : t('last seen', day))),
			button(t('sign out'), () => api('sign-out', { id: one.id }).then(() => one.here ? signIn() : open('phones')), 'bare', { 'aria-label': t('sign out') + ' ' + one.browser }));
	}

	/* The offer to announce calls; only where the page may: it takes a certificate that is believed. */
	function announcer() {
		if (!window.isSecureContext || !('Notification' in window) || !navigator.serviceWorker || Notification.permission != 'default')
			return '';
		return h('p', { cls: 'empty' }, button([ icon('bell'), t('tell me') ], () => Notification.requestPermission().then(() => { shown.now = ''; draw('now'); if (Notification.permission == 'granted') note(t('told'), 'good'); })));
	}

	/* Who is here. */

	function signIn() {
		if (source)
			source.close();
		source = state = null;
		shown = {};
		page.replaceChildren(h('form', { cls: 'card sign', onsubmit: ev => {
			ev.preventDefault();
			const form = ev.target;
			run(null, () => enter({ user: form.user.value, password: form.password.value }));
		} }, h('img', { src: '/icon.svg', alt: '' }), h('h1', null, t('sign in')), h('p', { cls: 'soft' }, t('sign in why')), h('div', { id: 'note', 'aria-live': 'polite' }),
			h('label', null, h('span', null, t('user')), h('input', { name: 'user', autocomplete: 'username', autocapitalize: 'none', required: true })),
			h('label', null, h('span', null, t('password')), h('input', { name: 'password', type: 'password', autocomplete: 'current-password', required: true })),
			h('div', { cls: 'acts' }, h('button', { cls: 'main' }, t('sign in')))));
	}

	const begin = () => {
		state = {};
		listen();
	};

	/* An app opens without the router too: it says so, and tries again. */
	const look = () => api('me').then(begin, error => {
		if (page.querySelector('form'))
			return;
		page.replaceChildren(h('div', { cls: 'card sign' }, h('img', { src: '/icon.svg', alt: '' }), h('h1', null, t('title')), h('p', { role: 'status' }, error.message)));
		window.setTimeout(look, 3000);
	});

	const enter = given => api('sign-in', given).then(begin);

	const language = navigator.languages.map(one => one.slice(0, 2)).find(one => LANGUAGES.includes(one)) || 'en';
	const file = name => fetch('/words/' + name + '.json').then(answer => answer.json());
	/* As the package stores them: a list for each language, and once what each word is for. */
	const named = list => file('keys').then(keys => Object.fromEntries(keys.map((key, at) => [ key, list[at] ])));
	file(language).then(found => Array.isArray(found) ? named(found) : found).then(found => {
		words = found;
		document.documentElement.lang = language;
		document.title = t('title');
		const token = location.hash.startsWith('#in=') ? location.hash.slice(4) : '';
		if (token) {
			window.history.replaceState(null, '', '/');
			return enter({ token: token }).catch(error => api('me').then(begin, () => { signIn(); note(error.message, 'bad'); }));
		}
		return look();
	});

	matchMedia('(min-width: 60rem)').addEventListener('change', () => state && state.me && open(tab));
	window.setInterval(() => page.querySelectorAll('[data-since]').forEach(one => one.textContent = clock((Date.now() - one.dataset.since) / 1000)), 1000);
	if (window.isSecureContext && navigator.serviceWorker)
		navigator.serviceWorker.register('/sw.js');
})();
