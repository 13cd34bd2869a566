"""No file of any kind keeps the reader from giving Settings that a node can use."""

from hypothesis import given
from hypothesis import strategies as st

from bellhop.features import catalogue
from bellhop.settings import problems, reader
from bellhop.settings.schema import SCHEMA
from tests.support.messages import Tokens

NAMES = (
    "alice",
    "bob",
    "112",
    "201",
    "family",
    "",
    "Alice",
    "+49 30 1",
    "x y",
    "\u00fc",
    "a'b",
    "*21#",
)
VALUES = NAMES + (
    "1", "0", "-1", "70000", "5060", "60", "sip:a@b.test", "sip:@", "tel:+1", "10.0.0.0/8", "::1",
    "0" * 32, "f" * 64, "A1" * 20, "parallel", "refuse", "must", "sha256", "a\nb", "\0", "\ufffd",
)  # fmt: skip
OPTIONS = sorted({name for kind in SCHEMA for name in SCHEMA[kind]} | {"lamp"})
KINDS = sorted([*SCHEMA, "lamp"])


def quoted(text):
    """Return a text as UCI writes it."""
    return "'" + text.replace("'", "'\\''") + "'"


line = st.one_of(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(NAMES)).map(
        lambda found: "config %s %s" % (found[0], quoted(found[1]))
    ),
    st.tuples(
        st.sampled_from(("option", "list")), st.sampled_from(OPTIONS), st.sampled_from(VALUES)
    ).map(lambda found: "\t%s %s %s" % (found[0], found[1], quoted(found[2]))),
    st.text(alphabet="config option list'\"\\#; \t", max_size=20),
)


def check(text):
    """Read a text; what comes of it must be whole, and do for a node."""
    settings = reader.parse(text, "bellhop")
    for problem in settings.problems:
        row = problem.record()
        assert row["what"] in problems.WHATS and row["wrong"] and row["works"]
        assert 0 < row["line"] <= text.count("\n") + 1
    assert settings.min_expires <= settings.default_expires <= settings.max_expires
    for group in settings.groups.values():
        assert all(member in settings.users for member in group.member)
    for key, section in settings.names.items():
        assert settings.users.get(section.name, settings.groups.get(section.name)) is section, key
    engine = catalogue.node(settings, Tokens(), 0)
    engine.reload(reader.parse("config user alice\n", "bellhop"), 1)
    engine.reload(settings, 2)
    engine.status(3)


@given(st.lists(line, max_size=40))
def test_any_lines_give_settings_that_a_node_can_use(lines):
    check("\n".join(lines) + "\n")


@given(st.text(max_size=200))
def test_any_text_gives_settings_that_a_node_can_use(text):
    check(text)
