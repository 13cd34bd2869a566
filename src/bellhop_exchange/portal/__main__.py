"""Runs a portal: python -m bellhop_exchange.portal SETTINGS.toml [waiting | approve ID | refuse ID]

database = "sqlite:////var/lib/bellhop/portal.db"
url = "https://portal.example"              # as the world sees it
listen = "127.0.0.1:8402"                   # behind whatever ends TLS
node_state = "/var/lib/bellhop"             # of the node on this machine
node_config = "/etc/bellhop/bellhop.config"
page = "https://phone.example"              # its pilot page
open = false                                # true: who has typed the code needs no approval
[sms]                                       # as of a directory; none: no code is sent
kind = "print"
"""

import sys
import time
import tomllib
from pathlib import Path

import uvicorn

from ..directory import senders
from ..web import Problem
from .app import Api
from .service import Node, Portal


def made(settings, clock=time.time):
    """Return the Portal of some settings."""
    node = Node(settings["node_state"], settings["node_config"], settings["page"])
    sender = senders.of(settings["sms"]) if "sms" in settings else None
    is_open = settings.get("open", False) and sender is not None
    return Portal(settings["database"], node, sender, is_open, clock)


def main(arguments):
    """Run, or do what the operator wants."""
    if not arguments:
        print(__doc__)
        return 1
    settings = tomllib.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    portal, words = made(settings), arguments[1:]
    try:
        if words[:1] == ["waiting"]:
            for row in portal.waiting():
                print(row.id, row.user, row.contact, row.state)
        elif words[:1] in (["approve"], ["refuse"]):
            getattr(portal, words[0])(words[1])
        else:
            host, _, port = settings["listen"].rpartition(":")
            app = Api(portal, settings["url"].rstrip("/")).app()
            uvicorn.run(app, host=host, port=int(port), log_level="warning", access_log=False)
    except Problem as problem:
        print(problem.detail, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
