"""What passes a cable: a capture by tshark, and what its packets look like."""

import math
import os
import signal
import socket
import struct
import subprocess
import time
from collections import Counter, namedtuple

STOP_SECONDS = 60
# A frame of our own, to nobody, from and to the port that discards: the last of a capture.
DISCARD = 9
LAST = (
    bytes.fromhex("02000000000102000000000208004500")
    + struct.pack("!HHHBBH8s", 48, 0, 0, 1, socket.IPPROTO_UDP, 0, bytes(8))
    + struct.pack("!HHHH", DISCARD, DISCARD, 28, 0)
    + b"The capture ends...."
)
RTP_HEAD = 12
SIP_PORT, MESH_PORT, SOUND_PORT = 5060, 5066, 18431
# What is shorter in a circuit is RTCP.
SMALLEST_SOUND = 150

# One datagram. source, target: (address, port); data: its payload.
Datagram = namedtuple("Datagram", "source target data")


class Capture:
    """tshark's own dumpcap on one interface of a host, from now until `stop` or `rows`."""

    def __init__(self, host, interface, folder, what="udp"):
        self.path = os.path.join(folder, f"{host.name}-{interface}.pcapng")
        self._host, self._interface = host, interface
        what = f"({what}) or udp port {DISCARD}"
        words = ["dumpcap", "-q", "-i", interface, "-f", what, "-w", self.path]
        self.process = host.popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for line in self.process.stderr:
            if line.startswith(b"File:"):  # It captures from here on.
                return
        raise AssertionError("no capture")

    def stop(self):
        """Return the Datagrams, fragments put together."""
        found = []
        for columns in self.rows("ip.src", "udp.srcport", "ip.dst", "udp.dstport", "udp.payload"):
            if columns[0] and columns[4]:
                source, target = (columns[0], int(columns[1])), (columns[2], int(columns[3]))
                found.append(Datagram(source, target, bytes.fromhex(columns[4])))
        return found

    def whole(self):
        """Return all octets that came, with every header."""
        self._end()
        return self._octets()

    def _octets(self):
        with open(self.path, "rb") as file:
            return file.read()

    def _end(self):
        """Stop when all that came is in the file: dumpcap forgets what the kernel still holds."""
        ending = time.monotonic() + STOP_SECONDS
        with self._host.socket(socket.AF_PACKET, socket.SOCK_RAW) as cable:
            cable.bind((self._interface, 0))
            while LAST not in self._octets():
                assert time.monotonic() < ending, f"nothing more comes into {self.path}"
                cable.send(LAST)
                time.sleep(0.1)
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=STOP_SECONDS)

    def rows(self, *fields):
        """Return these fields of each packet, as tshark writes them, "" where it has none."""
        self._end()
        words = ["tshark", "-r", self.path, "-Tfields", "-Y", f"not udp.port == {DISCARD}"]
        words += [word for name in fields for word in ("-e", name)]
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=STOP_SECONDS, check=True
        )
        return [row.split("\t") for row in done.stdout.splitlines()]


def sound_of(datagrams):
    """Return the RTP or SRTP packets among Datagrams: what is no signalling and no RTCP."""
    return [one for one in datagrams if is_sound(one)]


def is_sound(datagram):
    """Tell whether a datagram is RTP (RFC 3550 section 5.1, RFC 5761 section 4)."""
    data = datagram.data
    if {datagram.source[1], datagram.target[1]} & {SIP_PORT, MESH_PORT} or len(data) <= RTP_HEAD:
        return False
    if datagram.source[1] == datagram.target[1] == SOUND_PORT:  # Of a circuit: nobody can tell.
        return len(data) > SMALLEST_SOUND
    return data[0] >> 6 == 2 and not 64 <= data[1] & 127 < 96


def ssrc(datagram):
    """Return the SSRC."""
    return struct.unpack_from("!I", datagram.data, 8)[0]


def sequence(datagram):
    """Return the sequence number."""
    return struct.unpack_from("!H", datagram.data, 2)[0]


def payload(datagram):
    """Return what follows the fixed head."""
    return datagram.data[RTP_HEAD:]


def entropy(datagrams):
    """Return the entropy of all payloads, in bits for each octet."""
    counts = Counter(b"".join(payload(one) for one in datagrams))
    total = sum(counts.values())
    return -sum(n / total * math.log2(n / total) for n in counts.values())


def found_in(needles, hay):
    """Return how many payloads of `needles` stand somewhere in the octets of `hay`."""
    whole = b"\n".join(one.data for one in hay)
    return len([one for one in {payload(one) for one in needles} if one in whole])
