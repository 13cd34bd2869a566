"""Nodes that are killed, or lose their power: what they have promised is there."""

import contextlib
import shutil

import pytest

from tests.hostile import kills
from tests.lite.server import Phone
from tests.mesh.handset import call, status_of
from tests.mesh.town import DOMAIN, wait_until
from tests.support import lite

ROUNDS = 4


@pytest.fixture(scope="module", params=["full", "lite"])
def kind(request):
    """Return (the kind of a node, its compiled modules or None)."""
    if request.param == "full":
        yield request.param, None
        return
    if lite.why_unavailable():
        pytest.skip(lite.why_unavailable())
    compiled = lite.Compiled()
    yield request.param, compiled
    compiled.remove()


def test_killed_at_any_moment_it_has_all_that_it_acknowledged(kind, tmp_path):
    trial = kills.run(kind[0], ROUNDS, tmp_path, kind[1])
    assert trial.figures["Texts"] and trial.figures["Books"] and trial.figures["Registrations"]
    assert trial.lost() == 0, trial.figures


def test_after_a_power_cut_phones_ring_before_they_register_again(kind, tmp_path):
    trial = kills.Trial(kind[0], tmp_path, kind[1])
    server = trial.server
    server.start()
    with (
        contextlib.closing(Phone(server, "alice")) as alice,
        contextlib.closing(Phone(server, "bob")) as bob,
    ):
        bob.register()
        wait_until((server.state / "phones.json").exists, "the registration is on flash")
        server.process.kill()
        server.process.wait()
        shutil.rmtree(server.state / "run")  # A RAM disk.
        server.start()
        try:
            call(alice, bob, "bob")
            refreshed = bob.ask("REGISTER", "sip:" + DOMAIN, ["Expires: 600"])
            assert status_of(refreshed) == 200
            assert kills.ask(server, "status")["writes_today"].get("phones", 0) == 0
        finally:
            trial.close()
