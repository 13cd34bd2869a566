"""What is known of keys."""

import json
import unittest

from bellhop.errors import BellhopError
from bellhop.media import trust
from bellhop.media.trust import (
    ALLOW,
    CHANGED,
    CLEAR,
    COMPARED,
    ENCRYPTED,
    KNOWN,
    NAMED,
    PREFER,
    REQUIRE,
    SIGNED,
    Policies,
    Trust,
)

ONE, TWO = b"1" * 32, b"2" * 32
GRAN = "gran@far.test"


class Keys(unittest.TestCase):
    def setUp(self):
        self.trust = Trust()

    def test_the_first_key_is_encrypted_the_second_time_it_is_known(self):
        self.assertEqual(self.trust.see(GRAN, ONE), ENCRYPTED)
        self.assertEqual(self.trust.see(GRAN, ONE), KNOWN)
        self.assertTrue(self.trust.is_known(GRAN))

    def test_looking_notes_nothing(self):
        self.assertEqual(self.trust.look(GRAN, ONE), ENCRYPTED)
        self.assertFalse(self.trust.is_known(GRAN))

    def test_another_key_is_changed_until_the_owner_takes_it(self):
        self.trust.see(GRAN, ONE)
        self.assertEqual(self.trust.see(GRAN, TWO), CHANGED)
        self.assertEqual(self.trust.see(GRAN, TWO), CHANGED)
        self.assertEqual(self.trust.see(GRAN, ONE), KNOWN)
        self.assertEqual(self.trust.counters["keys_changed"], 2)
        self.trust.accept(GRAN, TWO)
        self.assertEqual(self.trust.see(GRAN, TWO), KNOWN)
        self.assertEqual(self.trust.look(GRAN, ONE), CHANGED)

    def test_compared_words_stick_to_the_key(self):
        self.trust.see(GRAN, ONE)
        self.assertEqual(self.trust.mark(GRAN, ONE, COMPARED), COMPARED)
        self.assertEqual(self.trust.see(GRAN, ONE), COMPARED)
        self.assertEqual(self.trust.look(GRAN, TWO), CHANGED)

    def test_a_signature_is_one_of_a_call(self):
        self.assertEqual(self.trust.mark(GRAN, ONE, SIGNED), SIGNED)
        self.assertEqual(self.trust.see(GRAN, ONE), KNOWN)
        self.assertEqual(self.trust.dump()[0]["mark"], SIGNED)

    def test_compared_words_outlast_a_signature(self):
        self.trust.mark(GRAN, ONE, COMPARED)
        self.assertEqual(self.trust.mark(GRAN, ONE, SIGNED), SIGNED)
        self.assertEqual(self.trust.see(GRAN, ONE), COMPARED)

    def test_comparing_words_takes_a_changed_key(self):
        self.trust.mark(GRAN, ONE, SIGNED)
        self.assertEqual(self.trust.mark(GRAN, TWO, COMPARED), COMPARED)
        self.assertEqual(self.trust.look(GRAN, TWO), COMPARED)

    def test_dnssec_takes_over_a_key_that_was_only_known(self):
        self.trust.see(GRAN, ONE)
        self.assertEqual(self.trust.mark(GRAN, TWO, NAMED), NAMED)
        self.assertEqual(self.trust.see(GRAN, TWO), KNOWN)
        self.assertEqual(self.trust.mark("new@far.test", ONE, NAMED), NAMED)

    def test_dnssec_does_not_overrule_people(self):
        for mark in (COMPARED, SIGNED):
            self.trust.mark(GRAN, ONE, mark)
            self.assertEqual(self.trust.mark(GRAN, TWO, NAMED), CHANGED)
            self.assertEqual(self.trust.look(GRAN, TWO), CHANGED)
        self.assertEqual(self.trust.mark(GRAN, ONE, NAMED), COMPARED)

    def test_a_key_proves_nothing_under_another_name(self):
        self.trust.mark(GRAN, ONE, COMPARED)
        self.assertEqual(self.trust.look("bank@far.test", ONE), ENCRYPTED)

    def test_a_contact_can_be_forgotten(self):
        self.trust.see(GRAN, ONE)
        self.assertTrue(self.trust.forget(GRAN))
        self.assertFalse(self.trust.forget(GRAN))
        self.assertEqual(self.trust.look(GRAN, TWO), ENCRYPTED)


