"""Wishes by codes and verbs, and what becomes of calls by them."""

import gc
import unittest

from bellhop.errors import BellhopError
from bellhop.sip import message
from tests.support.exchange import Exchange, Phone, telephone
from tests.support.messages import flow, settings

MINUTE = 60000
USERS = """
config user
	option name alice
	option extension 201
	option password wonderland
	%s
config user
	option name bob
	option extension 202
	option password builder
config user
	option name carol
	option extension 203
	option password christmas
config contact
	option name Gran
	option number 71
	option star 1
	option address sip:gran@far.test
"""


class House(unittest.TestCase):
    """alice, bob and carol with a phone each; the house trusts its own network."""

    users = USERS
    node = "list trusted 10.0.0.0/24\noption responders carol\noption strangers allow\n"

    def start(self, alice="", phones="alice bob carol"):
        self.exchange = self.phones = None
        gc.collect()  # A second node needs its room in one piece, on a small heap.
        self.exchange = Exchange(settings(self.node, users=self.users % alice))
        self.phones = {}
        for index, name in enumerate(("alice", "bob", "carol")):
            phone = Phone(name, name, flow("10.0.0.%d" % (2 + index)))
            if name in phones.split():
                phone = telephone(self.exchange, name, name, phone.flow.host)
            self.phones[name] = phone
        return self.exchange

    def send(self, phone, data):
        """Send octets of a phone; all others hear what reaches them; return what comes back."""
        del self.exchange.sent[:]
        self.exchange.receive(data, phone.flow)
        return self.heard(phone)

    def heard(self, phone):
        back = []
        for _, send in self.exchange.sent:
            for one in self.phones.values():
                if send.flow == one.flow:
                    heard = one.hear(send.data)
                    if one is phone:
                        back.append(heard)
        return back

    def call(self, caller, number, lines=()):
        """Dial; return (hosts that are asked, final response or None)."""
        phone = self.phones[caller]
        target = "sip:" + (number if "@" in number else number + "@home.test")
        back = self.send(phone, phone.request("INVITE", target, lines))
        return self.asked(), final(back)

    def asked(self, method=b"INVITE"):
        found = [(one.flow.host, message.parse(one.data)) for _, one in self.exchange.sent]
        return [host for host, one in found if getattr(one, "method", None) == method]

    def answer(self, name, status):
        phone = self.phones[name]
        self.send(phone, phone.answer(status, "INVITE"))
        return self.asked()

    def request_to(self, name):
        return self.phones[name].asked["INVITE"]

    def tell_time(self, minute):
        """Let the node know the minute of the day."""
        self.exchange.engine.hear("wishes", "clock", minute * MINUTE, self.exchange.now)

    def from_outside(self, caller, method):
        """Send a request of a stranger to alice; return the status of the final answer, or None."""
        user, _, domain = caller[4:].partition("@")
        stranger = Phone(user, user, flow("203.0.113.7"), domain)
        data = stranger.request(method, "sip:201@home.test")
        found = [one for one in self.exchange.answers(data, stranger.flow) if one >= 200]
        return found[-1] if found else None

    def set(self, user, wish, value=None):
        arguments = {"user": user, "wish": wish}
        if value is not None:
            arguments["value"] = value
        answer, effects = self.exchange.engine.answer("set-wish", arguments, self.exchange.now)
        self.exchange.take(effects)
        return answer


def final(responses):
    found = [one for one in responses if one.status >= 200]
    return found[-1] if found else None


