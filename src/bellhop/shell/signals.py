"""Signals as something to read: the handler of Python's only writes the number to a socket."""

import signal
import socket

HANDLED = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


class Signals:
    """Calls hung_up() on SIGHUP and ended() on SIGTERM and SIGINT."""

    def __init__(self, loop, hung_up, ended):
        self.hung_up = hung_up
        self.ended = ended
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.far.setblocking(False)
        signal.set_wakeup_fd(self.far.fileno(), warn_on_full_buffer=False)
        for number in HANDLED:
            signal.signal(number, lambda number, frame: None)
        loop.watch(self.near.fileno(), self._readable)

    def _readable(self, events):
        numbers = set(self.near.recv(64))
        if numbers & {signal.SIGTERM, signal.SIGINT}:
            self.ended()
        elif signal.SIGHUP in numbers:
            self.hung_up()
