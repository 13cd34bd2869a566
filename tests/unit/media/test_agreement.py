"""Key agreement: both ends get the same keys, and may renew them."""

import unittest

from bellhop.errors import SipError
from bellhop.media.agreement import (
    ANSWERED,
    CONFIRMED,
    EVENTS,
    IGNORED,
    NEW,
    OFFERED,
    STATES,
    TABLE,
)
from bellhop.media.sas import WORDS

from .keys import (
    ALICE,
    BOB,
    LINES,
    OTHER_LINES,
    SUITES,
    Tokens,
    answered,
    callee,
    caller,
    confirmed,
)


class Agreed(unittest.TestCase):
    def setUp(self):
        self.one, self.two = caller(), callee()

    def test_both_ends_have_the_same_keys_the_other_way_round(self):
        answered(self.one, self.two)
        receive, send = self.one.keys(0)
        self.assertEqual(self.two.keys(0), (send, receive))
        self.assertNotEqual(send, receive)

    def test_each_stream_and_direction_has_keys_of_its_own(self):
        answered(self.one, self.two)
        found = [key for stream in range(8) for key in self.one.keys(stream)]
        self.assertEqual(len(set(found)), 16)

    def test_keys_have_the_sizes_of_the_suite(self):
        for suite, key_size, salt_size in ((1, 16, 14), (2, 16, 14), (3, 16, 12), (4, 32, 12)):
            one, two = caller(), callee()
            offer = one.offer((suite,), Tokens())
            two.read_offer(offer, None, (1, 2, 3, 4))
            one.accept(two.answer(Tokens(9), LINES, LINES), None, LINES, LINES)
            number, key, salt = one.keys(0)[0]
            self.assertEqual((number, len(key), len(salt)), (suite, key_size, salt_size))

    def test_each_end_knows_the_other_ones_key(self):
        answered(self.one, self.two)
        self.assertEqual((self.one.peer, self.two.peer), (BOB.key, ALICE.key))

    def test_words_are_equal_and_only_there_once_both_are_proved(self):
        answered(self.one, self.two)
        self.assertIsNone(self.one.words())
        self.assertIsNone(self.two.words())
        self.two.verify(self.one.confirm(LINES, LINES), LINES, LINES)
        self.assertEqual(self.one.words(), self.two.words())
        self.assertEqual(self.one.session_hash(), self.two.session_hash())
        for word in self.one.words():
            self.assertIn(word, WORDS)

    def test_two_calls_have_nothing_in_common(self):
        confirmed(self.one, self.two)
        again, other = caller(), callee()
        offer = again.offer(SUITES, Tokens(500))
        other.read_offer(offer, None, SUITES)
        again.accept(other.answer(Tokens(600), LINES, LINES), None, LINES, LINES)
        other.verify(again.confirm(LINES, LINES), LINES, LINES)
        self.assertNotEqual(again.words(), self.one.words())
        self.assertNotEqual(again.keys(0), self.one.keys(0))

    def test_the_answering_node_chooses_what_it_likes_best(self):
        offer = self.one.offer((1, 3), Tokens())
        self.two.read_offer(offer, None, (4, 3, 1))
        self.one.accept(self.two.answer(Tokens(9), LINES, LINES), None, LINES, LINES)
        self.assertEqual(self.one.suite.number, 3)

    def test_an_answer_for_other_media_keeps_the_keys_of_the_nodes(self):
        offer = self.one.offer(SUITES, Tokens())
        self.two.read_offer(offer, None, SUITES)
        early = self.two.answer(Tokens(9), LINES, LINES)
        final = self.two.answer(Tokens(50), LINES, OTHER_LINES)
        self.one.accept(early, None, LINES, LINES)
        before = self.one.keys(0)
        self.one.accept(final, None, LINES, OTHER_LINES)
        self.assertNotEqual(self.one.keys(0), before)
        self.assertEqual(self.two.keys(0)[0], self.one.keys(0)[1])

    def test_a_lost_early_answer_does_no_harm(self):
        self.two.read_offer(self.one.offer(SUITES, Tokens()), None, SUITES)
        self.two.answer(Tokens(9), LINES, OTHER_LINES)
        self.one.accept(self.two.answer(Tokens(9), LINES, LINES), None, LINES, LINES)
        self.assertEqual(self.two.keys(0)[0], self.one.keys(0)[1])

    def test_the_callee_may_describe_its_media_first(self):
        self.two.read_offer(self.one.offer(SUITES, Tokens()), None, SUITES)
        self.one.accept(self.two.answer(Tokens(9), [], LINES), None, [], LINES)
        self.two.verify(self.one.confirm(OTHER_LINES, LINES), OTHER_LINES, LINES)
        self.assertEqual(self.two.keys(0)[0], self.one.keys(0)[1])
        self.assertEqual(self.one.words(), self.two.words())

    def test_confirmations_may_come_again(self):
        confirmation = confirmed(self.one, self.two)
        self.assertEqual(self.one.confirm(LINES, LINES), confirmation)
        self.two.verify(confirmation, LINES, LINES)
        self.assertEqual(self.two.state, CONFIRMED)


