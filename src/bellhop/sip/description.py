"""What of a session description another house, or a provider, is told (RFC 8866).

Lines that say who and where, and attributes that are not listed, are left out.
"""

KIND = b"application/sdp"
DROPPED = b"iuepk"
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
    kind = (message.value(b"content-type") or b"").partition(b";")[0].strip().lower()
    if kind != KIND:
        return message.body
    kept, lines = [], message.body.replace(b"\r\n", b"\n").split(b"\n")
    if place is None:
        place = ([one[9:].partition(b"/")[0] for one in lines if one[:2] == b"c="] + [b""])[0]
    for line in lines:
        kept += _line(line, session, version, place, attributes)
    return b"\r\n".join(kept) + b"\r\n"


def _line(line, session, version, place, attributes):
    kind = line[:2]
    if kind == b"o=":
        family = b"IP6" if place.count(b":") else b"IP4"
        return [b"o=- %d %d IN %s %s" % (session, version, family, place or b"0.0.0.0")]
    if kind == b"s=":
        return [b"s=-"]
    if kind == b"a=":
        name = line[2:].partition(b":")[0]
        is_kept = name in attributes or name[:3] == b"T38"
        return [line] if is_kept else []
    return [line] if len(line) > 1 and line[:1] not in DROPPED else []
