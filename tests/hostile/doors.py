"""Each kind of the doors attacked from outside: real nodes of two trees, sockets and nothing else.

    python -m tests.hostile.doors [FOLDER] [--kind N ...] [--lite]

FOLDER: a work tree of an earlier commit (git worktree add FOLDER COMMIT; make -C FOLDER native);
--lite: the victim of this tree is a lite node.

A victim with phones, an honest node and a rogue one beside it, a stranger and somebody outside in
namespaces. An attack returns what it has reached, in words, or nothing where the node held.
"""

import argparse
import atexit
import functools
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from bellhop.errors import BellhopError
from tests.lite.node import TownNode
from tests.mesh.handset import Handset, begin, field, status_of
from tests.mesh.town import DOMAIN, TREE, Town, wait_until
from tests.support import lite, netns

VICTIM, ROGUE, HONEST = range(3)
STRANGER, OUTSIDE = "203.0.113.66", "203.0.113.99"
PUBLIC = "203.0.113.1"
OPEN = ["option strangers 'allow'"]
SHORT_SECONDS, SWARM, MUCH = 2, 140, 20000
WAIT = 60
SDP = "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n{1}"
CLEAR = "m=audio 4000 RTP/AVP 0\r\n"
# Stands for this tree with a lite node as the victim. What that one has not: sound of its own, the
# ports of browsers and phone books, and succession by its command line.
LITE = "lite"
FULL_ALONE = ("unsealed", "crowded", "other_origin")
# A node whose record has a name as only a hostile one has it.
EVIL = """
import sys
from bellhop.__main__ import main
from bellhop.mesh import record
write = record.write_node
record.write_node = lambda node: write(node._replace(name=%r))
sys.exit(main())
"""


@functools.cache
def compiled():
    """Return the lite node as it is shipped."""
    made = lite.Compiled()
    atexit.register(made.remove)
    return made


class Voice:
    """A UDP socket that speaks SIP by hand and keeps what it hears."""

    def __init__(self, host, address, there, family=socket.AF_INET):
        self.socket = host.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        name = self.socket.getsockname()
        self.here = ("[%s]:%d" if family == socket.AF_INET6 else "%s:%d") % name[:2]
        self.there = there
        self.heard = []

    def write(self, method, target, sender, lines=(), body="", to=None, call=None, cseq=1):
        """Return a request."""
        call = call or os.urandom(6).hex()
        tag = "" if ";tag=" in sender else ";tag=f" + call
        head = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.here};branch=z9hG4bK{os.urandom(6).hex()};rport",
            f"From: {sender}{tag}", f"To: {to or '<' + target + '>'}", f"Call-ID: {call}",
            f"CSeq: {cseq} {method}", "Max-Forwards: 70", f"Contact: <sip:x@{self.here}>", *lines,
            f"Content-Length: {len(body)}",
        ]  # fmt: skip
        return "\r\n".join(head) + "\r\n\r\n" + body

    def say(self, *words, **more):
        """Send a request."""
        self.socket.sendto(self.write(*words, **more).encode(), self.there)

    def until(self, true, seconds=WAIT):
        """Hear until true(text) of something heard; return it, or None."""
        end = time.monotonic() + seconds
        while True:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                text = self.socket.recv(65535).decode("latin-1")
            except OSError:
                return None
            self.heard.append(text)
            if true(text):
                return text

    def ask(self, *words, seconds=WAIT, **more):
        """Send a request; return the status of its final answer, or None."""
        text = self.write(*words, **more)
        self.socket.sendto(text.encode(), self.there)
        call = field(text, "Call-ID")
        found = self.until(
            lambda one: status_of(one) >= 200 and field(one, "Call-ID") == call, seconds
        )
        return None if found is None else status_of(found)

    def settle(self):
        """Wait until the node has done all that was said before."""
        answered = None
        while answered is None:
            answered = self.ask("OPTIONS", "sip:" + DOMAIN, "<sip:s@elsewhere.test>", seconds=2)

    def got(self, seconds=0.3):
        """Return all that came."""
        self.until(lambda _: False, seconds)
        return self.heard

    def close(self):
        self.socket.close()


