'use strict';
'require view';
'require poll';
'require ui';
'require uci';
'require bellhop.api as api';

/* Why a call came to nothing, by the status that ended it (RFC 3261 section 21). */
const ENDS = {
	401: _('The password was wrong.'), 403: _('The call was not allowed.'), 404: _('Nobody has this number.'),
	407: _('The password was wrong.'), 408: _('Nobody answered.'), 480: _('No phone was there.'), 482: _('The call went in a circle.'),
	483: _('The call went in a circle.'), 486: _('Busy.'), 487: _('The caller gave up.'),
	488: _('The two sides agreed on no sound, or not on its encryption.'), 502: _('No way leads there.'),
	503: _('Too much at once: try again later.'), 600: _('Busy.'), 603: _('Declined.'), 604: _('Nobody has this number.')
};

let who = address => ({ name: address });

function load() {
	return Promise.all([ api.ask('calls'), api.ask('history'), api.ask('strangers'), api.names() ]).then(found => {
		who = found[3];
		return found;
	});
}

function isMissed(row) {
	return row.seconds_talked == null && row.step == 'local' && !who(row.caller).is_here;
}

/* An arrow from this house, into it, or within it. */
function direction(row) {
	const [ arrow, words ] = who(row.caller).is_here ? row.step == 'local' ? [ '↔', _('inside') ] : [ '↗', _('outgoing') ] :
		isMissed(row) && row.state == 'ended' ? [ '↙', _('missed') ] : [ '↙', _('incoming') ];
	return isMissed(row) && row.state == 'ended' ? E('strong', [ api.mark('danger', words) ]) : E('span', [ arrow, ' ', words ]);
}

function people(row) {
	return E('span', [ E('strong', [ who(row.caller).name ]), ' → ', E('strong', [ who(row.callee).name ]) ]);
}

function outcome(row) {
	if (row.seconds_talked != null)
		return '%s, %s'.format(_('talked for %s').format(api.duration(row.seconds_talked)), api.word(row.ending));
	return ENDS[row.status] || _('It came to nothing.');
}

function state(row) {
	return row.state == 'answered' ? _('talking for %s').format(api.duration(row.seconds_talked)) : api.word(row.state);
}

function safety(row) {
	return api.mark(...api.safety(row, who(row.caller), who(row.callee)));
}

function done(answer) {
	if (!answer.error)
		ui.hideModal();
	return answer;
}

function words(row) {
	const judge = verdict => () => api.ask('verify', String(row.number), verdict).then(done);
	return row.words && ![ 'words compared', 'signed' ].includes(row.security) ? E('p', [
		_('Read these words to each other:'), ' ', E('strong', { 'style': 'font-size:120%' }, [ row.words ]), E('br'),
		api.button(_('They are the same'), judge('same'), 'positive'), ' ',
		api.button(_('They differ'), judge('different'), 'negative')
	]) : '';
}

function sound(sides) {
	return E('ul', sides.map((side, i) => E('li', [
		i ? _('from the called') : _('from the caller'), ': ',
		side.lost === null ? _('%d packets, encrypted by the phones').format(side.received_packets) :
			_('%d packets, %d lost, jitter %.1f ms').format(side.received_packets, side.lost, side.jitter_ms)
	])));
}

function details(row) {
	return api.ask('trace', String(row.number)).then(answer => api.modal(_('Call %d').format(row.number), [
		api.refusal(answer),
		E('p', [ people(row), ', ', row.state == 'ended' ? outcome(row) : state(row) ]),
		E('p', [ safety(row), row.suite ? ' (%s)'.format(row.suite) : '' ]),
		row.state == 'ended' ? '' : words(row),
		E('div', (row.sound || []).filter(sides => sides.length).map(sound)),
		api.table([ [ _('Dialled'), one => api.code(one.dialled) ], [ _('Found by'), one => api.word(one.step) ] ], [ row ], ''),
		api.folded(_('The SIP messages, for experts'), E('p', [ '%s %s'.format(row.status || '', row.ended_by || '') ]), E('div', { 'style': 'max-height:60vh;overflow:auto' },
			(answer.messages || []).map(one => E('pre', [ '%s %s %s\n'.format(one.direction, one.transport, one.peer), one.message ]))))
	]));
}

