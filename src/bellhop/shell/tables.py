"""Answers of the node in words for people, at most 80 columns wide."""

import textwrap

from . import shown_calls
from .table import WIDTH, Column, Table, anything, duration, plain, table, with_more, wrapped, yes


def _money(thousandths):
    return "%d.%02d" % divmod(thousandths // 10, 100)


def _span(milliseconds):
    return "" if milliseconds is None else duration(milliseconds // 1000)


TABLES = {
    "users": Table(
        "users",
        (
            Column("NAME", "name", plain),
            Column("NUMBER", "extension", plain),
            Column("ALSO", "aliases", ", ".join),
            Column("IN THE MESH", "mesh_number", plain),
            Column("SHOWN AS", "display_name", plain),
            Column("PHONES", "phones", plain),
            Column("MESSAGES", "messages", plain),
            Column("ADDRESS", "address", plain),
        ),
        "there are no users: add `config user` sections to the configuration",
    ),
    "bill": Table(
        "bill",
        (
            Column("MONTH", "month", plain),
            Column("PROVIDER", "provider", plain),
            Column("OUT", "calls_out", plain),
            Column("TALKED", "seconds_out", duration),
            Column("IN", "calls_in", plain),
            Column("TALKED", "seconds_in", duration),
            Column("COST", "cost", _money),
            Column("FOR THE MESH", "mesh_seconds", duration),
        ),
        "no call by a provider has ended yet",
    ),
    "groups": Table(
        "groups",
        (
            Column("NAME", "name", plain),
            Column("NUMBER", "extension", plain),
            Column("RINGS", "strategy", plain),
            Column("MEMBERS", "members", ", ".join),
        ),
        "there are no groups",
    ),
    "registrations": Table(
        "registrations",
        (
            Column("USER", "user", plain),
            Column("OVER", "transport", plain),
            Column("SEEN FROM", "seen_from", plain),
            Column("NAT", "behind_nat", yes),
            Column("PHONE", "phone", plain),
            Column("SINCE", "seconds_since_start", duration),
            Column("ENDS IN", "expires_seconds", duration),
        ),
        "no phone is registered",
    ),
    "strangers": Table(
        "strangers",
        (
            Column("ADDRESS", "address", plain),
            Column("TIMES", "count", plain),
            Column("PASSWORDS", "wrong_passwords", plain),
            Column("LAST", "seconds_since_last", duration),
            Column("DIALLED", "dialled", plain),
            Column("WHY NOT", "why", plain),
        ),
        "nobody was sent away since the start",
    ),
    "pins": Table(
        "pins",
        (
            Column("NAME", "name", plain),
            Column("STATE", "state", plain),
            Column("SEEN", "is_seen", yes),
            Column("IN REACH", "in_reach", yes),
            Column("KEY", "key", plain),
            Column("NOW", "new", plain),
        ),
        "the configuration names no other node",
    ),
    "outbox": Table(
        "outbox",
        (
            Column("FROM", "user", plain),
            Column("TO", "to", plain),
            Column("OCTETS", "octets", plain),
            Column("TRIES", "tries", plain),
            Column("HOURS LEFT", "hours_left", plain),
        ),
        "no text waits for a node that is off",
    ),
    "trust": Table(
        "trust",
        (
            Column("CONTACT", "contact", plain),
            Column("STATE", "level", plain),
            Column("CALLS", "calls", plain),
            Column("OTHER KEYS", "changed", plain),
            Column("KEY", "key", plain),
        ),
        "no key is known yet: the first encrypted call with somebody brings theirs",
    ),
    "phonebook": Table(
        "phonebook",
        (
            Column("NAME", "display", plain),
            Column("NUMBER", "number", plain),
            Column("PHONE ON", "registered", yes),
            Column("WHERE", "place", plain),
            Column("ADDRESS", "address", plain),
        ),
        "the phone book is empty",
    ),
}


TABLES["ring"] = Table(
    "phones",
    (
        Column("PHONE", "phone", plain),
        Column("CONTACT", "contact", plain),
        Column("IT", "state", plain),
        Column("", "refusal", plain),
    ),
    "no phone is registered",
)
TABLES["set-trust"] = TABLES["trust"]
PEER = (
    Column("NODE", "name", plain),
    Column("ADDRESS", "host", plain),
    Column("ON", "link", plain),
    Column("HEARD BY", "how", plain),
    Column("STATE", "reason", plain),
    Column("SINCE", "since_ms", _span),
    Column("LAST", "heard_ms", _span),
    Column("COST", "cost", plain),
)
HOST = (
    Column("ADDRESS", "host", plain),
    Column("PORT", "port", plain),
    Column("KNOWN AS", "source", plain),
    Column("WHY NOT", "reason", plain),
    Column("FAILED", "failures", plain),
    Column("LAST", "success_ms", _span),
)


PROVIDERS = (
    Column("NAME", "name", plain),
    Column("STATE", "state", plain),
    Column("CALLS", "calls", plain),
    Column("EMERGENCY", "emergency", yes),
)


def shown(verb, result):
    """Return the lines that show an answer."""
    known = TABLES.get(verb)
    if known is not None and known.field in result:
        return table(result[known.field], known.columns) or [known.empty]
    if verb in WORDS:
        return WORDS[verb](result)
    return anything(result)


def _status(result):
    up = "up for " + duration(result["uptime_seconds"])
    lines = ["bellhop %s, %s, %s" % (result["version"], result["domain"], up)]
    for problem in result["problems"]:
        lines.append("PROBLEM  " + problem)
    if "left_to_full_node" in result:
        left = "A lite node (%s). It leaves to a full node: %s."
        words = left % (result["signatures"], ", ".join(result["left_to_full_node"]))
        lines += ["", *textwrap.wrap(words, WIDTH)]
    places = {}
    for one in result["listening"]:
        places.setdefault(one["host"], []).append("%s %d" % (one["transport"], one["port"]))
    lines += ["", "Listening"]
    lines += ["  %-26s %s" % (host, ", ".join(found)) for host, found in places.items()]
    lines += _outside("From the Internet", result.get("outside"))
    lines += _outside("By IPv6", result.get("outside6"))
    lines += ["", "Now", *_now(result)]
    lines += ["", "Written to flash today, and what senders may still cause", *_writings(result)]
    lines += ["", "Since the start"]
    for part, counts in result["counters"].items():
        named = [(name.replace("_", " "), count) for name, count in counts.items() if count]
        words = ["%s %d" % one for one in named]
        if words:
            lines += wrapped("  %-26s " % part, words)
    return lines


NOW = (
    ("users", "users"),
    ("registered phones", "registrations"),
    ("calls", "live_calls"),
    ("open transactions", "transactions"),
    ("connections", "connections"),
)


def _now(result):
    lines = ["  %-26s %d" % (title, result[name]) for title, name in NOW]
    media = result.get("media")
    if media is not None:
        suites = ", ".join(media["suites"]) or "no library"
        lines.append("  %-26s %d (%s)" % ("streams of sound", media["relays"], suites))
    lines.append("  %-26s %.1f MB" % ("memory", result["memory_kb"] / 1024))
    return lines


def _writings(result):
    written = result.get("writes_today", {})
    lines = ["  %-26s %d" % (name, written[name]) for name in sorted(written)]
    for row in result.get("writings_left", ()):
        words = "%d at once, %d in 24 hours" % (row["left"], row["a_day"])
        lines.append("  %-26s %s" % (" ".join([row["kind"], row["from"]]), words))
    return lines


def _outside(title, outside):
    """Return how the Internet reaches the node, in lines."""
    if outside is None:
        return []
    words = outside["why"]
    if outside["ports"] and not words:
        words = "%s (%s) leads ports here" % (outside["gateway"], outside["way"])
    lines = ["", title, *textwrap.wrap("  " + words, WIDTH, subsequent_indent="  ")]
    for one in outside["ports"]:
        where = "not yet" if one["host"] is None else "%s port %d" % (one["host"], one["external"])
        lines.append("  %-26s %s" % ("%s port %d" % (one["protocol"], one["port"]), where))
    return lines


def _link(result):
    """Return who it is for, and the whole link, however long: it is copied."""
    lines = anything({name: result[name] for name in result if name not in OF_LINK})
    if "path" in result:
        lines.append("it holds once, for %d minutes:" % (result["seconds"] // 60))
        lines.append("  " + (result["url"] or "the node has no address with pages on it"))
    return lines


OF_LINK = ("token", "path", "url", "seconds")


def _wishes(result):
    rows = []
    for name, value in sorted(result["in_force"].items()):
        shown = ", ".join(value) if isinstance(value, list) else value
        shown = {True: "on", False: "off"}.get(shown, shown)
        by = "the user" if name in result["wished"] else "the configuration"
        rows.append("%-16s %-24s %s" % (name, shown or "-", by))
    return rows


def _reload(result):
    lines = ["The configuration %s is in force." % result["configuration"]]
    return lines + ["PROBLEM  " + problem for problem in result["problems"]]


def _text(result):
    return [result["text"].rstrip("\n")]


def _peers(result):
    lines = table(result["peers"], PEER) or ["no other node is heard"]
    hosts = table(result["hosts"], HOST)
    return lines + ["", "Not neighbours", *hosts] if hosts else lines


def _mesh(result):
    from .mesh import maps  # It is in the package of the mesh.

    return maps.drawn(result)


def _routes(result):
    """The keys are never cut: they are what an owner copies."""
    from .mesh import maps  # It is in the package of the mesh.

    names = maps.named(result["routes"])
    lines = []
    for row in sorted(result["routes"], key=lambda row: (row["hops"], row["name"])):
        way = "%d hops over %s" % (row["hops"], names[row["via"]]) if row["hops"] > 1 else "1 hop"
        lines += ["%s: %s, cost %d" % (names[row["node"]], way, row["cost"]), "    " + row["node"]]
    return lines or ["no other node is in reach"]


def _privacy(result):
    """What each level of privacy is worth, and which one each contact has."""
    parts = []
    for row in result["levels"]:
        mark = " (all calls)" if row["privacy"] == result["privacy"] else ""
        parts.append("level %d%s" % (row["privacy"], mark))
        parts += wrapped("  hides: ", row["hides"].split(" "), "")
        parts += wrapped("  costs: ", row["costs"].split(" "), "")
        parts += wrapped("  does not hide: ", row["does_not_hide"].split(" "), "")
    columns = (
        Column("CONTACT", "name", plain),
        Column("LEVEL", "privacy", plain),
        Column("WAY NOW", "has_way", yes),
    )
    return parts + (["", *table(result["contacts"], columns)] if result["contacts"] else [])


def _providers(result):
    found = with_more(result["providers"], PROVIDERS, _of_provider)
    return found or ["there are no providers: a section `config provider` names one"]


def _of_provider(row):
    """Return the numbers of a provider, where it is, and what is wrong with it, in lines."""
    told = (
        ("numbers: ", row["numbers"], ","),
        ("it is at ", [row["host"]], ""),
        ("it sees this node as ", [row["seen_as"]], ""),
        ("", row["problem"].split(" "), ""),
    )
    found = [wrapped("    " + head, words, between) for head, words, between in told if any(words)]
    return [line for lines in found for line in lines]


def _problems(result):
    lines = []
    for row in result["problems"]:
        place = "%(file)s:%(line)d: " % row if row["file"] else ""
        lines.append(place + row["wrong"])
        lines += ["    " + row[part] for part in ("works", "advice") if row[part]]
    return lines or ["nothing is wrong"]


WORDS = {
    "status": _status,
    "problems": _problems,
    "providers": _providers,
    "peers": _peers,
    "routes": _routes,
    "mesh": _mesh,
    "calls": shown_calls.calls,
    "history": shown_calls.history,
    "verify": shown_calls.verify,
    "wishes": _wishes,
    "dial": lambda result: [
        "The phones of %(user)s ring: %(phones)d; the one that is taken dials %(to)s." % result
    ],
    "set-wish": _wishes,
    "end-calls": lambda result: ["Calls that were ended: %d" % result["ended"]],
    "hangup": lambda result: ["The call of %(caller)s with %(callee)s is ended." % result["call"]],
    "flush-mailbox": lambda result: ["%(removed)d messages are gone." % result],
    "trace": shown_calls.trace,
    "pilot-link": _link,
    "add-phone": _link,
    "reload": _reload,
    "phonebook": _text,
    "privacy": _privacy,
}
