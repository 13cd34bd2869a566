"""A session description as its lines; only what a relay must know is read (RFC 8866, RFC 3264).

Lines stay the bytes that the phone wrote, their CR included, until one is replaced.
"""

from ..errors import SipError
from . import address

# Lines of one description; video with ICE and several keys was seen with 60.
MAX_LINES = 512
# Streams of one description: each may cost four ports. Phones offer two or three.
MAX_STREAMS = 8
CONTENT_TYPE = b"application/sdp"

SENDRECV, SENDONLY, RECVONLY, INACTIVE = DIRECTIONS = (
    b"sendrecv", b"sendonly", b"recvonly", b"inactive",
)  # fmt: skip
# What would lead media around the relay, or to ports that it does not have (RFC 8839, 3605, 9143).
AROUND = (
    b"candidate", b"remote-candidates", b"end-of-candidates", b"ice-ufrag", b"ice-pwd",
    b"ice-options", b"ice-lite", b"ice-mismatch", b"ice-pacing", b"rtcp", b"bundle-only",
)  # fmt: skip
LETTERS = b"abcdefghijklmnopqrstuvwxyz"
# Static payload types of video have this clock, all other static ones 8000 Hz but for a few
# that only sound reports would notice (RFC 3551 section 6).
VIDEO_CLOCK, AUDIO_CLOCK = (90000, 8000)
MIN_CLOCK, MAX_CLOCK = (1000, 1000000)


class Section:
    """Some lines of a description: those of the session as such, or those of one stream."""

    def __init__(self, lines):
        self.lines = lines

    def value(self, kind):
        """Return what follows the first line of a type such as b"c=", or None."""
        for line in self.lines:
            if line[:2] == kind:
                return line[2:].strip()
        return None

    def attributes(self, name):
        """Return the values of all a= lines of a name, b"" for those without a value."""
        found = []
        for line in self.lines:
            if line[:2] == b"a=":
                written, _, value = line[2:].strip().partition(b":")
                if written == name:
                    found.append(value.strip())
        return found

    def replace(self, kind, value):
        """Put another value into every line of a type."""
        self.lines = [
            kind + value + ending(line) if line[:2] == kind else line for line in self.lines
        ]

    def remove(self, names):
        """Take out all a= lines of these names."""
        self.lines = [line for line in self.lines if _attribute(line) not in names]

    def add(self, line):
        """Add a line behind the others, ended as they are."""
        at = len(self.lines)
        while at and not self.lines[at - 1].strip():
            at -= 1
        self.lines.insert(at, line + (ending(self.lines[at - 1]) if at else b"\r"))


class Stream(Section):
    """One m= line and what belongs to it. kind, proto: bytes; port: number; formats: list.

    is_range: whether it asks for several ports in a row.
    """

    def __init__(self, lines, kind, port, is_range, proto, formats):
        super().__init__(lines)
        self.kind = kind
        self.port = port
        self.is_range = is_range
        self.proto = proto
        self.formats = formats

    def write_media(self):
        """Bring the m= line in agreement with port and proto."""
        words = [self.kind, str(self.port).encode(), self.proto] + self.formats
        self.lines[0] = b"m=" + b" ".join(words) + ending(self.lines[0])

    def is_rtp(self):
        """Tell whether it is RTP that a node can encrypt or decrypt."""
        return self.proto in (b"RTP/AVP", b"RTP/AVPF", b"RTP/SAVP", b"RTP/SAVPF")

    def is_datagrams(self):
        """Tell whether it comes in UDP datagrams that a relay can pass on."""
        return self.is_rtp() or self.proto[:4].upper() == b"UDP/" or self.proto.lower() == b"udptl"

    def is_mux(self):
        """Tell whether RTCP may come on the port of RTP (RFC 5761)."""
        return bool(self.attributes(b"rtcp-mux"))

    def clock_rate(self):
        """Return the clock of the first format in Hz."""
        for value in self.attributes(b"rtpmap"):
            number, _, name = value.partition(b" ")
            rate = name.strip().split(b"/")[1:2]
            if [number] == self.formats[:1] and rate and rate[0].isdigit() and len(rate[0]) < 9:
                return min(max(int(rate[0]), MIN_CLOCK), MAX_CLOCK)
        return VIDEO_CLOCK if self.kind == b"video" else AUDIO_CLOCK


