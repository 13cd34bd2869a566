"""Who may import whom, no circles, which modules the pure packages do without, no star imports."""

import ast
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"

# Units (first name below bellhop) by rank: what is of a lower rank knows nothing of the higher.
RANKS = (
    {"", "limits", "errors", "effects", "deadlines", "hours", "dates", "text"},
    {"bencode", "hkdf", "budget", "edwards", "spam", "sip"},
    {"transaction", "tu", "subscription", "settings", "mesh", "media", "names", "provisioning"},
    {"core"},
    {"features"},
    {"world"},
    {"shell", "lite"},
    {"__main__"},
)
RANK_OF = {unit: rank for rank, units in enumerate(RANKS) for unit in units}
GROUND = RANKS[0] - {""} | {"bencode", "hkdf", "budget", "edwards", "spam"}
MESSAGES = GROUND | {"sip"}
CORE = MESSAGES | {"settings", "transaction", "tu"}
ROWS = {"core.rows", "features.rows"}
WORLD = GROUND | ROWS | {"core.engine", "features.catalogue", "settings", "sip"}
# Unit -> the other units that it may import, or modules of them.
MAY_IMPORT = {
    **dict.fromkeys(RANKS[0], set()),
    "bencode": {"errors"},
    "hkdf": set(),
    "budget": {"limits"},
    "edwards": set(),
    "spam": {"errors"},
    "sip": RANKS[0] - {""},
    "transaction": MESSAGES,
    "tu": MESSAGES,
    "subscription": MESSAGES,
    "settings": MESSAGES,
    "mesh": GROUND,
    "media": GROUND,
    "names": MESSAGES,
    "provisioning": MESSAGES,
    "core": CORE,
    "features": CORE | {"core", "mesh", "media", "names", "provisioning", "subscription"},
    "world": WORLD,
    "shell": WORLD
    | {"world", "names", "mesh.identity", "mesh.people", "media.kept", "provisioning.pnp"},
    "lite": WORLD | {"world"},
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


def feature_of(name):
    """Return the feature, a module or a folder, that a dotted name belongs to, or None."""
    parts = name.split(".")
    return parts[2] if parts[1] == "features" and len(parts) > 2 else None


def fault_of(name, imported):
    """Return what is wrong with one import in a module, or None."""
    unit, top = unit_of(name), imported.split(".")[0]
    if imported.endswith(".*"):
        return "a star import"
    if top == "bellhop":
        target = unit_of(imported)
        module = ".".join(imported.split(".")[1:3])
        if target and not {target, module} & {unit, *MAY_IMPORT[unit]}:
            return f"{unit or 'the package'} may not import {target}"
        here, there = feature_of(name), feature_of(imported)
        if here is not None and there not in (None, here) and here != "catalogue":
            return f"the feature {here} may not import the feature {there}"
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
            fault = fault_of(name, imported)
            if fault:
                found.append(f"{name}:{line}: {fault}")
    return found + [f"a circle: {' -> '.join(circle)}" for circle in circles(source)]


def arrows(source):
    """Return {module: modules that it imports}, imports inside functions included."""
    known = modules(source)
    found = {}
    for name, path in known.items():
        targets = set()
        for imported, _ in imports(name, ast.parse(path.read_bytes())):
            while imported not in known and "." in imported:
                imported = imported.rpartition(".")[0]
            if imported in known and imported != name:
                targets.add(imported)
        found[name] = targets
    return found


def circles(source):
    """Return a circle of imports for every module that stands in one, each circle once."""
    graph, found = arrows(source), []
    for start in graph:
        if start in {name for circle in found for name in circle}:
            continue
        ways, visited = [[start]], set()
        while ways:
            way = ways.pop(0)
            if start in graph[way[-1]]:
                found.append([*way, start])
                break
            for target in sorted(graph[way[-1]] - visited):
                visited.add(target)
                ways.append([*way, target])
    return found


def arrows_upwards(source):
    """Return (module, module of a higher rank that it imports)."""
    return [
        (name, target)
        for name, targets in arrows(source).items()
        for target in sorted(targets)
        if RANK_OF.get(unit_of(target), 0) > RANK_OF.get(unit_of(name), 0)
    ]


def test_imports_follow_the_layout():
    assert not faults(SOURCE)
    assert not arrows_upwards(SOURCE)


def test_no_row_of_the_table_allows_an_import_upwards():
    for unit, allowed in MAY_IMPORT.items():
        for target in {one.partition(".")[0] for one in allowed}:
            assert RANK_OF[target] < RANK_OF[unit], (unit, target)


PLANTED = {
    "a unit imports one of its own rank": ("tu/proxy.py", "from ..transaction import layer"),
    "a unit imports upwards": ("sip/via.py", "import bellhop.core.engine"),
    "a unit imports upwards by the package": ("sip/via.py", "from .. import core"),
    "the core imports a feature": ("core/engine.py", "from ..features import keepalive"),
    "the core imports a feature when it is called": (
        "core/engine.py", "def join():\n    from ..features.mesh import member"
    ),
    "a feature imports another": ("features/pgp/signing.py", "from ..media.calls import Calls"),
    "the core knows what belongs to features": ("core/routing.py", "from ..mesh import paths"),
    "the shell reaches below the engine": ("shell/udp.py", "from ..tu.proxy import forward"),
    "the shell reaches into a feature": ("shell/udp.py", "from ..features.mesh import member"),
    "a pure module imports a clock": ("tu/proxy.py", "def now():\n    import time"),
    "a pure module imports a foreign package": ("mesh/record.py", "from nacl import signing"),
    "a star import": ("sip/via.py", "from .scan import *"),
    "the package imports something": ("__init__.py", "from . import limits"),
    "a unit without a row": ("misc/things.py", ""),
    "the world picks a shell again": ("world/udp.py", "from ..lite import sockets"),
    "two modules import each other": (
        "sip/via.py", "from . import uri", "sip/uri.py", "from . import via"
    ),
    "a circle that closes when a function is called": (
        "tu/a.py", "from . import b", "tu/b.py", "from .c import x",
        "tu/c.py", "def f():\n    from . import a",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PLANTED)
def test_planted_fault_is_found(case, tmp_path):
    for place, code in zip(PLANTED[case][::2], PLANTED[case][1::2], strict=True):
        path = tmp_path / "bellhop" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    assert len(faults(tmp_path)) == 1


def test_planted_arrow_upwards_is_counted(tmp_path):
    for place, code in (("tu/a.py", "from ..core import b"), ("core/b.py", "")):
        (tmp_path / "bellhop" / place).parent.mkdir(parents=True)
        (tmp_path / "bellhop" / place).write_text(code)
    assert arrows_upwards(tmp_path) == [("bellhop.tu.a", "bellhop.core.b")]


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
