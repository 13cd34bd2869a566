/* A stand-in for LuCI's runtime in the browser: enough of L, E, _, form, uci, rpc, ui and poll to
 * run the pages of luci-app-bellhop without OpenWrt. Written for these tests; it is not LuCI. What
 * matters of LuCI is kept: a lone string given to E() is HTML, strings in an array are text; a form
 * checks all of its fields before it writes one. */
'use strict';

String.prototype.format = function(...values) {
	return this.replace(/%(0?)(\d*)(?:\.(\d+))?([sdfx%])/g, (whole, zero, width, digits, kind) => {
		if (kind == '%')
			return '%';
		const value = values.shift();
		const text = kind == 'd' ? String(Math.trunc(value)) : kind == 'f' ? Number(value).toFixed(digits) :
			kind == 'x' ? Number(value).toString(16) : String(value);
		return text.padStart(width, zero || ' ');
	});
};

window._ = text => (window.translations || {})[text] || text;

window.E = function(name, attributes, children) {
	if (attributes instanceof Node || Array.isArray(attributes) || typeof attributes == 'string')
		[ attributes, children ] = [ {}, attributes ];
	const node = document.createElement(name);
	for (const [ key, value ] of Object.entries(attributes || {}))
		if (typeof value == 'function')
			node.addEventListener(key, value);
		else if (value != null)
			node.setAttribute(key, value);
	if (Array.isArray(children))
		children.filter(child => child != null).forEach(child => node.append(child));
	else if (children instanceof Node)
		node.append(children);
	else if (children != null)
		node.innerHTML = children;
	return node;
};

const classes = {};
const baseclass = { extend: properties => properties };

/* rpc, poll, ui */

const rpc = {
	declare: declared => (...values) => {
		const params = {};
		(declared.params || []).forEach((name, i) => params[name] = values[i]);
		return fetch('/ubus', { method: 'POST', body: JSON.stringify({
			jsonrpc: '2.0', id: 1, method: 'call', params: [ 'session', declared.object, declared.method, params ]
		}) }).then(answer => answer.json()).then(message => {
			if (message.error)
				throw new Error(message.error.message);
			return message.result.length > 1 ? message.result[1] : message.result[0];
		});
	}
};

const poll = { add: (task, seconds) => setInterval(task, seconds * 1000) };

const ui = {
	tabs: { initTabGroup: () => {} },
	createHandlerFn: (self, task) => task,
	showModal(title, children) {
		ui.hideModal();
		document.body.append(E('div', { 'class': 'modal' }, [ E('h4', [ title ]) ].concat(children)));
	},
	hideModal: () => document.querySelectorAll('.modal').forEach(node => node.remove()),
	addNotification: (title, node, kind) =>
		document.body.prepend(E('div', { 'class': 'alert-message notification %s'.format(kind || '') }, [ node ]))
};

/* uci: changes are made here, and `save` stages them on the router. */

const callGet = rpc.declare({ object: 'uci', method: 'get', params: [ 'config' ] });
const callChange = rpc.declare({ object: 'uci', method: 'set', params: [ 'config', 'section', 'values' ] });
const callDelete = rpc.declare({ object: 'uci', method: 'delete', params: [ 'config', 'section', 'options' ] });
const values = {}, staged = {};

const uci = {
	load: config => callGet(config).then(answer => {
		values[config] = values[config] || answer.values;
		staged[config] = staged[config] || structuredClone(answer.values);
	}),
	sections: (config, type) => Object.values(values[config] || {}).filter(one => !type || one['.type'] == type)
		.sort((a, b) => a['.index'] - b['.index']),
	get: (config, id, name) => name ? ((values[config] || {})[id] || {})[name] : (values[config] || {})[id],
	set: (config, id, name, value) => value == null ? uci.unset(config, id, name) : values[config][id][name] = value,
	unset: (config, id, name) => { delete values[config][id][name]; },
	add(config, type) {
		const id = 'new%d'.format(Object.keys(values[config]).length);
		values[config][id] = { '.name': id, '.type': type, '.anonymous': true, '.index': 1000 };
		return id;
	},
	remove: (config, id) => { delete values[config][id]; },
	save(config = 'bellhop') {
		const left = Object.entries(staged[config]).map(([ id, one ]) => !values[config][id] ? callDelete(config, id) :
			callDelete(config, id, Object.keys(one).filter(name => !(name in values[config][id]))));
		staged[config] = structuredClone(values[config]);
		return Promise.all(left).then(() => Promise.all(Object.values(values[config]).map(one => callChange(config, one['.name'], one))));
	},
	apply: rpc.declare({ object: 'uci', method: 'apply', params: [ 'rollback' ] })
};

/* form */

const DATATYPES = {
	port: text => /^\d+$/.test(text) && +text <= 65535,
	host: text => /^[A-Za-z0-9.:-]+$/.test(text)
};

