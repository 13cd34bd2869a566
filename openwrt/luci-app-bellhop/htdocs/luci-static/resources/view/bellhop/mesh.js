'use strict';
'require view';
'require poll';
'require bellhop.api as api';

const WIDTH = 800, HEIGHT = 480, MARGIN = 60, STEPS = 200, MOST_DRAWN = 200;
const places = {};

function label(node) {
	return (node.name || node.node).slice(0, node.name ? 24 : 8);
}

function svg(name, attributes, children) {
	const node = document.createElementNS('http://www.w3.org/2000/svg', name);
	Object.keys(attributes).forEach(key => node.setAttribute(key, attributes[key]));
	(children || []).forEach(child => node.append(child));
	return node;
}

/* Nodes push each other away and links pull; who has a place keeps near it. */
function arrange(nodes, edges) {
	const ideal = Math.sqrt(WIDTH * HEIGHT / Math.max(nodes.length, 1)) * 0.7;

	nodes.forEach((node, i) => {
		const angle = 2 * Math.PI * i / nodes.length;
		places[node.node] = places[node.node] ||
			[ WIDTH / 2 * (1 + 0.7 * Math.cos(angle)), HEIGHT / 2 * (1 + 0.7 * Math.sin(angle)) ];
	});

	for (let heat = 20, step = 0; step < STEPS; step++, heat *= 0.98) {
		const moves = {};
		const push = (a, b, strength) => {
			const dx = places[a][0] - places[b][0] || 0.1, dy = places[a][1] - places[b][1] || 0.1;
			const distance = Math.hypot(dx, dy), force = strength(distance) / distance;
			moves[a] = moves[a] || [ 0, 0 ];
			moves[a][0] += dx * force;
			moves[a][1] += dy * force;
		};

		nodes.forEach(a => nodes.forEach(b => a != b && push(a.node, b.node, d => ideal * ideal / d)));
		edges.forEach(([ a, b ]) => [ [ a, b ], [ b, a ] ].forEach(pair => push(pair[0], pair[1], d => -d * d / ideal)));
		Object.keys(moves).forEach(id => {
			const [ dx, dy ] = moves[id], length = Math.max(Math.hypot(dx, dy), 0.01), reach = Math.min(length, heat);
			const bound = (value, most) => Math.min(Math.max(value, MARGIN), most - MARGIN);
			places[id] = [ bound(places[id][0] + dx / length * reach, WIDTH), bound(places[id][1] + dy / length * reach, HEIGHT) ];
		});
	}
}

function picture(graph, own) {
	const nodes = graph.nodes.slice(0, MOST_DRAWN), known = {};
	nodes.forEach(node => known[node.node] = true);
	const edges = graph.edges.filter(([ a, b ]) => known[a] && known[b]);
	arrange(nodes, edges);

	const lines = edges.map(([ a, b, cost ]) => svg('g', {}, [
		svg('line', { x1: places[a][0], y1: places[a][1], x2: places[b][0], y2: places[b][1], stroke: 'currentColor', 'stroke-opacity': 0.4 }),
		svg('text', { x: (places[a][0] + places[b][0]) / 2, y: (places[a][1] + places[b][1]) / 2 - 3, 'font-size': 10,
			fill: 'currentColor', 'fill-opacity': 0.7, 'text-anchor': 'middle' }, [ String(cost) ])
	]));
	const dots = nodes.map(node => svg('g', { transform: 'translate(%d %d)'.format(...places[node.node]) }, [
		svg('title', {}, [ node.node ]),
		svg('circle', { r: node.node == own ? 11 : 8, fill: node.node == own ? '#2a7' : '#48c' }),
		svg('text', { y: 24, 'font-size': 13, fill: 'currentColor', 'text-anchor': 'middle' }, [ label(node) ])
	]));
	return svg('svg', { viewBox: '0 0 %d %d'.format(WIDTH, HEIGHT), style: 'width:100%;max-height:70vh', role: 'img',
		'aria-label': _('Nodes and their links') }, lines.concat(dots));
}

function load() {
	return Promise.all([ api.ask('mesh'), api.ask('routes'), api.ask('peers'), api.ask('identity') ]);
}

function draw([ graph, routes, peers, identity ]) {
	if (graph.error)
		return api.refusal(graph);
	const names = {};
	graph.nodes.forEach(node => names[node.node] = node.name);
	return E('div', [
		graph.nodes.length > 1 ? picture(graph, identity.key) : E('p', [ _('This node is alone: it has found no other.') ]),
		api.section(_('Nodes in reach'), api.table([
			[ _('Name'), row => row.name || '' ],
			[ _('Key'), row => api.code(row.node) ],
			[ _('Hops'), row => row.hops ],
			[ _('Cost'), row => row.cost ],
			[ _('By way of'), row => names[row.via] || api.code(row.via) ]
		], routes.routes || [], _('No other node is in reach.'))),
		api.section(_('Neighbours'), api.table([
			[ _('Interface'), row => row.link || _('Internet') ],
			[ _('Reached at'), row => '%s port %d'.format(row.host, row.port) ],
			[ _('State'), row => api.word(row.state) ],
			[ _('Reason'), row => row.reason == row.state ? '' : row.reason || '' ],
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
