"""What others call themselves ends no line, no quoted string, and looks like nobody else."""

import pytest

from bellhop import bencode
from bellhop.errors import MeshError
from bellhop.mesh import people, phonebook, record
from bellhop.sip import message, scan
from tests.support.messages import answer, parsed
from tests.support.yard import ALICE, BOB, Yard, reply, sip

EVIL = [
    b'x"\r\nP-Asserted-Identity: <sip:alice@home.test>\r\nX: "',
    b"x\r\n\r\nINVITE", b"x\ny", b"x\ry",
    b'gran" <sip:gran@far>;tag=1, "', b"a<b>", b"a\\", b"a\0b", b"\x1b[2J", "nar\u202eg".encode(),
    "a\u2066b".encode(), "a\u2069".encode(), "a\u200eb".encode(), "a\u200fb".encode(),
    "a\u2028b".encode(), "a\u2029b".encode(), "a\u0085b".encode(), "\u061ca".encode(), b"a\xff",
    b"a\xe2\x80", "a\ufeff".encode(), b"\x7f",
]  # fmt: skip


@pytest.mark.parametrize("name", EVIL)
def test_records_with_such_names_are_refused(name):
    node = record.NodeValue(name[:32], [], 0, 0, b"", b"", record.LIFETIME, b"", b"", b"")
    with pytest.raises(MeshError):
        record.read_node(record.write_node(node))
    for at in range(4):
        entry = [b"a", b"201", b"A", b"g"]
        entry[at] = name
        with pytest.raises(MeshError):
            phonebook.read(bencode.encode({b"b": [entry]}))
    with pytest.raises(MeshError):
        people.read(bencode.encode({b"p": [[name, bytes(32), bytes(64)]]}))


@pytest.mark.parametrize("name", EVIL)
def test_a_name_in_a_record_writes_nothing_into_a_call(name):
    yard = Yard("\toption strangers allow\n")
    letters = "".join([chr(octet) for octet in name])
    mine = yard.rogue.engine.features["mesh"].mesh
    mine.settings.name = Letters(name, letters)
    yard.rogue.engine.node.settings.users["mal"].display_name = Letters(name, letters)
    mine.own.change(yard.town.now)
    yard.town.advance(12000)
    key = yard.rogue.key()
    for sender in ("<sip:mal@home.test>", '"Mal" <sip:mal@elsewhere.test>', "<sip:a@b.test>"):
        lines = ["P-Asserted-Identity: <sip:mal@%s>" % key]
        yard.attack(sip("INVITE", "sip:bob@" + yard.victim.key(), sender, lines))
    yard.attack(sip("INVITE", "sip:666@home.test", "<sip:alice@home.test>", source=ALICE), ALICE)
    rung = yard.asked(BOB, b"INVITE")
    assert rung
    for _, data in yard.victim.phones:
        check_lines(data)
    for row in yard.victim.engine.verbs.rows.values():
        if not row.needed and not row.changes and row.owner in ("core", "mesh"):
            told = str(yard.victim.engine.verbs.answer(row.verb, {}, yard.town.now)[0])
            assert "\r" not in told and "\u202e" not in told


class Letters(str):
    """A name of octets that are no text, as only a hostile node has one."""

    def __new__(cls, octets, letters):
        made = super().__new__(cls, letters)
        made.octets = octets
        return made

    def encode(self, *_):
        return self.octets


def check_lines(data):
    """Fail where a message has a field that nobody wrote, or cannot be read."""
    parsed_again = message.parse(data)
    assert b"x" not in parsed_again.names
    for value in parsed_again.values(b"p-asserted-identity"):
        assert b"home.test" not in value
    for name in (b"from", b"to"):
        shown = parsed_again.addresses(name)[0].display or b""
        assert not [octet for octet in shown if octet < 32]
    assert "\u202e".encode() not in data


def test_a_display_name_of_a_stranger_is_shown_without_what_is_not_seen():
    for name in ("\u202enarG", "Gr\u200ban", "Gran\u2028", "\u2066Gran"):
        yard = Yard("\toption strangers allow\n")
        yard.attack(
            sip("INVITE", "sip:bob@home.test", '"%s" <sip:x@y.test>' % name, source="203.0.113.9"),
            "203.0.113.9",
        )
        (invite,) = yard.asked(BOB, b"INVITE")
        shown = scan.unquote(invite.from_.display).decode()
        assert shown in ("narG", "Gran"), shown
        yard.attack(reply(invite, 486), BOB)


# The gate.


def test_no_line_with_a_line_end_leaves():
    for text in (b"X: a\r\nY: b", b"X: a\nb", b"X: a\rb", b"X: a\r\n", b"X: \r\n\r\nBYE"):
        before = message.gate["lines_dropped"]
        request = parsed("INVITE")
        whole = request.write()
        request.insert(b"x", text)
        assert request.write() == whole
        response = answer(parsed("INVITE"), 200)
        whole = response.write()
        response.insert(b"x", text)
        assert response.write() == whole
        assert message.gate["lines_dropped"] == before + 2


def test_no_first_line_with_a_line_end_leaves():
    request = parsed("INVITE")
    request.uri = b"sip:a@b\r\nX: y"
    assert b"\r\nX: y" not in request.write()
    response = answer(parsed("INVITE"), 200)
    response.reason = b"OK\r\nX: y\nz"
    assert b"\nX: y" not in response.write()
    message.parse(response.write())


def test_a_folded_line_of_a_peer_leaves_as_it_came():
    data = parsed("INVITE", lines=["Subject: a\r\n b\r\n\tc"]).write()
    assert b"Subject: a\r\n b\r\n\tc\r\n" in data


def test_quotes_keep_every_name_inside():
    for name in EVIL:
        quoted = scan.shown(name)
        assert scan.quoted_end(quoted, 0) == len(quoted)
        assert not [octet for octet in quoted if octet < 32]