class Description:
    """head: the Section before the first m= line; streams: list of Stream."""

    def __init__(self, head, streams):
        self.head = head
        self.streams = streams

    def write(self):
        """Return the description as bytes."""
        lines = self.head.lines[:]
        for stream in self.streams:
            lines += stream.lines
        return b"\n".join(lines)

    def address(self, stream):
        """Return the octets at which a stream is awaited; refuses with 488."""
        value = stream.value(b"c=") or self.head.value(b"c=")
        words = (value or b"").split()
        octets = address.octets_of(words[2]) if len(words) == 3 else None
        family = {b"IP4": 4, b"IP6": 16}.get(words[1].upper()) if octets else None
        if octets is None or words[0].upper() != b"IN" or len(octets) != family:
            raise SipError(488, "a media address is not one IP address")
        return octets

    def direction(self, stream):
        """Return the direction of a stream (RFC 8866 section 6.7)."""
        for section in (stream, self.head):
            for name in DIRECTIONS:
                if section.attributes(name):
                    return name
        return SENDRECV

    def sends(self, stream):
        """Tell whether who wrote this sends in a stream."""
        return self.direction(stream) in (SENDRECV, SENDONLY)

    def receives(self, stream):
        """Tell whether who wrote this wants to be sent something in a stream."""
        wants = self.direction(stream) in (SENDRECV, RECVONLY)
        return wants and self.address(stream) not in address.NOWHERE

    def rtcp(self, stream):
        """Return (octets, port) at which RTCP of a stream is awaited (RFC 3605)."""
        if stream.is_mux():
            return self.address(stream), stream.port
        for value in stream.attributes(b"rtcp"):
            words = value.split()
            port = _port(words[0]) if words else None
            octets = address.octets_of(words[3]) if len(words) == 4 else self.address(stream)
            if port and octets is not None:
                return octets, port
        return self.address(stream), min(stream.port + 1, 65535)

    def lead_to(self, octets):
        """Put an address of ours in place of the phone's; one that says "hold" stays."""
        value = (b"IN IP4 " if len(octets) == 4 else b"IN IP6 ") + address.write(octets)
        for section in [self.head] + self.streams:
            words = (section.value(b"c=") or b"").split()
            if words and address.octets_of(words[-1]) not in address.NOWHERE:
                section.replace(b"c=", value)
            section.remove(AROUND)
        self.head.lines = [line for line in self.head.lines if line[:14] != b"a=group:BUNDLE"]
        origin = (self.head.value(b"o=") or b"").split()
        if len(origin) == 6:
            self.head.replace(b"o=", b" ".join(origin[:3]) + b" " + value)

    def raise_version(self, count):
        """Count so many changes of ours in the version (RFC 8866 section 5.2, RFC 3264 8)."""
        words = (self.head.value(b"o=") or b"").split()
        if count and len(words) == 6 and words[2].isdigit() and len(words[2]) < 20:
            words[2] = b"%d" % (int(words[2]) + count)
            self.head.replace(b"o=", b" ".join(words))


def parse(body):
    """Return the Description in a body; refuses with 400."""
    lines = body.split(b"\n")
    if len(lines) > MAX_LINES:
        raise SipError(400, "the session description has too many lines")
    starts = []
    for index, line in enumerate(lines):
        if line.strip() and (line[1:2] != b"=" or line[0] not in LETTERS):
            raise SipError(400, "a line of the session description is none")
        if line[:2] == b"m=":
            starts.append(index)
    if lines[0][:2] != b"v=":
        raise SipError(400, "the body is no session description")
    if len(starts) > MAX_STREAMS:
        raise SipError(488, "the session description has too many streams")
    ends = starts[1:] + [len(lines)]
    head = Section(lines[: starts[0]] if starts else lines)
    return Description(head, [_stream(lines[at:end]) for at, end in zip(starts, ends)])


def _stream(lines):
    words = lines[0][2:].split()
    if len(words) < 3:
        raise SipError(400, "an m= line of the session description is not whole")
    port, _, ports = words[1].partition(b"/")
    number = _port(port)
    if number and len(words) == 3:
        raise SipError(400, "an m= line of the session description names no format")
    if number is None or (ports and not ports.isdigit()):
        raise SipError(400, "a port in the session description is no port")
    return Stream(lines, words[0], number, ports not in (b"", b"1"), words[2], words[3:])


def _port(text):
    """Return a port, or None."""
    return int(text) if text.isdigit() and len(text) < 6 and int(text) < 65536 else None


def ending(line):
    """Return the CR at the end of a line, if it has one."""
    return b"\r" if line[-1:] == b"\r" else b""


def _attribute(line):
    return line[2:].strip().partition(b":")[0] if line[:2] == b"a=" else None
