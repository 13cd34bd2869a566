"""Builders of messages, flows and settings for tests; text in, octets out."""

from bellhop.effects import Flow, Listener
from bellhop.settings import reader
from bellhop.sip import message

USERS = """
config user
	option name alice
	option extension 201
	option password wonderland
config user
	option name bob
	option extension 202
	list alias robert
	option password builder
config user
	option name carol
	option extension 203
	option password christmas
"""
PASSWORDS = {"alice": b"wonderland", "bob": b"builder", "carol": b"christmas"}

LISTENERS = [
    Listener("udp", "10.0.0.1", 5060),
    Listener("tcp", "10.0.0.1", 5060),
    Listener("tls", "10.0.0.1", 5061),
    Listener("udp", "2001:db8::1", 5060),
]


class Tokens:
    """Randomness that a test can foresee: random(n) gives n octets that never come again."""

    def __init__(self):
        self.count = 0

    def __call__(self, size):
        self.count += 1
        return self.count.to_bytes(size, "big")


def settings(node="", more="", users=USERS):
    """Return Settings of the domain home.test; node: lines of `config node`; more: sections.

    Everybody hears the truth about calls, unless `more` has a section `config privacy`.
    """
    truth = "" if "config privacy" in more else "config privacy\noption uniform 0\n"
    return reader.parse(
        truth + "config node\noption domain home.test\n" + node + users + more, "test"
    )


def flow(host="10.0.0.2", port=5060, transport="udp", connection=0, name=""):
    """Return a Flow by the listener that fits."""
    kinds = [one.transport for one in LISTENERS]
    local = 3 if ":" in host else kinds.index(transport)
    return Flow(transport, local, host, port, connection, name)


def wire(lines, body=""):
    """Return header lines (text) and a body as one message in octets."""
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def request(
    method,
    uri="sip:bob@home.test",
    lines=(),
    body="",
    branch="z9hG4bK-1",
    sender="<sip:alice@home.test>;tag=a1",
    to="<sip:bob@home.test>",
    call_id="call-1",
    cseq=1,
    via="10.0.0.2:5060",
):
    """Return the octets of a request; lines: further header lines."""
    fields = [
        "%s %s SIP/2.0" % (method, uri),
        "Via: SIP/2.0/UDP %s;branch=%s;rport" % (via, branch),
        "Max-Forwards: 70",
        "From: " + sender,
        "To: " + to,
        "Call-ID: " + call_id,
        "CSeq: %d %s" % (cseq, method),
    ]
    return wire(fields + list(lines) + ["Content-Length: %d" % len(body.encode())], body)


def parsed(method, *args, **fields):
    """Return the Request that `request` describes."""
    return message.parse(request(method, *args, **fields))


def answer(asked, status, lines=(), tag="b1"):
    """Return the Response of a phone to a Request; lines: further header lines."""
    octets = [line.encode() for line in lines]
    return message.response_to(asked, status, None, octets, tag.encode() if status > 100 else None)
