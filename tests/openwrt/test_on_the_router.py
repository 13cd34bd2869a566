"""Parts that talk to servers, in the jail: names in the DNS, the members' page, the MQTT broker."""

import os
import shutil

import pytest

from bellhop.names import keys
from bellhop.shell.mesh import identity
from tests.support import lab, netns

from . import router as root
from .test_procd import lines_of, packages  # noqa: F401 - a fixture

# ruff: noqa: F811

SEED = b"s" * 32
# What a package has started may answer before it reads the file anew.
BEGIN = """
begin
knows() { bellhop users | grep -q alice; }
until_so knows
"""
# The node's own folder is the only one of the owner's that its jail shows.
NAMES = """
uci set bellhop.node.domain=house.test
uci set bellhop.alice=user
uci set bellhop.alice.name=alice
uci set bellhop.alice.password=wonderland
uci set bellhop.dns.enabled=1
uci set bellhop.dns.anchor=/etc/bellhop/anchor
uci set bellhop.dns.root_hints=/etc/bellhop/hints
uci commit bellhop
mkdir -p /etc/bellhop/users
cp /packages/lab/anchor /packages/lab/hints /etc/bellhop/
cp /packages/lab/alice.seed /etc/bellhop/users/
begin
# A look-up that a busy machine was too slow for is made again after a reload.
found() {
	tries=$((tries + 1))
	[ $((tries % 200)) != 0 ] || /etc/init.d/bellhop reload
	ubus call bellhop names | grep -q '"found": "published"'
}
until_so found
ubus call bellhop names | grep '"found"'
grep -E 'Traceback|Error' /var/run/log
"""
PAGE = """
uci set bellhop.node.http_port=8086
uci set bellhop.alice=user
uci set bellhop.alice.name=alice
uci set bellhop.alice.password=wonderland
uci commit bellhop
begin
cat >/get.py <<END
import re, sys, urllib.request
link = [word for word in sys.stdin.read().split() if word.startswith("http")][0]
page = link.partition("#")[0]
def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode("latin-1")
text = get(page)
files = re.findall(r'(?:src|href)="([^"#:]+)"', text)
print("page", len(text) > 500, len(files) > 1)
for file in files:
    print("file", file, bool(get(urllib.request.urljoin(page, file))))
END
bellhop pilot-link alice | python3 /get.py
grep -E 'Traceback|Error' /var/run/log
"""
BROKER = """
uci set bellhop.broker=mqtt
uci set bellhop.broker.host=127.0.0.1
uci set bellhop.alice=user
uci set bellhop.alice.name=alice
uci set bellhop.alice.password=wonderland
uci commit bellhop
begin
cat >/listen.py <<END
import paho.mqtt.client as mqtt
def told(client, userdata, message):
    if b"alice" in message.payload:
        print("the broker knows alice")
        client.disconnect()
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.on_message = told
client.connect("127.0.0.1", 1883)
client.subscribe("#")
client.loop_forever()
END
timeout 60 python3 -I /listen.py
grep -E 'Traceback|Error' /var/run/log
"""


@pytest.fixture
def router(tmp_path, packages):
    """Return run(scenario, first, host): the lines that a script prints on the router."""

    def run(scenario, first, host=None):
        return root.run(tmp_path, first + scenario.replace("begin\n", BEGIN), packages, host=host)

    return run


def clean(lines):
    """Check that nothing was in vain and nothing has failed."""
    text = "\n".join(lines)
    assert "Traceback" not in text and "Error" not in text and "in vain" not in text, text


def test_names_are_looked_up_in_the_jail(tmp_path, packages, router):
    if lab.why_not():
        pytest.skip(lab.why_not())
    crypto = identity.crypto()
    record = keys.text(keys.Published(crypto.public_key(SEED), 0)).decode()
    owner = keys.of_address(b"alice", b"house.test").decode()
    zone = f'{owner}. TXT "{record}"\n'
    folder = tmp_path / "lab"
    folder.mkdir()
    with netns.Network("jail") as network:
        host = network.host("router")
        with lab.Lab(folder, {"house": zone}, host) as running:
            there = packages / "lab"
            there.mkdir()
            shutil.copy(running.anchor, there / "anchor")
            shutil.copy(running.hints, there / "hints")
            (there / "alice.seed").write_bytes(SEED)
            first = "take bellhop bellhop-mesh bellhop-media bellhop-dns\nquiet\n"
            lines = router(NAMES, first, host)
    assert '"found": "published",' in "\n".join(lines), lines
    clean(lines)


def test_page_of_the_members_is_served_in_the_jail(router):
    lines = router(PAGE, "take bellhop bellhop-pilot\nquiet\n")
    assert lines_of(lines, "page") == ["True", "True"], lines
    files = [line for line in lines if line.startswith("file ")]
    assert files and all(line.endswith(" True") for line in files), lines
    clean(lines)


def test_broker_hears_of_the_people(router):
    broker = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    if not os.path.exists(broker):
        pytest.skip("no mosquitto (Debian package mosquitto)")
    pytest.importorskip("paho.mqtt.client", reason="no paho-mqtt; `make setup` installs it")
    with netns.Network("broker") as network:
        host = network.host("router")
        process = host.popen([broker, "-p", "1883"])
        try:
            lines = router(BROKER, "take bellhop bellhop-mqtt\nquiet\n", host)
        finally:
            process.terminate()
            process.wait()
    assert "the broker knows alice" in lines, lines
    clean(lines)
