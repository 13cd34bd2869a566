"""Every input that ever crashed a parser, and every seed, is read or refused."""

import pytest

from tests.support import seeds
from tests.support.parsers import PARSERS, outcome

INPUTS = [(name, path) for name in PARSERS for path in seeds.seed_files(name)]


@pytest.mark.parametrize(
    ("name", "path"), INPUTS, ids=[f"{name}-{path.name}" for name, path in INPUTS]
)
def test_input_is_read_or_refused(name, path):
    outcome(name, path.read_bytes())


@pytest.mark.parametrize("name", PARSERS)
def test_parser_has_seeds(name):
    assert seeds.seed_files(name)
