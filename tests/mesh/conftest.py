"""Towns and phones for one module's tests; what nodes and phones said is part of a failure."""

import contextlib
import itertools
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.mesh.handset import Handset
from tests.mesh.town import DOMAIN, PASSWORD, Town, wait_until
from tests.support import netns
from tests.system.phones import KINDS

TONES = itertools.cycle((440, 620, 930))  # no one a multiple of another


class Streets:
    """What a test has opened: towns, handsets, real phones."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="bellhop-mesh-")
        self.towns = []
        self.handsets = []
        self.phones = []

    def town(self, name, streets, routed=False):
        """Return a Town whose nodes are not started."""
        self.towns.append(Town(name, streets, routed))
        return self.towns[-1]

    def handset(self, town, number, user=None, name="phone", domain=DOMAIN):
        """Return a registered phone without sound at a node."""
        host = town.phone_host(number, name)
        user = user or f"u{number}"
        self.handsets.append(Handset(host, town.nodes[number], user, domain=domain))
        return self.handsets[-1].register()

    def phone(self, kind, town, number):
        """Return a real phone that registers at a node."""
        reason = KINDS[kind].why_unavailable()
        if reason:
            pytest.skip(reason)
        folder = f"{self.folder}/{len(self.phones)}-{kind}"
        made = KINDS[kind](town.phone_host(number), folder, next(TONES))
        self.phones.append(made)
        server = town.nodes[number].lan_address
        made.register(f"u{number}", PASSWORD, DOMAIN, server, 5060, "udp")
        return made

    def report(self):
        """Return what everybody said."""
        nodes = [node for town in self.towns for node in town.nodes]
        parts = [(node.name, node.log()) for node in nodes if node.process is not None]
        return parts + [(f"{phone} {phone.events()}", phone.log_tail()) for phone in self.phones]

    def close(self):
        """End everything, whatever of it fails to end."""
        with contextlib.ExitStack() as ends:
            ends.callback(shutil.rmtree, self.folder, ignore_errors=True)
            for one in self.towns + self.handsets:
                ends.callback(one.close)
            if self.phones:
                with ThreadPoolExecutor(len(self.phones)) as pool:
                    list(pool.map(lambda phone: phone.close(), self.phones))


@pytest.fixture
def streets(request):
    """An empty set of streets."""
    reason = netns.why_unavailable()
    if reason:
        pytest.skip(reason)
    made = Streets()
    request.node.streets = made
    yield made
    made.close()


@pytest.fixture
def see():
    """Return the function that waits until a node's phone book shows users with a phone."""

    def wait(node, *names):
        def are_there():
            return set(names) <= {entry["display"] for entry in node.who()}

        wait_until(are_there, f"{node.name} sees phones of {names}")

    return wait


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Add what nodes and phones said to the report of a failure."""
    report = yield
    if report.failed and call.when == "call" and hasattr(item, "streets"):
        report.sections.extend(item.streets.report())
    return report
