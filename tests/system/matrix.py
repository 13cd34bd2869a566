"""Real phones in the ten situations in which calls went wrong, at a full node and at a lite one.

    python -m tests.system.matrix [--phones baresip,pjsua] [--nodes full,lite] [NUMBER ...]

The phone stands at the node that is tried, who talks to it at another, full one. A cell says ok, or
what went wrong; `-` where the node leaves it to a full one, or the phone cannot do it.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import time

from tests.lite.node import TownNode
from tests.media.conftest import Streets
from tests.media.moves import STREETS
from tests.media.roads import Stream
from tests.mesh.handset import Handset, field, fields, status_of
from tests.mesh.town import DOMAIN, line, wait_until
from tests.support import lite, netns
from tests.system.phones import KINDS
from tests.system.phones.call import connect, hear_each_other

FULL, LITE = NODES = ("full", "lite")
# A provider's or cheap router's NAT forgets a phone that is silent for so long (seconds).
NAT_SECONDS = 30
TIMEOUTS = ("timeout", "timeout_stream")
# At the receiving end: a sender would be told of a packet that does not leave.
LOSS = """
table inet loss {
	chain in { type filter hook prerouting priority -300; numgen random mod 100 < 25 drop; }
}
"""
NAT = """
table ip nat {
	chain post { type nat hook postrouting priority 100; oifname "eth0" masquerade; }
}
"""


class Left(Exception):
    """Why a cell is not tried."""


class World:
    """Node 0, which is tried, with u0 and c0; node 1 with u1 and a1, and both as group 300."""

    def __init__(self, kind, compiled):
        self.streets, self.kind = Streets(), kind
        town = self.town = self.streets.sounding("matrix", line(2), routed=True)
        town.nodes[0].users.append(("c0", "209", []))
        town.nodes[1].users.append(("a1", "219", []))
        if kind == LITE:
            town.nodes[0].media_options = None
            town.nodes[0] = TownNode(town.nodes[0], compiled)
        town.nodes[1].node_options += [
            "option strangers 'refuse'", "config group", "option name 'all'",
            "option extension '300'", "option strategy 'sequential'", "list member 'a1'",
            "list member 'u1'",
        ]  # fmt: skip
        town.start()
        town.wait_reach()

    def phone(self, kind, number, encryption=None, host=None, server=None):
        """Return a registered real phone at a node."""
        node = self.town.nodes[number]
        host = host or self.town.phone_host(number, f"{kind}{len(self.streets.phones)}")
        made = self.streets.phone_on(
            kind, host, f"u{number}", server or node.lan_address, encryption
        )
        made.wait_registered()
        return made

    def pair(self, kind, **more):
        """Return the phone that is tried and one at the other node, which reach each other."""
        pair = self.phone(kind, 0, **more), self.phone("baresip", 1)
        self.see()
        return pair

    def see(self):
        """Wait until each node knows that the other's phone is there."""
        for node, user in ((self.town.nodes[0], "u1"), (self.town.nodes[1], "u0")):
            wait_until(
                lambda node=node, user=user: user in {one["display"] for one in node.who()},
                f"{node.name} sees {user}",
            )

    def behind_nat(self):
        """Return a host behind a NAT of its own in the LAN of node 0, which forgets quickly."""
        if self.kind == LITE:
            raise Left("a lite node relays no sound")
        town, node = self.town, self.town.nodes[0]
        nat, host = town.phone_host(0, "nat"), town.network.host("behind")
        inner = town.network.lan()
        nat.join(inner, "192.168.55.1/24")
        host.join(inner, "192.168.55.2/24")
        host.route("default", "192.168.55.1")
        timeouts = [f"net.netfilter.nf_conntrack_udp_{name}={NAT_SECONDS}" for name in TIMEOUTS]
        for one in ("net.ipv4.ip_forward=1", *timeouts):
            nat.popen(["sysctl", "-qw", one]).wait()
        load(nat, NAT)
        return {"host": host, "server": node.lan_address}

    def hand(self, number, user):
        """Return a phone by hand of another user of a node, registered."""
        host = self.town.phone_host(number, user)
        self.streets.handsets.append(Handset(host, self.town.nodes[number], user))
        return self.streets.handsets[-1].register()

    def close(self):
        """End everything."""
        self.streets.close()


def load(host, rules):
    """Give a host rules of nftables."""
    host.popen(["nft", "-f", "-"], stdin=subprocess.PIPE).communicate(rules.encode())


