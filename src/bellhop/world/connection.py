"""One stream socket that never blocks: octets in, octets out, and one end."""

import select

from .system import sockets

# What was written last may still leave before a connection is cut.
CLOSE_MS = 5000
# Pause of a listener when there is no memory or no file descriptor left: ENOMEM, ENFILE, EMFILE,
# ENOBUFS (on MIPS the last).
PAUSE_MS, NO_FILES = 1000, (12, 23, 24, 105, 132)
NO_READER = "the peer does not read what it is sent"


class Listening:
    """A listening socket on a Loop: came(socket, address) for each peer; pauses without files."""

    def __init__(self, loop, made, came):
        self.loop = loop
        self.socket = made
        self.came = came
        self.pause = None
        self._resume()

    def _resume(self):
        self.pause = None
        self.loop.watch(self.socket.fileno(), self._readable)

    def _readable(self, events):
        try:
            made, address = self.socket.accept()
        except OSError as error:
            if error.errno in NO_FILES:
                self.loop.forget(self.socket.fileno())
                self.pause = self.loop.call_later(PAUSE_MS, self._resume)
            return  # Else the peer left before it was accepted.
        made.setblocking(False)
        self.came(made, address)

    def close(self):
        """Stop listening."""
        self.loop.cancel(self.pause)
        self.loop.forget(self.socket.fileno())
        self.socket.close()


class Connection:
    """A socket on a Loop. made: a socket that does not block; most: octets that may wait.

    owner: its received(octets) and ended(reason) are called; ended once, and not after close().
    target: the address to which it is still being connected, or None.
    """

    def __init__(self, loop, made, owner, most, target=None):
        self.loop = loop
        self.socket = made
        self.descriptor = made.fileno()
        self.owner = owner
        self.most = most
        self.target = target
        self.waiting = b""
        self.is_open = target is None
        self.is_closing = False
        self.wants = self._wanted()
        loop.watch(self.descriptor, self._step, self.wants)

    def bound(self, most):
        """Let so many octets wait at most, from now on."""
        self.most = most

    def send(self, data):
        """Send octets now, or when there is room; what comes after the end goes nowhere."""
        if self.socket is None:
            return
        self.waiting += data
        if self.is_open and len(self.waiting) == len(data):
            self._step(select.POLLOUT)
        if len(self.waiting) > self.most:
            self._end(NO_READER)

    def close(self):
        """Close it when all that waits is written, or some seconds have passed."""
        self.owner = None
        if not self.waiting or not self.is_open:
            self.abort()
        elif not self.is_closing:
            self.is_closing = True
            self.loop.call_later(CLOSE_MS, self.abort)

    def abort(self):
        """Close it now."""
        self.owner = None
        if self.socket is not None:
            self.loop.forget(self.descriptor)
            self.socket.close()
            self.socket = None

    def _step(self, events):
        """Do what the socket is ready for, and look for what it should be ready for next."""
        try:
            self._advance(events)
        except OSError as error:
            if error.errno not in sockets.WAITING:
                self._end(sockets.reason(error))
        if self.socket is None:
            return
        wants = self._wanted()
        if wants != self.wants:
            self.wants = wants
            self.loop.watch(self.descriptor, self._step, wants)

    def _advance(self, events):
        if not self.is_open:
            self._open()
            self.is_open = True
            events |= select.POLLOUT
        if events & select.POLLOUT:
            self._write()
        if events & ~select.POLLOUT and self.socket is not None:
            self._read()

    def _open(self):
        """Be open, or raise OSError; called whenever the socket is ready, until it is."""
        try:
            self.socket.connect(self.target)
        except OSError as error:
            if error.errno != sockets.EISCONN:
                raise

    def _write(self):
        while self.waiting:
            self.waiting = self.waiting[self.transmit(self.waiting) :]
        if self.is_closing:
            self.abort()

    def _read(self):
        data = self.receive()
        if not data:
            self._finish("closed by the peer")
        elif self.owner is not None:
            # An error of the node's own is none of this socket.
            self.loop.guarded(self.owner.received, data)

    def receive(self):
        """Return octets, b"" at the end; raises OSError."""
        return self.socket.recv(sockets.READ_BYTES)

    def transmit(self, data):
        """Return how many octets were sent; raises OSError."""
        return self.socket.send(data)

    def _wanted(self):
        if self.is_closing:
            return select.POLLOUT
        if self.waiting or not self.is_open:
            return select.POLLIN | select.POLLOUT
        return select.POLLIN

    def _finish(self, reason):
        """The peer sends no more; it may still read what waits for it."""
        if self.is_closing:
            self.abort()
            return
        owner = self.owner
        self.close()
        if owner is not None:
            owner.ended(reason)

    def _end(self, reason):
        owner = self.owner
        self.abort()
        if owner is not None:
            owner.ended(reason)
