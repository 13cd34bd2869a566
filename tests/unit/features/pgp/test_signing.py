"""Calls between two nodes are signed by both; every signature that is none leaves them unsigned."""

import binascii
import unittest

from bellhop.effects import RelayOpen, Send, Sign, Verify
from bellhop.features import catalogue
from bellhop.features.pgp import signing
from bellhop.media.signature import BEGIN, END, LABEL, MAX_SIGNATURE_BYTES, is_signature, statement
from bellhop.settings import reader
from bellhop.sip import message
from tests.support.exchange import Phone
from tests.support.messages import flow
from tests.support.town import House, Town
from tests.unit.features.mesh.test_member import register
from tests.unit.media.curve import TOY, toy_identity

SUITES = (4, 3, 1)
PGP = """
config media
config pgp
	option key %s
	option wait_seconds 5
config contact
	option number 77
	option address %s
	option encryption %s
	option verification signed
	%s
"""
SDP = "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
TYPE = ["Content-Type: application/sdp"]
ALICE_KEY, BOB_KEY, EVE_KEY = "A1" * 20, "B2" * 20, "E5" * 20
TO_BOB, FROM_ALICE = "sip:bob@10.0.2.1", "sip:alice@home.test"


def armoured(key, octets):
    """Return what stands for a signature of a key here."""
    return b"\n".join([BEGIN, key.encode(), binascii.hexlify(octets), END])


class Signed(House):
    """A House with media and signatures. key: it signs with; ring: keys that it can check."""

    def __init__(self, town, host, user, key, contact, keys, policy="prefer", signs=True):
        lists = "\n\t".join(["list pgp '%s'" % one for one in keys])
        more = PGP % (key, contact, policy, lists)
        self.key_in_use, self.ring = key, (ALICE_KEY, BOB_KEY, EVE_KEY)
        self.problem = None
        self.asked = []
        self.notes = []
        House.__init__(self, town, host, user, [(user, "201")], more)
        identity = toy_identity(user)
        catalogue.join_media(self.engine, SUITES, (TOY, identity.key, identity.secret))
        if signs:
            catalogue.join_signing(self.engine)

    def perform(self, effects):
        """Do at once what the media library and GnuPG would do."""
        House.perform(self, effects)
        engine, now = self.engine, self.town.now
        for effect in effects:
            if isinstance(effect, RelayOpen):
                first = 20000 + 4 * effect.relay
                ports = tuple(range(first, first + 4))
                self.perform(engine.hear("media", "opened", effect.relay, ports, None, now))
            elif isinstance(effect, (Sign, Verify)):
                self.asked.append(effect)

    def gpg(self):
        """Answer what was asked of GnuPG."""
        asked, self.asked = self.asked, []
        for effect in asked:
            if isinstance(effect, Sign):
                made = None if self.problem else armoured(self.key_in_use, effect.octets)
                done = self.engine.hear(
                    "pgp", "signed", effect.number, made, self.problem, self.town.now
                )
            else:
                fits = [k for k in self.ring if armoured(k, effect.octets) == effect.signature]
                problem = None if fits else "it does not fit the keys of this call"
                done = self.engine.hear(
                    "pgp", "verified", effect.number, tuple(2 * fits), problem, self.town.now
                )
            self.perform(done)

    def call(self):
        """Return the one live call, as the verb `calls` shows it."""
        (row,) = self.engine.answer("calls", {}, self.town.now)[0]["calls"]
        return row


class Tampered(Town):
    """A Town in which somebody changes what goes from house to house: between(host, octets)."""

    def __init__(self):
        Town.__init__(self)
        self.between = lambda host, data: data
        self.crossed = []

    def send(self, house, effect):
        if effect.flow.host in self.houses:
            data = self.between(house.host, effect.data)
            if data is None:
                return
            self.crossed.append((house.host, data))
            effect = Send(effect.flow, data)
        Town.send(self, house, effect)


