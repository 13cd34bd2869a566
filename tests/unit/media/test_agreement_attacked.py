"""Key agreement under attack: nobody in between gets a key, or is taken for somebody else."""

import unittest

from bellhop.errors import SipError
from bellhop.media.agreement import (
    FAILED,
    Identity,
)

from .keys import (
    ALICE,
    BOB,
    EVE,
    LINES,
    OTHER_LINES,
    SUITES,
    Tokens,
    answered,
    callee,
    caller,
)


class Attacked(unittest.TestCase):
    def setUp(self):
        self.one, self.two = caller(), callee()

    def fails(self, victim, function, *args):
        with self.assertRaises(SipError) as caught:
            function(*args)
        self.assertEqual((caught.exception.status, victim.state), (488, FAILED))
        self.assertIsNone(victim.words())

    def test_any_changed_octet_of_the_offer_is_noticed(self):
        offer = self.one.offer(SUITES, Tokens())
        for index in range(len(offer)):
            broken = offer[:index] + bytes((offer[index] ^ 1,)) + offer[index + 1 :]
            one, two = self.one.fork(), callee()
            try:
                two.read_offer(broken, None, SUITES)
                answer = two.answer(Tokens(9), LINES, LINES)
            except SipError:
                continue
            self.fails(one, one.accept, answer, None, LINES, LINES)

    def test_any_changed_octet_of_the_answer_is_noticed(self):
        self.two.read_offer(self.one.offer(SUITES, Tokens()), None, SUITES)
        answer = self.two.answer(Tokens(9), LINES, LINES)
        for index in range(len(answer)):
            broken = answer[:index] + bytes((answer[index] ^ 1,)) + answer[index + 1 :]
            one = self.one.fork()
            self.fails(one, one.accept, broken, None, LINES, LINES)

    def test_any_changed_octet_of_the_confirmation_is_noticed(self):
        offer, _ = answered(self.one, self.two)
        confirmation = self.one.confirm(LINES, LINES)
        for index in range(len(confirmation)):
            two = callee()
            two.read_offer(offer, None, SUITES)
            two.answer(Tokens(100), LINES, LINES)
            octet = bytes((confirmation[index] ^ 1,))
            broken = confirmation[:index] + octet + confirmation[index + 1 :]
            self.fails(two, two.verify, broken, LINES, LINES)

    def test_messages_of_another_size_are_refused(self):
        offer = self.one.offer(SUITES, Tokens())
        for wrong in (b"", b"\x01", offer[:98], offer + bytes(9), offer[1:], b"\x02" + offer[1:]):
            two = callee()
            self.fails(two, two.read_offer, wrong, None, SUITES)
        self.two.read_offer(offer, None, SUITES)
        answer = self.two.answer(Tokens(9), LINES, LINES)
        for wrong in (b"", answer[:-1], answer + b"x", offer):
            one = self.one.fork()
            self.fails(one, one.accept, wrong, None, LINES, LINES)

    def test_somebody_between_cannot_make_the_words_agree(self):
        eve_to_bob, eve_to_alice = caller(identity=EVE), callee(identity=EVE)
        self.two.read_offer(eve_to_bob.offer(SUITES, Tokens(60)), None, SUITES)
        eve_to_alice.read_offer(self.one.offer(SUITES, Tokens()), None, SUITES)
        self.one.accept(eve_to_alice.answer(Tokens(70), LINES, LINES), None, LINES, LINES)
        eve_to_bob.accept(self.two.answer(Tokens(80), LINES, LINES), None, LINES, LINES)
        eve_to_alice.verify(self.one.confirm(LINES, LINES), LINES, LINES)
        self.two.verify(eve_to_bob.confirm(LINES, LINES), LINES, LINES)
        self.assertNotEqual(self.one.words(), self.two.words())
        self.assertEqual((self.one.peer, self.two.peer), (EVE.key, EVE.key))

    def test_somebody_between_is_refused_where_the_key_is_known(self):
        eve = callee(identity=EVE)
        eve.read_offer(self.one.offer(SUITES, Tokens()), None, SUITES)
        answer = eve.answer(Tokens(70), LINES, LINES)
        self.fails(self.one, self.one.accept, answer, BOB.key, LINES, LINES)
        offer = caller(identity=EVE).offer(SUITES, Tokens(60))
        self.fails(self.two, self.two.read_offer, offer, ALICE.key, SUITES)

    def test_who_claims_a_key_without_its_secret_fails(self):
        eve = callee(identity=Identity(BOB.key, EVE.secret))
        eve.read_offer(self.one.offer(SUITES, Tokens()), None, SUITES)
        answer = eve.answer(Tokens(70), LINES, LINES)
        self.fails(self.one, self.one.accept, answer, BOB.key, LINES, LINES)

    def test_who_claims_the_callers_key_without_its_secret_fails(self):
        eve = caller(identity=Identity(ALICE.key, EVE.secret))
        self.two.read_offer(eve.offer(SUITES, Tokens()), ALICE.key, SUITES)
        answer = self.two.answer(Tokens(70), LINES, LINES)
        with self.assertRaises(SipError):
            eve.accept(answer, None, LINES, LINES)

    def test_an_old_offer_leads_to_nothing(self):
        offer, _ = answered(self.one, self.two)
        confirmation = self.one.confirm(LINES, LINES)
        again = callee()
        again.read_offer(offer, None, SUITES)
        again.answer(Tokens(900), LINES, LINES)
        self.fails(again, again.verify, confirmation, LINES, LINES)
        self.assertNotEqual(again.keys(0), self.two.keys(0))

    def test_an_offer_taken_into_another_call_fails(self):
        two = callee(call_id=b"call-2")
        two.read_offer(self.one.offer(SUITES, Tokens()), None, SUITES)
        answer = two.answer(Tokens(9), LINES, LINES)
        self.fails(self.one, self.one.accept, answer, None, LINES, LINES)

    def test_own_keys_that_come_back_are_refused(self):
        offer = self.one.offer(SUITES, Tokens())
        mirror = callee(identity=ALICE)
        self.fails(mirror, mirror.read_offer, offer, None, SUITES)
        answer = b"\x01\x02" + offer[2:66] + b"\x04" + bytes(32)
        self.fails(self.one, self.one.accept, answer, None, LINES, LINES)

    def test_own_fresh_key_under_another_name_is_refused(self):
        offer = self.one.offer(SUITES, Tokens())
        answer = b"\x01\x02" + EVE.key + offer[34:66] + b"\x04" + bytes(32)
        self.fails(self.one, self.one.accept, answer, None, LINES, LINES)

    def test_a_suite_that_was_not_offered_is_refused(self):
        self.two.read_offer(self.one.offer((4,), Tokens()), None, SUITES)
        answer = self.two.answer(Tokens(9), LINES, LINES)
        weak = answer[:66] + b"\x02" + answer[67:]
        self.fails(self.one, self.one.accept, weak, None, LINES, LINES)

    def test_a_weaker_suite_of_those_offered_is_noticed(self):
        self.two.read_offer(self.one.offer((4, 2), Tokens()), None, (4, 2))
        answer = self.two.answer(Tokens(9), LINES, LINES)
        weak = answer[:66] + b"\x02" + answer[67:]
        self.fails(self.one, self.one.accept, weak, None, LINES, LINES)

    def test_suites_taken_out_of_the_offer_are_noticed(self):
        offer = self.one.offer((4, 2), Tokens())
        self.two.read_offer(offer[:-2] + b"\x02", None, (4, 2))
        answer = self.two.answer(Tokens(9), LINES, LINES)
        self.fails(self.one, self.one.accept, answer, None, LINES, LINES)

    def test_no_suite_in_common_is_refused(self):
        offer = self.one.offer((1,), Tokens())
        self.fails(self.two, self.two.read_offer, offer, None, (4,))

    def test_other_media_are_noticed(self):
        self.two.read_offer(self.one.offer(SUITES, Tokens()), None, SUITES)
        answer = self.two.answer(Tokens(9), OTHER_LINES, LINES)
        self.fails(self.one, self.one.accept, answer, None, LINES, LINES)

    def test_a_random_number_that_was_not_promised_is_refused(self):
        answered(self.one, self.two)
        confirmation = self.one.confirm(LINES, LINES)
        broken = confirmation[:2] + bytes(16) + confirmation[18:]
        self.fails(self.two, self.two.verify, broken, LINES, LINES)

    def test_once_the_random_number_is_told_nobody_else_may_answer(self):
        other = self.one.offer(SUITES, Tokens()) and self.one.fork()
        late = self.one.fork()
        self.two.read_offer(self.one.opening.octets, None, SUITES)
        other.accept(self.two.answer(Tokens(9), LINES, LINES), None, LINES, LINES)
        early = self.one.fork()
        third = callee(identity=EVE)
        third.read_offer(self.one.opening.octets, None, SUITES)
        answer = third.answer(Tokens(30), LINES, LINES)
        early.accept(answer, None, LINES, LINES)
        other.confirm(LINES, LINES)
        self.fails(late, late.accept, answer, None, LINES, LINES)
        self.fails(early, early.confirm, LINES, LINES)

    def test_a_key_that_changes_between_two_answers_is_refused(self):
        self.two.read_offer(self.one.offer(SUITES, Tokens()), None, SUITES)
        other = callee()
        other.read_offer(self.one.opening.octets, None, SUITES)
        self.one.accept(self.two.answer(Tokens(9), LINES, LINES), None, LINES, LINES)
        second = other.answer(Tokens(90), LINES, LINES)
        self.fails(self.one, self.one.accept, second, None, LINES, LINES)


if __name__ == "__main__":
    unittest.main()
