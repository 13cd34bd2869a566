"""`make exchange`: the whole lab starts, both houses get numbers and call each other."""

import os
import subprocess
import sys

import pytest

pytest.importorskip(
    "starlette", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip("bellhop.shell.dnssec.unbound_abi", reason="no binding: `make native`")

from . import world  # noqa: E402


def test_the_lab_runs_once():
    if world.why_not():
        pytest.skip(world.why_not())
    words = [sys.executable, "-m", "tests.exchange.lab", "--once"]
    environment = {**os.environ, "PYTHONPATH": "src"}
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("found by ENUM", "prepaid, settled", "done"):
        assert words in done.stdout, done.stdout
