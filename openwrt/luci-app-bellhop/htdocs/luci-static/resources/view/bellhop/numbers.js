'use strict';
'require view';
'require form';
'require poll';
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
			[ _('What is wrong'), row => row.problem ]
		], answer.providers || [], _('No provider is switched on.')),
		silent.length ? api.alert('warning', _('No emergency calls by %s: see that another way is there.').format(silent.map(row => row.name).join(', '))) : ''
	]);
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
		return map.render().then(node => E('div', [
			E('h2', [ _('Numbers') ]), options.verdict(poll, [ 'provider', 'number', 'route', 'telephone' ]), api.live(poll, load, draw, answer), node
		]));
	}
});
