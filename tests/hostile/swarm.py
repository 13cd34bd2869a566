"""Many identities of one host that all shake hands with one node, for doors.py.

    python swarm.py HOST PORT COUNT USER EXTENSION

Run with the modules of the tree that is attacked: each identity is a Mesh of that tree with real
keys, on a UDP port of its own, and says that it serves the user. Prints `ready` once, then goes on
until it is ended.
"""

import os
import selectors
import socket
import sys
import time

from bellhop.effects import SendMesh
from bellhop.errors import BellhopError
from bellhop.mesh.node import Mesh, MeshSettings
from bellhop.mesh.phonebook import Served
from bellhop.shell.mesh.identity import crypto

BEGUN = time.monotonic()
READY_SECONDS = 12


def now():
    """Return milliseconds since the start."""
    return int(1000 * (time.monotonic() - BEGUN))


class One:
    """One identity. place: where the attacked node listens."""

    def __init__(self, functions, place, user, extension):
        self.place = place
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("0.0.0.0", 0))
        self.socket.setblocking(False)
        settings = MeshSettings("swarm")
        self.mesh = Mesh(os.urandom(32), 1, os.urandom, functions, settings, now())
        self.mesh.publish([Served(user, extension, user, [], True)], now())
        self.perform(self.mesh.link_up(0, "swarm", True, now()))

    def perform(self, effects):
        """Send what the mesh says; all else is nobody's business here."""
        for effect in effects:
            if isinstance(effect, SendMesh):
                self.socket.sendto(effect.data, self.place)

    def hear(self):
        """Take one datagram."""
        try:
            data, source = self.socket.recvfrom(2048)
        except OSError:
            return
        self.perform(self.mesh.receive(data, 0, source[:2], now()))

    def fire(self):
        """Do what is due."""
        due = self.mesh.next_deadline()
        if due is not None and due <= now():
            self.perform(self.mesh.fire(now()))


def main():
    """Run the swarm."""
    host, port, count, user, extension = sys.argv[1:]
    functions = crypto()
    selector = selectors.DefaultSelector()
    ones = []
    is_told = False
    while True:
        if len(ones) < int(count):
            ones.append(One(functions, (host, int(port)), user.encode(), extension.encode()))
            selector.register(ones[-1].socket, selectors.EVENT_READ, ones[-1])
        for key, _ in selector.select(0.01):
            key.data.hear()
        for one in ones:
            one.fire()
        if not is_told and now() > 1000 * READY_SECONDS and len(ones) == int(count):
            print("ready", flush=True)
            is_told = True


if __name__ == "__main__":
    try:
        main()
    except BellhopError as error:
        sys.exit(str(error))
