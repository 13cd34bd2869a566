"""The public log and the blind look-up on a directory's database, as a node checks them."""

import pytest

pytest.importorskip(
    "sqlalchemy", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip("nacl", reason="PyNaCl is missing")

import base64  # noqa: E402
import hashlib  # noqa: E402

from bellhop.names import blind, statement, tree  # noqa: E402
from bellhop.shell.mesh import identity  # noqa: E402
from bellhop_exchange.directory import group, log  # noqa: E402
from bellhop_exchange.directory.service import DAY, tag_key  # noqa: E402
from bellhop_exchange.web import Problem  # noqa: E402

from .test_claims import NUMBER, ONE, OTHER, SECRET, TWO, lab, prove  # noqa: E402, F401

CRYPTO = identity.crypto()
UNLISTED = "+4930555003"


def sha512(octets):
    return hashlib.sha512(octets).digest()


def heads(service):
    key = base64.b64decode(service.zone.head[0])
    return tree.check_head(service.head(), key, CRYPTO.verify)


def test_all_proofs_hold_and_none_for_another_leaf(lab):  # noqa: F811
    service = lab[0]
    made, peaks, roots = [], [], []
    with service.engine.begin() as db:
        for size in range(1, 40):
            leaf = hashlib.sha512(b"%d" % size).digest()
            log.append(db, leaf)
            made.append(leaf)
            peaks = tree.grow(size - 1, peaks, tree.hash_leaf(leaf))
            roots.append(tree.Head(size, 0, log.root(db, size)))
            assert tree.root_of(peaks) == roots[-1].root
            for index in range(size):
                path = log.inclusion(db, index, size)
                hashes = tree.hash_leaf(made[index])
                assert tree.is_included(index, roots[-1], hashes, path)
                assert not tree.is_included(index, roots[-1], tree.hash_leaf(b""), path)
                assert not tree.is_included(index + 1, roots[-1], hashes, path)
                assert not path or not tree.is_included(index, roots[-1], hashes, path[1:])
            for old in roots:
                path = log.consistency(db, old.size, size)
                assert tree.is_consistent(old, roots[-1], path)
                other = tree.Head(old.size, 0, bytes(32))
                assert not tree.is_consistent(other, roots[-1], path)
                assert not tree.is_consistent(old, tree.Head(size, 0, bytes(32)), path)
        for wrong in ((0, 5), (6, 5), (1, 41)):
            with pytest.raises(Problem):
                log.consistency(db, *wrong)
        with pytest.raises(Problem):
            log.inclusion(db, 39, 39)


def test_a_name_has_one_tag_and_all_its_keys_stand_under_it(lab):  # noqa: F811
    service, _, clock = lab
    prove(lab, ONE)
    prove(lab, ONE, OTHER)
    found = service.evidence(NUMBER)
    public = blind.public_key(tag_key(SECRET))
    assert blind.is_proved(NUMBER.encode(), found["point"], public, found["proof"], sha512)
    tag = blind.tag_of(NUMBER.encode(), found["point"], sha512)
    leaf = tree.hash_leaf(tree.leaf(tag, base64.b64decode(ONE), 0))
    assert tree.is_included(found["index"], heads(service), leaf, found["path"])
    old = heads(service)
    prove(lab, TWO)
    clock.now += 8 * DAY
    service.age()
    new = heads(service)
    assert new.size == old.size + 1
    path = service.consistency(old.size, new.size)
    assert tree.is_consistent(old, new, path)
    leaves = service.leaves(0)[1]
    mine = [one for one in leaves if one[:32] == tag]
    assert mine == [tree.leaf(tag, base64.b64decode(key), 0) for key in (ONE, TWO)]


def test_a_directory_with_two_logs_is_found(lab, tmp_path):  # noqa: F811
    service = lab[0]
    prove(lab, ONE)
    shown = heads(service)
    with service.engine.begin() as db:
        leaf = log.leaves(db, 0, 1)[0]
        other = tree.hash_leaf(leaf[:32] + bytes(32))
    forged = tree.Head(1, shown.at, tree.root_of([other]))
    prove(lab, ONE, OTHER)
    path = service.consistency(1, 2)
    assert tree.is_consistent(shown, heads(service), path)
    assert not tree.is_consistent(forged, heads(service), path)


def asked(service, name):
    """Look a name up as a node does; return the octets of its statement, or None."""
    text, scalar = name.encode(), 1234567
    found = service.buckets.evaluate([blind.blind(text, scalar, sha512)])
    output = blind.finalize(text, scalar, found["points"][0], sha512)
    number, key = blind.place(output, found["buckets"], sha512)
    bucket = service.buckets.bucket(found["epoch"], number)
    assert len(bucket) >= 100 * blind.CELL_BYTES
    return blind.find(bucket, key, CRYPTO.unlock)


def test_an_unlisted_name_is_found_blindly_alone(lab):  # noqa: F811
    service, _, clock = lab
    with pytest.raises(Problem, match="are being made"):
        service.buckets.evaluate([bytes(32)])
    service.buckets.prepare()
    prove(lab, ONE)
    service.buckets.prepare()
    prove(lab, TWO, UNLISTED)
    service.put(TWO, UNLISTED, "sip:u2@example.org", 4, listed=False)
    for name, key in ((NUMBER, ONE), (UNLISTED, TWO)):
        said = statement.read(asked(service, name), service.key.verify_key.encode(), CRYPTO.verify)
        assert (said.name, said.key) == (name.encode(), base64.b64decode(key))
    assert asked(service, OTHER) is None
    with pytest.raises(Problem, match="not in the public part"):
        service.evidence(UNLISTED)
    assert service.evidence(UNLISTED, TWO)["index"] == 2
    for days in (1, 2):
        clock.now += days * DAY
        assert service.buckets.prepare() == 2 and asked(service, UNLISTED)
    with pytest.raises(Problem, match="no such bucket"):
        service.buckets.bucket(int(clock.now) // DAY - 3, 0)


def test_what_no_point_is_costs_nothing(lab):  # noqa: F811
    service = lab[0]
    service.buckets.prepare()
    for points in ([], [b""], [bytes(32)], [b"\xff" * 32], [bytes(33)], [bytes(32)] * 33):
        with pytest.raises(Problem, match="point"):
            service.buckets.evaluate(points)


def test_both_groups_agree():
    best, plain = group.best(), group.Plain()
    for text in (b"+4930", b"a@example.org"):
        for context in (blind.CONTEXT, blind.PROVED):
            point = best.point_of(text, context)
            assert point == plain.point_of(text, context)
            assert best.evaluate(point, 99) == plain.evaluate(point, 99)
