"""Two homes behind a provider's NAT (CGNAT), or one of them, and a node that anybody reaches.

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
	chain post { type nat hook postrouting priority 100; oifname "eth0" masquerade; }
}
table inet door {
	chain forward {
		type filter hook forward priority 0
		ct state established,related accept
		iifname "eth0" drop
	}
}
"""


class Homes:
    """Nodes 0 and 2 know the address of node 1, which is public; those of `behind` have a NAT."""

    def __init__(self, streets, behind):
        town = self.town = streets.sounding(f"homes{len(behind)}", line(3))
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
                router.popen(["nft", "-f", "-"], stdin=subprocess.PIPE).communicate(NAT.encode())
                node.host.join(uplink, f"100.64.{number}.2/24")
                node.host.route("default", f"100.64.{number}.1")
            else:
                node.host.join(uplink, f"{WITNESS % number}/24")
        for cable in [*town.cables.values(), *town.far_ends.values()]:
            cable.cut()
        town.start()
        town.wait_reach()
        self.talkers = [streets.talker(town, number) for number in (0, 2)]

    def call(self, at):
        """Let one home call the other, each hear the other; return what both nodes show of it."""
        one, two = self.talkers[at], self.talkers[1 - at]
        target = "sip:u%d@node%d" % ((2, 2) if at == 0 else (0, 0))
        dialled, answer = call_up(one, two, target)
        shown = [self.town.nodes[number].ask("calls")["calls"][0] for number in (0, 2)]
        one.send(one.within(dialled, "BYE", answer))
        two.reply(two.incoming("BYE"), 200)
        assert status_of(one.final(dialled, "BYE")) == 200
        for talker in (one, two):
            talker.remote.clear()
        for number in (0, 2):
            node = self.town.nodes[number]
            wait_until(lambda node=node: not node.ask("calls")["calls"], "the call has ended")
        return shown


def main():
    """Print how calls go."""
    for behind, words in (((0, 2), "both behind CGNAT"), ((0,), "one behind CGNAT")):
        streets = Streets()
        try:
            homes = Homes(streets, behind)
            for at in (0, 1):
                shown = homes.call(at)[at]
                way = ", ".join(shown["through"]) or "no other node"
                what = "with its sound" if shown["is_sound_through"] else "without its sound"
                print(f"{words}: node{2 * at} calls by way of {way} {what}; both hear each other")
        finally:
            streets.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
