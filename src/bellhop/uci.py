"""UCI text -> the sections of config.py, checked, with file and line in every error.

The grammar is that of OpenWrt's UCI: `config TYPE [NAME]`, `option NAME VALUE`, `list NAME VALUE`,
words bare or quoted, comments from # to the end of the line. SCHEMA says which sections and
options there are; what it does not name is refused.
"""

from collections import namedtuple

from .config import HEX, Section, Settings, User, address_octets, is_number
from .errors import ConfigError
from .limits import MAX_BINDINGS, MAX_RELAYED_CALLS, MAX_TRANSACTIONS
from .sip import uri

# check(text) returns the value or raises ValueError with the accepted values.
# many: a list option. help: one line for LuCI and for the error message.
Option = namedtuple("Option", ("check", "default", "many", "help"))

LETTERS = "abcdefghijklmnopqrstuvwxyz"
NAME = LETTERS + LETTERS.upper() + "0123456789._-+"


def _flag(text):
    if text in ("1", "yes", "on", "true", "enabled"):
        return True
    if text in ("0", "no", "off", "false", "disabled"):
        return False
    raise ValueError("1 or 0")


def _number(lowest, highest):
    def check(text):
        if not is_number(text) or not lowest <= int(text) <= highest:
            raise ValueError("a number from %d to %d" % (lowest, highest))
        return int(text)

    return check


def _choice(*accepted):
    def check(text):
        if text not in accepted:
            raise ValueError("one of " + ", ".join(accepted))
        return text

    return check


def _word(text):
    if not text or [c for c in text if c not in NAME]:
        raise ValueError("letters, digits and . _ - + only")
    return text


def _dialled(text):
    if not text or [c for c in text if c not in NAME + "()/*# "]:
        raise ValueError("a name, or a number such as +49 30 1234")
    return text


def _dialled_or_nothing(text):
    return _dialled(text) if text else text


def _name_or_nothing(text):
    return _word(text) if text else text


def _host(text):
    if not text or [c for c in text if c not in NAME + ":[]"]:
        raise ValueError("a host name or an IP address")
    return text.strip("[]").lower()


def _host_port(text):
    """Return (host, port or 0) of HOST, HOST:PORT or [ADDRESS]:PORT."""
    host, colon, port = text, "", ""
    if text[:1] == "[":
        host, _, rest = text[1:].partition("]")
        colon, port = rest[:1], rest[1:]
    elif text.count(":") == 1:
        host, colon, port = text.partition(":")
    try:
        return _host(host), PORT(port) if colon else 0
    except ValueError:
        raise ValueError(
            "a host name or an IP address, and a port if it is not the usual one"
        ) from None


def _address(text):
    if text[:4] not in ("sip:", "tel:") and text[:5] != "sips:":
        raise ValueError("an address such as sip:gran@far.test")
    return _text(text)


def _forward(text):
    return _address(text) if ":" in text else _dialled_or_nothing(text)


def _hash(digits):
    def check(text):
        if len(text) != digits or [c for c in text.lower() if c not in HEX]:
            raise ValueError(
                "%d hexadecimal digits, as `bellhop hash-password` prints them" % digits
            )
        return text.lower().encode()

    return check


def _fingerprint(text):
    digits = text.replace(" ", "").upper()
    if len(digits) not in (40, 64) or [c for c in digits.lower() if c not in HEX]:
        raise ValueError("40 hexadecimal digits, as `gpg --fingerprint` prints them")
    return digits


def _network(text):
    """Return (address octets, prefix length) of ADDRESS or ADDRESS/LENGTH."""
    host, slash, length = text.partition("/")
    octets = address_octets(host)
    if octets is None or (slash and not is_number(length)):
        raise ValueError("an IP address, or a network such as 192.168.1.0/24")
    bits = int(length) if slash else 8 * len(octets)
    if bits > 8 * len(octets):
        raise ValueError("a network whose length is at most %d" % (8 * len(octets)))
    return octets, bits


def _text(text):
    if [c for c in text if ord(c) < 32 or ord(c) == 127]:
        raise ValueError("text on one line")
    return text


def _option(check, default, help):
    return Option(check, default, False, help)


def _list(check, help):
    return Option(check, (), True, help)


PORT = _number(0, 65535)
PORTS_OF_A_STREAM = 4
VERIFICATIONS = ("encrypted", "known", "compared", "signed")

