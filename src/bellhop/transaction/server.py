"""Non-INVITE server transaction (RFC 3261 section 17.2.2, RFC 4320)."""

from ..effects import Send
from ..sip.message import response_to
from .timers import TIMER_F, TIMER_J, TRYING_AFTER_T2
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

TRYING, PROCEEDING, COMPLETED, TERMINATED = STATES = (
    "trying", "proceeding", "completed", TERMINATED,
)  # fmt: skip
REQUEST, PROVISIONAL, SUCCESS, FAILURE, RESEND, EXPIRE, FLOW_FAILED, FLOW_CLOSED = EVENTS = (
    "request", "provisional", "success", "failure", RESEND, EXPIRE, "flow-failed", "flow-closed",
)  # fmt: skip


class ServerTransaction(Transaction):
    """One request other than INVITE and ACK that the node received."""

    state = TRYING

    def start(self, now):
        """Arm the timers of 100 and of the end."""
        self.arm(now + TRYING_AFTER_T2, now + TIMER_F)


def _trying(tx, now, message):
    """RFC 4320 section 4.1: 100 at the time when the peer's timer E reaches T2."""
    tx.arm(None, tx.expire_at)
    tx.data = octets_of(tx, response_to(tx.request, 100))
    return [Send(tx.flow, tx.data)]


def _finish(tx, now, message):
    effects = send(tx, now, message)
    linger(tx, now, 0 if tx.reliable else TIMER_J)
    return effects


ServerTransaction.table = TABLE = {
    (TRYING, SUCCESS): (COMPLETED, _finish),
    (TRYING, FAILURE): (COMPLETED, _finish),
    (TRYING, RESEND): (PROCEEDING, _trying),
    (TRYING, EXPIRE): (TERMINATED, stop),
    (TRYING, FLOW_FAILED): (TERMINATED, fail),
    (TRYING, FLOW_CLOSED): (TRYING, move),
    (PROCEEDING, REQUEST): (PROCEEDING, repeat),
    (PROCEEDING, SUCCESS): (COMPLETED, _finish),
    (PROCEEDING, FAILURE): (COMPLETED, _finish),
    (PROCEEDING, EXPIRE): (TERMINATED, stop),
    (PROCEEDING, FLOW_FAILED): (TERMINATED, fail),
    (PROCEEDING, FLOW_CLOSED): (PROCEEDING, move),
    (COMPLETED, REQUEST): (COMPLETED, repeat),
    (COMPLETED, EXPIRE): (TERMINATED, stop),
}
IGNORED = {
    (TRYING, REQUEST): "retransmission before any response: section 17.2.2",
    (TRYING, PROVISIONAL): "RFC 4320: no provisional response but the timed 100",
    (PROCEEDING, PROVISIONAL): "RFC 4320: no provisional response but the timed 100",
    (PROCEEDING, RESEND): "100 has been sent",
    (COMPLETED, PROVISIONAL): "section 17.2.2: the final response has been given",
    (COMPLETED, SUCCESS): "section 17.2.2: later final responses are discarded",
    (COMPLETED, FAILURE): "section 17.2.2: later final responses are discarded",
    (COMPLETED, RESEND): "nothing is sent unasked here",
    (COMPLETED, FLOW_FAILED): "the peer asks again on a new flow",
    (COMPLETED, FLOW_CLOSED): "the peer asks again on a new flow",
    (TERMINATED, REQUEST): "over",
    (TERMINATED, PROVISIONAL): "over",
    (TERMINATED, SUCCESS): "over",
    (TERMINATED, FAILURE): "over",
    (TERMINATED, RESEND): "over",
    (TERMINATED, EXPIRE): "over",
    (TERMINATED, FLOW_FAILED): "over",
    (TERMINATED, FLOW_CLOSED): "over",
}
