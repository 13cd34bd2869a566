'use strict';
'require view';
'require form';
'require poll';
'require ui';
'require uci';
'require bellhop.api as api';
'require bellhop.options as options';

const FORMATS = { csv: _('Spreadsheet'), vcard: _('Address book'), yealink: 'Yealink', cisco: 'Cisco', snom: 'Snom', grandstream: 'Grandstream', generic: _('other phones') };

function load() {
	return api.ask('phonebook');
}

/* Of an address of elsewhere nobody knows. */
function registered(row) {
	if ([ 'speed dial', 'imported' ].includes(row.place))
		return '';
	return row.registered == null ? '' : row.registered ? _('yes') : _('no');
}

/* A node of the mesh is told with its hops. */
function where(row) {
	const [ whole, name, hops ] = /^(.*), (\d+) hops?$/.exec(row.place) || [];
	return whole ? _('%s, hops: %d').format(name, hops) : api.word(row.place);
}

function draw(answer) {
	return E('div', [ api.refusal(answer), api.table([
		[ _('Name'), row => row.display ],
		[ _('Number'), row => row.number ],
		[ _('Registered'), registered ],
		[ _('Where'), where ],
		[ _('Address'), row => api.code(row.address) ]
	], answer.phonebook || [], _('The phone book is empty.')) ]);
}

function download(format) {
	return api.ask('phonebook', format).then(answer => {
		if (answer.error)
			return api.refuse(answer);
		api.download('phonebook.' + format, answer.text, answer.content_type);
	});
}

/* Spreadsheets write UTF-8, UTF-16 with its mark, or the Windows letters. */
function decode(octets) {
	const [ one, two ] = new Uint8Array(octets);
	const mark = one << 8 | two;
	const charset = mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8';
	try {
		return new TextDecoder(charset, { fatal: true }).decode(octets);
	} catch (e) {
		return new TextDecoder('windows-1252').decode(octets);
	}
}

function upload(ev) {
	return ev.target.files[0].arrayBuffer().then(decode).then(text => api.inPieces('import-phonebook', text)).then(answer =>
		answer.error ? api.refuse(answer) : ui.addNotification(null, E('p', [ _('Entries of the imported phone book: %d.').format(answer.imported), ' ',
			answer.left_out ? _('Left out, for they have no number: %d.').format(answer.left_out) : '' ]), 'info'));
}

return view.extend({
	load: function() {
		return Promise.all([ load(), uci.load('bellhop') ]);
	},

	render: function([ answer ]) {
		const map = new form.Map('bellhop');
		const section = options.grid(map, 'contact', _('Speed dial'),
			_('Names and short numbers of your own, for every phone here.'));
		const made = options.add(section, 'contact');
		options.few(made, [ 'name', 'number', 'address' ]);

		const file = E('input', { 'type': 'file', 'accept': '.csv,.txt,.vcf', 'style': 'display:none', 'change': upload });
		return map.render().then(node => E('div', [
			E('h2', [ _('Phone book') ]),
			options.verdict(poll, [ 'contact' ]), api.live(poll, load, draw, answer),
			E('div', { 'class': 'cbi-section', 'style': 'display:flex;flex-wrap:wrap;gap:.4em;align-items:center' }, [
				E('button', { 'class': 'btn', 'click': () => file.click() }, [ _('Import…') ]), file, _('Download for:')
			].concat(Object.keys(FORMATS).map(format => E('button', { 'class': 'btn', 'click': () => download(format) }, [ FORMATS[format] ])))),
			node
		]));
	}
});
