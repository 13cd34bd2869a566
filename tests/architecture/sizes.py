"""Prints how large the tree is beside the aims of the style guide; forbids nothing.

python -m tests.architecture.sizes [FOLDER]        FOLDER: another tree, to compare with
"""

import ast
import sys
from pathlib import Path

from . import test_imports
from .tree import ROOT, python_files

FUNCTION_LINES = 40
MODULE_LINES = 400
CLASS_METHODS = 20


def long_functions(tree):
    """Yield (name, lines) of every function that is over the aim."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield node.name, lines


def large_classes(tree):
    """Yield (name, methods) of every class that is over the aim."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            methods = len([one for one in node.body if isinstance(one, ast.FunctionDef)])
            if methods > CLASS_METHODS:
                yield node.name, methods


def details(paths, root):
    """Return (what is too long, how long, where) of Python files below a root."""
    found = []
    for path in paths:
        text = (root / path).read_text()
        tree, lines = ast.parse(text), text.count("\n")
        if lines > MODULE_LINES:
            found.append(("module", lines, str(path)))
        found += [("class", count, f"{path} {name}") for name, count in large_classes(tree)]
        found += [("function", count, f"{path} {name}") for name, count in long_functions(tree)]
    return found


def figures(root):
    """Return {what: number} of the sources below the root of a tree."""
    source = root / "src"
    paths = [path.relative_to(root) for path in test_imports.modules(source).values()]
    texts = [(root / path).read_text() for path in paths]
    long = [kind for kind, _, _ in details(paths, root)]
    return {
        "modules": len(paths),
        "lines": sum(text.count("\n") for text in texts),
        f"modules over {MODULE_LINES} lines": long.count("module"),
        f"classes over {CLASS_METHODS} methods": long.count("class"),
        f"functions over {FUNCTION_LINES} lines": long.count("function"),
        "imports upwards": len(test_imports.arrows_upwards(source)),
        "circles of imports": len(test_imports.circles(source)),
    }


def main(folder=None):
    """Print what is too long, then the figures."""
    root = Path(folder) if folder else ROOT
    paths = sorted(root.rglob("*.py")) if folder else [ROOT / path for path in python_files()]
    if folder is None:
        for kind, count, where in details([path.relative_to(root) for path in paths], root):
            print(f"long {kind:9} {count:5}  {where}")
    for what, count in figures(root).items():
        print(f"{count:8}  {what}")


if __name__ == "__main__":
    main(*sys.argv[1:])
