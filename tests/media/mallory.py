"""A machine on a street between nodes that sends packets as if they came from another one."""

import socket


class Mallory:
    """On the street of two nodes of a Town, with an address that nobody knows."""

    def __init__(self, town, street):
        self.host = town.network.host("mallory")
        self.host.join(town.lans[street], f"10.9.{town.streets.index(street)}.99/24")
        # Nobody shall learn from her ARP whom she pretends to be.
        settings = ("net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
        self.host.popen(["sysctl", "-qw", *settings]).wait(10)

    def send(self, datagrams):
        """Send Datagrams, each from the source that it names."""
        for source in {one.source for one in datagrams}:
            if source[0] != self.host.address:
                words = ["ip", "addr", "replace", source[0] + "/32", "dev", "lo"]
                self.host.popen(words).wait(10)
            with self.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
                mouth.bind(source)
                for one in datagrams:
                    if one.source == source:
                        mouth.sendto(one.data, one.target)
