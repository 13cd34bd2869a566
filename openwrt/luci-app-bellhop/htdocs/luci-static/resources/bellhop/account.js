'use strict';
'require baseclass';
'require form';
'require uci';
'require bellhop.api as api';
'require bellhop.digest as digest';

/* What a person enters into a phone, and how one sees that it rings. */

/* LuCI's own drawer of QR codes; without its package there is no picture. */
let uqr = null;

/* Passwords that were made here and not saved yet. */
const fresh = {};

function domain() {
	return (uci.sections('bellhop', 'node')[0] || {}).domain || 'localhost';
}

/* The router as phones on the LAN reach it: where the node listens, with the port. */
function placeOf(status, interfaces) {
	const found = (status.listening || []).filter(one => one.transport == 'udp' && !one.host.includes(':') && one.host != '127.0.0.1');
	const lan = (interfaces['interface'] || []).filter(one => one['interface'] == 'lan').map(one => (one['ipv4-address'] || [])[0])[0];
	const own = found.find(one => lan && one.host == lan.address) || found[0];
	const host = own ? own.host : lan ? lan.address : window.location.hostname;
	const port = own ? own.port : (uci.sections('bellhop', 'node')[0] || {}).sip_port || 5060;
	return '%s:%d'.format(host, port);
}

return baseclass.extend({
	/* Resolves to HOST:PORT. */
	server: function() {
		return Promise.all([ api.ask('status'), api.ask('network.interface dump'), L.resolveDefault(L.require('uqr')), uci.load('bellhop') ]).then(([ status, interfaces, found ]) => {
			uqr = found;
			return placeOf(status, interfaces);
		});
	},

	/* A section that somebody wrote by hand may be named after the account. */
	name: function(id) {
		const section = uci.get('bellhop', id) || { '.anonymous': true };
		return section.name || (section['.anonymous'] ? '' : id);
	},

	/* A picture of what to enter: the camera of a phone shows it as text that can be copied. */
	code: function(server, name, password) {
		return this.drawn('%s: %s\n%s: %s\n%s: %s'.format(_('Server'), server, _('Account'), name, _('Password'), password),
			_('Server, account and password'));
	},

	/* A path of the node's own pages, as phones on the LAN reach it. */
	url: function(server, path) {
		const port = (uci.sections('bellhop', 'node')[0] || {}).http_port || 8086;
		return 'http:' + '//%s:%d%s'.format(server.split(':')[0], port, path);
	},

	/* A URL that the node told, with the address by which phones on the LAN reach this router. */
	near: function(server, told) {
		const made = new URL(told || 'http:' + '//' + server);
		made.hostname = server.split(':')[0];
		return made.href;
	},

	/* A QR code, where LuCI has its drawer of them. */
	drawn: function(text, label) {
		if (!uqr)
			return '';
		const drawn = new DOMParser().parseFromString(uqr.renderSVG(text, { pixelSize: 4 }), 'image/svg+xml').documentElement;
		drawn.setAttribute('role', 'img');
		drawn.setAttribute('aria-label', label);
		return drawn;
	},

	/* Writes the hashes of a password into a section. */
	setPassword: function(id, name, password) {
		const hashes = digest.ha1(name, domain().toLowerCase(), password);
		Object.keys(hashes).forEach(one => uci.set('bellhop', id, one, hashes[one]));
		uci.unset('bellhop', id, 'password');
	},

	/* nameOption: that of the account; LuCI copies both into the window of one phone. */
	addPassword: function(section, tab, nameOption, server) {
		const option = section.taboption(tab, form.Value, '_password', _('Password'),
			_('Shown only now: enter it into the phone. The router keeps what it needs to check it, not the password.'));
		const self = this;
		let redraw = () => {};
		option.modalonly = option.forcewrite = true;
		option.placeholder = _('unchanged');
		option.cfgvalue = id => uci.get('bellhop', id, 'ha1_md5') || uci.get('bellhop', id, 'password') ? '' :
			(fresh[id] = fresh[id] || digest.newPassword());
		option.renderWidget = function(id, ...rest) {
			const picture = E('div', { 'style': 'margin-top:.5em' });
			redraw = () => {
				const name = this.section.formvalue(id, 'name'), text = this.section.formvalue(id, '_password');
				picture.replaceChildren(...(name && text ? [ self.code(server(), name, text),
					E('div', [ _('The camera of a mobile phone reads it.') ]) ] : []));
			};
			window.setTimeout(redraw);
			return E('div', [ form.Value.prototype.renderWidget.call(this, id, ...rest), picture ]);
		};
		option.onchange = nameOption.onchange = () => redraw();
		option.validate = function(id, text) {
			if (text)
				return text.length >= 8 || _('at least 8 letters');
			return this.cfgvalue(id) == '' && this.section.formvalue(id, 'name') == self.name(id) ||
				_('a password: it holds for one account name only');
		};
		option.write = function(id, text) {
			self.setPassword(id, this.section.formvalue(id, 'name'), text);
		};
		option.remove = () => {};
	},

	newPassword: digest.newPassword,

	/* Shows how the phones of a user ring, until they are done. */
	showRinging: function(name, answer) {
		if (answer.error)
			return answer;
		api.modal(_('Ringing') + ' ' + name, [ api.table([
			[ _('Phone'), row => row.phone || row.contact ], [ _('State'), row => '%s %s'.format(api.word(row.state), row.refusal || '') ]
		], answer.phones, '') ]);
		const shown = document.querySelector('.modal');
		if (!answer.is_over)
			window.setTimeout(() => shown && shown.checkVisibility() &&
				api.ask('rung', name).then(fresh => this.showRinging(name, fresh)), 1000);
		return answer;
	}
});
