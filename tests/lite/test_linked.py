"""The unit tests pass on the modules as they are joined for a lite node (link.py) and compiled."""

import os
import shutil
import subprocess

import pytest

from tests.lite.test_unit_suite_on_micropython import unittest_files
from tests.support import interpreter, lite

# What they test is not in a lite node.
FULL_NODE = ("tests/unit/media/", "tests/unit/test_relaying.py", "tests/unit/test_signing.py")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A folder like the root of the tree, whose src holds nothing but what is compiled."""
    made = lite.Compiled(keep=True)
    folder = tmp_path_factory.mktemp("linked")
    shutil.copytree(made.folder, folder / "src")
    os.symlink(interpreter.ROOT / "tests", folder / "tests")
    made.remove()
    return folder


def test_unit_tests_pass_on_the_joined_modules(tree):
    files = [path for path in unittest_files() if not path.startswith(FULL_NODE)]
    assert len(files) > 40
    finished = subprocess.run(
        [interpreter.micropython(), "-X", "heapsize=16M"]
        + ["tests/support/micropython/run_unit.py", *files],
        cwd=tree, env={"PATH": os.environ["PATH"], "MICROPYPATH": "src:."},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout
    assert "failed 0" in finished.stdout, finished.stdout
