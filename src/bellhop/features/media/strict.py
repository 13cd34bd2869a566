"""Offers a call once more as RTP/SAVP to a phone that has refused it as RTP/AVP (RFC 3711).

A phone that takes encrypted calls only says 488 to all others, and nobody need have told its node.
"""

from ...limits import MAX_BINDINGS
from ...tu.dialplan import Found

REFUSALS = (415, 488)


class Strict:
    """A feature. phones: (user, key of a binding) of those that want encryption."""

    name = "strict"
    hooks, events = ("recourse", "request", "finished"), ()
    users, wakers = {}, {}

    def __init__(self):
        self.phones = {}
        self.refused = set()

    def wants(self, binding):
        """Tell whether the phone of a binding takes RTP/SAVP only, as far as it has shown."""
        return _key(binding) in self.phones

    def heard(self, branch, status, was_strict):
        """A phone of this house has answered a call whose sound this node encrypts."""
        if status not in REFUSALS:
            return
        key = _key(branch.target.binding)
        if was_strict:  # It refuses for another reason.
            self.phones.pop(key, None)
            return
        if len(self.phones) >= MAX_BINDINGS:
            self.phones = {}
        self.phones[key] = True
        self.refused.add(branch)

    def recourse(self, context, response, now):
        """Return the phones that have refused a clear offer, to be called again, or None."""
        again = [branch.target for branch in context.branches if branch in self.refused]
        self.refused.difference_update(context.branches)
        if not again or response.status not in REFUSALS:
            return None
        return Found(context.call.step, [again], context.callee, None)

    def request(self, branch, request, now):
        """Number a second INVITE anew: the phone takes it for a loop beside the first (8.2.2.2)."""
        if branch is not None and branch.target.binding is not None and request.to.tag is None:
            before = [one for one in branch.context.branches if one.target is branch.target]
            at = before.index(branch)
            if at and request.method == b"INVITE":
                number, method = request.cseq
                request.set(b"cseq", b"CSeq: %d %s" % (number + at, method))
        return request, []

    def finished(self, branches):
        """Forget branches; return no effects."""
        self.refused.difference_update(branches)
        return []


def _key(binding):
    return binding.user, binding.key()
