"""What of a message goes to another house, and what comes from there: a list of what may pass.

Tested with circuits.py. All that is not listed is dropped, in both directions, in responses too;
who speaks, where and through what is written anew by each end node.
"""

from ...sip import description, scan
from ...sip.fields import line_value

KEPT = frozenset(
    b"rseq rack event allow-events subscription-state expires min-expires accept refer-sub "
    b"geolocation privacy resource-priority info-package retry-after session-expires min-se "
    b"bellhop-key bellhop-confirm bellhop-person bellhop-statement bellhop-looked-up "
    b"bellhop-group recv-info".split()
)
# What tells who calls and where; it does not pass where a caller hides.
NAMING = (b"bellhop-person", b"bellhop-statement", b"reply-to", b"geolocation")
CONTENT = b"content-"
# Fields of which some option tags pass.
TAGGED = (b"supported", b"require", b"unsupported")
TAGS = frozenset((b"replaces", b"timer", b"100rel", b"bellhop-key"))
# Addresses that lead back, and names of dialogs: the feature rewrites them.
ADDRESSES = (b"refer-to", b"reply-to")
DIALOGS = (b"replaces", b"join", b"target-dialog")

# Where nothing may be hidden no keys of phones go with a description; those of the nodes sign.
PLAIN = description.ATTRIBUTES.difference(b"crypto fingerprint setup zrtp-hash".split())

MAX_HOPS = 20
LOOPBACK = b" IP4 127.0.0.1\r\n"


def lines(message, has_words):
    """Yield (name, line) of the fields that pass as they are, and of those to be rewritten.

    has_words: it may say in words why it ends something, for a node and no phone has written it.
    """
    for name, line in zip(message.names, message.lines):
        if name in KEPT or name in ADDRESSES or name in DIALOGS:
            yield name, line
        elif name in TAGGED:
            tags = [tag for tag in line_value(line).split(b",") if tag.strip().lower() in TAGS]
            if tags:
                yield name, line.partition(b":")[0] + b": " + b",".join(tags).strip(scan.BLANKS)
        elif name == b"reason":
            yield name, b"Reason: " + _reason(line_value(line), has_words)
        elif name.startswith(CONTENT) and name != b"content-length":
            yield name, line


def _reason(value, has_words):
    """Return why (RFC 3326)."""
    if has_words:
        return value
    parts = [part for part in value.split(b";") if not part.strip().startswith(b"text")]
    return b";".join(parts)


def hops(request):
    """Return the Max-Forwards of a request on its way out of, or into, the house."""
    return b"Max-Forwards: " + str(min(request.max_forwards, MAX_HOPS) - 1).encode()


def boundary(message):
    """Return what stands between the parts of a body, of which one may say where somebody is."""
    kind, _, rest = (message.value(b"content-type") or b"").partition(b"boundary=")
    is_of_parts = kind.strip().lower().startswith(b"multipart/")
    return rest.partition(b";")[0].strip(b' "\t') if is_of_parts else b""


def is_sealed(message):
    """Tell whether phones themselves encrypt a stream of a description (RFC 3711)."""
    lines = message.body.split(b"\n")
    return bool([one for one in lines if one[:2] == b"m=" and one.count(b"/SAVP")])


def ports(message):
    """Return the ports of the streams that a description has on 127.0.0.1, or None: elsewhere.

    RTP and RTCP of two m-lines, 0 where there is none.
    """
    if LOOPBACK not in message.body:
        return None
    found = []
    for line in message.body.split(b"\r\n"):
        if line[:2] == b"m=":
            port = _port(line)
            found += [port, port + 1 if port else 0]
        elif line[:7] == b"a=rtcp:" and found and found[-2]:
            found[-1] = _number(line[7:].partition(b" ")[0]) or found[-1]
    return tuple((found + [0, 0, 0, 0])[:4])


def has_sound(message):
    """Tell whether a message brings a description with a stream that is not refused."""
    lines = message.body.split(b"\n")
    return bool([one for one in lines if one[:2] == b"m=" and _port(one)])


def _port(line):
    return _number((line.split(b" ") + [b""])[1].partition(b"/")[0])


def _number(octets):
    """Return a port, 0 where it is none."""
    number = int(octets) if octets.isdigit() and len(octets) < 6 else 0
    return number if number < 65536 else 0


def redirected(octets, wanted):
    """Return a description whose streams on 127.0.0.1 are at the ports of a circuit here."""
    if LOOPBACK not in octets:
        return octets
    made, index = [], -1
    for line in octets.split(b"\r\n"):
        if line[:7] == b"a=rtcp:":
            continue
        made.append(line)
        if line[:2] != b"m=":
            continue
        index += 1
        port = wanted[2 * index] if 2 * index < len(wanted) and _port(line) else 0
        words = line.split(b" ")
        words[1] = b"%d" % port
        made[-1] = b" ".join(words)
    return b"\r\n".join(_with_rtcp(made, wanted))


def _with_rtcp(lines, wanted):
    """Return lines with a=rtcp behind each stream, whose port is not the next one here."""
    made, index = [], -1
    for line in lines + [b"m="]:
        if line[:2] == b"m=":
            if 0 <= 2 * index + 1 < len(wanted):
                ends = made.pop() if made and not made[-1] else None
                made.append(b"a=rtcp:%d" % wanted[2 * index + 1])
                made += [] if ends is None else [ends]
            index += 1
        made.append(line)
    return made[:-1]
