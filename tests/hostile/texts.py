"""Texts between two houses while every tenth packet is lost and either router is killed.

`python -m tests.hostile.texts --texts 1000` prints how many were promised, lost, brought twice.
"""

import argparse
import collections
import os
import random
import re
import select
import socket
import sys
import threading
import time

from tests.mesh.handset import Handset, field, status_of
from tests.mesh.town import Town, line
from tests.support import netns

LOSS = "0.1"
# As a phone does (RFC 3261 sections 17.1.2.1 and 17.2.2): what it asks is repeated, and what came
# before is answered in the same way and shown once.
REPEAT_SECONDS, LONGEST_REPEAT, GIVE_UP_SECONDS, MEMORY_SECONDS = (0.5, 4, 32, 32)
# Between two kills, and how long a router stays off.
ALIVE, OFF = (2.0, 6.0), (0.1, 2.5)
SETTLE_SECONDS = 240


class Phone(threading.Thread):
    """A phone that sends its texts one after the other, and shows those that come."""

    def __init__(self, host, node, user, to, count):
        super().__init__(daemon=True)
        self.handset = Handset(host, node, user)
        self.to = to
        self.left = [f"{user} {number}" for number in range(count)]
        self.promised, self.refused, self.silent = [], [], []
        self.shown = collections.Counter()
        self.answers = {}
        self.is_over = False

    def run(self):
        asked = None
        while not self.is_over:
            if asked is None and self.left:
                asked = self._ask()
            wait = 0.2 if asked is None else max(0.0, asked["next"] - time.monotonic())
            if select.select([self.handset.socket], [], [], wait)[0]:
                asked = self._take(self.handset.socket.recv(65535).decode(), asked)
            elif asked is not None:
                asked = self._repeat(asked)

    def _ask(self):
        call = os.urandom(6).hex()
        target = self.to
        body = self.left.pop(0)
        data = self.handset.request(
            "MESSAGE", target, call, ["Content-Type: text/plain"], body, cseq=1
        )
        self.handset.send(data)
        now = time.monotonic()
        return {"call": call, "body": body, "data": data, "pause": REPEAT_SECONDS,
                "next": now + REPEAT_SECONDS, "end": now + GIVE_UP_SECONDS}  # fmt: skip

    def _repeat(self, asked):
        if time.monotonic() > asked["end"]:
            self.silent.append(asked["body"])
            return None
        self.handset.send(asked["data"])
        asked["pause"] = min(2 * asked["pause"], LONGEST_REPEAT)
        asked["next"] = time.monotonic() + asked["pause"]
        return asked

    def _take(self, text, asked):
        if text.startswith("MESSAGE "):
            self._show(text)
            return asked
        if asked is None or field(text, "Call-ID") != asked["call"] or status_of(text) < 200:
            return asked
        if status_of(text) < 300:
            self.promised.append(asked["body"])
        else:
            self.refused.append(text.split("\r\n")[0])
        return None

    def _show(self, text):
        branch = re.search(r"branch=([^;\s]+)", text).group(1)
        now = time.monotonic()
        self.answers = {one: at for one, at in self.answers.items() if now - at < MEMORY_SECONDS}
        if branch not in self.answers:
            self.answers[branch] = now
            self.shown[text.partition("\r\n\r\n")[2]] += 1
        self.handset.respond(text, 200)


class Trial:
    """Two routers, two phones at each, and who kills the routers."""

    def __init__(self, texts, seed=20261130):
        self.random = random.Random(seed)
        self.town = Town("texts", line(2))
        self.kills = 0
        for node in self.town.nodes:
            node.node_options.append("list trusted '10.8.0.0/16'")
            number = node.number
            node.users = [(f"u{number}", f"20{number}", []), (f"v{number}", f"30{number}", [])]
        self.town.start()
        self.town.wait_reach()
        self.phones = []
        keys = [node.key() for node in self.town.nodes]
        for number, node in enumerate(self.town.nodes):
            for letter in "uv":
                user, far = f"{letter}{number}", f"{letter}{1 - number}"
                host = self.town.phone_host(number, user)
                to = f"sip:{far}@{keys[1 - number]}"
                self.phones.append(Phone(host, node, user, to, texts // 4))
        for phone in self.phones:
            phone.handset.register(3600)

    def lose(self):
        """Lose every tenth datagram, on the cable and in both houses."""
        hosts = [node.host for node in self.town.nodes] + list(self.town.phones.values())
        for host in hosts:
            for program in ("iptables", "ip6tables"):
                words = [program, "-A", "INPUT", "-p", "udp", "-m", "statistic", "--mode",
                         "random", "--probability", LOSS, "-j", "DROP"]  # fmt: skip
                if host.popen(words).wait(10):
                    raise OSError(f"{program} loses nothing")

    def run(self):
        """Kill either router again and again until all is sent."""
        for phone in self.phones:
            phone.start()
        while [phone for phone in self.phones if phone.left]:
            time.sleep(self.random.uniform(*ALIVE))
            node = self.random.choice(self.town.nodes)
            node.stop(9)
            self.kills += 1
            time.sleep(self.random.uniform(*OFF))
            self.town.start([node.number])
        end = time.monotonic() + SETTLE_SECONDS
        while self.missing() and time.monotonic() < end:
            time.sleep(0.5)
        time.sleep(3)  # What comes a second time comes now.

    def missing(self):
        """Return what was promised and is not shown."""
        shown = sum((phone.shown for phone in self.phones), collections.Counter())
        promised = [body for phone in self.phones for body in phone.promised]
        return [body for body in promised if not shown[body]]

    def figures(self):
        """Return what became of all texts."""
        shown = sum((phone.shown for phone in self.phones), collections.Counter())
        return {
            "promised": sum(len(phone.promised) for phone in self.phones),
            "refused": sum(len(phone.refused) for phone in self.phones),
            "unanswered": sum(len(phone.silent) for phone in self.phones),
            "brought": len(shown), "kills": self.kills, "lost": len(self.missing()),
            "twice": sum(1 for count in shown.values() if count > 1),
        }  # fmt: skip

    def close(self):
        """End all of it."""
        for phone in self.phones:
            phone.is_over = True
            if phone.is_alive():
                phone.join()
            phone.handset.close()
        self.town.close()


def run(texts, seed=20261130):
    """Return the figures of a run."""
    trial = Trial(texts, seed)
    try:
        trial.lose()
        trial.run()
        return trial.figures()
    finally:
        trial.close()


def main():
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20261130)
    arguments = parser.parse_args()
    reason = netns.why_unavailable()
    if reason:
        print(reason)
        return 1
    socket.setdefaulttimeout(None)
    figures = run(arguments.texts, arguments.seed)
    print(figures, flush=True)
    return int(figures["lost"] + figures["twice"] > 0)


if __name__ == "__main__":
    sys.exit(main())
