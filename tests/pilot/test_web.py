"""The server of the pages by its octets: forgery, bounds, CardDAV, the emergency kit."""

import base64
import json
import re
import socket
import time

import pytest

from tests.system.sipp.runner import free_ports
from tests.system.test_shell_node import CONFIG, Process

MORE = """\
config user
	option name 'bob'
	option display_name 'Bob <b>'
	option extension '202'
	option password 'secret-b'
	option pilot 'see'
"""
OWN = {"Content-Type": "application/json"}


class Site(Process):
    """A node whose pages are asked by hand."""

    def __init__(self, folder):
        super().__init__(folder)
        (self.ports["http"],) = free_ports(1)
        text = (CONFIG % self.ports).replace("http_port '0'", "http_port '%d'" % self.ports["http"])
        self.config.write_text(
            text.replace("option tls_port", "option https_port '0'\n\toption tls_port", 1) + MORE
        )

    def ask_http(self, method, path, fields=(), body=b""):
        """Return (status, {field: value}, body)."""
        fields = {"Host": "127.0.0.1:%d" % self.ports["http"], **dict(fields)}
        head = ["%s %s HTTP/1.1" % (method, path), *("%s: %s" % one for one in fields.items())]
        head.append("Content-Length: %d" % len(body))
        with socket.create_connection(("127.0.0.1", self.ports["http"]), timeout=20) as made:
            made.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            data = b""
            while more := made.recv(65536):
                data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        return int(lines[0].split()[1]), dict(one.split(": ", 1) for one in lines[1:]), body

    def api(self, verb, fields=(), **arguments):
        """Return (status, answer) of a verb of the page."""
        body = json.dumps({"verb": verb, "arguments": arguments}).encode()
        status, _, body = self.ask_http("POST", "/api", {**OWN, **dict(fields)}, body)
        return status, json.loads(body)

    def cookie(self, user, password):
        """Return the field of who is signed in."""
        body = json.dumps({"verb": "sign-in", "arguments": {"user": user, "password": password}})
        _, fields, _ = self.ask_http("POST", "/api", OWN, body.encode())
        return {"Cookie": fields["Set-Cookie"].partition(";")[0]}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site")).start()
    made.wait_for("bellhop is running")
    try:
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize("length", [b"\xb2", b"9" * 5000, b"-1", b"+1", b"0x1", b"1 1"])
def test_a_length_that_is_no_number_is_refused_in_words(site, length):
    with socket.create_connection(("127.0.0.1", site.ports["http"]), timeout=20) as made:
        made.sendall(b"POST /api HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\n")
        data = b""
        while more := made.recv(65536):
            data += more
    assert data.startswith(b"HTTP/1.1 413 ")
    assert "Traceback" not in site.output.read_text()


def test_files_say_what_a_browser_may_do_with_them_and_come_once(site):
    status, fields, body = site.ask_http("GET", "/")
    assert status == 200 and b"/pilot.js" in body
    assert "default-src 'self'" in fields["Content-Security-Policy"]
    assert (fields["X-Content-Type-Options"], fields["Referrer-Policy"]) == (
        "nosniff",
        "no-referrer",
    )
    again, _, rest = site.ask_http("GET", "/", {"If-None-Match": fields["ETag"]})
    assert (again, rest) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ("/../pilot.js", "/words/../../limits.py", "/%2e%2e/limits.py", "/words/", "/.git.json",
     "//etc.css",
     "/words/words/en.json", "/limits.py", "/pilot.js.gz", "/pilot.js%00.css"),
)  # fmt: skip
def test_no_other_file_is_reached(site, path):
    assert site.ask_http("GET", path)[0] in (400, 404)


def test_who_is_not_signed_in_gets_nothing(site):
    for fields in ({}, {"Cookie": "bellhop=" + "a" * 32}, {"Cookie": "bellhop="}, {"Cookie": "x"}):
        assert site.api("me", fields)[0] == 401
        assert site.ask_http("GET", "/events", fields)[0] == 401


def test_forged_requests_are_refused(site):
    mine = site.cookie("alice", "secret-a")
    host = "127.0.0.1:%d" % site.ports["http"]
    for fields, wanted in (
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.test"}, 421),
        ({"Origin": "http://" + host, "Sec-Fetch-Site": "same-origin"}, 200),
    ):
        body = b'{"verb":"me"}'
        assert site.ask_http("POST", "/api", {**OWN, **mine, **fields}, body)[0] == wanted, fields
    assert site.ask_http("GET", "/api", mine)[0] == 403