class Bounds(unittest.TestCase):
    def setUp(self):
        self.trust = Trust()
        for number in range(trust.MAX_CONTACTS):
            self.trust.see("c%d" % number, ONE)

    def test_the_unmarked_contact_that_called_longest_ago_goes(self):
        self.trust.mark("c0", ONE, COMPARED)
        self.trust.see("c1", ONE)
        self.trust.see("new", ONE)
        self.assertEqual(len(self.trust.contacts), trust.MAX_CONTACTS)
        self.assertTrue(self.trust.is_known("c0") and self.trust.is_known("c1"))
        self.assertFalse(self.trust.is_known("c2"))
        self.assertEqual(self.trust.counters["contacts_forgotten"], 1)

    def test_marked_contacts_are_never_pushed_out(self):
        for name in list(self.trust.order):
            self.trust.mark(name, ONE, COMPARED)
        self.assertEqual(self.trust.see("new", ONE), ENCRYPTED)
        self.assertEqual(self.trust.mark("new", ONE, COMPARED), ENCRYPTED)
        self.assertFalse(self.trust.is_known("new"))
        self.assertEqual(self.trust.counters["contacts_refused"], 2)

    def test_a_name_without_end_is_not_kept(self):
        self.trust.see("x" * 1000, ONE)
        self.assertEqual(len(self.trust.contacts), trust.MAX_CONTACTS)


class Kept(unittest.TestCase):
    def test_all_survives_a_restart(self):
        one, two = Trust(), Trust()
        for name in ("b", "a", "c"):
            one.see(name, ONE)
        one.mark("a", ONE, COMPARED)
        one.see("b", TWO)
        two.restore(json.loads(json.dumps(one.dump())))
        self.assertEqual(two.dump(), one.dump())
        self.assertEqual(two.look("a", ONE), COMPARED)

    def test_what_is_damaged_is_refused_whole(self):
        good = {"contact": "a", "key": "31" * 32, "mark": "", "calls": 1, "changed": 0}
        kept = Trust()
        kept.see(GRAN, ONE)
        for name, value in (("key", "zz"), ("key", "31"), ("mark", "friend"), ("calls", "x"),
                            ("key", None), ("calls", None)):  # fmt: skip
            with self.assertRaises(BellhopError):
                kept.restore([good, dict(good, contact="b", **{name: value})])
        for wrong in ([good, good], [{}], [None], 7):
            with self.assertRaises(BellhopError):
                kept.restore(wrong)
        self.assertTrue(kept.is_known(GRAN))


class Policy(unittest.TestCase):
    def test_a_contact_may_have_a_policy_of_its_own(self):
        policies = Policies(
            (PREFER, ENCRYPTED), {GRAN: (REQUIRE, COMPARED), "bank": (ALLOW, CLEAR)}
        )
        self.assertEqual([policies.of(name) for name in (GRAN, "bank", "x")],
                         [REQUIRE, ALLOW, PREFER])  # fmt: skip

    def test_levels_are_in_order(self):
        policies = Policies((PREFER, KNOWN))
        enough = [policies.is_enough("x", level) for level in trust.LEVELS]
        self.assertEqual(enough, [False] * 4 + [True] * 4)

    def test_a_changed_key_is_less_than_a_new_one(self):
        self.assertFalse(Policies().is_enough("x", CHANGED))
        self.assertTrue(Policies().is_enough("x", ENCRYPTED))


if __name__ == "__main__":
    unittest.main()
