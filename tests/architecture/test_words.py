"""The fixed words that the node says stand as constants, and the pages know each and no other."""

import re

import pytest

from bellhop.features import ringtest
from bellhop.features.media import calls as media_calls
from bellhop.features.mesh import boxes, dialling, heirs
from bellhop.features.phonebook import book
from bellhop.features.trunks import provider as trunk_provider
from bellhop.features.trunks import trunks
from bellhop.media import agreement, trust
from bellhop.mesh import hello
from bellhop.names import selfcheck
from bellhop.settings import problems
from bellhop.tu import calls, dialplan, registration

from .tree import ROOT

PAGES = ROOT / "openwrt" / "luci-app-bellhop" / "htdocs" / "luci-static" / "resources"
# Field of an answer -> the words that stand in it.
SAID = {
    "security": trust.LEVELS + (agreement.FAILED,),
    "level": trust.LEVELS,
    "step": dialplan.RULES + dialling.RULES + trunks.RULES,
    "state": calls.STATES
    + ringtest.STATES
    + hello.STATES
    + heirs.STATES
    + boxes.STATES
    + registration.STATES
    + trunk_provider.UNREGISTERED,
    "place": book.PLACES,
    "ending": calls.ENDINGS,
    "found": selfcheck.VERDICTS,
}
# Verb as api.js calls it -> the words that its last argument takes.
TAKEN = {
    "verify": media_calls.FINDINGS,
    "set-trust": media_calls.VERDICTS,
    "confirm": heirs.VERDICTS,
}

WORDS = re.compile(r"^const WORDS = \{(.*?)^\};", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"(?:'([^']+)'|\b(\w+)): _\('")
COMPARED = re.compile(r"\.(%s)\s*[!=]==?\s*'([^']*)'" % "|".join(SAID))
LISTED = re.compile(r"\[([^\]]*)\]\.includes\(\w+\.(%s)\)" % "|".join(SAID))
# Sentences on what is wrong in the configuration.
WRONG = re.compile(r"^const WRONG = \{(.*?)^\};", re.MULTILINE | re.DOTALL)
# Sentences on the security of a call, beside its words.
SAFETY = re.compile(r"^const SAFETY = \{(.*?)^\};", re.MULTILINE | re.DOTALL)
LEVEL = re.compile(r"^\t(?:'([^']+)'|(\w+)): \[", re.MULTILINE)
# A table of words of a page's own: api.word is the one for all.
INDEXED = re.compile(r"\b(?!SAFETY\b)\w+\[\w+\.(?:%s)\]" % "|".join(SAID))
ASKED = re.compile(r"api\.ask\('(%s)', [^,()]+(?:\([^()]*\))?, '(\w+)'\)" % "|".join(TAKEN))


def scripts():
    """Return {path: text} of the pages and what they share."""
    return {str(path.relative_to(PAGES)): path.read_text() for path in PAGES.rglob("*.js")}


def translated(text):
    """Return the words for which api.js has a translation."""
    return [quoted or bare for quoted, bare in ENTRY.findall(WORDS.search(text)[1])]


def strange(text):
    """Return what a page compares with, asks for, or looks up, and the node does not know."""
    found = [word for field, word in COMPARED.findall(text) if word not in SAID[field]]
    for words, field in LISTED.findall(text):
        found += [word for word in re.findall(r"'([^']*)'", words) if word not in SAID[field]]
    found += [word for verb, word in ASKED.findall(text) if word not in TAKEN[verb]]
    return found + INDEXED.findall(text)


def test_every_word_that_the_node_says_has_its_translation():
    said = {word for words in SAID.values() for word in words} - set(SAID["security"])
    assert sorted(translated((PAGES / "bellhop" / "api.js").read_text())) == sorted(said)


def test_every_level_of_security_has_its_sentence():
    table = SAFETY.search((PAGES / "bellhop" / "api.js").read_text())[1]
    said = [quoted or bare for quoted, bare in LEVEL.findall(table)]
    assert sorted(said) == sorted(SAID["security"])


def test_everything_that_can_be_wrong_has_its_sentence():
    table = WRONG.search((PAGES / "bellhop" / "options.js").read_text())[1]
    said = [quoted or bare for quoted, bare in ENTRY.findall(table)]
    assert sorted([*said, problems.OTHER]) == sorted(problems.WHATS)


def test_no_page_knows_a_word_that_the_node_never_says():
    assert {path: strange(text) for path, text in scripts().items() if strange(text)} == {}


def test_the_pages_compare_with_something():
    assert [path for path, text in scripts().items() if COMPARED.search(text)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("row.level == 'known'", "known"),
        ("if (one.security !== 'different')", "different"),
        ("[ 'speed dial', 'bought' ].includes(row.place)", "bought"),
        ("api.ask('verify', String(row.number), 'alike')", "alike"),
        ("api.ask('set-trust', row.contact, 'known')", "known"),
        ("LEVELS[row.level] || row.level", "LEVELS[row.level]"),
    ],
)
def test_a_strange_word_is_found(text, word):
    assert strange(text) == [word]


def test_a_word_that_is_said_is_not_strange():
    assert strange("row.level == 'known key' && row.state == 'ended'") == []
