"""The unit suite and a whole node on other machines than this one.

i386 has words of 32 bits: integers are smaller, ticks wrap. s390x has the high octet first.
"""

import hashlib
import json
import os
import subprocess
import sys

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
# The machine, and the heap that its package gives a node on a router of 64 MB (`bellhop --heap`).
MACHINES = {"i386": "1365k", "s390x": "2730k"}
# Compiling from sources, a module inside a module inside another, needs more stack than 32 bits
# have, so that the innermost come first; what is shipped is compiled already.
RUN = """
import sys
for name in %r:
    __import__(name)
sys.argv[:] = ["run_unit.py", "%s"]
exec(open("tests/support/micropython/run_unit.py").read())
"""

LENGTHS = (0, 55, 56, 64, 200)
HASH = """
from bellhop.lite.main import %s as main
main(["--version"])
import binascii, hashlib
for length in %r:
    made = hashlib.sha256(bytes(length // 2))
    made.update(bytes(length - length // 2))
    print(binascii.hexlify(made.digest()).decode())
print(str(hashlib.sha256))
"""


@pytest.fixture(scope="module", params=MACHINES)
def machine(request):
    """The name of a machine whose MicroPython is there."""
    if lite.micropython(request.param) is None:
        pytest.skip("no MicroPython of %s; `make micropython` fetches it" % request.param)
    return request.param


def innermost_first(path):
    """Return the names of our modules that a test file loads, in the order in which they end.

    Without what only CPython has: a test file may load it where it is there.
    """
    program = "import " + path[: -len(".py")].replace("/", ".")
    command = [sys.executable, "-X", "importtime", "-c", program]
    places = {**os.environ, "PYTHONPATH": os.pathsep.join(("src", "."))}
    told = subprocess.run(
        command, cwd=interpreter.ROOT, env=places, capture_output=True, text=True, check=True
    )
    names = [line.rpartition("|")[2].strip() for line in told.stderr.splitlines()]
    ours = [name for name in names if name.startswith("bellhop.")]
    return [
        name for name in ours if not name.startswith(("bellhop.shell", "bellhop.world.cpython"))
    ]


@pytest.mark.parametrize("path", unittest_files())
def test_file(path, machine, monkeypatch):
    monkeypatch.setenv("MICROPYTHON", str(lite.micropython(machine)))
    finished = interpreter.run(["-c", RUN % (innermost_first(path), path)])
    assert finished.returncode == 0, finished.stdout
    assert "MicroPython: passed" in finished.stdout, finished.stdout


@pytest.mark.parametrize("is_shipped", [False, True])
def test_sha256_is_that_of_libsodium_where_words_have_32_bits(compiled, machine, is_shipped):
    where = compiled.environment() if is_shipped else {"MICROPYPATH": str(interpreter.ROOT / "src")}
    program = HASH % ("main_main" if is_shipped else "main", LENGTHS)
    run = [lite.micropython(machine), "-X", "heapsize=2M", "-c", program]
    finished = subprocess.run(run, env=where, capture_output=True, text=True, check=True)
    _, *digests, kind = finished.stdout.splitlines()
    assert digests == [hashlib.sha256(bytes(length)).hexdigest() for length in LENGTHS]
    assert ("Sha256" in kind) == (machine == "i386")


def test_node_serves_phones_and_a_mesh(compiled, machine, tmp_path):
    server = Lite(tmp_path, free_ports(1)[0], ("alice", "bob"))
    server.compiled, server.domain, server.mesh = compiled, DOMAIN, free_ports(2)
    server.interpreter, server.heap = lite.micropython(machine), MACHINES[machine]
    server.start()
    phones = [Phone(server, user).register() for user in server.users]
    with Crowd(HOSTS, server.mesh[1], server.mesh[0]):
        wait_until(lambda: len(ask(server, "mesh")["nodes"]) > HOSTS, "the records have come")
        for _ in range(10):
            call(phones[0], phones[1], "bob")
    status = ask(server, "status")
    assert status["counters"]["loop"] == {"out_of_memory": 0, "faults": 0}, server.log_tail()
    assert json.loads(json.dumps(status))["registrations"] == len(phones)
    for one in phones:
        one.close()
    server.stop()
