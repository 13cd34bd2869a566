'use strict';
'require view';
'require form';
'require poll';
'require ui';
'require uci';
'require bellhop.api as api';
'require bellhop.options as options';

/* What is seen in the table; all else in the window of one section. */
const FEW = {
	provider: [ 'enabled', 'name', 'domain', 'username', 'ring' ],
	number: [ 'number', 'ring', 'hours', 'otherwise' ],
	route: [ 'prefix', 'provider', 'hours', 'minute', 'refuse' ]
};

function load() {
	return api.ask('providers');
}

function state(row) {
	return api.mark(row.is_up ? 'success' : 'danger', api.word(row.state));
}

function draw(answer) {
	if (answer.error)
		return E('p', [ _('No provider yet. Without one, calls reach this house and the mesh only.') ]);
	const silent = (answer.providers || []).filter(row => !row.emergency);
	return E('div', [
		api.table([
			[ _('Provider'), row => E('strong', [ row.name ]) ],
			[ _('State'), state ],
			[ _('Numbers'), row => row.numbers.join(', ') ],
			[ _('Calls'), row => row.calls ],
			[ _('Server'), row => row.host ],
			[ _('What is wrong'), row => row.problem ],
			[ _('This month'), row => _('%d calls, %d minutes, cost %.2f').format(row.month.calls_out + row.month.calls_in, Math.ceil((row.month.seconds_out + row.month.seconds_in) / 60), row.month.cost / 1000) ],
			[ '', row => row.numbers.length ? api.button(_('Test call'), () => api.ask('test-provider', row.name).then(told => told.error ? told : ui.addNotification(null, E('p', [ _('The phones of %s ring in a moment, called over the telephone network.').format(told.ring) ]), 'info')), 'action') : '' ]
		], answer.providers || [], _('No provider is switched on.')),
		silent.length ? api.alert('warning', _('No emergency calls by %s: see that another way is there.').format(silent.map(row => row.name).join(', '))) : ''
	]);
}

/* The few things that most owners have in a letter of their provider. */
const ASKED = [ 'preset', 'domain', 'username', 'password', 'number', 'ring' ];

function wizard() {
	const map = new form.JSONMap({ provider: {} }), section = map.section(form.NamedSection, 'provider', 'provider', _('Which provider?'),
		_('What stands in the letter of your provider is enough: choose it, or enter its domain; then account, password and the number.'));
	options.add(section, 'provider', ASKED);
	return map.render().then(node => E('div', [ node, E('div', { 'class': 'right' }, [ api.button(_('Set up the provider'), () => map.parse().then(() => {
		const told = map.data.get('json', 'provider'), id = uci.add('bellhop', 'provider');
		uci.set('bellhop', id, 'name', told.preset || String(told.domain || 'provider').replace(/[^A-Za-z0-9-]/g, '-'));
		ASKED.forEach(name => told[name] && uci.set('bellhop', id, name, name == 'number' ? [].concat(told[name]) : told[name]));
		return uci.save().then(() => uci.apply()).then(() => window.location.reload());
	}, wrong => ({ error: wrong })), 'apply important') ]) ]));
}

function grid(map, kind, title, help) {
	const section = options.grid(map, kind, title, help);
	options.few(options.add(section, kind), FEW[kind]);
	return section;
}

return view.extend({
	load: function() {
		return Promise.all([ load(), uci.load('bellhop') ]);
	},

	render: function([ answer ]) {
		const map = new form.Map('bellhop');
		grid(map, 'provider', _('Providers'), _('Who connects this house with the telephone network.')).addbtntitle = _('Add a provider');
		grid(map, 'number', _('Who is called'), _('Which of the own numbers ring whom, and when; all others ring as the provider above says.'));
		grid(map, 'route', _('Ways out'), _('By which provider numbers are called, and what that costs: the cheapest that is there is asked first.'));
		options.add(options.single(map, 'telephone', _('This place')), 'telephone');
		const first = uci.sections('bellhop', 'provider').length ? '' : wizard();
		options.add(options.single(map, 'sms', _('Texts')), 'sms');
		return Promise.all([ map.render(), first ]).then(([ node, ask ]) => E('div', [
			E('h2', [ _('Numbers') ]), options.verdict(poll, [ 'provider', 'number', 'route', 'telephone', 'sms' ]), api.live(poll, load, draw, answer), ask, node
		]));
	}
});
