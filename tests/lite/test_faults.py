"""Power cuts, a full disk, a clock at 1970, no memory left: the node starts again, and says why."""

import contextlib
import hashlib
import json
import os
import random
import shutil
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest

from bellhop.errors import BellhopError
from bellhop.shell import command
from bellhop.world.store import Store
from tests.lite.server import Lite, Phone
from tests.mesh.town import DOMAIN, wait_until
from tests.support import disk, lite
from tests.support.interpreter import ROOT
from tests.system.sipp.runner import free_ports

USERS = ("alice", "bob", "carol")
KILLS = 12
LONGEST_LIFE = 2
NOT_BY_ITSELF = "the run before did not end by itself"
CLOCK = """
#include <sys/time.h>
#include <time.h>
time_t time(time_t *into) { if (into) *into = 42; return 42; }
int gettimeofday(struct timeval *into, void *zone)
{ (void)zone; into->tv_sec = 42; into->tv_usec = 0; return 0; }
"""
# Writes a file of the state anew as often as it can, as one that must survive a loss of power.
WRITES = """
import sys
from bellhop.world.micropython import files
from bellhop.world import store
number = 0
while True:
    number += 1
    value = [{"number": number}] * 300
    parts = [store.measured(value)[0] + b"\\n", store.pieces(value), b"\\n"]
    files.replace(sys.argv[1], parts)
"""
WRITERS, LONGEST_WRITER = (40, 0.15)
# So many messages of a stranger whose every value is new, and long.
INVENTED, LONG = (1500, "x" * 180)
# kB of heap, from one in which nothing starts on.
HEAPS = range(300, 1000, 10)
TOO_SMALL, NO_MEMORY = ("kB is too small", "no memory for this")


@pytest.fixture
def server(compiled, tmp_path):
    """A lite node that is not started."""
    made = Lite(tmp_path, free_ports(1)[0], USERS)
    made.compiled, made.domain = compiled, DOMAIN
    yield made
    made.stop()


def ask(server, verb, **arguments):
    """Return the node's answer to a verb."""
    with contextlib.closing(command.connect(str(server.state))) as connection:
        return command.ask(connection, connection.makefile("rb"), verb, arguments)


def kill(server):
    """End the node as a power cut does."""
    server.process.kill()
    server.process.wait()


def whole(path):
    """Return the value in a file of the node; an AssertionError where it is damaged."""
    if not path.exists():
        return None
    checksum, _, text = path.read_bytes().partition(b"\n")
    assert hashlib.sha256(text.rstrip(b"\n")).hexdigest().encode() == checksum
    return json.loads(text)


def committed(server):
    """Return the contacts in the file of the bindings and the journal beside it, sorted."""
    whole(server.state / "run" / "bindings.json")
    quiet = SimpleNamespace(say=lambda level, text: None)
    store = Store(str(server.state), str(server.state / "run"), None, quiet, None)
    return sorted(one["contact"] for one in store.kept("bindings") or [])


def contacts(server):
    """Return the contacts that the node knows, sorted."""
    return sorted(one["contact"] for one in ask(server, "registrations")["registrations"])


class Busy(threading.Thread):
    """Registers phones anew all the time, so that files are written all the time."""

    def __init__(self, server):
        super().__init__()
        self.phones = [Phone(server, user) for user in USERS]
        self.is_over = False
        self.start()

    def run(self):
        while not self.is_over:
            for one in self.phones:
                # The node is killed at some moment: no answer is no failure.
                with contextlib.suppress(AssertionError):
                    one.ask("REGISTER", "sip:" + DOMAIN, seconds=0.3)

    def close(self):
        self.is_over = True
        self.join()
        for one in self.phones:
            one.close()


def test_killed_at_any_moment_it_starts_with_what_was_committed(server):
    moments = random.Random(20261121)
    sizes = []
    for number in range(KILLS):
        server.start()
        busy = Busy(server)
        time.sleep(moments.uniform(0, LONGEST_LIFE))
        kill(server)
        busy.close()
        there = committed(server)
        for path in server.state.glob("*.json"):
            whole(path)
        assert not list(server.state.rglob("*.damaged"))
        server.start()
        assert contacts(server) == there, number
        assert NOT_BY_ITSELF in server.log_tail()
        kill(server)
        sizes.append(len(there))
    assert max(sizes) >= len(USERS)


def test_a_file_that_is_written_all_the_time_is_whole_whenever_the_writer_is_killed(
    compiled, tmp_path
):
    moments = random.Random(20261129)
    path, numbers = tmp_path / "state.json", set()
    (tmp_path / "writes.py").write_text(WRITES)
    command = [lite.micropython(), str(tmp_path / "writes.py"), str(path)]
    for _ in range(WRITERS):
        writer = subprocess.Popen(command, env={**os.environ, "MICROPYPATH": str(ROOT / "src")})
        time.sleep(moments.uniform(0, LONGEST_WRITER))
        writer.kill()
        writer.wait()
        value = whole(path)
        if value is not None:
            assert len({one["number"] for one in value}) == 1 and len(value) == 300
            numbers.add(value[0]["number"])
    assert len(numbers) > 1


