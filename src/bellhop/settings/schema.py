"""Which sections and options there are: one table, a block for each section.

A feature that has options adds rows here, or a block of its own; what else must know, the tests
tell: the forms of LuCI, the file with the defaults, the init script.
"""

from collections import namedtuple

from ..limits import MAX_BINDINGS, MAX_RELAYED_CALLS, MAX_TRANSACTIONS
from . import codes
from .checks import (
    PORT,
    address,
    caller,
    choice,
    code,
    dialled,
    dialled_or_nothing,
    fingerprint,
    flag,
    forward,
    hexadecimal,
    host,
    host_port,
    hours_or_nothing,
    line,
    member,
    name_or_nothing,
    network,
    number,
    word,
)

# check(text) returns the value or raises ValueError with the accepted values.
# many: a list option. help: one line for LuCI and for the error message.
Option = namedtuple("Option", ("check", "default", "many", "help"))


def _option(check, default, help):
    return Option(check, default, False, help)


def _list(check, help):
    return Option(check, (), True, help)


PORTS_OF_A_STREAM = 4
VERIFICATIONS = ("encrypted", "known", "named", "compared", "signed")

# Kinds of which there may be many sections -> the attribute of the Settings with all of them. Of
# any other kind the first is in force, and where there is none it is switched off.
MANY = {"user": "users", "group": "groups", "contact": "contacts"}


def _features():
    """Return the options of `config features`: the style, and a code for each feature."""
    rows = {
        "style": _option(choice("etsi", "us", "off"), "etsi", "codes as in Europe, the US, none"),
        "lamps": _option(
            choice("house", "contacts", "all"),
            "contacts",
            "who may watch who talks: the house, contacts in the mesh too, all of the mesh",
        ),
    }
    for feature in codes.FEATURES:
        help = codes.ROWS[feature].help
        rows[feature] = _option(code, "", "code, or off: " + help)
    return rows


