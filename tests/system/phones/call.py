"""Steps that most tests of calls share."""

# Who does not answer is let ring for 25 s.
UNANSWERED_SECONDS = 90


def connect(caller, callee, target="bob"):
    """Bring one call up: it rings at both ends, then it is answered."""
    caller.dial(target)
    callee.wait_incoming()
    caller.wait_ringing()
    callee.answer()
    for phone in (caller, callee):
        phone.wait_established()


def hear_each_other(first, second):
    """Each hears the other's tone, pure and without a gap."""
    first.hear(second.hz)
    second.hear(first.hz)


# Each reason for which calls go on, in the order in which `sent_on` may be used: the last ends it.
REASONS = ("forward_always", "forward_busy", "forward_noanswer", "forward_absent")


def sent_on(reason, caller, called, target, number):
    """A call is sent on for a reason: from whom nobody reaches, to who then hears the caller."""
    if reason == "forward_absent":
        called.close()
    caller.dial(number)
    if reason in ("forward_busy", "forward_noanswer"):
        called.wait_incoming()
    if reason == "forward_busy":
        called.reject()
    target.wait_incoming(UNANSWERED_SECONDS)
    target.answer()
    caller.wait_established()
    if reason in ("forward_busy", "forward_noanswer"):
        called.wait_closed()
    hear_each_other(caller, target)
    caller.hangup()
    for phone in (caller, target):
        phone.wait_closed()
