"""One search: from some nodes to the eight closest to a target, and what they keep there.

Nobody is believed for being close: whoever lies about nodes costs questions, of which there are so
many at most, and an item counts by its signature alone.
"""

from . import krpc

CLOSEST, AT_ONCE, MAX_QUESTIONS = (8, 4, 64)
PATIENCE_MS = 2000


class Search:
    """key: of the item; known: {(host, port): id or b""} to begin with.

    places: {(host, port): distance, None where the id is not known}; tokens: {place: (distance,
    token)} of who has answered; found: the newest Item.
    """

    def __init__(self, key, known, verify):
        self.key = key
        self.target = krpc.target_of(key)
        self.verify = verify
        self.places = {}
        self.waiting, self.done = {}, set()
        self.tokens = {}
        self.found = None
        for place in sorted(known):
            self._note(known[place], place)

    def _note(self, id, place):
        if place not in self.done and place not in self.waiting:
            self.places[place] = _distance(id, self.target) if id else None

    def next(self, now):
        """Return the places that are to be asked now; each is waited for."""
        found = []
        while self.places and len(self.waiting) < AT_ONCE and len(self.done) < MAX_QUESTIONS:
            place = min(self.places, key=self._nearness)
            distance = self.places[place]
            if distance is not None and not self._is_of_use(distance):
                break
            del self.places[place]
            self.waiting[place] = now + PATIENCE_MS
            found.append(place)
        return found

    def _nearness(self, place):
        """Those whose id nobody knows come first: they were there before."""
        distance = self.places[place]
        return (0 if distance is None else 1, distance or 0, place)

    def _is_of_use(self, distance):
        nearer = [one for one, _ in self.tokens.values() if one < distance]
        return len(nearer) < CLOSEST

    def answered(self, place, answer):
        """Take an Answer of a place that was asked."""
        if self.waiting.pop(place, None) is None:
            return
        self.done.add(place)
        self.tokens[place] = _distance(answer.id, self.target), answer.token
        for id, other in answer.nodes:
            self._note(id, other)
        item, newest = answer.item, self.found
        is_newer = item is not None and (newest is None or item.sequence > newest.sequence)
        if is_newer and krpc.is_of(item, self.key, self.verify):
            self.found = item

    def drop(self, now):
        """Wait no longer for who has not answered in time."""
        for place in [place for place in self.waiting if self.waiting[place] <= now]:
            del self.waiting[place]
            self.done.add(place)

    def deadline(self):
        """Return when `drop` has something to do, None where nobody is waited for."""
        return min(self.waiting.values()) if self.waiting else None

    def is_over(self):
        """Tell whether nobody closer is left to be asked; `next` has been asked before."""
        return not self.waiting

    def closest(self):
        """Return [(place, token)] of the closest that have answered."""
        rows = sorted((self.tokens[place][0], place) for place in self.tokens)
        return [(place, self.tokens[place][1]) for _, place in rows[:CLOSEST]]


def _distance(id, target):
    return int.from_bytes(id, "big") ^ int.from_bytes(target, "big")
