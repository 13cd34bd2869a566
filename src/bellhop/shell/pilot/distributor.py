"""A UnifiedPush distributor in the router: apps that sleep are woken where there is no Internet.

It speaks as much of the protocol of ntfy as its apps need: a topic is a path /up..., an app keeps
GET /TOPIC/json open and gets a line of JSON for each POST to /TOPIC. Nothing is kept.
"""

import json
import os
import time

from ...limits import MAX_PUSH_STREAMS
from ...text import of_utf8, spelled
from ..http import Answer, text

MOST_BODY, TOPIC_LETTERS = 4096, (8, 64)
KEEPALIVE_MS = 45000
JSON = "application/json"
# What an app asks before it believes in a server.
ABLE = b'{"unifiedpush":{"version":1}}\n'


class Distributor:
    """streams: topic -> the streams of apps that listen."""

    def __init__(self, loop):
        self.loop = loop
        self.streams = {}
        self.timer = loop.call_later(KEEPALIVE_MS, self._keep_alive)
        self.counters = {"published": 0, "delivered": 0, "refused": 0}

    def answer(self, request):
        """Return the Answer to a request for a topic, None for all else."""
        names, _, form = request.path[1:].partition("/")
        topics = names.split(",")
        if not all(_is_topic(one) for one in topics) or form not in ("", "json"):
            return None
        if request.method in ("POST", "PUT") and not form:
            return self._published(topics[0], request.body)
        if request.method != "GET":
            return None
        if form and "poll=1" not in request.query.split("&"):
            return self._opened(topics)
        return Answer("200 OK", JSON, b"" if form else ABLE, (), None)

    def _published(self, topic, body):
        if len(body) > MOST_BODY:
            return text("413 Content Too Large", "a push has at most %d octets" % MOST_BODY)
        self.publish(topic, body)
        return Answer("200 OK", JSON, _line("message", topic, of_utf8(body)), (), None)

    def _opened(self, topics):
        lines = ["Cache-Control: no-store", "Connection: close"]
        return Answer("200 OK", JSON, _line("open", topics[0]), lines, App(self, topics))

    def publish(self, topic, body):
        """Tell the apps that listen to a topic; return how many those are."""
        apps = self.streams.get(topic, ())
        self.counters["published"] += 1
        for app in list(apps):
            app.send(_line("message", topic, of_utf8(body)))
        self.counters["delivered"] += len(apps)
        return len(apps)

    def entered(self, app):
        """An app listens; past the bound one goes of whoever has most."""
        for topic in app.topics:
            self.streams.setdefault(topic, []).append(app)
        there = [one for topic in self.streams for one in self.streams[topic]]
        while len(there) > MAX_PUSH_STREAMS:
            shares = [one.client.share for one in there]
            gone = there[shares.index(max(shares, key=shares.count))]
            self.counters["refused"] += 1
            gone.client.leave()
            there = [one for one in there if one is not gone]

    def left(self, app):
        """An app listens no more."""
        for topic in app.topics:
            mine = self.streams.get(topic, [])
            if app in mine:
                mine.remove(app)
            if not mine:
                self.streams.pop(topic, None)

    def _keep_alive(self):
        for topic in list(self.streams):
            for app in self.streams[topic][:]:
                app.send(_line("keepalive", topic))
        self.timer = self.loop.call_later(KEEPALIVE_MS, self._keep_alive)

    def close(self):
        """The node stops."""
        self.loop.cancel(self.timer)


class App:
    """The stream of one app."""

    def __init__(self, distributor, topics):
        self.distributor = distributor
        self.topics = topics
        self.client = None

    def opened(self, client):
        """The stream is open."""
        self.client = client
        self.distributor.entered(self)

    def closed(self, client):
        """The app has gone."""
        self.distributor.left(self)

    def send(self, line):
        """Send a line."""
        self.client.send(line)


def _is_topic(name):
    low, high = TOPIC_LETTERS
    return name[:2] == "up" and low <= len(name) <= high and name.isascii() and name.isalnum()


def _line(event, topic, message=None):
    told = {"id": spelled(os.urandom(12)), "time": int(time.time()), "event": event, "topic": topic}
    if message is not None:
        told["message"] = message
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"
