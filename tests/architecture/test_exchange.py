"""The servers of names are of the machines that run them: no router loads any of it."""

import ast

from .test_imports import SOURCE, imports, modules


def test_the_node_never_imports_the_servers():
    for name, path in modules(SOURCE).items():
        tree = ast.parse(path.read_text())
        assert not [one for one, _ in imports(name, tree) if one.startswith("bellhop_exchange")]


def test_the_servers_take_nothing_of_the_node_but_what_is_pure():
    for path in sorted((SOURCE / "bellhop_exchange").rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for one, line in imports(name, ast.parse(path.read_text())):
            parts = one.split(".")
            if parts[0] == "bellhop":
                assert parts[1] in ("names", "sip", "errors", "bencode", "text"), (one, line)
