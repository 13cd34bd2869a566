"""A few threads for what takes its time: names, signatures. Nothing of the node runs in them."""

import queue
import socket
import threading


class Workers:
    """Threads that are started when they are needed; results come back on the loop."""

    def __init__(self, loop, most):
        self.loop = loop
        self.most = most
        self.count = self.waiting = 0
        self.work = queue.SimpleQueue()
        self.done = queue.SimpleQueue()
        self.near, self.far = socket.socketpair()
        loop.watch(self.near.fileno(), self._finished)

    def start(self, work, told):
        """Call work() in a thread, then told(what it returned) on the loop."""
        self.waiting += 1
        if self.waiting > self.count < self.most:
            self.count += 1
            threading.Thread(target=self._serve, daemon=True).start()
        self.work.put((work, told))

    def _serve(self):
        while True:
            work, told = self.work.get()
            if work is None:
                return
            try:
                self.done.put((told, work()))
            except Exception as error:  # A bug: the loop logs it, and the worker goes on.
                self.done.put((_raise, error))
            self.far.send(b"\0")

    def _finished(self, events):
        for _ in self.near.recv(64):
            self.waiting -= 1
            self.loop.guarded(*self.done.get())

    def close(self):
        """Take no more; what is under way is still told while the loop lives."""
        for _ in range(self.count):
            self.work.put((None, None))


def _raise(error):
    raise error
