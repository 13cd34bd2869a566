"""Runs unit test files under MicroPython: those named, or all of tests/unit.

Start it in the root of the tree: micropython tests/support/micropython/run_unit.py [FILE ...]
"""

import os
import sys

sys.path[:0] = ["tests/support/micropython", "src", "."]

import unittest  # noqa: E402


def files_below(folder):
    """Yield the path of every test file below a folder."""
    for name, kind, *_ in sorted(os.ilistdir(folder)):
        path = folder + "/" + name
        if kind == 0x4000:
            yield from files_below(path)
        elif name.startswith("test_") and name.endswith(".py"):
            yield path


def module(path):
    """Import a test file by its path below the root."""
    return __import__(path[:-3].replace("/", "."), None, None, ["*"])


result = unittest.Result()
for path in sys.argv[1:] or files_below("tests/unit"):
    unittest.run_module(module(path), result)
print("MicroPython: passed %d, failed %d, skipped %d"
      % (result.passed, result.failed, result.skipped))  # fmt: skip
sys.exit(1 if result.failed else 0)
