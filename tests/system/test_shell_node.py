"""A node as a process on loopback: transports, control, reload, first run, errors at start."""

import contextlib
import hashlib
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time

import pytest

from tests.mesh.town import wait_until
from tests.system.sipp.runner import free_ports

PATIENCE = 60
CONFIG = """\
config node
	list listen '127.0.0.1'
	list listen '::1'
	option domain 'home.test'
	option sip_port '%(sip)d'
	option tls_port '%(tls)d'
	option ws_port '%(ws)d'
	option wss_port '0'
	option http_port '0'
config user
	option name 'alice'
	option extension '201'
	option password 'secret-a'
"""
OPTIONS = (
    "OPTIONS sip:home.test SIP/2.0\r\n"
    "Via: SIP/2.0/%s 127.0.0.1:9;branch=z9hG4bK%s;rport\r\n"
    "From: <sip:probe@probe.test>;tag=1\r\nTo: <sip:home.test>\r\nCall-ID: %s\r\n"
    "CSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
)


def options(transport):
    mark = os.urandom(6).hex()
    return (OPTIONS % (transport, mark, mark)).encode()


class Process:
    """One node; its files are in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.ports = dict(zip(("sip", "tls", "ws"), free_ports(3)))
        self.config = folder / "bellhop"
        self.config.write_text(CONFIG % self.ports)
        self.output = folder / "output"
        self.process = None

    def start(self, *words):
        words = words or ("--config", self.config, "--state", self.folder / "state")
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bellhop", *words], stdout=output, stderr=output
            )
        return self

    def wait_for(self, text):
        """Wait until the output holds a text; return the output."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.output.read_text():
            if time.monotonic() > deadline or self.process.poll() is not None:
                break
            time.sleep(0.02)
        assert text in self.output.read_text()
        return self.output.read_text()

    def ask(self, *words):
        """Run the command `bellhop` on this node."""
        return subprocess.run(
            [sys.executable, "-m", "bellhop", "--state", self.folder / "state", *words],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    def control(self, verb):
        """Return the answer of the control socket to a verb."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(PATIENCE)
            control.connect(str(self.folder / "state/control"))
            control.sendall(json.dumps({"verb": verb}).encode() + b"\n")
            return json.loads(control.makefile("rb").readline())["result"]

    def stop(self):
        self.process.terminate()
        return self.process.wait(PATIENCE)


@pytest.fixture
def node(tmp_path):
    made = Process(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait(PATIENCE)


@pytest.fixture
def running(node):
    node.start().wait_for("bellhop is running")
    return node


def test_options_is_answered_over_udp_on_both_address_families(running):
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as phone:
            phone.settimeout(PATIENCE)
            phone.sendto(options("UDP"), (host, running.ports["sip"]))
            data, source = phone.recvfrom(65535)
            assert data.startswith(b"SIP/2.0 200")
            assert source[:2] == (host, running.ports["sip"])


def test_keepalive_and_options_are_answered_over_tcp(running):
    with socket.create_connection(("127.0.0.1", running.ports["sip"]), PATIENCE) as phone:
        phone.sendall(b"\r\n\r\n")
        assert phone.recv(100) == b"\r\n"
        request = options("TCP")
        phone.sendall(request[:50])
        phone.sendall(request[50:])
        assert phone.recv(65535).startswith(b"SIP/2.0 200")


def test_tls_works_with_the_certificate_made_on_the_first_run(running):
    context = ssl.create_default_context(cafile=running.folder / "state/tls/certificate.pem")
    place = ("127.0.0.1", running.ports["tls"])
    with (
        socket.create_connection(place, PATIENCE) as connection,
        context.wrap_socket(connection, server_hostname="home.test") as phone,
    ):
        phone.sendall(options("TLS"))
        assert phone.recv(65535).startswith(b"SIP/2.0 200")
    key = running.folder / "state/tls/key.pem"
    assert key.stat().st_mode & 0o777 == 0o600


def test_websocket_carries_sip(running):
    with socket.create_connection(("127.0.0.1", running.ports["ws"]), PATIENCE) as browser:
        browser.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: sip\r\n\r\n"
        )
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in browser.recv(4096)
        request = options("WS")
        size = len(request).to_bytes(2, "big")
        browser.sendall(b"\x81\xfe" + size + bytes(4) + request)
        answer = browser.recv(65535)
        assert answer[:1] == b"\x81" and b"SIP/2.0 200" in answer


def test_verbs_answer_in_tables_and_in_json(running):
    assert "home.test" in running.ask("status").stdout
    rows = running.ask("users").stdout.splitlines()
    assert rows[1].split()[:2] == ["alice", "201"]
    status = json.loads(running.ask("status", "--json").stdout)
    assert status["users"] == 1 and status["problems"] == []
    assert status["memory_kb"] > 0
    refused = running.ask("trace", "99")
    assert refused.returncode == 1 and "no call '99'" in refused.stderr


def asked(node, verb, **arguments):
    """Return the answer to one request on the control socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(str(node.folder / "state/control"))
        request = {"verb": verb, "arguments": arguments}
        client.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(client.makefile().readline())


def test_an_argument_that_is_no_text_is_refused_in_words(running):
    assert "not a text" in asked(running, "phonebook", format=[])["error"]["message"]
    assert "error" in asked(running, "import-phonebook", csv=5)
    assert "result" in asked(running, "phonebook", format=None)


def test_events_are_streamed(running):
    words = [
        sys.executable,
        "-m",
        "bellhop",
        "--state",
        running.folder / "state",
        "events",
        "--json",
    ]
    with (
        subprocess.Popen(words, stdout=subprocess.PIPE) as listener,
        socket.socket(type=socket.SOCK_DGRAM) as phone,
    ):
        phone.connect(("127.0.0.1", running.ports["sip"]))
        request = options("UDP").replace(b"OPTIONS", b"INVITE")
        request = request.replace(b"sip:home.test", b"sip:nobody@home.test")
        phone.settimeout(0.5)
        event = None
        deadline = time.monotonic() + PATIENCE
        while event is None and time.monotonic() < deadline:
            # The listener may not be there yet: call again until an event comes.
            phone.send(request.replace(b"Call-ID: ", b"Call-ID: " + os.urandom(4).hex().encode()))
            with contextlib.suppress(TimeoutError):
                phone.recv(65535)
            os.set_blocking(listener.stdout.fileno(), False)
            event = listener.stdout.readline() or None
        listener.terminate()
    assert event is not None and json.loads(event)["event"] == "refused"


# What owners do to the file -> what the node says of it. Each leaves alice's phone as it is.
MISTAKES = {
    "config group all\n\tlist member 'bob'\n": "the member 'bob' is no user or group",
    "config node\n\toption sip_port '1'\n": "already a section `config node`",
    "config user 'carol'\n\toption password 'x'\n\toption extension '201'\n": "'201' is already",
    "config user 'carol'\n\toption password 'x'\n\toption forward '299'\n": "no user, group",
    "config user 'carol'\n\toption password 'x'\n\toption forward 'carol'\n": "to itself",
    "config user 'carol'\n\toption password 'x'\n\toption extension '112'\n": "emergency calls",
    "config user\n\toption password 'x'\n": "needs a name",
    "config user 'carol'\n": "has no password",
    "config media\n\toption port_high '16000'\n\toption enabled '0'\n": "port_high must be",
    "config lamp\n\toption colour 'red'\n": "no section `config lamp`",
    "config contact\n\toption address 'gran'\n": "an address such as",
    "\toption responders 'fire\nconfig contact\n": "opened and not closed",
    "config contact\n\toption name 'J\udcfcrgen'\n": "in UTF-8",
    "config contact\n\toption name 'a\0b'\n": "text on one line",
    "nonsense\n": "expected is `config TYPE",
}


@pytest.mark.parametrize("more", MISTAKES)
def test_a_mistake_costs_what_it_is_about_and_is_told_everywhere(node, more):
    octets = (CONFIG % node.ports + more).encode("utf-8", "surrogateescape")
    node.config.write_bytes(octets)
    node.start().wait_for("bellhop is running")
    assert node.output.read_text().count(MISTAKES[more]) == 1
    assert "alice" in [user["name"] for user in node.control("users")["users"]]
    assert [one for one in node.control("status")["problems"] if MISTAKES[more] in one]
    found = node.control("problems")["problems"]
    (told,) = [one for one in found if MISTAKES[more] in one["wrong"]]
    assert told["line"] > 0 and told["file"] == str(node.config)
    checked = node.control("check-config")
    assert [one["wrong"] for one in checked["problems"]] == [one["wrong"] for one in found]


def test_a_start_and_a_reload_read_alike(node):
    octets = (CONFIG % node.ports + "".join(MISTAKES)).encode("utf-8", "surrogateescape")
    node.config.write_bytes(octets)
    node.start().wait_for("bellhop is running")
    started = node.control("problems")
    assert len(started["problems"]) > 9
    node.config.write_text(CONFIG % node.ports)
    assert node.ask("reload").returncode == 0
    assert node.control("problems") == {"problems": []}
    node.config.write_bytes(octets)
    shown = node.ask("reload").stdout
    assert node.control("problems") == started
    for problem in started["problems"]:
        assert problem["wrong"].partition("\0")[0] in shown


EMPTY = ("", "# all gone\n", "\0" * 4096, None)


@pytest.mark.parametrize("text", EMPTY)
def test_where_the_file_is_gone_the_last_good_one_is_in_force(node, text):
    node.start().wait_for("bellhop is running")
    node.config.unlink()
    if text is not None:
        node.config.write_text(text)
    reloaded = node.ask("reload")
    assert reloaded.returncode == 0 and "the last good configuration is in force" in reloaded.stdout
    assert "config.good is in force" in reloaded.stdout
    assert "alice" in node.ask("users").stdout
    node.stop()
    node.start().wait_for("bellhop is running")
    assert "the last good configuration is in force" in node.output.read_text()
    assert "alice" in node.ask("users").stdout
    assert (node.folder / "state/config.good").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_at_last_is_read_without_a_word(running):
    running.config.rename(running.config.with_suffix(".away"))
    assert "the last good configuration is in force" in running.ask("reload").stdout
    running.config.with_suffix(".away").rename(running.config)
    wait_until(lambda: running.control("problems") == {"problems": []}, "the file is read")


def test_a_faulty_domain_leaves_every_password_as_it_is(running):
    text = CONFIG % running.ports
    running.config.write_text(text.replace("'home.test'", "'home test'"))
    assert "the domain is home.test" in running.ask("reload").stdout
    assert json.loads(running.ask("status", "--json").stdout)["domain"] == "home.test"


def test_a_faulty_file_is_not_kept_as_a_good_one(running):
    running.config.write_text(CONFIG % running.ports + "config user 'carol'\n")
    assert running.ask("reload").returncode == 0
    kept = (running.folder / "state/config.good").read_text()
    assert kept == CONFIG % running.ports


def test_a_missing_file_without_a_copy_ends_the_start_with_a_sentence(node):
    node.config.unlink()
    node.config.mkdir()
    node.start()
    assert node.process.wait(PATIENCE) == 1
    assert "cannot be read" in node.output.read_text()
    assert "Traceback" not in node.output.read_text()


def test_reload_moves_the_listeners(running):
    moved = dict(running.ports, sip=free_ports(1)[0])
    running.config.write_text(CONFIG % moved)
    assert running.ask("reload").returncode == 0
    with socket.create_connection(("127.0.0.1", moved["sip"]), PATIENCE) as phone:
        phone.sendall(options("TCP"))
        assert phone.recv(65535).startswith(b"SIP/2.0 200")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", running.ports["sip"]), PATIENCE)


def billed(node):
    told = node.ask("bill", "--json")
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)["bill"][0]["seconds_out"]


