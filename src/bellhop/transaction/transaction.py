"""What the four transaction machines have in common (RFC 3261 section 17)."""

from collections import namedtuple

from ..effects import TRUNK, Flow, Send
from .timers import LINGER_STEP

# What a transaction tells its user. kind: RESPONSE, TIMEOUT, FAILED (nothing more can be sent) or
# CLOSED (the next answer needs a new connection); message: a Response or None. Of a server
# transaction CANCELLED, with the CANCEL.
Indication = namedtuple("Indication", ("kind", "user", "message"))
RESPONSE, TIMEOUT, FAILED, CLOSED, CANCELLED = (
    "response", "timeout", "failed", "closed", "cancelled",
)  # fmt: skip

TERMINATED = "terminated"
# RFC 3261 section 18.1.1: what is larger may not fit through the path.
WHOLE_BYTES = 1300

# Events that come from the clock: something is to be sent again; waiting has come to its end.
RESEND, EXPIRE = ("resend", "expire")


class Transaction:
    """One request on one flow. `deadline` is when it wants to be woken, None for never.

    data: the bytes that a retransmission repeats; user: what the transaction user keeps with it;
    veil: what decides which responses of the user go out (`passes`, `cancelled`), or None.
    """

    # Each of the four has its table, and the state in which it begins.
    table = {}
    state = ""

    data = user = veil = None
    interval = 0
    lingers = False
    resend_at = expire_at = deadline = queued = None

    def __init__(self, key, request, flow):
        self.key = key
        self.request = request
        self.flow = flow
        self.reliable = flow.transport != "udp"

    def serve(self, user):
        """Tell this user what becomes of the transaction; None for nobody any more."""
        self.user = user

    def hang(self, veil):
        """Let this decide which responses go out."""
        self.veil = veil

    def take_flow(self, flow):
        """The peer is reached by another flow now."""
        self.flow = flow

    def handle(self, event, now, message=None):
        """Return the effects of one event; an unlisted pair changes nothing."""
        step = self.table.get((self.state, event))
        if step is None:
            return []
        self.state, action = step
        return action(self, now, message)

    def wake(self, now):
        """Return the effects of a deadline that has come."""
        expired = self.expire_at is not None and self.expire_at <= now
        return self.handle(EXPIRE if expired else RESEND, now)

    def arm(self, resend_at, expire_at):
        """Set the two times at which the transaction wants to be woken."""
        self.resend_at = resend_at
        self.expire_at = expire_at
        if resend_at is None or (expire_at is not None and expire_at < resend_at):
            self.deadline = expire_at
        else:
            self.deadline = resend_at

    def stay(self, until):
        """Wait for nothing but the end, at `until` or a little later."""
        self.resend_at = None
        self.expire_at = self.deadline = until + -until % LINGER_STEP


def stop(tx, now, message):
    """End without a word; what the transaction held is let go."""
    tx.state = TERMINATED
    tx.arm(None, None)
    tx.request = tx.data = tx.user = None
    return []


def linger(tx, now, duration):
    """Stay for the retransmissions of the peer, or end at once where there are none.

    What they need is in `data`: most of a node's memory under load is transactions that linger.
    """
    if duration:
        tx.stay(now + duration)
        tx.request = tx.user = None
    else:
        stop(tx, now, None)


def octets_of(tx, message):
    """Return a message as octets, with short names of fields where only so a datagram stays whole.

    Not where it would travel in fragments all the same: some phones know only the long names. To a
    provider it stays a message (effects.sending).
    """
    if tx.flow.transport == TRUNK:
        return message
    data = message.write()
    if not tx.reliable and len(data) > WHOLE_BYTES:
        short = message.copy()
        short.compact()
        written = short.write()
        if len(written) <= WHOLE_BYTES:
            data = written
    return data


def send(tx, now, message):
    """Send `message` and keep its bytes for retransmissions."""
    tx.data = octets_of(tx, message)
    return [Send(tx.flow, tx.data)]


def repeat(tx, now, message):
    """Send the last bytes again."""
    return [Send(tx.flow, tx.data)] if tx.data is not None else []


def deliver(tx, now, message):
    """Give a response to the transaction user."""
    return [Indication(RESPONSE, tx.user, message)]


def time_out(tx, now, message):
    """Tell the user that no answer came."""
    indication = Indication(TIMEOUT, tx.user, None)
    stop(tx, now, message)
    return [indication]


def fail(tx, now, message):
    """Tell the user that the flow broke."""
    indication = Indication(FAILED, tx.user, None)
    stop(tx, now, message)
    return [indication]


def move(tx, now, message):
    """Answer by a new connection to the address in Via: the old one is closed (section 18.2.2)."""
    transport, local, host, _, _, name = tx.flow
    port = tx.request.via.port or (5061 if transport == "tls" else 5060)
    tx.flow = Flow(transport, local, host, port, 0, name)
    return [Indication(CLOSED, tx.user, None)]
