"""What a web page of somebody else, and a host outside of the house, may ask of the node."""

import socket

import pytest

from bellhop.effects import Flow, Resolve
from bellhop.shell.origins import Guard
from bellhop.shell.resolver import Resolver
from bellhop.world import netlink
from tests.support.exchange import Exchange, telephone
from tests.support.messages import flow, request, settings
from tests.system.test_shell_http import PATH, Server
from tests.system.test_shell_streams import TlsServer, shell  # noqa: F401

UPGRADE = (
    "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: sip\r\n%s\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("web")).start()
    made.wait_for("bellhop is running")
    try:
        yield made
    finally:
        made.stop()


def upgraded(server, host, origin):
    """Return the status of an opening handshake that a page of an Origin makes."""
    with socket.create_connection(("127.0.0.1", server.ports["ws"]), timeout=20) as made:
        line = "Origin: %s\r\n" % origin if origin else ""
        made.sendall((UPGRADE % (host, line)).encode())
        return made.recv(4096).split(b" ")[1]


@pytest.mark.parametrize("origin", [
    "https://evil.example", "http://evil.example:8088", "null", "file://", "http://203.0.113.9",
    "http://home.test.evil.example", "http://evil.example/home.test", "http://home.test@evil.example",
    "https://127.0.0.1.evil.example", "http://localhost.evil.example", "home.test", "//home.test",
])  # fmt: skip
def test_a_page_of_another_site_opens_no_websocket(server, origin):
    for host in ("home.test", "evil.example", "127.0.0.1"):
        assert upgraded(server, host, origin) == b"403"


@pytest.mark.parametrize("origin", [
    "", "http://home.test", "https://home.test:8443", "http://127.0.0.1:8000", "http://localhost",
    "http://[::1]:3000", "https://HOME.test.",
])  # fmt: skip
def test_pages_of_this_machine_and_programs_open_one(server, origin):
    assert upgraded(server, "home.test", origin) == b"101"


def test_the_owner_may_let_another_site_in():
    guard = Guard()
    guard.adopt(settings("list web_origin https://phone.example\n\tlist web_origin pbx.example\n"))
    for origin in ("https://phone.example", "http://pbx.example:1"):
        assert guard.allows(origin)
    for origin in ("http://phone.example", "https://phone.example.evil.test", "https://a.b"):
        assert not guard.allows(origin)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8086", "home.test.evil.example",
                                  "localhost.evil.example", "openwrt.evil.example"])  # fmt: skip
def test_a_name_that_was_pointed_here_gets_no_phone_book(server, host):
    for line in (f"GET {PATH} HTTP/1.1\r\nHost: {host}", f"GET http://{host}{PATH} HTTP/1.1"):
        status, _, body = server.fetch(line + "\r\n\r\n")
        assert status == "421 Misdirected Request"
        assert b"Telephone" not in body


@pytest.mark.parametrize("host", ["home.test", "127.0.0.1", "LOCALHOST:8086", "[::1]:8086", ""])
def test_the_names_of_this_machine_do(server, host):
    line = f"Host: {host}\r\n" if host else ""
    assert server.fetch(f"GET {PATH} HTTP/1.0\r\n{line}\r\n")[0] == "200 OK"


def guard_with(monkeypatch, networks, node=""):
    monkeypatch.setattr(netlink, "networks", lambda: networks)
    guard = Guard()
    guard.adopt(settings(node))
    return guard


NETWORKS = [
    ("192.168.1.1", bytes([192, 168, 1, 1]), 24), ("10.64.0.9", bytes([10, 64, 0, 9]), 10),
    ("127.0.0.1", bytes([127, 0, 0, 1]), 8),
    ("2001:db8:1::1", bytes.fromhex("20010db8000100000000000000000001"), 64),
]  # fmt: skip


