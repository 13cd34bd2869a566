'use strict';
/* QR codes (ISO/IEC 18004): octets, correction level M, versions 1 to 10, the mask of least penalty. */
const qr = (() => {
	/* Of each version: octets of correction in a block, blocks, data octets in the shorter of them. */
	const BLOCKS = [ [ 10, 1, 16 ], [ 16, 1, 28 ], [ 26, 1, 44 ], [ 18, 2, 32 ], [ 24, 2, 43 ], [ 16, 4, 27 ], [ 18, 4, 31 ], [ 22, 4, 38 ], [ 22, 5, 36 ], [ 26, 5, 43 ] ];
	const LONGER = [ 0, 0, 0, 0, 0, 0, 0, 2, 2, 1 ];
	const EXP = [], LOG = [];
	for (let i = 0, x = 1; i < 255; i++) {
		EXP[i] = EXP[i + 255] = x;
		LOG[x] = i;
		x = x << 1 ^ (x > 127 ? 0x11d : 0);
	}

	function correction(data, size) {
		let divisor = [ 1 ];
		for (let i = 0; i < size; i++)
			divisor = [ ...divisor, 0 ].map((value, at) => value ^ (at && divisor[at - 1] ? EXP[LOG[divisor[at - 1]] + i] : 0));
		const rest = [ ...data, ...Array(size).fill(0) ];
		for (let i = 0; i < data.length; i++) {
			const factor = rest[i];
			divisor.forEach((value, at) => rest[i + at] ^= value && factor ? EXP[LOG[value] + LOG[factor]] : 0);
		}
		return rest.slice(data.length);
	}

	function codewords(octets, version) {
		const [ size, count, short ] = BLOCKS[version - 1], longer = LONGER[version - 1], total = count * short + longer;
		const wide = version > 9, bits = [];
		const put = (value, n) => { while (n--) bits.push(value >> n & 1); };
		put(4, 4);
		put(octets.length, wide ? 16 : 8);
		octets.forEach(octet => put(octet, 8));
		put(0, Math.min(4, total * 8 - bits.length));
		put(0, -bits.length & 7);
		const data = [];
		for (let i = 0; i < bits.length; i += 8)
			data.push(parseInt(bits.slice(i, i + 8).join(''), 2));
		for (let pad = 0xec; data.length < total; pad ^= 0xfd)
			data.push(pad);
		const blocks = [];
		for (let i = 0, at = 0; i < count; i++) {
			const long = short + (i >= count - longer ? 1 : 0);
			blocks.push(data.slice(at, at += long));
		}
		const checks = blocks.map(block => correction(block, size)), found = [];
		for (let i = 0; i <= short; i++)
			blocks.forEach(block => i < block.length && found.push(block[i]));
		for (let i = 0; i < size; i++)
			checks.forEach(check => found.push(check[i]));
		return found;
	}

	const MASKS = [ (y, x) => (y + x) % 2, y => y % 2, (y, x) => x % 3, (y, x) => (y + x) % 3, (y, x) => ((y >> 1) + (x / 3 | 0)) % 2,
		(y, x) => y * x % 2 + y * x % 3, (y, x) => (y * x % 2 + y * x % 3) % 2, (y, x) => ((y + x) % 2 + y * x % 3) % 2 ];

	function frame(version) {
		const size = 17 + 4 * version, field = Array.from({ length: size }, () => Array(size).fill(null));
		const set = (y, x, dark) => { if (field[y] && x >= 0 && x < size) field[y][x] = dark ? 1 : 0; };
		const square = (y, x, reach, rings) => {
			for (let dy = -reach; dy <= reach; dy++)
				for (let dx = -reach; dx <= reach; dx++)
					set(y + dy, x + dx, rings.includes(Math.max(Math.abs(dy), Math.abs(dx))));
		};
		for (let i = 0; i < size; i++) {
			set(6, i, i % 2 == 0);
			set(i, 6, i % 2 == 0);
		}
		[ [ 3, 3 ], [ 3, size - 4 ], [ size - 4, 3 ] ].forEach(([ y, x ]) => square(y, x, 4, [ 0, 1, 3 ]));
		const places = version < 2 ? [] : version < 7 ? [ 6, size - 7 ] : [ 6, size / 2 | 0, size - 7 ];
		places.forEach((y, i) => places.forEach((x, j) => {
			const last = places.length - 1;
			if (!(i == 0 && (j == 0 || j == last) || i == last && j == 0))
				square(y, x, 2, [ 0, 2 ]);
		}));
		const check = (value, n, polynomial) => {
			let rest = value;
			for (let i = 0; i < n; i++)
				rest = rest << 1 ^ (rest >> n - 1) * polynomial;
			return value << n | rest;
		};
		if (version > 6) {
			const bits = check(version, 12, 0x1f25);
			for (let i = 0; i < 18; i++) {
				set(i / 3 | 0, size - 11 + i % 3, bits >> i & 1);
				set(size - 11 + i % 3, i / 3 | 0, bits >> i & 1);
			}
		}
		/* Level M is 0: only the mask stands in the format. */
		const format = mask => {
			const bits = check(mask, 10, 0x537) ^ 0x5412;
			for (let i = 0; i < 15; i++) {
				set(i < 6 ? i : i < 8 ? i + 1 : size - 15 + i, 8, bits >> i & 1);
				set(8, i < 8 ? size - 1 - i : i < 9 ? 7 : 14 - i, bits >> i & 1);
			}
			set(size - 8, 8, 1);
		};
		format(0);
		return [ field, format ];
	}

	function penalty(field) {
		const size = field.length, turned = field.map((row, y) => row.map((_, x) => field[x][y]));
		let found = 0, dark = 0;
		[ field, turned ].forEach(rows => rows.forEach(row => {
			const text = row.join('');
			(text.match(/0{5,}|1{5,}/g) || []).forEach(run => found += run.length - 2);
			for (let x = 0; x + 11 <= size; x++)
				found += /^(10111010000|00001011101)$/.test(text.substr(x, 11)) ? 40 : 0;
		}));
		for (let y = 0; y < size; y++)
			for (let x = 0; x < size; x++) {
				dark += field[y][x];
				const sum = y && x ? field[y][x] + field[y - 1][x] + field[y][x - 1] + field[y - 1][x - 1] : 1;
				found += sum % 4 ? 0 : 3;
			}
		return found + 10 * Math.floor(Math.abs(dark * 20 / (size * size) - 10));
	}

	/* Returns rows of 0 and 1; asked: the mask, for tests. Throws where the text is too long. */
	function matrix(text, asked) {
		const octets = [ ...new TextEncoder().encode(text) ];
		const version = 1 + BLOCKS.findIndex(([ , count, short ], i) => octets.length + (i > 8 ? 3 : 2) <= count * short + LONGER[i]);
		if (!version)
			throw new RangeError('too long for a QR code');
		const [ field, format ] = frame(version), size = field.length, words = codewords(octets, version), free = [];
		for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
			right -= right == 6 ? 1 : 0;
			for (let i = 0; i < size; i++)
				[ right, right - 1 ].forEach(x => {
					const y = up ? size - 1 - i : i;
					if (field[y][x] === null)
						free.push([ y, x ]);
				});
		}
		let best = null;
		(asked === undefined ? [ ...MASKS.keys() ] : [ asked ]).forEach(mask => {
			free.forEach(([ y, x ], i) => field[y][x] = (words[i >> 3] >> 7 - i % 8 & 1) ^ (MASKS[mask](y, x) == 0 ? 1 : 0));
			format(mask);
			const cost = penalty(field);
			if (!best || cost < best[0])
				best = [ cost, field.map(row => row.slice()) ];
		});
		return best[1];
	}

	return {
		matrix: matrix,

		/* An SVG element with the quiet zone around the code. */
		svg: function(text, label) {
			const rows = matrix(text), size = rows.length + 8, made = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
			const path = rows.map((row, y) => row.map((dark, x) => dark ? 'M' + (x + 4) + ' ' + (y + 4) + 'h1v1h-1z' : '').join('')).join('');
			made.setAttribute('viewBox', '0 0 ' + size + ' ' + size);
			made.setAttribute('role', 'img');
			made.setAttribute('aria-label', label);
			made.setAttribute('class', 'qr');
			[ [ 'M0 0h' + size + 'v' + size + 'h-' + size + 'z', '#fff' ], [ path, '#000' ] ].forEach(([ shape, colour ]) => {
				const drawn = document.createElementNS('http://www.w3.org/2000/svg', 'path');
				drawn.setAttribute('d', shape);
				drawn.setAttribute('fill', colour);
				made.append(drawn);
			});
			return made;
		}
	};
})();
