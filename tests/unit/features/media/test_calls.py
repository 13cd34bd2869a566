"""Calls of two whole engines whose sound passes both: keys agreed, sessions ended on every path."""

import binascii
import unittest

from bellhop.effects import Flow, RelayClose, RelayOpen, RelayUpdate
from bellhop.features import catalogue
from bellhop.media.relay import DEAD
from bellhop.sip import message
from tests.support.exchange import Phone
from tests.support.town import House, Town
from tests.unit.features.mesh.test_member import register
from tests.unit.media.curve import TOY
from tests.unit.mesh.network import toy_public_key

ALICE, CAROL, BEN = "10.0.9.1", "10.0.9.3", "10.0.9.4"
SDP = "v=0\r\no=- 1 %d IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
KIND = "Content-Type: application/sdp"
SUITES = (4, 3, 1, 2, 5)
PATIENCE = 181000
GIVEN_UP = 33000


# Version, kind, three times 32 octets, one suite.
OFFER = binascii.b2a_base64(b"\x01\x01" + b"m" * 96 + b"\x04").decode().strip()


def sdp(host, version=1):
    return SDP % (version, host, host)


class SoundHouse(House):
    """A House with a media library. relays: number -> changes by side.

    suites: () where the library is missing, None where media are off.
    """

    def __init__(self, town, host, name, users, media=(), suites=SUITES, **more):
        self.relays = {}
        self.closed = []
        self.waiting = []
        self.problem = None
        self.is_slow = False
        lines = "".join(["\n\toption " + one for one in media])
        super().__init__(town, host, name, users, "\nconfig media" + lines, **more)
        seed = bytes([len(town.houses)]) * 32
        town.publics[toy_public_key(seed)] = TOY.public(seed)
        functions = TOY.public, TOY.exchange, town.publics.get
        if suites is not None:
            keys = (functions, toy_public_key(seed), seed) if suites else None
            catalogue.join_media(self.engine, suites, keys)

    def perform(self, effects):
        super().perform(effects)
        for effect in effects:
            if isinstance(effect, RelayOpen):
                self.waiting.append(effect.relay)
            elif isinstance(effect, RelayUpdate):
                self.relays[effect.relay].setdefault(effect.side, {}).update(effect.changes)
            elif isinstance(effect, RelayClose):
                self.closed.append(effect.relay)
        if not self.is_slow:
            self.open()

    def open(self):
        """Answer what waits for ports."""
        waiting, self.waiting = self.waiting, []
        for number in waiting:
            self.relays[number] = {}
            first = 20000 + 4 * number
            ports = None if self.problem else tuple(range(first, first + 4))
            effects = self.engine.hear(
                "media", "opened", number, ports, self.problem, self.town.now
            )
            self.perform(effects)

    def is_empty(self):
        """Tell whether no session and no relay is left."""
        if "media" not in self.engine.features:
            return True
        sessions = self.engine.features["media"].relays.sessions
        left = sessions.by_user or sessions.by_call or sessions.by_number
        return not left and sorted(self.relays) == sorted(self.closed)

    def call(self):
        """Return the one live call as the verb shows it."""
        (call,) = self.engine.answer("calls", {}, self.town.now)[0]["calls"]
        return call

    def last(self):
        """Return the call that ended last."""
        return self.engine.answer("history", {}, self.town.now)[0]["history"][0]


