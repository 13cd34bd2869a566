"""Answers of a node for the pages: a small mesh, two phones, a call; and words of a stranger."""

# Whoever fills a name with this must see it as text.
EVIL = '<img src=x onerror="document.body.dataset.hurt=1"><b>bold</b>'
KEYS = [name * 13 for name in ("abcd", "efgh", "hijk", "mnop", "qrst")]
NAMES = ["home", "school", "clinic", "tower", EVIL]


def status(**changes):
    """Return an answer to `status`."""
    found = {
        "version": "0.1.0",
        "uptime_seconds": 93784,
        "domain": "home.arpa",
        "listening": [
            {"transport": "udp", "host": "192.168.1.1", "port": 5060},
            {"transport": "tcp", "host": "192.168.1.1", "port": 5060},
            {"transport": "udp", "host": "fd00::1", "port": 5060},
        ],
        "users": 2,
        "registrations": 2,
        "live_calls": 1,
        "transactions": 3,
        "counters": {},
        "configuration": "/etc/config/bellhop",
        "problems": [],
        "memory_kb": 18432,
        "media": None,
        "connections": 0,
    }
    return dict(found, **changes)


def registration(user, **changes):
    """Return one row of `registrations`."""
    found = {
        "user": user,
        "contact": "sip:%s@192.168.1.50:5060" % user,
        "transport": "udp",
        "seen_from": "192.168.1.50 port 5060",
        "behind_nat": False,
        "phone": "Yealink SIP-T31P",
        "q": 1.0,
        "expires_seconds": 3000,
        "seconds_since_start": 600,
    }
    return dict(found, **changes)


def call(number, **changes):
    """Return one row of `calls` or `history`."""
    found = {
        "number": number,
        "call_id": "%d@phone" % number,
        "caller": "alice@home.arpa",
        "callee": "bob@home.arpa",
        "dialled": "sip:202@home.arpa",
        "state": "answered",
        "step": "local",
        "why": ["202 is the number of bob", "one phone is registered"],
        "in_path": ["calls"],
        "seconds_since_start": 75,
        "seconds_talked": 61,
        "seconds_since_end": None,
        "status": 200,
        "ended_by": None,
        "security": None,
    }
    return dict(found, **changes)


def heard(number, caller_packets=1500, **changes):
    """Return one row of `calls` whose sound passes the node."""
    side = {"received_packets": 1490, "lost": 2, "jitter_ms": 3.5, "idle_ms": 10}
    row = {
        "security": "known key",
        "words": "aardvark adroitness",
        "suite": "AEAD_AES_256_GCM",
        "contact": "gran@" + KEYS[2],
        "is_enough": True,
        "by_phones": False,
        "relays": [1],
        "sound": [[dict(side, received_packets=caller_packets), side]],
    }
    return call(number, **dict(row, **changes))


def ended(number, **changes):
    """Return one row of `history`."""
    row = {"state": "ended", "seconds_since_end": 340, "ended_by": "alice@home.arpa hung up"}
    return call(number, **dict(row, **changes))


PHONEBOOK = [
    {
        "display": "Alice",
        "number": "201",
        "address": "sip:alice@home.arpa",
        "place": "here",
        "registered": True,
    },
    {
        "display": "Gran",
        "number": "71",
        "address": "sip:gran@example.org",
        "place": "speed dial",
        "registered": False,
    },
    {
        "display": EVIL,
        "number": "8041201",
        "address": "sip:eve@" + KEYS[4],
        "place": EVIL + ", 2 hops",
        "registered": True,
    },
]
EDGES = [(0, 1, 256), (1, 2, 300), (0, 3, 256), (3, 2, 512), (2, 4, 1024)]

