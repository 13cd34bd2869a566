"""Repeatable damage to messages, the same under CPython and MicroPython."""

# What a SIP parser reacts to: delimiters, odd octets, numbers at their limits, whole lines.
MORSELS = (
    b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\r\n ", b"\r\n\t", b" ", b"\t", b"\0", b"\x7f", b"\xff",
    b"\xc3\xa4", b"\xe2\x80\xa8", b"\xa0", b"\xb2", b'"', b'\\"', b"\\", b"<", b">", b"<>", b",",
    b";", b";;", b"=", b":", b"::", b"@", b"?", b"&", b"%", b"%0", b"%00", b"%41", b"[", b"]",
    b"[::1]", b"[::ffff:1.2.3.4]", b"(", b")", b"*", b"0", b"-1", b"+1", b"1e3", b"0x10", b"65535",
    b"65536", b"2147483647", b"2147483648", b"4294967296", b"18446744073709551616", b"SIP/2.0",
    b"SIP/2.0 200 OK\r\n", b"sip:", b"sips:", b"tel:+1", b";lr", b";tag=", b";branch=z9hG4bK",
    b";rport", b";received=", b";transport=tcp", b";q=0.5", b";expires=0", b"Via: ", b"v: ",
    b"From: ", b"To: ", b"Contact: *", b"Content-Length: 0\r\n", b"l: 99999\r\n",
    b"Max-Forwards: 0\r\n", b"CSeq: 1 INVITE\r\n", b"Route: <sip:a;lr>\r\n",
)  # fmt: skip


class Random:
    """A small generator (xorshift, 32 bits) that gives both interpreters the same numbers."""

    def __init__(self, seed):
        self.state = (seed & 0xFFFFFFFF) or 1

    def below(self, bound):
        """Return a number from 0 to `bound` - 1."""
        state = self.state
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        self.state = state
        return state % bound

    def choice(self, items):
        """Return one of a sequence."""
        return items[self.below(len(items))]


def mutate(random, seeds):
    """Return one of the messages `seeds` with one to four faults."""
    data = random.choice(seeds)
    for _ in range(1 + random.below(4)):
        data = random.choice(FAULTS)(random, data, seeds)
    return data


def _flip(random, data, seeds):
    if not data:
        return data
    at = random.below(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.below(8))]) + data[at + 1 :]


def _insert(random, data, seeds):
    at = random.below(len(data) + 1)
    return data[:at] + random.choice(MORSELS) + data[at:]


def _overwrite(random, data, seeds):
    at = random.below(len(data) + 1)
    morsel = random.choice(MORSELS)
    return data[:at] + morsel + data[at + len(morsel) :]


def _cut(random, data, seeds):
    at = random.below(len(data) + 1)
    return data[:at] + data[at + 1 + random.below(40) :]


def _truncate(random, data, seeds):
    return data[: random.below(len(data) + 1)]


def _repeat(random, data, seeds):
    at = random.below(len(data) + 1)
    part = data[at : at + 1 + random.below(40)]
    return data[:at] + part * (1 + random.below(8)) + data[at:]


def _splice(random, data, seeds):
    other = random.choice(seeds)
    return data[: random.below(len(data) + 1)] + other[random.below(len(other) + 1) :]


def _drop_line(random, data, seeds):
    lines = data.split(b"\r\n")
    del lines[random.below(len(lines))]
    return b"\r\n".join(lines)


def _swap_lines(random, data, seeds):
    lines = data.split(b"\r\n")
    one, two = random.below(len(lines)), random.below(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\r\n".join(lines)


def _borrow_line(random, data, seeds):
    lines = data.split(b"\r\n")
    lines.insert(random.below(len(lines)), random.choice(random.choice(seeds).split(b"\r\n")))
    return b"\r\n".join(lines)


FAULTS = (
    _flip, _insert, _insert, _overwrite, _cut, _truncate, _repeat, _splice, _drop_line,
    _swap_lines, _borrow_line,
)  # fmt: skip
