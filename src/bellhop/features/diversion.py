"""Where a call goes that its user does not take: forwarding by reason, rest, who may not call.

RFC 5806 (Diversion) and RFC 7044 (History-Info) tell the one who gets the call why. Calls for help
never come here: the dial plan finds them by another rule.
"""

from ..errors import SipError
from ..sip import uri
from ..tu import dialplan, wishes
from ..tu.wishes import FORWARD_ABSENT, FORWARD_ALWAYS, FORWARD_BUSY, FORWARD_NOANSWER

# How often a call may be forwarded in this house; History-Info counts what was before.
MOST_FORWARDS = 5
# Callers who were held off, and so many again: then all begin anew.
MOST_ASKED = 256
BUSY = (486, 600, 603)
# RFC 5806 section 6, RFC 4458.
REASONS = {
    FORWARD_ALWAYS: b"unconditional", FORWARD_BUSY: b"user-busy", FORWARD_NOANSWER: b"no-answer",
    FORWARD_ABSENT: b"unavailable",
}  # fmt: skip
CAUSES = {FORWARD_ALWAYS: 302, FORWARD_BUSY: 486, FORWARD_NOANSWER: 408, FORWARD_ABSENT: 404}
WORDS = {
    FORWARD_ALWAYS: "always", FORWARD_BUSY: "busy", FORWARD_NOANSWER: "no answer",
    FORWARD_ABSENT: "phone off",
}  # fmt: skip
BY_WORDS = {words: why for why, words in WORDS.items()}
# What a Target says that is reached by forwarding, with the users and why.
FORWARDED = "forwarding of "
RESTS = "%s does not want to be disturbed now"