def test_a_clean_stop_is_not_called_a_crash(server):
    server.start()
    server.stop()
    server.start()
    assert NOT_BY_ITSELF not in server.log_tail()
    assert server.process.poll() is None


@pytest.fixture
def small_disk(tmp_path):
    """A folder with room for 64 kB."""
    with disk.small(tmp_path / "disk") as folder:
        yield folder


def test_first_start_on_a_full_disk_is_a_node_that_says_so(small_disk, server):
    disk.fill(small_disk)
    server.state_folder = small_disk / "state"
    server.run_folder = server.folder / "run"
    server.start()
    with contextlib.closing(Phone(server, "alice").register()) as alice:
        refused = alice.ask("MESSAGE", "sip:bob@" + DOMAIN, body="hello")
        assert refused.startswith("SIP/2.0 480") and "nothing can be kept here now" in refused
    with contextlib.closing(command.connect(str(server.run_folder))) as connection:
        status = command.ask(connection, connection.makefile("rb"), "status", {})
    (problem,) = [one for one in status["problems"] if "messages" in one]
    assert "the disk is full" in problem
    assert "Traceback" not in server.log_tail()


def test_full_disk_neither_ends_the_node_nor_harms_what_is_there(small_disk, server):
    server.state_folder = small_disk / "state"
    server.start()
    first = "name,number,address\ngran,71,sip:gran@far.test\n"
    ask(server, "import-phonebook", csv=first)
    kept = server.state / "phonebook.json"
    filler = disk.fill(small_disk)
    rows = ["name%d,5%d,sip:n%d@far.test" % (row, row, row) for row in range(60)]
    with pytest.raises(BellhopError, match="not kept: .*the disk is full"):
        ask(server, "import-phonebook", csv="name,number,address\n" + "\n".join(rows))
    assert ask(server, "status")["counters"]["store"]["failed"]
    assert "the disk is full" in server.log_tail()
    assert whole(kept)
    kill(server)
    server.start()
    entries = [one["number"] for one in ask(server, "phonebook")["phonebook"]]
    assert "71" in entries and "51" not in entries
    assert "cannot write" in server.log_tail()
    server.stop()
    filler.unlink()
    server.start()
    assert ask(server, "status")["problems"] == []


def test_clock_at_1970_changes_nothing(server, tmp_path):
    if shutil.which("gcc") is None:
        pytest.skip("no gcc for a library that sets the clock back")
    source, library = tmp_path / "clock.c", tmp_path / "clock.so"
    source.write_text(CLOCK)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    environment = dict(server.compiled.environment(), LD_PRELOAD=str(library))
    server.compiled = SimpleNamespace(
        command=server.compiled.command, environment=lambda: environment
    )
    server.start()
    one = Phone(server, "alice").register()
    wait_until((server.state / "run" / "bindings.json").exists, "the registration is written")
    kill(server)
    server.start()
    assert len(contacts(server)) == 1
    assert "1970-01-01" in server.log_tail()
    one.close()


def test_values_that_a_stranger_invents_leave_the_heap_room(server):
    server.start()
    stranger = Phone(server, "nobody")
    for number in range(INVENTED):
        long = "%d" % number + LONG
        stranger.user, stranger.aor = long, f"sip:{long}@far.test"
        target = f"sip:bob@{DOMAIN};x={long}"
        stranger.send(stranger.request("MESSAGE", target, long, branch=long))
        stranger.take(lambda text: True)
    status = ask(server, "status")
    assert status["heap_used_kb"] < status["heap_kb"] // 2
    stranger.close()


def smallest_heap(server):
    """Start the node with the least heap that it starts with; return the kB."""
    for size in HEAPS:
        server.heap = "%dk" % size
        try:
            server.start()
        except AssertionError:
            assert "too small" in server.log_tail()
            continue
        return size
    raise AssertionError(server.log_tail())


def test_exhausted_heap_ends_a_run_and_the_next_one_has_all_that_was_committed(server):
    server.start()
    phones = [Phone(server, user).register() for user in USERS]
    wait_until((server.state / "run" / "bindings.json").exists, "the registrations are written")
    server.stop()
    smallest_heap(server)
    with contextlib.suppress(BellhopError, OSError, AssertionError):
        for _ in range(100):
            phones[0].ask("REGISTER", "sip:" + DOMAIN, seconds=0.3)
            ask(server, "status")
    wait_until(lambda: TOO_SMALL in server.log_tail() or NO_MEMORY in server.log_tail(), "the end")
    kill(server)
    server.heap = Lite.heap
    server.start()
    assert len(contacts(server)) == len(USERS)
    for one in phones:
        one.close()