class Yard:
    """The three nodes of a tree, and who attacks."""

    def __init__(self, tree, node=(), users=None, contacts=(), media=None, mesh=((), (), ())):
        self.town = Town("doors", [(0, 1), (0, 2)])
        self.opened = []
        self.contacts = contacts
        try:
            self._build(tree, node, users or {}, media, mesh)
        except BaseException:
            self.close()
            raise

    def _build(self, tree, node, users, media, mesh):
        town = self.town
        if tree == LITE:
            tree = TREE
            town.nodes[VICTIM] = TownNode(town.nodes[VICTIM], compiled())
        self.victim, self.rogue, self.honest = town.nodes
        self.victim.node_options = [*OPEN, *node]
        names = {VICTIM: (("alice", "201"), ("bob", "202"), ("carol", "204"), ("dora", "203")),
                 ROGUE: (("mal", "666"),), HONEST: (("gran", "301"),)}  # fmt: skip
        for one in town.nodes:
            one.libraries = f"{tree}/native/.build/host"
            one.source = f"{tree}/src"
            rows = names[one.number]
            one.users = [(name, number, users.get(name, [])) for name, number in rows]
            one.mesh_options = list(mesh[one.number])
            if media is not None and one is not self.rogue:
                one.media_options = list(media) if one is self.victim else []
        wan = town.network.lan()
        self.victim.host.join(wan, PUBLIC + "/24")
        self.stranger, self.outside = town.network.host("stranger"), town.network.host("outside")
        for host, address in ((self.stranger, STRANGER), (self.outside, OUTSIDE)):
            host.join(wan, address + "/24")
            host.route("default", PUBLIC)
        self.wan = wan

    def start(self, *numbers):
        """Start all nodes, or some."""
        self.town.start(numbers or None)
        if not numbers:
            self.town.wait_reach(seconds=WAIT)
        return self

    def phone(self, user, number=VICTIM, name=None):
        """Return a registered phone."""
        host = self.town.phone_host(number, name or user)
        self.opened.append(Handset(host, self.town.nodes[number], user))
        return self.opened[-1].register()

    def voice(self, who="stranger"):
        """Return a Voice of the stranger, of somebody outside, or from the rogue node's address."""
        if who == "rogue":
            here, there = self.rogue.towards[VICTIM], self.victim.towards[ROGUE]
            made = Voice(self.rogue.host, here, (there, 5060))
        else:
            made = Voice(getattr(self, who), {"stranger": STRANGER, "outside": OUTSIDE}[who],
                         (PUBLIC, 5060))  # fmt: skip
        self.opened.append(made)
        return made

    def swarm(self, count, user, extension):
        """Let so many identities of the rogue's host shake hands with the victim."""
        self.rogue.stop()
        words = [sys.executable, str(Path(__file__).with_name("swarm.py"))]
        words += [self.victim.towards[ROGUE], "5066", str(count), user, extension]
        environment = {**os.environ, "PYTHONPATH": self.victim.source}
        made = self.rogue.host.popen(words, stdout=subprocess.PIPE, env=environment)
        self.opened.append(Process(made))
        made.stdout.readline()

    def sees(self, node, user):
        """Wait until a node's phone book shows a phone."""
        wait_until(lambda: user in str(node.who()), f"{node.name} sees {user}", WAIT)

    def close(self):
        for one in reversed(self.opened):
            one.close()
        self.town.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Process:
    """What is ended when a Yard closes."""

    def __init__(self, process):
        self.process = process

    def close(self):
        self.process.kill()
        self.process.wait()


def came(phone, method=None, seconds=0.5):
    """Return the requests of a method that came to a phone within so many seconds."""
    found = []
    end = time.monotonic() + seconds
    while True:
        phone.socket.settimeout(max(0.01, end - time.monotonic()))
        try:
            text = phone.socket.recv(65535).decode("latin-1")
        except OSError:
            return found
        if not status_of(text) and (method is None or text.startswith(method + " ")):
            found.append(text)


def relay(tree):
    """1: a member's Route header leads a call outside; many Routes are a lever."""
    with Yard(tree) as yard:
        yard.start()
        outside, rogue = yard.voice("outside"), yard.voice("rogue")
        for target in ("sip:x@" + yard.rogue.key(), "sip:x@" + yard.honest.key()):
            for routes in (
                [f"Route: <sip:+49900@{outside.here}>, <sip:{outside.here};lr>"],
                [f"Route: <sip:{outside.here};lr>"], [f"Route: <sip:{outside.here}>"],
                [f"Route: <sip:{rogue.there[0]};lr>", f"Route: <sip:{outside.here};lr>"],
                [f"route:<sip:{outside.here};lr>"],
            ):  # fmt: skip
                for method in ("INVITE", "MESSAGE", "REFER"):
                    rogue.say(method, target, "<sip:mal@elsewhere.test>", routes)
        rogue.settle()
        heard = [text for text in outside.got() if not status_of(text)]
        return heard and f"{len(heard)} requests reached a host outside"


