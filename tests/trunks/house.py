"""A node of its own process on 127.0.0.1, whose house calls by providers on other addresses."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.system.sipp.runner import free_ports
from tests.trunks.line import Line

SOURCE = Path(__file__).resolve().parents[2] / "src"
HOST, DOMAIN = ("127.0.0.1", "house.test")
START_SECONDS = 30

NODE = """config node
	option domain {domain}
{listen}
	option sip_port {port}
	option tls_port {tls_port}
	option ws_port 0
	option wss_port 0
	option http_port 0
{node}
config media
	option enabled {media}
config telephone
	option country 49
	option area 30
{telephone}
config user
	option name alice
	option extension 201
	option password secret
config user
	option name bob
	option extension 202
	option password secret
config user
	option name carol
	option extension 203
	option password secret
"""
PROVIDER = """config provider
	option name {name}
	option domain {domain}
	list proxy {proxy}
	option username {user}
	option password secret
	list number +49301234567
	option ring bob
	option transport {transport}
{more}
"""


def provider(name, place, more=(), user="user1", transport="udp", domain=None):
    """Return a section `config provider`; place: (host, port); more: lines."""
    return PROVIDER.format(
        name=name, domain=domain or name + ".test", proxy="%s:%d" % place, user=user,
        transport=transport, more="\n".join("\t" + one for one in more),
    )  # fmt: skip


class House:
    """A running node. sections: text of `config provider` and others."""

    def __init__(self, folder, sections, node="", telephone="", media=False, listen=HOST, tls=False,
                 environment=()):  # fmt: skip
        self.folder = Path(folder)
        self.port, tls_port = free_ports(2)
        self.environment = dict(environment)
        self.host = listen
        text = NODE.format(
            domain=DOMAIN, listen="\tlist listen " + listen if listen else "", port=self.port,
            node=node, telephone=telephone, tls_port=tls_port if tls else 0,
            media=int(media),
        )  # fmt: skip
        self.config = self.folder / "bellhop.config"
        self.config.write_text(text + "".join(sections))
        self.lines = []
        self.process = None
        self.start()

    def start(self):
        """Start the node and wait until it answers."""
        command = [sys.executable, "-m", "bellhop", "--config", str(self.config)]
        command += ["--state", str(self.folder / "state")]
        self.log = open(self.folder / "node.log", "ab")  # noqa: SIM115
        self.process = self.launch(
            command, stdout=self.log, stderr=self.log, env=self._environment()
        )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.ask("status")
                return
            except (OSError, ValueError):
                time.sleep(0.02)
        raise AssertionError("the node does not answer:\n" + self.told())

    def launch(self, command, **options):
        """Start the node's process."""
        return subprocess.Popen(command, **options)

    def _environment(self):
        return {**os.environ, "PYTHONPATH": str(SOURCE), **self.environment}

    def told(self):
        """Return the end of its log."""
        return (self.folder / "node.log").read_text(errors="replace")[-4000:]

    def has_kept(self, name):
        """Tell whether what goes by a name has been written, whole."""
        return (self.folder / "state" / (name + ".json")).exists()

    def ask(self, verb, **arguments):
        """Return the node's answer to a verb."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
            control.settimeout(5)
            control.connect(str(self.folder / "state" / "control"))
            asked = {"verb": verb, "arguments": arguments}
            control.sendall(json.dumps(asked).encode() + b"\n")
            answer = json.loads(control.makefile().readline())
        if "error" in answer:
            raise ValueError(answer["error"]["message"])
        return answer["result"]

    def phone(self, user, number=None):
        """Return a registered phone of a user."""
        number = number or 2 + len(self.lines)
        line = Line(user, user, DOMAIN, "127.0.0.%d" % number, (self.host, self.port))
        self.lines.append(line)
        return line.register()

    def row(self, name):
        """Return what `providers` says of one."""
        return {row["name"]: row for row in self.ask("providers")["providers"]}[name]

    def wait_for(self, question, seconds=10):
        """Wait until question() is true; return the seconds that it took."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            if question():
                return time.monotonic() - begun
            time.sleep(0.01)
        raise AssertionError("it did not come about:\n" + self.told())

    def cpu(self):
        """Return the seconds of a processor that the node has taken."""
        fields = Path("/proc/%d/stat" % self.process.pid).read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """End the node and the phones."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        for line in self.lines:
            line.close()