def hang_up(one, two):
    """End a call at both ends."""
    one.hangup()
    for phone in (one, two):
        phone.wait_closed()


def restart(world, kind):
    """1: the node starts anew in a call: it goes on and ends as any; the next one works."""
    one, two = world.pair(kind)
    connect(one, two, "201")
    hear_each_other(one, two)
    node = world.town.nodes[0]
    node.stop()
    node.start()
    wait_until(node.is_up, "the node answers")
    world.town.wait_reach()
    hear_each_other(one, two)
    hang_up(one, two)
    world.see()
    connect(one, two, "201")
    hear_each_other(one, two)
    hang_up(one, two)


def move(world, kind):
    """2: the node gets another address in a call: the sound goes on, and the end arrives."""
    one, two = world.pair(kind)
    connect(one, two, "201")
    hear_each_other(one, two)
    inside = world.town.nodes[0].host.namespace
    netns.ip("-n", inside, "addr", "flush", "dev", "eth0", "scope", "global")
    netns.ip("-n", inside, "addr", "add", STREETS[4] % (0, 77) + "/24", "dev", "eth0")
    world.town.nodes[0].host.route("10.8.1.0/24", "10.9.0.2")
    world.town.nodes[1].host.route("10.8.0.0/24", "10.9.0.77")
    hear_each_other(one, two)
    hang_up(two, one)


def contact(world, kind):
    """3: another user registers the phone's Contact: what is for the call goes to the phone."""
    one, two = world.pair(kind)
    connect(one, two, "201")
    (row,) = world.town.nodes[0].ask("registrations", user="u0")["registrations"]
    other = world.hand(0, "c0")
    asked = other.request("REGISTER", f"sip:{DOMAIN}", os.urandom(6).hex(), ["Expires: 600"])
    line_of = re.search(r"Contact: [^\r]*", asked).group(0)
    other.send(asked.replace(line_of, f"Contact: <{row['contact']}>"))
    hear_each_other(one, two)
    hang_up(two, one)
    assert not [text for text in other.inbox if text.startswith("BYE ")]


def nat(world, kind):
    """4: the phone is behind a NAT that it does not know of: both hear each other."""
    one, two = world.pair(kind, **world.behind_nat())
    connect(one, two, "201")
    hear_each_other(one, two)
    hang_up(one, two)
    connect(two, one, "200")
    hear_each_other(one, two)
    hang_up(two, one)


def srtp(world, kind):
    """5: the phone takes encrypted calls only, the other one knows nothing of it."""
    if world.kind == LITE:
        raise Left("a lite node encrypts no sound")
    one, two = world.pair(kind, encryption="srtp")
    connect(one, two, "201")
    hear_each_other(one, two)
    hang_up(one, two)
    connect(two, one, "200")
    hear_each_other(one, two)
    hang_up(two, one)


def loss(world, kind):
    """6: a quarter of all packets of the phone is lost, ACK and 200 among them."""
    one, two = world.pair(kind)
    ends = one.host, world.town.nodes[0].host
    for host in ends:
        load(host, LOSS)
    one.dial("201")
    two.wait_incoming(30)
    two.answer()
    for phone in (one, two):
        phone.wait_established(40)
    for host in ends:
        load(host, "flush ruleset")
    hear_each_other(one, two)
    hang_up(one, two)


def group(world, kind):
    """7: the first of a group declines: the next one rings."""
    one, two = world.pair(kind)
    first = world.hand(1, "a1")
    one.dial("sip:all@node1")
    first.respond(first.incoming(), 603, "Decline")
    two.wait_incoming(40)
    two.answer()
    for phone in (one, two):
        phone.wait_established()
    hear_each_other(one, two)
    hang_up(one, two)


def idle(world, kind):
    """8: the phone's NAT forgets it after 30 s: it is called after a longer rest."""
    one, two = world.pair(kind, **world.behind_nat())
    time.sleep(NAT_SECONDS + 10)  # What is tried is that nothing happens meanwhile.
    connect(two, one, "200")
    hear_each_other(one, two)
    hang_up(two, one)


