"""Who may import whom, which modules the pure packages do without, and no star imports."""

import ast
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"

GROUND = {"limits", "errors", "effects", "deadlines", "bencode", "hkdf", "budget", "text"}
MESSAGES = GROUND | {"sip"}
BELOW_CORE = MESSAGES | {"settings", "transaction", "tu", "mesh", "media"}
# Unit (first name below bellhop) -> the other units that it may import, or modules of them.
MAY_IMPORT = {
    "": set(),
    "limits": set(),
    "errors": set(),
    "effects": set(),
    "deadlines": set(),
    "bencode": {"errors"},
    "hkdf": set(),
    "budget": {"limits"},
    "text": set(),
    "settings": MESSAGES,
    "sip": GROUND,
    "transaction": MESSAGES,
    "tu": MESSAGES,
    "mesh": GROUND,
    "media": GROUND,
    "core": MESSAGES | {"settings", "transaction", "tu"},
    "features": BELOW_CORE | {"core"},
    "world": GROUND
    | {"core.engine", "core.rows", "features.catalogue", "features.rows", "settings", "sip"},
    "shell": GROUND | {"core.engine", "features.catalogue", "settings", "sip", "world"},
    "lite": GROUND | {"core.engine", "features.catalogue", "settings", "sip", "world"},
    "__main__": {"shell", "lite"},
}
WORLDLY = {"world", "shell", "lite"}
PURE = set(MAY_IMPORT) - WORLDLY - {"", "__main__"}
PURE_STANDARD = {"binascii", "collections", "hashlib", "heapq", "json", "struct"}


def modules(source):
    """Return {dotted name: path} of every module of bellhop below the folder `source`."""
    found = {}
    for path in sorted((source / "bellhop").rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts)] = path
    return found


def imports(name, tree):
    """Yield (dotted name of what is imported, line) for every import in a module."""
    package = name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            for alias in node.names:
                yield ".".join([*base, *filter(None, [node.module]), alias.name]), node.lineno


def unit_of(name):
    """Return the unit that a dotted name below bellhop belongs to; "" is the package itself."""
    unit = name.split(".")[1]
    return "" if unit.startswith("__") and unit != "__main__" else unit


def fault_of(unit, imported):
    """Return what is wrong with one import in a unit, or None."""
    top = imported.split(".")[0]
    if imported.endswith(".*"):
        return "a star import"
    if top == "bellhop":
        target = unit_of(imported)
        module = ".".join(imported.split(".")[1:3])
        if target and not {target, module} & {unit, *MAY_IMPORT[unit]}:
            return f"{unit or 'the package'} may not import {target}"
    elif unit in PURE and top not in PURE_STANDARD:
        return f"a pure module may not import {top}"
    elif unit == "" or (top not in sys.stdlib_module_names and unit not in WORLDLY):
        return f"{unit or 'the package'} may not import {top}"
    return None


def faults(source):
    """Return a line for every import below `source` that breaks a rule."""
    found = []
    for name, path in modules(source).items():
        unit = unit_of(name)
        if unit not in MAY_IMPORT:
            found.append(f"{name}: the unit {unit} has no row in MAY_IMPORT")
            continue
        for imported, line in imports(name, ast.parse(path.read_bytes())):
            fault = fault_of(unit, imported)
            if fault:
                found.append(f"{name}:{line}: {fault}")
    return found


def test_imports_follow_the_layout():
    assert not faults(SOURCE)


PLANTED = {
    "a unit imports one of its own rank": ("tu/proxy.py", "from ..transaction import layer"),
    "a unit imports upwards": ("sip/via.py", "import bellhop.core.engine"),
    "a unit imports upwards by the package": ("sip/via.py", "from .. import core"),
    "the shell reaches below the engine": ("shell/udp.py", "from ..tu.proxy import forward"),
    "a pure module imports a clock": ("tu/proxy.py", "def now():\n    import time"),
    "a pure module imports a foreign package": ("mesh/record.py", "from nacl import signing"),
    "a star import": ("sip/via.py", "from .scan import *"),
    "the package imports something": ("__init__.py", "from . import limits"),
    "a unit without a row": ("misc/things.py", ""),
    "the world picks a shell again": ("world/udp.py", "from ..lite import sockets"),
}


@pytest.mark.parametrize("case", PLANTED)
def test_planted_fault_is_found(case, tmp_path):
    place, code = PLANTED[case]
    path = tmp_path / "bellhop" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
    assert len(faults(tmp_path)) == 1


def test_allowed_imports_are_no_faults(tmp_path):
    (tmp_path / "bellhop" / "sip").mkdir(parents=True)
    (tmp_path / "bellhop" / "shell").mkdir()
    (tmp_path / "bellhop" / "sip" / "via.py").write_text(
        "from collections import namedtuple\nfrom . import scan\nfrom ..errors import SipError\n"
    )
    (tmp_path / "bellhop" / "shell" / "dns.py").write_text(
        "import ssl\nimport dns.resolver\nfrom .. import __version__\nfrom ..core import engine\n"
    )
    assert not faults(tmp_path)
