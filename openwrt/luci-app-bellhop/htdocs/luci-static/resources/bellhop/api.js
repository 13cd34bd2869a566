'use strict';
'require baseclass';
'require rpc';
'require ui';

/* Every call of the pages, and how they show answers.
 *
 * Text that comes from the node may be written by strangers. E() reads a lone
 * string as HTML and the strings in an array as text: children are arrays here
 * and in every view. */

/* Verb of the node, or object and method of the bus, with the names of the arguments. */
const CALLS = {
	status: [],
	registrations: [],
	calls: [],
	history: [ 'format' ],
	strangers: [],
	trace: [ 'call' ],
	phonebook: [ 'format' ],
	'import-phonebook': [ 'csv', 'more' ],
	users: [],
	hangup: [ 'call' ],
	verify: [ 'call', 'verdict' ],
	ring: [ 'user' ],
	rung: [ 'user' ],
	'flush-mailbox': [ 'user' ],
	'pilot-link': [ 'user' ],
	'page-sessions': [ 'user' ],
	'sign-out': [ 'user', 'id' ],
	me: [ 'user' ],
	'forget-phone': [ 'user', 'phone' ],
	'new-phones': [],
	'assign-phone': [ 'user', 'mac' ],
	trust: [],
	names: [],
	accounts: [],
	'get-number': [ 'user', 'number', 'code', 'provider', 'how' ],
	'set-trust': [ 'contact', 'verdict' ],
	backup: [ 'passphrase' ],
	restore: [ 'sealed', 'passphrase', 'replace', 'more' ],
	succeed: [],
	revocation: [ 'passphrase' ],
	revoke: [ 'sealed', 'passphrase', 'adopt' ],
	replaces: [ 'name' ],
	problems: [],
	providers: [],
	'test-provider': [ 'provider' ],
	identity: [],
	peers: [],
	routes: [],
	mesh: [],
	pins: [],
	confirm: [ 'name', 'verdict' ],
	outbox: [],
	privacy: [],
	boxes: [],
	'renew-box': [ 'name' ],
	wipe: [ 'what' ],
	'rc init': [ 'name', 'action' ],
	'network.interface dump': [],
	'system info': [],
	'file stat': [ 'path' ],
	'file exec': [ 'command', 'params' ]
};

/* uhttpd takes 64 kB at once, and a letter has up to three octets. */
const PIECE = 16384;

/* Keys and the names that strangers give themselves may be long. */
const BREAKS = 'overflow-wrap:anywhere', CELL = 'min-width:6em;' + BREAKS;

/* The words of the node that are a fixed few, but for `security`; tests/architecture/test_words.py compares them. */
const WORDS = {
	emergency: _('emergency'), local: _('phone here'), 'phone book': _('speed dial'), contact: _('address of a phone'),
	elsewhere: _('another domain'), mesh: _('mesh'), 'key domain': _('key'), number: _('number in the DNS'), provider: _('provider'),
	'not registered': _('not registered'), registering: _('registering'), registered: _('registered'), 'registering again': _('registering again'), leaving: _('leaving'),
	'not asked to register': _('can be reached'),
	here: _('here'), 'speed dial': _('speed dial'), imported: _('imported'),
	heard: _('heard'), mutual: _('hears us'), 'two-way': _('connected'), gone: _('gone'),
	pinned: _('known by its key'), succeeded: _('has a new key, signed by the old one'), replaced: _('a new router stands in its place'),
	revoked: _('its key is revoked: somebody else may have it'), 'wants to replace': _('a new router wants to stand in its place'),
	asked: _('asked'), rings: _('rings'), 'was taken': _('was taken'), 'does not answer': _('does not answer'),
	'cannot be reached': _('cannot be reached'), refuses: _('refuses'), ringing: _('ringing'), answered: _('answered'), ended: _('ended'),
	'caller hung up': _('the caller hung up'), 'called hung up': _('the called hung up'), 'given up': _('the caller gave up'),
	refused: _('refused'), 'ended by owner': _('ended by the owner of this node'), 'ended by node': _('ended by this node'),
	published: _('published'), 'published without DNSSEC': _('published without DNSSEC'), 'not published': _('not published'),
	'another key is published': _('another key is published'), 'another key is published beside it': _('another key is published beside it'), outdated: _('a newer key of this person counts'),
	'refuted by DNSSEC': _('refuted by DNSSEC'), 'no answer': _('no answer'),
	open: _('open'), 'no way by three relays': _('not open: no way by three other routers'), 'its hours are over': _('its hours are over'), 'its contact has no key': _('not open: its contact has no address with a key'),
	'node restarted': _('this node was restarted'), forgotten: _('forgotten'), 'handed over': _('the phones go on without this node')
};

