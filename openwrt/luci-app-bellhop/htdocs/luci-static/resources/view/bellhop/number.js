'use strict';
'require view';
'require poll';
'require bellhop.api as api';

/* A field that says what belongs into it. */
const field = (label, kind) => E('input', { 'type': kind || 'text', 'class': 'cbi-input-text', 'aria-label': label, 'placeholder': label });

function state(row) {
	if (row.is_busy)
		return _('under way …');
	if (row.problem)
		return api.mark('warning', row.problem);
	if (row.is_done)
		return api.mark('success', _('reachable, provider: %s').format(row.reason || row.provider));
	return row.waits ? _('A message with a code is on its way: type the 8 digits.') : _('Not done yet.');
}

function draw(found) {
	return found.error ? api.refusal(found) : api.table([
		[ _('Phone'), row => E('strong', [ row.user ]) ], [ _('Number'), row => api.code(row.number) ],
		[ _('State'), state ]
	], found.accounts, _('Nobody here has a number of his own yet.'));
}

return view.extend({
	load: function() {
		return Promise.all([ api.ask('accounts'), api.ask('users') ]);
	},

	render: function([ found, users ]) {
		const who = E('select', { 'class': 'cbi-input-select', 'aria-label': _('Phone') }, (users.users || []).map(user => E('option', { 'value': user.name }, [ user.name ])));
		const number = field(_('Your number, as +49301234'), 'tel'), code = field(_('8 digits that came')), said = E('p', { 'role': 'status' });
		const go = event => {
			event.preventDefault();
			return api.ask('get-number', who.value, number.value, code.value, '').then(answer => {
				code.value = '';
				said.replaceChildren(answer.error ? api.refusal(answer) : _('Under way: the table below shows how it goes on.'));
			});
		};
		return E('div', [
			E('h2', [ _('A number of your own') ]),
			E('p', [ _('A directory sends a code to your number and says from then on that it is yours, provable by everybody; a provider connects it. Nothing else is asked.') ]),
			E('div', [ who, ' ', number, ' ', code, ' ', E('button', { 'class': 'cbi-button cbi-button-action', 'click': go }, [ _('Go on') ]) ]),
			said,
			api.live(poll, () => api.ask('accounts'), draw, found)
		]);
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
