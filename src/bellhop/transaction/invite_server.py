"""INVITE server transaction (RFC 3261 section 17.2.1, RFC 6026 section 8.5)."""

from ..effects import Send
from ..sip.message import response_to
from .timers import T1, T2, TIMER_H, TIMER_I, TIMER_L, TRYING_AFTER
from .transaction import (
    EXPIRE,
    RESEND,
    TERMINATED,
    Transaction,
    fail,
    linger,
    move,
    octets_of,
    repeat,
    send,
    stop,
)

PROCEEDING, COMPLETED, CONFIRMED, ACCEPTED, TERMINATED = STATES = (
    "proceeding", "completed", "confirmed", "accepted", TERMINATED,
)  # fmt: skip
REQUEST, PROVISIONAL, SUCCESS, FAILURE, ACK, RESEND, EXPIRE, FLOW_FAILED, FLOW_CLOSED = EVENTS = (
    "request", "provisional", "success", "failure", "ack", RESEND, EXPIRE, "flow-failed",
    "flow-closed",
)  # fmt: skip


class InviteServerTransaction(Transaction):
    """One INVITE that the node received."""

    state = PROCEEDING

    def start(self, now):
        """Arm the timer of 100."""
        self.resend_at = self.deadline = now + TRYING_AFTER


def _trying(tx, now, message):
    """No response within 200 ms: send 100 so that the peer stops repeating itself."""
    tx.arm(None, None)
    tx.data = octets_of(tx, response_to(tx.request, 100))
    return [Send(tx.flow, tx.data)]


def _provisional(tx, now, message):
    tx.arm(None, None)
    return send(tx, now, message)


def _accept(tx, now, message):
    tx.stay(now + TIMER_L)
    effects = send(tx, now, message)
    tx.request = tx.data = None
    return effects


def _refuse(tx, now, message):
    tx.interval = T1
    tx.arm(None if tx.reliable else now + T1, now + TIMER_H)
    return send(tx, now, message)


def _resend(tx, now, message):
    tx.interval = min(2 * tx.interval, T2)
    tx.arm(now + tx.interval, tx.expire_at)
    return repeat(tx, now, message)


def _confirm(tx, now, message):
    linger(tx, now, 0 if tx.reliable else TIMER_I)
    return []


def _pass(tx, now, message):
    """RFC 6026: a proxy passes on every 2xx that comes, the server transaction repeats none."""
    return [Send(tx.flow, octets_of(tx, message))]


InviteServerTransaction.table = TABLE = {
    (PROCEEDING, REQUEST): (PROCEEDING, repeat),
    (PROCEEDING, PROVISIONAL): (PROCEEDING, _provisional),
    (PROCEEDING, SUCCESS): (ACCEPTED, _accept),
    (PROCEEDING, FAILURE): (COMPLETED, _refuse),
    (PROCEEDING, RESEND): (PROCEEDING, _trying),
    (PROCEEDING, FLOW_FAILED): (TERMINATED, fail),
    (PROCEEDING, FLOW_CLOSED): (PROCEEDING, move),
    (COMPLETED, REQUEST): (COMPLETED, repeat),
    (COMPLETED, ACK): (CONFIRMED, _confirm),
    (COMPLETED, RESEND): (COMPLETED, _resend),
    (COMPLETED, EXPIRE): (TERMINATED, stop),
    (COMPLETED, FLOW_FAILED): (TERMINATED, stop),
    (COMPLETED, FLOW_CLOSED): (TERMINATED, stop),
    (CONFIRMED, EXPIRE): (TERMINATED, stop),
    (ACCEPTED, SUCCESS): (ACCEPTED, _pass),
    (ACCEPTED, EXPIRE): (TERMINATED, stop),
}
IGNORED = {
    (PROCEEDING, ACK): "nothing to acknowledge yet",
    (PROCEEDING, EXPIRE): "the user decides how long a call may ring",
    (COMPLETED, PROVISIONAL): "the final response has been given",
    (COMPLETED, SUCCESS): "the final response has been given",
    (COMPLETED, FAILURE): "the final response has been given",
    (CONFIRMED, REQUEST): "acknowledged: a late retransmission",
    (CONFIRMED, PROVISIONAL): "the final response has been given",
    (CONFIRMED, SUCCESS): "the final response has been given",
    (CONFIRMED, FAILURE): "the final response has been given",
    (CONFIRMED, ACK): "a repeated ACK",
    (CONFIRMED, RESEND): "no timer G here",
    (CONFIRMED, FLOW_FAILED): "nothing more is to be sent",
    (CONFIRMED, FLOW_CLOSED): "nothing more is to be sent",
    (ACCEPTED, REQUEST): "RFC 6026: absorbed, the callee repeats its 2xx",
    (ACCEPTED, PROVISIONAL): "a 2xx has been given",
    (ACCEPTED, FAILURE): "a 2xx has been given",
    (ACCEPTED, ACK): "an ACK for 2xx has a branch of its own",
    (ACCEPTED, RESEND): "no timer G here",
    (ACCEPTED, FLOW_FAILED): "the dialog lives on without this flow",
    (ACCEPTED, FLOW_CLOSED): "the dialog lives on without this flow",
    (TERMINATED, REQUEST): "over",
    (TERMINATED, PROVISIONAL): "over",
    (TERMINATED, SUCCESS): "over",
    (TERMINATED, FAILURE): "over",
    (TERMINATED, ACK): "over",
    (TERMINATED, RESEND): "over",
    (TERMINATED, EXPIRE): "over",
    (TERMINATED, FLOW_FAILED): "over",
    (TERMINATED, FLOW_CLOSED): "over",
}
