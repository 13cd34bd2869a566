"""The plain form, of amateur radio, to the octet: vectors that another program wrote (plain.py)."""

import hashlib
import json
from pathlib import Path

import pytest

from bellhop.errors import BellhopError
from bellhop.mesh import cells, noise, packets
from bellhop.mesh.plain import Plain
from bellhop.mesh.session import Session
from bellhop.shell.mesh import identity

VECTORS = json.loads((Path(__file__).parent / "plain.json").read_text())


@pytest.fixture(scope="module")
def plain():
    try:
        return Plain(identity.crypto())
    except BellhopError as error:
        pytest.skip(str(error))


def octets(*path):
    found = VECTORS
    for name in path:
        found = found[name]
    return bytes.fromhex(found)


def secret(name):
    return hashlib.sha256(name.encode()).digest()


def of_node(name):
    """Return (I, X25519 secret) of a node."""
    crypto = identity.crypto()
    seed = secret("plain seed " + name)
    return crypto.public_key(seed), crypto.secret(seed)


def test_vectors_are_what_the_other_program_writes():
    pytest.importorskip("noise.connection", reason="pip install noiseprotocol")
    from . import plain

    assert plain.vectors() == VECTORS


def test_a_link(plain):
    prologue, fresh = octets("link", "prologue"), VECTORS["link"]["fresh"]
    nodes = [of_node("caller"), of_node("relay")]
    one, two = [
        noise.Handshake(plain, noise.XX, prologue, begins, key, plain.base(key))
        for begins, (_, key) in zip((True, False), nodes)
    ]
    said = [one.write(b"", bytes.fromhex(fresh[0]))]
    assert two.read(said[0]) == b""
    said.append(two.write(nodes[1][0], bytes.fromhex(fresh[1])))
    assert one.read(said[1]) == nodes[1][0]
    said.append(one.write(nodes[0][0], None))
    assert two.read(said[2]) == nodes[0][0]
    assert [message.hex() for message in said] == VECTORS["link"]["messages"]
    assert one.h == two.h == octets("link", "h")
    keys = [bytes.fromhex(key) for key in VECTORS["link"]["keys"]]
    assert list(one.split()) == keys
    assert all(identity_ in said[at] for at, identity_ in ((1, nodes[1][0]), (2, nodes[0][0])))


def test_what_is_said_on_a_link(plain):
    keys = [bytes.fromhex(key) for key in VECTORS["link"]["keys"]]
    to_two, to_one, third = keys
    session = Session(plain, b"own.", b"sess", (to_two, to_one, third))
    session.count = 3
    assert session.write(packets.ACK, b"\0\0\0\x09\x01").hex() == VECTORS["link"]["sealed"]
    there = Session(plain, b"sess", b"own.", (to_one, to_two, third))
    assert there.read(octets("link", "sealed")) == (packets.ACK, b"\0\0\0\x09\x01")
    greeting = packets.read_greeting(octets("link", "hello_to_all")[packets.HEADER_BYTES :])
    assert greeting.callsign.decode() == VECTORS["link"]["callsign"]
    assert (greeting.number, greeting.interval) == (7, 2000)
    assert there.quality(greeting.covered, greeting.tags) == packets.HEARS_MULTICAST
    head, data = packets.write_to_all(greeting)
    tags = session.tag(head, packets.HEARS_MULTICAST)
    assert (data + tags).hex() == VECTORS["link"]["hello_to_all"]


def hops(is_maker):
    """Return the Hops of the way, with the secrets of its maker or of themselves."""
    found, crypto = [], identity.crypto()
    for name, number in zip(("relay", "called"), VECTORS["call"]["numbers"]):
        own = secret("plain prekey " + name)
        public = crypto.base(own)
        assert cells.prekey_id(public) == number
        fresh = secret("plain e " + name)
        found.append(cells.Hop(of_node(name)[0], number, public, fresh if is_maker else own))
    return found


def test_a_set_up(plain):
    call = VECTORS["call"]
    body, keys = cells.set_up(
        plain, hops(True), call["counts"][0], 2, octets("call", "payload"), bytes
    )
    for index, expected in enumerate(call["bodies"]):
        assert body.hex() == expected
        opened = cells.opened(plain, hops(False)[index], call["counts"][index], body)
        assert opened.keys == keys[index]
        body = opened.body
    assert (opened.command, opened.flags) == (cells.DELIVER, cells.PLAIN)
    assert body.startswith(octets("call", "payload"))
    assert octets("call", "sip") in bytes.fromhex(call["bodies"][0])
    for key, made in zip(keys, call["hop_keys"]):
        parts = key.block, key.stream, key.forward, key.back, key.notice
        assert (b"".join(parts) + key.offset.to_bytes(4, "big") + key.seen).hex() == made


def test_a_sealed_hop_opens_no_plain_set_up(plain):
    body = bytes.fromhex(VECTORS["call"]["bodies"][0])
    with pytest.raises(BellhopError):
        cells.opened(identity.crypto(), hops(False)[0], VECTORS["call"]["counts"][0], body)


def test_a_call(plain):
    called, prekey = of_node("called"), secret("plain prekey called")
    number = VECTORS["call"]["numbers"][1]
    prologue = cells.prologue(plain, called[0], number, cells.SIP)
    assert prologue == octets("call", "prologue")
    public = plain.base(prekey)
    _, key = of_node("caller")
    one = noise.Handshake(plain, noise.IK, prologue, True, key, plain.base(key), public)
    two = noise.Handshake(plain, noise.IK, prologue, False, prekey, public)
    inside = two.read(octets("call", "message_1"))
    assert inside.endswith(b"\0" + octets("call", "sip"))
    fresh = [bytes.fromhex(one_) for one_ in VECTORS["call"]["fresh"]]
    assert one.write(inside, fresh[0]) == octets("call", "message_1")
    assert two.write(b"", fresh[1]) == octets("call", "message_2")
    assert one.read(octets("call", "message_2")) == b""
    assert one.h == two.h == octets("call", "h")
    assert [made.hex() for made in one.split()] == VECTORS["call"]["keys"]
    piece = cells.Piece(cells.SIP, 0, 1, 0, b"ACK")
    written = cells.write_piece(plain, one.split()[0], 1, piece)
    assert written == octets("call", "data")
    assert cells.read_piece(plain, two.split()[0], written) == piece
