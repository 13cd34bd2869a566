"""Proxy core (RFC 3261 sections 16.3 to 16.6, RFC 5393)."""

import unittest

from bellhop.errors import SipError
from bellhop.sip import message
from bellhop.sip.digest import Hmac
from bellhop.tu import dialplan, proxy
from bellhop.tu.listening import ListeningPoint
from tests.support.messages import LISTENERS, flow, parsed, request, settings

from .test_location import binding

LISTENING = [ListeningPoint(one) for one in LISTENERS]


def is_ours(target):
    """Tell whether a Uri names this node."""
    return target.host in (b"home.test", b"10.0.0.1")


class ValidateTest(unittest.TestCase):
    def refusal(self, *args, **fields):
        """Return the status with which a request is refused, or None."""
        try:
            proxy.validate(parsed(*args, **fields))
        except SipError as error:
            self.error = error
            return error.status
        return None

    def test_any_method_and_the_schemes_sip_sips_tel_and_urn_pass(self):
        for target in ("sip:bob@home.test", "sips:bob@home.test", "tel:+1", "urn:service:sos"):
            self.assertIsNone(self.refusal("NEWMETHOD", target))

    def test_an_unknown_scheme_is_refused_with_416(self):
        self.assertEqual(self.refusal("INVITE", "nobodyKnowsThisScheme:totallyopaquecontent"), 416)

    def test_a_request_uri_that_cannot_be_read_is_refused_with_400(self):
        for target in (
            "sip:",
            "<sip:bob@home.test>",
            "bob",
            "sip:bob@home.test?Subject=x",
            "sip:%@a",
        ):
            self.assertEqual(self.refusal("INVITE", target), 400, target)

    def test_a_request_uri_without_measure_is_refused_with_414(self):
        self.assertEqual(self.refusal("INVITE", "sip:%s@home.test" % ("b" * 2048)), 414)

    def test_an_extension_that_the_proxy_must_know_is_refused_with_420(self):
        self.assertEqual(self.refusal("INVITE", lines=["Proxy-Require: privacy, foo"]), 420)
        self.assertEqual(self.error.headers, (b"Unsupported: privacy, foo",))

    def test_a_contact_that_cannot_be_read_begins_no_dialog(self):
        self.assertEqual(self.refusal("INVITE", lines=["Contact: <<>"]), 400)
        self.assertIsNone(self.refusal("REGISTER", lines=["Contact: *"]))


class HopsTest(unittest.TestCase):
    def request(self, hops):
        """Return a request with so many hops left."""
        data = request("INVITE").replace(b"Max-Forwards: 70", b"Max-Forwards: " + hops)
        return message.parse(data)

    def test_no_hops_left_is_refused_with_483(self):
        with self.assertRaises(SipError) as refused:
            proxy.check_hops(self.request(b"0"))
        self.assertEqual(refused.exception.status, 483)
        proxy.check_hops(self.request(b"1"))

    def test_every_hop_counts(self):
        sent = proxy.forwarded(self.request(b"7"), b"sip:x@y", (), b"Via: v", (), None)
        self.assertEqual(sent.value(b"max-forwards"), b"6")

    def test_a_request_without_count_gets_one(self):
        bare = message.parse(request("INVITE").replace(b"Max-Forwards: 70\r\n", b""))
        sent = proxy.forwarded(bare, b"sip:x@y", (), b"Via: v", (), None)
        self.assertIn(sent.value(b"max-forwards"), (b"69", b"70"))


