"""The init script under OpenWrt's own rc.common, procd and ujail, in a router's root."""

import os
from pathlib import Path

import pytest

from . import router as root

# Every set of packages, each one package away from the one before it.
OTHERS = " bellhop-pilot bellhop-trunks"
MESH = ("", "bellhop-mesh", "bellhop-media", "bellhop-pgp")
# What a jail shows of the programs and modules that the packages use.
SEEN = """
import glob, importlib
missing = []
for path in glob.glob("/usr/lib/python3.*/lib-dynload/*.so"):
    name = path.split("/")[-1].split(".")[0]
    try:
        importlib.import_module(name)
    except ImportError as error:
        missing.append("%s: %s" % (name, error))
print(sorted(missing))
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Return a folder of our packages as folders of their files."""
    reason = root.why_unavailable()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("packages")
    root.lay(folder)
    return folder


@pytest.fixture
def router(tmp_path, packages):
    """Return run(scenario): the lines that a script prints on the router."""

    def run(scenario, first="take bellhop\nquiet\n"):
        return root.run(tmp_path, first + scenario, packages)

    return run


def lines_of(lines, mark):
    """Return the words of the line that begins with a mark."""
    return next(line for line in lines if line.startswith(mark)).split()[1:]


def test_node_starts_in_its_jail_with_every_set_of_packages(router):
    """A Python whose modules are shared files finds their libraries there, and so do programs."""
    if not root.LIBRARY.exists():
        pytest.skip("no native library: `make native` makes it")
    steps = []
    for tls in ("", "bellhop-tls"):
        for dns in ("", "bellhop-dns" + OTHERS):
            steps += [" ".join((*MESH[1 : count + 1], tls, dns)) for count in range(len(MESH))]
    lines = router(
        """
mkdir -p /etc/ssl
uci set bellhop.node.tls_port=5071
uci set bellhop.node.listen=127.0.0.1
uci commit bellhop
cat >/seen.py <<END
%s
END
with() {
	local one
	end
	for one in mesh media pgp tls dns pilot trunks; do drop bellhop-$one; done
	for one in gnupg2 openssl-util python3-cffi python3-pynacl python3-gnupg python3-dns; do
		drop $one
	done
	take "$@"
	begin
	ubus call bellhop status >/tmp/status
	echo "set <$*>"
	for one in bellhop "$@"; do
		sh /tree/openwrt/bellhop/test.sh $one 0.1.0 >/tmp/test 2>&1 || cat /tmp/test
	done
	echo "tls $(jsonfilter -i /tmp/status -e '@.listening[@.transport="tls"].port')"
	echo "suites $(jsonfilter -i /tmp/status -e '@.media.suites[0]')"
	echo "identity $(ubus call bellhop identity | grep -c error)"
	inside="nsenter -m -r -t $(node)"
	[ "$($inside python3 -I /usr/lib/seen.py)" = "$(python3 -I /seen.py)" ] && echo "modules seen"
	[ ! -e /usr/bin/gpg ] || $inside gpg --version | head -n 1
	[ ! -e /usr/bin/openssl ] || $inside openssl version
}
cp /seen.py /usr/lib/seen.py
%s
grep -E 'Traceback|Error' /var/run/log
"""
        % (SEEN, "\n".join("with " + step for step in steps))
    )
    text = "\n".join(lines)
    told = [one.split("\n") for one in text.split("set <")[1:]]
    assert len(told) == len(steps) == 16, text
    for rows in told:
        names = rows[0].rstrip(">").split()
        assert ("tls 5071" in rows) == ("bellhop-tls" in names), text
        assert ("suites AEAD_AES_256_GCM" in rows) == ("bellhop-media" in names), text
        assert ("identity 0" in rows) == ("bellhop-mesh" in names), text
        assert any(row.startswith("gpg (GnuPG)") for row in rows) == ("bellhop-pgp" in names)
        assert any(row.startswith("OpenSSL") for row in rows) == ("bellhop-tls" in names)
        assert "modules seen" in rows, text
    assert "Traceback" not in text and "in vain" not in text, text


def test_lite_node_starts_in_its_jail(router):
    if not root.MICROPYTHON.exists():
        pytest.skip("no MicroPython with ffi: `make micropython` fetches one")
    lines = router(
        """
cat >/ask.py <<END
import socket
control = socket.socket(socket.AF_UNIX)
control.connect("/var/run/bellhop/control")
control.send(b'{"verb": "status"}\\n')
print(control.recv(65536))
END
/etc/init.d/bellhop start
on_control() { python3 /ask.py 2>/dev/null | grep version; }
until_so on_control
grep -E 'Traceback|Error' /var/run/log
""",
        "take bellhop-lite\nquiet\n",
    )
    assert any("version" in line for line in lines), lines
    assert not [line for line in lines if "Error" in line or "in vain" in line]


