"""Internet addresses as octets: parse, write, and the net they belong to (RFC 4291, RFC 5952)."""

from ..errors import MeshError


def pack(host):
    """Return the 4 or 16 octets of an address given as text, zone left out; raise MeshError."""
    if ":" in host:
        return _pack6(host.split("%")[0])
    return _pack4(host)


def _pack4(host):
    parts = host.split(".")
    if len(parts) != 4:
        raise MeshError("not an address")
    return bytes([_group(part, 10, 3, 255) for part in parts])


def _pack6(host):
    head, gap, tail = host.partition("::")
    before = _groups(head)
    after = _groups(tail)
    missing = 16 - len(before) - len(after)
    if missing < 0 or (missing and not gap) or (gap and not missing):
        raise MeshError("not an address")
    return before + bytes(missing) + after


def _groups(text):
    packed = b""
    parts = text.split(":") if text else []
    for index, part in enumerate(parts):
        if "." in part and index == len(parts) - 1:
            packed += _pack4(part)
        else:
            packed += _group(part, 16, 4, 65535).to_bytes(2, "big")
    return packed


def _group(text, base, most, highest):
    """Return one number of an address; `most`: its longest form in digits."""
    digits = "0123456789abcdef"[:base]
    value = 0
    for letter in text.lower():
        digit = digits.find(letter)
        if digit < 0:
            raise MeshError("not an address")
        value = value * base + digit
    if not text or len(text) > most or value > highest:
        raise MeshError("not an address")
    return value


def unpack(octets):
    """Return an address as text; IPv6 with its first longest run of zeros as `::`."""
    if len(octets) == 4:
        return ".".join([str(octet) for octet in octets])
    groups = [int.from_bytes(octets[at : at + 2], "big") for at in range(0, 16, 2)]
    start, length = _longest_zeros(groups)
    texts = ["%x" % group for group in groups]
    if length < 2:
        return ":".join(texts)
    return ":".join(texts[:start]) + "::" + ":".join(texts[start + length :])


def _longest_zeros(groups):
    best = (0, 0)
    start = 0
    for index in range(9):
        if index == 8 or groups[index]:
            if index - start > best[1]:
                best = (start, index - start)
            start = index + 1
    return best


def net_group(octets):
    """Return the net that one owner is likely to hold: /16 of IPv4, /32 of IPv6."""
    return octets[:2] if len(octets) == 4 else octets[:4]


def site(octets):
    """Return the net that one customer of a provider has: /24 of IPv4, /56 of IPv6."""
    return octets[:3] if len(octets) == 4 else octets[:7]


def is_near(octets):
    """True for an address that no provider carries: of a link, or of private networks."""
    if len(octets) == 16:
        return octets[0] & 254 == 0xFC or (octets[0] == 0xFE and octets[1] & 192 == 0x80)
    first, second = octets[0], octets[1]
    return (
        first in (10, 127)
        or octets[:2] in (b"\xc0\xa8", b"\xa9\xfe")
        or (first == 172 and 16 <= second < 32)
    )
