"""A verb stands in one row; whoever else knows of verbs is derived from the rows or agrees."""

import argparse
import json
import re

import pytest

from bellhop.core.verbs import Verbs
from bellhop.features.callrecords import Records
from bellhop.features.dial import Dial
from bellhop.features.dns.accounts import Accounts
from bellhop.features.dns.codes import Codes as ClaimCodes
from bellhop.features.dns.directories import Directories
from bellhop.features.dns.lists import Lists
from bellhop.features.dns.selfcheck import Selfcheck
from bellhop.features.media.calls import Calls
from bellhop.features.mesh.boxes import Boxes
from bellhop.features.mesh.heirs import Heirs
from bellhop.features.mesh.member import Member
from bellhop.features.mesh.outbox import Outbox
from bellhop.features.messages.delivery import Delivery
from bellhop.features.phonebook.book import Book
from bellhop.features.pickup import Pickup
from bellhop.features.pilot.member import Pilot
from bellhop.features.pilot.provision import Provision
from bellhop.features.pilot.texts import Texts
from bellhop.features.restart import Restart
from bellhop.features.ringtest import RingTest
from bellhop.features.trunks.trunks import Trunks
from bellhop.features.wishes import Wishes
from bellhop.shell import command
from bellhop.world.rows import ROWS
from bellhop.world.sealed import Copies
from bellhop.world.service import Service

from .tree import ROOT

LUCI = ROOT / "openwrt" / "luci-app-bellhop"
API = LUCI / "htdocs" / "luci-static" / "resources" / "bellhop" / "api.js"
RIGHTS = LUCI / "root" / "usr" / "share" / "rpcd" / "acl.d" / "luci-app-bellhop.json"
# A row of the pages' table of calls; what has a blank is no verb of ours.
TABLE = re.compile(r"^const CALLS = \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\t'?([\w-]+)'?: \[(.*)\],?$", re.MULTILINE)
ANSWERING = {
    "core": Verbs, "service": Service, "copies": Copies,
    **{
        one.name: one
        for one in (Book, RingTest, Delivery, Member, Calls, Wishes, Dial, Pickup, Records, Restart)
    },
    Trunks.name: Trunks,
    **{one.name: one for one in (Pilot, Provision, Texts)},
    Selfcheck.name: Selfcheck, Directories.name: Directories,
    Accounts.name: Accounts,
    ClaimCodes.name: ClaimCodes,
    Lists.name: Lists,
    Outbox.name: Outbox, Heirs.name: Heirs, Boxes.name: Boxes,
}  # fmt: skip
# What the command does besides asking a node.
OF_COMMAND = {
    "mqtt",
    "firewall", "options", "sign-spam-list",
    "hash-password", "import-identity", "person-key", "export-person", "import-person",
    "prove-person", "claim", "number",
}  # fmt: skip


def faults(api, rights, rows=ROWS):
    """Return what is wrong with the verbs of the pages: the text of api.js, and of the rights."""
    known = {row.verb: row for row in rows}
    levels = json.loads(rights)["luci-app-bellhop"]
    granted = {level: set(levels[level]["ubus"]["bellhop"]) for level in ("read", "write")}
    found = []
    declared = ROW.findall(TABLE.search(api)[1])
    for verb, params in declared:
        row = known.get(verb)
        if row is None:
            found.append("%s is no verb" % verb)
            continue
        found += [
            "%s takes no %s" % (verb, name)
            for name in re.findall(r"'(\w+)'", params)
            if name not in row.arguments
        ]
        given = re.findall(r"'(\w+)'", params)
        found += ["%s needs %s" % (verb, n) for n in row.arguments[: row.needed] if n not in given]
        level = "write" if row.changes else "read"
        if verb not in granted[level]:
            found.append("%s needs the right to %s" % (verb, level))
    declared = {verb for verb, _ in declared}
    granted = granted["read"] | granted["write"]
    return found + ["%s is granted for nothing" % verb for verb in sorted(granted - declared)]


def commands():
    """Return {command: action of each positional argument} of the command line."""
    top = command.parser()
    (verbs,) = [one for one in top._actions if isinstance(one, argparse._SubParsersAction)]
    return verbs.choices


def test_every_verb_has_one_row_with_help_and_somebody_who_answers():
    assert len({row.verb for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.help and row.needed <= len(row.arguments), row.verb
        if row.owner != "control":
            assert callable(getattr(ANSWERING[row.owner], row.method)), row.verb


def test_the_command_line_has_every_verb_and_little_else():
    assert set(commands()) == {row.verb for row in ROWS} | OF_COMMAND


def test_the_pages_ask_for_verbs_with_their_arguments_and_rights():
    assert faults(API.read_text(), RIGHTS.read_text()) == []


def test_the_readme_names_every_command_and_no_other():
    text = (ROOT / "README.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `bellhop")]
    named = {
        cell.removeprefix("bellhop ").split()[0]
        for cell in re.findall(r"`([^`]+)`", " ".join(rows))
    }
    # The second half of `ring`, which the command itself asks for.
    assert named == set(commands()) - {"rung"}


PLANTED = {
    "dance is no verb": "dance: []",
    "trace takes no verdict": "trace: [ 'call', 'verdict' ]",
    "trace needs call": "trace: []",
    "reload needs the right to write": "reload: []",
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_of_the_pages_is_found(fault):
    table = "const CALLS = {\n"
    planted = API.read_text().replace(table, "%s\t%s,\n" % (table, PLANTED[fault]))
    assert faults(planted, RIGHTS.read_text()) == [fault]


def test_a_right_that_no_page_uses_is_found():
    rights = RIGHTS.read_text().replace('"calls",', '"calls", "groups",')
    assert faults(API.read_text(), rights) == ["groups is granted for nothing"]


def test_no_argument_of_a_verb_is_taken_for_an_option_of_the_command():
    own = {one.verb for one in (*command.COMMANDS, *command.keys.COMMANDS)}
    for row in (row for row in ROWS if row.verb not in own):
        words = ["value of " + name for name in row.arguments]
        parsed = command.parser().parse_args([row.verb, *words])
        options = command.parser().parse_args([])
        assert [getattr(parsed, name) for name in row.arguments] == words, row.verb
        assert not set(row.arguments) & set(vars(options)), row.verb
