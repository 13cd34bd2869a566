"""What fail2ban and banIP read of the log: the line that a node writes of whom it sends away."""

import re

import pytest

from tests.support.exchange import Exchange
from tests.support.messages import flow, request

from ..hostile.test_door_passwords import guess, noted
from .feed import BELLHOP, Makefile

FILTER = (BELLHOP / "files" / "fail2ban.conf").read_text()
# As banIP's awk script finds the address: the last one of the line.
BANIP = re.compile(r"([0-9]{1,3}\.){3}[0-9]{1,3}|([A-Fa-f0-9]{0,4}:){2,7}[A-Fa-f0-9]{0,4}")
# As syslog and the journal show a line.
LINE = "Mon Nov 30 12:00:00 2026 daemon.notice bellhop[1]: %s"
ADDRESSES = ("203.0.113.7", "2001:db8::7", "2001:db8::")


def pattern():
    """Return fail2ban's expression as Python's, which it is but for the address."""
    (found,) = re.findall(r"^failregex = (.*)$", FILTER, re.MULTILINE)
    return re.compile(found.replace("<ADDR>", "(?P<address>[0-9a-fA-F:.]+)"))


def told(address):
    """Return the lines of a log about somebody who guesses, and who calls as somebody else."""
    exchange = Exchange()
    notes = noted(exchange)
    guess(exchange, 1, flow(address))
    liar = request("INVITE", sender="<sip:198.51.100.1@198.51.100.2>;tag=1", branch="z9hG4bK-2")
    exchange.receive(liar, flow(address))
    return [LINE % note for note in notes if note.startswith("refused ")]


@pytest.mark.parametrize("address", ADDRESSES)
def test_both_find_the_address_and_no_other(address):
    lines = told(address)
    assert lines
    for line in lines:
        assert pattern().search(line).group("address") == address, line
        last = [found.group(0) for found in BANIP.finditer(line.partition("bellhop")[2])][-1]
        assert last == address, line


def test_other_lines_of_a_node_are_no_reason_to_ban():
    for words in ("the configuration is in force", "call 3: refused", "problem: refused from x"):
        assert not pattern().search(LINE % words)


def test_both_nodes_bring_the_filter():
    for folder in ("bellhop", "bellhop-lite"):
        text = Makefile(BELLHOP.parent / folder / "Makefile").text
        assert "/etc/fail2ban/filter.d/bellhop.conf" in text
