"""One interface to both nodes: the full node's command, that of the lite one, LuCI by rpcd."""

import json
import os
import subprocess
import sys

import pytest

from bellhop.world.rows import ROWS
from tests.lite.server import Lite, Phone
from tests.mesh.handset import call
from tests.mesh.town import DOMAIN
from tests.support import interpreter
from tests.support.interpreter import ROOT
from tests.system.sipp.runner import free_ports

FILES = ROOT / "openwrt" / "bellhop-lite" / "files"
ACL = ROOT / "openwrt/luci-app-bellhop/root/usr/share/rpcd/acl.d/luci-app-bellhop.json"
READING = ("status", "users", "groups", "registrations", "calls", "history", "phonebook")
MESH = ("identity", "peers", "routes", "mesh")
LISTED = (*READING, *MESH)


@pytest.fixture(scope="module")
def server(compiled, tmp_path_factory):
    """A running lite node that has had one call."""
    made = Lite(tmp_path_factory.mktemp("node"), free_ports(1)[0], ("alice", "bob"))
    made.compiled, made.domain, made.mesh = compiled, DOMAIN, free_ports(2)
    made.start()
    phones = [Phone(made, user).register() for user in made.users]
    call(*phones, "bob")
    yield made
    for one in phones:
        one.close()
    made.stop()


def run(*command, folder=None, **environment):
    """Return what a command printed, in a folder; it must succeed."""
    finished = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **environment},
        cwd=folder,
        input="{}",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def lite_command(server, *words, folder=None):
    """Return what the command of a lite router prints, by the script that the package installs."""
    places = {
        "MICROPYTHON": interpreter.micropython(),
        "MICROPYPATH": "%s:.frozen" % server.compiled.folder,
        "BELLHOP_HEAP_KB": "2048",
    }
    return run("sh", FILES / "bellhop", *words, folder=folder, **places)


@pytest.mark.parametrize("verb", LISTED)
def test_both_commands_show_the_same_answer(server, verb):
    shown = run(sys.executable, "-m", "bellhop", "--state", server.state, verb, "--json")
    theirs = json.loads(lite_command(server, "--state", str(server.state), "--json", verb))
    ours = json.loads(shown)
    assert set(ours) == set(theirs)
    assert run(sys.executable, "-m", "bellhop", "--state", server.state, verb).strip()


def test_status_says_what_is_left_to_a_full_node(server):
    status = json.loads(lite_command(server, "--state", str(server.state), "--json", "status"))
    assert {"media relay", "DHT"} <= set(status["left_to_full_node"])
    assert status["signatures"] == "Ed25519 by libsodium"


def test_trace_and_words_for_people(server):
    assert "INVITE sip:bob@" in lite_command(server, "--state", str(server.state), "trace", "1")
    assert "name: alice" in lite_command(server, "--state", str(server.state), "users")


def test_password_that_is_hashed_here_is_one_that_the_node_takes(server):
    config = server.folder / "bellhop.config"
    shown = lite_command(server, "--config", str(config), "hash-password", "carol")
    again = server.folder / "again"
    lines = [line for line in shown.splitlines() if "ha1" in line]
    again.write_text(config.read_text() + "config user\n\toption name carol\n" + "\n".join(lines))
    assert "3 users" in lite_command(server, "--config", str(again), "check-config")


def test_rpcd_offers_every_verb_and_every_call_of_the_pages(server):
    methods = json.loads(lite_command(server, "rpcd"))
    for verb, names in {row.verb: row.arguments for row in ROWS if row.owner != "control"}.items():
        assert set(methods[verb]) == set(names), verb
    rights = json.loads(ACL.read_text())["luci-app-bellhop"]
    assert set(rights["read"]["ubus"]["bellhop"]) <= set(methods)
    assert set(rights["write"]["ubus"]["bellhop"]) <= set(methods)


def test_rpcd_answers_as_the_node_does_and_puts_errors_into_words(server):
    users = json.loads(lite_command(server, "--state", str(server.state), "rpcd", "users"))
    assert [user["name"] for user in users["users"]] == ["alice", "bob"]
    refused = json.loads(lite_command(server, "--state", str(server.state), "rpcd", "trust"))
    assert refused["error"]["message"]


def test_modules_in_the_folder_where_it_is_called_are_not_loaded(server, tmp_path):
    for name in ("socket", "argparse", "bellhop"):
        (tmp_path / (name + ".py")).write_text("raise SystemExit('loaded')\n")
    assert "name: alice" in lite_command(
        server, "--state", str(server.state), "users", folder=tmp_path
    )


def test_version_is_that_of_the_package(server):
    makefile = (ROOT / "openwrt" / "bellhop-lite" / "Makefile").read_text()
    version = lite_command(server, "--version").split()[1]
    assert "PKG_VERSION:=%s\n" % version in makefile
