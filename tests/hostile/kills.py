"""Kills a node at random moments while everything that it promises to keep is changed.

`python -m tests.hostile.kills --rounds 200` prints the figures for the full and the lite node.
"""

import argparse
import collections
import contextlib
import hashlib
import json
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

from bellhop.errors import BellhopError
from bellhop.shell import command
from tests.lite.server import Lite, Phone
from tests.mesh.handset import status_of
from tests.mesh.town import DOMAIN
from tests.support import lite
from tests.system.sipp.runner import free_ports

CALLERS, ABSENT = ("alice", "bob", "carol"), ("dave", "erin")
CONTACTS = ["sip%d@far.test" % number for number in range(20)]
SHORTEST, LONGEST = 0.02, 0.6
BOOK = "name,number,address\n" + "".join(
    "name{0},5{0},sip:n{0}-%(version)d@far.test\n".format(row) for row in range(20)
)
# Contacts that no decision forgets.
FEW = 5
# What one sender may leave in a mailbox of the lite node holds some more of these messages.
FLUSH_AT = 12


# Ports that all nodes of this machine would share.
QUIET = "".join("\n\toption %s_port 0" % name for name in ("tls", "ws", "wss", "http"))


class Full(Lite):
    """A full node with the configuration of the lite one."""

    name = "bellhop-full"
    more = "config media\n\toption port_low 40000\n\toption port_high 40099\n"

    def configure(self):
        """Write the UCI file."""
        self.compiled = FULL
        made = super().configure()
        config = self.folder / "bellhop.config"
        config.write_text(
            config.read_text().replace("\n\tlist listen", QUIET + "\n\tlist listen", 1)
        )
        return made


class Interpreter:
    """The command of a full node, where a lite one has its compiled modules."""

    def command(self, *arguments, **options):
        """Return the command that runs it."""
        return [sys.executable, "-m", "bellhop", *arguments]

    def environment(self):
        """Return what the environment of a run must hold."""
        return {}


FULL = Interpreter()


def ask(server, verb, **arguments):
    """Return the node's answer to a verb; raises BellhopError or OSError."""
    with contextlib.closing(command.connect(str(server.state))) as connection:
        connection.settimeout(5)
        return command.ask(connection, connection.makefile("rb"), verb, arguments)


class Writer(threading.Thread):
    """Changes one kind of state until the node is gone.

    promised: what the node has acknowledged; begun: what it may have kept as well.
    """

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.is_over = False
        self.count = 0

    def run(self):
        while not self.is_over:
            try:
                self.change()
                self.count += 1
            except (BellhopError, OSError, AssertionError, ValueError):
                return  # The node was killed: what was asked is not acknowledged.


class Texts(Writer):
    """Messages to the absent."""

    def __init__(self, server, kept, number):
        super().__init__(server)
        self.kept, self.number = kept, number
        self.user, self.caller = ABSENT[number], Phone(server, CALLERS[number])
        self.begun = None

    def change(self):
        body = "text %d of %s" % (self.server.serial(), self.user)
        self.begun = body
        answer = self.caller.ask("MESSAGE", "sip:%s@%s" % (self.user, DOMAIN), body=body, seconds=1)
        assert status_of(answer) == 202, answer
        self.kept[self.user].append(body)
        self.begun = None
        if len(self.kept[self.user]) >= FLUSH_AT:
            self.begun, self.kept[self.user] = self.kept[self.user], []
            ask(self.server, "flush-mailbox", user=self.user)
            self.begun = None


class Books(Writer):
    """Imports of a phone book."""

    def __init__(self, server, kept):
        super().__init__(server)
        self.kept = kept
        self.begun = None

    def change(self):
        self.begun = self.server.serial()
        ask(self.server, "import-phonebook", csv=BOOK % {"version": self.begun})
        self.kept["book"] = self.begun


class Verdicts(Writer):
    """Decisions about keys."""

    def __init__(self, server, kept):
        super().__init__(server)
        self.kept = kept
        self.begun = None

    def change(self):
        name = random.choice(list(self.kept["trust"]))
        self.begun = name
        verdict = "forget" if len(self.kept["trust"]) > FEW and self.count % 8 == 7 else "compared"
        ask(self.server, "set-trust", contact=name, verdict=verdict)
        if verdict == "forget":
            del self.kept["trust"][name]
        else:
            self.kept["trust"][name] = verdict
        self.begun = None


class Registrations(Writer):
    """Registrations of one phone, each from another place."""

    def __init__(self, server, kept, user):
        super().__init__(server)
        self.kept, self.user = kept, user
        self.phone = Phone(server, user)
        self.begun = None

    def change(self):
        self.phone.here = "127.0.0.1:%d" % (20000 + self.server.serial() % 30000)
        lines = ["Expires: 600", "User-Agent: one"]
        answer = self.phone.ask("REGISTER", "sip:" + DOMAIN, lines, seconds=1)
        assert status_of(answer) == 200, answer
        self.kept["phones"][self.user] = "sip:%s@%s" % (self.user, self.phone.here)


