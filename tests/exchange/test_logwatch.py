"""What a node finds in a directory's public log: real HTTP, honest and dishonest directories."""

import pytest

pytest.importorskip(
    "starlette", reason="the servers' libraries are missing: pip install src[exchange]"
)
pytest.importorskip("sqlalchemy", reason="the servers' libraries are missing")

import base64  # noqa: E402
import sqlite3  # noqa: E402

from bellhop.names import blind, tree  # noqa: E402
from bellhop.shell.dnssec import errands  # noqa: E402
from bellhop.shell.mesh import identity, keys_of_people  # noqa: E402
from bellhop_exchange.directory.app import Api  # noqa: E402
from bellhop_exchange.directory.service import DAY, tag_key  # noqa: E402

from .serving import serving  # noqa: E402
from .test_claims import NUMBER, OTHER, SECRET, TWO, lab, prove  # noqa: E402, F401


@pytest.fixture
def served(lab, tmp_path):  # noqa: F811
    """Return (the lab, the fields of a look of alice, who is published)."""
    service = lab[0]
    seed = keys_of_people.make(tmp_path, "alice")
    key = base64.b64encode(identity.crypto().public_key(seed)).decode()
    with serving(lambda url: Api(service, url).app()) as url:
        prove(lab, key)
        tags = base64.b64encode(blind.public_key(tag_key(SECRET))).decode()
        fields = {
            "user": "alice", "zone": "dir.test", "api": url, "tags": tags,
            "key": service.zone.head[0],
            "names": [{"name": NUMBER, "key": key, "floor": 0}], "others": [], "heads": [],
        }  # fmt: skip
        yield lab, lambda **more: errands.run(tmp_path, "watch", dict(fields, **more)), key


def test_an_honest_log_is_read_on_from_where_it_was(served):
    made, look, _ = served
    assert look() == {"problems": [], "size": 1}
    prove(made, TWO, OTHER)
    other = {"name": OTHER, "key": TWO, "floor": 0}
    with made[0].engine.begin() as db:
        seen = base64.b64encode(tree.write_head(made[0]._head(db))).decode()
    assert look(others=[other], heads=[seen]) == {"problems": [], "size": 2}


def test_another_key_under_ones_name_is_told(served):
    made, look, key = served
    assert look()["problems"] == []
    prove(made, TWO)
    made[2].now += 8 * DAY
    made[0].age()
    (problem,) = look()["problems"]
    assert "another key was published under " + NUMBER in problem
    assert look()["problems"] == [], "told once; the self-check of the DNS goes on telling"
    mine = {"name": NUMBER, "key": base64.b64encode(b"x" * 32).decode(), "floor": 0}
    assert "does not stand in its public log" in look(others=[mine])["problems"][0]


def test_a_log_that_was_changed_behind_is_told(served, tmp_path):
    made, look, _ = served
    prove(made, TWO, OTHER)
    assert look()["problems"] == []
    with sqlite3.connect(tmp_path / "dir.db") as db:
        db.execute("update nodes set hash = zeroblob(32) where at = 1 and level = 0")
        db.execute("update nodes set hash = zeroblob(32) where level = 1")
    prove(made, TWO, "+4930555009")
    assert "not the one that it showed before" in look()["problems"][0]


def test_a_head_that_others_saw_of_another_log_is_told(served):
    _, look, _ = served
    other = tree.Head(1, 0, tree.root_of([b"f" * 32]))
    shown = base64.b64encode(tree.write_head(other)).decode()
    assert "not the one that it showed before" in look(heads=[shown])["problems"][0]


def test_keys_of_another_directory_are_told(served):
    _, look, _ = served
    wrong = base64.b64encode(b"\1" * 32).decode()
    assert look(key=wrong)["problems"] == ["its log is not signed by the key that the DNS names"]
    tags = base64.b64encode(blind.public_key(5)).decode()
    assert "does not prove under which mark" in look(tags=tags)["problems"][0]
