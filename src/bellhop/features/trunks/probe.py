"""A call of the node itself by a provider, which tells whether calls come out and in again."""

from ...sip.message import Request
from .legs import BRANCH

# What it offers: a port that no stream has.
SOUND = (
    "v=0\r\no=- 0 0 IN IP4 %(host)s\r\ns=-\r\nc=IN IP4 %(host)s\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8 0\r\n"
)


def invite(number, domain, host, random):
    """Return the INVITE to a number as nobody in the house.

    number, domain: octets; host: text, where no sound is heard; random: what nobody guesses.
    """
    target, me = b"sip:" + number + b"@" + domain, b"<sip:test@" + domain + b">"
    lines = [
        b"Via: SIP/2.0/TRUNK probe.invalid;branch=" + BRANCH + random,
        b"Max-Forwards: 70",
        b"From: " + me + b";tag=" + random[:8],
        b"To: <" + target + b">",
        b"Call-ID: " + random,
        b"CSeq: 1 INVITE",
        b"Contact: " + me,
        b"Content-Type: application/sdp",
    ]
    names = [b"via", b"max-forwards", b"from", b"to", b"call-id", b"cseq", b"contact"]
    body = (SOUND % {"host": host}).encode()
    return Request(b"INVITE", target, names + [b"content-type"], lines, body)
