"""Wakes phones: a POST by https (RFC 8030), or to the distributor of this node itself."""

import socket

from ...limits import MAX_PUSHES
from ...settings.problems import missing
from ..workers import Workers

SECONDS, THREADS = 5, 2
# A message that wakes is worth nothing when it comes late. What it says is always the same; there
# are servers that refuse one without a word.
HEAD = (
    "POST %s HTTP/1.1\r\nHost: %s\r\nTTL: 30\r\nUrgency: high\r\nContent-Length: 4\r\n"
    "Connection: close\r\n\r\ncall"
)
NOT_ALLOWED = "pushes go by https, or to this router"
NOT_THERE = "it has no connection to this router"
BUSY = "too many phones are being woken"


class Pusher:
    """Performs Push. guard: an origins.Guard; settings(): those in force; site: a site.Site."""

    def __init__(self, loop, guard, settings, site):
        self.loop = loop
        self.guard = guard
        self.settings = settings
        self.site = site
        self.workers = None
        self.waiting = 0

    def perform(self, effect):
        """Wake a phone; the engine is told how that went."""
        scheme, _, rest = effect.url.partition("://")
        place, _, path = rest.partition("/")
        own = ":%d" % self.settings().http_port
        if scheme == "http" and place.endswith(own) and self.guard.is_own_host(place):
            topic = path.partition("?")[0]
            heard = self.site.distributor().publish(topic, b"")
            self._told(effect.url, "" if heard else NOT_THERE)
        elif scheme != "https" or not place:
            self._told(effect.url, NOT_ALLOWED)
        elif self.waiting >= MAX_PUSHES:
            self._told(effect.url, BUSY)
        else:
            self._post(effect.url, place, "/" + path)

    def _post(self, url, place, path):
        if self.workers is None:
            self.workers = Workers(self.loop, THREADS)
        self.waiting += 1

        def told(problem):
            self.waiting -= 1
            self._told(url, problem)

        self.workers.start(lambda: _posted(place, path), told, "the push could not be sent")

    def _told(self, url, problem):
        self.loop.later(self.loop.engine.hear, "asleep", "pushed", url, problem)

    def close(self):
        """The node stops."""
        if self.workers is not None:
            self.workers.close()


def _posted(place, path):
    """POST a push to a place by TLS; return why that did not do, or ""."""
    try:
        import ssl  # Only who wakes phones beyond this router pays for it.
    except ImportError:
        return missing("bellhop-tls", "no phone is woken beyond this router")
    host, _, port = (
        place.rpartition(":") if place.rpartition(":")[2].isdigit() else (place, "", 443)
    )
    try:
        context = ssl.create_default_context()
        with (
            socket.create_connection((host, int(port)), SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as made,
        ):
            made.sendall((HEAD % (path, place)).encode())
            words = made.recv(64).split(b" ")
    except (OSError, ValueError) as error:
        return "its push server %s: %s" % (host, error)
    if len(words) < 2 or words[1][:1] != b"2":
        return "its push server %s refuses" % host
    return ""
