'use strict';
'require baseclass';
'require bellhop.api as api';

return baseclass.extend({
	title: _('Telephone'),

	load: function() {
		return Promise.all([ api.ask('status'), api.ask('calls') ]);
	},

	render: function([ status, calls ]) {
		if (status.error)
			return api.refusal(status);
		return E('div', [
			E('p', [
				_('Phones registered'), ': ', _('%d (accounts: %d)').format(status.registrations, status.users),
				' · ', _('Live calls'), ': ', status.live_calls
			]),
			(calls.calls || []).length ? api.table([
				[ _('Caller'), row => row.caller ],
				[ _('Called'), row => row.callee ],
				[ _('Since'), row => api.duration(row.seconds_since_start) ]
			], calls.calls, '') : '',
			E('div', (status.problems || []).map(problem => E('div', { 'class': 'alert-message warning' }, [ problem ])))
		]);
	}
});
