"""A call for help looks on the phones of responders like no other."""

import unittest

from bellhop.sip import message
from tests.support.exchange import Exchange, telephone
from tests.support.messages import settings
from tests.support.town import House, Town
from tests.unit.features.mesh.test_member import CALLER, register, request


class AlarmTest(unittest.TestCase):
    def dial(self, target, lines=()):
        """Let alice dial; return the INVITE that bob's phone gets."""
        exchange = Exchange(settings("list trusted 10.0.0.0/8\noption responders bob\n"))
        alice = telephone(exchange, "A", "alice", "10.0.0.2")
        bob = telephone(exchange, "B", "bob", "10.0.0.3")
        exchange.receive(alice.request("INVITE", target, lines), alice.flow)
        (sent,) = [one.data for _, one in exchange.sent if one.flow == bob.flow][-1:]
        return message.parse(sent)

    def test_a_call_for_help_is_marked_in_name_and_fields(self):
        for target in ("sip:112@home.test", "urn:service:sos", "tel:112"):
            came = self.dial(target, ['P-Asserted-Identity: "Al" <sip:alice@home.test>'])
            self.assertTrue(came.from_.display.startswith(b'"(112) '), came.from_.display)
            self.assertEqual(came.value(b"priority"), b"emergency")
            self.assertEqual(came.value(b"alert-info"), b"<urn:alert:priority:high>")
            self.assertIsNone(came.value(b"p-asserted-identity"))

    def test_any_other_call_is_as_it_was(self):
        came = self.dial("sip:bob@home.test")
        self.assertNotIn(b"112", came.from_.display or b"")
        self.assertIsNone(came.value(b"priority"))
        self.assertIsNone(came.value(b"alert-info"))

    def test_responders_of_another_node_see_it_too(self):
        town = Town()
        one = House(town, "10.0.1.1", "barn", [("alice", "201")])
        two = House(town, "10.0.2.1", "mill", [("ben", "301")], responders="ben")
        town.cable(one, two)
        register(two, "ben", "10.0.9.2")
        town.advance(4000)
        one.receive(request("INVITE", "sip:112@home.test"), CALLER)
        town.advance(4000)
        (came,) = two.to_phone("10.0.9.2")[:1]
        self.assertTrue(came.from_.display.startswith(b'"(112) alice'), came.from_.display)
        self.assertEqual(came.value(b"priority"), b"emergency")


if __name__ == "__main__":
    unittest.main()
