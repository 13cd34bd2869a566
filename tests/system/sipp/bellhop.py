"""A bellhop on 127.0.0.1 for sipp."""

import sys
from pathlib import Path

from tests.system.sipp.runner import DOMAIN, HOST, PASSWORD, Server

SOURCE = Path(__file__).resolve().parents[3] / "src"

NODE = """config privacy
	option uniform 0
config node
	option domain {domain}
	list listen {host}
	option sip_port {port}
	option tls_port 0
	option ws_port 0
	option wss_port 0
	option http_port 0
	option stranger_requests_per_minute 0
	option strangers allow
	option max_bindings 100000
"""
USER = """config user
	option name {name}
	option password {password}
"""


class Bellhop(Server):
    """A node with all features on, no rate limit, and `users` as its accounts."""

    name = "bellhop"

    def configure(self):
        """Write the UCI file."""
        text = NODE.format(domain=DOMAIN, host=HOST, port=self.port)
        text += "".join(USER.format(name=name, password=PASSWORD) for name in self.users)
        config = self.folder / "bellhop.config"
        config.write_text(text)
        command = [sys.executable, "-m", "bellhop", "--config", config]
        command += ["--state", self.folder / "state"]
        return command, {"PYTHONPATH": str(SOURCE)}