def test_what_joins_at_a_reload_has_what_an_earlier_run_had_kept(node):
    """Else the first thing that it writes takes the place of all that."""
    folder = node.folder / "state"
    folder.mkdir(mode=0o700)
    names = ("calls_out", "seconds_out", "calls_in", "seconds_in", "cost", "mesh_seconds")
    row = dict.fromkeys((*names, "mesh_cost"), 7)
    text = json.dumps([dict(row, id="2026-11 tel")]).encode()
    kept = hashlib.sha256(text).hexdigest().encode() + b"\n" + text + b"\n"
    (folder / "bill.json").write_bytes(kept)
    node.start().wait_for("See it with")
    text = node.config.read_text()
    provider = "config provider\n\toption name tel\n\toption domain tel.test\n"
    node.config.write_text(text + provider + "\toption username x\n\toption password secret\n")
    assert node.ask("reload").returncode == 0
    assert billed(node) == 7
    node.stop()
    node.start().wait_for("See it with")
    assert billed(node) == 7


def test_the_end_is_clean(running):
    assert running.stop() == 0
    assert not (running.folder / "state/control").exists()
    assert "Traceback" not in running.output.read_text()
    refused = running.ask("status")
    assert refused.returncode == 1 and "no node answers" in refused.stderr


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_taken_port_is_named_with_its_holder_once_and_had_when_it_is_free(node, kind):
    with socket.socket(type=kind) as other:
        other.bind(("127.0.0.1", node.ports["sip"]))
        if kind == socket.SOCK_STREAM:
            other.listen()
        node.start().wait_for("bellhop is running")
        with open("/proc/self/comm") as name:
            words = "on 127.0.0.1 is taken by process %s (pid %d)"
            holder = words % (name.read().strip(), os.getpid())
        node.wait_for(holder)
        (problem,) = json.loads(node.ask("status", "--json").stdout)["problems"]
        assert holder in problem
    node.wait_for("no longer: ")
    assert node.output.read_text().count("is taken") == 2
    status = json.loads(node.ask("status", "--json").stdout)
    transport = "udp" if kind == socket.SOCK_DGRAM else "tcp"
    assert status["problems"] == []
    assert {"transport": transport, "host": "127.0.0.1", "port": node.ports["sip"]} in [
        {name: one[name] for name in ("transport", "host", "port")} for one in status["listening"]
    ]
    assert "Traceback" not in node.output.read_text()