SCHEMA = {
    "node": {
        "enabled": _option(flag, True, "start the node at boot"),
        "domain": _option(host, "", "the domain of the users, as in sip:alice@DOMAIN"),
        "alias_domain": _list(host, "further domains that mean the same users"),
        "listen": _list(host, "addresses to listen on; none: all addresses of the machine"),
        "firewall_zone": _list(
            word, "firewall zones of OpenWrt whose phones may reach the node; none: lan"
        ),
        "internet": _option(
            flag, False, "may phones and nodes on the Internet (zone wan) reach this node"
        ),
        "sip_port": _option(PORT, 5060, "port for UDP and TCP"),
        "tls_port": _option(PORT, 5061, "port for TLS; 0: off"),
        "ws_port": _option(PORT, 8088, "port for WebSocket; 0: off"),
        "wss_port": _option(PORT, 8089, "port for secure WebSocket; 0: off"),
        "web_origin": _list(
            line, "hosts whose web pages may speak SIP over WebSocket, beside this machine's own"
        ),
        "http_port": _option(PORT, 8086, "port of the phone book for phones on the LAN; 0: off"),
        "certificate": _option(line, "", "PEM file; empty: self-made on the first run"),
        "key": _option(line, "", "PEM file of the certificate's private key"),
        "tls_verify": _option(flag, True, "check certificates of other domains"),
        "emergency_number": Option(
            dialled,
            ("112", "911"),
            True,
            "numbers that reach the responders before any other rule",
        ),
        "reserved_number": _list(
            dialled, "further numbers that no unknown node may have, beside 112, 999 and their like"
        ),
        "responders": _option(
            dialled_or_nothing, "", "user or group that emergency calls ring on this node"
        ),
        "strangers": _option(
            choice("allow", "refuse"), "refuse", "may callers from elsewhere ring local users"
        ),
        "help_for_strangers": _option(
            flag, False, "may callers from elsewhere ring the responders"
        ),
        "stranger_requests_per_minute": _option(
            number(0, 100000), 60, "for each source address; 0: no bound"
        ),
        "blocked": _list(
            caller, "callers that are refused: user@host, a host name or an IP address"
        ),
        "trusted": _list(
            network, "addresses that call without a password and without a rate limit"
        ),
        "min_expires": _option(number(1, 86400), 60, "shortest registration in seconds"),
        "max_expires": _option(number(60, 604800), 7200, "longest registration in seconds"),
        "default_expires": _option(number(60, 604800), 3600, "where the phone names none"),
        "ring_seconds": _option(number(10, 3600), 180, "how long a call may ring"),
        "record_route": _option(
            choice("calls", "needed"),
            "calls",
            "stay in the signalling path of every call (live list), or only where it must",
        ),
        "keepalive_seconds": _option(
            number(0, 3600), 25, "how often phones behind NAT are pinged; 0: never"
        ),
        "max_transactions": _option(number(64, 100000), MAX_TRANSACTIONS, "open transactions"),
        "max_bindings": _option(number(10, 100000), MAX_BINDINGS, "registrations of all users"),
        "log_level": _option(
            choice("error", "warning", "notice", "info"), "notice", "what the log shows"
        ),
    },
    "user": {
        "name": _option(word, "", "name of the account; empty: the section's name"),
        "display_name": _option(line, "", "name shown to people"),
        "extension": _option(dialled, "", "short number"),
        "alias": _list(dialled, "further names and numbers"),
        "password": _option(line, "", "in clear; better the two hashes"),
        "ha1_md5": _option(hexadecimal(32), b"", "hash for MD5 digest"),
        "ha1_sha256": _option(hexadecimal(64), b"", "hash for SHA-256 digest"),
        "also_at": _list(word, "other nodes (key or name) where phones of this user ring too"),
        "forward": _option(
            forward, "", "where calls go that no phone takes: a number, a name or an address"
        ),
        "forward_after": _option(
            number(0, 180), 25, "how many seconds the phones ring before; 0: not at all"
        ),
        "forward_always": _option(forward, "", "where every call goes"),
        "forward_busy": _option(forward, "", "where calls go while the user talks or rests"),
        "forward_noanswer": _option(forward, "", "where calls go that the user does not answer"),
        "forward_absent": _option(forward, "", "where calls go while no phone is on"),
        "dnd": _option(flag, False, "do not disturb: calls find the user busy"),
        "quiet": _option(hours_or_nothing, "", "hours of rest, as in 22:00-07:00"),
        "block": _list(line, "who may not call: a number, its beginning with *, an address"),
        "anonymous": _option(
            choice("ring", "refuse"), "ring", "callers who hide their number: ring, refuse"
        ),
        "unknown": _option(
            choice("ring", "refuse"),
            "ring",
            "callers who are neither of the house nor in its phone book: ring, refuse",
        ),
        "may_call": _option(
            choice("house", "mesh", "national", "all"),
            "all",
            "how far this user may call; calls for help always go through",
        ),
        "only": _list(
            line,
            "whom this user may call and nobody else: a number, its beginning with *, an address",
        ),
        "call_hours": _option(
            hours_or_nothing, "", "when this user may call, as in 07:00-20:00; empty: always"
        ),
        "pause": _option(flag, False, "calls to the user's groups ring without the user"),
        "pickup": _option(
            name_or_nothing, "house", "who has the same word here may take the calls of each other"
        ),
        "intercom": _option(
            flag, False, "may this user's calls be answered by the phone itself, hands free"
        ),
        "algorithm": _option(choice("md5", "sha256"), "md5", "digest that phones are asked for"),
        "srtp": _option(
            choice("no", "offer", "must"),
            "no",
            "are this user's phones asked to encrypt (SRTP)",
        ),
    },
    "contact": {
        "name": _option(line, "", "name shown to people"),
        "pickup": _option(
            name_or_nothing, "", "may take calls of the users here who have this word at `pickup`"
        ),
        "star": _option(flag, False, "may ring those who do not want to be disturbed"),
        "number": _option(dialled_or_nothing, "", "what a phone dials"),
        "address": _option(address, "", "where it leads, as in sip:gran@far.test"),
        "encryption": _option(
            choice("", "require", "prefer", "allow"),
            "",
            "as in `config media`; empty: as there",
        ),
        "verification": _option(
            choice("", *VERIFICATIONS), "", "as in `config media`; empty: as there"
        ),
        "pgp": _list(fingerprint, "fingerprints of the OpenPGP keys that sign for this contact"),
    },
    "media": {
        "enabled": _option(flag, True, "let sound pass this node and encrypt it between nodes"),
        "relay": _option(
            choice("never", "needed", "always"),
            "needed",
            "sound of calls that this node does not encrypt: never through it, where phones cannot "
            "reach each other, always",
        ),
        "hide_addresses": _option(
            flag,
            False,
            "all sound passes the node, so that its other end shows nobody's address",
        ),
        "encryption": _option(
            choice("require", "prefer", "allow"),
            "prefer",
            "calls to other nodes: encrypted or refused, encrypted where possible, as they come",
        ),
        "verification": _option(
            choice(*VERIFICATIONS),
            "encrypted",
            "what a call must show: a key, a key seen before, a key that DNSSEC names, words "
            "compared, an OpenPGP signature",
        ),
        "port_low": _option(PORT, 16384, "first UDP port of sound"),
        "port_high": _option(PORT, 18431, "last UDP port of sound; a stream takes four"),
        "max_calls": _option(number(1, 10000), MAX_RELAYED_CALLS, "calls whose sound passes"),
        "dead_seconds": _option(
            number(30, 86400), 300, "a relay in which nobody is heard for so long is closed"
        ),
    },
    "features": _features(),
    "dns": {
        "enabled": _option(flag, True, "look numbers and keys up in the DNS (package bellhop-dns)"),
        "enum_suffix": _list(host, "where telephone numbers stand in the DNS, as e164.arpa"),
        "directory": _list(host, "domains of directories that say which key a number has"),
        "anchor": _option(line, "", "file with the keys of the root; empty: the Internet's"),
        "root_hints": _option(
            line, "", "file with the servers of a root of one's own; empty: the Internet's"
        ),
    },
    "pgp": {
        "enabled": _option(flag, True, "sign calls with OpenPGP (package bellhop-pgp)"),
        "home": _option(line, "", "GnuPG's home folder; empty: the folder gnupg beside the state"),
        "key": _option(fingerprint, "", "fingerprint of the key that signs this node's calls"),
        "wait_seconds": _option(
            number(2, 120), 20, "how long the other end's signature of a call is waited for"
        ),
    },
    "mesh": {
        "enabled": _option(flag, True, "find other nodes and call their users"),
        "node_name": _option(name_or_nothing, "", "name of this node; empty: made of its key"),
        "profile": _option(
            choice("home", "emergency"),
            "home",
            "who may read the phone book: contacts, or all",
        ),
        "port": _option(PORT, 5066, "UDP port of the mesh"),
        "firewall_zone": _list(
            word, "firewall zones whose nodes may reach this one; none: as for phones"
        ),
        "hello_ms": _option(
            number(1000, 4000),
            2000,
            "how often neighbours are greeted; silence is noticed in 3.5",
        ),
        "interface": _list(word, "interfaces on which neighbours are sought; none: all"),
        "peer": _list(host_port, "nodes to ask always, as HOST or HOST:PORT"),
        "sip_peer": _list(address, "nodes that only SIP reaches, as sip:HOST;transport=tcp"),
        "search_domain": _list(host, "domains whose SRV records _bellhop._udp name nodes"),
    },
    "group": {
        "name": _option(word, "", "name of the group; empty: the section's name"),
        "display_name": _option(line, "", "name shown to people"),
        "extension": _option(dialled, "", "short number"),
        "alias": _list(dialled, "further names and numbers"),
        "member": _list(member, "users and groups that ring, or addresses elsewhere"),
        "strategy": _option(
            choice("parallel", "sequential", "rotating"),
            "parallel",
            "all at once, one after the other, or beginning with another one each time",
        ),
        "delay": _option(
            number(0, 60), 0, "with all at once: seconds until the next member rings as well"
        ),
        "overflow": _option(forward, "", "where calls go that no member takes"),
        "ring_each": _option(
            number(5, 600), 20, "how many seconds each member rings before the next"
        ),
    },
}
