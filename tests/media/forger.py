"""A node between two nodes that attacks signatures: `python forger.py MODE bellhop's words`.

tamper   changes one letter of each signature
reflect  gives whoever signs first his own signature back in place of the other's
replay   gives the signatures of the first call out again in the calls that follow
"""

import re
import sys

from bellhop.core.engine import Engine
from bellhop.shell import command

CALL_ID = re.compile(rb"Call-ID: *(\S+)")
SENDER = re.compile(rb"From: *([^\r]*?);tag")
LENGTH = re.compile(rb"Content-Length: *\d+")
END = b"\r\n\r\n"


class Forger:
    """What is between. seen: Call-ID -> {sender: signature}, the first call first."""

    def __init__(self, mode):
        self.forge = getattr(self, mode)
        self.seen = {}

    def passing(self, data):
        """Return a message as it goes on."""
        head, _, signature = data.partition(END)
        if not head.startswith(b"INFO ") or b"bellhop-signature" not in head:
            return data
        call = self.seen.setdefault(CALL_ID.search(head).group(1), {})
        sender = SENDER.search(head).group(1)
        call.setdefault(sender, signature)
        forged = self.forge(sender, call)
        return LENGTH.sub(b"Content-Length: %d" % len(forged), head) + END + forged

    @staticmethod
    def tamper(sender, call):
        """Change a letter in the middle, where the number itself is."""
        lines = call[sender].split(b"\n")
        changed = b"B" if lines[3][4:5] == b"A" else b"A"
        lines[3] = lines[3][:4] + changed + lines[3][5:]
        return b"\n".join(lines)

    @staticmethod
    def reflect(sender, call):
        """The first signature of a call, whoever sends one."""
        return next(iter(call.values()))

    def replay(self, sender, call):
        """What the same sender signed in the first call."""
        return next(iter(self.seen.values()))[sender]


def main(mode, words):
    """Run a node in which every message is the forger's."""
    forger = Forger(mode)
    receive = Engine.receive

    def attacked(engine, data, flow, now):
        return receive(engine, forger.passing(data), flow, now)

    Engine.receive = attacked
    return command.main(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
