"""Key agreement: both ends get the same keys, nobody in between gets any."""

import hashlib
import unittest
from binascii import hexlify, unhexlify

from bellhop.errors import SipError
from bellhop.media.agreement import (
    ANSWERED,
    CALLEE,
    CALLER,
    CONFIRMED,
    EVENTS,
    FAILED,
    IGNORED,
    NEW,
    OFFERED,
    STATES,
    TABLE,
    Agreement,
    Identity,
)  # fmt: skip
from bellhop.media.words import WORDS

from .curve import CURVE, TOY, libsodium, toy_identity, x25519

LINES = [b"audio RTP/AVP 0"]
OTHER_LINES = [b"audio RTP/AVP 8"]
SUITES = (4, 3, 1)
ALICE, BOB, EVE = toy_identity("a"), toy_identity("b"), toy_identity("e")


class Tokens:
    """Randomness that a test can foresee."""

    def __init__(self, first=0):
        self.count = first

    def __call__(self, size):
        self.count += 1
        return hashlib.sha256(b"%d" % self.count).digest()[:size]


def caller(dh=TOY, identity=ALICE):
    return Agreement(dh, identity, CALLER, b"call-1")


def callee(dh=TOY, identity=BOB, call_id=b"call-1"):
    return Agreement(dh, identity, CALLEE, call_id)


def answered(one, two, suites=SUITES):
    """Bring two sides to ANSWERED; return the three messages so far."""
    offer = one.offer(suites, Tokens(0))
    two.read_offer(offer, None, SUITES)
    answer = two.answer(Tokens(100), LINES, LINES)
    one.accept(answer, None, LINES, LINES)
    return offer, answer


def confirmed(one, two):
    """Bring two sides to CONFIRMED; return the confirmation."""
    answered(one, two)
    confirmation = one.confirm(LINES, LINES)
    two.verify(confirmation, LINES, LINES)
    return confirmation


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


