"""Two routers that know nothing but each other's key meet by a private DHT on loopback."""

import os
import subprocess
import sys
import time

import pytest

pytest.importorskip("nacl", reason="PyNaCl is missing: there is no mesh")

from bellhop.mesh.identity import write_key  # noqa: E402
from bellhop.shell.mesh import identity  # noqa: E402
from bellhop.world import secrets  # noqa: E402
from tests.system.sipp.runner import free_ports  # noqa: E402
from tests.trunks.house import SOURCE, House  # noqa: E402

PATIENCE = 120
# Of the nodes of the DHT, which other runs of the tests have elsewhere.
FIRST = "127.%d.%d." % (230 + os.getpid() % 10, os.getpid() // 10 % 250)
PORT, COUNT = 6881, 12
MESH = """config mesh
	option node_name {name}
	option port {port}
	option dht {dht}
{starts}
config contact
	option name {other}
	option address sip:alice@{key}
	option number 71
"""
LIBTORRENT = """
import sys, time
import libtorrent
sessions = []
for place in sys.argv[1:]:
    sessions.append(libtorrent.session({
        "listen_interfaces": place, "enable_dht": True, "dht_bootstrap_nodes": sys.argv[1],
        "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False,
        "dht_enforce_node_id": False, "dht_ignore_dark_internet": False,
        "dht_privacy_lookups": False, "dht_prefer_verified_node_ids": False,
        "allow_multiple_connections_per_ip": True, "dht_max_fail_count": 200,
        "alert_mask": 0,
    }))
for one in sessions:
    for place in sys.argv[1:]:
        one.add_dht_node((place.split(":")[0], int(place.split(":")[1])))
end = time.monotonic() + 60
while min(one.status().dht_nodes for one in sessions) < 2 and time.monotonic() < end:
    time.sleep(0.2)
print("ready", flush=True)
time.sleep(3600)
"""


@pytest.fixture(params=["keepers", "libtorrent"])
def dht(request):
    """Return the places of a DHT that runs."""
    command = [sys.executable, "-m", "tests.support.dht"]
    if request.param == "libtorrent":
        pytest.importorskip(
            "libtorrent", reason="no libtorrent (Debian package python3-libtorrent)"
        )
        command = [sys.executable, "-c", LIBTORRENT]
    places = ["%s%d:%d" % (FIRST, at + 1, PORT) for at in range(COUNT)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    process = subprocess.Popen(
        [*command, *places], stdout=subprocess.PIPE, env=environment, text=True
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield places
    finally:
        process.kill()
        process.wait()


def key_of(folder):
    """Return the key that a node in a folder will have."""
    (folder / "state").mkdir(parents=True)
    seed = secrets.read(str(folder / "state"))
    return write_key(identity.crypto().public_key(seed)).decode()


def houses(tmp_path, places, on):
    """Return two nodes, each with the other's key as that of a contact."""
    names, found = ("north", "south"), []
    keys = [key_of(tmp_path / name) for name in names]
    for at, name in enumerate(names):
        starts = "".join("\tlist dht_start %s\n" % place for place in places[:3])
        text = MESH.format(
            name=name, port=free_ports(1)[0], dht=int(on[at]), starts=starts, other=names[1 - at],
            key=keys[1 - at],
        )  # fmt: skip
        found.append(House(tmp_path / name, [text], listen="127.0.0.1"))
    return found


def neighbours(house):
    return [row["name"] for row in house.ask("peers")["peers"]]


def test_contacts_meet_without_any_directory(tmp_path, dht):
    north, south = houses(tmp_path, dht, (True, True))
    try:
        begun = time.monotonic()
        north.wait_for(lambda: "south" in neighbours(north), PATIENCE)
        south.wait_for(lambda: "north" in neighbours(south), PATIENCE)
        print("met after %.1f s" % (time.monotonic() - begun))
        counts = north.ask("status")["counters"]["dht"]
        assert counts["found"] or south.ask("status")["counters"]["dht"]["found"], counts
        assert counts["left"] and counts["answers"]
    finally:
        north.stop()
        south.stop()


def test_off_is_off(tmp_path):
    north, south = houses(tmp_path, [], (False, False))
    try:
        assert "dht" not in north.ask("status")["counters"]
        assert not north.ask("problems")["problems"]
    finally:
        north.stop()
        south.stop()
