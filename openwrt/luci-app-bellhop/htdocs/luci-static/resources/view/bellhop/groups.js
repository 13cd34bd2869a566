'use strict';
'require view';
'require form';
'require poll';
'require uci';
'require bellhop.options as options';

return view.extend({
	load: function() {
		return uci.load('bellhop');
	},

	render: function() {
		const map = new form.Map('bellhop', _('Groups and forwarding'));

		const groups = options.grid(map, 'group', _('Groups'), _('One number that rings several phones.'));
		groups.addbtntitle = _('Add a group');
		const made = options.add(groups, 'group');
		made.name.rmempty = false;
		options.careful(groups);
		options.few(made, [ 'name', 'extension', 'member', 'strategy' ]);

		const phones = options.grid(map, 'user', _('Forwarding'),
			_('Where a call goes that a phone does not take, and other nodes where it rings too.'));
		phones.addremove = phones.sortable = false;
		phones.option(form.DummyValue, '_account', _('Account')).cfgvalue = id => uci.get('bellhop', id, 'name') || id;
		options.few(options.add(phones, 'user', options.names('user').filter(name => /^forward|^also_at/.test(name))), [ 'forward', 'forward_after' ]);

		return map.render().then(node => E('div', [ options.verdict(poll, [ 'group', 'user' ]), node ]));
	}
});
