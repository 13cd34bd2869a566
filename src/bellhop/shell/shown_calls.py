"""Calls, past calls and the messages of one, as text."""

import textwrap

from .table import WIDTH, Column, cut, duration, plain, scalar, with_more, wrapped

WHO = (Column("NO", "number", plain), Column("CALLER", "caller", plain))
CALLS = (
    *WHO,
    Column("CALLED", "callee", plain),
    Column("STATE", "state", plain),
    Column("SINCE", "seconds_since_start", duration),
    Column("FOUND BY", "step", plain),
    Column("WHY", "why", ", ".join),
)
HISTORY = (
    *WHO,
    Column("CALLED", "callee", plain),
    Column("AGO", "seconds_since_end", duration),
    Column("TALKED", "seconds_talked", duration),
    Column("CODE", "status", plain),
    Column("SOUND", "security", plain),
)
CALL_WORDS = (
    ("Dialled", "dialled"),
    ("Found by", "step"),
    ("Why there", "why"),
    ("Why through this node", "in_path"),
    ("Ended by", "ended_by"),
)


def trace(result):
    """Return the messages of a call."""
    call = result["call"]
    lines = ["Call %(number)s: %(caller)s -> %(callee)s" % call]
    lines += ["%s: %s" % (title, scalar(call[name])) for title, name in CALL_WORDS if call[name]]
    for message in result["messages"]:
        arrow = "<-- from" if message["direction"] == "received" else "--> to"
        head = "%ds ago, %s %s over %s"
        words = message["seconds_ago"], arrow, message["peer"], message["transport"]
        lines += ["", "-" * WIDTH, head % words, ""]
        lines += message["message"].rstrip("\n").split("\n")
    return lines


def calls(result):
    """Return the table of calls, each followed by what is known of its sound."""
    found = with_more(
        result["calls"], CALLS, lambda row: ["    " + cut(line, WIDTH - 4) for line in _sound(row)]
    )
    return found or ["no call is going on"]


def history(result):
    """Return the table of past calls, each followed by how it ended."""
    if "text" in result:
        return [result["text"].rstrip("\n")]
    found = with_more(result["history"], HISTORY, _end)
    return found or ["no call has ended since the start"]


def _end(row):
    words = row["ended_by"] or ""
    if row["answered_by"]:
        words = "answered by %s; %s" % (row["answered_by"], words)
    return wrapped("    ", words.split(" "), "")


def _sound(row):
    """Return what is known of the way and the sound of a call, in lines."""
    through, goes_so = ", ".join(row.get("through", ())), row.get("is_sound_through")
    if not through:
        return ["straight to the other node, its sound too"] * bool(goes_so) + _keys(row)
    what = ", its sound too" if goes_so else "; its sound goes another way"
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


def verify(result):
    """Return the call whose words were compared."""
    return calls({"calls": [result["call"]]})
