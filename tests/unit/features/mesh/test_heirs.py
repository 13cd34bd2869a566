"""What a node makes of keys that end: who it follows, what it tells, what the owner says to it."""

import json
import unittest

from bellhop.errors import BellhopError
from bellhop.mesh import record
from bellhop.mesh.succession import Replacement
from tests.support.town import House, Town
from tests.unit.mesh.network import toy_public_key

SEED, HEIR, THIEF = b"\2" * 32, b"h" * 32, b"t" * 32
CONTACT = "config contact\n\toption name gran\n\toption address sip:carol@%s\n"


class HeirsTest(unittest.TestCase):
    def setUp(self):
        self.town = Town()
        self.far = House(self.town, "10.0.2.1", "farm", [("carol", "201")])
        key = self.far.key()
        self.near = House(self.town, "10.0.1.1", "barn", [("alice", "201")], CONTACT % key)
        self.town.cable(self.near, self.far)
        self.town.advance(4000)
        self.heirs = self.near.engine.features["mesh heirs"]
        self.mesh = self.near.engine.features["mesh"].mesh
        self.old = self.far.engine.features["mesh"].mesh.id

    def tell(self, heir, is_revoked=False):
        """Let the key of the far house end."""
        other = self.far.engine.features["mesh heirs"]
        raw = other.end(b"\1" * 32, heir, is_revoked)
        self.mesh.tell_record(raw, self.town.now)
        self.town.advance(3000)
        self.near.perform(self.heirs.look(self.town.now))

    def pin(self):
        (row,) = [one for one in self.heirs.show({}, 0)["pins"] if one["name"] == "gran"]
        return row["state"], row["new"], row["is_seen"]

    def name(self, seed):
        return self.mesh.name_of(toy_public_key(seed))

    def test_owner_is_told_until_he_has_said_his_word(self):
        self.assertEqual(self.pin(), ("pinned", "", True))
        self.tell(HEIR)
        self.assertEqual(self.pin(), ("succeeded", self.name(HEIR), False))
        (told,) = self.heirs.problems()
        self.assertIn("bellhop confirm gran yes", told)
        self.assertTrue([one for one in self.near.events if one.kind == "succession"])
        self.heirs.confirm({"name": "gran", "verdict": "yes"}, self.town.now)
        self.assertEqual(self.heirs.problems(), [])
        self.assertEqual(self.pin()[2], True)

    def test_owner_may_refuse(self):
        self.tell(THIEF)
        self.heirs.confirm({"name": "gran", "verdict": "no"}, self.town.now)
        self.assertEqual(self.pin(), ("refused", "", True))
        self.assertEqual(self.mesh.node_of(self.far.key()), self.old)
        self.assertIsNotNone(self.mesh.ending(self.old))
        self.assertRaises(
            BellhopError, self.heirs.confirm, {"name": "nobody", "verdict": "yes"}, self.town.now
        )

    def test_revocation_comes_before_what_a_thief_has_signed(self):
        self.tell(THIEF)
        self.tell(HEIR, is_revoked=True)
        self.assertEqual(self.pin()[:2], ("revoked", self.name(HEIR)))
        self.tell(THIEF, is_revoked=True)
        self.assertEqual(self.pin()[:2], ("revoked", self.name(HEIR)))

    def test_what_was_followed_outlasts_a_restart(self):
        self.tell(HEIR)
        rows = json.loads(json.dumps(self.heirs.dump(self.town.now)))
        self.mesh.followed.clear()
        self.heirs.rows.clear()
        self.heirs.restore("heirs", rows, self.town.now)
        self.assertEqual(self.pin(), ("succeeded", self.name(HEIR), False))
        self.assertEqual(self.mesh.node_of(self.far.key()), toy_public_key(HEIR))

    def test_what_ends_no_key_is_refused(self):
        own = self.mesh.database.get(self.mesh.short + record.NODE_SALT).raw
        for raw in (b"", own, own[:-1]):
            self.assertRaises(BellhopError, self.heirs.hold, raw, True, self.town.now)

    def test_new_router_asks_the_owner_and_is_followed_by_his_word(self):
        self.mesh.directory.ended.append(_replacement(toy_public_key(HEIR), self.old))
        self.near.perform(self.heirs.look(self.town.now))
        self.assertEqual(self.pin(), ("wants to replace", self.name(HEIR), False))
        self.assertEqual(self.mesh.node_of(self.far.key()), self.old)
        self.heirs.confirm({"name": "gran", "verdict": "yes"}, self.town.now)
        self.assertEqual(self.pin(), ("replaced", self.name(HEIR), True))

    def test_stranger_changes_nothing_by_asking(self):
        for number in range(40):
            self.mesh.directory.ended.append(_replacement(bytes([number]) * 32, b"?" * 32))
        self.near.perform(self.heirs.look(self.town.now))
        self.assertEqual(self.heirs.asking, {})
        self.assertEqual(self.heirs.problems(), [])


def _replacement(new, old):
    return Replacement(new, old, None)
