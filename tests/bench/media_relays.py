"""The relays that the media benchmark compares, each as a process of its own.

A relay is started, given the calls, and asked for its ports; `cpu_ns` is what all its threads
have used. Every call is (port of phone A, port of phone B) on HOST, A in the clear.
"""

import base64
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "127.11.0.1"  # an address of its own on loopback: all ports are free
# number: the library's; name: in a=crypto; key, salt: octets.
Suite = namedtuple("Suite", "number name key salt")
# What most phones offer, and what two nodes choose.
SUITES = {
    "AES_CM": Suite(1, "AES_CM_128_HMAC_SHA1_80", 16, 14),
    "GCM": Suite(4, "AEAD_AES_256_GCM", 32, 12),
}
PORTS = (20000, 29999)
NG_PORT = 19999
START_SECONDS = 10


def cpu_ns(pid):
    """Return the CPU time of all threads of a process in nanoseconds."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            total += int((task / "schedstat").read_text().split()[0])
    return total


def pinned(core, command):
    """Return a command that runs on one core."""
    return ["taskset", "-c", str(core), *command] if shutil.which("taskset") else command


class Process:
    """A process that is ended by its own handle."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, **options)

    def cpu_ns(self):
        return cpu_ns(self.process.pid)

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=START_SECONDS)


class Bellhop(Process):
    """The library in a Python process, through the binding that the node uses."""

    def __init__(self, core, library, binding, coalesce_us, suite):
        command = [sys.executable, "-m", "tests.bench.media_node", library, binding]
        command += [str(coalesce_us), suite or "none"]
        super().__init__(
            pinned(core, command),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question):
        """Return the answer of the process to one JSON line."""
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def open_calls(self, calls):
        """Return lines for media_load."""
        return self.ask({"calls": calls})

    def floor(self):
        """Return ns and calls of receive, crypto and send, if they are measured."""
        return self.ask({"floor": True})


def encode(value):
    """Return a value as bencode, the way the NG protocol writes it."""
    if isinstance(value, dict):
        pairs = (encode(key) + encode(value[key]) for key in sorted(value))
        return b"d" + b"".join(pairs) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(encode, value)) + b"e"
    data = value.encode()
    return b"%d:%s" % (len(data), data)


def sdp(port, crypto=""):
    """Return an offer or answer of one audio stream."""
    profile = "RTP/SAVP" if crypto else "RTP/AVP"
    return (
        f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
        f"m=audio {port} {profile} 0\r\n{crypto}"
    )


def media_port(text):
    """Return the port of the first m= line."""
    return int(re.search(r"m=audio (\d+)", text).group(1))


def crypto_of(text, suite):
    """Return tag and octets of the a=crypto line with a suite."""
    found = re.search(rf"a=crypto:(\d+) {suite.name} inline:([A-Za-z0-9+/]+)", text)
    return found[1], base64.b64decode(found[2] + "==")


class Rtpengine(Process):
    """Debian's rtpengine-daemon in user space: one thread, no kernel module."""

    def __init__(self, core, suite):
        self.suite = SUITES.get(suite)
        command = ["rtpengine", "--foreground", "--log-stderr", "--log-level=1", "--table=-1"]
        command += [f"--interface={HOST}", f"--listen-ng={HOST}:{NG_PORT}", "--num-threads=1"]
        command += [f"--port-min={PORTS[0]}", f"--port-max={PORTS[1]}"]
        super().__init__(
            pinned(core, command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(1)
        self.cookie = 0
        self.wait_until_ready()

    def wait_until_ready(self):
        """Return when the daemon answers."""
        for _ in range(START_SECONDS):
            with contextlib.suppress(OSError):
                self.ask({"command": "ping"})
                return
            time.sleep(1)
        raise RuntimeError("rtpengine does not answer")

    def ask(self, request):
        """Send one request and return the text of the answer."""
        self.cookie += 1
        self.socket.sendto(b"%d %s" % (self.cookie, encode(request)), (HOST, NG_PORT))
        answer = self.socket.recv(65535).decode("latin-1")
        if "6:result5:error" in answer:
            raise RuntimeError(answer)
        return answer

    def open_calls(self, calls):
        """Return lines for media_load."""
        return [self.open_call(f"call{number}", *call) for number, call in enumerate(calls)]

    def open_call(self, name, port_a, port_b):
        """Return the line of one call, its B side with keys if there is a suite."""
        common = {"call-id": name, "from-tag": "a", "replace": ["origin"], "ICE": "remove"}
        toward_b = {"transport-protocol": "RTP/SAVP", "DTLS": "off"} if self.suite else {}
        toward_a = {"transport-protocol": "RTP/AVP"} if self.suite else {}
        offer = self.ask({"command": "offer", "sdp": sdp(port_a), **common, **toward_b})
        keys, line = None, ""
        if self.suite:
            tag, theirs = crypto_of(offer, self.suite)
            keys = os.urandom(self.suite.key + self.suite.salt), theirs
            line = (
                f"a=crypto:{tag} {self.suite.name} inline:{base64.b64encode(keys[0]).decode()}\r\n"
            )
        answer = {"command": "answer", "sdp": sdp(port_b, line), "to-tag": "b"}
        answer = self.ask({**answer, **common, **toward_a})
        relays = media_port(answer), media_port(offer)
        return load_line((port_a, port_b), relays, self.suite, keys)

    def close(self):
        self.socket.close()
        super().close()


def load_line(phones, relays, suite, keys):
    """Return one call as media_load reads it.

    phones, relays: the ports of A and B at either; keys: octets with which B sends and receives,
    key and salt together.
    """
    words = [phones[0], relays[0], phones[1], relays[1], suite.number if suite else 0]
    for octets in keys or (b"\0\0", b"\0\0"):
        length = suite.key if suite else 1
        words += [octets[:length].hex(), octets[length:].hex()]
    return " ".join(map(str, words))
