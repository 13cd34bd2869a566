"""Which header fields pass from one party to another: one table for requests and for responses.

RFC 3325 (who asserts an identity), RFC 3261 section 22.3 (credentials), RFC 5373 (auto-answer).
"""

from ..sip import digest
from ..sip.fields import line_value
from ..text import plain

# Only the node itself says who somebody is; Remote-Party-ID is what some phones did before.
IDENTITY = ("p-asserted-identity", "p-preferred-identity", "remote-party-id")
# What makes phones answer by themselves, or ring in a way of somebody else's: each brand knows
# another one, and Alert-Info has as many spellings as there are brands.
ANSWERING = ("call-info", "alert-info", "answer-mode", "priv-answer-mode", "p-auto-answer",
             "x-autoanswer", "x-auto-answer")  # fmt: skip

# What the node writes itself where a phone is to answer: each brand obeys another line.
AT_ONCE = (
    (b"call-info", b"Call-Info: <sip:%s>;answer-after=0"),
    (b"alert-info", b"Alert-Info: <http://127.0.0.1>;info=alert-autoanswer;delay=0"),
    (b"answer-mode", b"Answer-Mode: Auto"),
)

WRITTEN_BY_US = frozenset([name.encode() for name in IDENTITY])
BY_RIGHT = frozenset([name.encode() for name in ANSWERING])
FOREIGN = WRITTEN_BY_US | BY_RIGHT
CREDENTIALS = (b"authorization", b"proxy-authorization")

TOLD = "the caller's auto-answer lines were taken off"


def take_foreign(message, has_right=False):
    """Take off what the sender may not say; tell whether it would have made a phone answer.

    has_right: the sender is a user whose calls may be answered by the phone itself.
    """
    names = message.names
    if FOREIGN.isdisjoint(names):
        return False
    found = not has_right and not BY_RIGHT.isdisjoint(names)
    for name in WRITTEN_BY_US if has_right else FOREIGN:
        message.remove(name)
    return found


def clean_name(request):
    """Show the sender's name without letters that are not seen."""
    shown = request.from_.display
    if shown is None or plain(shown) == shown:
        return
    sender = request.from_.worded(b"", b"", request.from_.uri.user or b"?")
    request.set(b"from", b"From: " + sender.write())


def take_credentials(request, realm):
    """Take off the credentials for this node: whoever is sent them could use them."""
    for name in CREDENTIALS:
        if request.has(name):
            named = enumerate(request.names)
            places = [
                at for at, one in named if one != name or not _is_for(request.lines[at], realm)
            ]
            request.keep(places)


def _is_for(line, realm):
    fields = digest.credentials(line_value(line))
    return fields is not None and fields.realm == realm


def answer_at_once(request, domain):
    """Write the lines by which phones of many brands answer a call by themselves."""
    for name, line in AT_ONCE:
        request.set(name, line % domain if b"%s" in line else line)
