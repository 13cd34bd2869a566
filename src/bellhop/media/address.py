"""Internet addresses in SDP: text and octets, and where no media may be sent (RFC 8866, 6890)."""

DIGITS, HEX = b"0123456789", b"0123456789abcdef"
# An old way to say "send nothing for now" (RFC 3264 section 8.4).
NOWHERE = (bytes(4), bytes(16))
LOOPBACK6 = bytes(15) + b"\x01"
# IPv6: multicast, IPv4 in disguise twice.
UNUSABLE6 = (b"\xff", bytes(10) + b"\xff\xff", bytes(12))
# RFC 1918, 6598 (shared), 3927 and 4193: (first octets, bits).
PRIVATE = (
    (b"\x0a\0\0\0", 8),
    (b"\xac\x10\0\0", 12),
    (b"\xc0\xa8\0\0", 16),
    (b"\x64\x40\0\0", 10),
    (b"\xa9\xfe\0\0", 16),
    (b"\xfc" + bytes(15), 7),
    (b"\xfe\x80" + bytes(14), 10),
)


def octets_of(text):
    """Return the 4 or 16 octets of an address in bytes, or None where it is none."""
    return _ip6(text.lower()) if b":" in text else _ip4(text)


def _ip4(text):
    parts = text.split(b".")
    if len(parts) != 4:
        return None
    numbers = [_number(part, DIGITS, 3, 255) for part in parts]
    return None if None in numbers else bytes(numbers)


def _ip6(text):
    head, gap, tail = text.partition(b"::")
    before, after = _groups(head), _groups(tail)
    if before is None or after is None or b"::" in tail:
        return None
    missing = 16 - len(before) - len(after)
    if missing < 0 or bool(missing) != bool(gap):
        return None
    return before + bytes(missing) + after


def _groups(text):
    packed = b""
    parts = text.split(b":") if text else []
    for index, part in enumerate(parts):
        if b"." in part and index == len(parts) - 1:
            octets = _ip4(part)
        else:
            number = _number(part, HEX, 4, 65535)
            octets = None if number is None else bytes((number >> 8, number & 255))
        if octets is None:
            return None
        packed += octets
    return packed


def _number(text, digits, most, highest):
    if not text or len(text) > most or text.strip(digits):
        return None
    value = int(text, len(digits))
    return value if value <= highest else None


def write(octets):
    """Return the text of an address, in bytes; IPv6 without any `::`."""
    if len(octets) == 4:
        return b".".join([str(octet).encode() for octet in octets])
    groups = [int.from_bytes(octets[at : at + 2], "big") for at in range(0, 16, 2)]
    return b":".join([("%x" % group).encode() for group in groups])


def is_usable(octets, local):
    """Tell whether media may be sent to an address from the local one."""
    if len(octets) != len(local):
        return False
    if len(octets) == 4:
        is_loopback = octets[0] == 127
        return is_loopback == (local[0] == 127) and 0 < octets[0] < 224
    if octets == LOOPBACK6 or local == LOOPBACK6:
        return local == octets
    return not [prefix for prefix in UNUSABLE6 if octets.startswith(prefix)]


def is_link_local(octets):
    """Tell whether an address means something on one link only (RFC 4291 section 2.5.6)."""
    return len(octets) == 16 and octets[0] == 0xFE and octets[1] & 0xC0 == 0x80


def is_private(octets):
    """Tell whether an address means something inside one network only."""
    for network, bits in PRIVATE:
        shift = 8 * len(network) - bits
        if len(network) == len(octets) and not _difference(network, octets) >> shift:
            return True
    return False


def _difference(one, other):
    return int.from_bytes(one, "big") ^ int.from_bytes(other, "big")
