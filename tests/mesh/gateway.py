"""A home behind somebody else's router: miniupnpd (PCP, NAT-PMP, UPnP), and a host outside.

`python -m tests.mesh.gateway` prints how long it takes by each way until the router leads a port
to the node behind it, or opens its firewall of IPv6, and that a node outside reaches it there.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

from tests.mesh.town import PATIENCE, Node, wait_until
from tests.support import netns

OUTSIDE, WAN, LAN, HOME = "5.9.77.2", "5.9.77.1", "192.168.7.1", "192.168.7.2"
# The same by IPv6: no address changes on the way, but the router lets nobody in.
OUTSIDE6, WAN6, LAN6, HOME6 = (
    "2a00:77:1::2", "2a00:77:1::1", "2a00:77:2::1", "2a00:77:2::2",
)  # fmt: skip
# What miniupnpd wants to find, NAT, and the packets that it is not to see.
RULES = """
table inet filter {
	chain forward {
		type filter hook forward priority 0; policy accept;
		jump miniupnpd
		iifname "eth0" ct state new ct status != dnat drop
	}
	chain miniupnpd { }
	chain prerouting { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }
	chain postrouting {
		type nat hook postrouting priority 100; jump postrouting_miniupnpd
		oifname "eth0" masquerade
	}
	chain prerouting_miniupnpd { }
	chain postrouting_miniupnpd { }
	chain input { type filter hook input priority 0; %s; }
}
"""
CONFIGURATION = """
ext_ifname=eth0
listening_ip=eth1
ipv6_disable=no
ext_ifname6=eth0
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
uuid=00000000-0000-0000-0000-000000000001
lease_file=%s/leases
upnp_table_name=filter
upnp_nat_table_name=filter
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
allow 1024-65535 0.0.0.0/0 1024-65535
"""
# The first octet behind UDP's header is the version: 2 of PCP, 0 of NAT-PMP.
HIDDEN = {
    "PCP": "accept",
    "NAT-PMP": "udp dport 5351 @th,64,8 2 drop",
    "UPnP": "udp dport 5351 drop",
    "none": "udp dport { 5351, 1900 } drop",
}


def why_unavailable():
    """Return why this machine cannot play such a router, or None."""
    for program in ("miniupnpd", "nft", "upnpc"):
        if not shutil.which(program):
            return f"no {program} (Debian packages miniupnpd-nftables, nftables, miniupnpc)"
    return netns.why_unavailable()


class Home:
    """Node `home` behind a router, node `friend` outside; `way`: a key of HIDDEN.

    is_six: the friend knows the address by IPv6 alone.
    """

    def __init__(self, way, is_six=False):
        self.folder = tempfile.mkdtemp(prefix="bellhop-home-")
        self.network = netns.Network("home")
        self.server = None
        lan, wan = self.network.lan(), self.network.lan()
        hosts = {name: self.network.host(name) for name in ("router", "home", "friend")}
        self.router = hosts["router"]
        self.router.join(wan, WAN + "/24")
        self.router.join(lan, LAN + "/24")
        self.router.popen(["sysctl", "-qw", "net.ipv4.ip_forward=1"]).wait()
        hosts["home"].join(lan, HOME + "/24")
        hosts["home"].route("default", LAN)
        hosts["friend"].join(wan, OUTSIDE + "/24")
        self.home, self.friend = [
            Node(number, hosts[name], os.path.join(self.folder, name))
            for number, name in enumerate(("home", "friend"))
        ]
        for node in (self.home, self.friend):
            node.media_options = []
            node.mesh_options = ["list interface nowhere"]
        self.home.node_options = ["option internet '1'"]
        self.friend.mesh_options.append(
            f"list peer '[{HOME6}]'" if is_six else f"list peer '{WAN}'"
        )
        if is_six:
            self._number(hosts)
        self._rules(HIDDEN[way])

    def _number(self, hosts):
        """Give all of them addresses of IPv6."""
        for setting in ("all.forwarding=1", "all.accept_ra=0"):
            self.router.popen(["sysctl", "-qw", "net.ipv6.conf." + setting]).wait()
        for name, link, own in (
            ("router", "eth0", WAN6), ("router", "eth1", LAN6), ("home", "eth0", HOME6),
            ("friend", "eth0", OUTSIDE6),
        ):  # fmt: skip
            place = hosts[name].namespace
            netns.ip("-n", place, "addr", "add", own + "/64", "dev", link, "nodad")
        hosts["home"].route("default", LAN6)
        hosts["friend"].route("default", WAN6)

    def _rules(self, hidden):
        done = self.router.popen(["nft", "-f", "-"], stdin=subprocess.PIPE)
        done.communicate((RULES % hidden).encode())
        assert done.returncode == 0

    def serve(self):
        """Start miniupnpd."""
        place = os.path.join(self.folder, "miniupnpd.conf")
        with open(place, "w") as file:
            file.write(CONFIGURATION % self.folder)
        with open(os.path.join(self.folder, "miniupnpd.log"), "ab") as log:
            self.server = self.router.popen(
                ["miniupnpd", "-d", "-f", place, "-P", os.path.join(self.folder, "pid")],
                stdout=log, stderr=log,
            )  # fmt: skip

    def forget(self):
        """End miniupnpd with all that it has led anywhere, as a power cut does."""
        self.server.kill()
        self.server.wait()
        self.router.popen(["nft", "flush", "ruleset"]).wait()
        self._rules("accept")

    def outside(self, name="outside"):
        """Return what the node says of how the Internet reaches it; outside6: by IPv6."""
        return self.home.ask("status")[name]

    def wait_led(self, seconds=PATIENCE, name="outside"):
        """Wait until all ports are led; return what the node says."""
        wait_until(
            lambda: (
                self.outside(name)["ports"] and all(p["host"] for p in self.outside(name)["ports"])
            ),
            f"ports are led: {self.outside(name)}", seconds,
        )  # fmt: skip
        return self.outside(name)

    def start(self, *nodes):
        """Start nodes."""
        for node in nodes:
            node.start()
        for node in nodes:
            wait_until(node.is_up, f"{node.name} answers")

    def close(self):
        """End everything."""
        for node in (self.home, self.friend):
            node.stop()
        if self.server is not None:
            self.server.kill()
            self.server.wait()
        self.network.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    """Print what each way brings."""
    reason = why_unavailable()
    if reason:
        print(reason)
        return 1
    ways = ("PCP", ""), ("NAT-PMP", ""), ("UPnP", ""), ("PCP", "6"), ("UPnP", "6")
    for way, six in ways:
        home = Home(way, bool(six))
        try:
            home.serve()
            begun = time.monotonic()
            home.start(home.home)
            told = home.wait_led(40, "outside" + six)
            led = time.monotonic() - begun
            home.start(home.friend)
            wait_until(lambda home=home: "node0" in home.friend.reached(), "a node outside", 40)
            ports = ", ".join("%s %d" % (p["protocol"], p["external"]) for p in told["ports"])
            words = "%s: %s of %s lead to %s after %.1f s; a node outside reaches it"
            own = HOME6 if six else HOME
            print(words % (told["way"], ports, told["ports"][0]["host"], own, led), flush=True)
        finally:
            home.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
