"""The router of these tests with a real node behind it: its verbs, and its configuration file.

A phone that speaks SIP by hand registers with the node, so that the pages have something to show.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time

from tests.openwrt import real
from tests.openwrt.feed import BELLHOP
from tests.support.exchange import Phone
from tests.support.messages import flow

from .router import Router

SECONDS = 60
# What a test machine has no room for; all else is as the package brings it.
QUIET = "tls_port ws_port wss_port http_port".split()


def packaged(port, mesh_port):
    """Return the configuration of the package, on ports that are free here."""
    text = (BELLHOP / "files/bellhop.config").read_text()
    lines = ["\toption %s '0'" % name for name in QUIET]
    lines += ["\toption sip_port '%d'" % port, "\tlist listen '127.0.0.1'"]
    text = text.replace(
        "\toption domain 'home.arpa'", "\n".join(["\toption domain 'home.arpa'", *lines])
    )
    return text.replace("config mesh 'mesh'", "config mesh 'mesh'\n\toption port '%d'" % mesh_port)


def sections(text):
    """Return {id: section} of UCI text, as ubus's uci gives them."""
    found, opened = {}, None
    for line in text.split("\n"):
        words = line.strip().split(None, 2)
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "config":
            name = words[2].strip("'") if len(words) > 2 else "cfg%02x" % len(found)
            opened = found[name] = {
                ".name": name, ".type": words[1], ".index": len(found),
                ".anonymous": len(words) < 3,
            }  # fmt: skip
        elif words[0] == "list":
            opened.setdefault(words[1], []).append(words[2].strip("'"))
        else:
            opened[words[1]] = words[2].strip("'")
    return found


def written(uci):
    """Return the UCI text of sections."""
    lines = []
    for section in sorted(uci.values(), key=lambda one: one.get(".index", 1000)):
        lines.append("config " + section[".type"])
        for name, value in section.items():
            if isinstance(value, list):
                lines += ["\tlist %s '%s'" % (name, one) for one in value]
            elif name[0] != ".":
                lines.append("\toption %s '%s'" % (name, value))
    return "\n".join(lines) + "\n"


class Bridge(Router):
    """A Router whose answers are a running node's. lite: tests.support.lite.Compiled, or None."""

    def __init__(self, folder, answers, luci=None, lite=None):
        self.folder = folder
        self.lite = lite
        self.config = folder / "bellhop"
        self.port = real.free_port()
        self.config.write_text(packaged(self.port, real.free_port()))
        self.process = None
        super().__init__(answers, sections(self.config.read_text()), luci)

    def start_node(self):
        """Start the node; return whether it came to answer."""
        arguments = ["--state", self.folder / "state", "--config", self.config]
        command, environment = [sys.executable, "-m", "bellhop", *arguments], {}
        if self.lite:
            command, environment = self.lite.command(*arguments), self.lite.environment()
        with open(self.folder / "output", "w") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, env=dict(os.environ, **environment)
            )
        end = time.monotonic() + SECONDS
        while True:
            with contextlib.suppress(OSError):
                return bool(self.ask("status"))
            if self.process.poll() is not None:
                return False
            assert time.monotonic() < end, self.log()
            time.sleep(0.05)

    def log(self):
        """Return what the node has said so far."""
        return (self.folder / "output").read_text()

    def edit(self, text):
        """Put a configuration in force as an editor and `bellhop reload` do."""
        self.config.write_text(text)
        return self.ask("reload")

    def stop_node(self):
        """End the node."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(SECONDS)

    def ask(self, verb, **given):
        """Return the node's answer to a verb, as it stands on the bus."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(SECONDS)
            control.connect(os.fspath(self.folder / "state" / "control"))
            request = {"verb": verb, "arguments": given}
            control.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(control.makefile("rb").readline())
        return answer.get("result", answer)

    def answer(self, name, method, given):
        """Return the result of one ubus call."""
        if name == "bellhop":
            self.calls.append((name, method, given))
            given = {key: value for key, value in given.items() if value is not None}
            try:
                return [0, self.ask(method, **given)]
            except OSError:
                return [4]  # As ubus tells where there is no such object.
        if (name, method) == ("file", "exec"):
            return [0, {"code": 0, "stdout": self.log()}]
        if (name, method) == ("uci", "apply"):
            self.config.write_text(written(self.uci))
            self.ask("reload")
            return [0]
        return super().answer(name, method, given)


class Hand(Phone):
    """A telephone with a socket; its name is none of tests.support.messages."""

    def __init__(self, name, password, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(SECONDS)
        self.socket.connect(("127.0.0.1", port))
        where = flow(*self.socket.getsockname())
        super().__init__(name, name, where, "home.arpa", password.encode())

    def ask(self, data):
        """Send a request; return the final response."""
        self.socket.send(data)
        heard = self.hear(self.socket.recv(65535))
        while getattr(heard, "status", 100) < 200:
            heard = self.hear(self.socket.recv(65535))
        return heard

    def ring(self):
        """Wait for a call, and say that it rings."""
        while getattr(self.hear(self.socket.recv(65535)), "method", None) != b"INVITE":
            pass
        self.socket.send(self.answer(180, "INVITE"))

    def register(self):
        """Register with the password; return the status."""
        self.ask(self.request("REGISTER", "sip:home.arpa"))
        return self.ask(self.proven("REGISTER")).status
