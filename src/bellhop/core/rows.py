"""What a row of a verb tells, and the rows of the core's own verbs.

The command loads this, and nothing of a node.
"""

from collections import namedtuple

from ..errors import BellhopError

# owner: name of the feature that answers; method: its method(arguments, now); arguments: their
# names, the first `needed` of which must be given; changes: whether it changes something or tells a
# secret, so that it takes the right to write. A feature's method returns (answer, effects) then.
Row = namedtuple("Row", ("verb", "owner", "method", "arguments", "needed", "changes", "help"))

CORE = (
    Row("status", "core", "status", (), 0, False, "how the node is"),
    Row("users", "core", "users", (), 0, False, "the accounts, and how many phones each has"),
    Row("groups", "core", "groups", (), 0, False, "names that ring several users"),
    Row("registrations", "core", "registrations", ("user",), 0, False, "phones that are there"),
    Row("calls", "core", "calls", (), 0, False, "calls that are going on: who, how routed, why"),
    Row(
        "strangers", "core", "strangers", (), 0, False,
        "addresses that were sent away: how often, what they wanted, and why",
    ),
    Row("trace", "core", "trace", ("call",), 1, False, "SIP messages of a call, secrets masked"),
    Row("hangup", "core", "hang_up", ("call",), 1, True, "end a call: `calls` shows the numbers"),
)  # fmt: skip


def check(row, arguments):
    """Raise BellhopError where the arguments of a verb are not what its row says."""
    for name in arguments:
        if name not in row.arguments:
            raise BellhopError("'%s' takes no argument '%s'" % (row.verb, name))
    for name in row.arguments[: row.needed]:
        if not arguments.get(name):
            raise BellhopError("'%s' needs: %s" % (row.verb, ", ".join(row.arguments)))
