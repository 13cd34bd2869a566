"""One owner for each kind of state: nothing is set from outside, the core has no optional part."""

import ast

import pytest

from .test_imports import SOURCE, feature_of, modules, unit_of

# A message is a value that everybody on its way edits (sip/message.py); what can be woken lends its
# `queued` to the heap (deadlines.py).
SHARED = {"body", "names", "lines", "queued"}
# What their reader fills in, one section after the other.
VALUES = "settings"
# Method that changes a kind of state -> the modules that may call it.
OWNERS = {
    "location.add": {"core.registrations", "tu.registrar"},
    "location.remove": {"core.registrations", "tu.registrar"},
    "location.expire": {"core.registrations"},
    "node.adopt": {"core.engine", "features.mesh"},
    "calls.begin": {"core.routing", "core.refusals"},
    "dialogs.begin": {"core.answers"},
    "location.heard": {"core.forwarding", "features.keepalive"},
    "location.missed": {"features.keepalive"},
}


def package_of(name):
    """Return the package that a module is in: its unit, and of features the feature too."""
    return ".".join(filter(None, [unit_of(name), feature_of(name)]))


def attributes_of(tree):
    """Return the attributes that classes of a module have: of self, in __slots__, or their own."""
    found = set()
    for made in [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]:
        for node in ast.walk(made):
            if isinstance(node, ast.Attribute) and _is_self(node.value) and _is_set(node):
                found.add(node.attr)
        for node in [one for one in made.body if isinstance(one, ast.Assign)]:
            names = [one.id for target in node.targets for one in ast.walk(target)
                     if isinstance(one, ast.Name)]  # fmt: skip
            found.update(names)
            if "__slots__" in names:
                found.update(ast.literal_eval(node.value))
    return found


def _is_self(node):
    return isinstance(node, ast.Name) and node.id == "self"


def _is_set(node):
    return isinstance(node.ctx, ast.Store | ast.Del)


def pure(source):
    """Return {dotted name: syntax tree} of the core, the features and what lies below them."""
    trees = {name: ast.parse(path.read_bytes()) for name, path in modules(source).items()}
    return {name: trees[name] for name in trees if unit_of(name) not in ("shell", "world", "lite")}


def set_from_outside(source):
    """Return a line for every attribute that is set on an object of another package."""
    trees, own = pure(source), {}
    for name, tree in trees.items():
        own.setdefault(package_of(name), set()).update(attributes_of(tree))
    return [
        f"{name}:{node.lineno}: sets {ast.unparse(node)} from outside"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if unit_of(name) != VALUES
        and isinstance(node, ast.Attribute) and _is_set(node) and not _is_self(node.value)
        and node.attr not in own[package_of(name)] | SHARED
    ]  # fmt: skip


def optional_parts(source):
    """Return a line for every part of a class of the core that may be None, and is asked for it."""
    found = []
    for name, tree in pure(source).items():
        if unit_of(name) != "core":
            continue
        for made in [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]:
            nothing = {
                target.attr
                for node in ast.walk(made)
                if isinstance(node, ast.Assign) and _is_none(node.value)
                for target in node.targets
                if isinstance(target, ast.Attribute) and _is_self(target.value)
            }
            found += [f"{name}: self.{part} of {made.name} may be None" for part in nothing]
    return found


def _is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def named_features(source):
    """Return a line for every identifier of the core that names a feature of the catalogue."""
    names = {feature_of(name) for name in modules(source)} - {None, "__init__", "catalogue", "rows"}
    found = []
    for name, tree in pure(source).items():
        if unit_of(name) == "core":
            for node in ast.walk(tree):
                word = getattr(node, "attr", getattr(node, "id", None))
                if word in names:
                    found.append(f"{name}:{node.lineno}: names the feature {word}")
    return found


def foreign_changes(source):
    """Return a line for every call of an owner's method (OWNERS) by somebody else."""
    found = []
    for name, tree in pure(source).items():
        module = ".".join(name.split(".")[1:3])
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            holder = node.func.value
            holder = getattr(holder, "attr", getattr(holder, "id", ""))
            callers = OWNERS.get(f"{holder}.{node.func.attr}", {module})
            if module not in callers:
                found.append(f"{name}:{node.lineno}: {holder}.{node.func.attr} is not its to call")
    return found


RULES = (set_from_outside, optional_parts, named_features, foreign_changes)


@pytest.mark.parametrize("rule", RULES)
def test_rule_holds(rule):
    assert not rule(SOURCE)


PLANTED = {
    "an attribute set after the constructor": (
        set_from_outside, "core/engine.py", "def join(call):\n    call.detours = ()"
    ),
    "an attribute set two dots away": (
        set_from_outside, "features/pgp/signing.py",
        "class A:\n    def f(self):\n        self.relays.keying.signers = {}",
    ),
    "an attribute of another feature": (
        set_from_outside, "features/mesh/member.py", "def f(calls):\n    calls.kept = 1",
        "features/media/calls.py", "class Calls:\n    def __init__(self):\n        self.kept = 0",
    ),
    "an optional part": (
        optional_parts, "core/forwarding.py",
        "class Forwarder:\n    def __init__(self):\n        self.ending = self.relaying = None\n"
        "    def f(self):\n        return self.relaying is None",
    ),
    "a feature by its name": (
        named_features, "core/engine.py", "def f(self):\n    return self.mesh.key",
        "features/mesh/member.py", "",
    ),
    "a binding removed by somebody else": (
        foreign_changes, "features/keepalive.py", "def f(self):\n    self.node.location.remove(1)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PLANTED)
def test_planted_fault_is_found(case, tmp_path):
    rule, *planted = PLANTED[case]
    for place, code in zip(planted[::2], planted[1::2], strict=True):
        path = tmp_path / "bellhop" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    assert rule(tmp_path)


def test_requests_of_the_nodes_own_get_their_via_in_one_place():
    """And those that are forwarded in the other (LAYOUT: nobody else writes a Via)."""
    writers = []
    for name, tree in pure(SOURCE).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "via_line":
                writers.append(name)
    assert sorted(set(writers)) == ["bellhop.core.transports", "bellhop.core.uac"]