class SigningCase(unittest.TestCase):
    def build(
        self, one="prefer", two="prefer", bob_keys=(BOB_KEY,), alice_keys=(ALICE_KEY,), signs=True
    ):
        self.town = Tampered()
        self.one = Signed(self.town, "10.0.1.1", "alice", ALICE_KEY, TO_BOB, bob_keys, one)
        self.two = Signed(self.town, "10.0.2.1", "bob", BOB_KEY, FROM_ALICE, alice_keys, two, signs)
        self.alice = Phone("A", "alice", flow("10.0.9.1"))
        self.bob = Phone("B", "bob", flow("10.0.9.3"))
        trusted = self.one.engine.features["media"].relays.keying.trust
        trusted.see("bob@10.0.2.1", toy_identity("bob").key)
        register(self.one, "alice", "10.0.9.1")
        register(self.two, "bob", "10.0.9.3")

    def to(self, house, phone):
        """Let a phone hear the newest message that a node sent it."""
        heard = [data for where, data in house.phones if where.host == phone.flow.host]
        return phone.hear(heard[-1])

    def from_(self, phone, house, data):
        house.receive(data, phone.flow.host)

    def answered(self):
        """Alice calls 77 and Bob answers; her phone has not acknowledged."""
        body = SDP % ("10.0.9.1", "10.0.9.1")
        invite = self.alice.request("INVITE", "sip:77@home.test", TYPE, body)
        self.from_(self.alice, self.one, invite)
        self.rang = self.to(self.two, self.bob)
        answer = self.bob.answer(200, "INVITE", TYPE, SDP % ("10.0.9.3", "10.0.9.3"))
        self.from_(self.bob, self.two, answer)
        self.heard = self.to(self.one, self.alice)
        self.assertEqual(self.heard.status, 200)

    def call(self):
        """Bring a call up; GnuPG has not answered yet."""
        self.answered()
        self.from_(self.alice, self.one, self.alice.acknowledge())

    def sign(self):
        """Let both GnuPGs do all that they are asked."""
        while self.one.asked or self.two.asked:
            self.one.gpg()
            self.two.gpg()

    def levels(self):
        return [house.call()["security"] for house in (self.one, self.two)]

    def infos(self):
        """Return the INFO requests that crossed between the nodes, with their senders."""
        return [(host, data) for host, data in self.town.crossed if data[:5] == b"INFO "]

    def told(self, house, kind="signature"):
        return [event.fields for event in house.events if event.kind == kind]


class GoodTest(SigningCase):
    def setUp(self):
        self.build()

    def test_both_sides_show_a_signed_call(self):
        self.call()
        self.assertEqual(self.levels(), ["known key", "encrypted"])
        self.sign()
        self.assertEqual(self.levels(), ["signed", "signed"])
        call = self.one.call()
        self.assertEqual(call["signature"], "good, by " + BOB_KEY)
        self.assertEqual(call["own_signature"], "taken by the other node")
        self.assertTrue(call["is_enough"])
        self.assertEqual(self.told(self.two)[-1]["signature"], "good, by " + ALICE_KEY)

    def test_no_phone_sees_anything_of_it(self):
        self.call()
        self.sign()
        self.assertEqual(len(self.infos()), 2)
        for house in (self.one, self.two):
            for _, data in house.phones:
                self.assertFalse(b"bellhop-signature" in data.lower())
        self.assertEqual(self.rang.tokens(b"recv-info"), [])

    def test_packages_of_the_phones_own_stay(self):
        body = SDP % ("10.0.9.1", "10.0.9.1")
        lines = TYPE + ["Recv-Info: g.test", "Recv-Info: h.test"]
        self.from_(
            self.alice, self.one, self.alice.request("INVITE", "sip:77@home.test", lines, body)
        )
        self.assertEqual(self.to(self.two, self.bob).tokens(b"recv-info"), [b"g.test", b"h.test"])

    def test_a_signature_that_overtakes_the_ack_is_kept_for_it(self):
        self.answered()
        held = []
        self.town.between = lambda host, data: held.append(data) if data[:4] == b"ACK " else data
        self.from_(self.alice, self.one, self.alice.acknowledge())
        self.one.gpg()
        self.assertEqual(self.two.asked, [])
        self.town.between = lambda host, data: data
        self.two.receive(held[0], "10.0.1.1")
        self.sign()
        self.assertEqual(self.levels(), ["signed", "signed"])

    def test_the_next_call_has_to_bring_its_own(self):
        self.call()
        self.sign()
        self.from_(self.alice, self.one, self.alice.within("BYE"))
        self.call()
        self.assertEqual(self.levels(), ["known key", "known key"])

    def test_a_repeated_ack_asks_for_nothing_again(self):
        self.call()
        self.sign()
        self.from_(self.alice, self.one, self.alice.acknowledge())
        self.assertEqual((self.one.asked, self.two.asked), ([], []))

    def test_the_statement_depends_on_role_and_call(self):
        self.call()
        first = [house.asked[0].octets for house in (self.one, self.two)]
        self.assertNotEqual(first[0], first[1])
        self.assertTrue(first[0].startswith(LABEL + b"caller\n"))
        self.from_(self.alice, self.one, self.alice.within("BYE"))
        del self.one.asked[:], self.two.asked[:]
        self.call()
        self.assertNotEqual(first[0], self.one.asked[0].octets)