/* What the sound of a call is worth, for people; the words are those of `security`. */
const SAFETY = {
	'words differ': [ 'danger', _('Not safe: somebody sits in between. Hang up.') ],
	failed: [ 'danger', _('No sound: the two routers agreed on no key.') ],
	'key changed': [ 'danger', _('Careful: another key than before. A new router, or somebody in between. Compare the words.') ],
	clear: [ 'warning', _('Not encrypted between the two routers: somebody on the way could listen.') ],
	encrypted: [ '', _('Encrypted. The first call with this contact: compare the words once to be sure who it is.') ],
	'known key': [ 'success', _('Encrypted, with the same key as the earlier calls.') ],
	'named by DNSSEC': [ 'success', _('Safe: encrypted, with the key that is published for this name.') ],
	'words compared': [ 'success', _('Safe: encrypted, and the words were compared.') ],
	signed: [ 'success', _('Safe: encrypted, and signed by this contact.') ]
};
const MARKS = { danger: '⚠', warning: '◌', success: '✓', '': '●' };

const silence = { error: { message: _('The node does not answer.') }, silent: true };

const COLOURS = { danger: 'error', warning: 'warn', success: 'success', primary: 'primary' };

/* The colour of the theme for a kind of message. */
function colour(kind) {
	return COLOURS[kind] ? 'var(--%s-color-%s)'.format(COLOURS[kind], kind == 'warning' ? 'high' : 'medium') : 'currentColor';
}

