"""What must change in OpenWrt's firewall for a node, and what the init script found wrong there."""

import sys

from ..text import of_octets
from .settings import read_settings

FILE = "/etc/config/firewall"
# Written by the init script, read by the node: a sentence a line.
TOLD = "/firewall"
NO_ZONE = (
    "the firewall has no zone '%s': nothing there reaches this node; the page Firewall names the"
    " zones, `option firewall_zone` the ones that are meant"
)


def changes(config, installed, is_closed, file=FILE):
    """Return (lines for `uci batch`, sentences about what is wrong); raises ConfigError.

    config: the node's configuration; installed: as of settings.firewall; is_closed: let nobody in.
    """
    try:
        with open(file, "rb") as opened:
            octets = opened.read()
    except OSError:  # This machine has no such firewall.
        return [], []
    from ..settings import firewall  # Not in a node, which only reads what was found wrong.

    wanted = [] if is_closed else firewall.doors(read_settings(config), installed)
    lines, absent = firewall.changes(of_octets(octets), wanted)
    return lines, [NO_ZONE % zone for zone in absent]


def tell(config, installed, is_closed):
    """Print what must change, for `uci batch`, and what is wrong; return the exit status."""
    lines, sentences = changes(config, installed, is_closed)
    for line in lines:
        print(line)
    for sentence in sentences:
        sys.stderr.write(sentence + "\n")
    return 0


def told(run):
    """Return what the init script found wrong, in sentences."""
    try:
        with open(run + TOLD) as file:
            return [line for line in file.read().split("\n") if line]
    except OSError:
        return []