def test_change_reaches_the_running_node_and_a_mistake_leaves_it(router):
    lines = router("""
begin
first=$(node)
ports() { ubus call bellhop status | grep -c 5080; }
apply() {
	uci commit bellhop
	ubus call service event '{"type":"config.change","data":{"package":"bellhop"}}'
}
uci set bellhop.node.sip_port=5080
apply
changed ports
echo on the new port: $(ports)
stat -c '%A %U:%G' /etc/config/bellhop
uci set bellhop.node.sip_port=99999
told() { ubus call bellhop status | grep -q 99999; }
apply
until_so told && echo the mistake is told
[ "$(node)" = "$first" ] && echo the same node
uci set bellhop.node.sip_port=5080
uci commit bellhop
stat -c 'by hand %A %U:%G' /etc/config/bellhop
kill -9 $(node)
fell() { [ -n "$(node)" ] && [ "$(node)" != "$first" ]; }
until_so fell
until_so answers && echo returned
ubus call bellhop status | grep -c 'last good configuration'
/etc/init.d/bellhop reload
good() { ! ubus call bellhop status | grep -q 'last good'; }
sleep 2; good && echo good again
""")
    assert "on the new port: 4" in lines  # UDP and TCP, IPv4 and IPv6.
    assert "-rw-r----- root:bellhop" in lines
    assert "the same node" in lines and "the mistake is told" in lines
    # UCI leaves it to root alone: the node that falls then returns with what it knew.
    assert "by hand -rw-r----- root:root" in lines, lines
    assert "returned" in lines and "1" in lines and "good again" in lines, lines


FIREWALL = """
cat >/etc/config/firewall <<END
config defaults
	option input REJECT
config zone
	option name lan
	list network lan
	option input REJECT
config zone
	option name wan
	list network wan
	option input REJECT
config rule
	option name scanners
	option src wan
	option src_ip 192.0.2.7
	option target DROP
END
printf '#!/bin/sh\necho "$1" >>/reloads\n' >/etc/init.d/firewall
chmod 0755 /etc/init.d/firewall
ours() { uci show firewall | grep "^firewall.bellhop_.*$1" | sort; }
rules() {
	ACTION=print ucode -T -S -L '/usr/share/ucode/*.uc' -L '/usr/lib/ucode/*.so' \\
		/usr/share/firewall4/main.uc 2>/dev/null | sed -n "/chain input_$1 {/,/}/p" |
		grep -E 'dport|saddr'
}
apply() {
	uci commit "$1"
	ubus call service event '{"type":"config.change","data":{"package":"'$1'"}}'
}
"""


def test_firewall_is_closed_but_for_the_house_and_the_owner_has_the_last_word(router):
    if not (Path(os.environ["OPENWRT_ROOT"]) / "share/firewall4").is_dir():
        pytest.skip("OPENWRT_ROOT has no share/firewall4")
    lines = router(
        FIREWALL
        + """
uci set bellhop.node.tls_port=5071
uci commit bellhop
uci set firewall.@defaults[0].drop_invalid=1
begin
echo "lan at first: $(rules lan)"
echo "wan at first: $(rules wan)"
/etc/init.d/bellhop restart
echo "written once: $(wc -l </reloads)"
echo "not committed: $(uci changes firewall)"
uci set firewall.bellhop_sip_lan.enabled=0
apply firewall
/etc/init.d/bellhop reload
echo "switched off: $(rules lan)"
uci delete firewall.bellhop_sip_lan.enabled
uci commit firewall
uci set bellhop.node.internet=1
apply bellhop
opened() { ours sip_wan | grep -q 5070; }
until_so opened
echo "wan: $(rules wan | tr '\\n' ';')"
cat >>/etc/config/firewall <<END
config rule
	option src wan
	option src_ip 192.0.2.8
	option target DROP
END
apply firewall
last() { tail -n 8 /etc/config/firewall | grep -q bellhop; }
until_so last
echo "wan again: $(rules wan | tr '\\n' ';')"
uci add_list bellhop.node.firewall_zone=garage
apply bellhop
told() { ubus call bellhop status | grep -q "no zone 'garage'"; }
until_so told && echo "zone told"
take bellhop-mesh
until_so answers
echo "mesh: $(ours mesh_wan | grep -c dest_port)"
/etc/init.d/bellhop close_firewall
echo "then: $(ours .)"
"""
    )
    text = "\n".join(lines)
    assert "lan at first:" in text and "5070" in text.split("wan at first:")[0]
    assert "5071" not in text and "5066" not in text.split("mesh:")[0], text
    assert "dport" not in text.split("wan at first:")[1].split("written once")[0], text
    assert "written once: 1" in lines
    assert any(line.startswith("not committed: firewall.") for line in lines), text
    assert "switched off: " in lines, text
    for mark in ("wan: ", "wan again: "):
        (found,) = [line for line in lines if line.startswith(mark)]
        assert found.index("192.0.2.7") < found.index("dport 5070"), text
    assert found.index("192.0.2.8") < found.index("dport 5070"), text
    assert "zone told" in lines and "mesh: 1" in lines and "then: " in lines, text


