"""An INVITE of the node's own to a phone that is registered here (RFC 3261 section 13.2.1)."""

from ..sip.message import Request

# A usual offer, because some phones stumble over an inactive one. What is said until the BYE comes
# goes to a port that no stream has; one below 1024 would make the SIP helper of the firewall
# (nf_conntrack_sip) drop the INVITE.
SDP = (
    "v=0\r\no=- 0 0 IN %(kind)s %(host)s\r\ns=-\r\nc=IN %(kind)s %(host)s\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 0 8\r\n"
)


def invitation(binding, domain, listening, random, caller):
    """Return the INVITE, without Via. random: 16 octets of text; caller: value of From, no tag."""
    host = listening.listener.host
    kind = "IP6" if ":" in host else "IP4"
    body = (SDP % {"kind": kind, "host": host}).encode()
    fields = (
        (b"max-forwards", b"Max-Forwards: 70"),
        (b"from", b"From: " + caller + b";tag=" + random[:8]),
        (b"to", b"To: <sip:" + binding.user.encode() + b"@" + domain + b">"),
        (b"call-id", b"Call-ID: " + random + b"@" + domain),
        (b"cseq", b"CSeq: 1 INVITE"),
        (b"contact", b"Contact: <sip:" + listening.uri + b">"),
        (b"content-type", b"Content-Type: application/sdp"),
        (b"content-length", b"Content-Length: " + str(len(body)).encode()),
    )
    names, lines = [name for name, _ in fields], [line for _, line in fields]
    return Request(b"INVITE", binding.contact, names, lines, body)
