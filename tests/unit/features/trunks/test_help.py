"""Calls for help: the provider's emergency service, and who else rings when."""

import unittest

from tests.support.carrier import Carrier, exchange, provider, sdp
from tests.support.exchange import telephone
from tests.support.messages import settings

RESPONDERS = "list trusted 10.0.0.0/24\n\toption responders bob\n"
BESIDE = "config telephone\n\toption emergency beside\n"


class HelpCase(unittest.TestCase):
    def start(self, sections=None, node="list trusted 10.0.0.0/24\n", more=""):
        self.exchange = exchange(sections, more, node)
        self.carrier = Carrier(self.exchange)
        self.carrier.register()
        self.alice = telephone(self.exchange, "A", "alice", "10.0.0.3")
        self.bob = telephone(self.exchange, "B", "bob", "10.0.0.4")

    def call(self, target="sip:112@home.test"):
        self.exchange.receive(self.alice.request("INVITE", target), self.alice.flow)

    def asked(self):
        """Return the hosts that got an INVITE since the last time."""
        found = [
            send.flow.host
            for _, send in self.exchange.sent
            if send.data.startswith(b"INVITE ") and send.flow != self.alice.flow
        ]
        del self.exchange.sent[:]
        return found


class HelpTest(HelpCase):
    def test_a_house_without_responders_calls_the_provider_at_once_as_dialled(self):
        self.start()
        self.call()
        invite = self.carrier.newest(b"INVITE")
        self.assertEqual(invite.uri, b"sip:112@tel.test")

    def test_the_service_urn_is_the_number_of_this_place(self):
        self.start()
        self.call("urn:service:sos.fire")
        self.assertEqual(self.carrier.newest(b"INVITE").uri, b"sip:112@tel.test")

    def test_named_responders_ring_first_and_the_provider_after_ten_seconds(self):
        self.start(node=RESPONDERS)
        self.call()
        self.assertEqual(self.asked(), ["10.0.0.4"])
        self.exchange.advance(9000)
        self.assertNotIn(self.carrier.flow.host, self.asked())
        self.exchange.advance(1100)
        self.assertIn(self.carrier.flow.host, self.asked())

    def test_or_both_ring_together(self):
        self.start(node=RESPONDERS, more="")
        self.exchange.engine.reload(settings(RESPONDERS, BESIDE + provider()), self.exchange.now)
        self.call()
        self.assertEqual(sorted(self.asked()), ["10.0.0.4", self.carrier.flow.host])

    def test_responders_who_decline_do_not_end_it(self):
        self.start(node=RESPONDERS)
        self.call()
        for _, send in self.exchange.sent:
            if send.flow == self.bob.flow:
                self.bob.hear(send.data)
        self.exchange.receive(self.bob.answer(603, "INVITE"), self.bob.flow)
        self.assertIn(self.carrier.flow.host, self.asked())

    def test_a_provider_without_emergency_service_is_not_asked(self):
        self.start(provider(more="option emergency 0"))
        self.call()
        self.assertEqual(self.asked(), [])

    def test_the_caller_is_never_hidden_nor_barred(self):
        users = "config user\n\toption name kim\n\toption password x\n\toption may_call house\n"
        self.start(more=users)
        kim = telephone(self.exchange, "K", "kim", "10.0.0.5", password=b"x")
        lines = ["Privacy: id"]
        self.exchange.receive(kim.request("INVITE", "sip:112@home.test", lines), kim.flow)
        invite = self.carrier.newest(b"INVITE")
        self.assertEqual(invite.from_.uri.user, b"+49301234567")
        self.assertNotIn(b"privacy", invite.names)

    def test_the_address_of_the_house_goes_along_where_the_provider_takes_it(self):
        place = "config telephone\n\toption country 49\n\toption address 'Hof <3>, Berlin'\n"
        self.start(provider(more="option location 1"))
        self.exchange.engine.reload(
            settings("list trusted 10.0.0.0/24\n", place + provider(more="option location 1")),
            self.exchange.now,
        )
        lines = ["Content-Type: application/sdp"]
        data = self.alice.request("INVITE", "sip:112@home.test", lines, sdp("10.0.0.3"))
        self.exchange.receive(data, self.alice.flow)
        invite = self.carrier.newest(b"INVITE")
        self.assertTrue(invite.value(b"content-type").startswith(b"multipart/mixed"))
        part = invite.value(b"geolocation")[5:-1]
        for words in (b"Content-ID: <" + part, b"Hof &lt;3&gt;, Berlin", b"m=audio 4000"):
            self.assertIn(words, invite.body)
        self.exchange.receive(
            self.alice.request("INVITE", "sip:030987654@home.test", lines, sdp("10.0.0.3")),
            self.alice.flow,
        )
        self.assertNotIn(b"Hof", self.carrier.newest(b"INVITE").write())

    def test_the_address_goes_along_in_its_fields(self):
        place = (
            "config telephone\n\toption country 49\n\toption street 'Am <Hof>'\n"
            "\toption house_number 3\n\toption postcode 10115\n\toption city Berlin\n"
            "\toption nation DE\n\toption address 'second floor'\n"
        )
        self.start(provider(more="option location 1"))
        wanted = settings("list trusted 10.0.0.0/24\n", place + provider(more="option location 1"))
        self.exchange.engine.reload(wanted, self.exchange.now)
        self.call()
        body = self.carrier.newest(b"INVITE").body
        told = (
            b"<cl:country>DE</cl:country><cl:A3>Berlin</cl:A3><cl:RD>Am &lt;Hof&gt;</cl:RD>"
            b"<cl:HNO>3</cl:HNO><cl:LOC>second floor</cl:LOC><cl:PC>10115</cl:PC>"
        )
        self.assertIn(told, body)
        self.assertEqual(wanted.problems, [])

    def test_a_house_whose_address_nobody_has_told_tells_none(self):
        self.start(provider(more="option location 1"))
        self.call()
        self.assertFalse(self.carrier.newest(b"INVITE").has(b"geolocation"))

    def test_a_provider_that_takes_no_address_is_told_none(self):
        place = "config telephone\n\toption country 49\n\toption city Berlin\n"
        self.start()
        self.exchange.engine.reload(
            settings("list trusted 10.0.0.0/24\n", place + provider()), self.exchange.now
        )
        self.call()
        self.assertNotIn(b"Berlin", self.carrier.newest(b"INVITE").write())

    def test_full_lines_are_no_reason(self):
        self.start(provider(more="option channels 1"))
        self.exchange.receive(self.bob.request("INVITE", "sip:030987654@home.test"), self.bob.flow)
        self.assertEqual(self.asked(), [self.carrier.flow.host])
        self.call()
        self.assertEqual(self.asked(), [self.carrier.flow.host])

    def test_a_provider_that_is_not_registered_is_asked_all_the_same(self):
        self.exchange = exchange()
        self.carrier = Carrier(self.exchange)
        self.exchange.resolve([self.carrier.flow])
        self.alice = telephone(self.exchange, "A", "alice", "10.0.0.3")
        self.call()
        self.assertIn(self.carrier.flow.host, self.asked())


if __name__ == "__main__":
    unittest.main()
