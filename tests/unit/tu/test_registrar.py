"""REGISTER (RFC 3261 section 10.3, RFC 3327, RFC 5626, RFC 5627)."""

import unittest

from bellhop.errors import SipError
from bellhop.sip import uri
from bellhop.tu import registrar
from bellhop.tu.location import Location
from tests.support.messages import flow, parsed

LIMITS = (60, 7200, 3600)
INSTANCE = ';+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"'


class RegistrarCase(unittest.TestCase):
    def setUp(self):
        self.location = Location(100)
        self.cseq = 0

    def register(self, *lines, now=0, call_id="reg-1", cseq=None, user="bob", host="10.0.0.3"):
        """Carry out a REGISTER of bob; return (added, removed) contacts."""
        self.cseq += 1
        request = parsed("REGISTER", lines=lines, call_id=call_id, cseq=cseq or self.cseq)
        added, removed = registrar.register(request, flow(host), user, self.location, LIMITS, now)
        return [one.contact for one in added], [one.contact for one in removed]

    def refused(self, *lines, **options):
        """Return the SipError of a REGISTER that must change nothing."""
        before = self.contacts()
        try:
            self.register(*lines, **options)
        except SipError as error:
            self.assertEqual(self.contacts(), before)
            return error
        raise AssertionError("accepted")

    def contacts(self, now=0):
        """Return contact and remaining seconds of bob's bindings, sorted."""
        bindings = self.location.bindings("bob", now)
        return sorted([(one.contact, (one.until - now) // 1000) for one in bindings])


class ExpiresTest(RegistrarCase):
    def test_the_contact_parameter_goes_before_the_header(self):
        self.register("Contact: <sip:bob@a>;expires=600, <sip:bob@b>", "Expires: 1200")
        self.assertEqual(self.contacts(), [(b"sip:bob@a", 600), (b"sip:bob@b", 1200)])

    def test_without_any_the_default_holds(self):
        self.register("Contact: <sip:bob@a>")
        self.assertEqual(self.contacts(), [(b"sip:bob@a", 3600)])

    def test_too_long_is_cut(self):
        self.register("Contact: <sip:bob@a>;expires=4294967295")
        self.assertEqual(self.contacts(), [(b"sip:bob@a", 7200)])

    def test_over_a_stream_it_is_short_for_nobody_tells_the_phone_that_the_power_went(self):
        for lines, shortest, granted in (
            ("Contact: <sip:bob@a>", 60, registrar.STREAM_SECONDS),
            ("Contact: <sip:bob@a>;expires=7200", 30, registrar.STREAM_SECONDS),
            ("Contact: <sip:bob@a>;expires=45", 30, 45),
            ("Contact: <sip:bob@a>", 300, 300),
        ):
            self.setUp()
            stream, limits = flow("10.0.0.3", 40000, "tcp", 7), (shortest, 7200, 3600)
            request = parsed("REGISTER", lines=[lines])
            registrar.register(request, stream, "bob", self.location, limits, 0)
            self.assertEqual(self.contacts(), [(b"sip:bob@a", granted)])

    def test_too_short_is_refused_with_423_and_min_expires(self):
        error = self.refused("Contact: <sip:bob@a>;expires=59")
        self.assertEqual((error.status, error.headers), (423, (b"Min-Expires: 60",)))

    def test_a_malformed_parameter_counts_as_the_default(self):
        self.register("Contact: <sip:bob@a>;expires=never")
        self.assertEqual(self.contacts(), [(b"sip:bob@a", 3600)])

    def test_zero_removes(self):
        self.register("Contact: <sip:bob@a>")
        added, removed = self.register("Contact: <sip:bob@a>;expires=0")
        self.assertEqual((added, removed, self.contacts()), ([], [b"sip:bob@a"], []))

    def test_zero_in_the_header_removes(self):
        self.register("Contact: <sip:bob@a>")
        self.register("Contact: <sip:bob@a>", "Expires: 0")
        self.assertEqual(self.contacts(), [])

    def test_removing_what_is_not_there_changes_nothing(self):
        self.assertEqual(self.register("Contact: <sip:bob@a>;expires=0"), ([], []))

    def test_removing_one_contact_twice_in_one_request_removes_it_once(self):
        self.register("Contact: <sip:bob@a>")
        _, removed = self.register("Contact: <sip:bob@a>;expires=0, <sip:bob@a:5060>;expires=0")
        self.assertEqual((removed, self.location.size), ([b"sip:bob@a"], 0))

    def test_removing_and_adding_one_contact_in_one_request_leaves_the_new_one(self):
        self.register("Contact: <sip:bob@a>")
        self.register("Contact: <sip:bob@a>;expires=0, <sip:bob@a>;expires=90")
        self.assertEqual(self.contacts(), [(b"sip:bob@a", 90)])


class StarTest(RegistrarCase):
    def test_a_star_removes_all(self):
        self.register("Contact: <sip:bob@a>, <sip:bob@b>")
        _, removed = self.register("Contact: *", "Expires: 0")
        self.assertEqual((sorted(removed), self.contacts()), ([b"sip:bob@a", b"sip:bob@b"], []))

    def test_a_star_needs_expires_0_and_no_other_contact(self):
        self.register("Contact: <sip:bob@a>")
        for lines in (
            ["Contact: *"], ["Contact: *", "Expires: 60"],
            ["Contact: *, <sip:bob@b>", "Expires: 0"], ["Contact: *", "Contact: *", "Expires: 0"],
        ):  # fmt: skip
            self.assertEqual(self.refused(*lines).status, 400)

    def test_a_star_leaves_other_users_alone(self):
        self.register("Contact: <sip:bob@a>")
        self.register("Contact: *", "Expires: 0", user="alice")
        self.assertEqual(len(self.contacts()), 1)


class AllOrNothingTest(RegistrarCase):
    def test_one_bad_contact_among_good_ones_refuses_all(self):
        self.register("Contact: <sip:bob@old>")
        for bad in (
            "<sip:bob@b>;expires=1",
            "<tel:+1>",
            "<sip:bob@b>;q=2",
            "<sip:bob@b",
            "<sip:bob@b>;q=x",
        ):
            error = self.refused("Contact: <sip:bob@a>, <sip:bob@old>;expires=0, " + bad)
            self.assertIn(error.status, (400, 423), bad)

    def test_a_query_changes_nothing(self):
        self.register("Contact: <sip:bob@a>")
        self.assertEqual(self.register(), ([], []))
        self.assertEqual(len(self.contacts()), 1)

    def test_a_full_table_refuses_with_503_and_keeps_what_is_to_be_removed(self):
        self.location.most = 1
        self.register("Contact: <sip:bob@a>")
        error = self.refused("Contact: <sip:alice@b>", user="alice")
        self.assertEqual((error.status, self.location.counters["refused_full"]), (503, 1))


class OrderTest(RegistrarCase):
    def test_an_older_cseq_of_the_same_call_id_is_refused_with_500(self):
        self.register("Contact: <sip:bob@a>", cseq=10)
        for cseq in (10, 9):
            self.assertEqual(self.refused("Contact: <sip:bob@a>;expires=0", cseq=cseq).status, 500)
            self.assertEqual(self.refused("Contact: *", "Expires: 0", cseq=cseq).status, 500)

    def test_another_call_id_may_begin_anew(self):
        self.register("Contact: <sip:bob@a>", cseq=10)
        self.register("Contact: <sip:bob@a>;expires=0", cseq=1, call_id="reg-2")
        self.assertEqual(self.contacts(), [])

    def test_a_contact_not_yet_bound_is_not_measured_by_the_others(self):
        self.register("Contact: <sip:bob@a>", cseq=10)
        self.register("Contact: <sip:rob@b>", cseq=9)
        self.assertEqual(len(self.contacts()), 2)


class QTest(RegistrarCase):
    def test_q_values_are_kept_in_thousandths(self):
        for text, thousandths in (
            ("0", 0), ("1", 1000), ("0.5", 500), ("0.05", 50), ("0.999", 999), ("1.000", 1000),
            ("0.", 0),
        ):  # fmt: skip
            self.register("Contact: <sip:bob@a>;q=" + text)
            self.assertEqual(self.location.bindings("bob", 0)[0].q, thousandths)

    def test_what_is_no_q_value_is_refused(self):
        for text in ("2", "-1", "0.5000", ".5", "0,5", "x", "1.x", '"1"'):
            self.assertEqual(self.refused("Contact: <sip:bob@a>;q=" + text).status, 400)

    def test_q_is_given_back(self):
        self.register("Contact: <sip:bob@a>;q=0.05, <sip:bob@b>;q=0.7, <sip:bob@c>")
        lines = registrar.answer_lines(parsed("REGISTER"), "bob", b"home.test", self.location, 0)
        self.assertEqual(
            lines[:3],
            [
                b"Contact: <sip:bob@c>;expires=3600",
                b"Contact: <sip:bob@b>;expires=3600;q=0.700",
                b"Contact: <sip:bob@a>;expires=3600;q=0.050",
            ],
        )


class OutboundTest(RegistrarCase):
    def register_flow(self, number, *lines):
        """Register flow `number` of one instance."""
        contact = "Contact: <sip:bob@a>%s;reg-id=%d" % (INSTANCE, number)
        return self.register(contact, "Supported: outbound", *lines)

    def test_a_device_may_have_several_flows(self):
        self.register_flow(1)
        self.register_flow(2)
        self.register_flow(2)
        self.assertEqual(sorted([one.reg_id for one in self.location.bindings("bob", 0)]), [1, 2])

    def test_a_reg_id_without_instance_means_nothing(self):
        self.register("Contact: <sip:bob@a>;reg-id=1")
        self.assertEqual(self.location.bindings("bob", 0)[0].reg_id, 0)

    def test_a_malformed_reg_id_is_refused(self):
        self.assertEqual(self.refused("Contact: <sip:bob@a>%s;reg-id=x" % INSTANCE).status, 400)

    def test_a_proxy_on_the_way_without_outbound_is_refused_with_439(self):
        contact = "Contact: <sip:bob@a>%s;reg-id=1" % INSTANCE
        via = "Via: SIP/2.0/UDP proxy;branch=z9hG4bK-p"
        for path in ([], ["Path: <sip:p;lr>"]):
            self.assertEqual(self.refused(contact, via, *path).status, 439)
        self.register(contact, via, "Path: <sip:p;lr;ob>")
        self.assertEqual(self.location.size, 1)

    def test_the_answer_requires_outbound_where_it_was_used(self):
        self.register_flow(1)
        request = parsed("REGISTER", lines=["Supported: path, outbound"])
        lines = registrar.answer_lines(request, "bob", b"home.test", self.location, 0)
        self.assertIn(b"Require: outbound", lines)
        self.assertIn(b"Flow-Timer: 25", lines)
        lines = registrar.answer_lines(parsed("REGISTER"), "bob", b"home.test", self.location, 0)
        self.assertNotIn(b"Require: outbound", lines)


class PathTest(RegistrarCase):
    def test_a_path_is_kept_in_order_and_given_back(self):
        lines = ["Contact: <sip:bob@a>", "Path: <sip:p1;lr>,<sip:p2;lr>", "Path: <sip:p3;lr>"]
        self.register(*lines)
        binding = self.location.bindings("bob", 0)[0]
        self.assertEqual(binding.path, [b"<sip:p1;lr>", b"<sip:p2;lr>", b"<sip:p3;lr>"])
        request = parsed("REGISTER", lines=lines)
        answered = registrar.answer_lines(request, "bob", b"home.test", self.location, 0)
        self.assertIn(b"Path: <sip:p1;lr>,<sip:p2;lr>", answered)
        self.assertIn(b"Path: <sip:p3;lr>", answered)


class ContactParametersTest(RegistrarCase):
    def test_unknown_parameters_are_given_back_and_our_own_are_not_kept(self):
        self.register(
            'Contact: <sip:bob@a;ob>;x="y;z";methods="INVITE";q=1;expires=90;pub-gruu="sip:evil"'
        )
        lines = registrar.answer_lines(parsed("REGISTER"), "bob", b"home.test", self.location, 0)
        self.assertEqual(lines[0], b'Contact: <sip:bob@a;ob>;x="y;z";methods="INVITE";expires=90')

    def test_the_user_agent_is_kept(self):
        self.register("Contact: <sip:bob@a>", "User-Agent: Phone/1.0")
        self.assertEqual(self.location.bindings("bob", 0)[0].agent, b"Phone/1.0")


class GruuTest(RegistrarCase):
    def lines(self, instance):
        """Return the answer to a REGISTER of an instance by a phone that knows GRUU."""
        self.register('Contact: <sip:bob@a>;+sip.instance="%s"' % instance)
        request = parsed("REGISTER", lines=["Supported: gruu"])
        return registrar.answer_lines(request, "bob", b"home.test", self.location, 0)

    def test_the_public_gruu_leads_back_to_the_instance(self):
        (contact,) = [line for line in self.lines("<urn:uuid:1-2>") if line[:8] == b"Contact:"]
        self.assertIn(b';pub-gruu="sip:bob@home.test;gr=urn:uuid:1-2"', contact)
        found = uri.parse(b"sip:bob@home.test;gr=urn:uuid:1-2")
        self.assertEqual(registrar.gruu_instance(found), b"<urn:uuid:1-2>")

    def test_an_instance_with_any_octets_makes_a_uri_that_can_be_read(self):
        for instance in ("<urn:x:a b;c>", '<urn:x:\\"q\\">', "<urn:x:50%>", "<urn:x:a,b?c=d&e#f>"):
            lines = self.lines(instance)
            value = lines[0].partition(b'pub-gruu="')[2].partition(b'"')[0]
            found = registrar.gruu_instance(uri.parse(value))
            self.assertEqual(found, self.location.bindings("bob", 0)[0].instance, instance)
            self.register("Contact: *", "Expires: 0")

    def test_a_phone_that_knows_no_gruu_is_given_none(self):
        self.register("Contact: <sip:bob@a>" + INSTANCE)
        lines = registrar.answer_lines(parsed("REGISTER"), "bob", b"home.test", self.location, 0)
        self.assertNotIn(b"pub-gruu", lines[0])

    def test_a_uri_without_gr_names_no_instance(self):
        for text in (b"sip:bob@home.test", b"sip:bob@home.test;gr", b"sip:bob@home.test;gr="):
            self.assertIsNone(registrar.gruu_instance(uri.parse(text)))