class RelayingCase(unittest.TestCase):
    def build(self, near=(), far=(), near_suites=SUITES, far_suites=SUITES):
        """Make alice's house and carol's, which know each other."""
        self.town = Town()
        self.town.publics = {}
        self.barn = SoundHouse(self.town, "10.0.1.1", "barn", [("alice", "201")], near, near_suites)
        self.farm = SoundHouse(self.town, "10.0.2.1", "farm", [("carol", "401")], far, far_suites)
        self.town.cable(self.barn, self.farm)
        self.alice = Phone("A", "alice", Flow("udp", 0, ALICE, 5060, 0, ""))
        self.carol = Phone("C", "carol", Flow("udp", 0, CAROL, 5060, 0, ""))
        register(self.farm, "carol", CAROL)
        self.town.advance(4000)

    def dial(self, body=None):
        """Let alice call carol; return the INVITE that came, or None."""
        offer = self.alice.request("INVITE", "sip:carol@home.test", [KIND], body or sdp(ALICE))
        self.barn.receive(offer, ALICE)
        return self.heard(self.farm, self.carol, b"INVITE")

    def heard(self, house, phone, method=None):
        """Give a phone all that was sent to it; return the last request of a method, or answer."""
        found = None
        for flow, data in house.phones:
            if flow.host == BEN:
                self.second_invite = message.parse(data)
        for flow, data in house.phones:
            if flow.host == phone.flow.host:
                one = phone.hear(data)
                if getattr(one, "method", None) == method:
                    found = one
        house.phones = []
        return found

    def take(self, status, lines=(), body=""):
        """Let carol answer; return what alice hears."""
        self.farm.receive(self.carol.answer(status, "INVITE", lines, body), CAROL)
        return self.heard(self.barn, self.alice)

    def connect(self):
        """Bring a call up; return the description that alice was answered."""
        self.dial()
        answer = self.take(200, [KIND], sdp(CAROL))
        self.barn.receive(self.alice.acknowledge(), ALICE)
        return answer

    def assert_nothing_left(self):
        self.assertTrue(self.barn.is_empty(), "at alice's node")
        self.assertTrue(self.farm.is_empty(), "at carol's node")


class KeysTest(RelayingCase):
    def setUp(self):
        self.build()

    def test_both_ends_show_the_same_words_and_name_each_other_as_in_the_mesh(self):
        self.connect()
        near, far = self.barn.call(), self.farm.call()
        self.assertEqual(near["words"], far["words"])
        self.assertEqual((near["security"], far["security"]), ("encrypted", "encrypted"))
        self.assertEqual((near["contact"], far["contact"]), ("carol@farm", "alice@barn"))

    def test_no_phone_sees_a_key(self):
        invite = self.dial()
        answer = self.take(200, [KIND], sdp(CAROL))
        self.barn.receive(self.alice.acknowledge(), ALICE)
        ack = self.heard(self.farm, self.carol, b"ACK")
        for one in (invite, answer, ack):
            self.assertNotIn(b"bellhop", one.write().lower())

    def test_who_called_is_known_when_he_is_called_back(self):
        self.connect()
        self.barn.receive(self.alice.within("BYE"), ALICE)
        register(self.barn, "alice", ALICE)
        self.town.advance(3000)
        self.carol.dialog = None
        offer = self.carol.request("INVITE", "sip:alice@home.test", [KIND], sdp(CAROL))
        self.farm.receive(offer, CAROL)
        self.heard(self.barn, self.alice)
        self.barn.receive(self.alice.answer(200, "INVITE", [KIND], sdp(ALICE)), ALICE)
        self.heard(self.farm, self.carol)
        self.farm.receive(self.carol.acknowledge(), CAROL)
        self.assertEqual(self.farm.call()["security"], "known key")
        self.assertEqual(self.barn.call()["security"], "known key")


