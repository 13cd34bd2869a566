"""INVITE client transaction (RFC 3261 section 17.1.1, RFC 6026 section 8.4)."""

from ..effects import Send
from ..sip.message import Request
from .timers import T1, TIMER_B, TIMER_D, TIMER_M
from .transaction import (
    EXPIRE,
    RESEND,
    TERMINATED,
    Transaction,
    deliver,
    fail,
    linger,
    octets_of,
    repeat,
    send,
    stop,
    time_out,
)

CALLING, PROCEEDING, COMPLETED, ACCEPTED, TERMINATED = STATES = (
    "calling", "proceeding", "completed", "accepted", TERMINATED,
)  # fmt: skip
PROVISIONAL, SUCCESS, FAILURE, RESEND, EXPIRE, FLOW_FAILED = EVENTS = (
    "provisional", "success", "failure", RESEND, EXPIRE, "flow-failed",
)  # fmt: skip


class InviteClientTransaction(Transaction):
    """One INVITE that the node sent."""

    state = CALLING

    def start(self, now):
        """Send the request and arm timers A and B."""
        self.interval = T1
        self.arm(None if self.reliable else now + T1, now + TIMER_B)
        return send(self, now, self.request)


def _resend(tx, now, message):
    tx.interval *= 2
    tx.arm(now + tx.interval, tx.expire_at)
    return repeat(tx, now, message)


def _proceed(tx, now, message):
    tx.arm(None, None)
    tx.data = None
    return deliver(tx, now, message)


def _accept(tx, now, message):
    tx.request = tx.data = None
    tx.stay(now + TIMER_M)
    return deliver(tx, now, message)


def _refused(tx, now, message):
    """Acknowledge (section 17.1.1.3), tell the user, stay for repeated responses."""
    tx.data = octets_of(tx, acknowledgement(tx.request, message))
    effects = [Send(tx.flow, tx.data)] + deliver(tx, now, message)
    linger(tx, now, 0 if tx.reliable else TIMER_D)
    return effects


def acknowledgement(request, response):
    """Return the ACK for a response above 299 to `request` (section 17.1.1.3)."""
    return _derived(request, b"ACK", response)


def cancellation(request, reason_line=None):
    """Return the CANCEL for a forwarded INVITE (section 9.1), with a Reason line (RFC 3326)."""
    cancel = _derived(request, b"CANCEL", request)
    if reason_line is not None:
        cancel.insert(b"reason", reason_line)
    return cancel


def _derived(request, method, source_of_to):
    ack = Request(method, request.uri, [], [])
    for name in (b"via", b"max-forwards", b"from", b"to", b"call-id", b"cseq"):
        if name == b"cseq":
            line = b"CSeq: " + str(request.cseq[0]).encode() + b" " + method
        else:
            source = source_of_to if name == b"to" else request
            if not source.has(name):
                continue
            line = source.lines[source.names.index(name)]
        ack.add(name, line)
    for index, name in enumerate(request.names):
        if name == b"route":
            ack.add(name, request.lines[index])
    ack.measure()
    return ack


InviteClientTransaction.table = TABLE = {
    (CALLING, PROVISIONAL): (PROCEEDING, _proceed),
    (CALLING, SUCCESS): (ACCEPTED, _accept),
    (CALLING, FAILURE): (COMPLETED, _refused),
    (CALLING, RESEND): (CALLING, _resend),
    (CALLING, EXPIRE): (TERMINATED, time_out),
    (CALLING, FLOW_FAILED): (TERMINATED, fail),
    (PROCEEDING, PROVISIONAL): (PROCEEDING, deliver),
    (PROCEEDING, SUCCESS): (ACCEPTED, _accept),
    (PROCEEDING, FAILURE): (COMPLETED, _refused),
    (PROCEEDING, EXPIRE): (TERMINATED, time_out),
    (COMPLETED, FAILURE): (COMPLETED, repeat),
    (COMPLETED, EXPIRE): (TERMINATED, stop),
    (COMPLETED, FLOW_FAILED): (TERMINATED, stop),
    (ACCEPTED, SUCCESS): (ACCEPTED, deliver),
    (ACCEPTED, EXPIRE): (TERMINATED, stop),
}
IGNORED = {
    (PROCEEDING, RESEND): "section 17.1.1.2: no retransmission after a provisional response",
    (PROCEEDING, FLOW_FAILED): "the answer may come on a new connection; timer C bounds the wait",
    (COMPLETED, PROVISIONAL): "the final response has been given",
    (COMPLETED, SUCCESS): "the final response has been given",
    (COMPLETED, RESEND): "no timer A here",
    (ACCEPTED, PROVISIONAL): "RFC 6026: a 2xx has been given",
    (ACCEPTED, FAILURE): "RFC 6026: a 2xx has been given",
    (ACCEPTED, RESEND): "no timer A here",
    (ACCEPTED, FLOW_FAILED): "the dialog lives on without this flow",
    (TERMINATED, PROVISIONAL): "over",
    (TERMINATED, SUCCESS): "over",
    (TERMINATED, FAILURE): "over",
    (TERMINATED, RESEND): "over",
    (TERMINATED, EXPIRE): "over",
    (TERMINATED, FLOW_FAILED): "over",
}
