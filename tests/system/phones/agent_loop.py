"""The program's side of a phone built on a library: JSON lines in, JSON lines out.

A program of its own, so that it can live in the phone's namespace and crash alone.
A command is `[name, argument...]`, an event `[kind, text]`.
"""

import json
import os
import select

POLL_SECONDS = 0.02


class AgentLoop:
    """Commands from standard input, events to what was standard output."""

    def __init__(self):
        self.stopped = False
        self._events = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # the libraries print there, too

    def emit(self, kind, text=""):
        """Write one event."""
        self._events.write(json.dumps([kind, text]) + "\n")
        self._events.flush()

    def run(self, poll):
        """Serve commands, and `poll` in between, until stopped or the end of input."""
        data = b""
        while not self.stopped:
            poll()
            if not select.select([0], [], [], POLL_SECONDS)[0]:
                continue
            chunk = os.read(0, 65536)
            if not chunk:
                return
            *lines, data = (data + chunk).split(b"\n")
            for line in lines:
                self._perform(*json.loads(line))

    def _perform(self, name, *arguments):
        try:
            getattr(self, "do_" + name)(*arguments)
        except IndexError:  # a command for a call that is gone
            self.emit("fault", f"{name}: no call")
