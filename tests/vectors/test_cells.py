"""The handshakes of links and cells by the vectors of their page, and against other programs."""

import hashlib
import json
import os

import pytest

from bellhop.errors import BellhopError
from bellhop.mesh import cells, noise
from bellhop.mesh.identity import MeshError
from bellhop.shell.mesh import identity

PLACE = "/vectors/cells.json"


def vectors():
    """Return the vectors, or None: in $BELLHOP_SHARED, or in `shared` beside the clone."""
    beside = __file__[: __file__.find("tests/vectors/")] + "../shared"
    for folder in (os.getenv("BELLHOP_SHARED"), beside):
        if folder and os.path.exists(folder + PLACE):
            with open(folder + PLACE) as file:
                return json.load(file)
    return None


VECTORS = vectors()
needs_vectors = pytest.mark.skipif(
    VECTORS is None, reason="the vectors of cells are not here; $BELLHOP_SHARED may name them"
)


@pytest.fixture(scope="module")
def crypto():
    try:
        return identity.crypto()
    except BellhopError as error:
        pytest.skip(str(error))


def octets(*path):
    found = VECTORS
    for name in path:
        found = found[name]
    return bytes.fromhex(found)


def secret(name):
    return hashlib.sha256(name.encode()).digest()


@needs_vectors
def test_keys_of_nodes(crypto):
    for name, node in VECTORS["nodes"].items():
        seed = secret("seed " + name)
        assert crypto.public_key(seed).hex() == node["I"]
        assert crypto.secret(seed).hex() == node["x25519_secret"]
        assert crypto.base(crypto.secret(seed)).hex() == node["x25519_public"]
        assert noise.form(crypto, crypto.public_key(seed)).hex() == node["x25519_public"]


def sides(crypto, pattern, prologue, secrets, known):
    """Return both sides of a handshake between the owners of two secrets."""
    publics = [crypto.base(one) for one in secrets]
    remote = publics[1] if known else None
    return (
        noise.Handshake(crypto, pattern, prologue, True, secrets[0], publics[0], remote),
        noise.Handshake(crypto, pattern, prologue, False, secrets[1], publics[1]),
    )


@needs_vectors
def test_a_link(crypto):
    ends = [crypto.secret(octets("nodes", name, "seed")) for name in ("caller", "relay 1")]
    one, other = sides(crypto, noise.XX, octets("link", "prologue"), ends, False)
    identities = [octets("nodes", name, "I") for name in ("caller", "relay 1")]
    assert one.write(b"", octets("link", "e_a")) == octets("link", "message_1")
    assert other.read(octets("link", "message_1")) == b""
    assert other.write(identities[1], octets("link", "e_b")) == octets("link", "message_2")
    assert one.read(octets("link", "message_2")) == identities[1]
    assert one.write(identities[0], None) == octets("link", "message_3")
    assert other.read(octets("link", "message_3")) == identities[0]
    assert one.h == other.h == octets("link", "h")
    assert one.split()[:2] == (octets("link", "key_to_b"), octets("link", "key_to_a"))


@needs_vectors
def test_a_call(crypto):
    ends = (
        crypto.secret(octets("nodes", "caller", "seed")),
        bytes.fromhex(VECTORS["prekeys"][2]["p"]),
    )
    one, other = sides(crypto, noise.IK, octets("noise", "prologue"), ends, True)
    message = octets("noise", "message_1")
    inside = other.read(message)
    assert inside.endswith(octets("noise", "sip"))
    assert one.write(inside, octets("noise", "e")) == message
    assert one.h == octets("noise", "h_after_1")
    answer = octets("answer", "message_2")
    plain = one.read(answer)
    assert other.write(plain, octets("answer", "e2")) == answer
    keys = [octets("answer", name) for name in ("key_to_called", "key_to_caller", "resume_key")]
    assert one.split() == other.split() == tuple(keys)


@needs_vectors
def test_keys_of_hops(crypto):
    for hop, prekey, name in zip(
        VECTORS["hops"], VECTORS["prekeys"], ("relay 1", "relay 2", "called")
    ):
        fresh, public = bytes.fromhex(hop["e"]), bytes.fromhex(prekey["P"])
        context = crypto.base(fresh) + public + octets("nodes", name, "I")
        shared = noise.exchange(crypto, fresh, public)
        keys = noise.derived(b"bellhop hop 1", context, shared, b"keys", 172)
        assert keys[:32].hex() == hop["block"]
        assert keys[160:164] == hop["offset"].to_bytes(4, "big")
        assert keys[164:].hex() == hop["seen"]


def test_a_point_outside_of_the_main_subgroup_is_no_identity(crypto):
    for made in (
        # The base point and a point of order 2, then 8; the neutral point.
        "95" + 30 * "99" + "19",
        "98519eadf35b995233b51b5cd23e9cc5a28b639b5a4af0ec903cb960d81b7899",
        "01" + 31 * "00",
    ):
        with pytest.raises(MeshError):
            noise.form(crypto, bytes.fromhex(made))


