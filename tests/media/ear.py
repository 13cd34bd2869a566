"""What a node tells of its calls: the verbs `calls` and `history`, and its events as they come."""

import contextlib
import json
import os
import threading
import time

from bellhop.shell import command

PATIENCE = 60


def call_of(node):
    """Return the one live call of a node, as `bellhop calls` shows it."""
    calls = node.ask("calls")["calls"]
    assert len(calls) == 1, calls
    return calls[0]


def wait_level(node, level, seconds=PATIENCE):
    """Wait until the one live call of a node has a level of security; return the call."""
    deadline = time.monotonic() + seconds
    while True:
        calls = node.ask("calls")["calls"]
        if len(calls) == 1 and calls[0]["security"] == level:
            return calls[0]
        assert time.monotonic() < deadline, (level, calls)
        time.sleep(0.05)


def last_of(node):
    """Return the call that ended last."""
    return node.ask("history")["history"][0]


def reload(node):
    """Let a running node read its changed configuration."""
    with open(os.path.join(node.folder, "bellhop"), "w") as file:
        file.write(node.configuration())
    node.ask("reload")


class Ear:
    """Collects the events of a node, as `bellhop events` shows them."""

    def __init__(self, node):
        self.connection = command.connect(node.state)
        self.connection.settimeout(None)
        self.connection.sendall(b'{"verb": "events", "arguments": {}}\n')
        self.lines = self.connection.makefile("rb")
        self.lines.readline()
        self.events = []
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(OSError, ValueError):  # The end, by either side.
            for line in self.lines:
                with self.changed:
                    self.events.append(json.loads(line))
                    self.changed.notify_all()

    def wait(self, fits, seconds=PATIENCE):
        """Return the first event, gone or to come, for which fits(event) is true."""
        with self.changed:
            self.changed.wait_for(lambda: any(map(fits, self.events)), seconds)
            found = [event for event in self.events if fits(event)]
            assert found, self.events
            return found[0]

    def close(self):
        """Listen no more."""
        self.connection.close()
