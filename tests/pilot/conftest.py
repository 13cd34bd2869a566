"""A house on a network of its own: a node, two hosts for phones, a browser on a third."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

import pytest

from tests.support import chromium, netns
from tests.system.phones import KINDS, node
from tests.system.phones.linphone import Linphone

HTTP_PORT = 8086


class PilotNode(node.Node):
    """A node with pages; `more`: further lines of UCI."""

    more = ""

    def configuration(self):
        """Return the UCI text."""
        text = (
            super()
            .configuration()
            .replace("config user", "\toption http_port '%d'\nconfig user" % HTTP_PORT, 1)
        )
        return text + self.more

    def ask(self, *words):
        """Return the answer to a verb."""
        done = subprocess.run(
            [sys.executable, "-m", "bellhop", "--state", os.path.join(self.folder, "state"),
             *words, "--json"], capture_output=True, text=True, timeout=20, check=False,
            env={**os.environ, "PYTHONPATH": os.path.join(node.TREE, "src")},
        )  # fmt: skip
        assert not done.returncode, done.stderr
        return json.loads(done.stdout)

    def url(self, path="/"):
        """Return the URL of a path of its pages."""
        return "http://%s:%d%s" % (self.address, HTTP_PORT, path)

    def restart(self):
        """Stop and start it."""
        self.stop()
        self.start()


class VirginLinphone(Linphone):
    """Linphone as it comes out of the shop, but that it knows where its configuration is."""

    def fetch(self, url):
        """Start it with nothing but a URL, as a scan leaves it."""
        self.url = url
        self.start()

    def write_settings(self):
        """Write `linphonerc`, the first time only: it keeps its own."""
        path = os.path.join(self.folder, "linphonerc")
        os.makedirs(os.path.join(self.folder, ".local", "share", "linphone"), exist_ok=True)
        if not os.path.exists(path):
            with open(path, "w") as file:
                file.write("[misc]\nconfig-uri=%s\n[sip]\nuse_ipv6=0\nsip_port=-1\n"
                           "sip_tcp_port=-1\nregister_only_when_network_is_up=0\n"
                           "[rtp]\naudio_rtp_port=-1\n[video]\nenabled=0\ncapture=0\ndisplay=0\n"
                           % self.url)  # fmt: skip

    def restart(self):
        """Close it and start it once more."""
        self.command("leave")
        self.process.wait(10)
        self._seen = len(self._events)
        self.start()


class House:
    """hosts: by name; node; phones that were started, and a browser on the host `screen`."""

    def __init__(self, network):
        self.network = network
        self.folder = tempfile.mkdtemp(prefix="bellhop-pilot-")
        self.phones = []
        self.nodes = []
        self.hosts = {}
        self.lan = network.lan()
        for number, name in enumerate(("node", "alice", "bob", "screen"), 1):
            self.hosts[name] = network.host(name)
            self.hosts[name].join(self.lan, "10.9.0.%d/24" % number)
            self.hosts[name].route("default", "10.9.0.1")  # Linphone wants one in longer calls.
        self.node = PilotNode(self.hosts["node"], self._folder("node"))
        self.browser = None

    def _folder(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(path)
        return path

    def phone(self, kind, user, host=None, hz=440):
        """Return a registered phone."""
        made = KINDS[kind](self.hosts[host or user], self._folder("%s-%s" % (kind, user)), hz)
        self.phones.append(made)
        made.register(user, self.node.users[user].password, "home.test", self.node.address)
        made.wait_registered()
        return made

    def virgin(self, host):
        """Return a Linphone that knows nothing yet."""
        made = VirginLinphone(self.hosts[host], self._folder("virgin-" + host), 440)
        self.phones.append(made)
        return made

    def page(self, user, **options):
        """Return a page on which a user is signed in by a link."""
        if self.browser is None:
            self.browser = chromium.Browser(self.hosts["screen"].popen)
        page = self.browser.page(**options)
        page.open(self.node.url(self.node.ask("pilot-link", user)["path"]))
        page.wait("!!document.getElementById('now')")
        return page

    def close(self):
        """End everything."""
        if self.browser is not None:
            self.browser.__exit__()
        for phone in self.phones:
            phone.close()
        self.node.stop()
        shutil.rmtree(self.folder)


@pytest.fixture
def house(request):
    """A House whose node runs."""
    reason = netns.why_unavailable()
    if reason:
        pytest.skip(reason)
    if chromium.find() is None:
        pytest.skip("no Chromium (Debian package chromium)")
    with netns.Network("pilot") as network:
        made = House(network)
        made.node.more = getattr(request, "param", "")
        try:
            made.node.start()
            yield made
        finally:
            made.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Add the logs to the report of a failure."""
    report = yield
    house = getattr(item, "funcargs", {}).get("house")
    if report.failed and call.when == "call" and house is not None:
        report.sections.append(("node", house.node.log_tail()))
        for phone in house.phones:
            report.sections.append(("%s %s" % (phone, phone.events()), phone.log_tail()[-6000:]))
    return report