def lever(tree):
    """1: one datagram of 68 Routes makes the victim send a hundred times as much."""
    with Yard(tree) as yard:
        yard.start()
        rogue = yard.voice("rogue")
        here, there = yard.victim.towards[HONEST], yard.honest.towards[VICTIM]
        values = ", ".join([f"<sip:{here};lr>, <sip:{there};lr>"] * 34)
        text = rogue.write(
            "MESSAGE", "sip:x@" + yard.rogue.key(), "<sip:mal@elsewhere.test>",
            ["Route: " + values, "X: " + "x" * 6000],
        )  # fmt: skip
        before = sent_octets(yard)
        rogue.socket.sendto(text.encode(), rogue.there)
        sent, last = 0, -MUCH
        while sent >= last + MUCH:  # What the mesh itself says in a second is far less.
            rogue.got(1)
            last, sent = sent, sent_octets(yard) - before
        return sent > 10 * len(text) and f"{len(text)} octets made it send {sent}"


def sent_octets(yard):
    """Return what the victim has sent to the honest node so far."""
    link = yard.town.cables[0, 2].interface
    return int(
        netns.ip("-n", yard.victim.host.namespace, "-s", "link", "show", link)
        .splitlines()[-1]
        .split()[0]
    )


def stolen_help(tree):
    """2: a foreign responder's Decline ends a call for help."""
    with Yard(tree, node=["option responders 'bob'"]) as yard:
        yard.rogue.node_options = ["option responders 'mal'"]
        yard.start()
        alice, bob, mal = yard.phone("alice"), yard.phone("bob"), yard.phone("mal", ROGUE)
        yard.sees(yard.victim, "mal")
        called = alice.dial("112")
        bob.respond(bob.incoming(seconds=WAIT), 180, "Ringing")
        mal.respond(mal.incoming(seconds=WAIT), 603, "Decline")
        text = None
        try:
            text = alice.final(called, "INVITE", 3)
        except AssertionError:
            pass
        if text is not None:
            return f"the caller got {status_of(text)} while an own responder rang"
        return came(bob, "CANCEL") and "the own responder stopped ringing"


def helped_by_strangers(tree):
    """2: a stranger rings the responders, as any name."""
    with Yard(tree, node=["option responders 'bob'"]) as yard:
        yard.start(VICTIM)
        bob, stranger = yard.phone("bob"), yard.voice()
        for target in ("sip:112@" + DOMAIN, "urn:service:sos", "tel:112"):
            for sender in ('"Police" <sip:110@elsewhere.test>', "<sip:alice@%s>" % DOMAIN):
                stranger.say("INVITE", target, sender)
        stranger.settle()
        rung = came(bob, "INVITE")
        return rung and f"the responder was rung as {field(rung[0], 'From')[:40]}"


def claimed(tree):
    """3: a public short number rings at whoever claims it."""
    reached = []
    with Yard(tree) as yard:
        yard.rogue.users = [("mal", "110", []), ("mal2", "999", []), ("mal3", "116117", [])]
        yard.town.nodes[ROGUE].users[0] = ("mal", "110", [])
        yard.start()
        alice = yard.phone("alice")
        phones = [yard.phone(user, ROGUE) for user in ("mal", "mal2", "mal3")]
        yard.sees(yard.victim, "mal3")
        for number, phone in zip(("110", "999", "116117"), phones):
            alice.dial(number)
            reached += [number] if came(phone, "INVITE", SHORT_SECONDS) else []
    return reached and "rang at the rogue: " + ", ".join(reached)


def forged(tree):
    """4: a stranger's To tag lets him write and ring as somebody of the house."""
    with Yard(tree) as yard:
        yard.start()
        bob = yard.phone("bob")
        for voice in (yard.voice(), yard.voice("rogue")):
            for method in ("MESSAGE", "INVITE", "NOTIFY", "REFER", "INFO"):
                target = "sip:bob@" + DOMAIN
                lines = ["Event: presence", "Refer-To: <sip:x@y.test>"]
                for sender in (f"<sip:alice@{DOMAIN}>", f"<sip:201@{DOMAIN}>"):
                    voice.say(method, target, sender, lines, to=f"<{target}>;tag=made-up")
            voice.settle()
        got = {text.split()[0] for text in came(bob)}
        return got and "delivered as alice, without a password: " + ", ".join(sorted(got))


def asserted(tree):
    """4: P-Asserted-Identity of a neighbour, and of a phone's answer, is believed."""
    with Yard(tree) as yard:
        yard.start()
        bob, voice = yard.phone("bob"), yard.voice("rogue")
        key = yard.victim.key()
        lines = [f"P-Asserted-Identity: <sip:gran@{yard.honest.key()}>",
                 f"Route: <sip:{voice.there[0]};lr>"]  # fmt: skip
        voice.say("INVITE", "sip:bob@" + key, "<sip:mal@elsewhere.test>", lines)
        voice.settle()
        for text in came(bob, "INVITE"):
            shown = field(text, "From") + field(text, "P-Asserted-Identity")
            if "gran" in shown.lower():
                return "the rogue is shown as " + shown[:60]
        return None


