"""The sessions of a node, found by the branch that began one, by dialog, and by relay."""

from ..effects import RelayClose
from ..errors import SipError
from .negotiation import A, B, Negotiation

# Phones that ring behind one branch; a proxy out there may fork.
MAX_DIALOGS = 8


class Sessions:
    """by_user: branch -> Session; by_call: Call-ID -> Sessions; by_number: relay -> Session."""

    def __init__(self, deadlines):
        self.deadlines = deadlines
        self.by_user = {}
        self.by_call = {}
        self.by_number = {}
        self.count = 0

    def add(self, user, session, deadline):
        """Take a new session of a branch."""
        session.user = user
        self.by_user[user] = session
        self.by_call.setdefault(session.call_id, []).append(session)
        self.watch(session, deadline)

    def watch(self, session, deadline):
        """Set when a session must be looked at."""
        session.deadline = deadline
        self.deadlines.watch(session)

    def number(self, session):
        """Return the number of a new relay of a session."""
        self.count += 1
        self.by_number[self.count] = session
        return self.count

    def count_from(self, number):
        """Give no number again that a relay of an earlier run has."""
        self.count = max(self.count, number)

    def resume(self, user, session, deadline):
        """Take a session of an earlier run with its relays."""
        self.add(user, session, deadline)
        for number in session.numbers():
            self.by_number[number] = session

    def closed(self, effects):
        """Forget the relays that effects close; return the effects."""
        for effect in effects:
            if isinstance(effect, RelayClose):
                self.by_number.pop(effect.relay, None)
        return effects

    def end(self, session):
        """Forget a session; return the effects that close its relays."""
        if self.by_user.pop(session.user, None) is not None:
            others = [one for one in self.by_call.pop(session.call_id) if one is not session]
            if others:
                self.by_call[session.call_id] = others
        session.parked = []
        session.deadline = None
        return self.closed(session.close())

    def asking(self, user, request):
        """Return (session, dialog or None in an INVITE that begins, side that sent it)."""
        session = self.by_user.get(user)
        if session is not None:
            return session, None, A
        return self._within(request)

    def answering(self, user, response):
        """Return (session, Negotiation or None, side that sent it) of a response; may begin one."""
        session = self.by_user.get(user)
        if session is None:
            session, dialog, side = self._within(response)
            return session, dialog, None if side is None else 1 - side
        tag = response.to.param(b"tag")
        if tag not in session.dialogs and tag is not None and response.status < 300:
            if len(session.dialogs) >= MAX_DIALOGS:
                raise SipError(488, "too many phones answer behind one address")
            agreement = None if session.agreement is None else session.agreement.fork()
            session.dialogs[tag] = Negotiation(agreement, session.first)
        return session, session.dialogs.get(tag), B

    def _within(self, message):
        tags = message.from_.param(b"tag"), message.to.param(b"tag")
        for session in self.by_call.get(message.call_id, ()):
            if session.caller_tag == tags[0] and tags[1] in session.dialogs:
                return session, session.dialogs[tags[1]], A
            if session.caller_tag == tags[1] and tags[0] in session.dialogs:
                return session, session.dialogs[tags[0]], B
        return None, None, None
