"""Whom one call or text to a group has reached, whichever houses it went through.

A group may hold a group of another house that holds it in turn, or one person by two ways. What
goes on to another house carries the mark of its round, and each house reaches nobody twice in it.
"""

import binascii

from ..errors import SipError
from ..limits import MAX_ROUNDS

# The header field: octets made by chance, and how often nobody took the call.
GROUP = b"bellhop-group"
MARK_OCTETS, MOST_STAGES = 26, 9
NOBODY = b"-0"


class Rounds:
    """kept: [(mark, {name of a user or group: Call-ID by which it was reached})], oldest first."""

    def __init__(self, random):
        self.random = random
        self.kept = []

    def begin(self, request):
        """Mark what goes to a group, unless a house before has."""
        if not request.has(GROUP):
            _mark(request, binascii.hexlify(self.random(12)) + NOBODY)

    def again(self, request):
        """Mark a call that nobody took: who did not take it may ring once more, but not for ever.

        Refuses with 482.
        """
        self.begin(request)
        made, _, stage = _read(request).partition(b"-")
        if not stage.isdigit() or int(stage) >= MOST_STAGES:
            raise SipError(482, "nobody takes the call, and the groups send it on in a circle")
        _mark(request, made + b"-" + str(int(stage) + 1).encode())

    def takes(self, request, name):
        """Tell whether a request reaches somebody for the first time in its round, if it has one.

        The same request may come by two ways, or once more.
        """
        if not request.has(GROUP):
            return True
        return self._reached(_read(request)).setdefault(name, request.call_id) == request.call_id

    def _reached(self, mark):
        for one, reached in self.kept:
            if one == mark:
                return reached
        self.kept = self.kept[1 - MAX_ROUNDS :] + [(mark, {})]
        return self.kept[-1][1]


def _read(request):
    return request.value(GROUP)[:MARK_OCTETS]


def _mark(request, mark):
    request.set(GROUP, b"Bellhop-Group: " + mark)
