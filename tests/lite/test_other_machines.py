"""The unit suite and a whole node where words have 32 bits: integers are smaller, ticks wrap."""

import json

import pytest

from tests.lite.crowd import Crowd
from tests.lite.server import Lite, Phone
from tests.lite.test_faults import ask
from tests.lite.test_unit_suite_on_micropython import unittest_files
from tests.mesh.handset import call
from tests.mesh.town import DOMAIN, wait_until
from tests.support import interpreter, lite
from tests.system.sipp.runner import free_ports

HOSTS = 60
# Compiling from sources, a module inside a module inside another, needs more stack than 32 bits
# have, so that the innermost come first; what is shipped is compiled already.
RUN = """
import sys
import bellhop.tu.dialplan
sys.argv[:] = ["run_unit.py", "%s"]
exec(open("tests/support/micropython/run_unit.py").read())
"""


@pytest.fixture(scope="module")
def small_words():
    """The path of a MicroPython whose words have 32 bits."""
    path = lite.micropython("i386")
    if path is None:
        pytest.skip("no 32-bit MicroPython; `make micropython` fetches it")
    return path


@pytest.mark.parametrize("path", unittest_files())
def test_file(path, small_words, monkeypatch):
    monkeypatch.setenv("MICROPYTHON", str(small_words))
    finished = interpreter.run(["-c", RUN % path])
    assert finished.returncode == 0, finished.stdout
    assert "MicroPython: passed" in finished.stdout, finished.stdout


def test_node_serves_phones_and_a_mesh(compiled, small_words, tmp_path):
    server = Lite(tmp_path, free_ports(1)[0], ("alice", "bob"))
    server.compiled, server.domain, server.interpreter = compiled, DOMAIN, small_words
    server.mesh, server.heap = free_ports(2), "1M"
    server.start()
    phones = [Phone(server, user).register() for user in server.users]
    with Crowd(HOSTS, server.mesh[1], server.mesh[0]):
        wait_until(lambda: len(ask(server, "mesh")["nodes"]) > HOSTS, "the records have come")
        for _ in range(10):
            call(phones[0], phones[1], "bob")
    status = ask(server, "status")
    assert status["counters"]["heap"] == {"out_of_memory": 0, "faults": 0}, server.log_tail()
    assert json.loads(json.dumps(status))["registrations"] == len(phones)
    for one in phones:
        one.close()
    server.stop()
