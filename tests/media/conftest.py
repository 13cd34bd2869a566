"""Streets of tests/mesh whose nodes carry sound; phones that encrypt; what nodes tell of calls."""

import shutil

import pytest

from tests.mesh import conftest as mesh
from tests.mesh.conftest import pytest_runtest_makereport  # noqa: F401 (a hook)
from tests.mesh.town import DOMAIN, PASSWORD, line
from tests.support import netns
from tests.system.phones import KINDS

from . import interposer
from .ear import Ear
from .talker import Talker


class Streets(mesh.Streets):
    """Towns with sound. Phone number n belongs to the user u<n> unless it is told another."""

    def __init__(self):
        super().__init__()
        self.ears = []

    def sounding(self, name, streets, **options):
        """Return a Town whose nodes carry sound; not started."""
        town = self.town(name, streets, **options)
        for node in town.nodes:
            node.media_options = []
        return town

    def far_line(self, between=None):
        """Return a started Town of node 0, a proxy and node 2, which know nothing of a mesh.

        Node 0 calls u2 by 77, an address of the proxy, and wants encryption; between: the mode of
        an interposer.py in the proxy's place, or None.
        """
        town = self.sounding("far", line(3))
        for node in town.nodes:
            node.mesh_options = ["option enabled '0'"]
            node.node_options = ["list trusted 10.0.0.0/8"]
        contact(town.nodes[0], "77", "sip:u2@10.9.0.2", "encryption 'require'")
        contact(town.nodes[1], "u2", "sip:u2@10.9.1.3")
        become(town.nodes[1], between)
        town.start()
        return town

    def pair(self, name="pair"):
        """Return a started Town of two nodes that reach each other."""
        town = self.sounding(name, line(2))
        town.start()
        town.wait_reach()
        return town

    def phone(self, kind, town, number, encryption=None, user=None, name="phone"):
        """Return a real phone at a node; it registers by itself."""
        host, node = town.phone_host(number, name), town.nodes[number]
        return self.phone_on(kind, host, user or f"u{number}", node.lan_address, encryption)

    def phone_on(self, kind, host, user, server, encryption=None):
        """Return a real phone on any host; it registers by itself at the address `server`."""
        reason = KINDS[kind].why_unavailable()
        if reason:
            pytest.skip(reason)
        folder = f"{self.folder}/{len(self.phones)}-{kind}"
        made = KINDS[kind](host, folder, next(mesh.TONES))
        self.phones.append(made)
        made.register(user, PASSWORD, DOMAIN, server, 5060, "udp", encryption)
        return made

    def phones_of(self, town, *kinds):
        """Return a registered phone of each kind: the first at node 0, the second at node 1, ..."""
        made = [self.phone(kind, town, number) for number, kind in enumerate(kinds)]
        for phone in made:
            phone.wait_registered()
        return made

    def talker(self, town, number, name="talker", user=None):
        """Return a registered Talker at a node."""
        host, node = town.phone_host(number, name), town.nodes[number]
        return self.talker_on(host, user or f"u{number}", node.lan_address)

    def talker_on(self, host, user, server):
        """Return a registered Talker on any host; server: the address of its node."""
        self.handsets.append(Talker(host, user, server))
        return self.handsets[-1].register()

    def ear(self, node):
        """Return an Ear for the events of a node."""
        self.ears.append(Ear(node))
        return self.ears[-1]

    def close(self):
        """End everything."""
        try:
            for ear in self.ears:
                ear.close()
        finally:
            super().close()


def contact(node, number, address, *options):
    """Add a contact to the configuration of a node that is not started."""
    lines = [f"option number '{number}'", f"option address '{address}'"]
    lines += ["option " + one for one in options]
    node.media_options += ["config contact", *lines]


def become(node, mode):
    """Make a node that is not started one of Mallory's (interposer.py), or an honest one: None."""
    node.program = [interposer.__file__, mode] if mode else ["-m", "bellhop"]


@pytest.fixture
def streets(request):
    """An empty set of streets."""
    reason = netns.why_unavailable()
    if reason:
        pytest.skip(reason)
    if not shutil.which("tshark"):
        pytest.skip("no tshark (Debian package tshark)")
    made = Streets()
    request.node.streets = made
    yield made
    made.close()