SCHEMA = {
    "node": {
        "enabled": _option(_flag, True, "start the node at boot"),
        "domain": _option(_host, "", "the domain of the users, as in sip:alice@DOMAIN"),
        "alias_domain": _list(_host, "further domains that mean the same users"),
        "listen": _list(_host, "addresses to listen on; none: all addresses of the machine"),
        "firewall_zone": _list(
            _word, "firewall zones of OpenWrt that may reach the node's ports; none: all"
        ),
        "sip_port": _option(PORT, 5060, "port for UDP and TCP"),
        "tls_port": _option(PORT, 5061, "port for TLS; 0: off"),
        "ws_port": _option(PORT, 8088, "port for WebSocket; 0: off"),
        "wss_port": _option(PORT, 8089, "port for secure WebSocket; 0: off"),
        "http_port": _option(PORT, 8086, "port of the phone book for phones on the LAN; 0: off"),
        "certificate": _option(_text, "", "PEM file; empty: self-made on the first run"),
        "key": _option(_text, "", "PEM file of the certificate's private key"),
        "tls_verify": _option(_flag, True, "check certificates of other domains"),
        "emergency_number": Option(
            _dialled,
            ("112", "911"),
            True,
            "numbers that reach the responders before any other rule",
        ),
        "responders": _option(
            _dialled_or_nothing, "", "user or group that emergency calls ring on this node"
        ),
        "strangers": _option(
            _choice("allow", "refuse"), "allow", "may callers from elsewhere ring local users"
        ),
        "stranger_requests_per_minute": _option(
            _number(0, 100000), 60, "for each source address; 0: no bound"
        ),
        "trusted": _list(
            _network, "addresses that call without a password and without a rate limit"
        ),
        "min_expires": _option(_number(1, 86400), 60, "shortest registration in seconds"),
        "max_expires": _option(_number(60, 604800), 7200, "longest registration in seconds"),
        "default_expires": _option(_number(60, 604800), 3600, "where the phone names none"),
        "ring_seconds": _option(_number(10, 3600), 180, "how long a call may ring"),
        "record_route": _option(
            _choice("calls", "needed"),
            "calls",
            "stay in the signalling path of every call (live list), or only where it must",
        ),
        "keepalive_seconds": _option(
            _number(0, 3600), 30, "how often phones behind NAT are pinged; 0: never"
        ),
        "max_transactions": _option(_number(64, 100000), MAX_TRANSACTIONS, "open transactions"),
        "max_bindings": _option(_number(10, 100000), MAX_BINDINGS, "registrations of all users"),
        "log_level": _option(
            _choice("error", "warning", "notice", "info"), "notice", "what the log shows"
        ),
    },
    "user": {
        "name": _option(_word, "", "name of the account; empty: the section's name"),
        "display_name": _option(_text, "", "name shown to people"),
        "extension": _option(_dialled, "", "short number"),
        "alias": _list(_dialled, "further names and numbers"),
        "password": _option(_text, "", "in clear; better the two hashes"),
        "ha1_md5": _option(_hash(32), b"", "hash for MD5 digest"),
        "ha1_sha256": _option(_hash(64), b"", "hash for SHA-256 digest"),
        "also_at": _list(_word, "other nodes (key or name) where phones of this user ring too"),
        "forward": _option(
            _forward, "", "where calls go that no phone takes: a number, a name or an address"
        ),
        "forward_after": _option(
            _number(0, 180), 25, "how many seconds the phones ring before; 0: not at all"
        ),
        "algorithm": _option(_choice("md5", "sha256"), "md5", "digest that phones are asked for"),
        "srtp": _option(
            _choice("no", "offer", "must"), "no", "are this user's phones asked to encrypt (SRTP)"
        ),
    },
    "contact": {
        "name": _option(_text, "", "name shown to people"),
        "number": _option(_dialled_or_nothing, "", "what a phone dials"),
        "address": _option(_address, "", "where it leads, as in sip:gran@far.test"),
        "encryption": _option(
            _choice("", "require", "prefer", "allow"), "", "as in `config media`; empty: as there"
        ),
        "verification": _option(
            _choice("", *VERIFICATIONS), "", "as in `config media`; empty: as there"
        ),
        "pgp": _list(_fingerprint, "fingerprints of the OpenPGP keys that sign for this contact"),
    },
    "media": {
        "enabled": _option(_flag, True, "let sound pass this node and encrypt it between nodes"),
        "relay": _option(
            _choice("never", "needed", "always"),
            "needed",
            "sound of calls that this node does not encrypt: never through it, where phones cannot "
            "reach each other, always",
        ),
        "hide_addresses": _option(
            _flag, False, "all sound passes the node, so that its other end shows nobody's address"
        ),
        "encryption": _option(
            _choice("require", "prefer", "allow"),
            "prefer",
            "calls to other nodes: encrypted or refused, encrypted where possible, as they come",
        ),
        "verification": _option(
            _choice(*VERIFICATIONS),
            "encrypted",
            "what a call must show: a key, a key seen before, words compared, an OpenPGP signature",
        ),
        "port_low": _option(PORT, 16384, "first UDP port of sound"),
        "port_high": _option(PORT, 18431, "last UDP port of sound; a stream takes four"),
        "max_calls": _option(_number(1, 10000), MAX_RELAYED_CALLS, "calls whose sound passes"),
        "dead_seconds": _option(
            _number(30, 86400), 300, "a relay in which nobody is heard for so long is closed"
        ),
    },
    "pgp": {
        "enabled": _option(_flag, True, "sign calls with OpenPGP (package bellhop-pgp)"),
        "home": _option(_text, "", "GnuPG's home folder; empty: the folder gnupg beside the state"),
        "key": _option(_fingerprint, "", "fingerprint of the key that signs this node's calls"),
        "wait_seconds": _option(
            _number(2, 120), 20, "how long the other end's signature of a call is waited for"
        ),
    },
    "mesh": {
        "enabled": _option(_flag, True, "find other nodes and call their users"),
        "node_name": _option(_name_or_nothing, "", "name of this node; empty: made of its key"),
        "profile": _option(
            _choice("home", "emergency"), "home", "who may read the phone book: contacts, or all"
        ),
        "port": _option(PORT, 5066, "UDP port of the mesh"),
        "hello_ms": _option(
            _number(1000, 4000), 2000, "how often neighbours are greeted; silence is noticed in 3.5"
        ),
        "interface": _list(_word, "interfaces on which neighbours are sought; none: all"),
        "peer": _list(_host_port, "nodes to ask always, as HOST or HOST:PORT"),
        "sip_peer": _list(_address, "nodes that only SIP reaches, as sip:HOST;transport=tcp"),
        "search_domain": _list(_host, "domains whose SRV records _bellhop._udp name nodes"),
    },
    "group": {
        "name": _option(_word, "", "name of the group; empty: the section's name"),
        "display_name": _option(_text, "", "name shown to people"),
        "extension": _option(_dialled, "", "short number"),
        "alias": _list(_dialled, "further names and numbers"),
        "member": _list(_word, "users that ring"),
        "strategy": _option(
            _choice("parallel", "sequential"), "parallel", "all at once, or one after the other"
        ),
    },
}