class Diversion:
    """A feature. asked: (user, caller) -> when a caller was held off last, for who calls again."""

    name = "diversion"
    hooks, events = ("lead", "follows", "recourse", "request"), ()
    users, wakers = {}, {}

    def __init__(self, node, own):
        """own: features.wishes.Wishes."""
        self.node = node
        self.own = own
        self.asked = {}

    # Before it rings.

    def lead(self, request, found, now):
        """Return where a call to a user goes on by the user's wishes; may refuse it."""
        user = found.callee
        if request.method != b"INVITE" or request.to.tag is not None:
            return found
        if found.rule != dialplan.LOCAL or user is None or user.kind != "user":
            return found
        wish = self._why_not(user, request, now)
        if wish == wishes.BLOCKED:
            raise SipError(603, "%s takes no calls from there" % user.name)
        if wish == wishes.ANONYMOUS:
            raise SipError(433, "%s takes no calls from who hides the number" % user.name)
        if wish is not None:
            return self._resting(user, request, now)
        return self._followed(user, found, request, now, [])

    def _why_not(self, user, request, now):
        caller, mine = request.from_, self.own.of(user)
        key = (caller.uri.user or b"") + b"@"
        key += caller.uri.host_key if caller.uri.host is not None else b""
        names = self._names(caller.uri)
        is_blocked = wishes.is_listed(self.own.value(user, wishes.BLOCKED), names, key)
        before = self.asked.get((user.name, key))
        again = before is not None and now - before <= wishes.AGAIN_MS
        friend = again or self._is_starred(names, key)
        hides, minute = wishes.is_nobody(caller), self.own.minute(now)
        wish = wishes.why_not(user, mine, minute, hides, is_blocked, friend)
        if wish in (wishes.DND, wishes.QUIET):
            if len(self.asked) >= MOST_ASKED:
                self.asked = {}
            self.asked[user.name, key] = now
        return wish

    def _names(self, caller):
        """Return every name and number under which people know who calls."""
        section = dialplan.callee(self.node.settings, caller) if self.node.is_ours(caller) else None
        if section is None:
            return [caller.user or b""]
        known = (section.name, section.extension) + section.alias
        return [one.encode() for one in known if one]

    def _is_starred(self, names, key):
        for contact in self.node.settings.contacts:
            address = contact.address.partition(":")[2]
            if contact.star and wishes.is_listed((contact.number, address), names, key):
                return True
        return False

    def _resting(self, user, request, now):
        found = self._forwarded(user, FORWARD_BUSY, request, now, [])
        if found is None:
            raise SipError(486, RESTS % user.name)
        return found

    def _followed(self, user, found, request, now, seen):
        """Return the Found of a user's call after always, absent, and how long the phones ring."""
        always = self._forwarded(user, FORWARD_ALWAYS, request, now, seen)
        if always is not None:
            return always
        if not found.stages:
            return self._forwarded(user, FORWARD_ABSENT, request, now, seen) or found
        if self._place(user, FORWARD_NOANSWER):
            return dialplan.Found(found.rule, found.stages, user, user.forward_after * 1000)
        return found

    # After it rang.

    def follows(self, context):
        """Tell whether a call goes on when the phones of its user have rung long enough."""
        user = context.callee
        is_user = user is not None and user.kind == "user"
        return is_user and bool(self._place(user, FORWARD_NOANSWER))

    def recourse(self, context, response, now):
        """Return where a call goes on whose user's phones were busy, or did not take it."""
        user = context.callee
        if user is None or user.kind != "user":
            return None
        is_busy = bool([one for one in context.finals if one.status in BUSY])
        why = FORWARD_BUSY if is_busy else FORWARD_NOANSWER
        before = _steps(context.branches[-1].target)
        seen = [self.node.settings.users.get(name) for name, _ in before]
        found = self._forwarded(user, why, context.request, now, seen)
        if found is None or not before:
            return found
        stages = [[_behind(one, before) for one in stage] for stage in found.stages]
        return dialplan.Found(found.rule, stages, found.callee, found.patience)

    # Where to.

    def _place(self, user, why):
        """Return where calls of a user go for a reason, text, "" for nowhere.

        `forward` is for all reasons but the first, and for that one where no phone is to ring.
        """
        place = self.own.value(user, why)
        if place:
            return place
        is_always = not user.forward_after
        return user.forward if is_always == (why == FORWARD_ALWAYS) else ""

    def _forwarded(self, user, why, request, now, seen):
        """Return the Found of a forward, None where there is none; refuses a circle with 482.

        seen: the users who have sent the call here.
        """
        place = self._place(user, why)
        if not place:
            return None
        if len(seen) + len(request.items(b"history-info")) >= MOST_FORWARDS:
            raise SipError(482, "the call was forwarded too often")
        node = self.node
        address = uri.parse((place if ":" in place else "tel:" + place).encode())
        led = dialplan.find(node.settings, node.listening, node.location, address, now)
        if led.callee in seen or led.callee is user:
            names = ", ".join([one.name for one in seen + [user]])
            raise SipError(482, "calls are forwarded in a circle by " + names)
        if led.rule == dialplan.LOCAL and led.callee is not None and led.callee.kind == "user":
            led = self._followed(led.callee, led, request, now, seen + [user])
        if not led.stages:
            return None
        stages = [[_marked(one, user, why) for one in stage] for stage in led.stages]
        # What is elsewhere may be in the mesh: who knows is asked for addresses of the phone book.
        is_here = led.rule in (dialplan.LOCAL, dialplan.EMERGENCY)
        rule = led.rule if is_here else dialplan.PHONE_BOOK
        return dialplan.Found(rule, stages, led.callee, led.patience)

    # On the way.

    def request(self, branch, request, now):
        """Tell who is called in whose place, and why; return (request, no effects)."""
        if branch is None or not branch.target.reason.startswith(FORWARDED):
            return request, []
        domain = self.node.settings.domain
        history = request.items(b"history-info")
        for name, why in _steps(branch.target):
            address = b"<sip:" + uri.escape(name.encode()) + b"@" + domain
            line = b"Diversion: " + address + b">;reason=" + REASONS[why]
            request.insert(b"diversion", line)
            cause = b"?Reason=SIP%3Bcause%3D" + str(CAUSES[why]).encode()
            index = b";index=" + str(len(history) + 1).encode()
            history.append(address + cause + b">" + index)
        request.set(b"history-info", b"History-Info: " + b", ".join(history))
        return request, []


def _steps(target):
    """Return [(name, why)] of those by whose wish a Target is called, the first caller's first."""
    if not target.reason.startswith(FORWARDED):
        return []
    pairs = [one.split(" (") for one in target.reason[len(FORWARDED) :].split(", ")]
    return [(name, BY_WORDS[words[:-1]]) for name, words in pairs]


def _marked(target, user, why):
    """Return a Target that says by whose wish it is called first of all."""
    return _behind(target, [(user.name, why)])


def _behind(target, steps):
    """Return a Target to which these have led before those that it names."""
    steps = ["%s (%s)" % (name, WORDS[why]) for name, why in steps]
    if _steps(target):
        steps.append(target.reason[len(FORWARDED) :])
    fields = list(target)
    fields[5] = FORWARDED + ", ".join(steps)
    return dialplan.Target(*fields)
