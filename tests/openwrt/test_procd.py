"""The init script under OpenWrt's own rc.common, procd and ujail."""

import os
import subprocess
from pathlib import Path

import pytest

from . import real
from .feed import ROOT

HERE = Path(__file__).resolve().parent
PROGRAMS = ("sbin/procd", "sbin/ujail", "sbin/validate_data", "sbin/uci", "bin/jsonfilter")
# Of the tree: where rc.common, procd.sh and uci.sh are.
SCRIPTS = ("base-files/files/etc/rc.common", "system/procd/files", "system/uci/files")
PREPARE = """
for option in tls_port ws_port wss_port http_port; do uci set bellhop.node.$option=0; done
uci set bellhop.node.sip_port=5070
uci commit bellhop
begin() { /etc/init.d/bellhop start; ubus -t 20 wait_for bellhop; }
node() { pidof python3; }
end() {
	/etc/init.d/bellhop stop
	while ubus call service list '{"name":"bellhop"}' | grep -q instance; do sleep 0.1; done
}
# Waits until a command prints other than before.
changed() {
	local before=$($1)
	for _ in $(seq 100); do
		[ "$before" = "$($1)" ] || break
		sleep 0.1
	done
}
"""


@pytest.fixture
def router(tmp_path):
    """Return run(scenario): the lines that a script prints on the router."""
    reason = real.why_unavailable()
    if reason:
        pytest.skip(reason)
    tree = Path(os.environ.get("OPENWRT_TREE", "/nowhere")) / "package"
    root = Path(os.environ["OPENWRT_ROOT"])
    missing = [one for one in PROGRAMS if not (root / one).exists()]
    missing += [one for one in SCRIPTS if not (tree / one).exists()]
    if missing:
        pytest.skip("OPENWRT_ROOT and OPENWRT_TREE have no " + ", ".join(missing))

    def run(scenario):
        (tmp_path / "scenario").write_text(PREPARE + scenario)
        (tmp_path / "disk").mkdir()
        (tmp_path / "new").mkdir()
        command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
        command += ["--propagation", "private", "sh", HERE / "procd_root.sh"]
        places = {"WORK": tmp_path, "ROOT": root, "TREE": tree, "OURS": ROOT}
        environment = dict(os.environ, **{name: str(places[name]) for name in places})
        output = tmp_path / "output"
        with open(output, "w") as file:
            subprocess.run(command, env=environment, stdout=file, stderr=file, timeout=120)
        return output.read_text().split("\n")

    return run


def test_node_runs_in_its_jail_as_its_user_and_is_on_the_bus(router):
    lines = router("""
begin
grep -E '^(Uid|CapEff|NoNewPrivs)' "/proc/$(node)/status"
cd "/proc/$(node)/root"
echo in: $(ls)
echo may: $(ls usr/bin)
ubus call bellhop status | grep domain
""")
    assert "Uid:\t880\t880\t880\t880" in lines and "NoNewPrivs:\t1" in lines
    assert "CapEff:\t" + "0" * 16 in lines
    assert not {"bin", "root", "home", "tmp"} & set(lines_of(lines, "in:"))
    assert "python3" in lines_of(lines, "may:") and "sh" not in lines_of(lines, "may:")
    assert '\t"domain": "home.arpa",' in lines


def lines_of(lines, mark):
    """Return the words of the line that begins with a mark."""
    return next(line for line in lines if line.startswith(mark)).split()[1:]


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
ls -l /etc/config/bellhop
uci set bellhop.node.sip_port=99999
mistakes() { grep -c 'a wrong port or switch' /var/run/log; }
apply
changed mistakes
echo mistakes: $(mistakes)
sleep 1
[ "$(node)" = "$first" ] && echo the same node
""")
    assert "on the new port: 4" in lines  # UDP and TCP, IPv4 and IPv6.
    assert any(line.startswith("-rw-r----- 1 root bellhop") for line in lines)
    assert "the same node" in lines and "mistakes: 1" in lines


def test_firewall_lets_calls_in_before_a_zone_rejects_them(router):
    if not (Path(os.environ.get("OPENWRT_ROOT", "/nowhere")) / "share/firewall4").is_dir():
        pytest.skip("OPENWRT_ROOT has no share/firewall4")
    lines = router("""
cat >/etc/config/firewall <<END
config defaults
	option input REJECT
config zone
	option name mesh
	list network mesh
	option input REJECT
config rule
	option src mesh
	option proto udp
	option dest_port 5070
	option target REJECT
END
rules() {
	ACTION=print ucode -T -S -L '/usr/share/ucode/*.uc' -L '/usr/lib/ucode/*.so' \\
		/usr/share/firewall4/main.uc 2>/dev/null | grep -E 'bellhop|chain input|jump input_mesh'
}
begin
rules
end
echo then: $(rules | grep -c bellhop)
""")
    text = "\n".join(lines)
    assert "udp dport 5070 counter accept" in text and "then: 0" in lines
    # In the chain of all zones, which comes first, not in that of one.
    first = text.index("chain input {")
    assert first < text.index("udp dport 5070 counter accept") < text.index("chain input_mesh {")


def test_interface_that_came_up_is_told_and_a_node_that_died_returns(router):
    lines = router("""
begin
told() { grep -c 'is in force' /var/run/log; }
ubus call service event '{"type":"interface.update","data":{"interface":"wan"}}'
changed told
echo told: $(told)
kill -9 "$(node)"
changed node
ubus -t 20 wait_for bellhop
ubus call bellhop status | grep domain
end
echo left: $(node)
""")
    assert "told: 1" in lines and '\t"domain": "home.arpa",' in lines and "left:" in lines
