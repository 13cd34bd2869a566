"""A sniffer on every cable between houses: of what phones write and say it finds not one word."""

import socket

import pytest

from tests.mesh.handset import Handset, field, status_of
from tests.mesh.town import DOMAIN, line, wait_until
from tests.system.phones.call import connect, hear_each_other
from tests.unit.features.mesh.test_circuits import CANARY, SDP, TELLTALES

from . import wire

EVERYWHERE = "not arp"
TEXT = "Content-Type: text/plain"
# What phones and nodes of these tests write: words of SIP and SDP, names, programs, addresses.
WORDS = (
    CANARY, "SIP/2.0", "INVITE", "MESSAGE", "REGISTER", "bellhop-key", "a=rtpmap", "PCMU",
    "c=IN IP4", "Digest", DOMAIN, "10.8.0.1", "10.8.3.1", "baresip", "linphone", "display0",
    "display3", "node0", "node1", "node2", "node3",
)  # fmt: skip


class Sniffers:
    """A Capture on both ends of every cable, and on the LANs of the phones."""

    def __init__(self, town, folder):
        self.town = town
        ends = [(key[0], one.interface) for key, one in town.cables.items()]
        ends += [(key[1], one.interface) for key, one in town.far_ends.items()]
        self.cables = [self._on(number, name, folder) for number, name in ends]
        # The LAN is the last cable of a node; node 0 has one street.
        self.lan = self._on(0, "eth1", folder)

    def _on(self, number, interface, folder):
        return wire.Capture(self.town.nodes[number].host, interface, folder, EVERYWHERE)

    def check(self):
        """Fail where a cable has one of the words, or a key or address that tells of people."""
        needles = [word.encode() for word in WORDS]
        for node in self.town.nodes:
            key = node.ask("identity")["key"]
            needles += [key.encode(), socket.inet_aton(node.lan_address)]
        for capture in self.cables:
            captured = capture.whole()
            assert len(captured) > 10000
            found = [needle for needle in needles if needle in captured]
            assert not found, (capture.path, found)
        assert CANARY.encode() in self.lan.whole()


@pytest.fixture
def town(streets):
    """Four nodes in a line, whose sound goes by circuits: nothing else passes them."""
    town = streets.sounding("canary", line(4))
    for node in town.nodes:
        name, number, _ = node.users[0]
        node.users = [(name, number, [f"option display_name 'display{node.number}'"])]
        node.users.append((f"away{node.number}", f"30{node.number}", []))
    return town


def see(node, name):
    """Wait until a node's phone book shows somebody with a phone."""
    wait_until(lambda: name in {row["display"] for row in node.who()}, f"{node.name} sees {name}")


def told(*more):
    """Return the lines of a request that tell everything."""
    return [*TELLTALES, *more]


def test_no_cable_has_a_word_of_what_phones_write(streets, town):
    sniffers = Sniffers(town, streets.folder)  # From the first hello on.
    town.start()
    town.wait_reach()
    one = Handset(town.phone_host(0, "canary"), town.nodes[0], "u0")
    two = Handset(town.phone_host(3, "canary"), town.nodes[3], "u3")
    streets.handsets += [one, two]
    one.register(), two.register()
    see(town.nodes[0], "display3")
    sdp = told("Content-Type: application/sdp")
    body = "\r\n".join(SDP)
    target = f"sip:203@{DOMAIN}"
    # A call with all that may be in it, each request and each answer full of canaries.
    called = "canary-call"
    first = one.request("INVITE", target, called, sdp, body)
    one.send(first)
    refused = one.final(called, "INVITE")
    one.acknowledge_refusal(first, refused)
    sdp.append(one.credentials("INVITE", target, refused))
    one.sent[called] = one.request("INVITE", target, called, sdp, body)
    one.send(one.sent[called])
    came = two.incoming()
    two.respond(came, 180, "canary", TELLTALES)
    one.wait_ringing(called)
    two.respond(came, 200, "canary", told("Content-Type: application/sdp"), body)
    answer = one.final(called, "INVITE")
    assert status_of(answer) == 200
    one.acknowledge(called, answer)
    two.incoming("ACK")
    for method, extra in (
        ("INFO", ("Info-Package: canary", TEXT)), ("UPDATE", ()),
        ("REFER", ("Refer-To: <sip:canary@canary>",)), ("MESSAGE", (TEXT,)),
    ):  # fmt: skip
        text = one.in_dialog(method, called, answer)
        head, mark, rest = text.partition("\r\nContent-Length: 0\r\n\r\n")
        words = "canary of the call" if TEXT in extra else ""
        one.send(
            "\r\n".join([head, *told(*extra)]) + f"\r\nContent-Length: {len(words)}\r\n\r\n" + words
        )
        two.respond(two.incoming(method), 200, "canary", TELLTALES)
        one.final(called, method)
    two.send(two.in_reply("BYE", came, TELLTALES))
    one.respond(one.incoming("BYE"), 200, "canary", TELLTALES)
    # Texts: one that arrives, one that waits for somebody who is away.
    for user in ("u3", "away3"):
        status = status_of(
            one.ask("MESSAGE", f"sip:{user}@{town.nodes[3].key()}", told(TEXT), "canary")
        )
        assert status in (200, 202)
    text = two.incoming("MESSAGE")
    two.respond(text, 200, "canary", TELLTALES)
    # Who looks, who asks, who is refused.
    for method, extra in (("SUBSCRIBE", "Event: dialog"), ("OPTIONS", "Accept: canary")):
        one.dial("203", told(extra), method)
    busy = one.dial("203", TELLTALES)
    two.respond(two.incoming(), 486, "canary", TELLTALES)
    assert status_of(one.final(busy, "INVITE")) == 486
    wait_until(lambda: not town.nodes[0].ask("outbox")["outbox"], "the text is on its way", 60)
    sniffers.check()
    assert field(came, "From").startswith('"display0 (node0')


def test_no_cable_has_a_word_of_real_phones_that_talk(streets, town):
    sniffers = Sniffers(town, streets.folder)
    town.start()
    town.wait_reach()
    first, second = streets.phone("baresip", town, 0), streets.phone("linphone", town, 3)
    for phone in (first, second):
        phone.wait_registered()
    see(town.nodes[0], "display3")
    see(town.nodes[3], "display0")
    canary = Handset(town.phone_host(0, "canary"), town.nodes[0], "away0")
    streets.handsets.append(canary)
    canary.register()
    connect(first, second, "203")
    hear_each_other(first, second)
    first.hangup()
    for phone in (first, second):
        phone.wait_closed()
    canary.ask("MESSAGE", f"sip:away3@{town.nodes[3].key()}", told(TEXT), "canary")
    sniffers.check()
