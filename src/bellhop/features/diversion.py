"""Where a call goes that its user does not take: forwarding by reason, rest, who may not call.

RFC 5806 (Diversion) and RFC 7044 (History-Info) tell the one who gets the call why. Calls for help
never come here: the dial plan finds them by another rule.
"""

from ..core.feature import any_says, first
from ..effects import CELLS
from ..errors import SipError
from ..limits import OWN
from ..sip import uri
from ..text import of_octets
from ..tu import dialplan, diverted, wishes
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
# Who may not call at all, whatever else is wished.
REFUSED = {
    wishes.BLOCKED: (603, "%s takes no calls from there"),
    wishes.ANONYMOUS: (433, "%s takes no calls from who hides the number"),
    wishes.UNKNOWN: (603, "%s takes calls of people in the phone book only"),
}
STRANGER = "%s takes calls and texts of contacts only"
HELD_OFF = "%s is not rung by such callers"
RESTS = "%s does not want to be disturbed now"


class Diversion:
    """A feature. asked: (user, caller) -> when a caller was held off last, for who calls again."""

    name = "diversion"
    hooks, events = ("lead", "follows", "recourse", "request"), ()
    users, wakers = {}, {}

    def __init__(self, node, own, find):
        """own: features.wishes.Wishes; find: of Routing."""
        self.node = node
        self.own = own
        self.find = find
        self.asked = {}

    # Before it rings.

    def lead(self, request, flow, found, now):
        """Return where a call to a user goes on by the user's wishes; may refuse it, or a text."""
        user, method = found.callee, request.method
        if (method != b"INVITE" and method != b"MESSAGE") or request.to.tag is not None:
            return found
        if found.rule != dialplan.LOCAL or user is None:
            return found
        how = self._way(user, request, flow)
        if how == wishes.REFUSE:
            raise SipError(603, STRANGER % user.name)
        if user.kind != "user" and how == wishes.RING:
            return found
        if user.kind != "user":
            raise SipError(480, HELD_OFF % user.name)
        wish = self._why_not(user, request, flow, now)
        if wish in REFUSED:
            status, words = REFUSED[wish]
            raise SipError(status, words % user.name)
        if method == b"MESSAGE":
            return found
        if wish is not None:
            return self._resting(user, request, now)
        if how != wishes.RING:
            return self._held_off(user, request, how, now)
        return self._followed(user, found, request, now, [])

    def _way(self, user, request, flow):
        """Return what becomes of a call: one of wishes.WAYS; who is known rings.

        By callers who hide a user goes, else the owner's option for those who are no contacts.
        """
        if user.kind == "user" and wishes.is_nobody(request.from_):
            how = self.own.value(user, wishes.ANONYMOUS)
            return wishes.RING if how == wishes.REFUSE else how  # Which has words of its own.
        wanted = self.node.settings.privacy.strangers
        if wanted == wishes.RING or flow.transport != CELLS:
            return wishes.RING
        is_friend = any_says(self.node.hooks.befriends, flow, request)
        is_text = request.method == b"MESSAGE" and wanted != wishes.REFUSE
        return wishes.RING if is_friend or is_text else wanted

    def _held_off(self, user, request, how, now):
        """Return where a call goes for which no phone rings; it is in the list of calls."""
        why = FORWARD_NOANSWER if how == wishes.VOICE else FORWARD_BUSY
        found = self._forwarded(user, why, request, now, [])
        if found is None:
            raise SipError(480, HELD_OFF % user.name)
        return found

    def _why_not(self, user, request, flow, now):
        caller, mine = request.from_, self.own.of(user)
        key = (caller.uri.user or b"") + b"@"
        key += caller.uri.host_key if caller.uri.host is not None else b""
        beyond = first(self.node.hooks.caller, request, flow)
        names = self._names(caller.uri, beyond)
        is_blocked = wishes.is_listed(self.own.value(user, wishes.BLOCKED), names, key)
        before = self.asked.get((user.name, key))
        again = before is not None and now - before <= wishes.AGAIN_MS
        friend = again or self._is_starred(names, key, beyond)
        hides, minute = wishes.is_nobody(caller), self.own.minute(now)
        wish = wishes.why_not(user, mine, minute, hides, is_blocked, friend)
        takes_known = self.own.value(user, wishes.UNKNOWN) == wishes.REFUSE
        if wish is None and takes_known and not self._is_known(request, names, key, beyond):
            return wishes.UNKNOWN
        if wish in (wishes.DND, wishes.QUIET) and request.method == b"INVITE":
            if len(self.asked) >= MOST_ASKED:
                self.asked = {}
            self.asked[user.name, key] = now
        return wish

    def _names(self, caller, beyond):
        """Return every name and number under which people know who calls.

        beyond: (name, node's id) of who calls from beyond the mesh, or None.
        """
        if beyond is not None and beyond[0]:
            return [caller.user or b"", beyond[0].encode()]
        section = dialplan.callee(self.node.settings, caller) if self.node.is_ours(caller) else None
        if section is None:
            return [caller.user or b""]
        known = (section.name, section.extension) + section.alias
        return [one.encode() for one in known if one]

    def _is_starred(self, names, key, beyond):
        for contact in self.node.settings.contacts:
            if contact.star and self._is_at(contact.number, contact.address, names, key, beyond):
                return True
        return False

    def _is_at(self, number, address, names, key, beyond):
        """Tell whether an entry of the phone book is who calls; beyond: as for `_names`."""
        if wishes.is_listed((number, address), names, key):
            return True
        if beyond is None or not address:
            return False
        return first(self.node.hooks.callee, uri.parse(address.encode())) == beyond

    def _is_known(self, request, names, key, beyond):
        """Tell whether a caller is of the house, or in its phone book."""
        if request.caller.kind == OWN:
            return True
        settings = self.node.settings
        book = [(contact.number, contact.address) for contact in settings.contacts]
        book += [
            (of_octets(one), of_octets(settings.speed_dial[one])) for one in settings.speed_dial
        ]
        for number, address in book:
            if self._is_at(number, address, names, key, beyond):
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
        if not found.stages and not self.node.location.sleeps(user.name, now):
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
        before = diverted.steps(context.branches[-1].target) if context.branches else ()
        seen = [self.node.settings.users.get(name) for name, _ in before]
        found = self._forwarded(user, why, context.request, now, seen)
        if found is None or not before:
            return found
        stages = [[diverted.behind(one, before) for one in stage] for stage in found.stages]
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
        led = self.find(request, place, now)
        if led.callee in seen or led.callee is user:
            names = ", ".join([one.name for one in seen + [user]])
            raise SipError(482, "calls are forwarded in a circle by " + names)
        if led.rule == dialplan.LOCAL and led.callee is not None and led.callee.kind == "user":
            led = self._followed(led.callee, led, request, now, seen + [user])
        if not led.stages:
            return None
        stages = [[diverted.marked(one, user, why) for one in stage] for stage in led.stages]
        return dialplan.Found(led.rule, stages, led.callee, led.patience)

    # On the way.

    def request(self, branch, request, now):
        """Tell who is called in whose place, and why; return (request, no effects)."""
        if branch is None or not branch.target.reason.startswith(diverted.FORWARDED):
            return request, []
        domain = self.node.settings.domain
        history = request.items(b"history-info")
        for name, why in diverted.steps(branch.target):
            address = b"<sip:" + uri.escape(name.encode()) + b"@" + domain
            line = b"Diversion: " + address + b">;reason=" + REASONS[why]
            request.insert(b"diversion", line)
            cause = b"?Reason=SIP%3Bcause%3D" + str(CAUSES[why]).encode()
            index = b";index=" + str(len(history) + 1).encode()
            history.append(address + cause + b">" + index)
        request.set(b"history-info", b"History-Info: " + b", ".join(history))
        return request, []
