"""Calls whose sound passes this node outlast its process: another one goes on with them.

What it takes is kept beside the call (features/restart.py), in memory that the process does not
own. The packets' own state is the library's (shell/media/relays.py). Tested in
tests/unit/media/test_kept.py and, with sound, in tests/media/test_restarts.py.
"""

from ...media import kept
from ...media.relay import LONGEST_CALL
from ...tu.calls import NAME


class Lasting:
    """A feature. relays: media.relay.Relays; keep(call, now): has a Call kept anew; give_up(call,
    now): ends one that cannot go on; both return effects. is_in_memory: whether what is kept is on
    no flash, so that keys may be in it.
    """

    name = "lasting"
    hooks, events = ("request", "response", "restore", "kept", "resume"), ("opened",)
    users, wakers = {}, {}

    def __init__(self, node, relays, keep, give_up, is_in_memory):
        self.node = node
        self.relays = relays
        self.keep = keep
        self.give_up = give_up
        self.is_in_memory = is_in_memory

    # While all is well.

    def request(self, branch, request, now):
        """Keep anew what an ACK may have settled; return (request, effects)."""
        return request, [] if branch is not None else self.changed(request.call_id, now)

    def response(self, branch, response, now):
        """Keep anew what a 2xx may have settled; return (response, effects)."""
        return response, self.changed(response.call_id, now) if response.status // 100 == 2 else []

    def changed(self, call_id, now):
        """The sound of a call may be agreed anew; return the effects."""
        call = self.node.calls.live.get(call_id)
        if call is None or call_id not in self.relays.sessions.by_call:
            return []
        return self.keep(call, now)

    def kept(self, call):
        """Return what it takes to go on with the sound of a Call, JSON-able; None: it cannot."""
        sessions = self.relays.sessions.by_call.get(call.call_id, ())
        answered = [one for one in sessions if one.is_lasting()]
        if not answered or (not self.is_in_memory and [one for one in answered if one.has_keys()]):
            return None
        return [kept.row_of(session) for session in answered]

    # After a restart.

    def restore(self, name, records, now):
        """Give the relays of this run other numbers."""
        if name == NAME:
            for call in records:
                for row in call.get("sound") or ():
                    for number in kept.numbers_of(row):
                        self.relays.sessions.count_from(number)

    def resume(self, call, rows, now):
        """Go on with the sound of a Call; return the effects, or None where that cannot be."""
        keying, effects, sessions = self.relays.keying, [], []
        try:
            for row in rows:
                session = kept.session_of(row, keying.dh, keying.identity)
                effects += session.resume()
                sessions.append(session)
        except kept.UNREADABLE:
            return None
        for at, session in enumerate(sessions):
            self.relays.sessions.resume((call, at), session, now + LONGEST_CALL)
        return effects

    def opened(self, number, ports, problem, now):
        """The shell has answered a RelayResume; return the effects."""
        session = self.relays.sessions.by_number.get(number)
        call = None if session is None else self.node.calls.live.get(session.call_id)
        return [] if ports or call is None else self.give_up(call, now)
