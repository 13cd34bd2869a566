"""The server under test: one bellhop process on one host."""

import os
import socket
import subprocess
import sys
import time
from collections import namedtuple

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
START_SECONDS = 60  # a first start makes an identity and a certificate
STOP_SECONDS = 30
PING_SECONDS = 0.3
LOG_LINES = 200
PORT, TLS_PORT = 5060, 5061

User = namedtuple("User", "name extension password")
HOUSEHOLD = (
    User("alice", "201", "secret-a"),
    User("bob", "202", "secret-b"),
    User("carol", "203", "secret-c"),
)


def configuration(domain, listen, users):
    """Write the UCI text of a node with these addresses and users."""
    lines = ["config node 'main'", f"\toption domain '{domain}'"]
    lines += [f"\tlist listen '{one}'" for one in listen]
    for user in users:
        lines += ["config user"] + [
            f"\toption {name} '{value}'" for name, value in user._asdict().items()
        ]
    return "\n".join(lines) + "\n"


class Node:
    """A running node; `users` are its accounts."""

    environment = {}

    def __init__(self, host, folder, domain="home.test", users=HOUSEHOLD):
        self.host = host
        self.folder = str(folder)
        self.domain = domain
        self.users = {user.name: user for user in users}
        self.address = host.address
        self.address6 = host.address6
        self.port, self.tls_port = PORT, TLS_PORT
        self.process = None
        self.log_path = os.path.join(self.folder, "node.log")

    def start(self):
        """Start the node and wait until it answers."""
        config = self.write_configuration()
        with open(self.log_path, "ab") as log:
            self.process = self.host.popen(
                [
                    sys.executable,
                    "-m",
                    "bellhop",
                    "--config",
                    config,
                    "--state",
                    os.path.join(self.folder, "state"),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": os.path.join(TREE, "src"), **self.environment},
            )
        self.wait_ready()

    def configuration(self):
        """Return the UCI text."""
        listen = [one for one in (self.address, self.address6) if one]
        return configuration(self.domain, listen, self.users.values())

    def write_configuration(self):
        """Write the configuration to its file; return its path."""
        path = os.path.join(self.folder, "bellhop")
        with open(path, "w") as file:
            file.write(self.configuration())
        return path

    def wait_ready(self):
        """Ping with OPTIONS over UDP until something answers."""
        deadline = time.monotonic() + START_SECONDS
        while not self.ping():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the node does not answer\n{self.log_tail()}")

    def ping(self):
        """Send one OPTIONS from the node's own host; return the first line back."""
        probe = self.host.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with probe:
            probe.bind((self.address, 0))
            probe.settimeout(PING_SECONDS)
            here = f"{self.address}:{probe.getsockname()[1]}"
            token = os.urandom(6).hex()
            probe.sendto(
                (
                    f"OPTIONS sip:{self.domain} SIP/2.0\r\n"
                    f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{token};rport\r\n"
                    f"From: <sip:probe@{here}>;tag={token}\r\nTo: <sip:{self.domain}>\r\n"
                    f"Call-ID: {token}@{here}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\n"
                    "Content-Length: 0\r\n\r\n"
                ).encode(),
                (self.address, self.port),
            )
            try:
                return probe.recv(65535).partition(b"\r\n")[0].decode()
            except OSError:  # nothing yet, or the port is still closed
                time.sleep(0.05)
                return None

    def server_for(self, transport, ipv6=False):
        """Return (address, port) for a phone's outbound proxy."""
        port = self.tls_port if transport == "tls" else self.port
        return (self.address6 if ipv6 else self.address), port

    def log_tail(self):
        """Return the end of the node's output."""
        with open(self.log_path, errors="replace") as log:
            return "".join(log.readlines()[-LOG_LINES:])

    def kill(self):
        """End the process as a power cut does."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def stop(self):
        """End the process; a node that does not leave by itself is a failure."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
            raise
