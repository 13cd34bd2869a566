"""A backup made on one node opens on another, of whichever interpreter, and on nobody else's."""

import contextlib
import subprocess
import sys

import pytest

from bellhop.errors import BellhopError
from bellhop.shell import command
from tests.lite.server import Lite
from tests.system.sipp.runner import free_ports

PASSPHRASE = "four words that suffice"
CSV = "name,number,address\nGran,71,sip:gran@far.test\n"


class Full(Lite):
    """A full node with the same configuration."""

    name = "bellhop"

    def configure(self):
        command, environment = super().configure()
        at = command.index("-m")
        return [sys.executable, *command[at:]], environment


KINDS = {"lite": Lite, "full": Full}


@pytest.fixture
def nodes(compiled, tmp_path):
    """start(kind) gives a running node of its own."""
    started = []

    def start(kind):
        folder = tmp_path / str(len(started))
        folder.mkdir()
        made = KINDS[kind](folder, free_ports(1)[0], ("alice",))
        made.compiled, made.mesh = compiled, free_ports(2)
        started.append(made)
        made.start()
        return made

    yield start
    for one in started:
        one.stop()


def ask(node, verb, **arguments):
    """Return the answer of a node to a verb."""
    with (
        contextlib.closing(command.connect(str(node.state))) as connection,
        connection.makefile("rb") as lines,
    ):
        return command.ask(connection, lines, verb, arguments)


def refusal(node, verb, **arguments):
    """Return why a node does not do what a verb wants."""
    with pytest.raises(BellhopError) as refused:
        ask(node, verb, **arguments)
    return str(refused.value)


@pytest.mark.parametrize(("old", "new"), [("lite", "full"), ("full", "lite"), ("lite", "lite")])
def test_the_new_router_takes_over_key_and_phone_book(nodes, old, new):
    before, after = nodes(old), nodes(new)
    key = ask(before, "identity")["key"]
    ask(before, "import-phonebook", csv=CSV)
    sealed = ask(before, "backup", passphrase=PASSPHRASE)["sealed"]
    assert sealed.startswith("bellhop-backup-1:") and "gran" not in sealed
    given = {"sealed": sealed, "passphrase": PASSPHRASE}
    assert "gives that one up for ever" in refusal(after, "restore", **given)
    assert ask(after, "identity")["key"] != key
    told = ask(after, "restore", replace="1", **given)
    assert told == {"restored": ["phonebook"], "is_restart_needed": True}
    after.stop()
    after.start()
    assert ask(after, "identity")["key"] == key
    assert "Gran" in [entry["display"] for entry in ask(after, "phonebook")["phonebook"]]
    assert ask(after, "restore", **given)["is_restart_needed"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_weak_or_wrong_is_refused_with_a_sentence(nodes, kind):
    node = nodes(kind)
    for passphrase in ("short", "elevenletts", "aaaaaaaaaaaaaaaa"):
        for verb in ("backup", "export-identity"):
            assert "at least 12 letters" in refusal(node, verb, passphrase=passphrase)
    sealed = ask(node, "backup", passphrase=PASSPHRASE)["sealed"]
    wrong = "the passphrase is wrong, or the text is not whole"
    assert refusal(node, "restore", sealed=sealed, passphrase="another passphrase") == wrong
    for text in (sealed[:-8], sealed[:40], "bellhop-backup-1:", "bellhop-backup-1:%%%"):
        assert refusal(node, "restore", sealed=text, passphrase=PASSPHRASE) == wrong
    assert "no such copy" in refusal(node, "restore", sealed="nonsense", passphrase=PASSPHRASE)


def test_an_identity_alone_opens_too_and_a_long_text_comes_in_pieces(nodes):
    before, after = nodes("full"), nodes("lite")
    sealed = ask(before, "export-identity", passphrase=PASSPHRASE)["sealed"]
    assert sealed.startswith("bellhop-identity-1:")
    middle = len(sealed) // 2
    ask(after, "restore", sealed=sealed[:middle], more="1")
    given = {"sealed": sealed[middle:], "passphrase": PASSPHRASE, "replace": "1"}
    assert ask(after, "restore", **given) == {"restored": [], "is_restart_needed": True}


def test_the_command_makes_and_takes_a_backup(nodes, tmp_path):
    before, after = nodes("full"), nodes("full")

    def bellhop(node, *words):
        return subprocess.run(
            [sys.executable, "-m", "bellhop", "--state", str(node.state), *words],
            input=PASSPHRASE + "\n", capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    file = tmp_path / "backup.txt"
    file.write_text(bellhop(before, "backup").stdout)
    assert "another identity" in bellhop(after, "restore", str(file)).stderr
    assert "restart the node" in bellhop(after, "restore", str(file), "--replace").stdout
    after.stop()
    after.start()
    assert ask(after, "identity") == ask(before, "identity")