class RouteTest(unittest.TestCase):
    def preprocess(self, target, *routes):
        """Return (tokens, Request-URI, Routes left)."""
        request = parsed("BYE", target, lines=["Route: " + route for route in routes])
        tokens = proxy.preprocess_route(request, is_ours, lambda request, user: user == b"mine")
        return tokens, request.uri, request.items(b"route")

    def test_our_own_routes_are_taken_off_and_their_tokens_kept(self):
        result = self.preprocess(
            "sip:bob@a", "<sip:t1@10.0.0.1;lr>, <sip:t2@home.test;lr=on>", "<sip:n;lr>"
        )
        self.assertEqual(result, ([b"t1", b"t2"], b"sip:bob@a", [b"<sip:n;lr>"]))

    def test_routes_of_others_stay(self):
        result = self.preprocess("sip:bob@a", "<sip:n;lr>", "<sip:t1@10.0.0.1;lr>")
        self.assertEqual(result, ([], b"sip:bob@a", [b"<sip:n;lr>", b"<sip:t1@10.0.0.1;lr>"]))

    def test_a_route_that_this_node_wrote_with_an_address_that_has_gone_is_taken_off(self):
        result = self.preprocess("sip:bob@a", "<sip:t1@10.0.0.1;lr>", "<sip:mine@10.9.9.9;lr>")
        self.assertEqual(result, ([b"t1", b"mine"], b"sip:bob@a", []))

    def test_the_route_that_a_strict_router_wrote_is_undone(self):
        result = self.preprocess("sip:tok@10.0.0.1;lr", "<sip:n;lr>", "<sip:bob@a>")
        self.assertEqual(result, ([b"tok"], b"sip:bob@a", [b"<sip:n;lr>"]))
        result = self.preprocess("sip:tok@10.0.0.1;lr", "<sip:bob@a>")
        self.assertEqual(result, ([b"tok"], b"sip:bob@a", []))

    def test_without_route_nothing_changes(self):
        self.assertEqual(self.preprocess("sip:tok@10.0.0.1;lr"), ([], b"sip:tok@10.0.0.1;lr", []))

    def test_an_empty_or_unreadable_route_is_refused(self):
        for route in (",", "<sip:10.0.0.1;lr>,", "<sip:", "x"):
            with self.assertRaises(SipError):
                self.preprocess("sip:bob@a", route)

    def test_a_strict_router_next_gets_its_own_uri(self):
        request = parsed("BYE", "sip:x@old", lines=["Route: <sip:strict;x=1>, <sip:n;lr>"])
        sent = proxy.forwarded(request, b"sip:bob@a", (), b"Via: v", (), None)
        self.assertEqual(sent.uri, b"sip:strict;x=1")
        self.assertEqual(sent.items(b"route"), [b"<sip:n;lr>", b"<sip:bob@a>"])

    def test_a_loose_router_next_leaves_the_request_uri(self):
        request = parsed("BYE", "sip:x@old", lines=["Route: <sip:n;lr>"])
        sent = proxy.forwarded(request, b"sip:bob@a", (), b"Via: v", (), None)
        self.assertEqual((sent.uri, proxy.next_hop(sent).host), (b"sip:bob@a", b"n"))

    def test_a_path_goes_before_the_routes(self):
        request = parsed("BYE", lines=["Route: <sip:n;lr>"])
        path = [b"<sip:p1;lr>", b"<sip:p2;lr>"]
        sent = proxy.forwarded(request, b"sip:bob@a", path, b"Via: v", (), None)
        self.assertEqual(sent.items(b"route"), path + [b"<sip:n;lr>"])

    def test_without_route_the_request_uri_decides(self):
        self.assertEqual(proxy.next_hop(parsed("BYE")).host, b"home.test")


class ForwardedTest(unittest.TestCase):
    def test_the_own_via_comes_first_and_the_rest_stays_as_it_was(self):
        request = parsed("INVITE", lines=["X-Odd :  kept ;as is", "Max-Breadth: 60"], body="v=0")
        sent = proxy.forwarded(request, b"sip:bob@a", (), b"Via: SIP/2.0/UDP me;branch=z9", (), 5)
        self.assertEqual(sent.lines[0], b"Via: SIP/2.0/UDP me;branch=z9")
        self.assertIn(b"X-Odd :  kept ;as is", sent.lines)
        self.assertEqual((sent.value(b"max-breadth"), sent.body), (b"5", b"v=0"))
        self.assertEqual(len(message.parse(sent.write()).values(b"via")), 2)

    def test_the_request_that_came_is_not_changed(self):
        request = parsed("INVITE", lines=["Route: <sip:strict>"])
        before = request.write()
        proxy.forwarded(
            request, b"sip:a", [b"<sip:p;lr>"], b"Via: v", [b"Record-Route: <sip:me;lr>"], 3
        )
        self.assertEqual(request.write(), before)

    def test_record_routes_come_topmost_first_before_those_of_others(self):
        request = parsed("INVITE", lines=["Record-Route: <sip:old;lr>"])
        lines = proxy.record_routes(b"tok", LISTENING[0], LISTENING[1])
        sent = proxy.forwarded(request, b"sip:a", (), b"Via: v", lines, None)
        self.assertEqual(
            sent.items(b"record-route"),
            [
                b"<sip:tok@10.0.0.1:5060;transport=tcp;lr>",
                b"<sip:tok@10.0.0.1:5060;lr>",
                b"<sip:old;lr>",
            ],
        )

    def test_one_listener_needs_one_record_route(self):
        self.assertEqual(len(proxy.record_routes(b"tok", LISTENING[3], LISTENING[3])), 1)
        line = proxy.record_routes(b"tok", LISTENING[3], LISTENING[3])[0]
        self.assertEqual(line, b"Record-Route: <sip:tok@[2001:db8::1]:5060;lr>")


