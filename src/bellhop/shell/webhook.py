"""Tells a program elsewhere by HTTP what happens here: `config webhook`.

One POST with a JSON object for each event, in a thread of its own: the node waits for nobody. What
waits is bounded, the oldest goes first; what fails is tried again a few times. The URL and the
password may hold secrets: the log names the host alone.
"""

import collections
import hmac
import json
import socket

from ..limits import MAX_WEBHOOK_EVENTS
from .workers import Workers

SECONDS, MOST_ANSWER = (5, 4096)
# ms between two tries of one event; then it is left out.
PAUSES = (1000, 5000, 30000)
SIGNATURE = "X-Bellhop-Signature"


class Webhook:
    """The events of a node on their way to one URL. section: of the settings."""

    def __init__(self, loop, log, section):
        self.loop, self.log, self.section = loop, log, section
        self.workers = Workers(loop, 1)
        self.waiting = collections.deque()
        self.tries, self.timer, self.is_busy, self.problem = 0, None, False, ""
        self.counters = {"told": 0, "left_out": 0, "failed": 0}

    def publish(self, kind, fields):
        """Queue an event."""
        if kind not in self.section.event:
            return
        if len(self.waiting) >= MAX_WEBHOOK_EVENTS:
            self.waiting.popleft()
            self.counters["left_out"] += 1
            self.tries = 0
        self.waiting.append(json.dumps(dict(fields, event=kind)).encode())
        self._go_on()

    def _go_on(self):
        if self.waiting and not self.is_busy and self.timer is None:
            self.is_busy = True
            body, section = self.waiting[0], self.section
            self.workers.start(
                lambda: (body, post(section.url, section.password, body)),
                self._done,
                (body, "a fault of this program"),
            )

    def _done(self, outcome):
        body, problem = outcome
        self.is_busy = False
        is_first = bool(self.waiting) and self.waiting[0] is body
        if problem:
            self.counters["failed"] += 1
            self._tell(problem)
            if is_first and self.tries < len(PAUSES):
                self.timer = self.loop.call_later(PAUSES[self.tries], self._again)
                self.tries += 1
                return
            self.counters["left_out"] += is_first
        else:
            self.counters["told"] += 1
            self._tell("")
        if is_first:
            self.waiting.popleft()
        self.tries = 0
        self._go_on()

    def _again(self):
        self.timer = None
        self._go_on()

    def _tell(self, problem):
        if problem and problem != self.problem:
            self.log.say("warning", "webhook at %s: %s" % (host_of(self.section.url), problem))
        self.problem = problem

    def close(self):
        """Tell nothing more."""
        self.waiting.clear()
        if self.timer is not None:
            self.loop.cancel(self.timer)
        self.workers.close()


def host_of(url):
    """Return the host of a URL: all of it that may be shown."""
    return _place(url)[1]


def _place(url):
    """Return (is it https, host, port, path) of a URL."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    is_secure = scheme == "https"
    host, _, port = place.rpartition("@")[2].partition(":")
    if place[:1] == "[":
        host, _, port = place[1:].partition("]")
        port = port[1:]
    number = int(port) if port.isdigit() else (443 if is_secure else 80)
    return is_secure, host, number, slash + path or "/"


def post(url, password, body):
    """Post octets; return "" or why it failed. With a password they are signed by it."""
    is_secure, host, port, path = _place(url)
    lines = [
        "POST %s HTTP/1.1" % path, "Host: %s:%d" % (host, port), "Connection: close",
        "Content-Type: application/json", "Content-Length: %d" % len(body),
    ]  # fmt: skip
    if password:
        proof = hmac.new(password.encode(), body, "sha256").hexdigest()
        lines.append("%s: sha256=%s" % (SIGNATURE, proof))
    head = "\r\n".join([*lines, "", ""]).encode()
    try:
        with socket.create_connection((host, port), SECONDS) as plain:
            stream = _secured(plain, host) if is_secure else plain
            stream.sendall(head + body)
            status = stream.recv(MOST_ANSWER).split(b" ", 2)[1:2]
    except ImportError:
        return "https needs the package bellhop-tls"
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or type(error).__name__
    if not status or not status[0].isdigit():
        return "it answers no HTTP"
    return "" if status[0][:1] == b"2" else "it answers %d" % int(status[0])


def _secured(plain, host):
    from .tls.contexts import checking

    return checking().wrap_socket(plain, server_hostname=host)