# kind -> class of its sections.
_classes = {}


def parse(text, name, host):
    """Return the Settings in the UCI `text` of the file `name`; raises ConfigError."""
    alone = {}
    users = {}
    groups = {}
    contacts = []
    named = []
    for section in _sections(text, name):
        if section.kind == "contact":
            contacts.append(section)
        elif section.kind in ("node", "mesh", "media", "pgp"):
            if section.kind in alone:
                problem = "there is already a section `config %s`" % section.kind
                raise ConfigError(section.where, problem)
            alone[section.kind] = section
        else:
            table = users if section.kind == "user" else groups
            if section.name in users or section.name in groups:
                raise ConfigError(section.where, "the name '%s' is taken" % section.name)
            table[section.name] = section
            named.append(section)
    node = alone.get("node") or _of_kind("node", name + ":1", {})
    mesh = alone.get("mesh") or _of_kind("mesh", name + ":1", {"enabled": False})
    media = alone.get("media") or _of_kind("media", name + ":1", {"enabled": False})
    pgp = alone.get("pgp") or _of_kind("pgp", name + ":1", {"enabled": False})
    node.domain = node.domain or host
    settings = Settings(SCHEMA["node"], node, mesh, media, pgp, users, groups, contacts)
    _check(settings, named, node.where)
    return settings