class BadTest(SigningCase):
    def fails(self, words, state="bad"):
        self.call()
        self.sign()
        shown = self.two.call()
        self.assertEqual(shown["security"], "encrypted")
        self.assertEqual(shown["signature"], state + ", " + words)
        self.assertFalse(shown["is_enough"])
        self.assertEqual(self.told(self.two)[-1]["signature"], shown["signature"])

    def test_key_of_somebody_else(self):
        self.build()
        self.one.key_in_use = EVE_KEY
        self.fails("made by %s, which is not set as a key of this contact" % EVE_KEY)

    def test_contact_without_a_key(self):
        self.build(alice_keys=())
        self.fails("made by %s, which is not set as a key of this contact" % ALICE_KEY)

    def test_signature_changed_on_the_way(self):
        self.build()
        self.town.between = lambda host, data: data.replace(b"A1A1\n", b"A1A2\n")
        self.fails("it does not fit the keys of this call")

    def test_signature_sent_back(self):
        self.build()
        self.call()
        self.two.gpg()
        ((_, mine),) = self.infos()
        signature = mine.partition(b"\r\n\r\n")[2]
        self.town.between = lambda host, data: (
            data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + signature
            if data[:5] == b"INFO "
            else data
        )
        self.sign()
        self.assertEqual(self.two.call()["security"], "encrypted")
        self.assertTrue(self.two.call()["signature"].startswith("bad, "))

    def test_signature_of_an_earlier_call(self):
        self.build()
        self.call()
        self.sign()
        old = [data.partition(b"\r\n\r\n")[2] for host, data in self.infos() if host == "10.0.1.1"]
        self.from_(self.alice, self.one, self.alice.within("BYE"))
        self.town.between = lambda host, data: (
            data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + old[0]
            if data[:5] == b"INFO " and host == "10.0.1.1"
            else data
        )
        self.call()
        self.sign()
        self.assertEqual(self.levels(), ["signed", "known key"])
        self.assertEqual(self.two.call()["signature"], "bad, it does not fit the keys of this call")

    def test_what_comes_after_a_judgement_changes_nothing(self):
        self.build()
        self.town.between = lambda host, data: data.replace(b"A1A1\n", b"A1A2\n")
        self.call()
        self.sign()
        (info,) = [data for host, data in self.infos() if host == "10.0.1.1"]
        again = info.replace(b"A1A2\n", b"A1A1\n").replace(b"branch=z9hG4bK", b"branch=z9hG4bKx")
        self.two.receive(again, "10.0.1.1")
        self.assertEqual(self.two.asked, [])
        self.assertEqual(self.two.call()["security"], "encrypted")


class MissingTest(SigningCase):
    def test_signature_that_does_not_come(self):
        self.build()
        self.town.between = lambda host, data: None if data[:5] == b"INFO " else data
        self.call()
        self.sign()
        self.assertEqual(self.two.call()["signature"], "waiting")
        self.town.advance(5020)
        self.assertEqual(self.two.call()["signature"], "missing, none came within 5 seconds")
        self.assertEqual(self.levels(), ["known key", "encrypted"])
        self.town.advance(40000)
        self.assertEqual(self.two.call()["own_signature"], "not taken: nobody answered")

    def test_check_that_does_not_end(self):
        self.build()
        self.call()
        self.one.gpg()
        self.town.advance(5020)
        self.assertEqual(self.two.call()["signature"], "bad, it could not be checked in time")
        self.sign()
        self.assertEqual(self.two.call()["security"], "encrypted")

    def test_one_that_comes_late_counts(self):
        self.build()
        self.call()
        self.two.gpg()
        self.town.advance(5020)
        self.assertEqual(self.two.call()["signature"], "missing, none came within 5 seconds")
        self.sign()
        self.assertEqual(self.two.call()["security"], "signed")

    def test_announcement_taken_away(self):
        self.build()
        self.town.between = lambda host, data: data.replace(
            b"Recv-Info: bellhop-signature\r\n", b""
        )
        self.call()
        self.town.advance(20)
        self.sign()
        self.assertEqual(self.infos(), [])
        self.assertEqual(
            self.two.call()["signature"], "missing, the other end does not sign its calls"
        )

    def test_key_that_does_not_sign(self):
        self.build()
        self.one.problem = "its secret key is not there"
        self.call()
        self.sign()
        self.assertEqual(self.one.call()["own_signature"], "not made: its secret key is not there")
        self.assertEqual(self.one.engine.features["pgp"].outcomes["not_made"], 1)

    def test_call_that_ended_meanwhile(self):
        self.build()
        self.call()
        self.from_(self.alice, self.one, self.alice.within("BYE"))
        self.sign()
        self.assertEqual(self.infos(), [])

    def test_node_that_does_not_sign_refuses_the_package(self):
        self.build(signs=False)
        self.town.between = lambda host, data: (
            data.replace(b"\r\nContact:", b"\r\nRecv-Info: bellhop-signature\r\nContact:")
            if host == "10.0.2.1" and data[:11] == b"SIP/2.0 200"
            else data
        )
        self.call()
        self.one.gpg()
        self.assertEqual(self.one.call()["own_signature"], "not taken: refused with 469")


