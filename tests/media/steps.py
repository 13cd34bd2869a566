"""Steps that several tests of calls share."""


def hang_up(caller, callee):
    """End a call of real phones."""
    caller.hangup()
    for phone in (caller, callee):
        phone.wait_closed()


def refusal(caller, callee, target):
    """Let a call be refused after somebody took it; return why, as the caller's phone shows it."""
    caller.dial(target)
    callee.wait_incoming()
    callee.answer()
    words = caller.wait_closed()
    callee.wait_closed()
    return words