# Points of small order and other keys of no use, little-endian (libsodium refuses all of them).
SMALL_ORDER = (
    bytes(32),
    b"\x01" + bytes(31),
    unhexlify("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    unhexlify("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    unhexlify("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    unhexlify("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
)
# Two Ed25519 public keys and the X25519 secrets of the same owners, from the seeds 0x61... and
# 0x62... by RFC 8032 and RFC 7748.
SEEDS = (b"a" * 32, b"b" * 32)


class Curve(unittest.TestCase):
    def identities(self):
        return [Identity(unhexlify(key), unhexlify(secret)) for key, secret in KNOWN_KEYS]

    def test_the_tests_own_x25519_gives_the_vector_of_rfc_7748(self):
        scalar = unhexlify("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4")
        point = unhexlify("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
        made = unhexlify("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")
        self.assertEqual(x25519(scalar, point), made)

    def test_small_points_are_refused(self):
        one = Agreement(CURVE, self.identities()[0], CALLER, b"call-1")
        one.offer(SUITES, Tokens())
        for point in SMALL_ORDER:
            peer = self.identities()[1].key
            answer = b"\x01\x02" + peer + point + b"\x04" + bytes(32)
            fork = one.fork()
            with self.assertRaises(SipError) as caught:
                fork.accept(answer, None, LINES, LINES)
            self.assertIn("no key", caught.exception.reason)

    def test_known_answers(self):
        alice, bob = self.identities()
        one = Agreement(CURVE, alice, CALLER, b"call-1")
        two = Agreement(CURVE, bob, CALLEE, b"call-1")
        confirmation = confirmed(one, two)
        self.assertEqual(hexlify(one.transcript).decode(), VECTORS["transcript"])
        self.assertEqual(hexlify(two.secret).decode(), VECTORS["secret"])
        self.assertEqual(hexlify(confirmation).decode(), VECTORS["confirmation"])
        self.assertEqual(" ".join(two.words()), VECTORS["words"])
        number, key, salt = one.keys(0)[1]
        self.assertEqual((number, hexlify(key + salt).decode()), (4, VECTORS["caller's audio"]))
        number, key, salt = one.keys(1)[0]
        self.assertEqual((number, hexlify(key + salt).decode()), (4, VECTORS["callee's video"]))

    def test_libsodium_gives_the_same(self):
        dh = libsodium()
        if dh is None:
            self.skipTest("no PyNaCl under this interpreter")
        for seed, identity in zip(SEEDS, self.identities()):
            self.assertEqual(dh.identity_secret(seed), identity.secret)
            self.assertEqual(dh.identity_public(identity.key), CURVE.identity_public(identity.key))
            self.assertEqual(dh.public(seed), CURVE.public(seed))
        alice, bob = self.identities()
        one = Agreement(dh, alice, CALLER, b"call-1")
        two = Agreement(dh, bob, CALLEE, b"call-1")
        confirmed(one, two)
        self.assertEqual(hexlify(two.secret).decode(), VECTORS["secret"])

    def test_libsodium_refuses_small_points(self):
        dh = libsodium()
        if dh is None:
            self.skipTest("no PyNaCl under this interpreter")
        for point in SMALL_ORDER:
            self.assertIsNone(dh.exchange(b"s" * 32, point))
        for point in (bytes(32), b"\x01" + bytes(31)):
            self.assertIsNone(dh.identity_public(point))


class Independent(unittest.TestCase):
    """The known answers once more, from KEYAGREEMENT.md alone: no line of the package is used."""

    def test_derivation(self):
        (key_a, secret_a), (key_b, secret_b) = [
            [unhexlify(text) for text in pair] for pair in KNOWN_KEYS
        ]
        draw = [hashlib.sha256(b"%d" % n).digest() for n in (1, 2, 101, 102)]
        e1, r1, e2, r2 = draw[0], draw[1][:16], draw[2], draw[3][:16]
        base = b"\x09" + bytes(31)
        commitment = hashlib.sha256(r1).digest()
        offer = b"\x01\x01" + key_a + x25519(e1, base) + commitment + b"\x04\x03\x01"
        answer = b"\x01\x02" + key_b + x25519(e2, base) + b"\x04" + r2

        def sized(octets):
            return bytes((len(octets) >> 8, len(octets) & 255)) + octets

        parts = [b"call-1", offer, answer]
        head = b"bellhop key agreement 1" + b"".join([sized(part) for part in parts])
        transcript = hashlib.sha256(head).digest()
        shared = x25519(secret_a, x25519(e2, base)) + x25519(e1, x25519(secret_b, base))
        secret = mac(transcript, shared + x25519(e1, x25519(e2, base)))
        lines = b"\x01" + sized(b"audio RTP/AVP 0")
        proposed = hashlib.sha256(transcript + b"\0\0\0" + lines).digest()
        context = hashlib.sha256(proposed + lines).digest()
        confirm_key = mac(secret, b"confirm\0\x01")
        confirmation = b"\x01\x03" + r1 + mac(confirm_key, b"\x03" + r1 + context)[:16]
        digest = mac(secret, b"words" + r1 + b"\x01")
        number = int.from_bytes(digest[:3], "big") >> 4
        self.assertEqual(hexlify(transcript).decode(), VECTORS["transcript"])
        self.assertEqual(hexlify(secret).decode(), VECTORS["secret"])
        self.assertEqual(hexlify(confirmation).decode(), VECTORS["confirmation"])
        self.assertEqual(WORDS[number >> 10] + " " + WORDS[number & 1023], VECTORS["words"])
        for name, tail in (("caller's audio", b"\0\0"), ("callee's video", b"\x01\x01")):
            info = b"srtp" + context + tail
            first = mac(secret, info + b"\x01")
            made = (first + mac(secret, first + info + b"\x02"))[:44]
            self.assertEqual(hexlify(made).decode(), VECTORS[name])


def mac(key, data):
    """HMAC-SHA-256 for keys of at most a block."""
    key += bytes(64 - len(key))
    inner = hashlib.sha256(bytes([k ^ 54 for k in key]) + data).digest()
    return hashlib.sha256(bytes([k ^ 92 for k in key]) + inner).digest()


KNOWN_KEYS = (
    (
        "af06a3e3291714e4f356c19c9b15cd1951ec6e6662aa77be07547f289383341d",
        "000089a47cb0761c222c323aec2bdecdaa7a0d0ec094cda8c5755ba26844457c",
    ),
    (
        "2df04125f0015afb47ce853aef8772094ff9498c14cb1b9e12973c2927da0fa6",
        "e00057ee50ff8c3d41aa451027330cb4fd67a8198932c1c72d8767035f4ad158",
    ),
)
VECTORS = {
    "transcript": "8f48c31dc0a36ef836b50141b27bf583cdb072dcfa86910c3c4a5a829816446b",
    "secret": "6a7c4983db34b6cd6c23cd58fd24d8255657dd29ca44bb0857199e05993bab60",
    "confirmation": "0103d4735e3a265e16eee03f59718b9b5d0396f2bff35f20892367d27c5656a34f1a",
    "words": "anchor cupboard",
    "caller's audio": (
        "75a6731173ed7094f80bfe05b1371454c528fe5b0f8695a4c154c6fa910542ebf7d028ccb1627c19d297db9b"
    ),
    "callee's video": (
        "ca1e55452cd3778747441586f769c7156ac481e7e610888b686b0469bac0a7f30106a6a1dd71cf891984f81d"
    ),
}

if __name__ == "__main__":
    unittest.main()
