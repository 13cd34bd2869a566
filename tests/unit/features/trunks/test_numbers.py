"""Which number rings whom, who is shown, who calls by which name."""

import unittest

from bellhop import spam
from tests.support.carrier import Carrier, exchange, house, provider
from tests.support.exchange import telephone
from tests.support.messages import flow

RULES = """
config group
	option name family
	list member alice
	list member bob
config number
	list number +4930123450..+4930123459
	option ring alice
config number
	list number 030777
	option ring bob
	option hours 08:00-18:00
	option otherwise alice
config contact
	option name Gran
	option number 71
	option address tel:+4989222
"""
NOON, NIGHT = 12 * 3600000, 23 * 3600000


class InCase(unittest.TestCase):
    def start(self, more=RULES, lines="list number 030777\n\tlist number +493012345*"):
        self.exchange = exchange(provider(more=lines), more)
        self.carrier = Carrier(self.exchange)
        self.contact = self.carrier.register().contacts[0].uri_bytes.decode()
        self.phones = {
            name: telephone(self.exchange, name, name, "10.0.0.%d" % (3 + index))
            for index, name in enumerate(("alice", "bob"))
        }

    def ring(self, number, caller="+4989111", lines=(), target=None, source=None):
        """Let the provider call; return {name: INVITE} of the phones that ring."""
        del self.exchange.sent[:]
        lines = ["P-Asserted-Identity: <sip:%s@tel.test>" % caller] + list(lines)
        data = self.carrier.request("INVITE", target or "sip:%s@10.0.0.1" % number, lines)
        self.exchange.receive(data, source or self.carrier.flow)
        found = {}
        for _, send in self.exchange.sent:
            for name, phone in self.phones.items():
                if send.flow == phone.flow and send.data.startswith(b"INVITE"):
                    found[name] = phone.hear(send.data)
        return found

    def status(self):
        """Return the last status that the provider got."""
        answers = [one.status for one in self.carrier.take() if hasattr(one, "status")]
        return answers[-1] if answers else None


class InTest(InCase):
    def test_numbers_ranges_and_the_rest_ring_whom_the_owner_says(self):
        self.start()
        self.assertEqual(list(self.ring("+4930123455")), ["alice"])
        self.assertEqual(list(self.ring("+49301234567")), ["bob"])
        self.assertEqual(list(self.ring("0049301234567")), ["bob"])

    def test_hours_decide_where_the_time_is_known(self):
        self.start()
        for day_ms, name in ((NOON, "bob"), (NIGHT, "alice")):
            self.exchange.engine.hear("wishes", "clock", day_ms, self.exchange.now)
            self.assertEqual(list(self.ring("030777")), [name])

    def test_the_line_alone_rings_by_the_number_in_to(self):
        self.start()
        self.assertEqual(list(self.ring("x", target=self.contact)), ["bob"])

    def test_the_line_is_known_from_everywhere_a_number_only_from_there(self):
        self.start()
        elsewhere = flow("198.51.100.9")
        self.assertEqual(list(self.ring("x", target=self.contact, source=elsewhere)), ["bob"])
        self.assertEqual(self.ring("+49301234567", source=elsewhere), {})

    def test_callers_have_the_name_of_the_phone_book(self):
        self.start()
        for written in ("+4989222", "089222", "004989222"):
            invite = self.ring("+4930123455", written)["alice"]
            self.assertEqual(invite.from_.display, b'"Gran"')
            self.assertEqual(invite.from_.uri.write(), b"sip:+4989222@tel.test")

    def test_who_says_to_be_of_this_house_is_not(self):
        self.start()
        invite = self.ring("+4930123455", "202")["alice"]
        self.assertEqual(invite.from_.uri.host, b"tel.test")
        self.assertFalse(self.exchange.node.is_ours(invite.from_.uri))

    def test_hidden_callers_are_nobody(self):
        self.start()
        invite = self.ring("+4930123455", lines=["Privacy: id"])["alice"]
        self.assertEqual(invite.from_.uri.host, b"anonymous.invalid")
        self.assertNotIn(b"4989111", invite.write())

    def test_nothing_else_of_the_provider_reaches_a_phone(self):
        self.start()
        lines = [
            "Call-Info: <sip:x>;answer-after=0", "Alert-Info: <x>;info=alert-autoanswer",
            "Replaces: a;to-tag=b;from-tag=c", "X-Any: thing", "Record-Route: <sip:203.0.113.7;lr>",
            "User-Agent: sbc", "History-Info: <sip:secret@x>;index=1",
        ]  # fmt: skip
        written = self.ring("+4930123455", lines=lines)["alice"].write()
        for word in (b"answer-after", b"autoanswer", b"Replaces", b"X-Any", b"203.0.113.7", b"sbc"):
            self.assertNotIn(word, written)

    def test_a_number_that_nobody_has_is_refused(self):
        self.start("", "")
        self.exchange = exchange(provider().replace("option ring bob", ""))
        self.carrier = Carrier(self.exchange)
        self.carrier.register()
        self.phones = {}
        self.assertEqual(self.ring("+49301234567"), {})
        self.assertEqual(self.status(), 404)

    def test_an_invite_that_comes_by_two_ways_rings_once(self):
        self.start()
        self.ring("+4930123455")
        again = self.carrier.last.replace(b"branch=z9hG4bK", b"branch=z9hG4bKother")
        self.exchange.receive(again, self.carrier.flow)
        self.assertEqual(self.status(), 482)

    def test_a_transfer_by_the_provider_is_not_obeyed(self):
        self.start()
        alice = self.phones["alice"]
        self.ring("+4930123455")
        self.exchange.receive(alice.answer(200, "INVITE"), alice.flow)
        self.carrier.take()
        self.exchange.receive(self.carrier.acknowledge(), self.carrier.flow)
        lines = ["Refer-To: <sip:+499001234@tel.test>"]
        self.exchange.receive(self.carrier.within("REFER", lines), self.carrier.flow)
        self.assertEqual(self.status(), 405)


