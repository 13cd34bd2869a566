"""The members' page knows every word of the node and every word it says; the node stays small."""

import ast
import json
import re

import pytest

from bellhop.features.pilot import member, texts
from bellhop.media import agreement, trust
from bellhop.settings import schema
from bellhop.shell.pilot.site import VERBS
from bellhop.tu import wishes

from .test_imports import SOURCE, imports, modules
from .tree import ROOT

PAGE = SOURCE / "bellhop" / "pilot"
SCRIPT = (PAGE / "pilot.js").read_text()
LANGUAGES = ("en", "de", "fr")
# Words that the page puts together from what the node says.
SAID = [
    *("safe " + one for one in (*trust.LEVELS, agreement.FAILED, *member.SAFETY)),
    *("how " + one for one in member.ENDS),
    *("why " + one for one in member.WHYS),
    *("privacy " + one for one in schema.PRIVACY_LEVELS[1:]),
    *("state " + one for one in texts.STATES),
]
# Kinds of wishes that are written by hand.
WRITTEN = {kind for kind in wishes.NAMES.values() if kind != "switch"}
# Where verbs of members end -> how often the owner alone is refused something there.
OF_MEMBERS = {
    "features/pilot/member.py": 1, "features/pilot/provision.py": 6, "features/pilot/devices.py": 0,
    "features/pilot/texts.py": 0, "features/wishes.py": 1, "features/dial.py": 0,
    "features/pickup.py": 0, "shell/pilot/site.py": 1,
}  # fmt: skip
TABS = re.search(r"TABS = \[(.*?)\]", SCRIPT)[1]
# Standard modules that would cost the node megabytes.
HEAVY = {
    "gzip",
    "xml",
    "xml.sax",
    "xml.sax.saxutils",
    "segno",
    "http.server",
    "urllib",
    "urllib.request",
}
# What only the command loads.
COMMANDS = ("asking", "command", "keys", "pilot.kit", "tables")
OF_COMMAND = {"bellhop.shell." + name for name in COMMANDS}


def words(language):
    """Return the words of a language."""
    return json.loads((PAGE / "words" / (language + ".json")).read_text())


def spoken(language):
    """Return the words of a language but for refusals: those the node says in English itself."""
    return {key: said for key, said in words(language).items() if key[:8] != "refused "}


def refusals():
    """Return {word of a Refusal in the sources: how many fields it has, the fewest}."""
    found = {}
    for path in sorted((SOURCE / "bellhop").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                word, count = node.args[0], len(node.args) - 2
                if isinstance(word, ast.Constant):
                    found[word.value] = min(count, found.get(word.value, count))
                else:  # What a wish may be.
                    assert ast.unparse(word) == "'wrong ' + kind"
                    found.update({"wrong " + kind: 0 for kind in WRITTEN})
    return found


def used():
    """Return the keys that the script asks for by name."""
    found = set(re.findall(r"\bt\('([^']+)'", SCRIPT)) | set(re.findall(r"'([\w ]+)'", TABS))
    for one, other in re.findall(r"t\([^()]*\? '([^']+)' : '([^']+)'\)", SCRIPT):
        found |= {one, other}
    found |= set(re.findall(r"\bsign\('\w+', '([\w ]+)'", SCRIPT))
    found |= set(re.findall(r"verdict\('(\w+)'", SCRIPT)) | set(
        re.findall(r"wishField\('(\w+)'", SCRIPT)
    )
    return found | set(re.findall(r"'(forward_\w+)'", SCRIPT))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word_and_as_many_places(language):
    english, other = spoken("en"), spoken(language)
    assert list(other) == list(english)
    for key in english:
        assert other[key].strip() and other[key].count("%s") == english[key].count("%s"), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_its_sentence_in_each_language_but_that_of_the_node(language):
    known = {key[8:]: said for key, said in words(language).items() if key[:8] == "refused "}
    counts = refusals() if language != "en" else {}
    assert set(known) == set(counts)
    for word in known:
        assert known[word].count("%s") <= counts[word], word


def test_what_a_member_asks_is_refused_by_a_word_that_the_page_knows():
    """BellhopError is for the owner: the links and kits that he makes, verbs that are none."""
    plain = {}
    for place in OF_MEMBERS:
        text = (SOURCE / "bellhop" / place).read_text()
        plain[place] = text.count("raise BellhopError(")
    assert plain == OF_MEMBERS


def test_every_level_of_safety_has_its_sign():
    table = re.search(r"const SAFETY = \{(.*?)\n\t\};", SCRIPT, re.S)[1]
    known = {one or other for one, other in re.findall(r"(?:'([\w ]+)'|(\w+)): \[ ", table)}
    assert known == {*trust.LEVELS, agreement.FAILED, *member.SAFETY}


def test_every_word_that_the_node_says_has_a_sentence():
    assert [one for one in SAID if one not in words("en")] == []


def test_every_word_of_the_script_is_there_and_none_is_for_nothing():
    asked = {one for one in used() if not one.endswith(" ")}
    known = set(spoken("en"))
    assert asked - known == set()
    # What people are doing is said by the node; the rest is put together, and tested above.
    rest = known - asked - set(SAID) - {"there", "busy", "absent"}
    assert rest == set()


def test_the_page_asks_only_for_verbs_that_it_may():
    asked = set(re.findall(r"\bapi\('([\w-]+)'", SCRIPT))
    known = set(VERBS) | {"sessions", "sign-out", "sign-in"}
    assert asked - known == set()


def test_nothing_is_fetched_from_elsewhere_and_no_text_becomes_html():
    for path in sorted(PAGE.rglob("*.*")):
        text = path.read_text()
        assert set(re.findall(r"\w+://[\w.]+", text)) <= {"http://www.w3.org"}, path
        assert not re.findall(
            r"innerHTML|insertAdjacentHTML|outerHTML|document\.write|eval\(", text
        )
        assert " style=" not in text and "onclick=" not in text


def test_the_node_loads_nothing_heavy_for_its_pages():
    for name, path in modules(SOURCE).items():
        if name in OF_COMMAND or not name.startswith("bellhop.") or ".tls." in name:
            continue
        found = {one for one, _ in imports(name, ast.parse(path.read_bytes()))}
        assert not {
            one for one in found if one in HEAVY or one.split(".")[0] in ("gzip", "segno")
        }, name


def test_the_files_of_the_page_fit_their_bound():
    """14 kB of page and 2 of each language; the goal was 16 for all of it."""
    import sys

    sys.path[:0] = [str(ROOT / "openwrt"), str(ROOT / "openwrt" / "bellhop")]
    try:
        import pages
    finally:
        del sys.path[:2]
    assert sum(map(len, pages.packed(PAGE).values())) <= 22_000
