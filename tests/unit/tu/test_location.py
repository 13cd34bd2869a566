"""Location service: bindings, limits, expiry, what is kept over a restart."""

import unittest

from bellhop.limits import MAX_BINDINGS_PER_USER
from bellhop.sip import address, uri
from bellhop.tu import location
from bellhop.tu.location import Binding, Change, Location
from tests.support.messages import flow


def binding(contact=b"sip:bob@10.0.0.3", **fields):
    """Return a Binding of bob; fields: what differs from the usual."""
    made = Binding()
    made.user, made.contact, made.params, made.q = "bob", contact, [], 1000
    made.until, made.call_id, made.cseq, made.path = 60000, b"reg-1", 1, []
    made.flow, made.instance, made.reg_id = flow("10.0.0.3"), None, 0
    made.agent, made.since = b"Phone/1.0", 0
    made.unanswered, made.answers, made.streams = 0, False, None
    made.seconds, made.number = 60, 0
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def kept(*bindings, **options):
    """Return a Location that holds these bindings."""
    table = Location(options.get("most", 100))
    for one in bindings:
        table.add(one)
    return table


def contacts(table, now=0):
    """Return the contacts of bob in the order in which they ring."""
    return [one.contact for one in table.bindings("bob", now)]


class BindingsTest(unittest.TestCase):
    def test_the_most_wanted_come_first_then_the_newest(self):
        table = kept(
            binding(b"sip:bob@a", q=500),
            binding(b"sip:bob@b", since=1, call_id=b"2"),
            binding(b"sip:bob@c", since=2, call_id=b"3"),
        )
        self.assertEqual(contacts(table), [b"sip:bob@c", b"sip:bob@b", b"sip:bob@a"])

    def test_a_binding_ends_at_its_time(self):
        table = kept(binding(until=5000))
        self.assertEqual(len(table.bindings("bob", 4999)), 1)
        self.assertEqual(table.bindings("bob", 5000), [])

    def test_expiry_removes_what_has_ended_and_sets_the_next_deadline(self):
        table = kept(
            binding(b"sip:bob@a", until=5000), binding(b"sip:bob@b", until=9000, call_id=b"2")
        )
        self.assertEqual(table.deadline, 5000)
        gone = table.expire(5000)
        self.assertEqual([one.contact for one in gone], [b"sip:bob@a"])
        self.assertEqual((table.size, table.deadline), (1, 9000))
        table.expire(9000)
        self.assertEqual((table.size, table.deadline, table.users), (0, None, {}))

    def test_a_request_finds_a_binding_by_its_contact(self):
        table = kept(binding(b"sip:bob@10.0.0.3:5060;ob"))
        self.assertIsNotNone(table.by_contact(uri.parse(b"sip:%62ob@10.0.0.3;transport=udp")))
        for other in (b"sip:bob@10.0.0.3:5062", b"sip:alice@10.0.0.3", b"sip:10.0.0.3", b"tel:1"):
            self.assertIsNone(table.by_contact(uri.parse(other)))

    def test_of_two_users_with_one_contact_the_one_that_is_meant_is_found(self):
        table = kept(binding(), binding(user="alice"), binding(user="carol"))
        contact = uri.parse(b"sip:bob@10.0.0.3")
        for user, found in (("bob", "bob"), ("alice", "alice"), (None, "bob"), ("x", "bob")):
            self.assertEqual(table.by_contact(contact, user).user, found)

    def test_a_device_that_comes_back_is_found_by_what_does_not_change(self):
        tcp = b"sip:bob@10.0.0.3:40000;transport=tcp"
        same = binding(tcp)
        moved = binding(b"sip:bob@10.0.0.3:40001;transport=tcp", call_id=b"2")
        other = binding(b"sip:bob@10.0.0.3:40002;transport=tcp", call_id=b"3")
        phone = {"instance": b"<urn:uuid:1>", "reg_id": 1}
        for before, after, found in (
            (same, (same, other), same),
            (same, (moved,), moved),
            (same, (moved, other), None),
            (same, (binding(moved.contact, call_id=b"2", agent=b"Other"),), None),
            (binding(tcp, **phone), (moved, binding(tcp, call_id=b"4", **phone)), "instance"),
            (binding(tcp, **phone), (moved,), None),
        ):
            current = kept(*after).current(before)
            if found == "instance":
                self.assertEqual(current.instance, before.instance)
            else:
                self.assertIs(current, found)

    def test_a_removed_binding_is_found_no_more(self):
        one = binding()
        table = kept(one)
        table.remove(one)
        self.assertIsNone(table.by_contact(uri.parse(b"sip:bob@10.0.0.3")))
        self.assertEqual((table.size, table.users), (0, {}))

    def test_all_gives_the_live_bindings_of_every_user(self):
        table = kept(
            binding(), binding(b"sip:a@b", user="alice"), binding(b"sip:c@d", user="carol", until=1)
        )
        self.assertEqual([one.user for one in table.all(10)], ["alice", "bob"])


