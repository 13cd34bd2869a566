"""A stand-in for a telephone app that sleeps: its stream goes, a push of the router wakes it.

It listens to the distributor as the ntfy app does (GET /TOPIC/json), registers by hand over TCP
and answers. Say that it is a stand-in: no app that can do this was at hand.

    python -m tests.pilot.sleeper [--calls 20]     # how long a caller waits, p50 and p95

By Prosody, a real push server, where it is installed (pushserver.py); else by the node itself.
"""

import argparse
import json
import os
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from bellhop.sip import message, uri
from tests.support.exchange import Phone
from tests.support.messages import flow
from tests.system.sipp.runner import free_ports
from tests.system.test_shell_node import CONFIG, Process

from . import pushserver

TOPIC = "upAbCdEfGhIjKl"
BOB = "config user\n\toption name 'bob'\n\toption extension '202'\n\toption password 'secret-b'\n"


class Sleeper:
    """An app of alice's. server: a pushserver.PushServer that wakes it; None: the node does."""

    def __init__(self, ports, server=None):
        self.ports = ports
        self.count = 0
        self.rang = threading.Event()
        self.listens = threading.Event()
        self.stream = None
        if server is not None:
            self.url, server.woken = server.url, self.wake
            return
        self.url = "http://127.0.0.1:%d/%s" % (ports["http"], TOPIC)
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.listens.wait(10)

    def _listen(self):
        """Hear pushes, and wake at each."""
        with socket.create_connection(("127.0.0.1", self.ports["http"])) as made:
            made.sendall(f"GET /{TOPIC}/json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            for line in made.makefile("rb"):
                if line[:1] == b"{":
                    event = json.loads(line)["event"]
                    self.listens.set()
                    if event == "message":
                        self.wake()

    def wake(self):
        """Register over a new stream, and answer what rings there."""
        self.count += 1
        self.stream = socket.create_connection(("127.0.0.1", self.ports["sip"]))
        here = self.stream.getsockname()
        phone = Phone("app%d-%d" % (os.getpid(), self.count), "alice",
                      flow(here[0], here[1], "tcp", 1), password=b"secret-a")  # fmt: skip
        phone.contact = "<sip:alice@127.0.0.1:%d;transport=tcp;pn-provider=webpush;pn-prid=%s>" % (
            here[1], uri.escape(self.url.encode()).decode())  # fmt: skip
        line = ['+sip.instance="<urn:uuid:00000000-0000-0000-0000-000000000001>"']
        phone.contact += ";" + line[0]
        self.stream.sendall(phone.request("REGISTER", "sip:home.test"))
        buffer = b""
        while True:
            data, buffer = _one(self.stream, buffer)
            if data is None:
                return
            heard = phone.hear(data)
            if isinstance(heard, message.Response):
                if heard.status == 401:
                    self.stream.sendall(phone.proven("REGISTER"))
                elif self.count == 1:
                    return  # The first time it only says that it is there.
            elif heard.method == b"INVITE":
                self.rang.set()
                self.stream.sendall(phone.answer(486, "INVITE"))
            else:
                self.sleep()
                return

    def sleep(self):
        """Let the stream go."""
        if self.stream is not None:
            self.stream.close()


def _one(stream, buffer):
    """Return (one message of a stream or None at its end, the rest)."""
    while True:
        head, end, rest = buffer.partition(b"\r\n\r\n")
        if end:
            length = int((re.search(rb"(?i)content-length: *(\d+)", head) or [0, 0])[1])
            if len(rest) >= length:
                return head + end + rest[:length], rest[length:]
        more = stream.recv(65536)
        if not more:
            return None, buffer
        buffer += more


class Caller:
    """bob's phone: calls alice by UDP."""

    def __init__(self, ports):
        self.server = ("127.0.0.1", ports["sip"])
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(30)
        here = self.socket.getsockname()
        self.phone = Phone("bob%d" % here[1], "bob", flow(*here), password=b"secret-b")

    def call(self):
        """Call; return the final response."""
        self.socket.sendto(self.phone.request("INVITE", "sip:201@home.test"), self.server)
        while True:
            heard = self.phone.hear(self.socket.recv(65536))
            if not isinstance(heard, message.Response) or heard.status < 200:
                continue
            if heard.cseq[1] == b"INVITE":
                self.socket.sendto(self.phone.acknowledge(), self.server)
            if heard.status == 407:
                self.socket.sendto(self.phone.proven("INVITE"), self.server)
                continue
            return heard


def node(folder):
    """Return a started node whose pages are at ports["http"]."""
    made = Process(folder)
    (made.ports["http"],) = free_ports(1)
    text = (CONFIG % made.ports).replace("http_port '0'", "http_port '%d'" % made.ports["http"])
    made.config.write_text(
        text.replace("tls_port '", "https_port '0'\n\toption tls_port '", 1) + BOB
    )
    made.start()
    made.wait_for("bellhop is running")
    return made


def measured(calls, folder, server=None):
    """Return how many seconds each of some calls took until the sleeping phone rang."""
    made = node(folder)
    try:
        app = Sleeper(made.ports, server)
        app.wake()
        caller, found = Caller(made.ports), []
        for _ in range(calls):
            app.sleep()
            while not json.loads(made.ask("me", "alice", "--json").stdout)["phones"][0]["asleep"]:
                time.sleep(0.05)
            app.rang.clear()
            began = time.monotonic()
            response = caller.call()
            assert app.rang.is_set() and response.status == 486, response.reason
            found.append(time.monotonic() - began)
            time.sleep(3.1)  # A phone is not woken twice within three seconds.
        return found
    finally:
        made.stop()


def main():
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20)
    calls, without = parser.parse_args().calls, pushserver.why_unavailable()
    with tempfile.TemporaryDirectory() as folder:
        show("by the router itself", measured(calls, Path(folder)))
    if without:
        print(without)
        return
    with tempfile.TemporaryDirectory() as folder, pushserver.PushServer(folder) as server:
        (Path(folder) / "node").mkdir()
        show("by Prosody over TLS", measured(calls, Path(folder) / "node", server))


def show(way, found):
    """Print how long callers waited, seconds."""
    found.sort()
    late = found[max(0, int(len(found) * 0.95) - 1)]
    words = "a phone that sleeps rings, woken %s: p50 %.2f s, p95 %.2f s, %d calls; goal p95 5 s"
    print(words % (way, statistics.median(found), late, len(found)))


if __name__ == "__main__":
    sys.exit(main())