class RequiredTest(SigningCase):
    def test_call_that_is_signed_goes_on(self):
        self.build("require", "require")
        self.call()
        self.sign()
        self.town.advance(6000)
        self.assertEqual(self.levels(), ["signed", "signed"])

    def test_call_with_a_bad_signature_is_ended(self):
        self.build("require", "require")
        self.one.key_in_use = EVE_KEY
        self.call()
        self.sign()
        self.assertEqual(self.two.engine.node.calls.live, {})
        self.assertEqual(
            self.two.engine.node.calls.history[-1].ended_by,
            "ended by this node: the other end's signature is required and is bad",
        )
        for house, phone in ((self.one, self.alice), (self.two, self.bob)):
            self.assertEqual(self.to(house, phone).method, b"BYE")

    def test_call_without_a_signature_is_ended(self):
        self.build("require", "require")
        self.town.between = lambda host, data: None if data[:5] == b"INFO " else data
        self.call()
        self.town.advance(5020)
        self.assertEqual(self.two.engine.node.calls.live, {})

    def test_contact_without_a_key_cannot_call(self):
        self.build("prefer", "require", alice_keys=())
        body = SDP % ("10.0.9.1", "10.0.9.1")
        invite = self.alice.request("INVITE", "sip:77@home.test", TYPE, body)
        self.from_(self.alice, self.one, invite)
        self.assertEqual(self.to(self.one, self.alice).status, 488)


class RefusalTest(SigningCase):
    def setUp(self):
        self.build()
        self.call()
        self.one.gpg()
        (info,) = [data for host, data in self.infos() if host == "10.0.1.1"]
        self.info = info.replace(b"branch=z9hG4bK", b"branch=z9hG4bKx")

    def status(self, data):
        del self.town.crossed[:]
        self.two.receive(data, "10.0.1.1")
        return [message.parse(data).status for host, data in self.town.crossed]

    def test_another_type_of_body(self):
        self.assertEqual(self.status(self.info.replace(b"pgp-signature", b"pgp-keys")), [415])

    def test_what_is_no_signature(self):
        self.assertEqual(self.status(self.info.replace(b"BEGIN PGP SIG", b"BEGIN PGP SUG")), [400])

    def test_another_dialog(self):
        other = self.info.replace(b"tag=B", b"tag=C")
        self.two.receive(other, "10.0.1.1")
        self.assertEqual(len(self.two.asked), 2)

    def test_armour(self):
        good = armoured(ALICE_KEY, b"x")
        self.assertTrue(is_signature(good + b"\n"))
        for bad in (b"", good + b"\n" + good, good[:-1], good + b"x" * MAX_SIGNATURE_BYTES):
            self.assertFalse(is_signature(bad))

    def test_statement(self):
        self.assertEqual(
            statement(1, b"\1" * 32), b"bellhop call signature 1\ncallee\n" + b"01" * 32 + b"\n"
        )


class SettingsTest(unittest.TestCase):
    def check(self, *sections):
        """Return the Settings of some sections, or what is wrong with them."""
        found = reader.parse("\n".join(sections), "test")
        return str(found.problems[0]) if found.problems else found

    def test_fingerprints_are_taken_as_gpg_prints_them(self):
        key = "option key '%s'" % " ".join(["a1b2"] * 10)
        found = self.check("config media", "config pgp", key)
        self.assertEqual(found.pgp.key, "A1B2" * 10)
        self.assertTrue("40 hexadecimal" in self.check("config pgp", "option key 'a1b2'"))

    def test_without_a_key_or_sound_nothing_can_be_signed(self):
        key = "option key '%s'" % ALICE_KEY
        self.assertTrue("must name the key" in self.check("config media", "config pgp"))
        self.assertTrue("only calls of" in self.check("config pgp", key))
        self.assertFalse(self.check().pgp.enabled)


class TableTest(unittest.TestCase):
    def test_every_pair_is_decided_once(self):
        for state in signing.STATES:
            for event in signing.EVENTS:
                pair = state, event
                self.assertEqual((pair in signing.TABLE) + (pair in signing.IGNORED), 1, pair)


if __name__ == "__main__":
    unittest.main()
