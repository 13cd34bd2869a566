"""Steps that most tests of calls share."""


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
