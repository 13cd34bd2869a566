"""Nodes that know each other, node 1 a lite one, the others full ones, and the phones of one test.

Node 0 has alice, bob and a door bell, node 1 has carol and dave, node 2 where there is one has
erin; each knows the others as contacts of one pickup group.
"""

import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.lite.node import TownNode
from tests.mesh.handset import Handset, field, status_of
from tests.mesh.town import DOMAIN, PASSWORD, Town, line, wait_until
from tests.system.phones import KINDS

USERS = {
    "alice": (0, "201"),
    "bob": (0, "202"),
    "carol": (1, "301"),
    "dave": (1, "302"),
    "door": (0, "209"),
    "erin": (2, "303"),
}
# Under these numbers the other node's users are contacts.
NUMBERS = {"alice": "501", "bob": "502", "carol": "401", "dave": "402", "door": "509",
           "erin": "403"}  # fmt: skip
TONES = {"alice": 440, "bob": 620, "carol": 930, "dave": 1310, "door": 440, "erin": 620}


class Pair:
    """The nodes and the phones of one test; nodes stand in a line."""

    def __init__(self, compiled, count=2):
        self.town = Town("pair", line(count), True)
        self.users = [name for name in USERS if USERS[name][0] < count]
        self.folder = tempfile.mkdtemp(prefix="bellhop-pair-")
        self.phones, self.handsets, self.hosts = [], [], 0
        for number in range(count):
            here = [name for name in self.users if USERS[name][0] == number]
            options = {"door": ["option door '1'"]}
            users = [(name, USERS[name][1], options.get(name, [])) for name in here]
            self.town.nodes[number].users = users
            # Tests dial faster than people.
            more = ["option keep_history '1'", "option stranger_requests_per_minute '0'"]
            self.town.nodes[number].node_options += more
        self.nodes = self.town.nodes
        self.nodes[1].node_options.append("option responders 'dave'")
        self.nodes[1] = TownNode(self.nodes[1], compiled)
        self.town.start()
        self.town.wait_reach()
        self.keys = [node.key() for node in self.nodes]
        for node in self.nodes:
            self._introduce(node)

    def address(self, name):
        """Return the address of a user by the key of the node."""
        return f"sip:{name}@{self.keys[USERS[name][0]]}"

    def _introduce(self, node):
        text = ""
        for name in self.users:
            if self.nodes[USERS[name][0]] is not node:
                text += f"config contact\n\toption name {name}\n\toption number {NUMBERS[name]}\n"
                text += f"\toption pickup house\n\toption address '{self.address(name)}'\n"
        if node is self.nodes[0]:
            text += group("all", "300", "alice", "bob", self.address("carol"))
        else:
            text += (
                f"config contact\n\toption number 500\n\toption address 'sip:all@{self.keys[0]}'\n"
            )
        self.configure(node, text)

    def configure(self, node, text):
        """Put more of a configuration in force."""
        with open(node.folder + "/bellhop", "a") as file:
            file.write(text)
        node.ask("reload")

    def restart(self, number):
        """Stop a node and start it: its configuration is written anew, without its contacts."""
        self.nodes[number].stop()
        self.town.start([number])
        self._introduce(self.nodes[number])

    def take(self, *wanted):
        """Start phones, each given as (kind, user); return them once they are registered."""
        made = [self._start(kind, user) for kind, user in wanted]
        for phone in made:
            phone.wait_registered()
        return made

    def _start(self, kind, user):
        reason = KINDS[kind].why_unavailable()
        if reason:
            pytest.skip(reason)
        host = self.town.phone_host(USERS[user][0], user)
        self.hosts += 1
        phone = KINDS[kind](host, f"{self.folder}/{self.hosts}-{kind}", TONES[user])
        self.phones.append(phone)
        server = self.nodes[USERS[user][0]].lan_address
        phone.register(user, PASSWORD, DOMAIN, server, 5060, "udp")
        return phone

    def handset(self, user, name="hand"):
        """Return a phone by hand of a user, registered."""
        return self.watcher(user, name).register()

    def watcher(self, user, name):
        """Return a phone by hand that nobody reaches."""
        number = USERS[user][0]
        host = self.town.phone_host(number, user + name)
        self.handsets.append(Handset(host, self.nodes[number], user))
        return self.handsets[-1]

    def clear(self):
        """End the phones of a test, forget what was wished."""
        self._end_phones()
        for user in self.users:
            node = self.nodes[USERS[user][0]]
            for wish in node.ask("wishes", user=user)["wished"]:
                if wish != "last":
                    node.ask("set-wish", user=user, wish=wish)
            wait_until(
                lambda node=node: not node.ask("registrations")["registrations"], "phones are gone"
            )

    def _end_phones(self):
        if self.phones:
            with ThreadPoolExecutor(len(self.phones)) as pool:
                list(pool.map(lambda phone: phone.close(), self.phones))
        for handset in self.handsets:
            handset.register(0)
            handset.close()
        self.phones, self.handsets = [], []

    def report(self):
        """Return what everybody said."""
        parts = [(node.name, node.log()) for node in self.nodes if node.process is not None]
        return parts + [(f"{phone} {phone.events()}", phone.log_tail()) for phone in self.phones]

    def close(self):
        """End everything, also where a node has gone that should be asked."""
        try:
            self._end_phones()
        finally:
            self.town.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def group(name, extension, *members):
    """Return the section of a group."""
    lines = [f"\tlist member '{member}'" for member in members]
    return "\n".join(
        [f"config group\n\toption name {name}\n\toption extension {extension}", *lines, ""]
    )


