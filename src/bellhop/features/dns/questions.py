"""Questions to the DNS that are in the air, and what waits for all of several answers."""

from ...effects import Ask
from ...names.answer import SILENT, Answer

MAX_ASKED = 256


class Questions:
    """waiting: number of a question -> (Several, its place among their answers)."""

    def __init__(self):
        self.waiting = {}
        self.number = 0
        self.counters = {"asked": 0, "refused": 0}

    def ask(self, places, kind, go_on, now):
        """Return the effects that ask for the records of names, all at once.

        places: [(name, zone)] as octets; go_on(answers, now) returns the effects then.
        """
        if len(self.waiting) + len(places) > MAX_ASKED:
            self.counters["refused"] += 1
            silent = Answer(SILENT, (), "too many names are being looked up")
            return go_on([silent] * len(places), now)
        several = _Several(len(places), go_on)
        effects = []
        for place, (name, zone) in enumerate(places):
            self.number += 1
            self.counters["asked"] += 1
            self.waiting[self.number] = several, place
            effects.append(Ask(self.number, name.decode(), kind, zone.decode()))
        return effects

    def answered(self, number, answer, now):
        """Take an answer; return the effects of who waited for it."""
        several, place = self.waiting.pop(number, (None, 0))
        return [] if several is None else several.take(place, answer, now)


class _Several:
    """Answers that are waited for together."""

    def __init__(self, count, go_on):
        self.answers = [None] * count
        self.go_on = go_on

    def take(self, place, answer, now):
        """Take one; the last goes on."""
        self.answers[place] = answer
        return [] if None in self.answers else self.go_on(self.answers, now)