ANSWERS = {
    ("bellhop", "status"): status(),
    ("bellhop", "check-config"): {"configuration": "/etc/config/bellhop"},
    ("bellhop", "registrations"): {
        "registrations": [registration("alice"), registration("bob", phone=EVIL)]
    },
    ("bellhop", "calls"): {
        "calls": [call(7), call(8, state="ringing", caller=EVIL, seconds_talked=None), heard(9)]
    },
    ("bellhop", "history"): {
        "history": [ended(6), ended(5, caller=EVIL, ended_by=EVIL, status=486, seconds_talked=None)]
    },
    ("bellhop", "trace"): {
        "call": call(7),
        "messages": [
            {
                "seconds_ago": 75,
                "ms": 1,
                "direction": "in",
                "transport": "udp",
                "peer": "192.168.1.50 port 5060",
                "message": "INVITE sip:202@home.arpa SIP/2.0\nSubject: " + EVIL,
            },
        ],
    },
    ("bellhop", "phonebook"): lambda given: (
        {"text": "name,number\n", "content_type": "text/csv"}
        if given.get("format")
        else {"phonebook": PHONEBOOK}
    ),
    ("bellhop", "import-phonebook"): {"imported": 1},
    ("bellhop", "users"): {
        "users": [
            {
                "name": name,
                "display_name": EVIL,
                "extension": "201",
                "aliases": [],
                "phones": 1,
                "messages": 3,
                "address": "sip:%s@home.arpa" % name,
            }
            for name in ("alice", "bob")
        ]
    },
    ("bellhop", "trust"): {
        "trust": [
            {"contact": EVIL, "key": KEYS[3], "level": "known key", "calls": 3, "changed": 1},
            {
                "contact": "gran@" + KEYS[2],
                "key": KEYS[2],
                "level": "words compared",
                "calls": 9,
                "changed": 0,
            },
        ]
    },
    ("bellhop", "set-trust"): {"trust": []},
    ("bellhop", "hangup"): {"call": {}},
    ("bellhop", "verify"): {"call": {}},
    ("bellhop", "flush-mailbox"): {"removed": 3},
    ("bellhop", "ring"): {
        "is_over": False,
        "phones": [{"contact": "sip:bob@192.168.1.50", "phone": EVIL, "state": "asked"}],
    },
    ("bellhop", "rung"): {
        "is_over": True,
        "phones": [{"contact": "sip:bob@192.168.1.50", "phone": EVIL, "state": "rings"}],
    },
    ("bellhop", "export-identity"): lambda given: (
        {"sealed": "bellhop-identity-1:AAAA"}
        if given["passphrase"]
        else {"error": {"message": "an empty passphrase protects nothing"}}
    ),
    ("service", "get_data"): {"bellhop": {"instance1": {"firewall": [{"type": "rule"}]}}},
    ("bellhop", "identity"): {"key": KEYS[0], "address_example": "sip:alice@" + KEYS[0]},
    ("bellhop", "peers"): {
        "peers": [
            {
                "link": "br-lan",
                "host": "fe80::2",
                "port": 5066,
                "node": KEYS[1],
                "name": NAMES[1],
                "how": "multicast",
                "state": "two-way",
                "reason": "heard both ways",
                "since_ms": 90000,
                "heard_ms": 1200,
                "cost": 256,
            },
            {
                "link": "",
                "host": "192.0.2.7",
                "port": 5066,
                "node": None,
                "name": "",
                "how": "unicast",
                "state": "heard",
                "reason": "no answer yet",
                "since_ms": 3000,
                "heard_ms": 3000,
                "cost": 0,
            },
        ]
    },
    ("bellhop", "routes"): {
        "routes": [
            {"node": KEYS[i], "name": NAMES[i], "cost": 256 * i, "hops": i, "via": KEYS[1]}
            for i in range(1, 5)
        ]
    },
    ("bellhop", "mesh"): {
        "nodes": [{"node": KEYS[i], "name": NAMES[i]} for i in range(5)],
        "edges": [[KEYS[a], KEYS[b], cost] for a, b, cost in EDGES],
    },
    ("rc", "init"): {},
    ("session", "access"): {"access": True},
    ("luci", "getFeatures"): {},
    ("network.interface", "dump"): {
        "interface": [{"interface": "wan", "route": [{"target": "0.0.0.0", "mask": 0}]}]
    },
}


def section(title, kind, index, anonymous=False, **options):
    """Return one section as ubus's uci gives it."""
    return {".name": title, ".type": kind, ".index": index, ".anonymous": anonymous, **options}


def configuration():
    """Return /etc/config/bellhop as ubus's uci gives it."""
    return {
        "node": section("node", "node", 0, enabled="1", domain="home.arpa"),
        "mesh": section("mesh", "mesh", 1, enabled="1", node_name="home"),
        "cfg03": section(
            "cfg03",
            "user",
            2,
            True,
            name="alice",
            extension="201",
            ha1_md5="0" * 32,
            ha1_sha256="0" * 64,
        ),
        "bob": section("bob", "user", 3, extension="202", display_name=EVIL, ha1_md5="1" * 32),
        "cfg05": section(
            "cfg05", "group", 4, True, name="family", extension="200", member=["alice", "bob"]
        ),
        "cfg06": section(
            "cfg06", "contact", 5, True, name="Gran", number="71", address="sip:gran@example.org"
        ),
    }
