'use strict';
'require view';
'require poll';
'require bellhop.api as api';

const WIDTH = Math.max(Math.min(window.innerWidth, 800), 320), HEIGHT = WIDTH / 2 + 60, MARGIN = 60, MOST_DRAWN = 200;
const GOOD = 1, FAIR = 3;

/* Two nodes of one name are told apart by the first letters of their keys. */
function labels(nodes) {
	const count = {}, found = {};
	nodes.forEach(node => count[node.name] = (count[node.name] || 0) + 1);
	nodes.forEach(node => found[node.node] = !node.name ? node.node.slice(0, 8) :
		node.name.slice(0, 24) + (count[node.name] > 1 ? ' (%s)'.format(node.node.slice(0, 4)) : ''));
	return found;
}

/* How well one hop is heard. */
function quality(cost) {
	return cost <= GOOD ? [ 'success', _('good') ] : cost <= FAIR ? [ 'warning', _('fair') ] : [ 'danger', _('weak') ];
}

function svg(name, attributes, children) {
	const node = document.createElementNS('http://www.w3.org/2000/svg', name);
	Object.keys(attributes).forEach(key => node.setAttribute(key, attributes[key]));
	(children || []).forEach(child => node.append(child));
	return node;
}

/* This node in the middle, its neighbours around it, then theirs; who is gone on the outermost ring. */
function arrange(nodes, hops) {
	const rings = [], places = {};
	nodes.forEach(({ node }) => (rings[hops[node]] = rings[hops[node]] || []).push(node));
	rings.forEach((ring, distance) => ring.sort().forEach((node, i) => {
		const angle = 2 * Math.PI * i / ring.length + (distance - 1) * 0.6, reach = distance / (rings.length - 1 || 1);
		places[node] = [ WIDTH / 2 + (WIDTH / 2 - MARGIN) * reach * Math.cos(angle), HEIGHT / 2 + (HEIGHT / 2 - MARGIN) * reach * Math.sin(angle) ];
	}));
	return places;
}

/* hops: id -> how far a node in reach is; the others are grey. */
function picture(graph, names, hops) {
	const nodes = graph.nodes.slice(0, MOST_DRAWN);
	const edges = graph.edges.filter(([ a, b ]) => [ a, b ].every(id => nodes.some(node => node.node == id)));
	const furthest = Math.max(...Object.values(hops)) + 1, is_there = id => id in hops;
	const places = arrange(nodes, nodes.reduce((all, { node }) => Object.assign(all, { [node]: is_there(node) ? hops[node] : furthest }), {}));

	const lines = edges.map(([ a, b, cost ]) => {
		const [ kind, words ] = is_there(a) && is_there(b) ? quality(cost) : [ '', _('gone') ];
		return svg('path', { d: 'M%d,%dL%d,%d'.format(...places[a], ...places[b]), 'stroke-width': 3,
			style: 'stroke:' + api.colour(kind), 'stroke-opacity': kind ? 0.8 : 0.3, 'stroke-dasharray': kind == 'success' ? 'none' : '6 4' },
		[ svg('title', {}, [ words ]) ]);
	});
	const dots = nodes.map(({ node }) => svg('g', { transform: 'translate(%d %d)'.format(...places[node]),
		opacity: is_there(node) ? 1 : 0.35 }, [
		svg('title', {}, [ node ]),
		svg('circle', { r: node == graph.own ? 13 : 9, style: 'fill:' + (is_there(node) ? api.colour(node == graph.own ? 'success' : 'primary') : 'gray') }),
		svg('text', { y: node == graph.own ? -20 : 28, 'font-size': 15, fill: 'currentColor', 'text-anchor': 'middle' },
			[ node != graph.own ? names[node] : (graph.has_twin ? _('%s (this node, and a twin)') : _('%s (this node)')).format(names[node]) ])
	]));
	const rows = Object.values(places).map(place => place[1]), top = Math.min(...rows) - MARGIN / 2;
	return svg('svg', { viewBox: '0 %d %d %d'.format(top, WIDTH, Math.max(...rows) + MARGIN - top), style: 'width:100%;max-height:60vh', role: 'img',
		'aria-label': _('Nodes and their links') }, lines.concat(dots));
}

