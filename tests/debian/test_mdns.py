"""A node is found by mDNS: by Avahi with the package's file, and zeroconf of Home Assistant."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import netns
from tests.system.phones.node import Node

SERVICES = Path(__file__).resolve().parents[2] / "debian" / "avahi.service"
# Avahi has its folder compiled in, and speaks to D-Bus unless it is told not to.
CONFIGURATION = """\
[server]
enable-dbus=no
use-ipv6=no
allow-interfaces=eth0
[publish]
publish-workstation=no
"""
# A mount namespace of its own: /etc/avahi and /run/avahi-daemon are those of the test.
AVAHI = (
    "mount --bind {0}/etc /etc/avahi && mkdir -p /run/avahi-daemon && "
    "mount -t tmpfs none /run/avahi-daemon && "
    "exec avahi-daemon --no-drop-root --no-rlimits --no-chroot --no-proc-title"
)
# What Home Assistant does: it browses, and asks for what it has heard of.
FINDER = """
import json, sys, threading
from zeroconf import ServiceBrowser, Zeroconf
found = threading.Event()
class Listener:
    def add_service(self, zeroconf, kind, name):
        info = zeroconf.get_service_info(kind, name, 20000)
        if info is not None and not found.is_set():
            print(json.dumps([name, info.parsed_addresses(), info.port]), flush=True)
            found.set()
    update_service = remove_service = lambda *_: None
with Zeroconf(interfaces=[sys.argv[1]]) as zeroconf:
    ServiceBrowser(zeroconf, "_sip._udp.local.", Listener())
    sys.exit(not found.wait(60))
"""


def test_home_assistants_library_finds_a_node_that_answers(tmp_path):
    if shutil.which("avahi-daemon") is None:
        pytest.skip("no avahi-daemon (Debian package avahi-daemon)")
    pytest.importorskip("zeroconf", reason="no zeroconf; pip installs it")
    reason = netns.why_unavailable()
    if reason:
        pytest.skip(reason)
    (tmp_path / "etc" / "services").mkdir(parents=True)
    (tmp_path / "etc" / "avahi-daemon.conf").write_text(CONFIGURATION)
    shutil.copy(SERVICES, tmp_path / "etc" / "services" / "bellhop.service")
    with netns.Network("mdns") as network:
        lan = network.lan()
        house, home = network.host("house"), network.host("home")
        for number, host in enumerate((house, home), 1):
            host.join(lan, "10.9.0.%d/24" % number)
            host.route("default", "10.9.0.1")
        node = Node(house, tmp_path)
        mount = ["unshare", "--mount", "sh", "-c", AVAHI.format(tmp_path)]
        daemon = house.popen(mount, stderr=subprocess.PIPE, text=True)
        try:
            node.start()
            finder = home.popen(
                [sys.executable, "-c", FINDER, home.address], stdout=subprocess.PIPE, text=True
            )
            told, _ = finder.communicate(timeout=120)
        finally:
            node.stop()
            daemon.terminate()
            said = daemon.communicate(timeout=60)[1]
        assert told, said
        name, addresses, port = json.loads(told)
        assert name.startswith("bellhop on ") and house.address in addresses
        assert port == node.port
