"""The phone book server: requests as phones, browsers and proxies write them."""

import socket
from xml.dom import minidom

import pytest

from tests.system.sipp.runner import free_ports
from tests.system.test_shell_node import CONFIG, Process

PATH = "/phonebook/yealink.xml"
HOST = "Host: home.test:8086\r\n"


class Server(Process):
    """A node that serves its phone book."""

    def __init__(self, folder):
        super().__init__(folder)
        (self.ports["http"],) = free_ports(1)
        self.config.write_text(
            (CONFIG % self.ports).replace(
                "option http_port '0'", "option http_port '%d'" % self.ports["http"]
            )
        )

    def fetch(self, *pieces, host="127.0.0.1"):
        """Send a request in pieces; return (status line, header, body)."""
        with socket.create_connection((host, self.ports["http"]), timeout=20) as made:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                made.sendall(piece.encode("latin-1"))
            data = b""
            while more := made.recv(65536):
                data += more
        head, _, body = data.partition(b"\r\n\r\n")
        status, _, header = head.decode().partition("\r\n")
        return status.partition(" ")[2], header, body


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("http")).start()
    made.wait_for("bellhop is running")
    try:
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize(
    "request_line",
    (
        f"GET {PATH} HTTP/1.1",
        f"GET {PATH} HTTP/1.0",
        f"GET {PATH}?mac=001122&page=1 HTTP/1.1",
        f"GET http://home.test:8086{PATH} HTTP/1.1",
        f"GET HTTP://home.test:8086{PATH}?x HTTP/1.1",
        "GET /phonebook/%79ealink%2Exml HTTP/1.1",
        "GET /phonebook/yealink HTTP/1.1",
    ),
)
def test_every_form_of_a_request_is_answered(server, request_line):
    status, _, body = server.fetch(request_line + "\r\n" + HOST.lower() + "\r\n")
    assert status == "200 OK"
    assert b"<Telephone>201</Telephone>" in body


@pytest.mark.parametrize(
    ("request_text", "status"),
    (
        (f"GET {PATH} HTTP/1.0\n\n", "200 OK"),
        (f"GET {PATH} HTTP/1.1\n{HOST.strip()}\n\n", "200 OK"),
        (f"\r\n\r\nGET {PATH} HTTP/1.1\r\n{HOST}\r\n", "200 OK"),
        (f"GET http://home.test{PATH} HTTP/1.1\r\nHost: other.test\r\n\r\n", "200 OK"),
        (f"GET http://other.test{PATH} HTTP/1.1\r\n{HOST}\r\n", "421 Misdirected Request"),
        ("GET http://home.test?x=/ HTTP/1.1\r\n\r\n", "200 OK"),
        ("GET http://home.test HTTP/1.1\r\n\r\n", "200 OK"),
        (f"GET {PATH} HTTP/1.1\r\n{HOST}host: other.test\r\n\r\n", "400 Bad Request"),
        ("GET /" + "a" * 8192, "414 URI Too Long"),
        (f"GET {PATH} HTTP/1.1\r\nX: " + "a" * 8192, "431 Request Header Fields Too Large"),
    ),
)
def test_lines_and_hosts_are_read_as_rfc_9112_says(server, request_text, status):
    assert server.fetch(request_text)[0] == status


def test_a_request_in_pieces_is_one(server):
    whole = f"GET {PATH} HTTP/1.1\r\n{HOST}\r\n"
    assert server.fetch(*[whole[at : at + 9] for at in range(0, len(whole), 9)])[0] == "200 OK"


def test_head_is_get_without_the_body(server):
    ask = f" {PATH} HTTP/1.1\r\n{HOST}\r\n"
    status, header, body = server.fetch("GET" + ask)
    assert server.fetch("HEAD" + ask) == (status, header, b"")
    assert f"Content-Length: {len(body)}" in header


@pytest.mark.parametrize(
    ("request_line", "status"),
    (
        ("GET /phonebook/nokia.xml HTTP/1.1", "404 Not Found"),
        ("GET /nothing HTTP/1.1", "404 Not Found"),
        ("GET http://home.test/x HTTP/1.1", "404 Not Found"),
        ("GET /phonebook/cisco.xml?page=0 HTTP/1.1", "404 Not Found"),
        ("GET /phonebook/cisco.xml?page=%zz HTTP/1.1", "400 Bad Request"),
        ("GET /phonebook/%7 HTTP/1.1", "404 Not Found"),
        ("GET /phonebook/yealink.xml", "400 Bad Request"),
        ("POST /phonebook/yealink.xml HTTP/1.1", "405 Method Not Allowed"),
    ),
)
def test_what_is_not_there_is_refused_in_words(server, request_line, status):
    found, _, body = server.fetch(request_line + "\r\n" + HOST + "\r\n")
    assert found == status
    assert body.strip()


def test_a_cisco_phone_turns_the_pages(server, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("name;number\n" + "".join(f"N{n};{1000 + n}\n" for n in range(70)))
    assert server.ask("import-phonebook", people).returncode == 0
    seen = []
    target = "/phonebook/cisco.xml"
    while target:
        body = server.fetch(f"GET {target} HTTP/1.0\r\n\r\n")[2]
        page = minidom.parseString(body)
        shown = page.getElementsByTagName("Telephone")
        assert len(shown) <= 32
        seen += [one.firstChild.data for one in shown]
        urls = [one.firstChild.data for one in page.getElementsByTagName("URL")]
        base = f"http://127.0.0.1:{server.ports['http']}"
        (target,) = [url.removeprefix(base) for url in urls if url.startswith(base)] or [""]
    assert {str(1000 + n) for n in range(70)} <= set(seen)