class Lamp:
    """A lamp of a handset: what it shows, in the order in which it was told."""

    def __init__(self, handset, number, package="dialog"):
        self.handset, self.number = handset, number
        self.lines = [f"Event: {package}", "Expires: 600"]
        self.subscribe()

    def subscribe(self):
        """Begin to watch."""
        self.call = self.handset.dial(self.number, self.lines, method="SUBSCRIBE")
        self.answer = self.handset.final(self.call, "SUBSCRIBE")
        assert status_of(self.answer) == 200, self.answer

    def refresh(self):
        """Ask for more time, as phones do: who is not known any more begins anew."""
        hand, lines = self.handset, list(self.lines)
        for _ in range(2):
            text = hand.in_dialog("SUBSCRIBE", self.call, self.answer)
            hand.send(text.replace("\r\nMax-", "\r\n" + "\r\n".join(lines) + "\r\nMax-"))
            answer = hand.final(self.call, "SUBSCRIBE")
            if status_of(answer) != 407:
                break
            lines.append(hand.credentials("SUBSCRIBE", text.split()[1], answer))
        if status_of(answer) != 200:
            assert status_of(answer) == 481, answer
            self.subscribe()

    def wait(self, *wanted):
        """Wait until it has shown these, one after the other; return the body of the last."""
        for one in wanted:
            while True:
                told = self.handset.incoming("NOTIFY")
                self.handset.respond(told, 200)
                if field(told, "Call-ID") == self.call and shows(told) == one:
                    break
        return told


def start_anew(pair, lamps):
    """Start the full node of a pair anew; those who watch ask again, as phones do."""
    pair.restart(0)
    pair.town.wait_reach()
    for lamp in lamps:
        lamp.refresh()


def see(what, *lamps):
    """Wait until each of some lamps has shown something."""
    for lamp in lamps:
        lamp.wait(what)


def watch_everybody(pair):
    """Return lamps of Bob for the calls and the presence of Alice and Carol.

    A phone must be registered to hear of another house: these ring with Bob's, unanswered.
    """
    wanted = [(one, package) for package in ("dialog", "presence")
              for one in ("201", NUMBERS["carol"])]  # fmt: skip
    return [Lamp(pair.handset("bob", f"lamp{at}"), *one) for at, one in enumerate(wanted)]


def shows(notify):
    """Return what a NOTIFY lets a lamp show."""
    state = re.search(r"<state>(\w+)</state>", notify)
    basic = re.search(r"<basic>(\w+)</basic>", notify)
    if basic:
        return basic[1]
    return state[1] if state else "idle"


def hang_up(first, second):
    """End a call."""
    first.hangup()
    for phone in (first, second):
        phone.wait_closed()
