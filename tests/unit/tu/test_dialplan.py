"""What a Request-URI leads to."""

import unittest

from bellhop.errors import SipError
from bellhop.sip import uri
from bellhop.tu import dialplan
from bellhop.tu.listening import ListeningPoint
from bellhop.tu.location import Location
from tests.support.messages import LISTENERS, flow, settings

from .test_location import binding

MORE = """
config group
	option name family
	option extension 600
	list member bob
	list member carol
config group
	option name office
	option strategy sequential
	list member bob
	list member alice
	list member carol
"""
LISTENING = [None] + [ListeningPoint(one) for one in LISTENERS]


class DialplanCase(unittest.TestCase):
    def setUp(self):
        self.settings = settings("list alias_domain house.test\n", MORE)
        self.location = Location(100)

    def bind(self, user, contact, **fields):
        """Register a device."""
        fields.setdefault("call_id", contact)
        self.location.add(binding(contact, user=user, **fields))

    def find(self, target):
        """Return (step, target URIs in their groups) for a Request-URI."""
        found = dialplan.find(self.settings, LISTENING, self.location, uri.parse(target), 0)
        return found.rule, [[one.uri for one in group] for group in found.stages]


class WrittenTest(DialplanCase):
    def test_a_request_uri_goes_on_byte_for_byte(self):
        self.bind("bob", b"sip:bob-0x1@10.0.0.3:5062")
        for target in (
            b"sip:bob-0x1@10.0.0.3:5062;Line=AbC", b"SIP:bob-0x1@10.0.0.3:5062;LR=on;x-Y=%41",
            b"sip:Ann@Far.test;Line=7Zq",
        ):  # fmt: skip
            self.assertEqual(self.find(target)[1], [[target]])


class LocalTest(DialplanCase):
    def test_name_extension_and_alias_lead_to_the_same_phone_in_every_spelling(self):
        self.bind("bob", b"sip:bob@a")
        for target in (
            b"sip:bob@home.test", b"sip:BOB@HOME.TEST", b"sip:202@home.test",
            b"sip:robert@home.test",
            b"sip:%62ob@home.test", b"sips:bob@home.test", b"sip:bob@house.test",
            b"sip:bob@home.test:5060",
            b"sip:bob@10.0.0.1", b"sip:bob@10.0.0.1:5060", b"sip:bob@10.0.0.1:5061", b"tel:202",
            b"sip:bob@[2001:DB8:0::1]", b"sip:bob@home.test;transport=tcp", b"sip:bob@home.test.",
        ):  # fmt: skip
            self.assertEqual(self.find(target), (dialplan.LOCAL, [[b"sip:bob@a"]]), target)

    def test_a_number_is_found_however_it_is_written(self):
        self.settings = settings(
            "option responders bob\nlist emergency_number 1-1-2\n",
            "config contact\noption number '+49 30/987'\noption address sip:taxi@far.test\n",
            "config user\noption name bob\noption password x\noption extension 2-02\n"
            "list alias '+49 (30) 1234'\n",
        )
        self.bind("bob", b"sip:bob@a")
        for number, step, led in (
            (b"202", dialplan.LOCAL, b"sip:bob@a"),
            (b"+49301234", dialplan.LOCAL, b"sip:bob@a"),
            (b"+4930987", dialplan.PHONE_BOOK, b"sip:taxi@far.test"),
            (b"112", dialplan.EMERGENCY, b"sip:bob@a"),
        ):
            spread = b"-".join([number[at : at + 2] for at in range(0, len(number), 2)])
            for target in (
                b"tel:" + number, b"tel:" + spread, b"tel:" + number + b";phone-context=home.test",
                b"sip:" + spread + b"@home.test;user=phone", b"sip:" + number + b"%23@home.test",
                b"sip:" + number + b";phone-context=+49@home.test;user=phone",
            ):  # fmt: skip
                self.assertEqual(self.find(target), (step, [[led]]), target)

    def test_another_port_of_an_own_address_is_another_place(self):
        self.assertEqual(self.find(b"sip:bob@10.0.0.1:5070")[0], dialplan.ELSEWHERE)

    def test_devices_ring_by_q_one_list_after_the_other(self):
        self.bind("bob", b"sip:bob@a", q=500)
        self.bind("bob", b"sip:bob@b")
        self.bind("bob", b"sip:bob@c", q=500)
        _, groups = self.find(b"sip:bob@home.test")
        self.assertEqual(
            [sorted(group) for group in groups], [[b"sip:bob@b"], [b"sip:bob@a", b"sip:bob@c"]]
        )

    def test_of_several_flows_of_one_device_one_rings(self):
        for number in (1, 2):
            self.bind("bob", b"sip:bob@a", instance=b"<urn:uuid:1>", reg_id=number, since=number)
        self.assertEqual(self.find(b"sip:bob@home.test")[1], [[b"sip:bob@a"]])

    def test_a_gruu_rings_its_device_only(self):
        self.bind("bob", b"sip:bob@a", instance=b"<urn:uuid:1>")
        self.bind("bob", b"sip:bob@b", instance=b"<urn:uuid:2>")
        self.assertEqual(self.find(b"sip:bob@home.test;gr=urn:uuid:2")[1], [[b"sip:bob@b"]])
        self.assertEqual(self.find(b"sip:bob@home.test;gr=urn:uuid:3")[1], [])

    def test_nobody_and_nobody_there_have_no_targets(self):
        self.assertEqual(self.find(b"sip:nobody@home.test"), (dialplan.LOCAL, []))
        self.assertEqual(self.find(b"sip:bob@home.test"), (dialplan.LOCAL, []))

    def test_a_contact_with_method_or_headers_makes_a_plain_request_uri(self):
        self.bind("bob", b"sip:bob@a;method=INVITE;x=1?Subject=x")
        self.assertEqual(self.find(b"sip:bob@home.test")[1], [[b"sip:bob@a;x=1"]])

    def test_a_binding_with_a_path_is_found_by_its_path(self):
        self.bind("bob", b"sip:bob@a", path=[b"<sip:p;lr>"])
        found = dialplan.find(self.settings, LISTENING, self.location, uri.parse(b"tel:202"), 0)
        target = found.stages[0][0]
        self.assertEqual((target.flow, target.path), (None, [b"<sip:p;lr>"]))