def test_a_port_of_the_phone_book_that_is_taken_is_told_and_had_once_it_is_free(node):
    (port,) = free_ports(1)
    row = "\toption http_port '%d'\nconfig user" % port
    node.config.write_text((CONFIG % node.ports).replace("config user", row))
    with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
        for other, host in ((four, "127.0.0.1"), (six, "::1")):
            other.bind((host, port))
            other.listen()
        node.start().wait_for("bellhop is running")
        (told,) = node.control("problems")["problems"]
        assert (told["what"], told["option"]) == ("port not free", "http_port")
        assert told["value"] == str(port) and "in use" in told["wrong"]
    node.wait_for("no longer: no pages and no phone book over HTTP")
    assert node.control("problems")["problems"] == []


def test_the_list_of_providers_cuts_nothing(node):
    numbers = ["+4930%010d" % number for number in range(9)]
    rows = "".join("\tlist number '%s'\n" % one for one in numbers)
    more = "config provider tel\n\toption domain 'tel.test'\n\toption username 'x'\n" + rows
    node.config.write_text(CONFIG % node.ports + more + "\toption register '0'\n")
    node.start().wait_for("bellhop is running")
    text = node.ask("providers").stdout
    assert [one for one in numbers if one not in text] == []
    assert "\u2026" not in text and max(map(len, text.split("\n"))) <= 80