@pytest.mark.parametrize("name", ("XX", "IK"))
@pytest.mark.parametrize("begins", (True, False))
def test_against_noiseprotocol(crypto, name, begins):
    builder = pytest.importorskip("noise.connection", reason="pip install noiseprotocol")
    pattern = getattr(noise, name)
    ours, theirs, fresh = (os.urandom(32) for _ in range(3))
    far = builder.NoiseConnection.from_name(pattern.name)
    far.set_prologue(b"prologue")
    far.set_keypair_from_private_bytes(builder.Keypair.STATIC, theirs)
    known = crypto.base(theirs) if pattern.known and begins else None
    near = noise.Handshake(crypto, pattern, b"prologue", begins, ours, crypto.base(ours), known)
    if begins:
        far.set_as_responder()
    else:
        far.set_as_initiator()
        if pattern.known:
            far.set_keypair_from_public_bytes(builder.Keypair.REMOTE_STATIC, crypto.base(ours))
    far.start_handshake()
    for turn in range(len(pattern.messages)):
        if (turn % 2 == 0) == begins:
            assert far.read_message(near.write(b"ours", fresh)) == b"ours"
        else:
            assert near.read(bytes(far.write_message(b"theirs"))) == b"theirs"
    assert far.get_handshake_hash() == near.h
    assert near.remote == crypto.base(theirs)
    keys = near.split()
    sealed = far.encrypt(b"first")
    assert noise.unseal(crypto, keys[begins], 0, sealed, b"") == b"first"
    assert far.decrypt(noise.seal(crypto, keys[not begins], 0, b"second", b"")) == b"second"


def hops(is_maker):
    """Return the Hops of the way of the vectors, with the secrets of its maker or of themselves."""
    found = []
    names = "relay 1", "relay 2", "called"
    for prekey, hop, name in zip(VECTORS["prekeys"], VECTORS["hops"], names):
        number, public = bytes.fromhex(prekey["id"])[0], bytes.fromhex(prekey["P"])
        assert cells.prekey_id(public) == number
        own = bytes.fromhex(hop["e"] if is_maker else prekey["p"])
        found.append(cells.Hop(octets("nodes", name, "I"), number, public, own))
    return found


@needs_vectors
def test_a_set_up(crypto):
    payload, count = octets("noise", "payload"), VECTORS["counts"][0]
    body, keys = cells.set_up(crypto, hops(True), count, 0, payload, bytes)
    for index, hop in enumerate(VECTORS["hops"]):
        assert body.hex() == hop["body"]
        opened = cells.opened(crypto, hops(False)[index], hop["count"], body)
        assert opened.keys == keys[index]
        assert opened.place.hex() == hop["command"][4:]
        body = opened.body
    assert opened.command == cells.DELIVER
    assert body.startswith(payload)
    kind, number, size = cells.read_payload(payload)
    assert (kind, number) == (cells.SIP, 0xD0)
    message = payload[cells.PAYLOAD_HEAD :]
    assert (len(message), message) == (size, octets("noise", "message_1"))
    assert cells.write_payload(kind, number, message) == payload
    assert cells.prologue(crypto, hops(True)[2].node, number, kind) == octets("noise", "prologue")


@needs_vectors
def test_data_and_answers(crypto):
    keys = cells.set_up(crypto, hops(True), VECTORS["counts"][0], 0, b"", bytes)[1]
    answer = cells.write_answer(octets("answer", "message_2"))
    count = cells.after(VECTORS["counts"][3], 1)
    for key, row in zip(reversed(keys), VECTORS["answer"]["cells_from_called_to_caller"]):
        count, answer = cells.back(crypto, key, count, answer)
        assert (count, answer.hex()) == (row["count"], row["body"])
    *_, (bare, _) = cells.bared(crypto, keys, count, answer)
    assert cells.read_answer(bare) == octets("answer", "message_2")
    data = VECTORS["data"]
    plain = bytes.fromhex(data["plain"])
    key = octets("answer", "key_to_called")
    inside = plain + bytes(cells.PIECE_HEAD + cells.PIECE_BYTES - len(plain))
    sealed = (1).to_bytes(8, "big") + noise.seal(crypto, key, 1, inside, b"")
    assert sealed.hex() == data["end_to_end"]
    piece = cells.Piece(cells.SIP, 0, 1, 0, plain)
    assert cells.read_piece(crypto, key, cells.write_piece(crypto, key, 1, piece)) == piece
    body = cells.layered(crypto, keys, data["count_first_link"], sealed)
    assert body.hex() == data["body_first_link"]
    count = data["count_first_link"]
    for key in keys:
        count, body = cells.forward(crypto, key, count, body)
    assert body == sealed


@needs_vectors
def test_a_resumption():
    key, session = octets("answer", "resume_key"), octets("answer", "session")
    fresh, last = octets("resume", "E"), VECTORS["resume"]["last"]
    said = cells.write_resume(key, fresh, session, last)
    assert cells.read_resume(said) == (session, last, octets("resume", "proof"))
    assert cells.is_proved(key, fresh, session, last, octets("resume", "proof"))
