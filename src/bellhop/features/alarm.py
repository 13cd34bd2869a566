"""Marks a call for help on the phones of responders, so that it looks and rings like no other.

The name begins with the number for help, for phones keep it in their lists of calls; Priority
(RFC 3261 section 20.26) and Alert-Info (RFC 7462) are for those that ring otherwise for them.
"""

PRIORITY = b"Priority: emergency"
ALERT = b"Alert-Info: <urn:alert:priority:high>"


class Alarm:
    """A feature. node: the Node, which knows the number for help."""

    name = "alarm"
    hooks, events = ("request",), ()
    users, wakers = {}, {}

    def __init__(self, node):
        self.node = node

    def request(self, branch, request, now):
        """Mark what goes to a phone here; return (request, no effects)."""
        if branch is None or not branch.context.is_help or branch.target.binding is None:
            return request, []
        if request.method == b"INVITE" and request.to.tag is None:
            caller = request.from_
            number = (self.node.settings.emergency_number or ("SOS",))[0].encode()
            shown = caller.worded(b"(" + number + b") ", b"", caller.uri.user or b"?")
            request.set(b"from", b"From: " + shown.write())
            request.remove(b"p-asserted-identity")  # Phones prefer its name to that of From.
            request.set(b"priority", PRIORITY)
            request.set(b"alert-info", ALERT)
        return request, []