class Option {
	constructor(map, section, name, title, help) {
		Object.assign(this, { map, section, option: name, title, description: help, choices: [], rmempty: true });
	}
	value(value, title) { this.choices.push([ value, title || value ]); }
	cfgvalue(id) { return this.map.data.get(this.map.config, id, this.option); }
	textvalue(id) { return E('span', [ String(this.cfgvalue(id) || '') ]); }
	validate() { return true; }
	write(id, value) { this.map.data.set(this.map.config, id, this.option, value); }
	remove(id) { this.map.data.unset(this.map.config, id, this.option); }
	field(id) { return document.getElementById('%s.%s'.format(id, this.option)); }
	formvalue(id) { const node = this.field(id); return node ? node.value : this.cfgvalue(id); }
	input(id) { return E('input', { 'placeholder': this.placeholder, 'value': this.cfgvalue(id) || '' }); }
	renderWidget(id) {
		const node = this.input(id);
		node.id = '%s.%s'.format(id, this.option);
		node.dataset.option = this.option;
		node.addEventListener('input', () => this.onchange && this.onchange());
		return node;
	}
	render(id) {
		return E('div', { 'class': 'cbi-value' }, [
			E('label', { 'class': 'cbi-value-title' }, [ this.title ]),
			E('div', { 'class': 'cbi-value-field' }, [ this.renderWidget(id), E('div', { 'class': 'cbi-value-description' }, [ this.description || '' ]) ])
		]);
	}
	/* Throws where the field holds what the option does not take. */
	check(id) {
		if (!this.field(id))
			return;
		const value = this.formvalue(id), words = Array.isArray(value) ? value : value ? [ value ] : [];
		const fits = DATATYPES[this.datatype] || (() => true);
		const verdict = words.length ? words.every(word => fits(word)) && this.validate(id, value) :
			this.rmempty ? this.validate(id, '') : 'needed';
		this.field(id).classList.toggle('cbi-input-invalid', verdict !== true);
		if (verdict !== true)
			throw new Error('%s: %s'.format(this.title, verdict || this.datatype));
	}
	parse(id) {
		const value = this.formvalue(id);
		if (!this.field(id))
			return;
		if (!value || !value.length)
			this.remove(id);
		else if (this.forcewrite || String(value) != String(this.cfgvalue(id)))
			this.write(id, value);
	}
}

class Flag extends Option {
	input(id) {
		const node = E('input', { 'type': 'checkbox' });
		node.checked = (this.cfgvalue(id) || this.default) == '1';
		return node;
	}
	formvalue(id) { const node = this.field(id); return node ? node.checked ? '1' : '0' : this.cfgvalue(id); }
}

class ListValue extends Option {
	input(id) {
		const chosen = this.cfgvalue(id) || this.default;
		return E('select', this.choices.map(([ value, title ]) =>
			E('option', { 'value': value, 'selected': value == chosen ? '' : null }, [ title ])));
	}
}

class DynamicList extends Option {
	input(id) { return E('input', { 'placeholder': this.placeholder, 'value': [].concat(this.cfgvalue(id) || []).join(' ') }); }
	formvalue(id) { return this.field(id) ? this.field(id).value.split(/\s+/).filter(word => word) : this.cfgvalue(id); }
}

class DummyValue extends Option {
	input(id) { return E('output', [ String(this.cfgvalue(id) || '') ]); }
	check() {}
	parse() {}
}

class Section {
	constructor(map, type, title, help) {
		Object.assign(this, { map, sectiontype: type, title, description: help, children: [] });
		this.modaltitle = this.sectiontitle = id => id;
	}
	tab() {}
	handleRemove(id) {
		uci.remove(this.map.config, id);
		this.node.replaceWith(this.render());
	}
	option(kind, name, title, help) {
		const made = new kind(this.map, this, name, title, help);
		this.children.push(made);
		return made;
	}
	taboption(tab, ...rest) { return this.option(...rest); }
	ids() { return uci.sections(this.map.config, this.sectiontype).map(one => one['.name']); }
	formvalue(id, name) { return this.children.find(one => one.option == name).formvalue(id); }
	each(step) { this.ids().forEach(id => this.children.forEach(one => one[step](id))); }
	head() { return [ E('h3', [ this.title || '' ]), E('div', { 'class': 'cbi-section-descr' }, [ this.description || '' ]) ]; }
	render() {
		return E('div', { 'class': 'cbi-section', 'data-type': this.sectiontype }, this.head().concat(this.ids().map(id =>
			E('div', { 'data-section': id }, this.children.map(one => one.render(id))))));
	}
}

/* The one section of this name. */
class NamedSection extends Section {
	constructor(map, name, type, title, help) {
		super(map, type, title, help);
		this.section = name;
	}
	ids() { return this.map.data.get(this.map.config, this.section) ? [ this.section ] : []; }
}

