"""Why a call failed, as a sentence for the display of the caller's phone and for `why`.

What a rule of this node has said stands; the phrases of the RFCs and of phones say nothing to
people, and their status does.
"""

from ..sip.status import REASONS

# What phones write besides the phrases of the RFCs.
PHRASES = frozenset(
    [REASONS[status].lower() for status in REASONS]
    + [
        b"", b"unknown", b"rejected", b"declined", b"call terminated", b"busy", b"busy now",
        b"call rejected", b"not acceptable here.", b"dnd", b"do not disturb",
        b"temporarily not available", b"no answer", b"user busy", b"server timeout",
    ]
)  # fmt: skip
# Nothing to say: the caller has hung up, or is asked for a password.
SILENT = (401, 407, 487)

SENTENCES = {
    400: "the phone of %s cannot read this call",
    403: "the phone of %s does not take this call",
    404: "nobody is called %s there",
    408: "the phone of %s does not answer",
    410: "%s is not there any more",
    413: "this call is too large for the phone of %s",
    414: "this address is too long",
    415: "the phone of %s speaks in no way that yours can",
    416: "addresses of this kind cannot be called",
    420: "your phone asks for something that cannot be had for this call",
    421: "the phone of %s asks for something that yours cannot",
    430: "the connection to the phone of %s broke",
    433: "%s takes no calls from who hides the number",
    440: "this call would ring too many phones at once",
    480: "%s cannot be reached now",
    481: "this call is over",
    482: "this call came back here: it goes in a circle",
    483: "this call goes in a circle, or through too many nodes",
    484: "the number of %s is not whole",
    485: "several are called %s there",
    486: "%s is busy or does not want to talk now",
    488: "the phone of %s speaks in no way that yours can",
    491: "%s is just being called another way: try again",
    494: "the phone of %s asks for something that yours cannot",
    500: "the phone of %s has a fault",
    501: "the phone of %s cannot do this",
    502: "the node towards %s has a fault",
    503: "the phone of %s is overloaded or out of order",
    504: "the way to %s does not answer",
    513: "this call is too large for the phone of %s",
    600: "%s is busy or does not want to talk now",
    603: "%s does not want to take this call",
    604: "nobody is called %s anywhere",
    606: "the phone of %s speaks in no way that yours can",
}
ELSEWHERE = "the phone of %s sends its calls elsewhere by itself, which this node does not follow"


def sentence(status, phrase, name):
    """Return why a call failed, octets: the phrase as it came, where it is none of PHRASES.

    name: text, who was called.
    """
    if status in SILENT or phrase.strip().lower() not in PHRASES:
        return phrase
    words = ELSEWHERE if status < 400 else SENTENCES.get(status)
    if words is None:
        words = SENTENCES[{4: 403, 5: 500}.get(status // 100, 603)]
    return (words % name if "%s" in words else words).encode()
