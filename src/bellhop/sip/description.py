"""What of a session description another house, or a provider, is told (RFC 8866).

Lines that say who and where, and attributes that are not listed, are left out.
"""

KIND = b"application/sdp"
DROPPED = frozenset((b"i", b"u", b"e", b"p", b"k"))
STEADY = b"cbr=1;usedtx=0"
ATTRIBUTES = frozenset(
    b"rtpmap fmtp ptime maxptime sendrecv sendonly recvonly inactive rtcp rtcp-mux rtcp-fb ssrc "
    b"crypto fingerprint setup zrtp-hash group mid bellhop-key "
    b"bellhop-moved".split()
)


def cleaned(message, session, version, place=b"0.0.0.0", attributes=ATTRIBUTES):
    """Return the body of a message as it passes; one that is no description passes as it is.

    session: number of this call's descriptions; version: of this one; place: octets of the IPv4
    address in the line of its origin, None for that of its first connection line.
    """
    if not message.body:
        return b""
    kind = (message.value(b"content-type") or b"").partition(b";")[0].strip().lower()
    return told(message.body, session, version, place, attributes) if kind == KIND else message.body


def alone(body, boundary):
    """Return the description among the parts of a body (RFC 5621), b"" where there is none."""
    for part in body.split(b"--" + boundary) if boundary else ():
        head, _, rest = part.partition(b"\r\n\r\n")
        if head.lower().count(KIND):
            return rest
    return b""


def told(body, session, version, place=b"0.0.0.0", attributes=ATTRIBUTES):
    """Return a description as `cleaned` has it."""
    kept, lines = [], body.replace(b"\r\n", b"\n").split(b"\n")
    if place is None:
        place = ([one[9:].partition(b"/")[0] for one in lines if one[:2] == b"c="] + [b""])[0]
    for line in lines:
        kind = line[:2]
        if kind == b"a=":
            name = line.partition(b":")[0][2:]
            if name in attributes or name[:3] == b"T38":
                kept.append(line)
        elif kind == b"o=":
            family = b"IP6" if place.count(b":") else b"IP4"
            kept.append(b"o=- %d %d IN %s %s" % (session, version, family, place or b"0.0.0.0"))
        elif kind == b"s=":
            kept.append(b"s=-")
        elif kind[1:] and kind[:1] not in DROPPED:
            kept.append(line)
    return b"\r\n".join(kept) + b"\r\n"


def steady(body):
    """Return a description whose sound comes evenly, in packets that do not tell what is said.

    Opus in a constant bit rate (RFC 7587), no pauses, no comfort noise (RFC 3389).
    """
    lines = body.split(b"\r\n")
    names = [line[9:].lower() for line in lines if line[:9] == b"a=rtpmap:"]
    opus = [name.partition(b" ")[0] for name in names if name.partition(b" ")[2][:5] == b"opus/"]
    noise = [name.partition(b" ")[0] for name in names if name.partition(b" ")[2][:3] == b"cn/"]
    noise.append(b"13")
    shaped = [one.partition(b" ")[0][7:] for one in lines if one[:7] == b"a=fmtp:"]
    made = []
    for line in lines:
        field, _, rest = line.partition(b" ")
        payload = field.partition(b":")[2]
        if line[:8] == b"m=audio ":
            words = rest.split(b" ")
            line = (
                field + b" " + b" ".join(words[:2] + [one for one in words[2:] if one not in noise])
            )
        elif line[:9] == b"a=rtpmap:" and payload in opus and payload not in shaped:
            made.append(line)
            line = b"a=fmtp:" + payload + b" " + STEADY
        elif line[:7] == b"a=fmtp:" and payload in opus:
            kept = [one.strip() for one in rest.split(b";")]
            kept = [one for one in kept if one.partition(b"=")[0] not in (b"cbr", b"usedtx")]
            line = field + b" " + b";".join([one for one in kept if one] + [STEADY])
        if line[:2] != b"a=" or payload not in noise or line[2:7] not in (b"rtpma", b"fmtp:"):
            made.append(line)
    return b"\r\n".join(made)
