"""What happens in the node, a line each."""

from .table import scalar


def _call(fields):
    line = "call %(number)s: %(caller)s -> %(callee)s: %(state)s" % fields
    if fields["state"] == "ringing" and not fields["rings"]:
        line = line[: -len("ringing")] + "begun"
    if fields["held"]:
        line += ", held"
    if fields["status"]:
        line += ", %s" % fields["status"]
    return line + (", " + fields["ended_by"] if fields["ended_by"] else "")


def _media(fields):
    line = "sound of the call"
    if fields["contact"]:
        line += " with " + fields["contact"]
    line += ": " + fields["what"]
    if fields["level"] not in (None, fields["what"]):
        line += "; " + fields["level"]
    if fields["words"]:
        line += "; words to compare: " + fields["words"].upper()
    return line + ("; NOT ENOUGH for the configuration" if fields["is_enough"] is False else "")


def _registration(fields):
    return "%(what)s: phone of %(user)s over %(transport)s from %(seen_from)s" % fields


def _peer(fields):
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
    "call": _call, "media": _media, "registration": _registration,
    "peer": _peer,
}  # fmt: skip


def line(fields):
    """Return one event as a line."""
    if fields["event"] in EVENTS:
        return EVENTS[fields["event"]](fields)
    words = ["%s=%s" % (name, scalar(value)) for name, value in fields.items() if name != "event"]
    return "%s: %s" % (fields["event"], " ".join(words))
