"""What the tests of this folder need, and lite nodes for them; reports as in tests/system."""

import pytest

from tests.lite.node import LiteNode
from tests.lite.pair import Pair
from tests.mesh.conftest import see, streets  # noqa: F401 - fixtures
from tests.support import interpreter, lite, netns
from tests.system.conftest import network, shelf  # noqa: F401 - fixtures


def pytest_collection_modifyitems(items):
    """Skip what is in this folder where there is no MicroPython."""
    if interpreter.micropython() is None:
        skip = pytest.mark.skip(reason="no micropython; `make setup` installs it")
        for item in items:
            if item.path.parent.name == "lite":
                item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Add what nodes and phones said to the report of a failure."""
    report = yield
    for made in ("shelf", "streets"):
        if report.failed and hasattr(item, made):
            report.sections.extend(getattr(item, made).report())
    return report


@pytest.fixture(scope="session")
def compiled():
    """The compiled lite node."""
    reason = lite.why_unavailable()
    if reason:
        pytest.skip(reason)
    made = lite.Compiled()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def node(compiled, network, tmp_path_factory):  # noqa: F811
    """A running lite node with the accounts alice, bob and carol, for `shelf`."""
    running = LiteNode(network["node"], tmp_path_factory.mktemp("node"))
    running.compiled = compiled
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def both(compiled, request):
    """A full node and a lite one, for all tests of a module; it may say that it wants more."""
    reason = netns.why_unavailable()
    if reason:
        pytest.skip(reason)
    made = Pair(compiled, getattr(request.module, "HOUSES", 2))
    yield made
    made.close()


@pytest.fixture
def pair(both, request):
    """The two nodes with empty hands."""
    request.node.streets = both
    yield both
    both.clear()