class ReplacementTest(unittest.TestCase):
    def test_the_same_contact_is_the_same_device(self):
        table = kept(
            binding(b"sip:bob@10.0.0.3"),
            binding(b"sip:bob@10.0.0.3:5060;ob", call_id=b"2", since=9),
        )
        self.assertEqual(contacts(table), [b"sip:bob@10.0.0.3:5060;ob"])
        self.assertEqual(table.bindings("bob", 0)[0].since, 0)

    def test_the_same_instance_is_the_same_device_wherever_it_is(self):
        one = binding(b"sip:bob@a", instance=b"<urn:uuid:1>")
        table = kept(one, binding(b"sip:bob@b", instance=b"<urn:uuid:1>", call_id=b"2"))
        self.assertEqual(contacts(table), [b"sip:bob@b"])

    def test_every_reg_id_of_an_instance_is_a_flow_of_its_own(self):
        one = binding(b"sip:bob@a", instance=b"<urn:uuid:1>", reg_id=1)
        two = binding(b"sip:bob@a", instance=b"<urn:uuid:1>", reg_id=2, cseq=2)
        self.assertEqual(kept(one, two).size, 2)

    def test_two_users_may_have_the_same_instance(self):
        one = binding(instance=b"<urn:uuid:1>")
        table = kept(one, binding(b"sip:a@b", user="alice", instance=b"<urn:uuid:1>"))
        self.assertEqual(table.size, 2)

    def test_a_contact_rewritten_to_the_outer_address_is_no_second_device(self):
        table = kept(
            binding(b"sip:bob@192.168.1.9:5060"), binding(b"sip:bob@10.0.0.3:5060", cseq=2)
        )
        self.assertEqual(contacts(table), [b"sip:bob@10.0.0.3:5060"])

    def test_two_contacts_of_one_request_are_two_devices(self):
        table = kept(binding(b"sip:bob@a"), binding(b"sip:bob@b"))
        self.assertEqual(table.size, 2)

    def test_past_the_limit_of_devices_the_one_that_ends_first_goes(self):
        many = [
            binding(b"sip:bob@h" + str(number).encode(),
                    call_id=str(number).encode(), until=60000 - number)
            for number in range(MAX_BINDINGS_PER_USER + 1)
        ]  # fmt: skip
        table = kept(*many)
        self.assertEqual(table.size, MAX_BINDINGS_PER_USER)
        self.assertNotIn(many[-2].contact, contacts(table))
        self.assertEqual(table.counters["evicted"], 1)

    def test_a_softphone_with_ever_new_ports_does_not_push_out_the_desk_phone(self):
        desk = binding(b"sip:bob@10.0.0.9", agent=b"Desk", flow=flow("10.0.0.9"), until=1000)
        table = kept(desk)
        for number in range(MAX_BINDINGS_PER_USER + 2):
            contact = b"sip:bob@10.0.0.3:" + str(40000 + number).encode()
            table.add(binding(contact, call_id=str(number).encode(), until=2000 + number))
        self.assertEqual(table.size, MAX_BINDINGS_PER_USER)
        self.assertIn(desk.contact, contacts(table))
        self.assertNotIn(b"sip:bob@10.0.0.3:40000", contacts(table))

    def test_contacts_that_differ_in_transport_are_two(self):
        udp, tcp = b"sip:bob@10.0.0.3;transport=UDP", b"sip:bob@10.0.0.3;transport=tcp"
        table = kept(binding(udp), binding(tcp))
        self.assertEqual(contacts(table), [udp, tcp])
        table.add(binding(b"sip:bob@10.0.0.3", call_id=b"2"))
        self.assertEqual(sorted(contacts(table)), [b"sip:bob@10.0.0.3", tcp])

    def test_who_takes_the_place_of_another_is_news_only_where_the_phone_is_reached_otherwise(self):
        table = kept(binding())
        for fields, is_news in (
            ({"until": 90000, "cseq": 2, "call_id": b"2"}, False),
            ({"q": 500}, True),
            ({"q": 500}, False),
            ({"path": [b"<sip:edge.test;lr>"]}, True),
            ({"flow": flow("10.0.0.9")}, True),
            ({"flow": flow("10.0.0.9", 40000, "tcp", 7)}, True),
            ({"flow": flow("10.0.0.9", 40001, "tcp", 8)}, False),
        ):
            fresh = binding(**fields)
            self.assertEqual(table.add(fresh), [])
            self.assertEqual((fresh.is_news, fresh.number), (is_news, 1), fields)

    def test_those_who_are_gone_for_another_are_told(self):
        table = kept(binding(b"sip:bob@10.0.0.3", call_id=b"1"))
        for port in range(1, MAX_BINDINGS_PER_USER):
            table.add(binding(b"sip:bob@10.0.0.3:%d" % port, agent=None, until=60000 + port))
        gone = table.add(binding(b"sip:bob@10.0.0.3:99", agent=None, until=90000))
        self.assertEqual([one.contact for one in gone], [b"sip:bob@10.0.0.3"])
        self.assertEqual(table.size, MAX_BINDINGS_PER_USER)

    def test_a_full_table_has_room_for_those_who_are_in_it(self):
        table = kept(binding(), most=1)
        self.assertTrue(table.has_room("bob"))
        self.assertFalse(table.has_room("alice"))