return baseclass.extend({
	/* Resolves to an object always; what went wrong is in its `error.message`. */
	ask: function(name, ...values) {
		const [ method, object ] = name.split(' ').reverse();
		return rpc.declare({ object: object || 'bellhop', method, params: CALLS[name] })(...values).then(
			answer => (answer && typeof(answer) == 'object') ? answer : silence,
			() => silence);
	},

	/* As `ask`, of a text that may be longer than a request, cut at ends of lines; `rest` stands between it and `more`. */
	inPieces: function(name, text, ...rest) {
		const end = text.length > PIECE ? text.lastIndexOf('\n', PIECE) + 1 || PIECE : text.length, left = text.slice(end);
		return this.ask(name, text.slice(0, end), ...rest, left ? '1' : '').then(answer =>
			left && !answer.error ? this.inPieces(name, left, ...rest) : answer);
	},

	word: function(said) {
		return Object.hasOwn(WORDS, said) ? WORDS[said] : Object.hasOwn(SAFETY, said) ? SAFETY[said][1] : said || '';
	},

	/* A sentence of the node in the language of the page; translations.py collects those that it says. */
	said: function(text) {
		const quoted = /'([^']*)'/.exec(text);
		return quoted ? _(text.replace(quoted[0], "'%s'")).format(quoted[1]) : _(text);
	},

	duration: function(seconds) {
		if (seconds == null)
			return '';
		if (seconds < 60)
			return '%d s'.format(seconds);
		if (seconds < 3600)
			return '%d min'.format(seconds / 60);
		if (seconds < 172800)
			return '%d h %02d min'.format(seconds / 3600, seconds / 60 % 60);
		return '%d d'.format(seconds / 86400);
	},

	/* The time of day so many seconds ago, with the day where it was not today. */
	when: function(seconds) {
		const at = new Date(Date.now() - seconds * 1000), clock = { hour: '2-digit', minute: '2-digit' };
		const day = at.toDateString() == new Date().toDateString() ? {} : { weekday: 'short', day: 'numeric', month: 'short' };
		return at.toLocaleString(document.documentElement.lang || [], Object.assign(day, clock));
	},

	/* Host and port of the other end; the node says '%s port %d'. */
	place: function(said) {
		const [ whole, host, port ] = /^(.*) port (\d+)$/.exec(said) || [];
		return whole ? _('%s port %d').format(host, port) : said;
	},

	colour: colour,

	mark: function(kind, words) {
		const style = 'color:' + colour(kind);
		return E('span', { 'style': kind == 'warning' ? '' : style }, [ E('span', { 'style': style }, [ MARKS[kind] ]), ' ', words ]);
	},

	/* [ kind of message, sentence ] on the sound of a call between two people of `names`. */
	safety: function(row, caller, called) {
		if (row.by_phones)
			return [ 'success', _('The two phones encrypt by themselves: compare what they show.') ];
		if (Object.hasOwn(SAFETY, row.security))
			return SAFETY[row.security];
		return [ '', caller.is_here && called.is_here ? _('Stays inside this house.') : _('Not known: the sound goes past this router.') ];
	},

	/* Tells whether somebody may sit in between in one of the calls. */
	isUnsafe: function(rows) {
		return (rows || []).some(call => [ 'words differ', 'key changed' ].includes(call.security));
	},

	/* Resolves to a function from user@host to { name, number, is_here } of who that is. */
	names: function() {
		return Promise.all([ this.ask('users'), this.ask('phonebook'), this.ask('status'), this.ask('identity') ]).then(([ users, book, status, identity ]) => {
			const hosts = [ status.domain, identity.key ].concat((status.listening || []).map(one => one.host)), here = {}, known = {};
			(book.phonebook || []).slice().reverse().forEach(row => {
				const address = row.address.replace(/^sips?:/, ''), one = { name: row.display, number: row.number };
				known[address] = known[row.number] = known[address.split('@')[0]] = one;
			});
			/* A speed dial may name the node of a phone in the mesh; calls name its key. */
			(book.phonebook || []).forEach(row => {
				const address = row.address.replace(/^sips?:/, '');
				known[address] = known[row.number] = known['%s@%s'.format(address.split('@')[0], row.place.split(',')[0])] || known[address];
			});
			(users.users || []).forEach(user => [ user.name, user.extension ].concat(user.aliases).forEach(name =>
				here[name.toLowerCase()] = { name: user.display_name || user.name, number: user.extension || user.name, is_here: true }));
			return address => {
				const [ user, host ] = address.toLowerCase().split('@'), is_ours = hosts.includes(host);
				return is_ours && here[user] || known[address] || is_ours && known[user] ||
					{ name: is_ours ? user : address, number: is_ours ? user : address };
			};
		});
	},

	/* What the node behind the pages can do: the lite one leaves the rest to a full node. */
	abilities: function(status) {
		const is_full = !status.left_to_full_node;
		return { media: is_full, tls: is_full, pgp: is_full };
	},

	/* columns: [ title, row => text or node ]. */
	table: function(columns, rows, empty) {
		const lines = rows.map(row => E('tr', { 'class': 'tr' }, columns.map(column => E('td',
			{ 'class': 'td', 'data-title': column[0] || null, 'style': CELL }, [ column[1](row) ]))));
		if (!rows.length)
			lines.push(E('tr', { 'class': 'tr placeholder' }, [ E('td', { 'class': 'td', 'style': 'line-height:1.5' }, [ empty ]) ]));
		return E('table', { 'class': 'table' }, [
			E('tr', { 'class': 'tr table-titles' }, columns.map(column => E('th', { 'class': 'th' }, [ column[0] ])))
		].concat(lines));
	},

	section: function(title, ...children) {
		return E('div', { 'class': 'cbi-section' }, [ E('h3', [ title ]) ].concat(children));
	},

	/* What only few people read: closed until somebody opens it. */
	folded: function(title, ...children) {
		return E('details', { 'style': 'margin:1em 0' }, [ E('summary', { 'style': 'cursor:pointer' }, [ title ]) ].concat(children));
	},

	alert: function(kind, words, ...more) {
		return E('div', { 'class': 'alert-message ' + kind }, [ E('strong', [ words ]), ' ' ].concat(more));
	},

	refusal: function(answer) {
		return answer.error ? E('div', { 'class': 'alert-message warning' }, [ this.said(answer.error.message) ]) : '';
	},

	/* A refusal on top of the page. */
	refuse: function(answer) {
		ui.addNotification(null, E('p', [ this.said(answer.error.message) ]), 'warning');
	},

	link: function(page, title) {
		return E('a', { 'href': L.url('admin/services/bellhop', page), 'style': 'color:inherit;text-decoration:underline' }, [ title ]);
	},

	/* A button that asks something of the node; a refusal is shown on top of the page. */
	button: function(title, work, style) {
		return E('button', { 'class': 'btn cbi-button ' + (style ? 'cbi-button-' + style : ''), 'click': ev => {
			ev.target.disabled = true;
			return work().then(answer => {
				ev.target.disabled = false;
				if (answer && answer.error)
					this.refuse(answer);
				return answer;
			});
		} }, [ title ]);
	},

	/* A window with a button that closes it. */
	modal: function(title, children, ...buttons) {
		ui.showModal(title, children.concat([ E('div', { 'class': 'right' }, buttons.concat([ ' ',
			E('button', { 'class': 'btn', 'click': ui.hideModal }, [ _('Close') ]) ])) ]));
	},

	code: function(text) {
		return E('code', { 'style': BREAKS }, [ text ]);
	},

	/* Hands a text to the browser as a file. */
	download: function(name, text, type) {
		E('a', { 'download': name, 'href': URL.createObjectURL(new Blob([ text ], { type: type })) }).click();
	},

	/* Replaces what a place shows, now and every 5 seconds, but for what was opened there. */
	live: function(poll, load, draw, loaded) {
		const place = E('div', [ draw(loaded) ]);
		poll.add(() => load().then(fresh => place.replaceChildren(draw(fresh))), 5);
		return place;
	}
});
