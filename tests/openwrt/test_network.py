"""A node on a router whose interfaces are netifd's and whose firewall is fw4's, in nftables.

OPENWRT_ROOT has sbin/netifd with its utils.sh and netifd-proto.sh in share/netifd, and of firewall4
sbin/fw4 and etc/init.d/firewall, for these tests.
"""

import os
from pathlib import Path

import pytest

from .test_procd import packages, router  # noqa: F401 - fixtures

# ruff: noqa: F811

NEEDED = "sbin/netifd", "share/netifd/utils.sh", "sbin/fw4", "etc/init.d/firewall"
# Three networks behind wires of their own, each with one machine at the far end; `from` asks by TCP
# from one of them: the firewall refuses at once what it does not let in.
NETWORK = """
wire() {
	ip link add "$1" type veth peer name "far-$1"
	unshare -n sleep 1000 &
	eval "far_$1=$!"
	apart() { [ "$(readlink /proc/$2/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
	until_so apart "$1" $!
	ip link set "far-$1" netns $!
	nsenter -t $! -n ip link set "far-$1" up
	nsenter -t $! -n ip addr add "$2" dev "far-$1"
}
from() {
	eval "nsenter -t \\$far_$1 -n" python3 -I /ask.py "$2"
}
hears() { from "$1" "$2" | grep -q open; }
cat >/ask.py <<END
import socket, sys
try:
    socket.create_connection((sys.argv[1], 5070), 5)
    print("open")
except ConnectionRefusedError:
    print("refused")
except OSError as error:
    print(error)
END
cat >/etc/config/network <<END
config interface 'loopback'
	option device 'lo'
	option proto 'static'
	option ipaddr '127.0.0.1'
	option netmask '255.0.0.0'
config interface 'lan'
	option device 'lan0'
	option proto 'static'
	option ipaddr '192.168.1.1'
	option netmask '255.255.255.0'
config interface 'wan'
	option device 'wan0'
	option proto 'static'
	option ipaddr '203.0.113.7'
	option netmask '255.255.255.0'
config interface 'garage'
	option device 'shed0'
	option proto 'static'
	option ipaddr '10.9.0.1'
	option force_link '0'
	option netmask '255.255.255.0'
END
cat >/etc/config/firewall <<END
config defaults
	option input REJECT
	option output ACCEPT
config zone
	option name lan
	list network lan
	option input REJECT
	option output ACCEPT
config zone
	option name wan
	list network wan
	option input REJECT
	option output ACCEPT
config zone
	option name outside
	list network garage
	option input REJECT
	option output ACCEPT
END
wire lan0 192.168.1.10/24
wire wan0 203.0.113.10/24
wire shed0 10.9.0.10/24
/etc/init.d/network start
until_so ubus -t 1 wait_for network.interface.garage
up() { ifstatus "$1" | grep -q '"up": true'; }
for one in lan wan garage; do until_so up $one; done
/etc/init.d/firewall enable
/etc/init.d/firewall start
apply() {
	uci commit "$1"
	ubus call service event '{"type":"config.change","data":{"package":"'$1'"}}'
}
hosts() { ubus call bellhop status | jsonfilter -e '@.listening[@.transport="udp"].host' | sort; }
listens() { hosts | grep -qFx "$1"; }
gone() { ! listens "$1"; }
"""


@pytest.fixture
def network(router):
    """Return run(scenario) on a router with its network up and a node that is started."""
    missing = [one for one in NEEDED if not (Path(os.environ["OPENWRT_ROOT"]) / one).exists()]
    if missing:
        pytest.skip("OPENWRT_ROOT has no " + ", ".join(missing))
    return lambda scenario: router(NETWORK + "begin\n" + scenario)


