"""Answers of the node in words for people, at most 80 columns wide."""

import textwrap
from collections import namedtuple

WIDTH = 80
GAP = 2
# A column is never made narrower than this.
NARROW = 6

# field: of the row; show(value) -> text.
Column = namedtuple("Column", ("title", "field", "show"))
# Which list of the answer, its columns, and what to say where it is empty.
Table = namedtuple("Table", ("field", "columns", "empty"))


def _plain(value):
    return "" if value is None else str(value)


def _yes(value):
    return "yes" if value else "no"


def _list(value):
    return ", ".join(value)


def duration(seconds):
    """Return a time span as people say it: 42s, 12m, 3h05, 4d02h."""
    if seconds is None:
        return ""
    if seconds < 60:
        return "%ds" % seconds
    if seconds < 3600:
        return "%dm%02d" % divmod(seconds, 60)
    hours, rest = divmod(seconds, 3600)
    if hours < 48:
        return "%dh%02d" % (hours, rest // 60)
    return "%dd%02dh" % divmod(hours, 24)


def _money(thousandths):
    return "%d.%02d" % divmod(thousandths // 10, 100)


def _span(milliseconds):
    return "" if milliseconds is None else duration(milliseconds // 1000)


WHO = (Column("NO", "number", _plain), Column("CALLER", "caller", _plain))
TABLES = {
    "users": Table(
        "users",
        (
            Column("NAME", "name", _plain),
            Column("NUMBER", "extension", _plain),
            Column("ALSO", "aliases", _list),
            Column("IN THE MESH", "mesh_number", _plain),
            Column("SHOWN AS", "display_name", _plain),
            Column("PHONES", "phones", _plain),
            Column("MESSAGES", "messages", _plain),
            Column("ADDRESS", "address", _plain),
        ),
        "there are no users: add `config user` sections to the configuration",
    ),
    "providers": Table(
        "providers",
        (
            Column("NAME", "name", _plain),
            Column("STATE", "state", _plain),
            Column("NUMBERS", "numbers", _list),
            Column("CALLS", "calls", _plain),
            Column("HOST", "host", _plain),
            Column("SEEN AS", "seen_as", _plain),
            Column("EMERGENCY", "emergency", _yes),
            Column("WHAT IS WRONG", "problem", _plain),
        ),
        "there are no providers: a section `config provider` names one",
    ),
    "bill": Table(
        "bill",
        (
            Column("MONTH", "month", _plain),
            Column("PROVIDER", "provider", _plain),
            Column("OUT", "calls_out", _plain),
            Column("TALKED", "seconds_out", duration),
            Column("IN", "calls_in", _plain),
            Column("TALKED", "seconds_in", duration),
            Column("COST", "cost", _money),
            Column("FOR THE MESH", "mesh_seconds", duration),
        ),
        "no call by a provider has ended yet",
    ),
    "groups": Table(
        "groups",
        (
            Column("NAME", "name", _plain),
            Column("NUMBER", "extension", _plain),
            Column("RINGS", "strategy", _plain),
            Column("MEMBERS", "members", _list),
        ),
        "there are no groups",
    ),
    "registrations": Table(
        "registrations",
        (
            Column("USER", "user", _plain),
            Column("OVER", "transport", _plain),
            Column("SEEN FROM", "seen_from", _plain),
            Column("NAT", "behind_nat", _yes),
            Column("PHONE", "phone", _plain),
            Column("SINCE", "seconds_since_start", duration),
            Column("ENDS IN", "expires_seconds", duration),
        ),
        "no phone is registered",
    ),
    "strangers": Table(
        "strangers",
        (
            Column("ADDRESS", "address", _plain),
            Column("TIMES", "count", _plain),
            Column("PASSWORDS", "wrong_passwords", _plain),
            Column("LAST", "seconds_since_last", duration),
            Column("DIALLED", "dialled", _plain),
            Column("WHY NOT", "why", _plain),
        ),
        "nobody was sent away since the start",
    ),
    "pins": Table(
        "pins",
        (
            Column("NAME", "name", _plain),
            Column("STATE", "state", _plain),
            Column("SEEN", "is_seen", _yes),
            Column("IN REACH", "in_reach", _yes),
            Column("KEY", "key", _plain),
            Column("NOW", "new", _plain),
        ),
        "the configuration names no other node",
    ),
    "outbox": Table(
        "outbox",
        (
            Column("FROM", "user", _plain),
            Column("TO", "to", _plain),
            Column("OCTETS", "octets", _plain),
            Column("TRIES", "tries", _plain),
            Column("HOURS LEFT", "hours_left", _plain),
        ),
        "no text waits for a node that is off",
    ),
    "trust": Table(
        "trust",
        (
            Column("CONTACT", "contact", _plain),
            Column("STATE", "level", _plain),
            Column("CALLS", "calls", _plain),
            Column("OTHER KEYS", "changed", _plain),
            Column("KEY", "key", _plain),
        ),
        "no key is known yet: the first encrypted call with somebody brings theirs",
    ),
    "phonebook": Table(
        "phonebook",
        (
            Column("NAME", "display", _plain),
            Column("NUMBER", "number", _plain),
            Column("PHONE ON", "registered", _yes),
            Column("WHERE", "place", _plain),
            Column("ADDRESS", "address", _plain),
        ),
        "the phone book is empty",
    ),
}


TABLES["ring"] = Table(
    "phones",
    (
        Column("PHONE", "phone", _plain),
        Column("CONTACT", "contact", _plain),
        Column("IT", "state", _plain),
        Column("", "refusal", _plain),
    ),
    "no phone is registered",
)
TABLES["set-trust"] = TABLES["trust"]
CALLS = (
    *WHO,
    Column("CALLED", "callee", _plain),
    Column("STATE", "state", _plain),
    Column("SINCE", "seconds_since_start", duration),
    Column("FOUND BY", "step", _plain),
    Column("WHY", "why", _list),
)


PEER = (
    Column("NODE", "name", _plain),
    Column("ADDRESS", "host", _plain),
    Column("ON", "link", _plain),
    Column("HEARD BY", "how", _plain),
    Column("STATE", "reason", _plain),
    Column("SINCE", "since_ms", _span),
    Column("LAST", "heard_ms", _span),
    Column("COST", "cost", _plain),
)
HOST = (
    Column("ADDRESS", "host", _plain),
    Column("PORT", "port", _plain),
    Column("KNOWN AS", "source", _plain),
    Column("WHY NOT", "reason", _plain),
    Column("FAILED", "failures", _plain),
    Column("LAST", "success_ms", _span),
)


HISTORY = (
    *WHO,
    Column("CALLED", "callee", _plain),
    Column("AGO", "seconds_since_end", duration),
    Column("TALKED", "seconds_talked", duration),
    Column("CODE", "status", _plain),
    Column("SOUND", "security", _plain),
)


def shown(verb, result):
    """Return the lines that show an answer."""
    known = TABLES.get(verb)
    if known is not None and known.field in result:
        return table(result[known.field], known.columns) or [known.empty]
    if verb in WORDS:
        return WORDS[verb](result)
    return anything(result)


def table(rows, columns):
    """Return the lines of a table: a head, and one line a row; [] where there are no rows."""
    if not rows:
        return []
    cells = [[column.show(row.get(column.field)) for column in columns] for row in rows]
    head = [column.title for column in columns]
    widths = fitted([max(map(len, column)) for column in zip(head, *cells)])
    return [_row(row, widths) for row in [head, *cells]]


def fitted(widths):
    """Return the widths, the widest made narrower until the line fits."""
    widths = list(widths)
    while sum(widths) + GAP * (len(widths) - 1) > WIDTH and max(widths) > NARROW:
        widths[widths.index(max(widths))] -= 1
    return widths


def _row(cells, widths):
    parts = [cut(cell, width).ljust(width + GAP) for cell, width in zip(cells, widths)]
    return "".join(parts).rstrip()


def cut(text, width):
    """Return a text shortened to a width."""
    return text if len(text) <= width else text[: width - 1] + "…"


def anything(value, depth=0):
    """Return the lines of an answer for which there is no table."""
    pad = "  " * depth
    if isinstance(value, dict):
        lines = []
        for name, one in value.items():
            title = name.replace("_", " ")
            if isinstance(one, (dict, list)) and one:
                lines += [pad + title + ":", *anything(one, depth + 1)]
            else:
                lines.append(cut("%s%s: %s" % (pad, title, _scalar(one)), WIDTH))
        return lines
    if isinstance(value, list):
        if value and all(isinstance(one, dict) for one in value):
            titles = [Column(name.upper(), name, _scalar) for name in value[0]]
            return [pad + line for line in table(value, titles)]
        return [cut(pad + _scalar(one), WIDTH) for one in value]
    return [pad + _scalar(value)]


def _scalar(value):
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_scalar, value))
    return _yes(value) if isinstance(value, bool) else _plain(value)


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
    lines += _outside(result.get("outside"))
    lines += ["", "Now"]
    for title, name in (
        ("users", "users"),
        ("registered phones", "registrations"),
        ("calls", "live_calls"),
        ("open transactions", "transactions"),
        ("connections", "connections"),
    ):
        lines.append("  %-26s %d" % (title, result[name]))
    media = result.get("media")
    if media is not None:
        suites = ", ".join(media["suites"]) or "no library"
        lines.append("  %-26s %d (%s)" % ("streams of sound", media["relays"], suites))
    lines.append("  %-26s %.1f MB" % ("memory", result["memory_kb"] / 1024))
    lines += ["", "Written to flash today, and what senders may still cause"]
    written = result.get("writes_today", {})
    lines += ["  %-26s %d" % (name, written[name]) for name in sorted(written)]
    for row in result.get("writings_left", ()):
        words = "%d at once, %d in 24 hours" % (row["left"], row["a_day"])
        lines.append("  %-26s %s" % (" ".join([row["kind"], row["from"]]), words))
    lines += ["", "Since the start"]
    for part, counts in result["counters"].items():
        named = [(name.replace("_", " "), count) for name, count in counts.items() if count]
        words = ["%s %d" % one for one in named]
        if words:
            lines += _wrapped("  %-26s " % part, words)
    return lines


def _outside(outside):
    """Return how the Internet reaches the node, in lines."""
    if outside is None:
        return []
    words = outside["why"]
    if outside["ports"] and not words:
        words = "%s (%s) leads ports here" % (outside["gateway"], outside["way"])
    lines = ["", "From the Internet", *textwrap.wrap("  " + words, WIDTH, subsequent_indent="  ")]
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


def _wrapped(head, words, between=","):
    """Return words after a head, on as many lines as they need."""
    lines, line = [], head
    for index, word in enumerate(words):
        part = word + (between if index + 1 < len(words) else "")
        if line.strip() and len(line) + len(part) > WIDTH and line != head:
            lines.append(line.rstrip())
            line = " " * len(head)
        line += part + " "
    return [*lines, line.rstrip()]


def _trace(result):
    call = result["call"]
    lines = ["Call %(number)s: %(caller)s -> %(callee)s" % call]
    lines += ["%s: %s" % (title, _scalar(call[name])) for title, name in CALL_WORDS if call[name]]
    for message in result["messages"]:
        arrow = "<-- from" if message["direction"] == "received" else "--> to"
        head = "%ds ago, %s %s over %s"
        words = message["seconds_ago"], arrow, message["peer"], message["transport"]
        lines += ["", "-" * WIDTH, head % words, ""]
        lines += message["message"].rstrip("\n").split("\n")
    return lines


CALL_WORDS = (
    ("Dialled", "dialled"),
    ("Found by", "step"),
    ("Why there", "why"),
    ("Why through this node", "in_path"),
    ("Ended by", "ended_by"),
)


def _calls(result):
    """Return the table of calls, each followed by what is known of its sound."""
    found = _with_more(
        result["calls"], CALLS, lambda row: ["    " + cut(line, WIDTH - 4) for line in _sound(row)]
    )
    return found or ["no call is going on"]


def _history(result):
    """Return the table of past calls, each followed by how it ended."""
    if "text" in result:
        return _text(result)
    found = _with_more(result["history"], HISTORY, _end)
    return found or ["no call has ended since the start"]


def _end(row):
    words = row["ended_by"] or ""
    if row["answered_by"]:
        words = "answered by %s; %s" % (row["answered_by"], words)
    return _wrapped("    ", words.split(" "), "")


def _with_more(rows, columns, more):
    """Return the lines of a table, each followed by the lines more(row); [] without rows."""
    found = table(rows, columns)
    for index in range(len(rows) - 1, -1, -1):
        found[index + 2 : index + 2] = more(rows[index])
    return found


def _sound(row):
    """Return what is known of the way and the sound of a call, in lines."""
    through = ", ".join(row.get("through", ()))
    if not through:
        return _keys(row)
    what = ", its sound too" if row["is_sound_through"] else "; its sound goes another way"
    return ["by way of " + through + what, *_keys(row)]


def _keys(row):
    if not row.get("relays"):
        return ["sound: directly between the phones, as far as this node can tell"]
    words = "sound: " + (row["security"] or "passes this node")
    if row["contact"] and row["security"]:
        words += " with " + row["contact"]
    if row["by_phones"]:
        words = "sound: encrypted by the phones themselves"
    lines = [words + (" (%s)" % row["suite"] if row["suite"] else "")]
    if row["words"]:
        lines.append("words to compare: " + row["words"].upper())
    for title, name in (("their signature: ", "signature"), ("our signature: ", "own_signature")):
        if row.get(name):
            lines += textwrap.wrap(title + row[name], WIDTH - 4)
    if row["is_enough"] is False:
        lines.append("NOT ENOUGH for what the configuration wants of %s" % row["contact"])
    for sides in row.get("sound", ()):
        for name, side in zip(("caller", "called"), sides):
            how = "lost ones cannot be counted"
            if side["lost"] is not None:
                how = "%d lost, jitter %.1f ms" % (side["lost"], side["jitter_ms"])
            words = name, side["received_packets"], how, _idle(side)
            lines.append("from the %s: %d packets, %s%s" % words)
    return lines


def _idle(side):
    refused = side["auth_failed"] + side["replayed"]
    forged = ", %d forged or replayed dropped" % refused if refused else ""
    if side["idle_ms"] is None:
        return ", nothing heard yet" + forged
    silent = ", silent for %s" % duration(side["idle_ms"] // 1000)
    return (silent if side["idle_ms"] >= 5000 else "") + forged


def _verify(result):
    return _calls({"calls": [result["call"]]})


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
    "peers": _peers,
    "routes": _routes,
    "mesh": _mesh,
    "calls": _calls,
    "history": _history,
    "verify": _verify,
    "wishes": _wishes,
    "dial": lambda result: [
        "The phones of %(user)s ring: %(phones)d; the one that is taken dials %(to)s." % result
    ],
    "set-wish": _wishes,
    "hangup": lambda result: ["The call of %(caller)s with %(callee)s is ended." % result["call"]],
    "flush-mailbox": lambda result: ["%(removed)d messages are gone." % result],
    "trace": _trace,
    "pilot-link": _link,
    "add-phone": _link,
    "reload": _reload,
    "phonebook": _text,
}


def _call_event(fields):
    line = "call %(number)s: %(caller)s -> %(callee)s: %(state)s" % fields
    if fields["state"] == "ringing" and not fields["rings"]:
        line = line[: -len("ringing")] + "begun"
    if fields["held"]:
        line += ", held"
    if fields["status"]:
        line += ", %s" % fields["status"]
    return line + (", " + fields["ended_by"] if fields["ended_by"] else "")


def _media_event(fields):
    line = "sound of the call"
    if fields["contact"]:
        line += " with " + fields["contact"]
    line += ": " + fields["what"]
    if fields["level"] not in (None, fields["what"]):
        line += "; " + fields["level"]
    if fields["words"]:
        line += "; words to compare: " + fields["words"].upper()
    return line + ("; NOT ENOUGH for the configuration" if fields["is_enough"] is False else "")


def _registration_event(fields):
    return "%(what)s: phone of %(user)s over %(transport)s from %(seen_from)s" % fields


def _peer_event(fields):
    """What has changed in the mesh: ways before records, which are what a node says of itself."""
    if fields["what"] != "records":
        return "neighbour %(host)s: %(reason)s" % fields
    told = []
    for what, words in (
        ("lost", "no way leads to %s any more"),
        ("found", "a way leads to %s"),
    ):
        if fields.get(what):
            told.append(words % ", ".join(fields[what]))
    if "twin" in fields:
        told.append("another node uses the identity of this one")
    if not told:
        counts = [(what, fields[what]) for what in ("new", "changed") if what in fields]
        told = ["what nodes say of themselves: " + ", ".join(["%s %d" % one for one in counts])]
    return "mesh: " + "; ".join(told)


EVENTS = {
    "call": _call_event, "media": _media_event, "registration": _registration_event,
    "peer": _peer_event,
}  # fmt: skip


def event(fields):
    """Return one event as a line."""
    if fields["event"] in EVENTS:
        return EVENTS[fields["event"]](fields)
    words = ["%s=%s" % (name, _scalar(value)) for name, value in fields.items() if name != "event"]
    return "%s: %s" % (fields["event"], " ".join(words))
