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
        self.is_closing = False
        self.work = queue.SimpleQueue()
        self.done = queue.SimpleQueue()
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        loop.watch(self.near.fileno(), self._finished)

    def start(self, work, told, otherwise=None):
        """Call work() in a thread, then told(what it returned) on the loop.

        otherwise: what told() takes where work() has failed; None: then it is not called.
        """
        self.waiting += 1
        self.work.put((work, told, otherwise))
        if self.waiting > self.count < self.most:
            threading.Thread(target=self._serve, daemon=True).start()
            self.count += 1

    def _serve(self):
        while True:
            work, told, otherwise = self.work.get()
            if work is None:
                return
            try:
                self.done.put((told, work(), None))
            except Exception as error:  # A bug: the loop logs it, and the worker goes on.
                self.done.put((told, otherwise, error))
            self.far.send(b"\0")

    def _finished(self, events):
        for _ in self.near.recv(64):
            self.waiting -= 1
            told, found, error = self.done.get()
            if error is not None:
                self.loop.fault(error)
            if error is None or found is not None:
                self.loop.guarded(told, found)
        self._leave()

    def close(self):
        """Take no more; what is under way is still told while the loop lives."""
        self.is_closing = True
        for _ in range(self.count):
            self.work.put((None, None, None))
        self._leave()

    def _leave(self):
        if self.is_closing and not self.waiting:
            self.loop.forget(self.near.fileno())
            self.near.close()
            self.far.close()
