"""A node of a private DHT that keeps items (BEP 5, 44): python -m tests.support.dht HOST:PORT...

One process serves all the places that are named, each a node; everybody knows everybody.
"""

import hashlib
import select
import socket
import sys

from bellhop.bencode import decode, encode
from bellhop.errors import MeshError


class Keeper:
    """One node. places: [(host, port)] of all; verify(key, data, signature)."""

    def __init__(self, place, places, verify):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(place)
        self.id = _id(place)
        self.places = places
        self.verify = verify
        self.items = {}

    def serve(self):
        """Answer one datagram."""
        data, source = self.socket.recvfrom(65535)
        try:
            asked = decode(data)
            fields = {b"get": self.get, b"put": self.put}[asked[b"q"]](asked[b"a"], source)
        except (MeshError, KeyError, TypeError):
            return
        answer = {b"ip": _compact(source), b"r": dict(fields, id=0), b"t": asked[b"t"], b"y": b"r"}
        answer[b"r"].pop("id")
        answer[b"r"][b"id"] = self.id
        self.socket.sendto(encode(answer), source)

    def get(self, fields, source):
        """Return what is kept there, and the nodes closest to it."""
        target = fields[b"target"]
        near = sorted(self.places, key=lambda one: _distance(_id(one), target))[:8]
        nodes = b"".join(_id(one) + _compact(one) for one in near)
        return {b"nodes": nodes, b"token": _token(source), **self.items.get(target, {})}

    def put(self, fields, source):
        """Keep an item, where its signature and its token are right and it is newer."""
        key, value, sequence = fields[b"k"], fields[b"v"], fields[b"seq"]
        signed = b"3:seqi%de1:v" % sequence + encode(value)
        target = hashlib.sha1(key).digest()
        kept = self.items.get(target, {b"seq": -1})
        if fields[b"token"] != _token(source) or not self.verify(key, signed, fields[b"sig"]):
            raise KeyError("no such item")
        if sequence >= kept[b"seq"]:
            self.items[target] = {name: fields[name] for name in (b"k", b"seq", b"sig", b"v")}
        return {}


def _id(place):
    return hashlib.sha1(repr(place).encode()).digest()


def _token(source):
    return hashlib.sha1(b"token" + repr(source).encode()).digest()[:4]


def _compact(place):
    return socket.inet_aton(place[0]) + place[1].to_bytes(2, "big")


def _distance(one, other):
    return int.from_bytes(one, "big") ^ int.from_bytes(other, "big")


def main(words):
    """Serve for ever."""
    from bellhop.shell.mesh import identity

    places = [(one.rpartition(":")[0], int(one.rpartition(":")[2])) for one in words]
    keepers = [Keeper(place, places, identity.crypto().verify) for place in places]
    print("ready", flush=True)
    while True:
        for ready in select.select([one.socket for one in keepers], [], [])[0]:
            next(one for one in keepers if one.socket is ready).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