class LoopTest(unittest.TestCase):
    def passed(self, request, instance=b"me"):
        """Return a request after it has been at a node."""
        mark = proxy.branch(instance, b"random", proxy.loop_key(request))
        via = proxy.via_line(LISTENING[0], mark)
        return proxy.forwarded(request, request.uri, (), via, (), None)

    def check(self, request):
        """Check for a loop at the node `me`."""
        proxy.check_loop(request, b"me", proxy.loop_key(request))

    def test_the_same_request_again_is_a_loop(self):
        with self.assertRaises(SipError) as refused:
            self.check(self.passed(self.passed(parsed("INVITE")), b"other"))
        self.assertEqual(refused.exception.status, 482)

    def test_another_request_uri_is_a_spiral(self):
        returned = self.passed(parsed("INVITE"))
        returned.uri = b"sip:carol@home.test"
        self.check(returned)

    def test_another_node_and_another_call_are_no_loop(self):
        self.check(self.passed(parsed("INVITE"), b"other"))
        data = self.passed(parsed("INVITE")).write()
        self.check(message.parse(data.replace(b"CSeq: 1", b"CSeq: 2")))

    def test_a_branch_has_the_cookie(self):
        self.assertTrue(proxy.branch(b"me", b"r", b"k").startswith(b"z9hG4bK"))


class TokenTest(unittest.TestCase):
    def test_a_token_is_that_of_one_call_and_one_secret(self):
        one = proxy.dialog_token(Hmac(b"secret"), b"call-1")
        self.assertEqual(one, proxy.dialog_token(Hmac(b"secret"), b"call-1"))
        self.assertNotEqual(one, proxy.dialog_token(Hmac(b"secret"), b"call-2"))
        self.assertNotEqual(one, proxy.dialog_token(Hmac(b"other"), b"call-1"))


class RecordRouteReasonsTest(unittest.TestCase):
    def reasons(self, method="INVITE", where=None, came=None, node="option record_route needed\n",
                contact="sip:alice@10.0.0.2", bound=None, **fields):  # fmt: skip
        """Return how many reasons there are to stay in the path."""
        lines = ["Contact: <%s>" % contact]
        target = dialplan.towards(b"sip:bob@10.0.0.3", where or flow("10.0.0.3"), "")
        if bound is not None:
            fields_of_target = list(target)
            fields_of_target[1], fields_of_target[3] = bound.flow, bound
            target = dialplan.Target(*fields_of_target)
        request = parsed(method, lines=lines, **fields)
        return proxy.record_route_reasons(settings(node), request, came or flow(), target)

    def test_between_two_plain_phones_there_is_none(self):
        self.assertEqual(self.reasons(), [])

    def test_the_owner_may_want_to_see_calls(self):
        self.assertEqual(len(self.reasons(node="")), 1)
        self.assertEqual(self.reasons("SUBSCRIBE", node=""), [])

    def test_two_transports_two_networks_and_nat_are_reasons(self):
        self.assertEqual(
            len(self.reasons(where=flow("10.0.0.3", transport="tcp", connection=1))), 2
        )
        self.assertEqual(len(self.reasons(where=flow("2001:db8::3"))), 1)
        self.assertEqual(len(self.reasons(contact="sip:alice@192.168.1.2")), 1)
        self.assertEqual(len(self.reasons(bound=binding(b"sip:bob@192.168.1.3"))), 1)
        self.assertEqual(self.reasons(bound=binding(b"sip:bob@10.0.0.3")), [])

    def test_an_ipv6_contact_that_is_where_it_comes_from_is_no_reason(self):
        reasons = self.reasons(
            contact="sip:alice@[2001:db8:0:0::2]",
            came=flow("2001:db8::2"),
            where=flow("2001:db8::3"),
        )
        self.assertEqual(reasons, [])

    def test_inside_a_dialog_and_for_what_begins_none_there_is_none(self):
        self.assertEqual(self.reasons(node="", to="<sip:bob@home.test>;tag=1"), [])
        self.assertEqual(self.reasons("MESSAGE", node=""), [])