/* The node takes the new list at once; the page Security shows it. */
function block(caller) {
	const id = uci.sections('bellhop', 'node')[0]['.name'], list = [].concat(uci.get('bellhop', id, 'blocked') || []);
	if (!list.includes(caller))
		uci.set('bellhop', id, 'blocked', list.concat(caller));
	return uci.save().then(() => uci.apply()).then(() =>
		ui.addNotification(null, E('p', [ _('%s is blocked. The page Security shows all who are.').format(caller) ]), 'info'));
}

function blockButton(caller) {
	return who(caller).is_here ? '' : api.button(_('Block'), () => block(caller), 'remove');
}

function actions(row) {
	const hangUp = () => api.ask('hangup', String(row.number));
	return E('div', [ row.state == 'ended' ? E('span', [ callBack(row), ' ', blockButton(row.caller) ]) : api.button(_('Hang up'), hangUp, 'negative'), ' ',
		E('button', { 'class': 'btn', 'click': () => details(row) }, [ _('Details') ]) ]);
}

/* On a phone with an account here the address dials. */
function callBack(row) {
	const other = who(row.caller).is_here ? row.callee : row.caller;
	return E('a', { 'class': 'btn', 'href': 'sip:%s'.format(who(other).number || other) }, [ _('Call back') ]);
}

/* Somebody in between is told before all else. */
function drawAlarm(row) {
	const [ kind, sentence ] = api.safety(row, who(row.caller), who(row.callee));
	return kind == 'danger' ? api.alert(kind, '%s → %s: %s'.format(who(row.caller).name, who(row.callee).name, sentence)) : '';
}

function drawStrangers([ , , { strangers } ]) {
	return E('div', [
		E('p', [ _('Who came from outside and was refused. None of it rang a phone.') ]),
		api.table([
			[ _('Last'), row => api.when(row.seconds_since_last) ], [ _('Address'), row => E('strong', [ row.address ]) ],
			[ _('Tries'), row => row.count ], [ _('Wrong passwords'), row => row.wrong_passwords ],
			[ _('Dialled'), row => row.dialled.startsWith('sip') ? '' : row.dialled ], [ _('What became of it'), outcome ], [ '', row => blockButton(row.address) ]
		], strangers || [], _('Nobody so far.'))
	]);
}

function download() {
	return api.ask('history', 'csv').then(answer => answer.error ? api.refuse(answer) :
		api.download('calls.csv', answer.text, answer.content_type));
}

function draw([ live, history ]) {
	const rows = live.calls || [];
	return E('div', [ api.refusal(live) ].concat(rows.map(drawAlarm), [
		api.section(_('Now'), api.table([
			[ _('Who'), people ], [ _('State'), state ], [ _('Safety'), row => E('div', [ safety(row), words(row) ]) ], [ '', actions ]
		], rows, _('Nobody is on the phone.'))),
		api.section(_('Before'), api.table([
			[ _('When'), row => api.when(row.seconds_since_start) ], [ _('Direction'), direction ], [ _('Who'), people ],
			[ _('What became of it'), outcome ], [ '', actions ]
		], history.history || [], _('No call has ended since the start.'))),
		E('button', { 'class': 'btn', 'click': download }, [ _('Save as a spreadsheet') ])
	]));
}

return view.extend({
	load: function() {
		return Promise.all([ load(), uci.load('bellhop') ]);
	},

	render: function([ loaded ]) {
		const tabs = E('div', [ [ 'calls', _('Calls'), draw ], [ 'strangers', _('Strangers'), drawStrangers ] ].map(([ name, title, show ]) =>
			E('div', { 'data-tab': name, 'data-tab-title': title }, [ api.live(poll, load, show, loaded) ])));
		const page = E('div', [ E('h2', [ _('Calls') ]), tabs ]);
		ui.tabs.initTabGroup(tabs.childNodes);
		return page;
	},

	handleSave: null, handleSaveApply: null, handleReset: null
});