class GridSection extends Section {
	render() {
		const shown = this.children.filter(one => !one.modalonly);
		this.node = E('div', { 'class': 'cbi-section', 'data-type': this.sectiontype }, this.head().concat([
			E('table', { 'class': 'table' }, [
				E('tr', { 'class': 'tr table-titles' }, shown.map(one => E('th', { 'class': 'th' }, [ one.title ])))
			].concat(this.ids().map(id => E('tr', { 'class': 'tr', 'data-section': id }, shown.map(one =>
				E('td', { 'class': 'td' }, [ one.textvalue(id) ])).concat([ E('td', { 'class': 'td' }, [
					E('button', { 'class': 'btn edit', 'click': () => this.edit(id) }, [ 'Edit' ]),
					this.addremove ? E('button', { 'class': 'btn delete', 'click': ev => this.handleRemove(id, ev) }, [ 'Delete' ]) : ''
				]) ]))))),
			this.addremove ? E('button', { 'class': 'btn add', 'click': () => this.edit(uci.add(this.map.config, this.sectiontype)) },
				[ this.addbtntitle || 'Add' ]) : ''
		]));
		return this.node;
	}
	edit(id) {
		ui.showModal(this.modaltitle(id), this.children.filter(one => one.modalonly !== false).map(one => one.render(id)).concat([
			E('div', { 'class': 'error' }),
			E('button', { 'class': 'btn save', 'click': () => this.save(id) }, [ 'Save' ])
		]));
	}
	save(id) {
		const shown = this.children.filter(one => one.modalonly !== false);
		try {
			shown.forEach(one => one.check(id));
		} catch (error) {
			document.querySelector('.modal .error').textContent = error.message;
			return;
		}
		shown.forEach(one => one.parse(id));
		ui.hideModal();
		this.node.replaceWith(this.render());
	}
	each() {}
}

class Map_ {
	constructor(config, title, help, data = uci) { Object.assign(this, { config, title, help, data, children: [] }); }
	section(kind, type, title, help) {
		const made = new kind(this, type, title, help);
		this.children.push(made);
		return made;
	}
	render() {
		return this.data.load(this.config).then(() => E('div', { 'class': 'cbi-map' }, [
			this.title ? E('h2', [ this.title ]) : '', E('div', { 'class': 'cbi-map-descr' }, [ this.help || '' ])
		].concat(this.children.map(one => one.render()))));
	}
	read() { [ 'check', 'parse' ].forEach(step => this.children.forEach(one => one.each(step))); }
	parse() { return Promise.resolve().then(() => this.read()); }
	save() {
		this.read();
		return uci.save(this.config).then(() => uci.apply(false));
	}
}

/* Sections in the memory of the page, each { name: { option: value } }, in place of those of uci. */
class JSONMap extends Map_ {
	constructor(sections, title, help) {
		super('json', title, help, {
			load: () => Promise.resolve(),
			get: (config, id, name) => name ? (sections[id] || {})[name] : sections[id],
			set: (config, id, name, value) => { sections[id][name] = value; },
			unset: (config, id, name) => { delete sections[id][name]; }
		});
	}
	save() { return this.parse(); }
}

const form = { Map: function(...values) { return current = new Map_(...values); }, JSONMap, TypedSection: Section, NamedSection,
	GridSection, Value: Option, Flag, ListValue, DynamicList, DummyValue };
let current = null;

/* The loader: a module names what it needs in lines of its own before the rest. */

const widgets = { ZoneSelect: DynamicList, DeviceSelect: DynamicList };
/* What is in the picture is not drawn: that is for LuCI's own library. */
const uqr = { renderSVG: text => '<svg xmlns="http://www.w3.org/2000/svg"><desc>%s</desc></svg>'.format(text) };

const builtin = { baseclass, uqr, 'tools.widgets': widgets, rpc, poll, ui, uci, form, view: baseclass };

function load(name) {
	if (builtin[name])
		return Promise.resolve(builtin[name]);
	return classes[name] = classes[name] || fetch('/luci-static/resources/%s.js'.format(name.replaceAll('.', '/')))
		.then(answer => answer.text()).then(text => {
			const needed = [ ...text.matchAll(/^'require ([\w.]+)(?: as (\w+))?';$/gm) ];
			return Promise.all(needed.map(one => load(one[1]))).then(found =>
				new Function(...needed.map(one => one[2] || one[1]), text)(...found));
		});
}

window.L = { require: load, url: (...parts) => '/' + parts.join('/'), resolveDefault: (promise, fallback) => promise.catch(() => fallback) };

window.showView = function(name, place) {
	return load(name).then(view => Promise.resolve(view.load ? view.load() : null)
		.then(loaded => view.render(loaded)).then(node => {
			place.replaceChildren(node);
			if (view.handleSaveApply !== null && current)
				place.append(E('button', { 'class': 'btn save-apply', 'click': () => current.save().catch(error =>
					ui.addNotification(null, E('p', [ error.message ]), 'danger')) }, [ 'Save & Apply' ]));
		}));
};
