"""One small network per module: a node and three hosts for real phones.

A phone that is missing, or a machine without namespaces, skips its tests with the
reason. When a test fails, the logs of its phones and of the node, SIP messages
included, are part of the report.
"""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import netns
from tests.system.phones import KINDS
from tests.system.phones import node as node_module

TONES = {"alice": 440, "bob": 620, "carol": 930}  # no one a multiple of another
LAN, LAN6 = "10.9.0.", "fd09::"


@pytest.fixture(scope="module")
def network():
    """Hosts by name, all on one LAN: node, alice, bob, carol."""
    reason = netns.why_unavailable()
    if reason:
        pytest.skip(reason)
    with netns.Network("lan") as made:
        lan = made.lan()
        hosts = {}
        for number, name in enumerate(("node", *TONES), start=1):
            hosts[name] = made.host(name)
            hosts[name].join(lan, f"{LAN}{number}/24", f"{LAN6}{number}/64")
        yield hosts


@pytest.fixture(scope="module")
def node(network):
    """A running node with the accounts alice, bob and carol."""
    folder = tempfile.mkdtemp(prefix="bellhop-node-")
    running = node_module.Node(network["node"], folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder)


class Shelf:
    """The phones of one test: takes them out, puts them all back."""

    def __init__(self, node, network):
        self.node = node
        self.network = network
        self.folder = tempfile.mkdtemp(prefix="bellhop-phones-")
        self.taken = []

    def start(
        self,
        kind,
        user,
        transport="udp",
        *,
        host=None,
        ipv6=False,
        password=None,
        encryption=None,
        **options,
    ):
        """Start a phone of a kind with a user's account; do not wait."""
        reason = KINDS[kind].why_unavailable()
        if reason:
            pytest.skip(reason)
        account = self.node.users[user]
        phone = KINDS[kind](
            self.network[host or user],
            f"{self.folder}/{len(self.taken)}-{kind}",
            TONES[host or user],
            **options,
        )
        self.taken.append(phone)
        server, port = self.node.server_for(transport, ipv6)
        phone.register(
            user,
            password or account.password,
            self.node.domain,
            server,
            port,
            transport,
            encryption,
        )
        return phone

    def take(self, *wanted, **options):
        """Start phones, each given as (kind, user), and wait until all are registered."""
        phones = [self.start(kind, user, **options) for kind, user in wanted]
        for phone in phones:
            phone.wait_registered()
        return phones

    def report(self):
        """Return what everybody said, for a failed test."""
        parts = [(f"{phone} {phone.events()}", phone.log_tail()) for phone in self.taken]
        return [*parts, ("node", self.node.log_tail())]

    def close(self):
        """End all phones at once: each takes a moment to unregister."""
        if self.taken:
            with ThreadPoolExecutor(len(self.taken)) as pool:
                list(pool.map(lambda phone: phone.close(), self.taken))
        shutil.rmtree(self.folder)


@pytest.fixture
def shelf(node, network, request):
    """Phones for one test."""
    made = Shelf(node, network)
    request.node.shelf = made
    yield made
    made.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Add the phones' and the node's logs to the report of a failure."""
    report = yield
    if report.failed and call.when == "call" and hasattr(item, "shelf"):
        report.sections.extend(item.shelf.report())
    return report