class GroupTest(DialplanCase):
    def test_all_members_ring_at_once(self):
        self.bind("bob", b"sip:bob@a")
        self.bind("carol", b"sip:carol@b")
        self.bind("alice", b"sip:alice@c")
        self.assertEqual(self.find(b"sip:600@home.test")[1], [[b"sip:bob@a", b"sip:carol@b"]])

    def test_members_ring_one_after_the_other_where_the_owner_wants_it(self):
        self.bind("carol", b"sip:carol@b")
        self.bind("bob", b"sip:bob@a")
        self.assertEqual(self.find(b"sip:office@home.test")[1], [[b"sip:bob@a"], [b"sip:carol@b"]])

    def test_a_group_of_absent_people_has_no_targets(self):
        self.assertEqual(self.find(b"sip:600@home.test")[1], [])


class ElsewhereTest(DialplanCase):
    def test_the_contact_of_a_registered_phone_goes_over_its_flow(self):
        self.bind("bob", b"sip:bob@192.168.1.9:5062", flow=flow("10.0.0.3"))
        found = dialplan.find(
            self.settings, LISTENING, self.location, uri.parse(b"sip:bob@192.168.1.9:5062;ob"), 0
        )
        target = found.stages[0][0]
        self.assertEqual(
            (found.rule, target.uri), (dialplan.CONTACT, b"sip:bob@192.168.1.9:5062;ob")
        )
        self.assertEqual(target.flow, flow("10.0.0.3"))

    def test_an_ended_registration_leads_nowhere(self):
        self.bind("bob", b"sip:bob@a", until=0)
        self.assertEqual(self.find(b"sip:bob@a")[0], dialplan.ELSEWHERE)

    def test_another_host_is_looked_up(self):
        found = dialplan.find(
            self.settings, LISTENING, self.location, uri.parse(b"sip:x@far.test"), 0
        )
        self.assertEqual(found.rule, dialplan.ELSEWHERE)
        self.assertEqual(found.stages[0][0].flow, None)

    def test_a_scheme_that_leads_nowhere_is_refused_with_416(self):
        with self.assertRaises(SipError) as refused:
            self.find(b"mailto:bob@home.test")
        self.assertEqual(refused.exception.status, 416)

    def test_every_target_says_why(self):
        self.bind("bob", b"sip:bob@a")
        for target, reason in (
            (b"sip:202@home.test", "bob's phone"), (b"sip:bob@a", "contact of bob's phone"),
            (b"sip:x@far.test", "host far.test"),
        ):  # fmt: skip
            found = dialplan.find(self.settings, LISTENING, self.location, uri.parse(target), 0)
            self.assertEqual(found.stages[0][0].reason, reason)


class SpeedDialTest(DialplanCase):
    def test_a_short_number_leads_to_the_address_of_a_contact(self):
        contact = "config contact\noption number 7\noption address sip:gran@far.test\n"
        self.settings = settings(more=contact)
        found = (dialplan.PHONE_BOOK, [[b"sip:gran@far.test"]])
        self.assertEqual(self.find(b"sip:7@home.test"), found)
        self.assertEqual(self.find(b"tel:7"), found)


class ShortNumberTest(unittest.TestCase):
    def test_public_short_numbers_are_nobodys(self):
        configured = settings("list emergency_number 4711\nlist reserved_number 0800\n")
        for number in b"110 112 117 118 119 122 911 999 000 111 116000 116117 4711 0800".split():
            self.assertTrue(dialplan.is_short_number(configured, number), number)
        for number in (b"202", b"1100", b"11611", b"1161171", b"116abc", b"alice", b""):
            self.assertFalse(dialplan.is_short_number(configured, number), number)


class EmergencyTest(DialplanCase):
    def setUp(self):
        self.settings = settings("list emergency_number 112\noption responders family\n", MORE)
        self.location = Location(100)
        self.bind("bob", b"sip:bob@a")

    def test_emergency_numbers_and_services_ring_the_responders(self):
        for target in (
            b"sip:112@home.test",
            b"tel:112",
            b"urn:service:sos",
            b"URN:Service:SOS.fire",
        ):
            self.assertEqual(self.find(target), (dialplan.EMERGENCY, [[b"sip:bob@a"]]), target)

    def test_an_emergency_number_of_another_domain_is_its_own_affair(self):
        self.assertEqual(self.find(b"sip:112@far.test")[0], dialplan.ELSEWHERE)


class SpokenTest(unittest.TestCase):
    def test_octets_that_no_log_can_bear_are_masked(self):
        self.assertEqual(dialplan.spoken(uri.parse(b"sip:a%0Ab%FFc@d")), "a?b?c")
        self.assertEqual(dialplan.spoken(uri.parse(b"sip:d")), "")
