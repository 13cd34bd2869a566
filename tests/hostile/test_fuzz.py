"""The fuzz harness keeps one input of each kind of crash and passes over refusals."""

import pytest

from bellhop.errors import SipError
from tests.hostile.fuzz import Fuzz
from tests.support import parsers, seeds


def picky(data):
    if data.startswith(b"a"):
        raise SipError(400, "refused")
    if data.startswith(b"b"):
        raise IndexError("planted")
    return data


@pytest.fixture
def fuzz(monkeypatch, tmp_path):
    monkeypatch.setitem(parsers.PARSERS, "picky", picky)
    monkeypatch.setattr(seeds, "CORPUS", tmp_path)
    return Fuzz("picky", 1)


def test_refusal_is_no_crash(fuzz):
    fuzz.feed(b"a1")
    assert not fuzz.crashes


def test_first_crash_of_a_kind_is_kept(fuzz, tmp_path):
    fuzz.feed(b"b1")
    fuzz.feed(b"b2")
    kept = list((tmp_path / "picky").iterdir())
    assert [path.read_bytes() for path in kept] == [b"b1"]


def test_crash_that_is_kept_already_is_not_kept_again(fuzz, tmp_path):
    fuzz.feed(b"b1")
    again = Fuzz("picky", 2)
    again.feed(b"b2")
    assert len(again.crashes) == len(list((tmp_path / "picky").iterdir())) == 1