class EndTest(RelayingCase):
    """Every path that ends a call leaves no session and no relay."""

    def setUp(self):
        self.build()

    def test_bye(self):
        self.connect()
        self.barn.receive(self.alice.within("BYE"), ALICE)
        self.assert_nothing_left()

    def test_refusal_by_the_phone(self):
        self.dial()
        self.assertEqual(self.take(486).status, 486)
        self.assert_nothing_left()

    def test_cancel_while_it_rings(self):
        self.dial()
        self.take(180)
        self.barn.receive(self.alice.cancel(), ALICE)
        self.heard(self.farm, self.carol)
        self.farm.receive(self.carol.answer(200, "CANCEL"), CAROL)
        self.assertEqual(self.take(487).status, 487)
        self.assert_nothing_left()

    def test_cancel_before_the_ports_are_open(self):
        self.barn.is_slow = True
        self.assertIsNone(self.dial())
        self.barn.receive(self.alice.cancel(), ALICE)
        self.barn.is_slow = False
        self.barn.open()
        self.assertIsNone(self.heard(self.farm, self.carol, b"INVITE"))
        self.assertEqual(self.heard(self.barn, self.alice).status, 487)
        self.town.advance(GIVEN_UP)
        self.assert_nothing_left()

    def test_nobody_answers(self):
        self.dial()
        self.take(180)
        self.town.advance(PATIENCE + GIVEN_UP)
        self.assert_nothing_left()

    def test_far_node_is_gone(self):
        del self.town.houses["10.0.2.1"]
        self.dial()
        self.town.advance(PATIENCE)
        self.assertTrue(self.barn.is_empty())

    def test_answer_is_never_acknowledged(self):
        self.dial()
        self.take(200, [KIND], sdp(CAROL))
        self.town.advance(GIVEN_UP)
        self.assert_nothing_left()

    def test_second_phone_never_answers_its_cancel(self):
        register(self.farm, "carol", BEN)
        self.dial()
        self.take(180)
        other = Phone("D", "carol", Flow("udp", 0, BEN, 5060, 0, ""))
        other.asked["INVITE"] = self.second_invite
        self.farm.receive(other.answer(180, "INVITE"), BEN)
        self.take(200, [KIND], sdp(CAROL))
        self.barn.receive(self.alice.acknowledge(), ALICE)
        self.assertEqual(len(self.farm.engine.features["media"].relays.sessions.by_user), 2)
        self.town.advance(GIVEN_UP + GIVEN_UP)
        self.assertEqual(len(self.farm.engine.features["media"].relays.sessions.by_user), 1)
        self.barn.receive(self.alice.within("BYE"), ALICE)
        self.assert_nothing_left()

    def test_owner_hangs_up(self):
        self.connect()
        self.heard(self.farm, self.carol)
        number = self.barn.call()["number"]
        effects = self.barn.engine.answer("hangup", {"call": number}, self.town.now)[1]
        self.barn.perform(effects)
        self.assertIsNotNone(self.heard(self.farm, self.carol, b"BYE"))
        self.assertIsNotNone(self.heard(self.barn, self.alice, b"BYE"))
        self.assert_nothing_left()

    def test_nothing_is_heard_for_too_long(self):
        self.connect()
        self.heard(self.farm, self.carol)
        (number,) = self.farm.relays
        self.farm.hear("media", "reported", number, DEAD, 0)
        self.assertIsNotNone(self.heard(self.farm, self.carol, b"BYE"))
        self.assertIsNotNone(self.heard(self.barn, self.alice, b"BYE"))
        self.assertEqual(self.farm.last()["ended_by"], "nothing was heard for too long")
        self.assert_nothing_left()

    def test_ports_fail_when_the_called_phone_offers(self):
        self.barn.receive(self.alice.request("INVITE", "sip:carol@home.test"), ALICE)
        self.heard(self.farm, self.carol)
        self.barn.problem = "none left"
        self.assertEqual(self.take(200, [KIND], sdp(CAROL)).status, 200)
        self.barn.receive(self.alice.acknowledge(), ALICE)
        self.assertIsNotNone(self.heard(self.farm, self.carol, b"BYE"))
        self.assertIsNotNone(self.heard(self.barn, self.alice, b"BYE"))
        self.assertIn("never agreed", self.farm.last()["ended_by"])
        self.town.advance(GIVEN_UP)
        self.assert_nothing_left()

    def test_library_refuses_a_change_before_the_answer(self):
        self.dial()
        (number,) = self.barn.relays
        self.barn.hear("media", "failed", number, "no memory")
        self.assertEqual(self.take(200, [KIND], sdp(CAROL)).reason, b"no memory")
        self.assertIsNotNone(self.heard(self.farm, self.carol, b"BYE"))
        self.assert_nothing_left()


class RefusedAnswerTest(RelayingCase):
    """A phone that was picked up is put down again where its answer is refused."""

    def setUp(self):
        self.build(near=("encryption require",), far_suites=None)
        self.dial()
        self.answer = self.take(200, [KIND], sdp(CAROL))

    def sent_to_carol(self):
        found = [message.parse(data).method for _, data in self.farm.phones]
        self.farm.phones = []
        return found

    def test_phone_gets_ack_and_bye_and_the_caller_the_reason(self):
        self.assertEqual(self.answer.status, 488)
        self.assertIn(b"must be encrypted", self.answer.reason)
        self.assertEqual(self.sent_to_carol(), [b"ACK", b"BYE"])
        self.assert_nothing_left()

    def test_repeated_answer_is_acknowledged_again_and_reaches_nobody(self):
        self.sent_to_carol()
        self.assertIsNone(self.take(200, [KIND], sdp(CAROL)))
        self.assertEqual(self.sent_to_carol(), [b"ACK"])


