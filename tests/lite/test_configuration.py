"""A wrong line costs a lite node no more than a full one: both read with the same words."""

import contextlib
import subprocess
import sys

import pytest

from tests.lite.server import Lite
from tests.lite.test_backup import ask
from tests.mesh.town import wait_until
from tests.support import interpreter
from tests.support.interpreter import ROOT
from tests.system.sipp.runner import free_ports
from tests.system.test_shell_node import MISTAKES

COMMAND = ROOT / "openwrt" / "bellhop-lite" / "files" / "bellhop"
# Without what a lite node does not have, and what is no text.
MORE = "".join([more for more in MISTAKES if "\udcfc" not in more and "\0" not in more])


@pytest.fixture
def server(compiled, tmp_path):
    """A lite node that is not started; its file has a mistake of every kind."""
    made = Lite(tmp_path, free_ports(1)[0], ("alice",))
    made.compiled, made.more = compiled, MORE
    yield made
    made.stop()


def checked(*command, **environment):
    """Return (what `check-config` prints, its exit status)."""
    done = subprocess.run(
        [*command, "check-config"], env=environment or None, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    return done.stdout, done.returncode


def test_both_nodes_tell_the_same_of_the_same_file(server):
    server.start()
    told = ask(server, "problems")["problems"]
    assert ask(server, "status")["users"] == 2
    file = str(server.folder / "bellhop.config")
    places = {
        "MICROPYTHON": str(interpreter.micropython()),
        "MICROPYPATH": "%s:.frozen" % server.compiled.folder,
        "BELLHOP_HEAP_KB": "2048",
    }
    words = ["--config", file]
    small = checked(str(COMMAND), *words, **places)
    whole = checked(sys.executable, "-m", "bellhop", *words)
    assert small == whole and whole[1] == 1
    for row in told:
        assert row["wrong"] in whole[0]
    assert len(told) + 1 == len(whole[0].splitlines())


@pytest.mark.parametrize("text", ["", "\0" * 512, None])
def test_where_the_file_is_gone_the_last_good_one_is_in_force(server, text):
    server.more = ""
    server.start()
    server.stop()
    file = server.folder / "bellhop.config"
    good = file.read_text()
    file.unlink()
    if text is not None:
        file.write_text(text)
    with contextlib.ExitStack() as stack:
        stack.callback(file.write_text, good)
        server.configure = lambda command=server.configure: _keep(file, text, command)
        server.start()
        assert [user["name"] for user in ask(server, "users")["users"]] == ["alice"]
        (told,) = ask(server, "problems")["problems"]
        assert "the last good configuration is in force" in told["works"]
        if text is None:  # It is read as soon as it is there.
            file.write_text(good)
            wait_until(lambda: not ask(server, "problems")["problems"], "the file is read")


def _keep(file, text, configure):
    """Return the command of a node whose file is as the test has left it."""
    found = configure()
    file.unlink()
    if text is not None:
        file.write_text(text)
    return found
