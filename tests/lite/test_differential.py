"""Both interpreters read a few thousand damaged messages alike."""

import subprocess
import sys

import pytest

from tests.support import interpreter, seeds
from tests.support.parsers import PARSERS

SEED = "20261121"
COUNT = "3000"
SCRIPT = "tests/support/differential.py"


def by_cpython(arguments):
    """Return the lines that CPython prints."""
    finished = subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        cwd=interpreter.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout.splitlines()


def by_micropython(arguments):
    """Return the lines that MicroPython prints."""
    finished = interpreter.run([SCRIPT, *arguments])
    assert finished.returncode == 0, finished.stdout
    return finished.stdout.splitlines()


@pytest.mark.parametrize("name", PARSERS)
def test_outcomes_are_equal(name):
    files = [str(path) for path in seeds.seed_files(name)]
    one = by_cpython([name, SEED, COUNT, *files])
    two = by_micropython([name, SEED, COUNT, *files])
    assert len(one) == len(two) == int(COUNT)
    differing = [number for number in range(len(one)) if one[number] != two[number]]
    if differing:
        show = [name, SEED, COUNT, "--show", str(differing[0]), *files]
        shown = "\n".join(["CPython", *by_cpython(show), "MicroPython", *by_micropython(show)])
        pytest.fail(f"{len(differing)} outcomes differ, first:\n{shown}", pytrace=False)
