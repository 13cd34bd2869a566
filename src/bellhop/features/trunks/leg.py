"""One call between this house and a provider: two dialogs that are one (RFC 3261 section 12)."""

from ...limits import MAX_PARTIES

# How long a provider may leave an INVITE without a word where another one could be asked, and
# where none could; the first is two repetitions, so that the other's ring-back comes within 2 s.
PATIENCE, LAST_PATIENCE = (1300, 8000)
# Whose description has which version: of the house, of the provider.
OUT, IN = ("out", "in")


class Ask:
    """A request of this house at the provider. request: as the house wrote it, with its Via, by
    which its CANCEL and its ACK are known; out: as it was sent. way: by which the house hears of
    it; or told(ask, response, now): who takes the provider's word and returns effects.

    nonces: of the questions that it was asked; cancel: None, or the CANCEL that waits for a first
    word; transaction: None once there is a final answer.
    """

    __slots__ = (
        "leg", "request", "via", "out", "way", "told", "nonces", "transaction", "rang", "cancel",
        "flow", "redirected", "deadline", "queued",
    )  # fmt: skip

    def __init__(self, leg, request, out, way, told=None):
        self.leg = leg
        self.request = request
        self.via = request.value(b"via")
        self.way, self.told = way, told
        self.out = out
        self.flow = leg.provider.flow()
        self.nonces = []
        self.transaction = self.cancel = None
        self.rang = False
        self.redirected = 0
        self.deadline = self.queued = None


class Came:
    """A request of the provider, which waits for the house. server: its transaction."""

    __slots__ = ("leg", "request", "server", "near")

    def __init__(self, leg, request, server, near):
        self.leg = leg
        self.request = request
        self.server = server
        self.near = near


class Leg:
    """provider: Provider; call_id, far_id: of the house's and of the provider's dialog; is_out: the
    house calls. here, person: both ends as the house writes them, octets without tags; contact:
    what phones have as the other's Contact. number: of the far end, octets.

    user: section of the caller in this house, or None; payer: the node for whom this house calls,
    or None; price: (minute, call). At `deadline` what the mesh may is used up. partner: the Leg to
    which it leads in the place of the house, by the Dialog `joined` of its own, or None.

    dialogs: {tag: tu Dialog towards the provider}, one for each end that has answered; keys: by
    which the house speaks to them (legs.py); refused: topmost Via of the INVITE that was refused
    last, which its ACK has too; near_cseq: the highest number towards the house;
    cseqs: {the provider's number: that in the house}.
    """

    __slots__ = (
        "provider", "call_id", "far_id", "keys", "is_out", "here", "person", "contact", "number",
        "payer", "dialogs", "near_cseq", "cseqs", "invite", "accepted", "asks", "comes", "session",
        "versions", "since", "answered_at", "is_help", "user", "transfer", "near_tag", "far_tag",
        "price", "deadline", "queued", "is_test", "partner", "joined", "refused",
    )  # fmt: skip

    def __init__(self, provider, call_id, far_id, is_out, now):
        self.provider = provider
        self.call_id = call_id
        self.far_id = far_id
        self.keys = []
        self.is_out = is_out
        self.here = self.person = self.contact = self.number = b""
        self.dialogs = {}
        self.near_cseq = 0
        self.cseqs = {}
        self.invite = self.accepted = None
        self.asks, self.comes = [], []
        self.session = 1
        self.versions = {}
        self.since, self.answered_at = now, None
        self.is_help = False
        self.user = self.payer = self.transfer = self.price = None
        self.near_tag = self.far_tag = None
        self.deadline = self.queued = None
        self.is_test = False
        self.partner = self.joined = self.refused = None

    def test(self):
        """It is a call of the node itself: nobody of the house is in it."""
        self.is_test = True

    def join(self, partner, joined):
        """Lead to another Leg from now on; joined: the Dialog towards this one's provider."""
        self.partner, self.joined = partner, joined

    def answer(self, now):
        """It is answered, or over (None)."""
        self.answered_at = now

    def refuse(self, top):
        """An INVITE of the house is refused; top: its topmost Via."""
        self.refused = top

    def end_at(self, deadline):
        """Be woken then, or never (None)."""
        self.deadline = deadline

    def enter(self, tag, made):
        """An end has answered with a tag, perhaps early; made: the tu Dialog."""
        if made is None or len(self.dialogs) >= MAX_PARTIES:
            return
        before = self.dialogs.get(tag)
        if before is not None:
            made.follow(before.cseq)
        self.dialogs[tag] = made

    def refresh(self, request):
        """A request inside the dialog may name another Contact (RFC 3261 section 12.2.2)."""
        made = self.dialogs.get(request.from_.tag if self.is_out else request.to.tag)
        if made is not None and request.method in (b"INVITE", b"UPDATE"):
            made.refresh(request)

    def dialog_of(self, request):
        """Return the Dialog towards the provider of a request of the house, or None."""
        if self.partner is not None:
            return self.joined
        tag = request.to.tag if self.is_out else request.from_.tag
        return self.dialogs.get(tag)

    def newest_dialog(self):
        """Return the Dialog that has begun last, or None."""
        return list(self.dialogs.values())[-1] if self.dialogs else None

    def near_number(self, number):
        """Return the CSeq in the house of one of the provider's, the same for the same."""
        if number not in self.cseqs:
            if len(self.cseqs) > 32:  # What was answered long ago is not asked for again.
                del self.cseqs[min(self.cseqs)]
            self.near_cseq += 1
            self.cseqs[number] = self.near_cseq
        return self.cseqs[number]

    def version(self, side, body):
        """Return the version of one side's description, one more where it changed (RFC 3264)."""
        before, number = self.versions.get(side, (b"", 0))
        if body and body != before:
            number += 1
            self.versions[side] = body, number
        return number

    def is_idle(self):
        """Tell whether nothing is left of it."""
        return not self.asks and not self.comes and self.answered_at is None


def bare(named):
    """Return an Address as octets, without its tag."""
    shown = b"" if named.display is None else named.display + b" "
    return shown + b"<" + named.uri_bytes + b">"
