"""Where a search in the DHT begins: names are looked up, and again each hour."""

from collections import namedtuple

USUAL = tuple(
    (host, 6881)
    for host in ("router.bittorrent.com", "dht.transmissionbt.com", "router.utorrent.com")
)
PORT, AGAIN_MS = 6881, 3600000
# What Resolver.seek asks for.
Places = namedtuple("Places", ("peer", "port", "search_domain"))


class Starts:
    """named: [(host, port or None)] that the owner names."""

    def __init__(self, loop, resolver, named):
        self.loop = loop
        self.resolver = resolver
        self.places = Places(named or USUAL, PORT, ())

    def seek(self):
        """Look them up, now and from now on."""
        self.resolver.seek(self.places, self._found)
        self.loop.call_later(AGAIN_MS, self.seek)

    def _found(self, places):
        if places:
            self.loop.perform(self.loop.engine.hear("dht", "starts", places, self.loop.now()))
