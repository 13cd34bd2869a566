'use strict';
/* The page of a portal: sign up, type a code, wait to be let in, go to the pilot page. */
const KEY = 'portal', LANGUAGES = [ 'en', 'de', 'fr' ], $ = id => document.getElementById(id);
const language = navigator.languages.map(one => one.slice(0, 2)).find(one => LANGUAGES.includes(one)) || 'en';
/* What stands in the page and comes from the portal is in English; words: English -> in another language. */
let words = {};
const t = text => words[text] || text;
const STATES = { asked: 'Somebody here has to let you in. Come back later.',
	proved: 'Somebody here has to let you in. Come back later.',
	refused: 'You were not let in.', approved: 'You are in. Your name here is %s.' };
let mine = JSON.parse(localStorage.getItem(KEY) || 'null');

const say = text => $('said').textContent = t(text).slice(0, 1).toUpperCase() + t(text).slice(1);

function ask(path, fields) {
	return fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(fields) })
		.then(answer => answer.json().then(found => ({ ok: answer.ok, found: found })))
		.catch(() => ({ found: { detail: 'The portal does not answer: try again later.' } }))
		.then(({ ok, found }) => {
			if (!ok)
				throw new Error(found.detail);
			return found;
		});
}

/* Show what can be done now, and nothing else. */
function show(found) {
	const waits = mine.code && found.state == 'asked';
	$('up').hidden = true;
	$('proof').hidden = !waits;
	$('link').hidden = !found.link;
	$('anew').hidden = found.state != 'refused' && !waits;
	say(waits ? 'A message with a code is on its way to you.' : STATES[found.state]);
	$('said').textContent = $('said').textContent.replace('%s', found.user);
}

function forget() {
	localStorage.removeItem(KEY);
	mine = null;
	[ 'proof', 'link', 'anew' ].forEach(id => $(id).hidden = true);
	$('up').hidden = false;
}

function on(id, work) {
	$(id).addEventListener('submit', event => {
		const button = $(id).querySelector('button');
		event.preventDefault();
		button.disabled = true;
		work(Object.fromEntries(new FormData($(id)))).catch(error => say(error.message)).then(() => button.disabled = false);
	});
}

on('up', fields => ask('v1/signup', fields).then(found => {
	mine = found;
	localStorage.setItem(KEY, JSON.stringify(mine));
	show(found);
}));
on('proof', fields => ask('v1/proof', Object.assign({}, mine, fields)).then(show));
/* A link holds once and for ten minutes: it is asked for when it is wanted. */
on('link', () => ask('v1/applicant', mine).then(found => location.assign(found.link)));
on('anew', () => Promise.resolve(say('')).then(forget));

function begin() {
	const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
	while (walk.nextNode())
		walk.currentNode.data = t(walk.currentNode.data.trim());
	document.documentElement.lang = language;
	document.title = t(document.title);
	return mine && ask('v1/applicant', mine).then(show).catch(error => {
		if (error.message == 'there is no such applicant')
			forget();
		say(error.message);
	});
}

(language == 'en' ? Promise.resolve({}) : fetch('words.json').then(answer => answer.json())).then(found => {
	words = found[language] || {};
	return begin();
});
