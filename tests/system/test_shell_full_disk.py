"""A full node on a full disk: the telephone works, and the node says what is lost."""

import json
import socket

import pytest

from tests.support import disk
from tests.system.test_shell_node import PATIENCE, Process

MORE = """config mesh
	option enabled '1'
	option port '%d'
	list interface 'none'
config media
"""
TEXT = (
    "MESSAGE sip:alice@home.test SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK%d;rport\r\nMax-Forwards: 5\r\n"
    "From: <sip:sam@far.test>;tag=1\r\nTo: <sip:alice@home.test>\r\nCall-ID: %d\r\n"
    "CSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
)


@pytest.fixture
def small_disk(tmp_path):
    """A folder with room for 64 kB."""
    with disk.small(tmp_path / "disk") as folder:
        yield folder


@pytest.fixture
def node(tmp_path, small_disk):
    """A node with its state on the small disk, not started."""
    made = Process(tmp_path)
    text = made.config.read_text().replace("config user", "\toption strangers 'allow'\nconfig user")
    text += "config privacy\n\toption uniform '0'\n"
    made.config.write_text(text + MORE % made.ports["ws"])
    made.state = small_disk / "state"
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait(PATIENCE)


def start(node):
    run = node.folder / "run"
    node.start("--config", node.config, "--state", node.state, "--run", run)
    node.wait_for("bellhop is running")


def status(node):
    control = node.folder / "run"
    return json.loads(node.ask("--state", control, "status", "--json").stdout)


def text(node, number):
    """Send a message that has to wait; return the first line of the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(PATIENCE)
        phone.sendto((TEXT % (number, number)).encode(), ("127.0.0.1", node.ports["sip"]))
        return phone.recv(65535).partition(b"\r\n")[0].decode()


def test_a_first_start_on_a_full_disk_is_a_telephone(node, small_disk):
    filler = disk.fill(small_disk)
    start(node)
    assert "nothing can be kept here now" in text(node, 1)
    problems = " ".join(status(node)["problems"])
    for words in ("No space left", "no mesh: ", "lost at the next start: messages"):
        assert words in problems
    assert "Traceback" not in node.output.read_text()
    filler.unlink()
    assert text(node, 2) == "SIP/2.0 202 Accepted"
    assert "messages" not in " ".join(status(node)["problems"])
    assert node.stop() == 0
    start(node)
    problems = " ".join(status(node)["problems"])
    assert "No space left" not in problems and "no mesh" not in problems


def test_a_disk_that_fills_up_harms_nothing_that_is_there(node, small_disk):
    start(node)
    assert text(node, 1) == "SIP/2.0 202 Accepted"
    disk.fill(small_disk)
    answers = {text(node, number).partition(" ")[2] for number in range(2, 30)}
    assert "480 no phone of alice is registered, and nothing can be kept here now" in answers
    node.process.kill()
    node.process.wait(PATIENCE)
    start(node)
    assert "Traceback" not in node.output.read_text() and "damaged" not in node.output.read_text()
