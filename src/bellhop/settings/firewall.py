"""What OpenWrt's firewall must let through: rules in /etc/config/firewall that the owner sees.

They stand last there, so that every rule of his own comes before them, and he may switch one off.
Rules that procd has of a service come before all of his, and no page of LuCI lists them.
"""

from ..sip.ip import address_text
from . import grammar

LAN, WAN = "lan", "wan"
PREFIX = "bellhop_"
# Parts of a node that have ports of their own, where their packages are installed.
TLS, MESH, MEDIA, PILOT = "tls", "mesh", "media", "pilot"

# Where desk phones ask who they are, whatever the node's own port is.
ASKED = 5060


class Door:
    """Ports that must be open in some zones. key: of the rules' names; title: for people.

    sources: networks that are let in, as text; () for all.
    """

    def __init__(self, key, title, protocols, ports, zones, sources=()):
        self.key = key
        self.title = title
        self.protocols = protocols
        self.ports = ports
        self.zones = zones
        self.sources = sources


def doors(settings, installed):
    """Return the Doors that a node with these Settings needs; installed: of those parts."""
    if not settings.enabled:
        return []
    internet = [WAN] if settings.internet else []
    house = list(settings.firewall_zone) or [LAN]
    phones = _once(house + internet)
    nodes = _once((list(settings.mesh.firewall_zone) or house) + internet)
    found = [Door("sip", "phones", "udp tcp", settings.sip_port, phones)]
    if TLS in installed:
        found.append(Door("tls", "phones, encrypted", "tcp", settings.tls_port, phones))
    if PILOT in installed:
        found.append(Door("pages", "pages", "tcp", settings.http_port, house))
        if settings.sip_port != ASKED:
            found.append(Door("ask", "desk phones that ask", "udp", ASKED, house))
        if TLS in installed:
            found.append(Door("https", "pages, encrypted", "tcp", settings.https_port, phones))
    if MESH in installed and settings.mesh.enabled:
        found.append(Door("mesh", "other nodes", "udp", settings.mesh.port, nodes))
    if MEDIA in installed and settings.media.enabled:
        ports = "%d-%d" % (settings.media.port_low, settings.media.port_high)
        found.append(Door("media", "sound", "udp", ports, _once(phones + nodes)))
    if not internet:
        found += [_of_provider(one, settings) for one in settings.providers if one.accept]
    return [door for door in found if door.ports]


def _of_provider(provider, settings):
    """Return the Door for the addresses from which a provider calls besides its hosts."""
    sources = ["%s/%d" % (address_text(octets), bits) for octets, bits in provider.accept]
    is_tls = provider.transport == "tls"
    protocols, port = ("tcp", settings.tls_port) if is_tls else ("udp tcp", settings.sip_port)
    title = "calls by " + provider.name
    port = port if provider.enabled else 0
    return Door("provider_" + _clean(provider.name), title, protocols, port, [WAN], sources)


def _once(zones):
    return [zone for index, zone in enumerate(zones) if zone not in zones[:index]]


def changes(text, wanted):
    """Return (lines for `uci batch`, zones that do not exist) for the text of the file.

    No line: all is as it should be. What an owner adds to a rule, as `enabled '0'`, stays.
    """
    blocks = grammar.read(text.encode())[0]
    options = [
        (block, {name: block.options[name][-1][0] for name in block.options}) for block in blocks
    ]
    zones = {}
    for block, values in options:
        if block.kind == "zone":
            zones[values.get("name")] = values.get("masq") == "1"
    absent = _once([zone for door in wanted for zone in door.zones if not _meant(zone, zones)])
    rules = {}
    for door in wanted:
        for zone in [one for name in door.zones for one in _meant(name, zones)]:
            rules[_name(door.key, zone)] = _rule(door, zone)
    present = {block.title: values for block, values in options if block.title.startswith(PREFIX)}
    lines = ["delete firewall." + name for name in sorted(present) if name not in rules]
    for name in sorted(rules):
        if name not in present:
            lines.append("set firewall.%s='rule'" % name)
        for option in sorted(rules[name]):
            value = rules[name][option]
            if present.get(name, {}).get(option) != value:
                lines.append("set firewall.%s.%s='%s'" % (name, option, value))
    if lines or _stand_before_others(blocks):
        last = len(blocks) + len(rules)
        lines += ["reorder firewall.%s=%d" % (name, last) for name in sorted(rules)]
    return lines, absent


def _meant(zone, zones):
    """Return the zones that are called so; without a zone wan those that hide the house from it."""
    if zone in zones:
        return [zone]
    return [name for name in sorted(zones) if zones[name]] if zone == WAN else []


def _name(key, zone):
    return PREFIX + key + "_" + _clean(zone)


def _clean(name):
    return "".join([c if c.isalpha() or c.isdigit() else "_" for c in name])


def _rule(door, zone):
    rule = {
        "name": "bellhop: " + door.title, "src": zone, "proto": door.protocols,
        "dest_port": str(door.ports), "target": "ACCEPT",
    }  # fmt: skip
    if door.sources:
        rule["src_ip"] = " ".join(door.sources)
    return rule


def _stand_before_others(blocks):
    """Tell whether a rule of the owner's stands behind one of ours."""
    rules = [block.title.startswith(PREFIX) for block in blocks if block.kind == "rule"]
    return True in rules and False in rules[rules.index(True) :]
