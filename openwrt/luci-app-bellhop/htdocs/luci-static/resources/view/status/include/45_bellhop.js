'use strict';
'require baseclass';
'require bellhop.api as api';

return baseclass.extend({
	title: _('Telephone'),

	load: function() {
		return Promise.all([ api.ask('status'), api.ask('calls'), api.names() ]);
	},

	render: function([ status, { calls }, who ]) {
		if (status.error)
			return api.refusal(status);
		return E('div', [
			api.isUnsafe(calls) ? api.alert('danger', _('A call is not safe: somebody may sit in between.'), api.link('calls', _('Calls'))) : '',
			E('p', [ _('Phones registered'), ': ', _('%d (accounts: %d)').format(status.registrations, status.users) ]),
			(calls || []).length ? api.table([
				[ _('Caller'), row => who(row.caller).name ],
				[ _('Called'), row => who(row.callee).name ],
				[ _('Since'), row => api.duration(row.seconds_since_start) ]
			], calls, '') : '',
			status.problems.length ? api.alert('warning', _('The telephone has problems: %d.').format(status.problems.length), api.link('overview', _('Overview'))) : ''
		]);
	}
});
