"""Polls the sockets, feeds the engine, performs its effects in order, and keeps the timers."""

import gc
import heapq
import io
import select
import sys

# The clock must be looked at long before its counter has gone half way round.
LONGEST_WAIT = 60000
# So many times without memory within a minute, and a fresh start is the better service.
MAX_EXHAUSTED, EXHAUSTED_WITHIN = (8, 60000)


class Exhausted(Exception):
    """The heap is too small for what goes on."""


class Loop:
    """Between the sockets and the engine. clock: a Clock; log: a Log.

    performers: type of an effect -> function that performs one; service.py fills it.
    """

    def __init__(self, clock, log):
        self.now = clock.now
        self.log = log
        self.engine = None
        self.poll = select.poll()
        self.watched = {}
        self.timers = []
        self.number = 0
        self.performers = {}
        self.answers = []
        self.failures = []
        self.is_running = True
        self.exhausted = []
        self.counters = {"out_of_memory": 0, "faults": 0}

    def watch(self, descriptor, ready, events=select.POLLIN):
        """Call ready(events) whenever one of the events comes up on a descriptor."""
        self.poll.register(descriptor, events)
        self.watched[descriptor] = ready

    def forget(self, descriptor):
        """Watch a descriptor no longer; to be called before it is closed."""
        if self.watched.pop(descriptor, None) is not None:
            self.poll.unregister(descriptor)

    def call_later(self, milliseconds, work):
        """Call work() after a time; return what `cancel` takes."""
        self.number += 1
        timer = [self.now() + milliseconds, self.number, work]
        heapq.heappush(self.timers, timer)
        return timer

    def cancel(self, timer):
        """Let a timer pass without doing anything."""
        if timer is not None:
            timer[2] = None

    def take(self, data, flow):
        """Give one message to the engine."""
        self.perform(self.engine.receive(data, flow, self.now()))

    def perform(self, effects):
        """Perform effects in order."""
        for effect in effects:
            self.performers[type(effect)](effect)

    def fail(self, flow, reason):
        """Report a flow that broke; later, because an effect may be in the middle of its work."""
        self.failures.append((flow, reason))

    def resolved(self, query, hops, problem):
        """Give the engine the answer to a Resolve, once the effects in hand are performed."""
        self.answers.append((query, hops, problem))

    def run(self):
        """Serve until `is_running` is taken away; raises Exhausted."""
        while self.is_running:
            for descriptor, events in self.poll.poll(self._wait()):
                ready = self.watched.get(descriptor)
                if ready is not None:
                    self.guarded(ready, events)
            self.guarded(self.settle)

    def _wait(self):
        if self.answers or self.failures:
            return 0
        times = [self.now() + LONGEST_WAIT]
        if self.timers:
            times.append(self.timers[0][0])
        deadline = self.engine.next_deadline()
        if deadline is not None:
            times.append(deadline)
        return max(0, min(times) - self.now())

    def settle(self):
        """Give the engine answers and failures, then do what is due."""
        while self.answers or self.failures:
            while self.answers:
                self.perform(self.engine.resolved(*(self.answers.pop(0) + (self.now(),))))
            while self.failures:
                self.perform(self.engine.flow_failed(*(self.failures.pop(0) + (self.now(),))))
        now = self.now()
        deadline = self.engine.next_deadline()
        if deadline is not None and deadline <= now:
            self.perform(self.engine.fire(now))
        while self.timers and self.timers[0][0] <= now:
            work = heapq.heappop(self.timers)[2]
            if work is not None:
                work()

    def guarded(self, work, *arguments):
        """Call work(); a fault is logged with its place, and the node goes on."""
        try:
            work(*arguments)
        except Exhausted:
            raise
        except MemoryError:
            self._exhausted()
        except Exception as error:  # Whatever it is: the other calls must go on.
            self.counters["faults"] += 1
            written = io.StringIO()
            sys.print_exception(error, written)
            for line in written.getvalue().rstrip().split("\n"):
                self.log.say("error", line)

    def _exhausted(self):
        gc.collect()
        self.counters["out_of_memory"] += 1
        now = self.now()
        self.exhausted = [time for time in self.exhausted if now - time < EXHAUSTED_WITHIN] + [now]
        if len(self.exhausted) > MAX_EXHAUSTED:
            raise Exhausted()
        self.log.say("error", "no memory for this: given up; %d octets are free" % gc.mem_free())