class Trial:
    """One node and what it has promised."""

    def __init__(self, kind, folder, compiled=None, seed=20261130):
        self.moments = random.Random(seed)
        users = CALLERS + ABSENT
        self.server = (Full if kind == "full" else Lite)(folder, free_ports(1)[0], users)
        if kind != "full":
            self.server.compiled = compiled
        self.server.domain = DOMAIN
        self.is_full = kind == "full"
        self.numbers = iter(range(1, 10**9))
        self.server.serial = lambda: next(self.numbers)
        self.kept = {user: [] for user in ABSENT}
        self.kept.update(book=0, trust={}, phones={})
        self.writers = []
        self.figures = collections.Counter()
        (folder / "state").mkdir(mode=0o700)
        if self.is_full:
            self._know_contacts(folder / "state")

    def _know_contacts(self, state):
        rows = [
            {"contact": name, "key": "%064x" % number, "mark": "", "calls": 1, "changed": 0}
            for number, name in enumerate(CONTACTS)
        ]
        text = json.dumps(rows).encode()
        checksum = hashlib.sha256(text).hexdigest().encode()
        (state / "trust.json").write_bytes(checksum + b"\n" + text + b"\n")
        self.kept["trust"] = dict.fromkeys(CONTACTS, "known key")

    def round(self):
        """Change everything, kill the node, start it, and compare."""
        self.server.start()
        self.check()
        self.writers = [Texts(self.server, self.kept, number) for number in range(2)]
        self.writers += [Books(self.server, self.kept)]
        self.writers += [Registrations(self.server, self.kept, user) for user in CALLERS[1:]]
        if self.is_full:
            self.writers.append(Verdicts(self.server, self.kept))
        for one in self.writers:
            one.start()
        time.sleep(self.moments.uniform(SHORTEST, LONGEST))
        self.server.process.kill()
        self.server.process.wait()
        for one in self.writers:
            one.is_over = True
        for one in self.writers:
            one.join()
            self.figures[type(one).__name__] += one.count
        self.figures["kills"] += 1
        assert not list(self.server.state.rglob("*.damaged"))

    def check(self):
        """Compare what a fresh node knows with what was promised; adopt what was only begun."""
        for one in self.writers:
            getattr(self, "_check_" + type(one).__name__)(one)
            phone = getattr(one, "caller", None) or getattr(one, "phone", None)
            if phone is not None:
                phone.close()
        assert "Traceback" not in self.server.log_tail()

    def _check_Texts(self, writer):
        rows = [row["body"] for row in self._rows("messages") if row["user"] == writer.user]
        promised = self.kept[writer.user]
        lost = [body for body in promised if body not in rows]
        self.figures["lost texts"] += len(lost)
        allowed = writer.begun if isinstance(writer.begun, list) else [writer.begun]
        assert not [body for body in rows if body not in promised and body not in allowed]
        users = {one["name"]: one["messages"] for one in ask(self.server, "users")["users"]}
        assert users[writer.user] == len(rows)
        self.kept[writer.user] = rows

    def _check_Books(self, writer):
        entries = ask(self.server, "phonebook")["phonebook"]
        versions = {
            int(one["address"].partition("-")[2].partition("@")[0])
            for one in entries
            if one["place"] == "imported"
        }
        allowed = {self.kept["book"], writer.begun} - {0}
        if not versions <= allowed or (self.kept["book"] and len(versions) != 1):
            self.figures["lost books"] += 1
        self.kept["book"] = max(versions, default=0)

    def _check_Verdicts(self, writer):
        levels = {one["contact"]: one["level"] for one in ask(self.server, "trust")["trust"]}
        names = {"words compared": "compared"}
        levels = {name: names.get(levels[name], levels[name]) for name in levels}
        for name in set(levels) | set(self.kept["trust"]):
            if name != writer.begun and levels.get(name) != self.kept["trust"].get(name):
                self.figures["lost verdicts"] += 1
        self.kept["trust"] = levels

    def _check_Registrations(self, writer):
        wanted = self.kept["phones"].get(writer.user)
        rows = ask(self.server, "registrations", user=writer.user)["registrations"]
        if wanted is not None and wanted not in [one["contact"] for one in rows]:
            self.figures["lost registrations"] += 1

    def _rows(self, name):
        """Return what is kept under a name, as the files have it."""
        from types import SimpleNamespace

        from bellhop.world.store import Store

        quiet = SimpleNamespace(say=lambda level, text: None)
        store = Store(str(self.server.state), str(self.server.state / "run"), None, quiet, None)
        return dict(store.load()).get(name, [])

    def lost(self):
        """Return how much of what was promised is gone."""
        return sum(self.figures[name] for name in self.figures if name.startswith("lost"))

    def close(self):
        """End the node."""
        self.server.stop()


def run(kind, rounds, folder, compiled=None):
    """Return the figures of so many rounds."""
    trial = Trial(kind, Path(folder), compiled)
    try:
        for _ in range(rounds):
            trial.round()
        trial.server.start()
        trial.check()
    finally:
        trial.close()
    return trial


def main():
    """Print what was promised and what was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--kind", choices=("full", "lite", "both"), default="both")
    arguments = parser.parse_args()
    kinds = ("full", "lite") if arguments.kind == "both" else (arguments.kind,)
    status = 0
    for kind in kinds:
        compiled = lite.Compiled() if kind == "lite" else None
        with tempfile.TemporaryDirectory() as folder:
            trial = run(kind, arguments.rounds, folder, compiled)
        print(kind, dict(trial.figures), "lost:", trial.lost(), flush=True)
        status |= trial.lost() > 0
    return status


if __name__ == "__main__":
    sys.exit(main())
