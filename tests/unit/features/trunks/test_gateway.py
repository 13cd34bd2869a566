"""A house offers its provider to the mesh: who may call by it, how much, and who is told what."""

import unittest

from bellhop.features import catalogue
from bellhop.sip import message
from tests.support.carrier import TELEPHONE, provider
from tests.support.messages import request
from tests.support.town import SETTINGS, House, Town

NEAR, FAR, TEL = ("10.0.0.1", "10.0.0.2", "203.0.113.5")
ROUTE = "config route\n\toption minute %s\n"


class GatewayCase(unittest.TestCase):
    def start(self, offer="option offer all", more="", near=""):
        """Two houses that know each other; the far one has a provider."""
        self.town = Town()
        text = SETTINGS + TELEPHONE
        self.near = House(self.town, NEAR, "near", [("alice", "201")], near, text=text)
        sections = provider(more=offer).replace("option domain tel.test", "option domain " + TEL)
        text += sections.replace("option username", "option register 0\n\toption username")
        self.far = House(self.town, FAR, "far", [("bob", "202")], "", text=text + more)
        catalogue.join_trunks(self.far.engine)
        self.far.hear("trunks", "dated", "2026-11")
        self.far.perform(self.far.engine.start(self.town.now))
        self.town.cable(self.near, self.far)
        self.town.advance(6000)

    @property
    def trunks(self):
        return self.far.engine.features["trunks"]

    def dial(self, number="030987654", call_id="call-1"):
        """Let alice dial; return the INVITE that the provider gets, or None."""
        data = request(
            "INVITE", "sip:%s@home.test" % number, ["Contact: <sip:alice@10.0.0.9>"],
            to="<sip:%s@home.test>" % number, call_id=call_id, branch="z9hG4bK" + call_id,
            via="10.0.0.9:5060",
        )  # fmt: skip
        self.near.receive(data, "10.0.0.9")
        self.town.advance(400)
        found = [one for one in self.far.to_phone(TEL) if getattr(one, "method", 0) == b"INVITE"]
        return found[-1] if found else None

    def statuses(self):
        """Return what alice was told."""
        return [one.status for one in self.near.to_phone("10.0.0.9") if hasattr(one, "status")]

    def answer(self, invite):
        """Let the provider's callee take the call."""
        lines = [b"Contact: <sip:x@%s>" % TEL.encode()]
        response = message.response_to(invite, 200, None, lines, b"p")
        self.far.receive(response.write(), TEL)
        self.town.advance(200)


class GatewayTest(GatewayCase):
    def test_a_house_without_a_provider_calls_by_one_that_offers_it(self):
        self.start()
        invite = self.dial()
        self.assertEqual(invite.uri, b"sip:+4930987654@" + TEL.encode())
        self.assertEqual(invite.from_.uri.user, b"+49301234567")
        call = list(self.near.engine.node.calls.live.values())[0]
        self.assertEqual(call.step, "gateway")
        self.assertIn("telephone network by far, who pays, 1 hop", call.why)
        self.answer(invite)
        self.assertEqual(self.statuses()[-1], 200)

    def test_one_that_does_not_offer_it_is_not_asked(self):
        self.start("option offer no")
        self.assertIsNone(self.dial())
        self.assertEqual(self.statuses()[-1], 404)

    def test_contacts_alone_where_the_owner_says_so(self):
        self.start("option offer contacts")
        self.assertIsNone(self.dial())
        self.assertEqual(self.statuses()[-1] // 100, 4)
        key = self.near.key()
        contact = "config contact\n\toption name N\n\toption address sip:alice@%s\n" % key
        self.start("option offer contacts", contact)
        self.assertIsNotNone(self.dial())

    def test_what_is_not_national_and_has_no_price_is_not_called(self):
        self.start()
        self.assertIsNone(self.dial("0900123456"))
        self.start("option offer all\n\toption offer_money 1000", ROUTE % 99)
        self.assertIsNotNone(self.dial("0900123456"))

    def test_the_call_ends_when_what_is_offered_is_used_up(self):
        self.start("option offer all\n\toption offer_minutes 1")
        self.answer(self.dial())
        self.town.advance(61000)
        ended = [one for one in self.far.to_phone(TEL) if getattr(one, "method", 0) == b"BYE"]
        self.assertEqual(len({one.cseq for one in ended}), 1)
        self.assertEqual(self.trunks.bill.of("tel")["mesh_seconds"], 60)
        self.assertEqual(self.dial(call_id="call-2").call_id, ended[0].call_id)
        self.assertEqual(self.statuses()[-1], 504)

    def test_calls_for_help_of_others_are_not_the_business_of_this_provider(self):
        self.start()
        self.assertIsNone(self.dial("112"))


if __name__ == "__main__":
    unittest.main()