class SpamTest(InCase):
    def test_they_are_shown_as_what_they_are(self):
        self.start()
        self.exchange.node.settings.telephone.spam = "mark"
        self.listed()
        self.assertEqual(self.ring("+4930123455")["alice"].from_.display, b'"(spam?) +4989111"')

    def listed(self):
        octets = spam.unsigned([b"+4989111", b"+4989222"], b"s" * 16)
        self.exchange.take(self.exchange.engine.hear(
            "trunks", "spam", octets + b"x" * 64, lambda *_: True, self.exchange.now
        ))  # fmt: skip

    def test_or_refused_but_nobody_of_the_phone_book(self):
        self.start()
        self.exchange.node.settings.telephone.spam = "refuse"
        self.listed()
        self.assertEqual(self.ring("+4930123455"), {})
        self.assertEqual(self.status(), 603)
        self.assertEqual(list(self.ring("+4930123455", "+4989222")), ["alice"])

    def test_a_list_of_somebody_else_is_told(self):
        self.start()
        octets = spam.unsigned([b"+4989111"], b"s" * 16) + b"x" * 64
        effects = self.exchange.engine.hear(
            "trunks", "spam", octets, lambda *_: False, self.exchange.now
        )
        self.assertIn("not signed", effects[0].text)
        self.assertEqual(list(self.ring("+4930123455")), ["alice"])


class OutTest(unittest.TestCase):
    def shown(self, users="", groups="", more=""):
        """Return the From that the provider sees of alice's call."""
        made, carrier, phones = house(
            provider(more="list number 030777\n\tlist number 030888\n\t" + more), users + groups
        )
        alice = phones["alice"]
        made.receive(alice.request("INVITE", "sip:030987654@home.test"), alice.flow)
        return carrier.newest(b"INVITE")

    def test_the_number_of_a_group_or_of_the_house(self):
        group = "config group\n\toption name g\n\tlist member alice\n\toption caller_number %s\n"
        self.assertEqual(self.shown().from_.uri.user, b"+49301234567")
        self.assertEqual(self.shown(groups=group % "030777").from_.uri.user, b"+4930777")
        # One that is not the provider's is not shown: that would be somebody else's.
        self.assertEqual(self.shown(groups=group % "030999").from_.uri.user, b"+49301234567")

    def test_providers_want_the_number_in_different_places(self):
        asserted = self.shown(more="option caller asserted")
        self.assertEqual(asserted.from_.uri.user, b"user1")
        value = asserted.value(b"p-asserted-identity")
        self.assertEqual(value, b"<sip:+49301234567@tel.test>")
        preferred = self.shown(more="option caller preferred\n\toption format plain")
        value = preferred.value(b"p-preferred-identity")
        self.assertEqual(value, b"<sip:49301234567@tel.test>")
        self.assertEqual(preferred.uri, b"sip:4930987654@tel.test")

    def test_a_code_of_the_provider_hides_the_number(self):
        made, carrier, phones = house(provider(more="option hide '*31#'"))
        alice = phones["alice"]
        made.receive(alice.request("INVITE", "sip:*31030987654@home.test"), alice.flow)
        invite = carrier.newest(b"INVITE")
        self.assertEqual(invite.uri, b"sip:*31%23+4930987654@tel.test")
        self.assertNotIn(b"privacy", invite.names)


if __name__ == "__main__":
    unittest.main()
