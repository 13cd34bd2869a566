"""A node on the real bus, asked as the command ubus does it and as LuCI does it."""

import importlib.util
import json
import os
import select
import socket
import subprocess
import sys
import urllib.request

import pytest

from tests.support.messages import request

from . import real

CONFIG = """\
config node
	option domain 'home.test'
	list listen '127.0.0.1'
	list trusted '127.0.0.1'
	option sip_port '%d'
	option tls_port '0'
	option ws_port '0'
	option wss_port '0'
	option http_port '0'
config user
	option name 'alice'
	option password 'secret-a'
"""
NO_SESSION = "0" * 32


@pytest.fixture
def router(tmp_path):
    """Return a router with its bus running; the node is not started yet."""
    reason = real.why_unavailable()
    if reason:
        pytest.skip(reason)
    with real.Router(tmp_path, CONFIG % real.free_port()) as made:
        made.start_bus()
        yield made


def rpc(router, session, *params):
    """Call through uhttpd as LuCI does; return the result."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "call", "params": [session, *params]}
    url = "http://127.0.0.1:%d/ubus" % router.http
    asked = urllib.request.Request(url, json.dumps(message).encode())
    with urllib.request.urlopen(asked, timeout=real.SECONDS) as answer:
        return json.load(answer)


def session_of(router, user):
    found = rpc(router, NO_SESSION, "session", "login", {"username": user, "password": "secret"})
    return found["result"][1]["ubus_rpc_session"]


def test_node_that_is_not_root_answers_the_command_ubus(router):
    router.start_node()
    router.ubus("wait_for", "bellhop")
    told = json.loads(router.ubus("call", "bellhop", "status"))
    assert told["domain"] == "home.test" and told["users"] == 1 and told["problems"] == []
    assert '"registrations":{"user":"String"}' in router.ubus("-v", "list", "bellhop")


def test_luci_s_way_through_uhttpd_and_rpcd_reaches_the_same_verbs(router):
    router.start_node()
    router.start_pages()
    owner = session_of(router, "owner")
    told = rpc(router, owner, "bellhop", "registrations", {"user": "alice"})
    assert told["result"] == [0, {"registrations": []}]
    refused = rpc(router, owner, "bellhop", "trace", {"call": "9"})["result"]
    assert refused[0] == 0 and "there is no call '9'" in refused[1]["error"]["message"]
    csv = {"csv": "name,number,address\nGran,71,sip:gran@far.test\n"}
    told = rpc(router, owner, "bellhop", "import-phonebook", csv)
    assert told["result"] == [0, {"imported": 1, "left_out": 0}]


def test_rights_of_the_pages_keep_strangers_out_and_guests_from_changes(router):
    router.start_node()
    router.start_pages()
    guest = session_of(router, "guest")
    assert rpc(router, guest, "bellhop", "status", {})["result"][0] == 0
    for session, verb in ((guest, "import-phonebook"), (NO_SESSION, "status")):
        assert "denied" in rpc(router, session, "bellhop", verb, {})["error"]["message"]


def test_bus_without_the_rights_is_told_and_joined_after_a_hup(router):
    router.give_rights("daemon")
    bus = router.processes[0]
    bus.send_signal(1)
    router.start_node()
    router.until(lambda: "ubusd refuses the object 'bellhop'" in router.output.read_text())
    router.give_rights("nobody")
    bus.send_signal(1)
    router.ubus("wait_for", "bellhop")


def test_object_returns_after_a_restart_of_ubusd(router):
    router.start_node()
    router.ubus("wait_for", "bellhop")
    router.processes[0].kill()
    router.processes[0].wait(real.SECONDS)
    router.start_bus()
    router.ubus("wait_for", "bellhop")
    assert json.loads(router.ubus("call", "bellhop", "status"))["users"] == 1


def command(router, user, *words, **environment):
    """Run the command `bellhop` as a user who may not use the control socket."""
    line = ["setpriv", "--reuid=" + user, "--clear-groups", "--", sys.executable, "-m", "bellhop"]
    return subprocess.run(
        router._inside([*line, *words]), env=dict(router._environment(), **environment),
        capture_output=True, text=True, timeout=real.SECONDS,
    )  # fmt: skip


def test_command_of_a_user_without_the_socket_asks_by_ubus(router):
    if not importlib.util.find_spec("ubus"):
        pytest.skip("no python-ubus (OpenWrt's python3-ubus)")
    router.start_node(as_packaged=True)
    router.ubus("wait_for", "bellhop")
    told = command(router, "daemon", "status")
    assert told.returncode and "belongs to another user" in told.stderr
    assert "by ubus: " in told.stderr
    rights = {"user": "daemon", "access": {"bellhop": {"methods": ["*"]}}}
    (router.folder / "bus/reader.json").write_text(json.dumps(rights))
    (router.folder / "bus/reader.json").chmod(0o644)
    router.processes[0].send_signal(1)
    told = command(router, "daemon", "status", "--json")
    assert json.loads(told.stdout)["domain"] == "home.test", told
    told = command(router, "daemon", "trace", "9")
    assert told.stderr.startswith("bellhop: there is no call '9'")


def test_command_without_socket_and_python_ubus_says_what_to_do(router):
    router.start_node(as_packaged=True)
    paths = os.environ.get("PYTHONPATH", "").split(":")
    without = ":".join(path for path in paths if not os.path.exists(path + "/ubus.so"))
    told = command(router, "daemon", "status", PYTHONPATH=without)
    assert "try as root, or install python3-ubus" in told.stderr


def test_listener_on_the_bus_sees_a_call(router):
    router.start_node()
    router.ubus("wait_for", "bellhop")
    port = json.loads(router.ubus("call", "bellhop", "status"))["listening"][0]["port"]
    listener = router.start("bin/ubus", "listen", "bellhop.*", stdout=subprocess.PIPE)
    number = 0
    while not select.select([listener.stdout], [], [], 0.2)[0]:  # Until it listens.
        number += 1
        invite(port, number)
    heard = json.loads(listener.stdout.readline())["bellhop.call"]
    assert heard["callee"] == "alice@home.test" and heard["status"] == 480


def invite(port, number):
    """Call alice, who has no phone."""
    data = request("INVITE", "sip:alice@home.test", to="<sip:alice@home.test>",
                   call_id="call-%d" % number, branch="z9hG4bK%d" % number)  # fmt: skip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.sendto(data, ("127.0.0.1", port))
