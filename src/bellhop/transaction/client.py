"""Non-INVITE client transaction (RFC 3261 section 17.1.2)."""

from .timers import T1, T2, TIMER_F, TIMER_K
from .transaction import (
    EXPIRE,
    RESEND,
    TERMINATED,
    Transaction,
    deliver,
    fail,
    linger,
    repeat,
    send,
    stop,
    time_out,
)

TRYING, PROCEEDING, COMPLETED, TERMINATED = STATES = (
    "trying", "proceeding", "completed", TERMINATED,
)  # fmt: skip
PROVISIONAL, SUCCESS, FAILURE, RESEND, EXPIRE, FLOW_FAILED = EVENTS = (
    "provisional", "success", "failure", RESEND, EXPIRE, "flow-failed",
)  # fmt: skip


class ClientTransaction(Transaction):
    """One request other than INVITE that the node sent."""

    state = TRYING

    def start(self, now):
        """Send the request and arm timers E and F."""
        self.interval = T1
        self.arm(None if self.reliable else now + T1, now + TIMER_F)
        return send(self, now, self.request)


def _resend(tx, now, message):
    tx.interval = min(2 * tx.interval, T2)
    tx.arm(now + tx.interval, tx.expire_at)
    return repeat(tx, now, message)


def _resend_slowly(tx, now, message):
    tx.arm(now + T2, tx.expire_at)
    return repeat(tx, now, message)


def _finish(tx, now, message):
    effects = deliver(tx, now, message)
    tx.data = None
    linger(tx, now, 0 if tx.reliable else TIMER_K)
    return effects


ClientTransaction.table = TABLE = {
    (TRYING, PROVISIONAL): (PROCEEDING, deliver),
    (TRYING, SUCCESS): (COMPLETED, _finish),
    (TRYING, FAILURE): (COMPLETED, _finish),
    (TRYING, RESEND): (TRYING, _resend),
    (TRYING, EXPIRE): (TERMINATED, time_out),
    (TRYING, FLOW_FAILED): (TERMINATED, fail),
    (PROCEEDING, PROVISIONAL): (PROCEEDING, deliver),
    (PROCEEDING, SUCCESS): (COMPLETED, _finish),
    (PROCEEDING, FAILURE): (COMPLETED, _finish),
    (PROCEEDING, RESEND): (PROCEEDING, _resend_slowly),
    (PROCEEDING, EXPIRE): (TERMINATED, time_out),
    (PROCEEDING, FLOW_FAILED): (TERMINATED, fail),
    (COMPLETED, EXPIRE): (TERMINATED, stop),
}
IGNORED = {
    (COMPLETED, PROVISIONAL): "section 17.1.2.2: the final response has been given",
    (COMPLETED, SUCCESS): "section 17.1.2.2: a repeated response is absorbed",
    (COMPLETED, FAILURE): "section 17.1.2.2: a repeated response is absorbed",
    (COMPLETED, RESEND): "no timer E here",
    (COMPLETED, FLOW_FAILED): "nothing more is to be sent",
    (TERMINATED, PROVISIONAL): "over",
    (TERMINATED, SUCCESS): "over",
    (TERMINATED, FAILURE): "over",
    (TERMINATED, RESEND): "over",
    (TERMINATED, EXPIRE): "over",
    (TERMINATED, FLOW_FAILED): "over",
}