def test_a_commit_before_the_first_reading_leaves_the_node_its_configuration(router):
    """UCI gives the file back to root each time: the node starts with the copy it finds."""
    lines = router("""
end
rm -r /etc/bellhop
uci set bellhop.node.domain=early.test
uci commit bellhop
seconds=30
committed() {
	seconds=$((seconds + 1))
	uci set bellhop.node.ring_seconds=$seconds
	uci commit bellhop
	answers
}
until_so committed &
committing=$!
/etc/init.d/bellhop start
wait $committing
ls -l /etc/config/bellhop | awk '{ print "of " $3 ":" $4 }'
ubus call bellhop problems | grep -E 'wrong|works'
/etc/init.d/bellhop reload
good() { ! ubus call bellhop problems | grep -q "cannot be read"; }
until_so good && ubus call bellhop status | grep domain
""")
    text = "\n".join(lines)
    assert "of root:root" in lines and "cannot be read" in text, text
    assert "the last good configuration is in force" in text, text
    assert '\t"domain": "early.test",' in lines, text


def test_keys_that_root_makes_are_for_the_node(router):
    lines = router(
        """
uci set bellhop.mesh=mesh
uci set bellhop.mesh.enabled=1
uci set bellhop.alice=user
uci set bellhop.alice.name=alice
uci set bellhop.alice.password=wonderland
uci commit bellhop
begin
bellhop person-key alice | head -n 1
ls -l /etc/bellhop/users | awk '{ print $3, $9 }'
""",
        "take %s\nquiet\n" % " ".join(MESH),
    )
    assert any(line.startswith("sip:alice@") for line in lines), lines
    assert "bellhop alice.seed" in lines, lines


def test_restart_that_comes_while_python_starts_is_not_lost(router):
    """A feature that is installed right after the node must be found by a new process."""
    lines = router("""
/etc/init.d/bellhop start
until_so node
first=$(node)
/etc/init.d/bellhop restart
until_so answers
[ "$(node)" != "$first" ] && echo "another process"
""")
    assert "another process" in lines, lines


def test_interface_that_came_up_is_told_and_a_node_that_died_returns(router):
    lines = router("""
begin
told() { grep -c 'is in force' /var/run/log; }
until_so told
before=$(told)
ubus call service event '{"type":"interface.update","data":{"interface":"wan"}}'
again() { [ "$(told)" -gt "$before" ]; }
until_so again && echo told anew
kill -9 "$(node)"
changed node
ubus -t 20 wait_for bellhop
ubus call bellhop status | grep domain
end
echo left: $(node)
""")
    assert "told anew" in lines and '\t"domain": "home.arpa",' in lines and "left:" in lines


def test_texts_of_a_modem_pass_the_jail_and_a_new_folder_too(router):
    lines = router("""
take bellhop-trunks
uci set bellhop.alice=user
uci set bellhop.alice.password=secret
uci set bellhop.sms=sms
uci set bellhop.sms.ring=alice
uci commit bellhop
begin
put() { echo hello >"$1/IN20261130_101010_00_+491701234567_00.txt"; }
empty() { [ -z "$(ls "$1")" ]; }
put /var/spool/gammu/inbox
until_so empty /var/spool/gammu/inbox && echo "it was taken"
stat -c '%U' /var/spool/gammu/outbox
uci set bellhop.sms.inbox=/var/modem
uci commit bellhop
ubus call service event '{"type":"config.change","data":{"package":"bellhop"}}'
there() { [ -d /var/modem ]; }
until_so there && put /var/modem
until_so empty /var/modem && echo "it was taken there"
ubus call bellhop status | grep 'no texts'
""")
    text = "\n".join(lines)
    assert "it was taken" in lines and "it was taken there" in lines, text
    assert "bellhop" in lines, text
    assert "no texts" not in text, text
