"""A whole directory that runs: its API, PowerDNS over its database, an Internet of one's own."""

import socket
import subprocess
import sys
import time

from bellhop.names.answer import SECURE
from bellhop.shell.dnssec.api import Api
from bellhop.shell.dnssec.claim import Claim
from bellhop.shell.dnssec.resolving import Resolving
from bellhop.shell.mesh import identity
from bellhop.shell.service import milliseconds

from ..support import lab
from ..system.sipp.runner import free_ports
from . import powerdns

PATIENCE = 120
SETTINGS = """\
zone = "dir.test"
servers = ["at-dir.test"]
database = "{database}"
api = "http://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"
state = "{folder}/state"
list = "{folder}/list"
[sms]
kind = "print"
file = "{folder}/texts"
"""


def free_port():
    """Return a port of 127.0.0.1 at which nobody listens, and which no connection takes."""
    return free_ports(1)[0]


class Server:
    """A server of names in a process: python -m MODULE SETTINGS; port: at which it answers."""

    def __init__(self, module, settings, port):
        self.words = [sys.executable, "-m", module, str(settings)]
        self.port = port
        self.process = None

    def start(self):
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(self.words, env={"PYTHONPATH": "src", "PATH": "/usr/bin"})
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            assert self.process.poll() is None
            time.sleep(0.05)
        raise OSError("the server does not start")

    def run(self, *words):
        """Run one of its commands; return what it prints."""
        done = subprocess.run(
            [*self.words, *words], env={"PYTHONPATH": "src", "PATH": "/usr/bin"},
            capture_output=True, text=True, timeout=PATIENCE, check=True,
        )  # fmt: skip
        return done.stdout

    def kill(self):
        """End it as a loss of power does."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self):
        """End it."""
        self.process.terminate()
        self.process.wait(PATIENCE)


class World:
    """A directory that runs, and the DNS of a whole Internet of one's own."""

    def __init__(self, folder, zones=None, more="", dns=None):
        """more: lines at the end of the directory's settings; dns: what serves its zone."""
        self.folder = folder
        self.dns = dns or powerdns.PowerDns(folder, "dir.test")
        port = free_port()
        self.api = f"http://127.0.0.1:{port}"
        text = SETTINGS.format(folder=folder, port=port, database=self.dns.database)
        (folder / "settings.toml").write_text(text + more + self.dns.more)
        self.server = Server("bellhop_exchange.directory", folder / "settings.toml", port).start()
        secure = self.dns.secure()
        self.dns.start()
        (folder / "lab").mkdir()
        elsewhere = {"dir": (self.dns.host, secure)}
        self.lab = lab.Lab(folder / "lab", zones or {}, elsewhere=elsewhere)
        self.lab.__enter__()

    def close(self):
        for end in (self.lab.__exit__, self.dns.stop, self.server.stop):
            end()

    def code(self):
        """Return the code in the last message."""
        return (self.folder / "texts").read_text().splitlines()[-1].split("code ")[1].split()[0]

    def messages(self):
        """Return how many messages were sent."""
        path = self.folder / "texts"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def ask(self, name, kind):
        """Return the Answer to a question; nothing is kept of those before."""
        with Resolving(milliseconds, self.lab.anchor, self.lab.hints) as resolving:
            return resolving.ask(name.decode(), kind, "dir.test")

    def wait_secure(self, name, kind, found):
        """Wait until the DNS says what was published: PowerDNS keeps an answer for a moment."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.ask(name, kind)
            assert answer.outcome == SECURE, answer
            if found(answer.records):
                return answer
            time.sleep(0.2)
        raise AssertionError("not published: %r" % (answer,))


def why_not():
    """Return why there can be none here, or None."""
    return lab.why_not() or powerdns.why_not()


def person(world, octet):
    """Return what speaks for somebody to the directory."""
    return Api(world.api, bytes([octet]) * 32, identity.crypto())


def claim(world, api, name, address="", tell=print):
    """Let somebody claim a number by the steps of the command; return the claim."""

    def ask(verb, arguments):
        raise AssertionError("no node runs here that could be asked for " + verb)

    return Claim(api, "alice", ask, tell, world.code).go(name, address)