class CodesTest(House):
    def test_a_code_sets_a_wish_tells_so_and_keeps_it_first(self):
        self.start()
        asked, answer = self.call("alice", "*21*202%23")
        self.assertEqual((asked, answer.status), ([], 487))
        self.assertEqual(answer.reason, b"set: send every call to 202")
        self.assertEqual([store.name for store in self.exchange.kept], ["wishes"])
        self.assertEqual(self.call("carol", "201")[0], ["10.0.0.3"])
        self.assertEqual(self.call("alice", "*%2321%23")[1].reason, b"set: send every call to 202")
        self.assertEqual(self.call("alice", "#21#".replace("#", "%23"))[1].status, 487)
        self.assertEqual(self.call("carol", "201")[0], ["10.0.0.2"])
        self.call("alice", "*21")
        self.assertEqual(self.call("carol", "201")[0], ["10.0.0.3"])

    def test_what_could_not_be_kept_is_told(self):
        self.start()
        self.exchange.disk_problem = "the disk is full"
        answer = self.call("alice", "*26")[1]
        self.assertIn(b"perhaps not after the next start", answer.reason)

    def test_nobody_else_may_dial_a_code(self):
        self.start()
        stranger = Phone("s", "mallory", flow("203.0.113.7"), "elsewhere.test")
        back = self.exchange.answers(
            stranger.request("INVITE", "sip:*21*202@home.test"), stranger.flow
        )
        self.assertEqual(back[-1], 403)
        self.assertEqual(self.call("carol", "201")[0], ["10.0.0.2"])

    def test_a_forward_that_cannot_be_is_refused_in_words(self):
        self.start()
        for dialled, words in (
            ("*21*299", b"nobody has the number 299"), ("*21", b"no earlier one"),
            ("*21*112", b"number for help"), ("*21*201", b"in a circle"),
        ):  # fmt: skip
            answer = self.call("alice", dialled)[1]
            self.assertEqual(answer.status, 480)
            self.assertIn(words, answer.reason)

    def test_codes_that_the_owner_took_away_are_numbers(self):
        self.node += "config features\noption dnd off\n"
        self.start()
        self.assertEqual(self.call("alice", "*26")[1].status, 404)


class RestTest(House):
    def test_who_rests_is_busy_but_not_for_friends_and_who_calls_again(self):
        self.start()
        self.call("alice", "*26")
        asked, answer = self.call("bob", "201")
        self.assertEqual((asked, answer.status), ([], 486))
        self.assertIn(b"disturbed", answer.reason)
        self.exchange.advance(2 * MINUTE)
        self.assertEqual(self.call("bob", "201")[0], ["10.0.0.2"])
        self.exchange.advance(20 * MINUTE)
        self.assertEqual(self.call("bob", "201")[0], [])
        gran = Phone("g", "gran", flow("203.0.113.7"), "far.test")
        self.send(gran, gran.request("INVITE", "sip:201@home.test"))
        self.assertEqual(self.asked(), ["10.0.0.2"])

    def test_quiet_hours_need_a_clock(self):
        self.start("option quiet '22:00-07:00'")
        self.assertEqual(self.call("bob", "201")[0], ["10.0.0.2"])
        self.tell_time(23 * 60)
        self.assertEqual(self.call("bob", "201")[1].status, 486)
        self.tell_time(9 * 60)
        self.assertEqual(self.call("carol", "201")[0], ["10.0.0.2"])

    def test_who_is_blocked_or_hides_is_refused(self):
        self.start("list block '202'\n\toption anonymous refuse")
        self.assertEqual(self.call("bob", "201")[1].status, 603)
        self.assertEqual(self.call("carol", "201")[0], ["10.0.0.2"])
        hidden = Phone("h", "anonymous", flow("203.0.113.7"), "anonymous.invalid")
        answers = self.exchange.answers(hidden.request("INVITE", "sip:201@home.test"), hidden.flow)
        self.assertEqual(answers[-1], 433)

    def test_a_call_for_help_passes_it_all(self):
        self.start()
        self.call("carol", "*26")
        self.set("carol", "block", "202")
        self.set("carol", "forward_always", "201")
        self.assertEqual(self.call("bob", "112")[0], ["10.0.0.4"])


