"""Which dialogs this node has let begin, by Call-ID and both tags (RFC 3261 section 12)."""

from ..limits import MAX_DIALOGS

# A dialog may begin with a NOTIFY that overtakes the answer to its SUBSCRIBE or REFER (RFC 6665).
NOTIFIED = (b"SUBSCRIBE", b"REFER")


class Dialogs:
    """Call-ID and two tags of each dialog that began through this node; the oldest goes."""

    def __init__(self):
        self.known = {}
        # A list: a MicroPython deque takes the place of all of them at once.
        self.order = []
        self.counters = {"dialogs_forgotten": 0}

    def ask(self, request):
        """A request that may begin a dialog is let through."""
        if request.method in NOTIFIED:
            self._add((request.call_id, request.from_.tag, None))

    def begin(self, request, response):
        """A response with a tag begins a dialog, perhaps an early one."""
        tag = response.to.tag
        if tag is not None:
            self._add((request.call_id, request.from_.tag, tag))

    def again(self, call_id, one, other):
        """A dialog goes on that began before a restart."""
        self._add((call_id, one, other))

    def has(self, request):
        """Tell whether a request is of a dialog that began here."""
        call_id, sender, addressee = request.call_id, request.from_.tag, request.to.tag
        if addressee is None:
            return False
        known = self.known
        if (call_id, sender, addressee) in known or (call_id, addressee, sender) in known:
            return True
        if request.method != b"NOTIFY" or (call_id, addressee, None) not in known:
            return False
        self._add((call_id, addressee, sender))
        return True

    def _add(self, key):
        if key in self.known:
            return
        if len(self.order) >= MAX_DIALOGS:
            self.counters["dialogs_forgotten"] += 1
            del self.known[self.order.pop(0)]
        self.known[key] = True
        self.order.append(key)
