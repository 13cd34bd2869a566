"""A member of the mesh and a stranger attack a real node by hand, from hosts of their own."""

import os
import socket

from tests.mesh.handset import field, status_of
from tests.mesh.town import line


class Rogue:
    """A socket on a host that says what it likes to a node."""

    def __init__(self, host, address, node):
        self.socket = host.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.socket.settimeout(10)
        self.here = "%s:%d" % self.socket.getsockname()
        self.there = (node, 5060)

    def say(self, method, target, sender, lines=(), tag=""):
        """Send a request; return the status of the final answer."""
        call = os.urandom(6).hex()
        head = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.here};branch=z9hG4bK{call};rport",
            f"From: {sender};tag={call}", f"To: <{target}>{tag}", f"Call-ID: {call}",
            f"CSeq: 1 {method}", "Max-Forwards: 70", f"Contact: <sip:x@{self.here}>", *lines,
            "Content-Length: 0",
        ]  # fmt: skip
        self.socket.sendto(("\r\n".join(head) + "\r\n\r\n").encode(), self.there)
        while True:
            text = self.socket.recv(65535).decode()
            is_answer = text.startswith("SIP/2.0") and field(text, "Call-ID") == call
            if is_answer and status_of(text) >= 200:
                return status_of(text)

    def close(self):
        self.socket.close()


def test_a_real_node_stands_what_a_member_and_a_stranger_send(streets, see):
    town = streets.town("rogue", line(3), routed=True)
    town.start()
    town.wait_reach()
    victim, member = town.nodes[0], town.nodes[1]
    phone = streets.handset(town, 0)
    see(member, "u0")
    outside = town.phone_host(0, "outside")
    quiet = outside.socket(socket.AF_INET, socket.SOCK_DGRAM)
    quiet.bind((outside.address, 0))
    quiet.setblocking(False)
    away = "%s:%d" % quiet.getsockname()
    key = victim.key()
    attackers = [
        Rogue(member.host, member.lan_address, victim.lan_address),
        Rogue(outside, outside.address, victim.lan_address),
    ]
    local, far = "<sip:u0@home.test>", "<sip:eve@elsewhere.test>"
    for rogue in attackers:
        for target in ("sip:200@home.test", "sip:u0@" + key, f"sip:x@{member.key()}"):
            for method in ("MESSAGE", "NOTIFY", "REFER", "INFO", "BYE"):
                routes = [f"Route: <sip:{away};lr>"]
                assert rogue.say(method, target, far, routes) >= 400
                assert rogue.say(method, target, local, (), ";tag=made-up") >= 400
        assert rogue.say("MESSAGE", f"sip:x@{away}", far) == 403
    try:
        data = quiet.recv(65535)
        raise AssertionError("it was led outside: %r" % data)
    except BlockingIOError:
        pass
    # The phone has heard nothing of all that, and is there.
    assert attackers[1].say("OPTIONS", "sip:home.test", far) == 200
    phone.socket.setblocking(False)
    try:
        data = phone.socket.recv(65535)
        raise AssertionError("the phone was reached: %r" % data)
    except BlockingIOError:
        pass
    rows = victim.ask("strangers")["strangers"]
    assert outside.address in [row["address"] for row in rows]
    for rogue in attackers:
        rogue.close()
    quiet.close()
