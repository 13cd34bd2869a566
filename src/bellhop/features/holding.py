"""Who holds a call: what a re-INVITE says of the direction of its sound (RFC 3264 section 8.4)."""

# The last is how it was said before directions had names (RFC 2543).
HOLDING = (b"a=sendonly", b"a=inactive", b"c=IN IP4 0.0.0.0")


class Holding:
    """A feature. node: the Node, whose list of calls shows who is held."""

    name = "holding"
    hooks, events = ("renewed",), ()
    users, wakers = {}, {}

    def __init__(self, node):
        self.node = node

    def renewed(self, call, request, response):
        """Note whether who sent an offer holds the call with it, or takes it up again."""
        offer, sender = request.body or response.body, request.from_.tag
        if not offer:
            return
        if is_held(offer):
            self.node.calls.hold(call, sender)
        elif call.held_by == sender:
            self.node.calls.hold(call, None)


def is_held(description):
    """Tell whether a session description lets no sound come in."""
    lines = description.replace(b"\r", b"").split(b"\n")
    return bool([line for line in HOLDING if line in lines])
