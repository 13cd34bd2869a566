"""A phone by hand that also talks: one stream of PCMU, what it hears counted octet by octet.

Its sound is one octet repeated, so that a test sees at once whose sound arrived, and whether it
arrived whole.
"""

import itertools
import os
import re
import socket
import struct
import threading
import time

from tests.mesh.handset import Handset, field, fields, status_of

VOICES = itertools.count()
PACKET_SECONDS = 0.02
PACKET_BYTES = 160
PATIENCE = 60
EVENT = 101


class Talker(Handset):
    """Handset with a microphone: `voice` is the octet it says."""

    def __init__(self, host, user, server):
        super().__init__(host, None, user, server)
        self.host = host
        self.voice = 48 + next(VOICES)
        self.mouth = None
        self.heard = []  # (port it came to, payload type, payload)
        self.gap, self.heard_at = 0, None  # the longest silence, the last packet (seconds)
        self.remote = {}  # own port -> (address, port)
        self.ears = {}  # own port -> socket
        self.ended = threading.Event()
        self.numbers = itertools.count(1)
        self.speaker = threading.Thread(target=self._speak, daemon=True)
        self.speaker.start()

    def close(self):
        """Fall silent."""
        self.ended.set()
        self.speaker.join()
        for one in self.ears.values():
            one.close()
        super().close()

    # Sound.

    def open(self):
        """Return a port of its own for one more stream."""
        made = self.host.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((self.host.address, 0))
        port = made.getsockname()[1]
        self.ears[port] = made
        threading.Thread(target=self._listen, args=(port, made), daemon=True).start()
        return port

    def _listen(self, port, ear):
        while not self.ended.is_set():
            try:
                data = ear.recv(2048)
            except OSError:
                return
            if len(data) > 12:
                self.heard.append((port, data[1] & 127, data[12:]))
                now = time.monotonic()
                self.gap = max(self.gap, now - (self.heard_at or now))
                self.heard_at = now

    def _speak(self):
        while not self.ended.wait(PACKET_SECONDS):
            for port, remote in list(self.remote.items()):
                self.say(port, remote, 0, bytes([self.voice]) * PACKET_BYTES)

    def say(self, port, remote, kind, data):
        """Send one RTP packet."""
        number = next(self.numbers)
        head = struct.pack("!BBHII", 128, kind, number & 65535, 160 * number, port)
        self.ears[port].sendto(head + data, remote)

    def hears(self, other, port=None, seconds=PATIENCE):
        """Wait until half a second of the other's voice has come, anew; nothing else may come."""
        del self.heard[:]
        deadline = time.monotonic() + seconds
        wanted = bytes([other.voice]) * PACKET_BYTES
        while time.monotonic() < deadline:
            time.sleep(0.05)
            got = [data for at, kind, data in list(self.heard) if kind == 0 and port in (None, at)]
            if len(got) >= 25:
                assert set(got) == {wanted}, "what was heard is not what was said"
                return
        raise AssertionError(f"{self.user} does not hear {other.user}: {len(self.heard)} packets")

    # Descriptions.

    def description(self, ports, version=1, direction="sendrecv", video=None, more=()):
        """Return SDP of one stream of sound for each port."""
        lines = ["v=0", f"o=- 1 {version} IN IP4 {self.host.address}", "s=-"]
        lines += [f"c=IN IP4 {self.host.address}", "t=0 0"]
        for port in ports:
            lines += [f"m=audio {port} RTP/AVP 0 {EVENT}", "a=rtpmap:0 PCMU/8000"]
            lines += [f"a=rtpmap:{EVENT} telephone-event/8000", f"a={direction}", *more]
        if video is not None:
            lines += [f"m=video {video} RTP/AVP 96", "a=rtpmap:96 H264/90000"]
        return "\r\n".join(lines) + "\r\n"

    def talk_to(self, text, ports):
        """Speak from each own port to what the SDP in a message names."""
        body = text.partition("\r\n\r\n")[2]
        address = re.search(r"c=IN IP[46] (\S+)", body).group(1)
        theirs = [int(port) for port in re.findall(r"m=\w+ (\d+) ", body)]
        for own, port in zip(ports, theirs):
            if port:
                self.remote[own] = address, port
            else:
                self.remote.pop(own, None)

    # Calls.

    def invite(self, target, body="", lines=()):
        """Send an INVITE with a body that has passed the door; return its Call-ID."""
        call = os.urandom(6).hex()
        target = target if ":" in target else f"sip:{target}@home.test"
        lines = [*lines, *(["Content-Type: application/sdp"] if body else [])]
        sent = self.request("INVITE", target, call, lines, body)
        self.send(sent)
        first = self.take(lambda text: field(text, "Call-ID") == call)
        if status_of(first) == 407:
            self.acknowledge_refusal(sent, first)
            lines.append(self.credentials("INVITE", target, first))
            sent = self.request("INVITE", target, call, lines, body)
            self.send(sent)
        self.sent[call] = sent
        return call

    def reply(self, request, status, reason="OK", body="", lines=()):
        """Answer a request with a body."""
        if body:
            lines = [*lines, "Content-Type: application/sdp"]
        kept = []
        for one in request.split("\r\n\r\n")[0].split("\r\n")[1:]:
            if one.startswith(("Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:")):
                kept.append(one)
            elif one.startswith("To:"):
                kept.append(one + ("" if ";tag=" in one else f";tag=t{self.here}"))
        kept += [f"Contact: <sip:{self.user}@{self.here}>", *lines]
        kept.append(f"Content-Length: {len(body)}")
        self.send(f"SIP/2.0 {status} {reason}\r\n" + "\r\n".join(kept) + "\r\n\r\n" + body)

    def confirm(self, call, answer, body=""):
        """Send the ACK of a 200."""
        self.send(self.within(call, "ACK", answer, body, self._cseq(call)))

    def _cseq(self, call):
        return int(field(self.sent[call], "CSeq").split()[0])

    def within(self, call, method, answer, body="", cseq=None, lines=()):
        """Return a request in the dialog that an answer to the own INVITE stands for."""
        target = re.search(r"<([^>]*)>", field(answer, "Contact")).group(1)
        routes = [f"Route: {one}" for one in reversed(fields(answer, "Record-Route"))]
        kind = ["Content-Type: application/sdp"] if body else []
        text = self.request(method, target, call, [*routes, *kind, *lines], body, cseq=cseq)
        text = re.sub(r"\r\nTo: [^\r]*", "\r\nTo: " + field(answer, "To"), text)
        if method == "INVITE":
            self.sent[call] = text
        return text


def bring_up(one, two, target, here=(), there=()):
    """Bring one call of two Talkers up, each hearing the other.

    here, there: lines of their descriptions besides. Returns (Call-ID, the INVITE that came, the
    200).
    """
    port, other = one.open(), two.open()
    call = one.invite(target, one.description([port], more=here))
    came = two.incoming()
    two.reply(came, 200, body=two.description([other], more=there))
    two.talk_to(came, [other])
    answer = one.final(call, "INVITE")
    one.talk_to(answer, [port])
    one.confirm(call, answer)
    one.hears(two)
    two.hears(one)
    return call, came, answer


def call_up(one, two, target):
    """Bring one call of two Talkers up as `bring_up` does; return (Call-ID, the 200)."""
    call, _, answer = bring_up(one, two, target)
    return call, answer


def hang_up(one, two, call, answer):
    """End a call that `call_up` brought up; the one who called ends it."""
    for talker in (one, two):
        talker.remote.clear()
    one.send(one.within(call, "BYE", answer))
    two.reply(two.incoming("BYE"), 200)
    one.final(call, "BYE")
