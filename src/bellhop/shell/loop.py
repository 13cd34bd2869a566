"""Feeds the engine, performs its effects in order, and arms the one timer."""

import gc
import os
from collections import deque
from time import monotonic_ns

ENTROPY_BYTES = 4096
# The event loop may wake a moment early; half a millisecond later the deadline has surely come.
LATE_SECONDS = 0.0005
# After how many new containers the garbage collector looks, and how seldom at what is old. Nearly
# nothing waits for it, and with Python's own numbers it reads all open calls again and again.
COLLECTION = (10000, 20, 10)


def milliseconds():
    """Return the engine's clock: whole milliseconds that never go back."""
    return monotonic_ns() // 1_000_000


class Entropy:
    """Random octets, drawn from the kernel 4 kB at a time: a call for each token is dear."""

    def __init__(self):
        self.buffer = b""
        self.used = 0

    def token(self, count):
        """Return `count` octets that were never given before."""
        end = self.used + count
        if end > len(self.buffer):
            self.buffer = os.urandom(max(ENTROPY_BYTES, count))
            self.used, end = 0, count
        start, self.used = self.used, end
        return self.buffer[start:end]


class Loop:
    """Between the sockets and the engine. aio: the asyncio loop.

    performers: type of an effect -> function that performs one; main.py fills it.
    """

    def __init__(self, engine, aio):
        self.engine = engine
        self.aio = aio
        self.performers = {}
        self.answers = deque()
        self.timer = None
        self.armed = None
        gc.set_threshold(*COLLECTION)

    def take(self, data, flow, now):
        """Give one message to the engine; `settle` must follow the last of a batch."""
        for effect in self.engine.receive(data, flow, now):
            self.performers[type(effect)](effect)

    def perform(self, effects):
        """Perform effects, then arm the timer anew."""
        try:
            for effect in effects:
                self.performers[type(effect)](effect)
        finally:
            self.settle()

    def settle(self):
        """Give the answers that are there, then arm the timer; one that is too early may stand."""
        while self.answers:
            tell, arguments = self.answers.popleft()
            for effect in tell(*arguments, milliseconds()):
                self.performers[type(effect)](effect)
        deadline = self.engine.next_deadline()
        if deadline is None or (self.armed is not None and self.armed <= deadline):
            return
        if self.timer is not None:
            self.timer.cancel()
        self.armed = deadline
        self.timer = self.aio.call_at(deadline / 1000 + LATE_SECONDS, self._fire)

    def _fire(self):
        self.armed = None
        try:
            self.perform(self.engine.fire(milliseconds()))
        finally:
            self.settle()

    def fail(self, flow, reason):
        """Report a flow that broke; later, because an effect may be in the middle of its work."""
        self.aio.call_soon(self._failed, flow, reason)

    def _failed(self, flow, reason):
        self.perform(self.engine.flow_failed(flow, reason, milliseconds()))

    def resolved(self, query, hops, problem):
        """Give the engine the answer to a Resolve."""
        self.later(self.engine.resolved, query, hops, problem)

    def later(self, tell, *arguments):
        """Tell the engine something as soon as the effects in hand are performed."""
        self.answers.append((tell, arguments))