class Renewed(unittest.TestCase):
    def setUp(self):
        self.one, self.two = caller(), callee()
        confirmed(self.one, self.two)
        self.before = self.one.keys(0)

    def renew(self, asking, asked, count=200):
        asked.read_renewal(asking.renew(Tokens(count), LINES), LINES)
        asking.read_renewed(asked.renewed(Tokens(count + 50), OTHER_LINES), OTHER_LINES)

    def test_either_side_may_begin(self):
        for number, (asking, asked) in enumerate(((self.one, self.two), (self.two, self.one))):
            self.renew(asking, asked, 200 + 100 * number)
            self.assertEqual(self.two.keys(0)[0], self.one.keys(0)[1])
            self.assertNotEqual(self.one.keys(0), self.before)
            self.assertEqual(self.one.epoch, number + 1)

    def test_words_stay(self):
        words = self.one.words()
        self.renew(self.one, self.two)
        self.assertEqual((self.one.words(), self.two.words()), (words, words))

    def test_two_proposals_at_once_do_no_harm(self):
        mine, yours = self.one.renew(Tokens(200), LINES), self.two.renew(Tokens(300), LINES)
        self.two.read_renewal(mine, LINES)
        self.one.read_renewal(yours, LINES)
        self.renew(self.two, self.one, 400)
        self.assertEqual(self.two.keys(0)[0], self.one.keys(0)[1])

    def test_an_update_may_come_before_the_confirmation(self):
        one, two = caller(), callee()
        answered(one, two)
        self.renew(one, two)
        keys = one.keys(0)
        two.verify(one.confirm(LINES, LINES), LINES, LINES)
        self.assertEqual(one.keys(0), keys)
        self.assertEqual(two.keys(0)[0], keys[1])

    def refused(self, function, *args):
        keys = self.two.keys(0)
        with self.assertRaises(SipError):
            function(*args)
        self.assertEqual((self.two.state, self.two.keys(0)), (CONFIRMED, keys))

    def test_an_old_proposal_is_refused(self):
        old = self.one.renew(Tokens(200), LINES)
        self.two.read_renewal(old, LINES)
        self.one.read_renewed(self.two.renewed(Tokens(300), LINES), LINES)
        self.refused(self.two.read_renewal, old, LINES)

    def test_a_proposal_for_other_media_is_refused(self):
        self.refused(self.two.read_renewal, self.one.renew(Tokens(200), LINES), OTHER_LINES)

    def test_a_proposal_sent_back_is_refused(self):
        self.refused(self.two.read_renewal, self.two.renew(Tokens(200), LINES), LINES)

    def test_an_answer_to_nothing_is_refused(self):
        proposal = self.two.renew(Tokens(200), LINES)
        self.one.read_renewal(proposal, LINES)
        answer = self.one.renewed(Tokens(300), LINES)
        self.two.read_renewed(answer, LINES)
        self.refused(self.two.read_renewed, answer, LINES)
        self.refused(self.two.renewed, Tokens(400), LINES)

    def test_any_changed_octet_is_refused(self):
        proposal = self.one.renew(Tokens(200), LINES)
        for index in range(len(proposal)):
            broken = proposal[:index] + bytes((proposal[index] ^ 1,)) + proposal[index + 1 :]
            self.refused(self.two.read_renewal, broken, LINES)


class Machine(unittest.TestCase):
    def test_every_pair_is_decided_once(self):
        for state in STATES:
            for event in EVENTS:
                places = ((state, event) in TABLE) + ((state, event) in IGNORED)
                self.assertEqual(places, 1, (state, event))

    def test_no_table_knows_other_pairs(self):
        for state, event in list(TABLE) + list(IGNORED):
            self.assertIn(state, STATES)
            self.assertIn(event, EVENTS)
        for state in TABLE.values():
            self.assertIn(state, STATES)

    def test_what_comes_in_the_wrong_order_is_refused(self):
        fresh = callee()
        for function, args in (
            (fresh.answer, (Tokens(), LINES, LINES)),
            (fresh.verify, (bytes(34), LINES, LINES)),
            (fresh.read_renewal, (bytes(36), LINES)),
            (fresh.read_renewed, (bytes(36), LINES)),
        ):
            with self.assertRaises(SipError):
                function(*args)
        self.assertEqual(fresh.state, NEW)

    def test_states_of_both_sides(self):
        one, two = caller(), callee()
        two.read_offer(one.offer(SUITES, Tokens()), None, SUITES)
        self.assertEqual((one.state, two.state), (OFFERED, OFFERED))
        one.accept(two.answer(Tokens(9), LINES, LINES), None, LINES, LINES)
        self.assertEqual((one.state, two.state), (ANSWERED, ANSWERED))
        two.verify(one.confirm(LINES, LINES), LINES, LINES)
        self.assertEqual((one.state, two.state), (CONFIRMED, CONFIRMED))


if __name__ == "__main__":
    unittest.main()
