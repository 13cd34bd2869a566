"""Two homes behind a provider's NAT (CGNAT), or one of them, and a node that anybody reaches.

The node that both reach tells them where it sees the other, and they go on without it; not where
the NAT gives out a port of its own for each host that is spoken to.

`python -m tests.media.homes` prints by which node calls and their sound go, in both directions.
"""

import subprocess
import sys

from tests.media.conftest import Streets
from tests.media.talker import call_up
from tests.mesh.handset import status_of
from tests.mesh.town import line, wait_until

WITNESS = "5.9.77.%d"
# Nothing comes in that was not asked for.
NAT = """
table ip nat {
	chain post { type nat hook postrouting priority 100; oifname "eth0" masquerade %s; }
}
table inet door {
	chain input {
		type filter hook input priority 0
		ct state established,related accept
		iifname "eth0" drop
	}
	chain forward {
		type filter hook forward priority 0
		ct state established,related accept
		iifname "eth0" drop
	}
}
"""


class Homes:
    """Nodes 0 and 2 know the address of node 1, which is public; those of `behind` have a NAT.

    ports: how it gives out ports, a word of nft.
    """

    def __init__(self, streets, behind, ports=""):
        town = self.town = streets.sounding(f"homes{len(behind)}{ports[:1]}", line(3))
        network, wan = town.network, town.network.lan()
        for node in town.nodes:
            number, uplink = node.number, wan
            node.mesh_options = ["list interface nowhere"]
            if number != 1:
                node.mesh_options.append(f"list peer '{WITNESS % 1}'")
            if number in behind:
                uplink, router = network.lan(), network.host(f"r{number}")
                router.join(wan, f"{WITNESS % (10 + number)}/24")
                router.join(uplink, f"100.64.{number}.1/24")
                router.popen(["sysctl", "-qw", "net.ipv4.ip_forward=1"]).wait()
                rules = (NAT % ports).encode()
                router.popen(["nft", "-f", "-"], stdin=subprocess.PIPE).communicate(rules)
                node.host.join(uplink, f"100.64.{number}.2/24")
                node.host.route("default", f"100.64.{number}.1")
            else:
                node.host.join(uplink, f"{WITNESS % number}/24")
        for cable in [*town.cables.values(), *town.far_ends.values()]:
            cable.cut()
        town.start()
        town.wait_reach()
        self.talkers = [streets.talker(town, number) for number in (0, 2)]

    def call(self, at, through=None):
        """Let one home call the other, each hear the other; return what both nodes show of it.

        through: the names of those by whom the sound goes in the end, None: as it is at once.
        """
        one, two = self.talkers[at], self.talkers[1 - at]
        target = "sip:u%d@node%d" % ((2, 2) if at == 0 else (0, 0))
        dialled, answer = call_up(one, two, target)
        if through is not None:
            wait_until(
                lambda: [one["through"] for one in self.shown()] == [through] * 2,
                f"the sound goes by way of {through}",
            )
            one.hears(two)
            two.hears(one)
        shown = self.shown()
        one.send(one.within(dialled, "BYE", answer))
        two.reply(two.incoming("BYE"), 200)
        assert status_of(one.final(dialled, "BYE")) == 200
        for talker in (one, two):
            talker.remote.clear()
        for number in (0, 2):
            node = self.town.nodes[number]
            wait_until(lambda node=node: not node.ask("calls")["calls"], "the call has ended")
        return shown

    def shown(self):
        """Return what both nodes show of their call."""
        return [self.town.nodes[number].ask("calls")["calls"][0] for number in (0, 2)]


CASES = (
    ((0, 2), "", [], "both behind NAT"),
    ((0,), "", [], "one behind NAT"),
    ((0, 2), "random", ["node1"], "both behind NAT with random ports"),
)


def main():
    """Print how calls go."""
    for behind, ports, through, words in CASES:
        streets = Streets()
        try:
            homes = Homes(streets, behind, ports)
            for at in (0, 1):
                shown = homes.call(at, through)[at]
                way = ", ".join(shown["through"]) or "no other node"
                what = "with its sound" if shown["is_sound_through"] else "without its sound"
                print(f"{words}: node{2 * at} calls by way of {way} {what}; both hear each other")
        finally:
            streets.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
