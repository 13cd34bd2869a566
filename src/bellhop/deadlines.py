"""The one heap of deadlines, for everything in the engine that must be woken."""

import heapq


class Deadlines:
    """Things to wake. A thing has `deadline` (ms or None) and `queued` (ms or None).

    heap: the times at which something may be due; queues: time -> the things to look at then.
    A deadline that moves later costs nothing: the early entry is put back when it comes up. One
    that is cancelled stays until its time or until such entries outnumber the others.
    """

    GROWTH, SLACK = 2, 256

    def __init__(self):
        self.heap = []
        self.queues = {}
        self.size = 0
        self.compact_at = self.SLACK

    def watch(self, thing):
        """Note that `thing.deadline` may have changed."""
        deadline = thing.deadline
        if deadline is None or (thing.queued is not None and thing.queued <= deadline):
            return
        thing.queued = deadline
        queue = self.queues.get(deadline)
        if queue is None:
            self.queues[deadline] = [thing]
            heapq.heappush(self.heap, deadline)
        else:
            queue.append(thing)
        self.size += 1
        if self.size > self.compact_at:
            self._compact()

    def _compact(self):
        queues, self.queues = self.queues, {}
        self.size = 0
        for time, queue in queues.items():
            kept = []
            for thing in queue:
                if thing.queued == time and thing.deadline is None:
                    thing.queued = None
                elif thing.queued == time:
                    kept.append(thing)
            if kept:
                self.queues[time] = kept
                self.size += len(kept)
        self.heap = list(self.queues)
        heapq.heapify(self.heap)
        self.compact_at = self.GROWTH * self.size + self.SLACK

    def due(self, now):
        """Return the next thing whose deadline has come, or None."""
        time = self.next()
        if time is None or time > now:
            return None
        thing = self._take(time)
        thing.queued = None
        return thing

    def next(self):
        """Return the earliest deadline, or None; what comes before it and has moved is put away.

        Most deadlines are cancelled before they come: nobody has to wake up for those.
        """
        while self.heap:
            time = self.heap[0]
            thing = self.queues[time][0]
            if thing.queued == time and thing.deadline == time:
                return time
            self._take(time)
            if thing.queued == time:
                thing.queued = None
                self.watch(thing)
        return None

    def _take(self, time):
        """Take the first thing out of the first queue."""
        queue = self.queues[time]
        self.size -= 1
        if len(queue) == 1:
            heapq.heappop(self.heap)
            del self.queues[time]
        return queue.pop(0)
