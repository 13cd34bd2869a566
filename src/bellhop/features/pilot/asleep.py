"""Phones that sleep are woken by a push, and the call is held until they are back (RFC 8599).

A telephone app says at REGISTER where it can be woken. Its stream goes when it sleeps, its binding
stays. UnifiedPush's addresses are Web Push's (RFC 8030): one POST by https, or to the distributor
of this node itself, so that it works where there is no Internet.
"""

from ...effects import Push
from ...errors import SipError
from ...limits import MAX_CALLS, MAX_PUSHED
from ...tu import dialplan
from ...tu.response_context import WAITING

# How long a caller waits for a phone to wake; a phone is woken again only after a pause.
HOLD_MS, PAUSE_MS = 20000, 3000
ASLEEP = "%s's phone is asleep and does not wake up"
DEAF = "%s's phone is asleep, and cannot be woken: %s"


# A phone is woken so long before its registration ends, to renew it (RFC 8599 section 5.6).
RENEW_MS = 120000


class Nap:
    """A call to a user whose phones sleep. urls: to be asked at `deadline`; problem: why a push did
    not arrive, or ""."""

    def __init__(self, call_id, names, urls, now):
        self.call_id = call_id
        self.names = names
        self.urls = urls
        self.problem = ""
        self.deadline, self.queued = now, None


class Renewal:
    """A registration that ends while its phone sleeps."""

    def __init__(self, binding):
        self.binding = binding
        self.deadline, self.queued = binding.until - RENEW_MS, None


class Asleep:
    """A feature. naps: Call-ID -> Nap; pushed: URL -> when it was asked last.

    forwarder: of the core.
    """

    name = "asleep"
    hooks, events = ("lead", "recourse", "registered", "counters"), ("pushed",)
    users = {}

    def __init__(self, node, forwarder):
        self.node = node
        self.forwarder = forwarder
        self.naps = {}
        self.pushed_at = {}
        self.seen = {"pushed": 0, "failed": 0, "woken": 0, "slept_on": 0}
        self.wakers = {Nap: self._wake, Renewal: self._renew}

    def counters(self):
        """Return how many phones were woken."""
        return {"asleep": self.seen}

    def lead(self, request, flow, found, now):
        """Wake the phones that a call is for; without one that is awake the caller waits."""
        callee = found.callee
        if callee is None or request.method != b"INVITE" or request.to.tag is not None:
            return found
        if found.rule not in (dialplan.LOCAL, dialplan.EMERGENCY):
            return found
        names = callee.rings if callee.kind == "group" else (callee.name,)
        urls = self._urls(names, now)
        if not urls or len(self.naps) >= MAX_CALLS:
            return found
        nap = self.naps[request.call_id] = Nap(request.call_id, names, urls, now)
        self.node.deadlines.watch(nap)
        if found.stages:
            return found
        return dialplan.Found(found.rule, [[]], callee, found.patience)

    def _urls(self, names, now):
        """Return where the phones of users are woken that may sleep."""
        urls = []
        for name in names:
            for binding in self.node.location.bindings(name, now):
                may_sleep = binding.asleep or not binding.flow.connection
                if binding.push is not None and binding.rings and may_sleep:
                    urls.append(binding.push)
        return urls

    def _wake(self, nap, now):
        """Ask for the pushes, and later forget the call."""
        context = self._context(nap.call_id)
        if context is None or not nap.urls:
            nap.deadline = None
            is_alone = context is not None and not context.pending() and not context.stages
            effects = self.forwarder.tire(context, now) if is_alone else []
            self.naps.pop(nap.call_id, None)
            return effects
        effects = []
        for url in nap.urls:
            effects += self._push(url, now)
        nap.urls, nap.deadline = [], now + HOLD_MS
        self.node.deadlines.watch(nap)
        return effects

    def _push(self, url, now):
        if now - self.pushed_at.get(url, now - PAUSE_MS) < PAUSE_MS:
            return []
        if len(self.pushed_at) >= MAX_PUSHED:
            self.pushed_at = {}
        self.pushed_at[url] = now
        self.seen["pushed"] += 1
        return [Push(url)]

    def _renew(self, renewal, now):
        """Wake a phone whose registration ends."""
        binding, renewal.deadline = renewal.binding, None
        if not binding.asleep or binding not in self.node.location.users.get(binding.user, ()):
            return []
        return self._push(binding.push, now)

    def pushed(self, url, problem, now):
        """A push has arrived, or `problem` tells why not: who waits for nothing else is told."""
        if not problem:
            return []
        self.seen["failed"] += 1
        effects = []
        for call_id in list(self.naps):
            context, nap = self._context(call_id), self.naps[call_id]
            mine = [self.node.location.users.get(name, ()) for name in nap.names]
            theirs = [one.push for bindings in mine for one in bindings]
            if context is not None and url in theirs:
                nap.problem = problem
                if not context.pending() and not context.stages:
                    effects += self.forwarder.tire(context, now)
        return effects

    def _context(self, call_id):
        call = self.node.calls.live.get(call_id)
        context = None if call is None else call.context
        return context if context is not None and context.state == WAITING else None

    def registered(self, added, removed, now):
        """Let a phone that has come back ring with the calls that wait for it."""
        effects = []
        for binding in added:
            if binding.push is not None and binding.until - RENEW_MS > now:
                self.node.deadlines.watch(Renewal(binding))
        for binding in added if self.naps else ():
            for call_id in list(self.naps):
                context = self._context(call_id)
                if context is None or binding.user not in self.naps[call_id].names:
                    continue
                if not binding.rings or _rings(context, binding):
                    continue
                self.seen["woken"] += 1
                target = dialplan.to_phone(binding, "%s's phone, woken" % binding.user)
                effects += self.forwarder.join(context, [target], now)
        return effects

    def recourse(self, context, response, now):
        """Tell a caller why nobody rang."""
        nap = self.naps.get(context.request.call_id)
        if nap is None or context.branches:
            return
        self.seen["slept_on"] += 1
        who = nap.names[0]
        raise SipError(480, DEAF % (who, nap.problem) if nap.problem else ASLEEP % who)


def _rings(context, binding):
    """Tell whether a phone rings already, or has answered."""
    for branch in context.branches:
        other = branch.target.binding
        if other is not None and other.user == binding.user and other.key() == binding.key():
            return branch.rang or branch.final is not None or other is binding
    return False
