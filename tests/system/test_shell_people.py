"""A person's key on a second router: as a proof, which copies no key, or as a sealed line."""

import pytest

from bellhop.errors import BellhopError
from bellhop.mesh import people
from bellhop.mesh.identity import write_key
from bellhop.names import keys

keys_of_people = pytest.importorskip("bellhop.shell.mesh.keys_of_people")
identity = pytest.importorskip("bellhop.shell.mesh.identity")
pytest.importorskip("nacl", reason="PyNaCl is missing")
NODE, OTHER = b"n" * 32, b"o" * 32


@pytest.fixture
def node():
    """Return the id of the second router."""
    return identity.crypto().public_key(NODE)


def test_a_proof_lets_a_key_speak_for_a_second_router(tmp_path, node):
    old, new = str(tmp_path / "old"), str(tmp_path / "new")
    keys_of_people.make(old, "alice")
    keys_of_people.outdate(old, "alice")
    line = keys_of_people.prove(old, "alice", write_key(node).decode())
    assert keys_of_people.take_proof(new, line + "\n", node) == "alice"
    assert keys_of_people.check(line) == keys_of_people.check(line + "\n")
    assert keys_of_people.read(new) == {}, "the key itself is not there"
    person, verify = keys_of_people.speaking(new)["alice"], identity.crypto().verify
    assert people.is_at(person, node, verify) and person.sequence == 1
    proof = keys.Proof(person.key, person.sequence, person.proof)
    assert keys.proves(proof, node, verify), "calls and records of the mesh say the same"


def test_a_proof_for_another_router_or_a_changed_one_is_refused(tmp_path, node):
    state = str(tmp_path)
    keys_of_people.make(state, "alice")
    line = keys_of_people.prove(state, "alice", write_key(node).decode())
    wrong = [line[:40], line + "AAAA", keys_of_people.PROOF_HEAD, line[:90] + "AB" + line[92:]]
    for text in wrong:
        with pytest.raises(BellhopError, match="no proof for this router"):
            keys_of_people.take_proof(state, text, node)
    with pytest.raises(BellhopError, match="no proof for this router"):
        keys_of_people.take_proof(state, line, identity.crypto().public_key(OTHER))
    with pytest.raises(BellhopError, match="no key of a router"):
        keys_of_people.prove(state, "alice", "somewhere")
    with pytest.raises(BellhopError, match="has no key here"):
        keys_of_people.prove(state, "bob", write_key(node).decode())


def test_a_sealed_line_brings_key_and_sequence(tmp_path):
    state = str(tmp_path)
    seed = keys_of_people.make(state, "alice")
    keys_of_people.outdate(state, "alice")
    line = keys_of_people.export(state, "alice", "four words are enough")
    assert keys_of_people.unseal(line, "four words are enough") == ("alice", seed, 1)


def test_keys_that_cannot_be_read_take_nobody_elses_away(tmp_path):
    state = str(tmp_path)
    keys_of_people.make(state, "alice")
    (tmp_path / "users/bob.proof").write_bytes(b"cut short")
    (tmp_path / "users/gone.seed").symlink_to(tmp_path / "nowhere")
    assert list(keys_of_people.speaking(state)) == ["alice"]
