"""Idle streams of strangers stand in nobody's way; phones that are known have own places."""

import os
import socket

import pytest

from bellhop import limits
from bellhop.core.engine import Engine
from bellhop.effects import Close, Event, Note, Send, Store
from bellhop.shell.service import milliseconds
from bellhop.world import streams
from bellhop.world.endpoints import Endpoints
from bellhop.world.log import Log
from bellhop.world.loop import Loop
from tests.support.exchange import Phone
from tests.support.messages import settings
from tests.system.test_shell_streams import PATIENCE, Settings, Shell


class Node(Shell):
    """A whole engine behind real streams of the loopback, whose clock a test moves."""

    def __init__(self):
        self.ahead, self.phones = 0, {}
        log = Log(lambda level, text: None, self.now)
        self.loop = Loop(self.now, log)
        self.engine = self.loop.engine = Engine(settings(), os.urandom, self.now())
        self.streams = streams.Streams(self.loop, streams.Plain(), self.engine)
        self.endpoints = Endpoints(self.loop, self.streams, log)
        self.loop.performers = {Send: self.endpoints.send, Close: self.streams.close}
        self.loop.performers.update(dict.fromkeys((Store, Event, Note), lambda effect: None))
        self.settings = Settings()
        self.endpoints.adjust(self.settings)
        self.place = ("127.0.0.1", self.settings.sip_port)

    def now(self):
        return milliseconds() + self.ahead

    def come(self, source):
        """Return a connection from an address, or None where it is refused or cut."""
        before = dict(self.streams.counters)
        made = socket.create_connection(self.place, PATIENCE, (source, 0))
        self.until(
            lambda: (
                self.streams.counters["accepted"] > before["accepted"]
                or self.streams.counters["refused"] > before["refused"]
            )
        )
        if self.streams.counters["refused"] > before["refused"]:
            made.close()
            return None
        return made

    def register(self, made, user="alice"):
        """Let a phone register over a connection; return the status of the answer."""
        where = Where(made)
        phone = self.phones.setdefault(where.port, Phone("P%d" % where.port, user, where))
        data, status = phone.request("REGISTER", "sip:home.test"), 401
        for _ in range(2):
            made.sendall(data)
            made.setblocking(False)
            heard = []

            def came():
                try:
                    heard.append(made.recv(65536))  # noqa: B023
                except BlockingIOError:
                    return False
                return True

            self.until(came)
            made.setblocking(True)
            if not heard[0]:
                return None
            status = phone.hear(heard[0]).status
            if status != 401:
                break
            data = phone.proven("REGISTER")
        return status


class Where:
    """What a Phone needs to know of its connection."""

    transport = "tcp"

    def __init__(self, made):
        self.host, self.port = made.getsockname()


@pytest.fixture
def node(monkeypatch):
    monkeypatch.setattr(limits, "MAX_STREAMS", 40)
    monkeypatch.setattr(limits, "MAX_STREAMS_PER_SOURCE", 16)
    monkeypatch.setattr(limits, "MAX_STREAMS_PER_NETWORK", 24)
    made = Node()
    yield made
    made.close()


def flood(node, count, network="127.0.9.%d"):
    """Return the connections that came to stay of so many idle ones."""
    return [one for one in (node.come(network % (1 + n % 200)) for n in range(count)) if one]


def test_idle_streams_keep_no_phone_out(node):
    phone = node.come("127.0.0.5")
    assert node.register(phone) == 200
    idle = []
    for net in range(1, 9):
        idle += flood(node, 20, "127.1.%d.%%d" % net)
    assert len(node.streams.streams) <= 40
    # A new phone finds a place, and the known one, whose stream broke, as well.
    other = node.come("127.0.0.6")
    assert other is not None and node.register(other, "bob") == 200
    again = node.come("127.0.0.5")
    assert again is not None and node.register(again) == 200
    assert node.register(phone) == 200
    for one in [*idle, other, again, phone]:
        one.close()
    node.until(lambda: not node.streams.streams)


def test_one_network_has_a_share(node):
    idle = flood(node, 60)
    assert len(idle) == limits.MAX_STREAMS_PER_NETWORK
    for one in idle:
        one.close()
    node.until(lambda: not node.streams.streams)


def test_who_has_registered_stays_and_others_do_not(node):
    phone, idle = node.come("127.0.0.5"), flood(node, 5)
    assert node.register(phone) == 200
    # Phones on streams register every minute.
    for ahead in (streams.UNKNOWN_IDLE_MS // 2, streams.UNKNOWN_IDLE_MS + streams.SWEEP_MS + 1000):
        node.ahead = ahead
        assert node.register(phone) == 200
    node.until(lambda: len(node.streams.streams) == 1)
    for one in idle:
        assert one.recv(10) == b""
        one.close()
    phone.close()
    node.until(lambda: not node.streams.streams)