function load() {
	return Promise.all([ api.ask('mesh'), api.ask('routes'), api.ask('peers'), api.ask('pins'), api.ask('outbox') ]);
}

function way(row, names) {
	return row.hops == 1 ? _('directly') : _('over %s, %d hops').format(names[row.via] || row.via.slice(0, 8), row.hops);
}

/* The owner's word to a new key or router, which he has from a talk with the people there. */
function answer(row, verdict) {
	return () => api.ask('confirm', row.key, verdict);
}

function drawPins(pins) {
	return api.section(_('Routers of your contacts'), api.table([
		[ _('Name'), row => E('strong', [ row.name.slice(0, 24) ]) ],
		[ _('State'), row => row.is_seen ? api.word(row.state) : api.mark('warning', api.word(row.state)) ],
		[ _('Key'), row => E('small', [ api.code(row.new || row.key) ]) ],
		[ '', row => row.is_seen ? '' : E('div', [ _('Ask them by another way. Is it true?'), ' ',
			api.button(_('Yes'), answer(row, 'yes'), 'positive'), ' ', api.button(_('No'), answer(row, 'no'), 'remove') ]) ]
	], pins, ''));
}

function drawOutbox(rows) {
	return api.section(_('Texts that wait for routers that are off'), api.table([
		[ _('From'), row => row.user ],
		[ _('To'), row => api.code(row.to) ],
		[ _('Kept for'), row => api.duration(row.hours_left * 3600) ]
	], rows, ''));
}

function draw([ graph, routes, peers, pins, outbox ]) {
	if (graph.error)
		return api.refusal(graph);
	const names = labels(graph.nodes), hops = { [graph.own]: 0 }, rows = routes.routes || [];
	rows.forEach(row => hops[row.node] = row.hops);
	const gone = graph.nodes.filter(({ node }) => !(node in hops));
	return E('div', [
		graph.nodes.length > 1 ? picture(graph, names, hops) :
			E('p', [ _('This node is alone: it has found no other.') ]),
		graph.has_twin ? api.alert('danger', _('Another router has the identity of this one, perhaps from a restored backup: calls go to either. Stop one of them.')) : '',
		(pins.pins || []).length ? drawPins(pins.pins) : '',
		(outbox.outbox || []).length ? drawOutbox(outbox.outbox) : '',
		api.section(_('Other nodes'), api.table([
			[ _('Name'), row => E('strong', { 'style': row.hops ? '' : 'opacity:.5' }, [ names[row.node] || row.name || row.node.slice(0, 8) ]) ],
			[ _('Reached'), row => row.hops ? way(row, names) : _('not now') ],
			[ _('Connection'), row => row.hops ? api.mark(...quality(row.cost / row.hops)) : api.word('gone') ],
			[ _('Key'), row => E('small', [ api.code(row.node) ]) ]
		], rows.concat(gone), _('No other node is in reach.'))),
		api.folded(_('Neighbours, for experts'), api.table([
			[ _('Name'), row => names[row.node] || row.name || '' ],
			[ _('Interface'), row => row.link || _('Internet') ],
			[ _('Reached at'), row => _('%s port %d').format(row.host, row.port) ],
			[ _('State'), row => api.word(row.state) ],
			[ _('Heard'), row => _('%s ago').format(api.duration(row.heard_ms / 1000)) ]
		], peers.peers || [], _('No other node is near.')))
	]);
}

return view.extend({
	load: load,

	render: function(loaded) {
		return E('div', [ E('h2', [ _('Mesh') ]), api.live(poll, load, draw, loaded) ]);
	},

	handleSave: null, handleSaveApply: null, handleReset: null
});