def injected(tree):
    """5: a node's name writes lines and addresses into the call to a phone."""
    reached = []
    for name in ('x"\r\nX-Evil: yes\r\nY: "', '110" <sip:110@x>;a="', "a\u202eb"):
        with Yard(tree) as yard:
            yard.rogue.program = ["-c", EVIL % name.encode()]
            yard.start(VICTIM, ROGUE)
            bob, mal = yard.phone("bob"), yard.phone("mal", ROGUE)
            wait_until(yard.rogue.reached, "the rogue is in the mesh", WAIT)
            end = time.monotonic() + 5 * SHORT_SECONDS
            while time.monotonic() < end and not any(yard.victim.reached()):
                time.sleep(0.1)  # A record that is refused never comes.
            mal.dial("sip:bob@" + yard.victim.key())
            for text in came(bob, "INVITE", SHORT_SECONDS):
                whole = text.encode("latin-1").decode("utf-8", "replace")
                shown = field(whole, "From") + field(whole, "P-Asserted-Identity")
                if field(whole, "X-Evil") or "\u202e" in whole or '" <sip:110@x>' in shown:
                    reached.append(repr(name))
                    break
    return reached and "wrote into the INVITE: " + ", ".join(reached)


def unsealed(tree):
    """6: `encryption require` rings for what is sealed in name only."""
    reached = []
    with Yard(tree, media=["option encryption 'require'"]) as yard:
        yard.start()
        bob, stranger = yard.phone("bob"), yard.voice()
        for kind in ("UDP/TLS/RTP/SAVPF", "RTP/SAVP", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/AVP"):
            body = SDP.format(STRANGER, f"m=audio 4000 {kind} 0\r\n")
            stranger.say("INVITE", "sip:bob@" + DOMAIN, "<sip:gran@elsewhere.test>",
                         ["Content-Type: application/sdp"], body)  # fmt: skip
            stranger.settle()
            reached += [kind] if came(bob, "INVITE") else []
    return reached and "rang in the clear: " + ", ".join(reached)


def leaked(tree):
    """7: credentials in ACK and re-INVITE go on to the other phone."""
    with Yard(tree) as yard:
        yard.start(VICTIM)
        alice, bob = yard.phone("alice"), yard.phone("bob")
        challenge = alice.request("INVITE", "sip:bob@" + DOMAIN, "first")
        alice.send(challenge)
        refused = alice.final("first", "INVITE", WAIT)
        alice.acknowledge_refusal(challenge, refused)
        target = "sip:bob@" + DOMAIN
        proof = alice.credentials("INVITE", target, refused)
        sent = alice.request("INVITE", target, "first", [proof])
        alice.sent["first"] = sent
        alice.send(sent)
        bob.respond(bob.incoming(seconds=WAIT), 200)
        answer = alice.final("first", "INVITE", WAIT)
        head, mark, rest = alice.in_dialog(
            "ACK", "first", answer, int(field(sent, "CSeq").split()[0])
        ).partition("\r\nContent-Length")
        alice.send(head + "\r\n" + proof + mark + rest)
        found = bob.incoming("ACK", WAIT)
        return "response=" in found and "the callee's phone was given the caller's digest"


def taken(tree):
    """7: whoever hears an answered challenge calls with it from another address."""
    with Yard(tree) as yard:
        yard.start(VICTIM)
        alice, bob, stranger = yard.phone("alice"), yard.phone("bob"), yard.voice()
        target = "sip:bob@" + DOMAIN
        refused = alice.request("MESSAGE", target, "caught")
        alice.send(refused)
        challenge = alice.final("caught", "MESSAGE", WAIT)
        proof = alice.credentials("MESSAGE", target, challenge)
        stranger.say("MESSAGE", target, f"<sip:alice@{DOMAIN}>", [proof])
        stranger.settle()
        return came(bob, "MESSAGE") and "the stranger wrote as alice"


def crowded(tree):
    """8: two strangers use up the ports of sound, and calls go on without a word."""
    with Yard(tree, media=["option relay 'always'"]) as yard:
        yard.start(VICTIM)
        alice, bob = yard.phone("alice"), yard.phone("bob")
        many = "".join(f"m=audio {4000 + 2 * n} RTP/AVP 0\r\n" for n in range(8))
        for who in ("stranger", "outside"):
            voice, body = yard.voice(who), SDP.format(OUTSIDE, many)
            for number in range(45):
                voice.say("INVITE", "sip:bob@" + DOMAIN, f"<sip:s{number}@elsewhere.test>",
                          ["Content-Type: application/sdp"], body)  # fmt: skip
                came(bob, seconds=0.02)
            voice.settle()
        kind = "Content-Type: application/sdp"
        called = os.urandom(6).hex()
        target, body = "sip:bob@" + DOMAIN, SDP.format("10.8.0.10", CLEAR)
        first = alice.request("INVITE", target, called, [kind], body)
        alice.send(first)
        refused = alice.final(called, "INVITE", WAIT)
        alice.acknowledge_refusal(first, refused)
        proof = alice.credentials("INVITE", target, refused)
        alice.send(alice.request("INVITE", target, called, [kind, proof], body))
        found = [
            one for one in came(bob, "INVITE", SHORT_SECONDS) if "alice@" in field(one, "From")
        ]
        if not found:
            return "the next call of the house did not ring"
        return (
            "m=audio 4000 " in found[0]
            and "the next call of the house found no port and went past the node"
        )


def full_table(tree):
    """9: one host with 127 ports leaves no place for an honest neighbour."""
    with Yard(tree) as yard:
        yard.start(VICTIM)
        yard.swarm(SWARM, "swarm", "777")
        yard.start(HONEST)
        try:
            wait_until(lambda: len(yard.honest.reached()) > 0, "", 20)
            wait_until(lambda: "node2" in yard.victim.reached(), "", 20)
        except AssertionError:
            return f"{len(yard.victim.ask('peers')['peers'])} neighbours, the honest one is none"
        return None


def pushed_out(tree):
    """10: 40 claims of a name take a contact's calls away."""
    with Yard(tree) as yard:
        yard.start(HONEST)
        key = yard.honest.key()
        yard.honest.stop()
        config = yard.victim.configuration()
        config += f"config contact\n\toption name 'gran'\n\toption address 'sip:gran@{key}'\n"
        yard.victim.configuration = lambda: config
        yard.start(VICTIM)
        yard.swarm(40, "gran", "301")
        yard.start(HONEST)
        gran, alice = yard.phone("gran", HONEST), yard.phone("alice")
        wait_until(lambda: "node2" in yard.victim.reached(), "the honest node is there", WAIT)
        alice.dial("301")
        return not came(gran, "INVITE", 10) and "301 did not ring at the contact"


def cut(tree):
    """11: what was heard on a link since it came up, said again and changed, ends it."""
    with Yard(tree) as yard:
        tap = yard.town.network.host("tap")
        link = tap.join(yard.town.lans[0, 2])
        ear = yard.victim.host.socket(socket.AF_PACKET, socket.SOCK_RAW)
        ear.bind((yard.town.cables[0, 2].interface, 3))
        ear.settimeout(0.1)
        mouth = tap.socket(socket.AF_PACKET, socket.SOCK_RAW)
        mouth.bind((link.interface, 0))
        yard.opened += [ear, mouth]
        yard.start()
        places = yard.honest.towards[VICTIM], yard.victim.towards[HONEST]
        way = b"".join([socket.inet_aton(place) for place in places])
        heard, forged, at, end, said = [], [], 0, time.monotonic() + 30, 0
        while time.monotonic() < end:
            try:
                frame = ear.recv(2048)
            except OSError:
                frame = b""
            is_way = frame[12:14] == b"\x08\0" and frame[23] == 17 and frame[26:34] == way
            if is_way and frame not in forged:
                heard = [frame, *heard[:31]]
            if heard and time.monotonic() > at:  # No flood: a dozen small packets, twice a second.
                at, said = time.monotonic() + 0.5, said + 1
                forged = list(_forgeries(heard[said % len(heard)], said))
                for one in forged:
                    mouth.send(one)
            if said and "node2" not in yard.victim.reached():
                return "the neighbour is gone after %d s" % (30 - end + time.monotonic())
        return not heard and "nothing was heard"


def _forgeries(frame, count):
    """Yield frames like one heard: said again, with each field changed, as the old form was."""
    data = frame[42:]
    yield frame
    for at in (2, 3, 11, 12, 19, 27, len(data) - 1):
        if at < len(data):
            yield _framed(frame, data[:at] + bytes((data[at] ^ 0xFF,)) + data[at + 1 :])
    # A hello that hears nobody, in each of both forms, under what was sniffed.
    hello = (1000 + count).to_bytes(2, "big") + b"\0\xc8\0" + bytes(8)
    yield _framed(frame, b"bm\1" + data[3:19] + hello)
    yield _framed(frame, b"bm\1" + data[3:11] + b"\0" + data[12:20] + bytes(20))
    yield _framed(frame, b"bm\1" + data[3:12] + b"\xff\xff\0\0\0\0" + bytes(14))


def _framed(frame, data):
    """Return an Ethernet frame of UDP like another one, with other octets inside."""
    head = bytearray(frame[14:34])
    head[2:4] = (28 + len(data)).to_bytes(2, "big")
    head[10:12] = bytes(2)
    total = sum(int.from_bytes(head[at : at + 2], "big") for at in range(0, 20, 2))
    total = (total & 0xFFFF) + (total >> 16)
    head[10:12] = (0xFFFF - (total & 0xFFFF) - (total >> 16)).to_bytes(2, "big")
    length = (8 + len(data)).to_bytes(2, "big")
    return frame[:14] + bytes(head) + frame[34:38] + length + bytes(2) + data


def insider(tree):
    """12: who registers another's Contact gets what is meant for that phone."""
    with Yard(tree) as yard:
        yard.start(VICTIM)
        alice, bob = yard.phone("alice"), yard.phone("bob")
        dialled, answer, _ = begin(alice, bob, "bob", WAIT)
        host = yard.town.phone_host(VICTIM, "carol")
        carol = Handset(host, yard.victim, "carol")
        yard.opened.append(carol)
        request = carol.request

        def lying(*words, **more):
            return re.sub(r"\r\nContact: [^\r]*", f"\r\nContact: <sip:bob@{bob.here}>",
                          request(*words, **more))  # fmt: skip

        carol.request = lying
        carol.register()
        for method in ("INFO", "BYE"):
            alice.send(alice.in_dialog(method, dialled, answer))
        got = came(carol, None, SHORT_SECONDS)
        return got and f"{got[0].split()[0]} of the call went to another user's phone"


def forgotten(tree):
    """13: a text acknowledged by 202 is gone after a power cut."""
    lost = 0
    with Yard(tree) as yard:
        yard.start(VICTIM)
        for turn in range(5):
            alice = yard.phone("alice", name="alice%d" % turn)
            answer = alice.ask("MESSAGE", "sip:dora@" + DOMAIN, ["Content-Type: text/plain"],
                               "text %d" % turn)  # fmt: skip
            assert status_of(answer) == 202, answer
            yard.victim.stop(signal.SIGKILL)
            yard.start(VICTIM)
            users = {row["name"]: row for row in yard.victim.ask("users")["users"]}
            lost += users["dora"]["messages"] != turn + 1 - lost
    return lost and f"{lost} of 5 acknowledged texts lost"


def guessed(tree):
    """14: one IPv6 /64 guesses passwords without a limit."""
    with Yard(tree, node=["list listen '::'"]) as yard:
        for host, address in ((yard.victim.host, "fd66::1/64"), (yard.stranger, "fd66::66/64")):
            netns.ip("-n", host.namespace, "address", "add", address, "dev",
                     "eth3" if host is yard.victim.host else "eth0", "nodad")  # fmt: skip
        netns.ip("-n", yard.victim.host.namespace, "-6", "route", "add", "fd77::/64", "via",
                 "fd66::66")  # fmt: skip
        netns.ip("-n", yard.stranger.namespace, "-6", "route", "add", "local", "fd77::/64", "dev",
                 "lo")  # fmt: skip
        Town.sysctl(yard.stranger, "net.ipv6.ip_nonlocal_bind=1")
        yard.start(VICTIM)
        judged = 0
        for number in range(1, 151):
            voice = Voice(yard.stranger, "fd77::%x" % number, ("fd66::1", 5060), socket.AF_INET6)
            yard.opened.append(voice)
            judged += guess(voice)
        return judged > 60 and f"{judged} guesses of 150 were judged"


def guess(voice):
    """Guess a password; tell whether the guess was judged."""
    sender, target = f"<sip:alice@{DOMAIN}>", "sip:" + DOMAIN
    voice.say("REGISTER", target, sender, to=sender)
    challenge = voice.until(lambda one: status_of(one) >= 400, 1)
    if challenge is None or status_of(challenge) != 401:
        return False
    nonce = re.search('nonce="([^"]*)"', challenge).group(1)
    line = (
        f'Authorization: Digest username="alice", realm="{DOMAIN}", nonce="{nonce}", '
        f'uri="{target}", response="{hashlib.md5(os.urandom(9)).hexdigest()}", qop=auth, '
        'nc=00000001, cnonce="x", algorithm=MD5'
    )
    voice.say("REGISTER", target, sender, [line], to=sender, cseq=2)
    refused = voice.until(lambda one: "2 REGISTER" in one and status_of(one) >= 400, 1)
    return refused is not None and status_of(refused) in (401, 403)


def idle(tree):
    """14: idle TCP streams keep phones out."""
    with Yard(tree) as yard:
        yard.victim.host.route("198.51.0.0/16", STRANGER)
        netns.ip("-n", yard.stranger.namespace, "route", "add", "local", "198.51.0.0/16", "dev",
                 "lo")  # fmt: skip
        yard.start(VICTIM)
        opened = []
        for number in range(1100):
            made = yard.stranger.socket(socket.AF_INET, socket.SOCK_STREAM)
            made.settimeout(5)
            try:
                made.bind(("198.51.%d.1" % (number // 8), 0))
                made.connect((PUBLIC, 5060))
            except OSError:
                break
            opened.append(made)
            yard.opened.append(made)
            if number % 100 == 99:
                yard.victim.ask("status")
        host = yard.town.phone_host(VICTIM, "alice")
        phone = host.socket(socket.AF_INET, socket.SOCK_STREAM)
        yard.opened.append(phone)
        phone.settimeout(WAIT)
        try:
            phone.connect((yard.victim.lan_address, 5060))
            phone.sendall(
                b"OPTIONS sip:home.test SIP/2.0\r\nVia: SIP/2.0/TCP 10.8.0.9;branch=z9hG4bKx\r\n"
                b"From: <sip:s@elsewhere.test>;tag=1\r\nTo: <sip:home.test>\r\nCall-ID: idle\r\n"
                b"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            )
            is_in = phone.recv(100).startswith(b"SIP/2.0")
        except OSError:
            is_in = False
        return not is_in and f"after {len(opened)} idle streams a phone finds no place"


def opened_microphone(tree):
    """15: lines of strangers that answer by themselves, or name a caller, reach the phone."""
    lines = ["Call-Info: <sip:home.test>;answer-after=0", "Alert-Info: <http://x>;info=alert-autoanswer",
             "Answer-Mode: Auto", "Remote-Party-ID: <sip:alice@home.test>",
             "P-Preferred-Identity: <sip:alice@home.test>"]  # fmt: skip
    with Yard(tree) as yard:
        yard.start(VICTIM)
        bob, stranger = yard.phone("bob"), yard.voice()
        stranger.say("INVITE", "sip:bob@" + DOMAIN, "<sip:s@elsewhere.test>", lines)
        for method, line in (("NOTIFY", "Event: check-sync"), ("REFER", "Refer-To: <sip:x@y.test>"),
                             ("SUBSCRIBE", "Event: dialog")):  # fmt: skip
            stranger.say(method, "sip:bob@" + DOMAIN, "<sip:s@elsewhere.test>", [line])
        stranger.settle()
        names = [line.partition(":")[0] for line in lines]
        reached = []
        for text in came(bob):
            reached += [name for name in names if field(text, name)]
            reached += [text.split()[0]] if not text.startswith("INVITE") else []
        return reached and "reached the phone: " + ", ".join(reached)


def other_origin(tree):
    """16: a page of another site opens a WebSocket; the phone book takes any Host."""
    reached = []
    with Yard(tree, node=["option ws_port '8060'", "option http_port '8086'"]) as yard:
        yard.start(VICTIM)
        host = yard.town.phone_host(VICTIM, "browser")
        asked = (
            "GET / HTTP/1.1\r\nHost: home.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: sip\r\nOrigin: https://evil.example\r\n\r\n"
        )
        if fetched(host, yard.victim.lan_address, 8060, asked) == b"101":
            reached.append("a WebSocket with a foreign Origin")
        asked = "GET /phonebook/yealink.xml HTTP/1.1\r\nHost: evil.example\r\n\r\n"
        if fetched(host, yard.victim.lan_address, 8086, asked) == b"200":
            reached.append("the phone book under a foreign name")
    return reached and "open: " + ", ".join(reached)


def fetched(host, address, port, text):
    """Return the status code of an HTTP answer."""
    with host.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        made.settimeout(WAIT)
        made.connect((address, port))
        made.sendall(text.encode())
        return made.recv(4096).split(b" ")[1]


def unsafe_sips(tree):
    """17: `sips:` is delivered over UDP."""
    with Yard(tree) as yard:
        yard.start(VICTIM)
        alice, bob = yard.phone("alice"), yard.phone("bob")
        alice.dial("sips:bob@" + DOMAIN)
        return came(bob, "INVITE", SHORT_SECONDS) and "a sips: call reached a phone over UDP"


def stolen_seed(tree):
    """18: a thief's record of the highest sequence silences the owner for good."""
    with Yard(tree) as yard:
        yard.start()
        key = yard.honest.key()
        paper = os.path.join(yard.town.folder, "paper")
        try:
            sealed = command(yard.honest, "identity", "--revoke", says="correct horse battery\n")
        except BellhopError as error:
            return "the owner has nothing to revoke his key with: " + str(error)[:60]
        Path(paper).write_text(sealed)
        Path(yard.honest.state, "boot_epoch").write_text(str(2**31 - 2))
        yard.honest.stop()
        yard.start(HONEST)
        wait_until(lambda: "node2" in yard.victim.reached(), "the thief is there", WAIT)
        command(yard.victim, "revoke", paper, says="correct horse battery\n")
        try:
            wait_until(
                lambda: key not in {row["node"] for row in yard.victim.ask("routes")["routes"]},
                "", WAIT,
            )  # fmt: skip
        except AssertionError:
            return "the thief goes on"
        return None


def command(node, *words, says=""):
    """Run the command `bellhop` of a node's tree; return what it prints; raises BellhopError."""
    done = subprocess.run(
        [sys.executable, "-m", "bellhop", "--state", node.state, *words], input=says, text=True,
        capture_output=True, env={**os.environ, "PYTHONPATH": node.source}, timeout=WAIT,
    )  # fmt: skip
    if done.returncode:
        raise BellhopError((done.stderr.strip().splitlines() or ["?"])[-1])
    return done.stdout


def small(tree):
    """19: passwords in the trace; 112 with a context; an account told by its challenge."""
    reached = []
    users = {"carol": ["option algorithm 'sha256'"]}
    with Yard(tree, node=["option responders 'bob'"], users=users) as yard:
        yard.start(VICTIM)
        alice, bob, stranger = yard.phone("alice"), yard.phone("bob"), yard.voice()
        stranger.say("INVITE", f"sip:bob:hunter2@{DOMAIN}", "<sip:s:hunter2@elsewhere.test>")
        stranger.settle()
        rows = yard.victim.ask("calls")["calls"]
        for row in rows[:1]:
            if "hunter2" in str(yard.victim.ask("trace", call=str(row["number"]))):
                reached.append("a password in the trace")
        came(bob)
        alice.dial(f"sip:112;phone-context=+49@{DOMAIN}")
        if not came(bob, "INVITE", SHORT_SECONDS):
            reached.append("112;phone-context=+49 rings nobody")
        asked = []
        for name in ["carol"] + ["nobody%d" % n for n in range(24)]:
            sender = f"<sip:{name}@{DOMAIN}>"
            voice = yard.voice()
            voice.say("REGISTER", "sip:" + DOMAIN, sender, to=sender)
            answer = voice.until(lambda one: status_of(one) >= 400)
            asked.append("SHA-256" in answer)
        if asked[0] and not any(asked[1:]):
            reached.append("a sha256 account is told from unknown names")
    return reached and "; ".join(reached)


KINDS = (
    (1, relay), (1, lever), (2, stolen_help), (2, helped_by_strangers), (3, claimed), (4, forged),
    (4, asserted), (5, injected), (6, unsealed), (7, leaked), (7, taken), (8, crowded),
    (9, full_table), (10, pushed_out), (11, cut), (12, insider), (13, forgotten), (14, guessed),
    (14, idle), (15, opened_microphone), (16, other_origin), (17, unsafe_sips), (18, stolen_seed),
    (19, small),
)  # fmt: skip


def attacked(tree, attack):
    """Return (whether the node held, words)."""
    reached = attack(str(tree))
    return not reached, reached or "holds"


def main():
    """Print what each attack reaches."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.doors")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--kind", type=int, nargs="*")
    parser.add_argument("--lite", action="store_true")
    options = parser.parse_args()
    trees = [("then", options.folder.resolve())] if options.folder else []
    trees.append(("now", TREE))
    trees += [("lite", LITE)] if options.lite else []
    status = 0
    for number, attack in KINDS:
        if options.kind and number not in options.kind:
            continue
        print("%2d %s" % (number, attack.__doc__.partition(": ")[2].splitlines()[0]), flush=True)
        for name, tree in trees:
            if tree == LITE and attack.__name__ in FULL_ALONE:
                continue
            try:
                is_held, words = attacked(tree, attack)
            except AssertionError as error:
                is_held, words = None, "not to be told: " + str(error)[:200]
            status |= name != "then" and not is_held
            verdict = {True: "HOLDS", False: "GIVES WAY", None: "?"}[is_held]
            print("     %-5s %-9s %s" % (name, verdict, words), flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