def test_phones_of_the_house_reach_the_node_and_nobody_else_until_the_owner_says_so(network):
    lines = network("""
until_so hears lan0 192.168.1.1
for one in lan0/192.168.1.1 wan0/203.0.113.7 shed0/10.9.0.1; do
	echo "at first ${one%/*}: $(from ${one%/*} ${one#*/})"
done
uci add_list bellhop.node.firewall_zone=lan
uci add_list bellhop.node.firewall_zone=outside
apply bellhop
until_so hears shed0 10.9.0.1
echo "then wan0: $(from wan0 203.0.113.7)"
uci set bellhop.node.internet=1
apply bellhop
until_so hears wan0 203.0.113.7 && echo "open to all"
uci set firewall.bellhop_sip_wan.enabled=0
apply firewall
closed() { ! hears wan0 203.0.113.7; }
until_so closed && echo "the owner closed it: $(from wan0 203.0.113.7)"
/etc/init.d/bellhop close_firewall
echo "taken away: $(from lan0 192.168.1.1)"
""")
    text = "\n".join(lines)
    assert "at first lan0: open" in lines, text
    assert "at first wan0: refused" in lines and "at first shed0: refused" in lines, text
    assert "then wan0: refused" in lines and "open to all" in lines, text
    assert "the owner closed it: refused" in lines and "taken away: refused" in lines, text
    assert "in vain" not in text and "Traceback" not in text, text


def test_node_follows_the_addresses_of_the_interfaces(network):
    lines = network("""
mkdir -p /etc/hotplug.d/iface
echo 'echo "$ACTION $INTERFACE" >>/tmp/hotplug' >/etc/hotplug.d/iface/99-told
for one in 192.168.1.1 203.0.113.7 10.9.0.1; do until_so listens $one && echo "on $one"; done
first=$(node)
uci set network.wan.ipaddr=203.0.113.9
apply network
until_so listens 203.0.113.9 && until_so gone 203.0.113.7 && echo "the provider gave another one"
ifdown garage
until_so gone 10.9.0.1 && echo "garage is down"
ifup garage
until_so listens 10.9.0.1 && echo "garage is up"
nsenter -t $far_shed0 -n ip link set far-shed0 down
until_so gone 10.9.0.1 && echo "the cable is out"
nsenter -t $far_shed0 -n ip link set far-shed0 up
until_so listens 10.9.0.1 && echo "the cable is in"
uci add_list network.lan.ipaddr=192.168.1.2/24
uci set network.lan6=interface
uci set network.lan6.device=lan0
uci set network.lan6.proto=static
uci set network.lan6.ip6addr=fd12::1/64
apply network
until_so listens fd12::1 && echo "and six"
[ "$(node)" = "$first" ] && echo "one process"
ubus call bellhop status | grep -A3 '"problems"'
grep garage /tmp/hotplug
""")
    text = "\n".join(lines)
    told = {"on 192.168.1.1", "on 203.0.113.7", "on 10.9.0.1", "the provider gave another one"}
    told |= {"garage is down", "garage is up", "the cable is out", "the cable is in", "and six"}
    assert told | {"one process", "ifdown garage", "ifup garage"} <= set(lines), text
    assert "Traceback" not in text, text


def test_a_provider_calls_from_the_addresses_that_the_owner_names_and_nobody_else(network):
    lines = network("""
until_so hears lan0 192.168.1.1
uci set bellhop.tel=provider
uci set bellhop.tel.domain=203.0.113.10
uci set bellhop.tel.username=one
uci set bellhop.tel.register=0
uci add_list bellhop.tel.accept=203.0.113.10
apply bellhop
until_so hears wan0 203.0.113.7 && echo "the provider calls"
nsenter -t $far_wan0 -n ip addr del 203.0.113.10/24 dev far-wan0
nsenter -t $far_wan0 -n ip addr add 203.0.113.11/24 dev far-wan0
echo "its neighbour: $(from wan0 203.0.113.7)"
uci set bellhop.tel.accept=203.0.113.0/28
apply bellhop
until_so hears wan0 203.0.113.7 && echo "its network calls"
uci delete bellhop.tel
apply bellhop
closed() { ! hears wan0 203.0.113.7; }
until_so closed && echo "without it: $(from wan0 203.0.113.7)"
""")
    text = "\n".join(lines)
    assert "the provider calls" in lines and "its network calls" in lines, text
    assert "its neighbour: refused" in lines and "without it: refused" in lines, text
