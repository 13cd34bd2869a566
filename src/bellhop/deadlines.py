"""The one heap of deadlines, for everything in the engine that must be woken."""

import heapq


class Deadlines:
    """A heap of things to wake. A thing has `deadline` (ms or None) and `queued` (ms or None).

    A deadline that moves later costs nothing: the early entry is put back when it comes up. One
    that is cancelled stays until its time or until such entries outnumber the others.
    """

    SLACK = 256

    def __init__(self):
        self.heap = []
        self.serial = 0
        self.compact_at = self.SLACK

    def watch(self, thing):
        """Note that `thing.deadline` may have changed."""
        deadline = thing.deadline
        if deadline is None or (thing.queued is not None and thing.queued <= deadline):
            return
        thing.queued = deadline
        self.serial += 1
        heapq.heappush(self.heap, (deadline, self.serial, thing))
        if len(self.heap) > self.compact_at:
            self._compact()

    def _compact(self):
        kept = []
        for entry in self.heap:
            thing = entry[2]
            if thing.queued == entry[0] and thing.deadline is None:
                thing.queued = None
            elif thing.queued == entry[0]:
                kept.append(entry)
        self.heap = kept
        heapq.heapify(self.heap)
        self.compact_at = 2 * len(self.heap) + self.SLACK

    def due(self, now):
        """Return the next thing whose deadline has come, or None."""
        while self.heap and self.heap[0][0] <= now:
            entry = heapq.heappop(self.heap)
            thing = entry[2]
            if thing.queued != entry[0]:
                continue
            thing.queued = None
            if thing.deadline is not None and thing.deadline <= now:
                return thing
            self.watch(thing)
        return None

    def next(self):
        """Return the earliest time at which `due` may have something, or None."""
        return self.heap[0][0] if self.heap else None
