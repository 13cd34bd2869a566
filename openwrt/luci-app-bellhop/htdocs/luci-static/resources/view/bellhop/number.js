'use strict';
'require view';
'require poll';
'require bellhop.api as api';

/* One line of the form: what is asked, where it is entered, and a word of help. */
function line(title, field, help) {
	field.id = 'number-' + field.name;
	return E('div', { 'class': 'cbi-value' }, [
		E('label', { 'class': 'cbi-value-title', 'for': field.id }, [ title ]),
		E('div', { 'class': 'cbi-value-field' }, [ field, help ? E('div', { 'class': 'cbi-value-description' }, [ help ]) : '' ])
	]);
}

const input = (name, kind, most) => E('input', { 'name': name, 'type': kind, 'class': 'cbi-input-text', 'maxlength': most, 'autocomplete': 'off' });

function state(row) {
	if (row.is_busy)
		return _('under way …');
	if (row.problem)
		return api.mark('warning', api.said(row.problem));
	if (row.is_done)
		return api.mark('success', _('reachable, provider: %s').format(row.reason || row.provider) + (row.balance ? ', ' + row.balance : ''));
	return row.waits ? _('A message with a code is on its way: type the 8 digits.') : _('Not done yet.');
}

return view.extend({
	load: function() {
		return Promise.all([ api.ask('accounts'), api.ask('users') ]);
	},

	render: function([ found, users ]) {
		const who = E('select', { 'name': 'who', 'class': 'cbi-input-select' }, (users.users || []).map(user => E('option', { 'value': user.name }, [ user.name ])));
		const number = input('number', 'tel', 20), code = input('code', 'text', 12), said = E('p', { 'role': 'status' });
		const typed = line(_('Code'), code, _('The 8 digits that came to this number.'));
		const draw = told => {
			/* A wrong code is typed once more. */
			const waits = (told.accounts || []).find(row => row.waits || row.problem && !row.is_done);
			typed.style.display = waits ? '' : 'none';
			if (waits && !number.value)
				[ number.value, who.value ] = [ waits.number, waits.user ];
			return told.error ? api.refusal(told) : api.table([
				[ _('Phone'), row => E('strong', [ row.user ]) ], [ _('Number'), row => api.code(row.number) ],
				[ _('State'), state ]
			], told.accounts, _('Nobody here has a number of his own yet.'));
		};
		const go = () => {
			if (!number.value.trim())
				return Promise.resolve({ error: { message: _('Enter the number first.') } });
			return api.ask('get-number', who.value, number.value.trim(), code.value.trim(), '').then(answer => {
				code.value = '';
				said.replaceChildren(answer.error ? api.refusal(answer) : _('Under way: the table below shows how it goes on.'));
			});
		};
		return E('div', [
			E('h2', [ _('A number of your own') ]),
			E('p', [ _('A directory sends a code to your number and says from then on that it is yours, provable by everybody; a provider connects it. Nothing else is asked.') ]),
			E('div', { 'class': 'cbi-section' }, [
				line(_('Phone'), who, _('Who is called at this number.')), line(_('Number'), number, _('As +49301234567, with the country.')), typed,
				E('div', { 'class': 'right' }, [ api.button(_('Go on'), go, 'action') ])
			]),
			said,
			api.live(poll, () => api.ask('accounts'), draw, found)
		]);
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
