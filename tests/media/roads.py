"""A phone on the road changes between Wi-Fi and LTE in one call, by TLS with its own login.

`python -m tests.media.roads --moves 20` prints how many moves the call outlives, and the longest
silence of each phone. Away it is behind a provider's NAT, and says so of itself in no field.
"""

import argparse
import os
import socket
import ssl
import sys
import time

from tests.media.conftest import Streets
from tests.media.talker import Talker, call_up
from tests.mesh.handset import field, status_of
from tests.mesh.town import DOMAIN, line

TLS_PORT = 5061
# What a provider gives a phone, and nobody else understands.
BEHIND = "100.64.7.7"


class Stream:
    """A connection in the manner of a socket of datagrams: one message each."""

    def __init__(self, made):
        self.made = made
        self.data = b""

    def sendto(self, data, to):
        """Send a message; where to is the other end's matter."""
        self.made.sendall(data)

    def settimeout(self, seconds):
        """Wait so long for the next octets."""
        self.made.settimeout(seconds)

    def recvfrom(self, most):
        """Return (the next message, None)."""
        while True:
            head, end, rest = self.data.lstrip(b"\r\n").partition(b"\r\n\r\n")
            length = int(field(head.decode(), "Content-Length") or 0) if end else 0
            if end and len(rest) >= length:
                self.data = rest[length:]
                return head + end + rest[:length], None
            got = self.made.recv(most)
            if not got:
                raise OSError("closed")
            self.data += got

    def close(self):
        """End it without a word, as a network that is gone does."""
        self.made.close()


def secured(made):
    """Return a connection with TLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(made)


class Traveller(Talker):
    """A Talker by TLS that keeps its instance (RFC 5626) wherever it is."""

    def __init__(self, host, user, server):
        self.instance = f"00000000-0000-4000-8000-{os.urandom(6).hex()}"
        super().__init__(host, user, server)
        self.arrive(host, server, host.address)

    def arrive(self, host, server, address):
        """Be in another network, of which the phone knows this address alone."""
        self.socket.close()
        made = host.socket(socket.AF_INET, socket.SOCK_STREAM)
        made.connect((server, TLS_PORT))
        self.host, self.shown = host, address
        self.here = f"{address}:{made.getsockname()[1]}"
        self.socket = Stream(secured(made))

    def request(self, method, target, call, lines=(), body="", **more):
        """Return a request, with the transport and the instance of this phone."""
        text = super().request(method, target, call, lines, body, **more)
        text = text.replace("SIP/2.0/UDP", "SIP/2.0/TLS", 1)
        contact = f"Contact: <sip:{self.user}@{self.here};transport=tls>"
        if method == "REGISTER":
            contact += f';+sip.instance="<urn:uuid:{self.instance}>";reg-id=1'
        return text.replace(f"Contact: <sip:{self.user}@{self.here}>", contact, 1)

    def description(self, ports, **more):
        """Return SDP with the address that the phone knows."""
        return super().description(ports, **more).replace(self.host.address, self.shown)


class Journey:
    """Node 0 with its LAN and a street; `one` travels, `two` stays at home."""

    def __init__(self, streets):
        town = streets.sounding("road", line(2))
        node = town.nodes[0]
        node.node_options = [f"option tls_port '{TLS_PORT}'"]
        node.mesh_options = ["option enabled '0'"]
        node.users.append(("away", "210", []))
        town.start([0])
        self.places = [
            (town.phone_host(0, "wifi"), node.lan_address),
            (town.nodes[1].host, node.towards[1]),
        ]
        streets.handsets.append(Traveller(self.places[0][0], "away", node.lan_address))
        self.one = streets.handsets[-1].register()
        self.two = streets.talker(town, 0)
        self.version = 1
        self.node = town.nodes[0]

    def call(self):
        """Bring a call up from the traveller to the house."""
        self.call_id, self.answer = call_up(self.one, self.two, "200")

    def move(self, number):
        """Go to the other network in the middle of the call, as phones do; be heard again."""
        host, server = self.places[number % 2]
        one, two = self.one, self.two
        self.version += 1
        one.remote.clear()
        one.arrive(host, server, BEHIND if number % 2 else host.address)
        one.register()
        port = one.open()
        offer = one.description([port], version=self.version)
        one.send(one.within(self.call_id, "INVITE", self.answer, offer))
        came = two.incoming()
        other = next(iter(two.remote))
        two.reply(came, 200, body=two.description([other], version=self.version))
        two.talk_to(came, [other])
        answer = one.final(self.call_id, "INVITE")
        assert status_of(answer) == 200, answer
        one.talk_to(answer, [port])
        one.confirm(self.call_id, answer)
        one.hears(two, port)
        two.hears(one)

    def end(self):
        """Hang up at home: the traveller is told where it is now."""
        invite = [text for text in self.two.inbox if text.startswith("INVITE ")][-1]
        self.two.send(self.two.in_reply("BYE", invite).replace("tag=tu0", f"tag=t{self.two.here}"))
        self.one.reply(self.one.incoming("BYE"), 200)
        answer = self.two.final(self.call_id, "BYE")
        assert status_of(answer) == 200, answer


def main():
    """Print what a journey was like."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=20)
    moves = parser.parse_args().moves
    streets = Streets()
    outlived, begun = 0, time.monotonic()
    try:
        journey = Journey(streets)
        journey.call()
        for talker in (journey.one, journey.two):
            talker.gap = 0
        for number in range(1, moves + 1):
            journey.move(number)
            outlived += 1
        assert len(journey.node.ask("calls")["calls"]) == 1
        assert len(journey.node.ask("registrations", user="away")["registrations"]) == 1
        journey.end()
        gaps = journey.one.gap, journey.two.gap
    finally:
        streets.close()
    words = "%d of %d moves between Wi-Fi and LTE outlived by one call (%s), in %.0f s; "
    print(words % (outlived, moves, DOMAIN, time.monotonic() - begun), end="")
    print("longest silence: traveller %.2f s, at home %.2f s" % gaps)
    return 0 if outlived == moves else 1


if __name__ == "__main__":
    sys.exit(main())
