"""What the DNS says of a question: four outcomes, which are never mixed (RFC 4033 section 5)."""

from collections import namedtuple

# SECURE: proved by DNSSEC; INSECURE: proved to be unsigned, so anybody may have written it; BOGUS:
# signed and wrong, which is no answer at all; SILENT: nobody answered in time.
SECURE, INSECURE, BOGUS, SILENT = OUTCOMES = ("secure", "insecure", "bogus", "no answer")

# outcome: one of OUTCOMES; records: RDATA octets, () where there are none; why: text, where the
# outcome is BOGUS or SILENT.
Answer = namedtuple("Answer", ("outcome", "records", "why"))

# RFC 1035, RFC 3596, RFC 2782, RFC 3403.
A, TXT, AAAA, SRV, NAPTR = (1, 16, 28, 33, 35)


def strings(octets):
    """Return the character-strings that fill `octets` (RFC 1035 section 3.3); raises ValueError."""
    found, at = [], 0
    while at < len(octets):
        end = at + 1 + octets[at]
        if end > len(octets):
            raise ValueError("a string is cut short")
        found.append(octets[at + 1 : end])
        at = end
    return found


def name(octets):
    """Return an uncompressed domain name as octets with dots; raises ValueError."""
    labels = []
    at = 0
    while at < len(octets) and octets[at]:
        end = at + 1 + octets[at]
        if octets[at] > 63 or end >= len(octets) or octets[at + 1 : end].count(b"."):
            raise ValueError("not a name")
        labels.append(octets[at + 1 : end])
        at = end
    if at != len(octets) - 1:
        raise ValueError("not a name")
    return b".".join(labels)


# order, preference: numbers; flags, service, regexp, replacement: octets.
Naptr = namedtuple("Naptr", ("order", "preference", "flags", "service", "regexp", "replacement"))
# priority, weight, port: numbers; target: octets.
Srv = namedtuple("Srv", ("priority", "weight", "port", "target"))


def naptr(octets):
    """Return the Naptr in RDATA (RFC 3403 section 4.1); raises ValueError."""
    at, texts = 4, []
    while len(texts) < 3:
        end = at + 1 + octets[at] if at < len(octets) else len(octets)
        if end >= len(octets):
            raise ValueError("a rule is cut short")
        texts.append(octets[at + 1 : end])
        at = end
    head = _number(octets, 0), _number(octets, 2)
    return Naptr(head[0], head[1], texts[0], texts[1], texts[2], name(octets[at:]))


def srv(octets):
    """Return the Srv in RDATA (RFC 2782); raises ValueError."""
    if len(octets) < 7:
        raise ValueError("a record is cut short")
    return Srv(_number(octets, 0), _number(octets, 2), _number(octets, 4), name(octets[6:]))


def _number(octets, at):
    return int.from_bytes(octets[at : at + 2], "big")