class FindTest(unittest.TestCase):
    def change(self, contact, instance=None, reg_id=0):
        """Return a Change that speaks about a contact."""
        return Change(address.parse(b"<" + contact + b">"), 60, 1000, instance, reg_id)

    def test_a_contact_finds_its_binding(self):
        table = kept(binding())
        self.assertIsNotNone(table.find("bob", self.change(b"sip:bob@10.0.0.3:5060")))
        self.assertIsNone(table.find("bob", self.change(b"sip:bob@10.0.0.4")))
        self.assertIsNone(table.find("alice", self.change(b"sip:bob@10.0.0.3")))

    def test_an_instance_finds_its_binding_under_another_contact(self):
        table = kept(binding(instance=b"<urn:uuid:1>", reg_id=1))
        self.assertIsNotNone(table.find("bob", self.change(b"sip:x@y", b"<urn:uuid:1>", 1)))
        self.assertIsNone(table.find("bob", self.change(b"sip:x@y", b"<urn:uuid:1>", 2)))


class NatTest(unittest.TestCase):
    def test_a_contact_that_is_where_the_packets_come_from_is_not_behind_nat(self):
        for contact, host in (
            (b"sip:bob@10.0.0.3", "10.0.0.3"),
            (b"sip:bob@10.0.0.3:5060;ob", "10.0.0.3"),
            (b"sip:bob@[2001:DB8::3]:5060", "2001:db8::3"),
            (b"sip:bob@[2001:db8:0:0:0:0:0:3]", "2001:db8::3"),
        ):
            self.assertFalse(binding(contact, flow=flow(host)).is_behind_nat(), contact)

    def test_another_host_or_port_is_behind_nat(self):
        for contact in (b"sip:bob@192.168.1.9", b"sip:bob@10.0.0.3:5062", b"sip:bob@phone.local"):
            self.assertTrue(binding(contact).is_behind_nat(), contact)


class ContactValueTest(unittest.TestCase):
    def test_the_remaining_seconds_are_told_and_parameters_given_back(self):
        value = location.contact_value(binding(params=[(b"ob", None), (b"x", b"y")]), 500)
        self.assertEqual(value, b"<sip:bob@10.0.0.3>;ob;x=y;expires=60")