def invite(caller, more=""):
    """Let a phone by hand call u0 with an offer; return the Call-ID."""
    host = caller.here.rpartition(":")[0]
    body = f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    body += "m=audio 4000 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n" + more
    call, target = os.urandom(6).hex(), f"sip:u0@{DOMAIN}"
    lines = ["Content-Type: application/sdp"]
    sent = caller.request("INVITE", target, call, lines, body)
    caller.send(sent)
    first = caller.take(lambda text: field(text, "Call-ID") == call)
    if status_of(first) == 407:
        caller.acknowledge_refusal(sent, first)
        lines.append(caller.credentials("INVITE", target, first))
        sent = caller.request("INVITE", target, call, lines, body)
        caller.send(sent)
    caller.sent[call] = sent
    return call


def large(world, kind):
    """9: an INVITE of 3 kB reaches the phone."""
    one = world.phone(kind, 0)
    caller = world.hand(0, "c0")
    call = invite(caller, "".join(f"a=x-{at}:{'0123456789' * 8}\r\n" for at in range(30)))
    one.wait_incoming(20)
    one.answer()
    answer = caller.final(call, "INVITE", 20)
    assert status_of(answer) == 200, answer
    caller.acknowledge(call, answer)
    one.wait_established()
    caller.send(caller.in_dialog("BYE", call, answer))
    one.wait_closed()


class Connected(Handset):
    """A phone by hand over TCP, which may lose its connection and make another."""

    def connect(self, host):
        """Connect; register."""
        self.socket.close()
        made = host.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.connect(self.proxy)
        self.here = "%s:%d" % made.getsockname()
        self.socket = Stream(made)
        return self.register()

    def request(self, method, target, call, lines=(), body="", **more):
        """Return a request over TCP of one and the same instance."""
        text = super().request(method, target, call, lines, body, **more)
        contact = f"Contact: <sip:{self.user}@{self.here};transport=tcp>"
        contact += ';+sip.instance="<urn:uuid:00000000-0000-4000-8000-0000000000c0>";reg-id=1'
        text = re.sub(r"Contact: [^\r]*", contact, text, count=1)
        return text.replace("SIP/2.0/UDP", "SIP/2.0/TCP", 1)


def stream(world, kind):
    """10: the caller's connection closes while it rings: the answer comes on the next one."""
    one = world.phone(kind, 0)
    host = world.town.phone_host(0, "tcp")
    caller = Connected(host, world.town.nodes[0], "c0")
    world.streets.handsets.append(caller)
    caller.connect(host)
    call = invite(caller)
    one.wait_incoming()
    caller.connect(host)
    one.answer()
    answer = caller.final(call, "INVITE", 20)
    assert status_of(answer) == 200 and fields(answer, "Contact"), answer
    caller.acknowledge(call, answer)
    one.wait_established()
    one.hangup()
    caller.respond(caller.incoming("BYE"), 200)


SITUATIONS = (restart, move, contact, nat, srtp, loss, group, idle, large, stream)


def cell(number, phone, node, compiled):
    """Try one; return ok, or what went wrong."""
    reason = KINDS[phone].why_unavailable()
    if node == LITE and compiled is None:
        reason = reason or lite.why_unavailable()
    if reason:
        return "- " + reason
    world = World(node, compiled)
    try:
        SITUATIONS[number - 1](world, phone)
    except Left as why:
        return f"- {why}"
    except (AssertionError, OSError) as error:
        return "WRONG: " + str(error).split("\n")[0][:200]
    finally:
        world.close()
    return "ok"


def main():
    """Print the matrix, cell by cell and then as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", default=",".join(KINDS))
    parser.add_argument("--nodes", default=",".join(NODES))
    parser.add_argument("numbers", nargs="*", type=int, metavar="NUMBER")
    given = parser.parse_args()
    numbers = given.numbers or range(1, len(SITUATIONS) + 1)
    columns = [
        (phone, node) for phone in given.phones.split(",") for node in given.nodes.split(",")
    ]
    compiled = None if lite.why_unavailable() else lite.Compiled()
    found = {}
    for number in numbers:
        for phone, node in columns:
            found[number, phone, node] = said = cell(number, phone, node, compiled)
            print(f"{number} {phone} at a {node} node: {said}", flush=True)
    print("\n%-62s" % "" + "".join("%-14s" % " ".join(column) for column in columns))
    for number in numbers:
        cells = [found[(number, *column)].split(" ")[0].rstrip(":") for column in columns]
        print("%2d %-59s" % (number, SITUATIONS[number - 1].__doc__.split(": ")[1][:58]), end="")
        print("".join("%-14s" % one for one in cells))
    return 1 if [said for said in found.values() if said.startswith("WRONG")] else 0


if __name__ == "__main__":
    sys.exit(main())
