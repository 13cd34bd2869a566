"""Meeting nodes: they join who listens for a box to who calls it, by a cookie (PROTOCOL.md).

They learn neither whose box it is nor which: a cookie names nothing, and each lies behind relays.
Tested with the boxes.
"""

from ..effects import SoundMeet
from ..errors import MeshError
from ..limits import MAX_LISTENING
from . import cells

# Circuits that listen under one cookie.
LISTENING_OF_ONE = 2
STREAMS = 4


class Waiting:
    """A circuit that listens: whoever comes with its cookie is joined to it."""

    def __init__(self, meetings, cookie):
        self.meetings = meetings
        self.cookie = cookie

    def heard(self, circuit, body, now):
        """Take a cell, which says nothing but that the other side is there still."""
        return []

    def lost(self, circuit, reason, record, now):
        """Nobody listens any more."""
        self.meetings.forget(self.cookie, circuit)
        return []


class Joint:
    """One of two circuits that are one way. other: that one; shift: of the steps of its cells."""

    def __init__(self, circuits, other, shift):
        self.circuits = circuits
        self.other = other
        self.shift = shift
        # Ports of the streams of sound of this circuit, once they are open.
        self.ports = None

    def heard(self, circuit, body, now):
        """Pass a cell on."""
        return self.circuits.say(self.other, body, now, circuit.step + self.shift)

    def lost(self, circuit, reason, record, now):
        """Half of the way is gone, and so the other."""
        return self.circuits.drop(self.other, now)


class Meetings:
    """The circuits that listen at this node. waiting: {cookie: [Circuit, ...]}."""

    def __init__(self, circuits):
        self.circuits = circuits
        self.waiting = {}

    def came(self, circuit, opened, now):
        """Take a circuit that ends here to listen, or to be joined; return the effects."""
        if opened.command == cells.LISTEN:
            return self._listen(circuit, opened, now)
        waiting = self._there(opened.place)
        if not waiting:
            return self.circuits.refuse(circuit, cells.NO_COOKIE, now)
        listening = waiting[0]
        self.forget(opened.place, listening)
        # The set-up of the one is the first cell of the other.
        circuit.user = Joint(self.circuits, listening, 1)
        listening.user = Joint(self.circuits, circuit, 0)
        effects = []
        if opened.flags & cells.SOUND:
            for one in (circuit, listening):
                effects += self.circuits.sound(one, (0,) * STREAMS, (0,) * STREAMS)
        return effects + self.circuits.say(listening, opened.body, now, 1)

    def _listen(self, circuit, opened, now):
        for cookie in list(self.waiting) if len(self.waiting) >= MAX_LISTENING else ():
            self._there(cookie)
        waiting, count = self._there(opened.place), len(self.waiting)
        if count >= MAX_LISTENING or len(waiting) >= LISTENING_OF_ONE:
            return self.circuits.refuse(circuit, cells.FULL, now)
        circuit.user = Waiting(self, opened.place)
        self.waiting[opened.place] = waiting + [circuit]
        size = int.from_bytes(opened.body[:2], "big")
        try:
            self.circuits.mesh.publish_box(opened.body[2 : 2 + size], now)
        except MeshError:
            self.circuits.mesh.counters["malformed"] += 1
        return []

    def _there(self, cookie):
        """Return the circuits that listen under a cookie; silence ends some without a word."""
        return self.forget(cookie, None)

    def forget(self, cookie, circuit):
        """A circuit does not listen any more; return those that do."""
        table, kept = self.circuits.table, self.waiting.get(cookie, ())
        kept = [one for one in kept if one is not circuit and table.get(one.near) is one]
        if kept:
            self.waiting[cookie] = kept
        else:
            self.waiting.pop(cookie, None)
        return kept

    def sounding(self, number, ports):
        """A SoundOpen was answered; return the effects that join its sound to that of the other."""
        for circuit in set(self.circuits.table.values()):
            joint = circuit.user
            if circuit.sound != number or not isinstance(joint, Joint):
                continue
            joint.ports, other = tuple(ports), joint.other.user.ports
            if not joint.ports or not other:
                return []
            return [SoundMeet(number, other), SoundMeet(joint.other.sound, joint.ports)]
        return []