class ForwardTest(House):
    def test_each_reason_leads_elsewhere(self):
        self.start(
            "option forward_busy 202\n\toption forward_noanswer 203\n\toption forward_after 10"
        )
        self.call("carol", "201")
        self.assertEqual(self.answer("alice", 486), ["10.0.0.3"])
        self.start(
            "option forward_busy 202\n\toption forward_noanswer 203\n\toption forward_after 10"
        )
        self.call("bob", "201")
        self.answer("alice", 180)
        del self.exchange.sent[:]
        self.exchange.advance(10000)
        self.heard(None)
        self.assertEqual(self.asked(b"CANCEL"), ["10.0.0.2"])
        self.assertEqual(self.answer("alice", 487), ["10.0.0.4"])

    def test_a_phone_that_is_off_leads_elsewhere(self):
        self.start("option forward_absent 202", phones="bob carol")
        self.assertEqual(self.call("carol", "201")[0], ["10.0.0.3"])
        request = self.request_to("bob")
        self.assertIn(b"<sip:alice@home.test>;reason=unavailable", request.value(b"diversion"))
        self.assertIn(b"Reason=SIP%3Bcause%3D404>;index=1", request.value(b"history-info"))

    def test_decline_is_busy_and_a_cancel_goes_nowhere(self):
        self.start("option forward_busy 202")
        self.call("carol", "201")
        self.assertEqual(self.answer("alice", 603), ["10.0.0.3"])
        self.start("option forward_busy 202")
        self.call("carol", "201")
        self.answer("alice", 180)
        carol = self.phones["carol"]
        self.send(carol, carol.cancel())
        self.assertEqual(self.asked(b"CANCEL"), ["10.0.0.2"])
        self.assertEqual(self.answer("alice", 487), [])

    def test_chains_are_followed_with_their_history_and_circles_refused(self):
        self.start("option forward_always 202")
        self.set("bob", "forward_always", "203")
        self.assertEqual(self.call("bob", "201")[0], ["10.0.0.4"])
        history = self.request_to("carol").items(b"history-info")
        self.assertEqual([one.rpartition(b"=")[2] for one in history], [b"1", b"2"])
        for wish in ("forward_always", "forward_busy"):
            with self.assertRaises(BellhopError):
                self.set("carol", wish, "201")

    def test_a_circle_of_options_is_refused_in_words(self):
        self.start("option forward_busy 202")
        self.set("bob", "forward_busy", "203")
        self.set("carol", "forward_busy", "201")
        gran = Phone("g", "gran", flow("203.0.113.7"), "far.test")
        self.send(gran, gran.request("INVITE", "sip:201@home.test"))
        self.assertEqual(self.answer("alice", 486), ["10.0.0.3"])
        self.assertEqual(self.answer("bob", 486), ["10.0.0.4"])
        self.assertEqual(self.answer("carol", 486), [])
        call = self.exchange.engine.answer("history", {}, self.exchange.now)[0]["history"][0]
        self.assertEqual(call["status"], 482)
        words = "calls are forwarded in a circle by alice, bob, carol"
        self.assertEqual(call["ended_by"], words)

    def test_a_forward_to_the_caller_does_not_ring_the_caller(self):
        self.start("option forward_busy 203")
        self.call("carol", "201")
        self.assertEqual(self.answer("alice", 486), [])
        self.assertEqual(final([self.phones["carol"].asked["response"]]).status, 480)


class VerbsTest(House):
    def test_the_wish_wins_and_is_forgotten_without_a_value(self):
        self.start("option dnd 1")
        self.assertTrue(
            self.exchange.engine.answer("wishes", {"user": "alice"}, 0)[0]["in_force"]["dnd"]
        )
        self.assertFalse(self.set("alice", "dnd", "off")["in_force"]["dnd"])
        self.assertEqual(self.set("alice", "dnd")["wished"], {})

    def test_what_is_no_wish_is_refused(self):
        self.start()
        for wish, value in (("colour", "red"), ("quiet", "now"), ("block", "a\nb")):
            with self.assertRaises(BellhopError):
                self.set("alice", wish, value)

    def test_wishes_come_back(self):
        self.start()
        self.set("alice", "dnd", "on")
        kept = self.exchange.engine.features["wishes"]._dump(0)
        self.start()
        self.exchange.engine.restore("wishes", kept, self.exchange.now)
        self.assertEqual(self.call("bob", "201")[1].status, 486)


if __name__ == "__main__":
    unittest.main()
