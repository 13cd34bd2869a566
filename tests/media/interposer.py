"""A node between two nodes that attacks the keys: `python interposer.py MODE bellhop's words`.

It is a real node whose messages pass a hand of Mallory's. MODE:

swap    agrees on keys of its own with both sides, so that it could listen
spoil   changes one octet of each answered key
strip   takes all keys out, so that both sides seem to know nothing of encryption
"""

import base64
import re
import sys

from bellhop.core.engine import Engine
from bellhop.media import sdp
from bellhop.media.agreement import CALLEE, CALLER, Agreement, Dh, Identity
from bellhop.media.ownkeys import media_lines
from bellhop.shell import command
from bellhop.shell.mesh import identity

KEY = re.compile(rb"a=bellhop-key:(\S+)\r\n")
CONFIRM = re.compile(rb"Bellhop-Confirm: (\S+)\r\n")
REQUIRE = re.compile(rb"Require: bellhop-key\r\n")
LENGTH = re.compile(rb"Content-Length: *\d+")
CALL_ID = re.compile(rb"Call-ID: *(\S+)")
SUITES = (4, 3, 1)
SEED = b"mallory " * 4


class Mallory:
    """What is between. calls: Call-ID -> (agreement with the caller, with the callee, lines)."""

    def __init__(self, mode):
        self.mode = mode
        self.calls = {}
        functions, public, secret = identity.exchange(SEED)
        self.dh = Dh(*functions)
        self.identity = Identity(public, secret)

    def passing(self, data, token):
        """Return a message as it goes on."""
        found = KEY.search(data)
        if self.mode == "strip":
            data = REQUIRE.sub(b"", KEY.sub(b"", data))
        elif found and data.startswith(b"SIP/2.0"):
            data = self._shown(data, self._answer(data, base64.b64decode(found.group(1)), token))
        elif found and data.startswith(b"INVITE") and self.mode == "swap":
            data = self._shown(data, self._offer(data, base64.b64decode(found.group(1)), token))
        found = CONFIRM.search(data)
        if found and self.mode == "swap":
            told = base64.b64encode(self._confirm(data, base64.b64decode(found.group(1))))
            data = CONFIRM.sub(b"Bellhop-Confirm: " + told + b"\r\n", data)
        head, _, body = data.partition(b"\r\n\r\n")
        return LENGTH.sub(b"Content-Length: %d" % len(body), head) + b"\r\n\r\n" + body

    def _offer(self, data, octets, token):
        call_id = CALL_ID.search(data).group(1)
        if call_id not in self.calls:
            left = Agreement(self.dh, self.identity, CALLEE, call_id)
            left.read_offer(octets, None, SUITES)
            right = Agreement(self.dh, self.identity, CALLER, call_id)
            self.calls[call_id] = left, right, right.offer(SUITES, token), [lines_of(data), None]
        return self.calls[call_id][2]

    def _answer(self, data, octets, token):
        if self.mode == "spoil":
            return octets[:-1] + bytes([octets[-1] ^ 1])
        left, right, _, lines = self.calls[CALL_ID.search(data).group(1)]
        lines[1] = lines_of(data)
        right.accept(octets, None, *lines)
        return left.answer(token, *lines)

    def _confirm(self, data, octets):
        left, right, _, lines = self.calls[CALL_ID.search(data).group(1)]
        left.verify(octets, *lines)
        return right.confirm(*lines)

    @staticmethod
    def _shown(data, octets):
        return KEY.sub(b"a=bellhop-key:" + base64.b64encode(octets) + b"\r\n", data)


def lines_of(data):
    """Return the media lines of the description in a message."""
    return media_lines(sdp.parse(data.partition(b"\r\n\r\n")[2]))


def main(mode, words):
    """Run a node in which every message is Mallory's."""
    mallory = Mallory(mode)
    receive = Engine.receive

    def attacked(engine, data, flow, now):
        return receive(engine, mallory.passing(data, engine.node.random), flow, now)

    Engine.receive = attacked
    return command.main(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