def test_the_user_is_who_is_signed_in_whatever_is_asked(site):
    mine = site.cookie("bob", "secret-b")
    status, answer = site.api("me", mine, user="alice")
    assert (status, answer["result"]["name"]) == (200, "bob")
    for verb in ("status", "users", "calls", "history", "trace", "pilot-link", "kit", "wishes",
                 "phone-file", "export-identity", "set-wish", "events", "reload"):  # fmt: skip
        assert "there is no verb" in site.api(verb, mine, user="alice")[1]["error"]["message"]


def test_who_may_only_see_changes_nothing(site):
    mine = site.cookie("bob", "secret-b")
    for verb in ("dial", "send", "set-contact", "set-my-wishes", "add-phone", "hangup", "price"):
        words = site.api(verb, mine, to="201", text="x")[1]["error"]["message"]
        assert "right" in words, verb


def test_garbage_is_refused_and_the_node_goes_on(site):
    mine = site.cookie("alice", "secret-a")
    for body in (b"", b"[]", b"{", b'{"verb":1}', b'{"verb":"me","arguments":7}', b"[" * 20000,
                 b'{"verb":"me","arguments":{"user":["x"]}}', b"\xff\xfe",
                 b'{"verb":{"a":1}}'):  # fmt: skip
        assert site.ask_http("POST", "/api", {**OWN, **mine}, body)[0] in (200, 400)
    assert site.api("me", mine)[0] == 200
    assert "Traceback" not in site.output.read_text()


def test_two_hundred_guesses_leave_the_node_answering_sip(site):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", site.ports["http"])):
        for number in range(200):
            assert site.api("sign-in", token="guess%d" % number)[1]["error"]
    from tests.system.test_shell_node import options

    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.settimeout(5)
    probe.sendto(options("UDP"), ("127.0.0.1", site.ports["sip"]))
    assert probe.recv(4096).startswith(b"SIP/2.0 200")
    assert (
        "an hour" in site.api("sign-in", user="alice", password="secret-a")[1]["error"]["message"]
    )
    assert time.monotonic() - began < 60


def test_a_seventeenth_page_sends_the_first_away(site, tmp_path):
    made = Site(tmp_path).start()
    made.wait_for("bellhop is running")
    try:
        mine = made.cookie("alice", "secret-a")
        pages = []
        for _ in range(17):
            one = socket.create_connection(("127.0.0.1", made.ports["http"]), timeout=10)
            head = "GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n\r\n" % mine["Cookie"]
            one.sendall(head.encode())
            assert b"event: me" in b"".join(iter(lambda one=one: _until(one), b""))
            pages.append(one)
        rest = b""
        while more := pages[0].recv(65536):
            rest += more
        assert b"event: bye" in rest
    finally:
        made.stop()


def _until(stream):
    """Return what came up to the first state, then nothing."""
    if getattr(_until, "last", None) is stream:
        return b""
    data = b""
    while b"event: messages" not in data:
        data += stream.recv(65536)
    _until.last = stream
    return data


def test_the_phone_book_is_a_read_only_collection_of_cards(tmp_path):
    site = Site(tmp_path).start()
    site.wait_for("bellhop is running")
    try:
        made = json.loads(site.ask("add-phone", "alice", "other", "Mobile", "--json").stdout)
        basic = base64.b64encode(("%s:%s" % (made["login"], made["password"])).encode()).decode()
        login = {"Authorization": "Basic " + basic, "Depth": "1"}
        assert site.ask_http("PROPFIND", "/dav/")[0] == 401
        status, fields, _ = site.ask_http("OPTIONS", "/dav/book/")
        assert (status, fields["DAV"]) == (200, "1, 3, addressbook")
        status, _, body = site.ask_http("PROPFIND", "/dav/", login, b"<propfind/>")
        assert status == 207 and b"addressbook-home-set" in body
        asked = b"<C:addressbook-query><prop><C:address-data/></prop></C:addressbook-query>"
        status, _, body = site.ask_http("REPORT", "/dav/book/", login, asked)
        from xml.dom import minidom

        rows = minidom.parseString(body).getElementsByTagName("c:address-data")
        cards = [row.firstChild.data for row in rows]
        assert any("FN:Bob <b>" in one and "TEL;TYPE=VOICE:202" in one for one in cards)
        place = re.search(rb"<d:href>(/dav/book/\w+\.vcf)</d:href>", body)[1].decode()
        assert site.ask_http("GET", place, login)[2].startswith(b"BEGIN:VCARD")
        for method in ("PUT", "DELETE", "MKCOL", "PROPPATCH"):
            assert site.ask_http(method, place, login)[0] == 403
    finally:
        site.stop()


