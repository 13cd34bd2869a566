"""Codes that dial for somebody: intercom, the last caller, what was dialled last; and blocking."""

from ..effects import CELLS
from ..errors import BellhopError, SipError
from ..settings import codes
from ..sip import uri
from ..text import readable
from ..tu import border, dialplan, wishes

NOBODY = "nobody has called %s yet"
NOT_BEYOND = "only calls to other houses of the mesh go without a name"
NOTHING = "%s has dialled nothing yet"


class Recall:
    """A feature. own: features.wishes.Wishes; keep: of Codes; find: Routing.sent_on."""

    name = "recall"
    hooks, events = ("locate", "screen"), ()
    users, wakers = {}, {}

    def __init__(self, node, own, keep, find):
        self.node = node
        self.own = own
        self.keep = keep
        self.find = find

    def actions(self):
        """Return {feature code: what does it}, as for features.codes.Codes."""
        return {
            codes.INTERCOM: self._speak, codes.LAST_CALLER: self._go_on, codes.REDIAL: self._go_on,
            codes.BLOCK: self._block, codes.NAMELESS: _go_on,
        }  # fmt: skip

    def locate(self, request, found, now):
        """Return whom a code means that dials for somebody."""
        dialled = self._dialled(request)
        if dialled is None or found.callee is not None or found.stages:
            return found
        if dialled.feature == codes.NAMELESS:
            place = "sip:%s@%s" % (dialled.number.decode(), self.node.settings.domain.decode())
            return self.find(request, place, now)
        if dialled.feature == codes.INTERCOM:
            return self.find(request, dialled.number.decode(), now)
        user = dialplan.callee(self.node.settings, request.from_.uri)
        if user is None:
            return found
        if dialled.feature == codes.LAST_CALLER:
            call = self._last(user, True)
            return (
                found if call is None else self.find(request, readable(call.from_.uri_bytes), now)
            )
        if dialled.feature == codes.REDIAL:
            call = self._last(user, False)
            return found if call is None else self.find(request, readable(call.uri), now)
        return found

    def screen(self, request, flow, found, caller):
        """Let the phone that an intercom call reaches answer by itself; hide who wants it."""
        dialled, user = self._dialled(request), caller.user
        if dialled is not None and dialled.feature == codes.NAMELESS:
            flows = [one.flow for stage in found.stages for one in stage if one.flow is not None]
            if CELLS not in [one.transport for one in flows]:
                raise SipError(480, NOT_BEYOND)
            request.set(b"privacy", b"Privacy: id")
        if dialled is not None and dialled.feature == codes.INTERCOM and _may_speak(user):
            border.answer_at_once(request, self.node.settings.domain)

    def _dialled(self, request):
        """Return the codes.Dialled of an INVITE, or None for all that is no code."""
        if request.method != b"INVITE" or request.to.tag is not None:
            return None
        user = request.parsed_uri.user
        if user is None or user[:1] not in (b"*", b"%"):
            return None
        return codes.read(self.node.settings.codes, user)

    def _last(self, user, was_called):
        """Return the last Call that a user has got, or has made, or None."""
        calls = list(self.node.calls.live.values()) + self.node.calls.history
        for call in sorted(calls, key=_number, reverse=True):
            caller = self._section(call.from_.uri)
            if was_called:
                if caller is not user and self._section(call.to.uri) is user:
                    return call
            elif caller is user and not _is_code(self.node.settings, call.uri):
                return call
        return None

    def _section(self, target):
        is_here = target.host is not None and self.node.is_ours(target)
        return dialplan.callee(self.node.settings, target) if is_here else None

    # What the codes do.

    def _speak(self, user, dialled, request, server, flow, now):
        if not _may_speak(user):
            words = "%s may not speak to phones that answer by themselves: `option intercom`"
            raise SipError(403, words % user.name)
        return

    def _go_on(self, user, dialled, request, server, flow, now):
        """Let the call go on to whom `locate` has found; refuse where there was nobody."""
        is_caller = dialled.feature == codes.LAST_CALLER
        if self._last(user, is_caller) is None:
            raise SipError(480, (NOBODY if is_caller else NOTHING) % user.name)
        return

    def _block(self, user, dialled, request, server, flow, now):
        """Put the last caller on the list of those who may not call, or take the last one off."""
        listed = list(self.own.value(user, wishes.BLOCKED))
        words = "you have blocked: " + (", ".join(listed) or "nobody")
        if dialled.verb == codes.TELL:
            return self.keep(user, request, server, words, [], now)
        if dialled.verb == codes.CLEAR:
            words = "%s may call you again" % listed.pop() if listed else words
        else:
            one = self._last_caller(user)
            listed = [two for two in listed if two != one] + [one]
            words = "%s may not call you any more" % one
        try:
            effects = self.own.set(user, wishes.BLOCKED, listed, now)
        except BellhopError as error:
            raise SipError(480, str(error)) from None
        return self.keep(user, request, server, words, effects, now)

    def _last_caller(self, user):
        """Return who has called last as a list of those who may not call names them."""
        call = self._last(user, True)
        if call is None:
            raise SipError(480, NOBODY % user.name)
        caller = call.from_.uri
        section = self._section(caller)
        if section is not None:
            return section.name
        host = b"" if caller.host is None else b"@" + caller.host_key
        return readable((caller.user or b"") + host)


def _number(call):
    return call.number


def _may_speak(user):
    return user is not None and user.kind == "user" and user.intercom


def _is_code(settings, address):
    user = uri.parse(address).user
    return user is not None and codes.read(settings.codes, user) is not None


def _go_on(user, dialled, request, server, flow, now):
    """The call goes on to whom `locate` has found."""
    return
