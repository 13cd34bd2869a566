"""What the rest of a router answers, beside the node: its configuration, interfaces, firewall."""

import time

DEVICES = {"br-lan": "192.168.1.1", "wan": "203.0.113.7", "wlan-ham": "44.128.0.1"}
NETWORKS = {"lan": "br-lan", "wan": "wan", "ham": "wlan-ham"}
ZONES = {"lan": "ACCEPT", "wan": "REJECT", "ham": "REJECT"}


def section(title, kind, index, anonymous=False, **options):
    """Return one section as ubus's uci gives it."""
    return {".name": title, ".type": kind, ".index": index, ".anonymous": anonymous, **options}


def configurations():
    """Return {file: {id: section}} of /etc/config, but for the node's."""
    zones = [
        section("cfg%d" % i, "zone", i, True, name=name, network=[name], input=verdict)
        for i, (name, verdict) in enumerate(ZONES.items(), 1)
    ]
    rule = section("bellhop_sip_lan", "rule", len(ZONES) + 1, src="lan", target="ACCEPT")
    firewall = [section("cfg0", "defaults", 0, True, input="REJECT"), *zones, rule]
    network = [
        section(name, "interface", i, proto="static", device=device, ipaddr=DEVICES[device])
        for i, (name, device) in enumerate(NETWORKS.items())
    ]
    files = {"firewall": firewall, "network": network, "luci": [section("main", "core", 0)]}
    return {name: {one[".name"]: one for one in rows} for name, rows in files.items()}


def _interface(name, device):
    route = [{"target": "0.0.0.0", "mask": 0}] if name == "wan" else []
    address = [{"address": DEVICES[device], "mask": 24}]
    return {
        "interface": name, "up": True, "device": device, "l3_device": device, "proto": "static",
        "ipv4-address": address, "route": route,
    }  # fmt: skip


def _device(name):
    return {
        "name": name, "up": True, "type": 1, "ipaddrs": [{"address": DEVICES[name], "netmask": 24}],
        "stats": {}, "flags": {"up": True}, "devtype": "bridge" if name == "br-lan" else "ethernet",
    }  # fmt: skip


def answers():
    """Return {(object, method): answer}."""
    return {
        ("rc", "init"): {},
        ("session", "access"): {"access": True},
        ("luci", "getFeatures"): {"firewall4": True},
        ("luci-rpc", "getNetworkDevices"): {name: _device(name) for name in DEVICES},
        ("luci-rpc", "getBoardJSON"): {},
        ("luci-rpc", "getHostHints"): {},
        ("network", "get_proto_handlers"): {"static": {}},
        ("network.interface", "dump"): {
            "interface": [_interface(*one) for one in NETWORKS.items()]
        },
        ("system", "info"): {"localtime": time.time()},
    }
