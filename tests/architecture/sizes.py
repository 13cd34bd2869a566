"""Prints the functions and modules that are longer than the style guide aims at; forbids none."""

import ast

from .tree import ROOT, python_files

FUNCTION_LINES = 40
MODULE_LINES = 400


def long_functions(text):
    """Yield (name, lines) of every function in a Python text that is over the aim."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield node.name, lines


def main():
    """Print one line for each."""
    for path in python_files():
        text = (ROOT / path).read_text()
        lines = text.count("\n")
        if lines > MODULE_LINES:
            print(f"long module    {lines:5} lines  {path}")
        for name, length in long_functions(text):
            print(f"long function  {length:5} lines  {path} {name}")


if __name__ == "__main__":
    main()
