"""Compiles the modules below a folder, each .pyc beside its source, as small as they run.

    python3 bytecode.py FOLDER

Without docstrings and asserts (-OO) and without the numbers of lines: a third less. The node's log
names module and function of a fault; where lines are wanted, install the package of the sources,
which Python prefers. (Python's own module traceback cannot read a table without any line: the node
does without it.) Needs no more than Python's own library: OpenWrt's build system runs it, by a
Python of the router's version.
"""

import importlib.util
import marshal
import sys
from pathlib import Path
from types import CodeType

# What follows the magic number: no flags, and neither time nor size, which nobody reads where
# there is no source.
HEADER = importlib.util.MAGIC_NUMBER + bytes(12)


def compiled(source, name):
    """Return the octets of a .pyc; name: what a traceback says in place of the file."""
    code = compile(source, name, "exec", dont_inherit=True, optimize=2)
    return HEADER + marshal.dumps(_bare(code))


def _bare(code):
    inner = tuple(_bare(one) if isinstance(one, CodeType) else one for one in code.co_consts)
    # The one name in place of two, `Engine.receive` and `receive`.
    return code.replace(co_consts=inner, co_linetable=b"", co_qualname=code.co_name)


def compile_all(folder):
    """Write a .pyc beside every module below a folder."""
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix().partition("site-packages/")
        path.with_suffix(".pyc").write_bytes(compiled(path.read_bytes(), name[2] or name[0]))


if __name__ == "__main__":
    compile_all(Path(sys.argv[1]))
