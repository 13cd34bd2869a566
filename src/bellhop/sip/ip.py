"""An IP address as 4 or 16 octets (RFC 4291 section 2.2), and numbers in text."""

HEX = "0123456789abcdef"


def is_number(text):
    """Tell whether text is digits; isdigit() of CPython takes more letters for such."""
    return 0 < len(text) < 10 and not [letter for letter in text if letter not in "0123456789"]


def address_octets(text):
    """Return the 4 or 16 octets of an IP address in text form, or None."""
    if ":" not in text:
        parts = text.split(".")
        if len(parts) != 4 or [p for p in parts if not is_number(p) or int(p) > 255]:
            return None
        return bytes([int(part) for part in parts])
    head, gap, tail = text.partition("%")[0].partition("::")  # Without its zone.
    left = head.split(":") if head else []
    right = tail.split(":") if tail else []
    missing = 8 - len(left) - len(right)
    if missing < 0 or (missing and not gap) or "::" in tail:
        return None
    octets = b""
    for group in left + ["0"] * missing + right:
        if not 0 < len(group) < 5 or [c for c in group.lower() if c not in HEX]:
            return None
        octets += bytes([int(group, 16) >> 8, int(group, 16) & 255])
    return octets


def address_text(octets):
    """Return an IP address as text, nothing of it left out."""
    if len(octets) == 4:
        return "%d.%d.%d.%d" % tuple(octets)
    return ":".join(["%x" % (octets[at] << 8 | octets[at + 1]) for at in range(0, 16, 2)])


def network_of(host):
    """Return the network by which strangers are counted: an IPv4 /24, or a household's IPv6 /56."""
    octets = address_octets(host)
    if octets is None:
        return host
    if len(octets) == 4:
        return "%d.%d.%d.0/24" % tuple(octets[:3])
    first, second, third, rest = [octets[at] << 8 | octets[at + 1] for at in (0, 2, 4, 6)]
    return "%x:%x:%x:%x::/56" % (first, second, third, rest & 0xFF00)


def is_within(host, networks):
    """Tell whether an address (text) lies in one of some networks: (octets, prefix length)."""
    octets = address_octets(host) if networks else None
    for network, bits in networks if octets is not None else ():
        if len(network) == len(octets) and not _differ(octets, network, bits):
            return True
    return False


def _differ(one, other, bits):
    whole, rest = bits // 8, bits % 8
    if one[:whole] != other[:whole]:
        return True
    return rest and (one[whole] ^ other[whole]) >> (8 - rest)