def test_near_are_the_networks_in_which_the_node_listens(monkeypatch):
    guard = guard_with(monkeypatch, NETWORKS)
    for host in ("192.168.1.77", "127.0.0.1", "::1", "fe80::1%eth0", "2001:db8:1::77"):
        assert guard.is_near(host), host
    for host in ("192.168.2.1", "10.1.2.3", "10.64.0.10", "172.16.0.1", "203.0.113.1", "fd00::1",
                 "2001:db8:2::1", "100.64.0.1", "x"):  # fmt: skip
        assert not guard.is_near(host), host
    guard = guard_with(monkeypatch, NETWORKS, "list listen 2001:db8:1::1\n")
    assert not guard.is_near("192.168.1.77")
    assert guard.is_near("2001:db8:1::77")


def test_the_phone_book_listens_where_listen_says(server):
    """The configuration has the two addresses of the loopback in `listen`."""
    port, found = "%04X" % server.ports["http"], []
    for name in ("tcp", "tcp6"):
        with open("/proc/net/" + name) as file:
            rows = [line.split()[1:4] for line in file if ":" in line]
        found += [row[0] for row in rows if row[0].endswith(":" + port) and row[2] == "0A"]
    loopback = {"0100007F:" + port, "0" * 24 + "01000000:" + port}
    assert found and set(found) <= loopback


# TLS.


def test_sips_never_leaves_over_anything_but_tls():
    for transport in ("udp", "tcp"):
        exchange = Exchange(settings("list trusted 10.0.0.9\n"))
        bob = telephone(exchange, "B", "bob", "10.0.0.3", transport)
        for number, uri in enumerate(("sips:bob@home.test", "SIPS:202@home.test")):
            for method in ("INVITE", "MESSAGE", "ACK", "BYE"):
                data = request(method, uri, via="10.0.0.9", call_id="%d%s" % (number, method),
                               branch="z9hG4bK%d%s" % (number, method))  # fmt: skip
                exchange.receive(data, flow("10.0.0.9"))
                exchange.advance(1000)
        sent = [one for _, one in exchange.sent if one.flow.host == bob.flow.host]
        assert sent == []


def test_sips_reaches_a_phone_on_tls():
    exchange = Exchange(settings("list trusted 10.0.0.9\n"))
    bob = telephone(exchange, "B", "bob", "10.0.0.3", "tls")
    sent = exchange.receive(
        request("INVITE", "sips:bob@home.test", via="10.0.0.9"), flow("10.0.0.9")
    )
    assert [one.flow for one in sent] == [bob.flow]


def test_sips_to_a_speed_dial_asks_for_tls():
    more = "config contact\n\toption number 9\n\toption address sips:gran@far.test\n"
    exchange = Exchange(settings("list trusted 10.0.0.9\n", more=more))
    exchange.receive(request("INVITE", "sip:9@home.test", via="10.0.0.9"), flow("10.0.0.9"))
    (asked,) = exchange.questions
    assert asked.secure
    exchange.resolve([Flow("udp", 0, "203.0.113.9", 5060, 0, "")])
    exchange.advance(1000)
    assert not [one for _, one in exchange.sent if one.flow.host == "203.0.113.9"]


class Answers:
    """What a Resolver needs of a loop."""

    def __init__(self):
        self.hops = None

    def resolved(self, query, hops, problem):
        self.hops = hops


def test_a_certificate_must_show_the_address_that_sips_names(shell, tmp_path):  # noqa: F811
    heard = Answers()
    resolver = Resolver(heard, lambda transport, host: shell.tcp, None)
    far = TlsServer(tmp_path)
    try:
        host, port = far.place
        resolver.resolve(Resolve(1, host.encode(), port, None, True))
        (hop,) = heard.hops
        assert (hop.transport, hop.name) == ("tls", host)
        shell.send(hop)
        shell.until(lambda: shell.engine.failed)
        assert "certificate" in shell.engine.failed[0][1].lower()
        resolver.resolve(Resolve(2, host.encode(), port, "tls", False))
        assert heard.hops[0].name == ""
    finally:
        far.close()
