"""A lite node on 127.0.0.1, for sipp and for phones by hand."""

import socket
from types import SimpleNamespace

from tests.mesh.handset import Handset
from tests.support import lite
from tests.system.sipp.runner import DOMAIN, HOST, PASSWORD, Server

NODE = """config privacy
	option uniform 0
config node
	option domain {domain}
	list listen {host}
	option sip_port {port}
	option stranger_requests_per_minute 0
	option strangers allow
"""
MESH = """config mesh
	option node_name lite
	option port {port}
	list interface none
	list peer {peer}
"""
USER = """config user
	option name {name}
	option password {password}
"""


class Lite(Server):
    """A compiled lite node. mesh: (its UDP port, the peer's) where it is a member of a mesh.

    more: what else its configuration holds.
    """

    name = "bellhop-lite"
    rate = 20
    ring_ms = 0
    registers = True
    compiled = None
    mesh = None
    heap = lite.HEAP
    domain = DOMAIN
    state_folder = run_folder = None
    interpreter = None
    more = ""

    def configure(self):
        """Write the UCI file."""
        text = NODE.format(domain=self.domain, host=HOST, port=self.port)
        if self.mesh:
            text += MESH.format(port=self.mesh[0], peer="%s:%d" % (HOST, self.mesh[1]))
        text += "".join(USER.format(name=name, password=PASSWORD) for name in self.users)
        config = self.folder / "bellhop.config"
        config.write_text(text + self.more)
        arguments = ["--config", str(config), "--state", str(self.state)]
        if self.run_folder:
            arguments += ["--run", str(self.run_folder)]
        return (
            self.compiled.command(*arguments, heap=self.heap, interpreter=self.interpreter),
            self.compiled.environment(),
        )

    @property
    def state(self):
        """The folder of its state, with the control socket."""
        return self.state_folder or self.folder / "state"


class Phone(Handset):
    """A phone of a hundred lines on this machine, not registered; its domain is town.DOMAIN."""

    def __init__(self, server, user):
        host = SimpleNamespace(address=HOST, socket=socket.socket)
        super().__init__(host, None, user, HOST)
        self.proxy = HOST, server.port
