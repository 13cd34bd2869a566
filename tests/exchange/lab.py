"""A whole lab of names on one machine: python -m tests.exchange.lab [--once] [--database URL]

An Internet of its own (root, DNSSEC), a directory with its PowerDNS, a provider with its telephone
server, messages that are shown instead of sent, two nodes with a phone each. Both get a number by
`bellhop number`, and call each other and the telephone network. It runs until Ctrl-C; with --once
it ends after that. --database: SQLAlchemy's URL of the provider's database, such as
postgresql+psycopg://postgres@127.0.0.1/provider; without: SQLite. Needs root: DNS is on port 53.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.trunks.house import House

from . import provider as providers
from . import telephone, world
from .standin import Standin

NUMBERS = {"north": "+4930555100", "south": "+4930555200"}
USERS = {"north": "alice", "south": "bob"}
HOST, NETWORK, FAR = providers.HOSTS["one"], providers.NETWORK, "+4989111111"
ZONES = {"one": f"@ A {HOST}\n_sip._udp SRV 0 0 5060 one.test.\n"}
DNS = """config dns
	list directory dir.test
	option anchor {anchor}
	option root_hints {hints}
"""
PATIENCE = 90


class Lab:
    """All of it. tell(sentence)."""

    def __init__(self, folder, stack, tell, database=""):
        self.tell = tell
        self.world = stack.enter_context(contextlib.closing(world.World(folder, ZONES)))
        tell("directory  %s, zone dir.test, messages in %s" % (self.world.api, folder / "texts"))
        self.provider = providers.Provider(self.world, "one", folder, database)
        stack.callback(self.provider.server.stop)
        tell("provider   %s, database %s" % (self.provider.api, self.provider.database))
        self._telephone(folder, stack)
        self.houses = {}
        for name in NUMBERS:
            (folder / name).mkdir()
            lab = self.world.lab
            dns = DNS.format(anchor=lab.anchor, hints=lab.hints)
            node = "\toption strangers allow\n"
            self.houses[name] = House(folder / name, [dns], node, media=True, listen="127.0.0.1")
            stack.callback(self.houses[name].stop)
            where = folder / name / "state"
            tell("node       %s: bellhop --state %s status" % (name, where))

    def _telephone(self, folder, stack):
        reason = telephone.why_not()
        if reason:
            self.tell("telephone  a stand-in that speaks FastAGI (%s)" % reason)
            place = "127.0.0.1", self.provider.agi
            running = Standin(HOST, 5060, "one.test", self.provider.database, place)
            running.start()
        else:
            self.tell("telephone  Asterisk at %s" % HOST)
            (folder / "asterisk").mkdir()
            running = telephone.Asterisk(
                folder / "asterisk", HOST, 5060, NETWORK, self.provider.server
            ).start()
        stack.callback(running.stop)

    def number(self, name):
        """Let the user of a node have a number; type the code that comes."""
        house = self.houses[name]
        house.wait_for(lambda: house.ask("names")["directories"], PATIENCE)
        before = self.world.messages()
        process = subprocess.Popen(
            [*bellhop(house, "number"), USERS[name], NUMBERS[name], "--provider",
             self.provider.api],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        house.wait_for(lambda: self.world.messages() > before or process.poll() is not None, 60)
        said = process.communicate(self.world.code() + "\n", timeout=PATIENCE)[0]
        if process.returncode:
            raise OSError(said)
        self.tell("number     %s: %s" % (name, said.strip().splitlines()[-1]))

    def call(self):
        """One phone calls the other by its number, then the telephone network."""
        one, two = (self.houses[name].phone(USERS[name]) for name in NUMBERS)
        one.dial(NUMBERS["south"])
        invite = two.wait("INVITE", PATIENCE)
        two.take(invite)
        assert one.wait("final").status == 200
        one.say(one.acknowledge())
        two.wait("ACK")
        self.tell("call       %s rang %s, found by ENUM" % (NUMBERS["north"], NUMBERS["south"]))
        one.hang_up_by(two)
        (code,) = self.provider.vouchers(1, "1")
        house = self.houses["north"]
        subprocess.run([*bellhop(house, "number"), "alice", "--voucher", code], check=True)
        one.dial(FAR)
        one.wait("final")
        one.say(one.acknowledge())
        time.sleep(1.2)
        one.say(one.within("BYE"))
        one.wait("final")
        row = json.loads((house.folder / "state/accounts/alice.json").read_text())
        house.wait_for(lambda: [one for one in self.provider.rows("calls") if row["user"] in one])
        self.tell("call       %s, prepaid, settled" % FAR)


def bellhop(house, verb):
    """Return the words of a command on a node."""
    words = [sys.executable, "-m", "bellhop", verb, "--config", str(house.config)]
    return [*words, "--state", str(house.folder / "state")]


def main(arguments):
    """Start it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--database", default="")
    given = parser.parse_args(arguments)
    reason = world.why_not()
    if reason:
        print("no lab: " + reason)
        return 1

    def tell(sentence):
        print(sentence, flush=True)

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        lab = Lab(Path(folder), stack, tell, given.database)
        for name in NUMBERS:
            lab.number(name)
        if not given.once:
            tell("ready      Ctrl-C ends it")
            with contextlib.suppress(KeyboardInterrupt):
                while True:
                    time.sleep(3600)
        else:
            lab.call()
            tell("done")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
