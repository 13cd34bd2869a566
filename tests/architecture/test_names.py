"""Names that say nothing, and texts that would tie the tree to one machine."""

import ast
import re

import pytest

from .tree import ROOT, files, python_files

EMPTY_WORDS = {"util", "utils", "helper", "helpers", "manager", "managers", "misc", "stuff"}
# Each pattern is broken by a class of one letter so that this file does not match itself.
PLACES = re.compile(
    rb"(?<![\w.>-])/(?:[h]ome/\w|[r]oot/|[U]sers/\w|[w]ork/(?:main|shared))"
    rb"|\b(?:[p]ypi\.org|[p]ythonhosted\.org|[d]eb\.debian\.org|[s]ecurity\.debian\.org"
    rb"|[r]egistry\.npmjs|[c]rates\.io|[p]roxy\.golang)"
)


def empty_words(name):
    """Return the words in a name that say nothing about the thing named."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return EMPTY_WORDS.intersection(word.lower() for word in words)


def test_no_file_or_folder_is_named_by_an_empty_word():
    assert not [str(path) for path in files() if any(empty_words(part) for part in path.parts)]


def test_no_class_or_function_is_named_by_an_empty_word():
    found = []
    for path in python_files():
        for node in ast.walk(ast.parse((ROOT / path).read_bytes())):
            named = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            if named and empty_words(node.name):
                found.append(f"{path}:{node.lineno}: {node.name}")
    assert not found


def test_no_home_folder_and_no_registry_host_is_named():
    found = []
    for path in files():
        for number, line in enumerate((ROOT / path).read_bytes().splitlines(), 1):
            if PLACES.search(line):
                found.append(f"{path}:{number}")
    assert not found


@pytest.mark.parametrize("name", ["sip_utils", "CallManager", "HTTPHelper", "helper"])
def test_empty_word_is_found(name):
    assert empty_words(name)


@pytest.mark.parametrize("name", ["managed", "utility_pole", "stuffing"])
def test_longer_word_is_not_taken_for_an_empty_one(name):
    assert not empty_words(name)


@pytest.mark.parametrize("text", ["cd /ho" + "me/alice", "/ro" + "ot/x", "https://py" + "pi.org/"])
def test_place_is_found(text):
    assert PLACES.search(text.encode())


@pytest.mark.parametrize("text", ["$HOME/x", "../home/x", "chroot/x", "src/pyproject.toml"])
def test_other_text_is_not_taken_for_a_place(text):
    assert not PLACES.search(text.encode())