class UnprovedTest(RelayingCase):
    def test_confirmation_that_does_not_fit_ends_the_call_at_both_phones(self):
        self.build()
        self.dial()
        self.take(200, [KIND], sdp(CAROL))
        ((session,),) = self.barn.engine.features["media"].relays.sessions.by_call.values()
        session.agreement.opening.random = bytes(16)
        self.barn.receive(self.alice.acknowledge(), ALICE)
        self.assertIsNone(self.carol.asked.get("ACK"))
        self.assertIsNotNone(self.heard(self.farm, self.carol, b"BYE"))
        self.assertIsNotNone(self.heard(self.barn, self.alice, b"BYE"))
        self.assertEqual(self.farm.engine.answer("trust", {}, 0)[0]["trust"], [])
        self.town.advance(GIVEN_UP)
        self.assert_nothing_left()


class SpoiledRenewalTest(RelayingCase):
    """A re-INVITE or UPDATE whose answer does not fit the keys: the call ends at both phones."""

    def spoil(self, method):
        self.build()
        self.connect()
        self.heard(self.farm, self.carol)
        self.barn.receive(self.alice.within(method, [KIND], sdp(ALICE, 2)), ALICE)
        self.assertIsNotNone(self.heard(self.farm, self.carol, method.encode()))
        ((session,),) = self.barn.engine.features["media"].relays.sessions.by_call.values()
        session.chosen.agreement.secret = bytes(32)
        self.farm.receive(self.carol.answer(200, method, [KIND], sdp(CAROL, 2)), CAROL)
        self.farm_heard = [message.parse(data).method for _, data in self.farm.phones]
        self.barn_heard = [
            getattr(one, "status", None) or one.method for one in self.barn.to_phone(ALICE)
        ]
        self.assertIn("changed on the way", self.barn.last()["ended_by"])
        self.assert_nothing_left()

    def test_re_invite(self):
        self.spoil("INVITE")
        self.assertEqual(self.farm_heard, [b"ACK", b"BYE"])
        self.assertEqual(self.barn_heard[-2:], [488, b"BYE"])

    def test_update(self):
        self.spoil("UPDATE")
        self.assertEqual(self.farm_heard, [b"BYE"])
        self.assertEqual(self.barn_heard[-2:], [488, b"BYE"])


class ForgedTest(RelayingCase):
    """What the node of another house says in its own cells."""

    def say(self, caller, target, lines=(), body=""):
        """Let the farm's node say an INVITE to the barn's; return what became of it there."""
        flow = Flow("udp", 0, self.farm.host, 5060, 0, "")
        data = Phone("M", caller, flow).request("INVITE", target, [KIND] + list(lines), body)
        member = self.farm.engine.features["mesh"]
        node = self.barn.engine.features["mesh"].mesh.id
        effects = member.mesh.call(node, data, self.town.now)[1]
        self.farm.perform(member.carry_out(effects, self.town.now))
        return self.barn.last()

    def test_another_node_that_says_to_be_of_this_house_is_no_phone_of_ours(self):
        self.build(near=("encryption require",))
        register(self.barn, "alice", ALICE)
        ended = self.say("alice", "sip:alice@" + self.barn.key(), (), sdp(ALICE))
        self.assertEqual(ended["status"], 488)
        self.assertIn("alice@farm must be encrypted", ended["ended_by"])

    def test_another_node_speaks_under_its_own_key_alone(self):
        self.build()
        register(self.barn, "alice", ALICE)
        key = "\r\na=bellhop-key:%s\r\nm=" % OFFER
        body = sdp(BEN).replace("\r\nm=", key)
        asserted = "P-Asserted-Identity: <sip:alice@%s>" % self.barn.key()
        ended = self.say("mallory", "sip:alice@" + self.barn.key(), [asserted], body)
        self.assertEqual(ended["status"], 488)
        self.assertIn("not the one that its address names", ended["ended_by"])