def _check(settings, named, where):
    """Refuse what does not fit together; named: users and groups in the order of the file."""
    if not settings.min_expires <= settings.default_expires <= settings.max_expires:
        raise ConfigError(
            where, "min_expires, default_expires, max_expires must rise in this order"
        )
    if settings.media.port_low + PORTS_OF_A_STREAM > settings.media.port_high + 1:
        raise ConfigError(settings.media.where, "port_high must be at least port_low + 3")
    if settings.pgp.enabled and not settings.pgp.key:
        raise ConfigError(settings.pgp.where, "`option key` must name the key that signs calls")
    if settings.pgp.enabled and not settings.media.enabled:
        raise ConfigError(settings.pgp.where, "only calls of `config media` can be signed")
    for section in named:
        for called in [section.name, section.extension] + list(section.alias):
            if not called:
                continue
            key = uri.key_of(called.encode())
            other = settings.names.get(key)
            if other is not None and other is not section:
                problem = "'%s' is already used by the section at %s"
                raise ConfigError(section.where, problem % (called, other.where))
            settings.names[key] = section
    if settings.responders and uri.key_of(settings.responders.encode()) not in settings.names:
        raise ConfigError(where, "responders '%s' is no user or group" % settings.responders)
    settings.emergency = frozenset(
        [b"sos"] + [uri.key_of(number.encode()) for number in settings.emergency_number]
    )
    for section in named:
        if section.kind == "user":
            section.prepare(settings.realm)
            _check_forward(settings, section)
            continue
        for member in section.member:
            if member not in settings.users:
                raise ConfigError(section.where, "the member '%s' is not a user" % member)


def _check_forward(settings, user):
    wanted = uri.key_of(user.forward.encode())
    if not wanted or ":" in user.forward:
        return
    if wanted not in settings.names and wanted not in settings.speed_dial:
        problem = "forward '%s' is no user, group, number or speed dial of this file"
        raise ConfigError(user.where, problem % user.forward)
    if settings.names.get(wanted) is user:
        raise ConfigError(user.where, "user '%s' forwards to itself" % user.name)


def _sections(text, name):
    """Return the Sections of the text, in order."""
    sections = []
    opened = None
    for number, line in enumerate(text.split("\n")):
        where = "%s:%d" % (name, number + 1)
        words = _words(line, where)
        if not words or words[0] == "package":
            continue
        if words[0] == "config":
            if len(words) not in (2, 3) or words[1] not in SCHEMA:
                raise ConfigError(where, "expected `config TYPE`, TYPE one of " + _join(SCHEMA))
            if opened is not None:
                sections.append(_section(*opened))
            opened = words[1], where, (words + [""])[2], {}
        elif words[0] not in ("option", "list") or len(words) != 3:
            raise ConfigError(
                where, "expected `config TYPE`, `option NAME VALUE` or `list NAME VALUE`"
            )
        elif opened is None:
            raise ConfigError(where, "an option stands before the first `config` line")
        else:
            _set(opened[3], opened[0], words, where)
    if opened is not None:
        sections.append(_section(*opened))
    return sections


def _of_kind(kind, where, values):
    """Return a Section; what the file leaves out is an attribute of the class of its kind."""
    if kind not in _classes:
        options = SCHEMA[kind]
        defaults = {name: options[name].default for name in options}
        _classes[kind] = type(kind, (User if kind == "user" else Section,), defaults)
    return _classes[kind](kind, where, values)


def _section(kind, where, title, values):
    section = _of_kind(kind, where, values)
    if kind in ("user", "group"):
        section.name = section.name or title
        if not section.name:
            raise ConfigError(where, "a %s needs a name: `option name NAME`" % kind)
    return section


def _set(values, kind, words, where):
    _, name, text = words
    option = SCHEMA[kind].get(name)
    if option is None:
        accepted = _join(SCHEMA[kind])
        raise ConfigError(
            where, "`config %s` has no option '%s'; it has %s" % (kind, name, accepted)
        )
    try:
        value = option.check(text)
    except ValueError as error:
        problem = "option '%s': '%s' is not accepted; accepted is %s (%s)"
        shown = "***" if name == "password" or name.startswith("ha1_") else text
        raise ConfigError(where, problem % (name, shown, error.args[0], option.help)) from None
    if option.many:
        values[name] = values.get(name, ()) + (value,)
    else:
        values[name] = value


def _join(names):
    return ", ".join(sorted(names))


def _words(line, where):
    """Return the words of one line; quotes are taken off."""
    words = []
    index = 0
    while index < len(line):
        if line[index] in " \t\r":
            index += 1
        elif line[index] == "#":
            break
        else:
            word, index = _one_word(line, index, where)
            words.append(word)
    return words


def _one_word(line, index, where):
    word = ""
    quote = None
    while index < len(line):
        letter = line[index]
        if letter == "\\" and quote != "'" and index + 1 < len(line):
            index += 1
            word += line[index]
        elif quote is not None:
            if letter == quote:
                quote = None
            else:
                word += letter
        elif letter in "'\"":
            quote = letter
        elif letter in " \t\r":
            break
        else:
            word += letter
        index += 1
    if quote is not None:
        raise ConfigError(where, "a quote (%s) is opened and not closed" % quote)
    return word, index
