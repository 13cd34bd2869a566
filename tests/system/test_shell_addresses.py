"""Addresses that come and go while a node runs, in a network namespace of its own."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from bellhop.world import netlink
from tests.mesh.handset import Handset, field
from tests.mesh.town import DOMAIN, PASSWORD
from tests.support import netns

PATIENCE = 60
OPTIONS = (
    b"OPTIONS sip:home.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa%d;rport\r\n"
    b"From: <sip:probe@probe.test>;tag=1\r\nTo: <sip:home.test>\r\nCall-ID: a%d\r\n"
    b"CSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
)


def test_loopback_is_among_the_addresses_of_this_machine():
    found, links, _ = netlink.addresses()
    assert "127.0.0.1" in found
    assert not [host for host in found if host.startswith("fe80:")]
    assert all(host.startswith("fe80:") and "%" in host for host in links)


@pytest.fixture(scope="module")
def network():
    reason = netns.why_unavailable()
    if reason:
        pytest.skip(reason)
    with netns.Network("shell") as made:
        lan = made.lan()
        hosts = {"node": made.host("node"), "phone": made.host("phone")}
        hosts["node"].join(lan, "10.8.0.1/24", "fd08::1/64")
        hosts["phone"].join(lan, "10.8.0.2/24", "10.8.1.2/24", "fd08::2/64")
        yield hosts


@pytest.fixture(scope="module")
def node(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    lines = [f"config node\n\toption domain '{DOMAIN}'"]
    for name in ("alice", "bob"):
        lines.append(f"config user\n\toption name {name}\n\toption password {PASSWORD}")
    (folder / "bellhop").write_text("\n".join(lines) + "\n")
    words = [
        sys.executable,
        "-m",
        "bellhop",
        "--config",
        folder / "bellhop",
        "--state",
        folder / "s",
    ]
    with open(folder / "output", "wb") as output:
        process = network["node"].popen(words, stdout=output, stderr=output)
    try:
        yield folder / "s"
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert "Traceback" not in (folder / "output").read_text()


def answered_from(network, host, port=5060):
    """Send OPTIONS from the phone until an answer comes; return the address it came from."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + PATIENCE
    with network["phone"].socket(family, socket.SOCK_DGRAM) as phone:
        phone.settimeout(0.2)
        while time.monotonic() < deadline:
            try:
                number = int.from_bytes(os.urandom(4), "big")
                phone.sendto(OPTIONS % (number, number), (host, port))
                return phone.recvfrom(65535)[1][0]
            except OSError:
                time.sleep(0.05)
    return None


def listening(state):
    status = subprocess.run(
        [sys.executable, "-m", "bellhop", "--state", state, "status", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {place["host"] for place in json.loads(status.stdout)["listening"]}


@pytest.mark.parametrize("host", ["10.8.0.1", "fd08::1"])
def test_the_answer_leaves_from_the_address_that_was_asked(network, node, host):
    assert answered_from(network, host) == host


def test_addresses_come_and_go_without_a_restart(network, node):
    assert answered_from(network, "10.8.0.1")
    inside = network["node"].namespace
    netns.ip("-n", inside, "addr", "add", "10.8.1.1/24", "dev", "eth0")
    netns.ip("-n", inside, "addr", "add", "fd08::11/64", "dev", "eth0")
    assert answered_from(network, "10.8.1.1") == "10.8.1.1"
    assert answered_from(network, "fd08::11") == "fd08::11"
    assert {"10.8.0.1", "10.8.1.1", "fd08::11"} <= listening(node)
    netns.ip("-n", inside, "addr", "del", "10.8.1.1/24", "dev", "eth0")
    deadline = time.monotonic() + PATIENCE
    while "10.8.1.1" in listening(node) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "10.8.1.1" not in listening(node)
    assert answered_from(network, "10.8.0.1") == "10.8.0.1"


def test_a_phone_that_rings_is_told_the_end_from_an_address_that_takes_the_place_of_another(
    network, node
):
    inside = network["node"].namespace
    netns.ip("-n", inside, "addr", "add", "10.8.1.1/24", "dev", "eth0")
    assert answered_from(network, "10.8.1.1") == "10.8.1.1"
    alice, bob = [Handset(network["phone"], None, name, "10.8.1.1") for name in ("alice", "bob")]
    try:
        alice.register(), bob.register()
        call = alice.dial("bob")
        bob.respond(bob.incoming(), 180, "Ringing")
        alice.wait_ringing(call)
        netns.ip("-n", inside, "addr", "del", "10.8.1.1/24", "dev", "eth0")
        netns.ip("-n", inside, "addr", "add", "10.8.1.3/24", "dev", "eth0")
        assert answered_from(network, "10.8.1.3") == "10.8.1.3"
        invite = alice.sent[call]
        branch = invite.partition("z9hG4bK")[2].partition(";")[0]
        number = int(field(invite, "CSeq").split()[0])
        target = f"sip:bob@{DOMAIN}"
        cancel = alice.request("CANCEL", target, call, cseq=number, branch=branch)
        alice.send(cancel, ("10.8.1.3", 5060))
        assert field(bob.incoming("CANCEL"), "Via").startswith("SIP/2.0/UDP 10.8.1.1:5060")
    finally:
        alice.close(), bob.close()
        netns.ip("-n", inside, "addr", "del", "10.8.1.3/24", "dev", "eth0")


def test_a_second_address_of_one_network_is_listened_on_too(network, node):
    inside = network["node"].namespace
    netns.ip("-n", inside, "addr", "add", "10.8.0.5/24", "dev", "eth0")
    assert answered_from(network, "10.8.0.5") == "10.8.0.5"
    netns.ip("-n", inside, "addr", "del", "10.8.0.5/24", "dev", "eth0")
