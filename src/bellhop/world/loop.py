"""Polls the sockets, feeds the engine, performs its effects in order, and keeps the timers."""

import gc
import heapq
import select

from .system import traced

# The clock must be looked at long before its counter has gone half way round.
LONGEST_WAIT = 60000
# So many times without memory within a minute, and a fresh start is the better service.
MAX_EXHAUSTED, EXHAUSTED_WITHIN = (8, 60000)
# Lines of one fault: a recursion without end must not use up all that may be logged.
MAX_TRACED = 20


class Exhausted(Exception):
    """The memory is too small for what goes on."""


class Loop:
    """Between the sockets and the engine. now(): milliseconds that never go back; log: a Log.

    performers: type of an effect -> function that performs one; service.py fills it.
    """

    def __init__(self, now, log):
        self.now = now
        self.log = log
        self.engine = None
        self.poll = select.poll()
        self.watched = {}
        self.timers = []
        self.number = 0
        self.performers = {}
        self.told = []
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

    def later(self, tell, *arguments):
        """Tell the engine something as soon as the effects in hand are performed."""
        self.told.append((tell, arguments))

    def fail(self, flow, reason):
        """Report a flow that broke; later, because an effect may be in the middle of its work."""
        self.later(self.engine.flow_failed, flow, reason)

    def resolved(self, query, hops, problem):
        """Give the engine the answer to a Resolve."""
        self.later(self.engine.resolved, query, hops, problem)

    def run(self):
        """Serve until `is_running` is taken away; raises Exhausted."""
        while self.is_running:
            self.step(LONGEST_WAIT)

    def step(self, longest):
        """Wait so many milliseconds at most, and do what is there to be done."""
        for descriptor, events in self.poll.poll(self._wait(longest)):
            ready = self.watched.get(descriptor)
            if ready is not None:
                self.guarded(ready, events)
        self.guarded(self.settle)

    def _wait(self, longest):
        if self.told:
            return 0
        end = now = self.now()
        end += longest
        if self.timers and self.timers[0][0] < end:
            end = self.timers[0][0]
        deadline = self.engine.next_deadline()
        if deadline is not None and deadline < end:
            end = deadline
        return max(0, end - now)

    def settle(self):
        """Tell the engine what waits, then do what is due."""
        while self.told:
            tell, arguments = self.told.pop(0)
            self.perform(tell(*(arguments + (self.now(),))))
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
            self.fault(error)

    def fault(self, error):
        """Log an error of the node's own: what it is, then where."""
        self.counters["faults"] += 1
        lines = traced(error)
        for line in lines[-1:] + lines[-MAX_TRACED:-1]:
            self.log.say("error", line)

    def _exhausted(self):
        gc.collect()
        self.counters["out_of_memory"] += 1
        now = self.now()
        self.exhausted = [time for time in self.exhausted if now - time < EXHAUSTED_WITHIN] + [now]
        if len(self.exhausted) > MAX_EXHAUSTED:
            raise Exhausted()
        self.log.say("error", "no memory for this: given up")