def test_two_nodes_do_not_share_a_folder(running, tmp_path):
    words = ["--config", running.config, "--state", tmp_path / "state"]
    second = subprocess.run(
        [sys.executable, "-m", "bellhop", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert second.returncode == 1 and "another node runs already" in second.stderr
    assert running.ask("status").returncode == 0


def test_check_config_needs_no_node(node):
    good = node.ask("check-config", str(node.config))
    assert good.returncode == 0 and "1 users" in good.stdout
    node.config.write_text("config user\n\toption sip_port 'many'\nnonsense\n")
    checked = node.ask("check-config", str(node.config))
    assert checked.returncode == 1
    told = checked.stdout.replace(str(node.config), "FILE").splitlines()
    assert [line.partition(": ")[0] for line in told] == [
        "FILE:1", "warning", "FILE:3", "FILE has faults",
    ]  # fmt: skip


def test_the_sample_of_the_first_run_is_good_and_holds_no_password(tmp_path):
    from bellhop.settings.schema import SCHEMA
    from bellhop.shell import first_run
    from bellhop.world.settings import read_settings

    path = tmp_path / "bellhop.config"
    passwords = first_run.create(path.as_posix())
    assert path.stat().st_mode & 0o777 == 0o600
    settings = read_settings(path.as_posix())
    assert sorted(settings.users) == ["alice", "bob"] == sorted(passwords)
    for name, value in re.findall(r"^\t#option (\w+) '(.*)'$", path.read_text(), re.MULTILINE):
        option = SCHEMA["node"][name]
        assert option.check(value) == option.default, name
    assert not [word for word in passwords.values() if word in path.read_text()]
    wanted = first_run.hashes("alice", "home.arpa", passwords["alice"])
    assert [value.decode() for value in settings.users["alice"].ha1.values()] == wanted
