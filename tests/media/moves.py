"""Gives a node another address in the middle of a call: how long both phones hear nothing.

`python -m tests.media.moves --rounds 20` prints the figures, by IPv4 and IPv6 in turn.
"""

import argparse
import sys
import time

from tests.media.conftest import Streets
from tests.media.talker import call_up
from tests.mesh.handset import field, status_of
from tests.mesh.town import line, wait_until
from tests.support.netns import ip

FAMILIES = (4, 6)
# What people may hear of it, at most (seconds).
MOST_SECONDS = 2
STREETS = {4: "10.9.%d.%d", 6: "fd09:%d::%x"}
PREFIX = {4: 24, 6: 64}
DEFAULT = {4: "0.0.0.0/0", 6: "::/0"}
# Of the street itself, of its node at first.
ROUTER, FIRST = 2, 20


class Internet:
    """Nodes 0 and 2 of a line in whose middle a router stands that is no node.

    Each node has one address towards it, of one family; node 0 knows that of node 2.
    """

    def __init__(self, streets, family):
        self.family = family
        self.town = streets.sounding(f"wan{family}", line(3), routed=True)
        self.numbers = {0: FIRST, 2: FIRST}
        for street, number in enumerate((0, 2)):
            node, router = self.town.nodes[number], self.town.nodes[1]
            for host in (node.host, router.host):
                _sysctl(host, "net.ipv6.conf.all.forwarding=1")
            ip(
                "-n",
                router.host.namespace,
                "addr",
                "flush",
                "dev",
                f"eth{street}",
                "scope",
                "global",
            )
            self._add(router.host, f"eth{street}", self._address(street, ROUTER))
            ip("-n", node.host.namespace, "addr", "flush", "dev", "eth0", "scope", "global")
            self._add(node.host, "eth0", self._address(street, FIRST))
            node.host.route(DEFAULT[family], self._address(street, ROUTER))
            node.mesh_options = ["list interface nowhere"]
        first = self.town.nodes[0]
        first.mesh_options.append(f"list peer '{_bracketed(self._address(1, FIRST))}'")
        self.town.start([0, 2])
        self.town.wait_reach([[0, 2]])

    def _address(self, street, number):
        return STREETS[self.family] % (street, number)

    def _add(self, host, interface, address):
        more = ["nodad"] if self.family == 6 else []
        place = f"{address}/{PREFIX[self.family]}"
        ip("-n", host.namespace, "addr", "add", place, "dev", interface, *more)

    def move(self, number):
        """Take the address of a node away and give it another, as its provider does."""
        street, host = number // 2, self.town.nodes[number].host
        ip("-n", host.namespace, "addr", "flush", "dev", "eth0", "scope", "global")
        self.numbers[number] += 1
        self._add(host, "eth0", self._address(street, self.numbers[number]))
        host.route(DEFAULT[self.family], self._address(street, ROUTER))


def _bracketed(address):
    return f"[{address}]" if ":" in address else address


def _sysctl(host, setting):
    host.popen(["sysctl", "-qw", setting]).wait()


def main():
    """Print the longest silence that either phone heard in each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    streets = Streets()
    gaps = {family: [] for family in FAMILIES}
    try:
        worlds = [Internet(streets, family) for family in FAMILIES]
        pairs = [[streets.talker(one.town, number) for number in (0, 2)] for one in worlds]
        for number in range(rounds):
            at = number % len(FAMILIES)
            gaps[FAMILIES[at]].append(silence(worlds[at], *pairs[at], 2 * (number // 2 % 2)))
    finally:
        streets.close()
    for family in FAMILIES:
        found = sorted(gaps[family])
        good = len([gap for gap in found if gap <= MOST_SECONDS])
        words = "IPv%d: %d of %d at most %d s of silence; longest %.2f s, in the middle %.2f s"
        print(words % (family, good, len(found), MOST_SECONDS, found[-1], found[len(found) // 2]))
    return 0 if sum(gaps.values(), []) and max(sum(gaps.values(), [])) <= MOST_SECONDS else 1


def silence(world, one, two, number):
    """Move node `number` in the middle of a call; return the longest silence at either phone."""
    call, answer = call_up(one, two, "202")
    for talker in (one, two):
        talker.gap = 0
    world.move(number)
    begun = time.monotonic()
    for talker in (one, two):
        wait_until(
            lambda talker=talker: talker.heard_at > begun + 1.5 and talker.gap, "sound again", 30
        )
    gaps = [max(talker.gap, 0) for talker in (one, two)]
    one.send(one.within(call, "BYE", answer))
    bye = two.incoming("BYE")
    two.reply(bye, 200)
    assert status_of(one.final(call, "BYE")) == 200
    assert field(bye, "Call-ID")
    for talker in (one, two):
        talker.remote.clear()
    print(f"IPv{world.family}: node {number} moved, silence {gaps[0]:.2f} s, {gaps[1]:.2f} s")
    return max(gaps)


if __name__ == "__main__":
    sys.exit(main())
