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
    callsign_or_nothing,
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
    key,
    lamp_key,
    line,
    mac_or_nothing,
    member,
    money,
    name_or_nothing,
    nation,
    network,
    number,
    number_range,
    numbers,
    paging,
    prefix,
    url_or_nothing,
    word,
)
from .presets import PRESETS

# check(text) returns the value or raises ValueError with the accepted values.
# many: a list option. help: one line for LuCI and for the error message.
Option = namedtuple("Option", ("check", "default", "many", "help"))


def _option(check, default, help):
    return Option(check, default, False, help)


def _list(check, help):
    return Option(check, (), True, help)


PORTS_OF_A_STREAM = 4
LISTED = ("all", "contacts", "nobody")
LISTED_HELP = "who in the mesh finds this name; empty: as the profile of the mesh says"
PRIVACY_LEVELS = ("0", "1", "2")
VERIFICATIONS = ("encrypted", "known", "named", "compared", "signed")

# Kinds of which there may be many sections -> the attribute of the Settings with all of them. Of
# any other kind the first is in force, and where there is none it is switched off.
MANY = {
    "user": "users", "group": "groups", "contact": "contacts", "provider": "providers",
    "route": "routes", "number": "numbers", "phone": "phones",
    "page": "paging", "box": "boxes",
}  # fmt: skip
BRANDS = ("yealink", "snom", "grandstream", "fanvil", "cisco", "gigaset")


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
        "http_port": _option(
            PORT, 8086, "port of the members' page and of the phone book, on the LAN; 0: off"
        ),
        "https_port": _option(PORT, 8443, "port of the members' page over TLS; 0: off"),
        "field_mode": _option(
            flag, False, "unknown desk phones get a number at once, for calls inside the mesh"
        ),
        "field_numbers": _option(
            numbers, "900-949", "numbers of such guests: the first and the last"
        ),
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
        "keep_history": _option(
            flag, False, "keep the list of past calls on flash, so that a restart does not empty it"
        ),
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
            choice("ring", "quiet", "voice", "refuse"),
            "ring",
            "callers who hide their number: ring; quiet: no phone rings; voice: they go where "
            "unanswered calls go; refuse",
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
        "door": _option(
            flag,
            False,
            "a door bell: it rings the house alone, is called by it alone, sets nothing",
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
        "caller_number": _option(
            dialled_or_nothing, "", "number that others see when this user calls by a provider"
        ),
        "listed": _option(choice("", *LISTED), "", LISTED_HELP),
        "pilot": _option(
            choice("no", "see", "full"),
            "full",
            "the user's own page: none, to look at, all of it",
        ),
    },
    "phone": {
        "name": _option(line, "", "what people call it, as in Kitchen"),
        "user": _option(name_or_nothing, "", "whose phone it is"),
        "login": _option(name_or_nothing, "", "as whom it logs in: it has a password of its own"),
        "ha1_md5": _option(hexadecimal(32), b"", "hash for MD5 digest"),
        "ha1_sha256": _option(hexadecimal(64), b"", "hash for SHA-256 digest"),
        "mac": _option(mac_or_nothing, "", "hardware address of a desk phone"),
        "brand": _option(choice("", *BRANDS), "", "who made it"),
        "ring": _option(flag, True, "does it ring when its user is called"),
        "key": _list(lamp_key, "lamp keys, as in blf:202, speed:71, park:1, page:family"),
    },
    "page": {
        "name": _option(word, "", "of a group of phones that hear announcements, as in family"),
        "extension": _option(
            dialled_or_nothing, "", "what Cisco's phones dial to speak there, as in 700"
        ),
        "address": _option(
            paging, "", "where desk phones listen and speak, by multicast: 224.0.2.60:5004"
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
        "level": _option(
            choice("", *PRIVACY_LEVELS), "", "as in `config privacy`; empty: as there"
        ),
        "tell": _option(flag, True, "hears why a call is refused here, and that a text has come"),
    },
    "privacy": {
        "level": _option(
            choice(*PRIVACY_LEVELS),
            "0",
            "calls and texts to other nodes: 0 straight; 1 by one relay; 2 by three: `bellhop "
            "privacy` tells what each hides",
        ),
        "strangers": _option(
            choice("ring", "quiet", "refuse"),
            "ring",
            "callers of other nodes who are no contacts: ring; quiet: no phone rings; refuse: "
            "their texts too",
        ),
        "uniform": _option(
            flag,
            True,
            "who is no contact hears the same of calls that are busy, refused, blocked or for "
            "nobody; not in the profile emergency",
        ),
        "uniform_seconds": _option(
            number(20, 120), 45, "how long it rings for them, up to a tenth more by chance"
        ),
        "help_identity": _option(
            flag, True, "calls for help to other nodes say who calls, from which house, and where"
        ),
        "relay_for_others": _option(
            flag,
            True,
            "calls and texts between other routers may go by this one, their calls for help too",
        ),
        "history_days": _option(
            number(0, 90), 7, "how long past calls and their messages are kept; 0: not at all"
        ),
        "receipts": _option(
            choice("contacts", "off"), "contacts", "who is told that a text has come to a phone"
        ),
    },
    "box": {
        "name": _option(word, "", "name of the box; empty: the section's name"),
        "user": _option(name_or_nothing, "", "user or group that calls by it ring"),
        "contact": _option(
            line, "", "the one contact, by name, who may call it; empty: whoever has its address"
        ),
        "hours": _option(number(0, 87600), 0, "after so many hours it ends; 0: never"),
        "calls_per_hour": _option(
            number(1, 3600), 20, "calls that are taken; others find nobody, as if it were not there"
        ),
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
        "book": _option(
            flag, False, "look up, one a minute, which numbers of the phone book the DNS knows"
        ),
        "keeper": _list(line, "keys of the keepers of the list of providers, three, two must sign"),
        "follow": _option(
            flag, True, "a number moves to another provider when its own was away for an hour"
        ),
        "lookup": _option(
            choice("dns", "private"),
            "dns",
            "private: no directory sees which numbers are looked up",
        ),
        "anchor": _option(line, "", "file with the keys of the root; empty: the Internet's"),
        "root_hints": _option(
            line, "", "file with the servers of a root of one's own; empty: the Internet's"
        ),
    },
    "mqtt": {
        "enabled": _option(flag, True, "tell a broker of calls and people (package bellhop-mqtt)"),
        "host": _option(host, "127.0.0.1", "the MQTT broker"),
        "port": _option(PORT, 1883, "its port; 8883 with tls"),
        "tls": _option(flag, False, "speak TLS with the broker"),
        "certificate": _option(line, "", "PEM file of who vouches for it; empty: the usual ones"),
        "user": _option(line, "", "name at the broker; empty: none"),
        "password": _option(line, "", "password at the broker"),
        "topic": _option(word, "bellhop", "what all topics begin with"),
        "discovery": _option(
            name_or_nothing, "homeassistant", "where Home Assistant looks; empty: nowhere"
        ),
    },
    "webhook": {
        "enabled": _option(flag, True, "tell a program by HTTP what happens"),
        "url": _option(url_or_nothing, "", "where events are posted as JSON: http:// or https://"),
        "event": Option(
            choice("call", "registration", "media", "refused"), ("call",), True, "which events"
        ),
        "password": _option(line, "", "signs what is posted (HMAC-SHA-256); empty: it is not"),
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
        "amateur": _list(
            word, "interfaces of amateur radio: what goes there is signed and can be read by all"
        ),
        "callsign": _option(callsign_or_nothing, "", "call sign that is said on amateur radio"),
        "peer": _list(host_port, "nodes to ask always, as HOST or HOST:PORT"),
        "dht": _option(flag, False, "find contacts by the BitTorrent DHT (package bellhop-dht)"),
        "dht_start": _list(
            host_port, "nodes of the DHT to begin with, HOST or HOST:PORT; none: the usual ones"
        ),
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
        "listed": _option(choice("", *LISTED), "", LISTED_HELP),
        "overflow": _option(forward, "", "where calls go that no member takes"),
        "caller_number": _option(
            dialled_or_nothing, "", "number that others see when a member calls by a provider"
        ),
        "ring_each": _option(
            number(5, 600), 20, "how many seconds each member rings before the next"
        ),
    },
    "telephone": {
        "country": _option(dialled_or_nothing, "", "country code of this place, as in 49"),
        "area": _option(
            dialled_or_nothing, "", "area code, without what stands before it, as in 30"
        ),
        "international": _option(
            dialled_or_nothing, "00", "what is dialled before an international number"
        ),
        "national": _option(dialled_or_nothing, "0", "what is dialled before a national number"),
        "emergency": _option(
            choice("after", "beside"),
            "after",
            "calls for help where this house names responders: the provider 10 seconds after them, "
            "or beside them",
        ),
        "address": _option(
            line, "", "where this house is, for those who come to help: what no other field says"
        ),
        "street": _option(line, "", "street of this house, for those who come to help"),
        "house_number": _option(line, "", "number of this house in its street"),
        "postcode": _option(line, "", "postal code of this house"),
        "city": _option(line, "", "town of this house"),
        "nation": _option(nation, "", "country of this house in two letters, as in DE"),
        "spam": _option(
            choice("mark", "refuse", "off"), "mark", "callers of the spam list: show it, refuse"
        ),
        "spam_list": _option(line, "", "file with the spam list; empty: there is none"),
        "spam_key": _option(key, b"", "key of who signs the spam list; empty: that of this node"),
    },
    "sms": {
        "enabled": _option(flag, True, "texts by a SIM card and gammu-smsd (backend files)"),
        "ring": _option(dialled_or_nothing, "", "user or group who gets the texts that come"),
        "inbox": _option(line, "/var/spool/gammu/inbox", "folder of texts that came"),
        "outbox": _option(line, "/var/spool/gammu/outbox", "folder of texts that go"),
    },
    "provider": {
        "enabled": _option(flag, True, "use this provider"),
        "name": _option(word, "", "name of the provider; empty: the section's name"),
        "preset": _option(
            choice("", *sorted(PRESETS)), "", "whose settings to begin with; empty: none"
        ),
        "domain": _option(host, "", "domain of the account, as in sip:ACCOUNT@DOMAIN"),
        "proxy": _list(
            host_port, "hosts to register and call at, the first choice first; none: the domain"
        ),
        "transport": _option(
            choice("auto", "udp", "tcp", "tls"), "auto", "how to get there; auto: as the DNS says"
        ),
        "username": _option(line, "", "name or number of the account"),
        "auth_user": _option(line, "", "name that goes with the password; empty: the username"),
        "password": _option(line, "", "password of the account"),
        "realm": _list(
            line, "realms that may ask for the password; none: the first that lets it in"
        ),
        "register": _option(flag, True, "register there, so that its calls come here"),
        "expires": _option(number(60, 86400), 600, "how many seconds a registration lasts"),
        "keepalive": _option(
            number(0, 3600), 30, "how often the provider is asked whether it is there; 0: never"
        ),
        "number": _list(
            number_range,
            "own numbers, the first is shown to others; a range as in +493012300..+493012399",
        ),
        "ring": _option(
            dialled_or_nothing, "", "user or group that calls ring for which there is no other rule"
        ),
        "caller": _option(
            choice("from", "asserted", "preferred"),
            "from",
            "where the number stands that others see: in From, or beside the account in "
            "P-Asserted-Identity or P-Preferred-Identity",
        ),
        "hide": _option(
            prefix,
            "",
            "what hides the number when it stands before the dialled one; empty: "
            "Privacy of RFC 3323",
        ),
        "format": _option(
            choice("e164", "plain", "international", "national"),
            "e164",
            "how numbers are written: +4930.., 4930.., 004930.., 030.. in the own country",
        ),
        "srtp": _option(
            choice("no", "offer", "must"), "no", "is the sound to the provider encrypted (SRTP)"
        ),
        "channels": _option(number(0, 1000), 0, "calls at once; 0: nobody has said"),
        "emergency": _option(flag, True, "the provider carries emergency calls"),
        "location": _option(
            flag, False, "tell the provider the address of this house with emergency calls"
        ),
        "accept": _list(network, "further addresses from which the provider calls"),
        "offer": _option(
            choice("no", "contacts", "all"), "no", "who in the mesh may call by this provider"
        ),
        "offer_minutes": _option(
            number(0, 100000), 60, "minutes a month that the mesh may call by it"
        ),
        "offer_money": _option(
            money, 0, "what the mesh may spend a month, in the smallest unit, as in 250.5"
        ),
    },
    "route": {
        "prefix": _option(
            prefix, "", "beginning of the numbers that it is for, as in +49; empty: all"
        ),
        "provider": _list(word, "providers that it is for; none: all"),
        "hours": _option(hours_or_nothing, "", "when it holds, as in 08:00-18:00; empty: always"),
        "minute": _option(
            money, None, "price of a minute in the smallest unit, as in 1.9; empty: not known"
        ),
        "call": _option(money, None, "price of a call whatever its length"),
        "refuse": _option(flag, False, "such numbers are not called by these providers"),
    },
    "number": {
        "number": _list(number_range, "own numbers, a range as in +493012300..+493012399"),
        "ring": _option(dialled_or_nothing, "", "user or group that calls to them ring"),
        "hours": _option(hours_or_nothing, "", "when, as in 08:00-18:00; empty: always"),
        "otherwise": _option(dialled_or_nothing, "", "who rings at other hours"),
    },
}
