"""The tests of this folder need MicroPython."""

import pytest

from tests.support import interpreter


def pytest_collection_modifyitems(items):
    """Skip what is in this folder where there is no MicroPython."""
    if interpreter.micropython() is None:
        skip = pytest.mark.skip(reason="no micropython; `make setup` installs it")
        for item in items:
            if item.path.parent.name == "lite":
                item.add_marker(skip)
