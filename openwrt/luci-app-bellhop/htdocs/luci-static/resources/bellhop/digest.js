'use strict';
'require baseclass';

/* What the node keeps of a password: HA1, the digest of user, realm and password
 * (RFC 7616 section 3.4.2), by MD5 (RFC 1321) and by SHA-256 (FIPS 180-4). The
 * browser's own hashes work only over HTTPS, which few routers have. */

/* No letter that looks like another one: people type it into a phone. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

const TURNS = [ [ 7, 12, 17, 22 ], [ 5, 9, 14, 20 ], [ 4, 11, 16, 23 ], [ 6, 10, 15, 21 ] ];

/* Words of octets with the padding that both hashes share but for the octet order. */
function padded(octets, is_little) {
	const words = new Array((octets.length + 8 >> 6) * 16 + 16).fill(0);
	const place = (octet, at) => { words[at >> 2] |= octet << (is_little ? at % 4 * 8 : 24 - at % 4 * 8); };
	octets.forEach(place);
	place(0x80, octets.length);
	words[words.length - (is_little ? 2 : 1)] = octets.length * 8;
	return words;
}

function hex(words, is_little) {
	return words.map(word => [ 0, 1, 2, 3 ].map(at => '%02x'.format(
		word >>> (is_little ? at * 8 : 24 - at * 8) & 255)).join('')).join('');
}

function md5(octets) {
	const words = padded(octets, true);
	let state = [ 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 ];

	for (let block = 0; block < words.length; block += 16) {
		let [ a, b, c, d ] = state;

		for (let i = 0; i < 64; i++) {
			const round = i >> 4;
			const mix = [ b & c | ~b & d, d & b | ~d & c, b ^ c ^ d, c ^ (b | ~d) ][round];
			const word = words[block + [ i, 5 * i + 1, 3 * i + 5, 7 * i ][round] % 16];
			const sum = a + mix + word + Math.floor(Math.abs(Math.sin(i + 1)) * 4294967296) | 0;
			const turn = TURNS[round][i % 4];
			[ a, d, c, b ] = [ d, c, b, b + (sum << turn | sum >>> 32 - turn) | 0 ];
		}

		state = [ a, b, c, d ].map((word, i) => word + state[i] | 0);
	}

	return hex(state, true);
}

/* The first 32 bits of the fractional parts of a root of the first primes. */
function fractions(count, root) {
	const found = [];
	for (let n = 2; found.length < count; n++) {
		let is_prime = true;
		for (let i = 2; i * i <= n; i++)
			is_prime = is_prime && n % i > 0;
		if (is_prime)
			found.push((Math.pow(n, root) % 1) * 4294967296 | 0);
	}
	return found;
}

function sha256(octets) {
	const words = padded(octets, false), constants = fractions(64, 1 / 3);
	const turned = (x, n) => x >>> n | x << 32 - n;
	let state = fractions(8, 1 / 2);

	for (let block = 0; block < words.length; block += 16) {
		const w = words.slice(block, block + 16);
		let [ a, b, c, d, e, f, g, h ] = state;

		for (let i = 0; i < 64; i++) {
			if (i > 15) {
				const x = w[i - 15], y = w[i - 2];
				w[i] = w[i - 16] + (turned(x, 7) ^ turned(x, 18) ^ x >>> 3) + w[i - 7] +
					(turned(y, 17) ^ turned(y, 19) ^ y >>> 10) | 0;
			}
			const one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + (e & f ^ ~e & g) + constants[i] + w[i];
			const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + (a & b ^ a & c ^ b & c);
			[ h, g, f, e, d, c, b, a ] = [ g, f, e, d + one | 0, c, b, a, one + two | 0 ];
		}

		state = [ a, b, c, d, e, f, g, h ].map((word, i) => word + state[i] | 0);
	}

	return hex(state, false);
}

return baseclass.extend({
	ha1: function(user, realm, password) {
		const octets = Array.from(new TextEncoder().encode([ user, realm, password ].join(':')));
		return { ha1_md5: md5(octets), ha1_sha256: sha256(octets) };
	},

	newPassword: function() {
		return Array.from(crypto.getRandomValues(new Uint8Array(12)), octet => LETTERS[octet % 32]).join('');
	}
});