def test_a_link_is_printed_whole_with_a_code_and_opens_the_page(tmp_path):
    site = Site(tmp_path).start()
    site.wait_for("bellhop is running")
    try:
        for words, path in (
            (("pilot-link", "alice"), r"/#in="),
            (("add-phone", "alice", "linphone"), "/p/"),
        ):
            told = site.ask(*words).stdout
            (found,) = re.findall(r"  (http://[\d.]+:%d%s\w+)\n" % (site.ports["http"], path), told)
            assert "it holds once, for 10 minutes" in told
            assert "\u2588" in told or "segno" in told
            if path == "/p/":
                assert site.ask_http("GET", found[found.index("/p/") :])[0] == 200
            else:
                _, answer = site.api("sign-in", token=found.rpartition("=")[2])
                assert answer["result"]["user"] == "alice"
    finally:
        site.stop()


def test_the_owner_sees_where_a_page_is_open_and_closes_it(tmp_path):
    site = Site(tmp_path).start()
    site.wait_for("bellhop is running")
    try:
        first, second, bob = (site.cookie(*one) for one in (
            ("alice", "secret-a"), ("alice", "secret-a"), ("bob", "secret-b")))  # fmt: skip
        rows = json.loads(site.ask("page-sessions", "alice", "--json").stdout)["sessions"]
        assert len(rows) == 2 and set(rows[0]) == {"id", "browser", "day"}
        assert not site.ask("sign-out", "alice", rows[0]["id"]).returncode
        assert (site.api("me", first)[0], site.api("me", second)[0]) == (401, 200)
        assert "signed out: 1" in site.ask("sign-out", "alice").stdout
        assert (site.api("me", second)[0], site.api("me", bob)[0]) == (401, 200)
        assert "no user 'eve'" in site.ask("sign-out", "eve").stderr
    finally:
        site.stop()


def test_the_help_lists_what_people_type_and_not_what_the_page_asks_for(tmp_path):
    site = Site(tmp_path)
    listed = site.ask("--help").stdout
    assert "pilot-link" in listed and "add-phone" in listed
    assert "my-calls" not in listed and "device-enter" not in listed
    assert "the calls of a user that go on" in site.ask("my-calls", "--help").stdout


def test_a_kit_is_a_sheet_with_a_code_for_each_phone(tmp_path):
    site = Site(tmp_path).start()
    site.wait_for("bellhop is running")
    try:
        config = site.config.read_text()
        site.config.write_text(
            config.replace("option domain", "option field_mode '1'\n\toption domain", 1)
        )
        assert not site.ask("reload").returncode
        sheet = site.ask("kit", "--count", "3", "--router", "192.168.1.1").stdout
        assert sheet.count('class="code"') == 3 and "Help: dial 112" in sheet
        (tmp_path / "kit.html").write_text(sheet)
        (url, *_) = re.findall(r'data-text="http://192.168.1.1:\d+(/p/\w+)"', sheet)
        assert b"guest900" in site.ask_http("GET", url)[2]
        text = site.ask("kit", "--count", "1", "--text").stdout
        assert "account guest903" in text
        config = site.config.read_text()
        site.config.write_text(config.replace("field_mode '1'", "field_mode '0'"))
        assert not site.ask("reload").returncode
        assert "guest" not in site.ask("users").stdout
        refused = site.ask("kit")
        assert refused.returncode and "field_mode" in refused.stderr
    finally:
        site.stop()


def connected(site, host, octets=b""):
    """Return a connection from another address, which has said something."""
    made = socket.create_connection(("127.0.0.1", site.ports["http"]), 60, (host, 0))
    made.sendall(octets)
    return made


def test_who_holds_many_connections_keeps_nobody_else_out(site):
    held = [connected(site, "127.0.0.9") for _ in range(100)]
    # Those who ask for much and read nothing hold theirs as well.
    ask = b"GET /pilot.js HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % site.ports["http"]
    held += [connected(site, "127.0.0.8", ask) for _ in range(100)]
    assert site.ask_http("GET", "/")[0] == 200
    ended = 0
    for one in held[:100]:  # The oldest ones of who has most have gone.
        one.settimeout(60)
        ended += one.recv(1) == b""
    assert ended == 100
    for one in held:
        one.close()


def test_apps_of_one_device_keep_no_other_from_being_woken(site):
    line = b"GET /up%08d/json HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"
    port = site.ports["http"]
    mine = connected(site, "127.0.0.7", line % (999, port))
    assert b"open" in mine.recv(4096) + mine.recv(4096)
    held = [connected(site, "127.0.0.6", line % (number, port)) for number in range(80)]
    for one in held:
        assert one.recv(4096)
    another = connected(site, "127.0.0.5", line % (998, port))
    assert b"200 OK" in another.recv(4096)
    for topic, app in ((999, mine), (998, another)):
        assert site.ask_http("POST", "/up%08d" % topic, (), b"wake")[0] == 200
        heard = b""
        while b"wake" not in heard:
            more = app.recv(4096)
            assert more, heard
            heard += more
    for one in [mine, another, *held]:
        one.close()
