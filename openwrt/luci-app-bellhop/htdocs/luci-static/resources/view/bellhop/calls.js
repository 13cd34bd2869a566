'use strict';
'require view';
'require poll';
'require ui';
'require bellhop.api as api';

function load() {
	return Promise.all([ api.ask('calls'), api.ask('history') ]);
}

/* What the sound of a call is worth, in words. */
function security(row) {
	if (row.by_phones)
		return _('encrypted by the phones');
	if (!row.security)
		return (row.relays || []).length ? _('through this node') : _('not through this node');
	return api.word(row.security);
}

function sound(sides) {
	return E('ul', sides.map((side, i) => E('li', [
		i ? _('from the called') : _('from the caller'), ': ',
		_('%d packets, %d lost, jitter %.1f ms').format(side.received_packets, side.lost, side.jitter_ms)
	])));
}

function showSound(row) {
	return [
		row.security ? E('p', [ _('Sound'), ': ', security(row), row.suite ? ', ' + row.suite : '' ]) : '',
		row.words ? E('p', [ _('Read these words to each other:'), ' ', E('strong', [ row.words ]), ' ',
			api.button(_('They are the same'), () => api.ask('verify', String(row.number), 'same').then(done)), ' ',
			api.button(_('They differ'), () => api.ask('verify', String(row.number), 'different').then(done))
		]) : '',
		E('div', (row.sound || []).filter(sides => sides.length).map(sound))
	];
}

function done(answer) {
	if (!answer.error)
		ui.hideModal();
	return answer;
}

function showTrace(row) {
	return api.ask('trace', String(row.number)).then(answer => ui.showModal(_('Call %d').format(row.number), [
		api.refusal(answer),
		E('ul', (row.why || []).map(sentence => E('li', [ sentence ]))),
		E('div', showSound(row)),
		E('div', { 'style': 'max-height:60vh;overflow:auto' }, (answer.messages || []).map(one => E('pre', [
			'%s %s %s\n'.format(one.direction, one.transport, one.peer), one.message ]))),
		E('div', { 'class': 'right' }, [ E('button', { 'class': 'btn', 'click': ui.hideModal }, [ _('Close') ]) ])
	]));
}

const WHO = [
	[ _('Caller'), row => row.caller ],
	[ _('Called'), row => row.callee ],
	[ _('Found by'), row => api.word(row.step) ]
];
const DETAILS = [ '', row => E('button', { 'class': 'btn', 'click': () => showTrace(row) }, [ _('Details') ]) ];

function state(row) {
	return row.state == 'answered' ? _('talking for %s').format(api.duration(row.seconds_talked)) : _('ringing');
}

function draw([ live, history ]) {
	return E('div', [
		api.refusal(live),
		api.section(_('Now'), api.table(WHO.concat([
			[ _('State'), state ],
			[ _('Since'), row => api.duration(row.seconds_since_start) ],
			[ _('Sound'), security ],
			DETAILS,
			[ '', row => api.button(_('Hang up'), () => api.ask('hangup', String(row.number))) ]
		]), live.calls || [], _('Nobody is on the phone.'))),
		api.section(_('Before'), api.table(WHO.concat([
			[ _('Ago'), row => api.duration(row.seconds_since_end) ],
			[ _('Talked'), row => api.duration(row.seconds_talked) ],
			[ _('End'), row => '%s %s'.format(row.status || '', row.ended_by || '') ],
			DETAILS
		]), history.history || [], _('No call has ended since the start.')))
	]);
}

return view.extend({
	load: load,

	render: function(loaded) {
		return E('div', [ E('h2', [ _('Calls') ]), api.live(poll, load, draw, loaded) ]);
	},

	handleSave: null, handleSaveApply: null, handleReset: null
});