class StrictCase(RelayingCase):
    """A phone that takes encrypted calls only, which its node has not been told."""

    def again(self, status=488):
        """Let carol refuse the INVITE; return the one that comes then, or None."""
        before = self.carol.asked["INVITE"]
        answer = self.take(status)
        invite = self.heard(self.farm, self.carol, b"INVITE")
        self.carol.asked["INVITE"] = invite or before
        return invite if answer is None or answer.status == 100 else None


class StrictPhoneTest(StrictCase):
    def test_it_is_offered_every_call_as_savp_from_its_first_refusal_on(self):
        self.build()
        first = self.dial()
        self.assertIn(b" RTP/AVP ", first.body)
        invite = self.again()
        self.assertIn(b" RTP/SAVP ", invite.body)
        # With the number of the first it would be a loop to the phone (RFC 3261 section 8.2.2.2).
        self.assertEqual(invite.cseq[0], first.cseq[0] + 1)
        offered = [line for line in invite.body.split(b"\r\n") if line[:9] == b"a=crypto:"]
        self.assertEqual(
            [line.split(b" ")[:2] for line in offered],
            [[b"a=crypto:1", b"AES_CM_128_HMAC_SHA1_80"],
             [b"a=crypto:2", b"AES_CM_128_HMAC_SHA1_32"],
             [b"a=crypto:3", b"AES_256_CM_HMAC_SHA1_80"]],
        )  # fmt: skip
        own = offered[1].decode().rpartition(":")[0] + ":" + "A" * 40
        body = sdp(CAROL).replace("RTP/AVP", "RTP/SAVP") + own + "\r\n"
        answer = self.take(200, [KIND], body)
        self.assertEqual(answer.status, 200)
        self.assertIn(b" RTP/AVP ", answer.body)
        self.barn.receive(self.alice.acknowledge(), ALICE)
        self.assertEqual(self.farm.call()["security"], "encrypted")
        self.barn.receive(self.alice.within("BYE"), ALICE)
        ended = self.heard(self.farm, self.carol, b"BYE")
        self.assertGreater(ended.cseq[0], invite.cseq[0])
        self.assertIn(b" RTP/SAVP ", self.dial().body)

    def test_one_that_refuses_both_is_asked_twice(self):
        self.build()
        self.dial()
        self.assertIsNotNone(self.again())
        self.assertIsNone(self.again())
        self.assertIn(b" RTP/AVP ", self.dial().body)

    def test_another_refusal_is_no_reason(self):
        self.build()
        self.dial()
        self.assertIsNone(self.again(486))
        self.assertIn(b" RTP/AVP ", self.dial().body)


class UnableTest(RelayingCase):
    def test_node_without_library_refuses_what_must_be_encrypted_before_it_rings(self):
        self.build(near=("encryption require",), far_suites=())
        self.assertIsNone(self.dial())
        answer = self.heard(self.barn, self.alice) or self.alice.asked["response"]
        self.assertEqual(answer.status, 488)
        self.assertIn(b"this node cannot", answer.reason)
        self.assert_nothing_left()

    def test_node_without_library_says_why_its_own_calls_are_refused(self):
        self.build(near=("encryption require",), near_suites=())
        self.assertIsNone(self.dial())
        answer = self.heard(self.barn, self.alice) or self.alice.asked["response"]
        self.assertIn(b"its status says what is missing", answer.reason)

    def test_node_without_library_carries_calls_that_may_be_clear(self):
        self.build(near_suites=())
        self.assertIsNotNone(self.dial())
        self.assertIn(ALICE.encode(), self.carol.asked["INVITE"].body)
        self.assertEqual(self.take(200, [KIND], sdp(CAROL)).status, 200)

    def test_call_that_finds_no_port_goes_on_and_says_that_it_is_clear(self):
        self.build()
        self.barn.problem = "none left"
        self.assertIsNotNone(self.dial())
        self.take(200, [KIND], sdp(CAROL))
        self.barn.receive(self.alice.acknowledge(), ALICE)
        call = self.barn.call()
        self.assertEqual(call["security"], "clear")
        self.assertNotIn("to encrypt the sound between the two nodes", call["in_path"])
