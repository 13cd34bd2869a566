"""What outsiders hear of calls: one form, one time, whatever became of them."""

import unittest

from bellhop.features import uniform
from bellhop.sip import message
from tests.support.exchange import Exchange, Phone, telephone
from tests.support.messages import flow, settings
from tests.support.tables import Decided

DOOR = "option strangers allow\noption stranger_requests_per_minute 0\n"
MORE = """config privacy
option uniform_seconds 20
%s
"""
PEOPLE = (
    "config user\noption name bob\noption extension 202\noption password two\n"
    "config user\noption name alice\noption extension 201\noption password one\n%s"
)
# Whom the stranger calls, and what his phone does: None where none rings.
STATES = {
    "unknown": ("nobody", None), "no phone": ("alice", None), "busy": ("bob", 486),
    "declined": ("bob", 603), "blocked": ("bob", None), "policy": ("bob", None),
}  # fmt: skip
LONGEST = 22000


class TablesTest(Decided, unittest.TestCase):
    MACHINES = (uniform,)


class UniformTest(unittest.TestCase):
    def start(self, node="", bob="", privacy=""):
        users = PEOPLE.replace("two\n", "two\n" + bob) % ""
        self.exchange = Exchange(settings(DOOR + node, MORE % privacy, users))
        self.bob = telephone(self.exchange, "B", "bob", "10.0.0.3", password=b"two")
        self.sam = Phone("S", "sam", flow("203.0.113.7"), domain="far.test")

    def call(self, name, status=None, wait=LONGEST):
        """Let the stranger call; return [(ms, response)] that he hears, his phone's own in time."""
        begun = self.exchange.now
        del self.exchange.sent[:]
        self.exchange.receive(self.sam.request("INVITE", "sip:%s@home.test" % name), self.sam.flow)
        asked = [send for _, send in self.exchange.sent if send.flow == self.bob.flow]
        if asked:
            self.bob.hear(asked[0].data)
        if status is not None:
            self.exchange.advance(300)
            self.exchange.receive(self.bob.answer(180, "INVITE"), self.bob.flow)
            self.exchange.advance(1500)
            self.exchange.receive(self.bob.answer(status, "INVITE"), self.bob.flow)
        self.exchange.advance(begun + wait - self.exchange.now)
        return self.heard(begun)

    def heard(self, begun):
        found = []
        for at, send in self.exchange.sent:
            if send.flow == self.sam.flow:
                response = message.parse(send.data)
                if not found or found[-1][1].status != response.status:
                    found.append((at - begun, response))
        return found

    def starts_of(self):
        """Yield (name of a state, Exchange-ready call) of each of the six."""
        for state, (name, status) in STATES.items():
            self.start(
                "list blocked far.test\n" if state == "blocked" else "",
                "option unknown refuse\n" if state == "policy" else "",
            )
            yield state, name, status

    def test_six_states_have_one_form_and_one_time(self):
        forms = set()
        for state, name, status in self.starts_of():
            heard = self.call(name, status)
            times = [at for at, _ in heard]
            self.assertEqual([one.status for _, one in heard], [100, 180, 480], state)
            self.assertEqual(times[:2], [200, 400], state)
            self.assertTrue(20000 <= times[2] <= 22000, state)
            final = heard[2][1]
            self.assertEqual(heard[1][1].to.tag, final.to.tag)
            for _, one in heard:
                tag = one.to.tag or b"-"
                written = one.write().replace(tag, b"").replace(name.encode(), b"")
                forms.add((one.status, written))
        self.assertEqual(len(forms), 3)
        self.assertIn(b"SIP/2.0 480 Temporarily Unavailable", sorted(forms)[2][1])

    def test_the_owner_sees_the_truth(self):
        for state, name, status in self.starts_of():
            if state in ("unknown", "busy"):
                self.call(name, status)
                rows = self.exchange.engine.answer("history", {}, self.exchange.now)[0]["history"]
                strangers = self.exchange.engine.answer("strangers", {}, self.exchange.now)[0]
                told = [row["status"] for row in rows + strangers["strangers"]]
                self.assertIn(486 if status else 404, told, state)

    def test_an_answer_is_heard_at_once(self):
        self.start()
        heard = self.call("bob", 200, 3000)
        self.assertEqual([one.status for _, one in heard], [100, 180, 200])
        self.assertEqual(heard[-1][0], 1800)

    def test_who_hangs_up_hears_so_at_once_in_every_state(self):
        for state, (name, _) in STATES.items():
            self.start("list blocked far.test\n" if state == "blocked" else "")
            self.call(name, None, 2000)
            begun = self.exchange.now
            self.exchange.receive(self.sam.cancel(), self.sam.flow)
            heard = self.heard(begun)
            self.assertEqual((0, 487), (heard[-1][0], heard[-1][1].status), state)

    def test_phones_stop_ringing_when_the_caller_was_told(self):
        self.start()
        begun = self.exchange.now
        self.exchange.receive(self.sam.request("INVITE", "sip:bob@home.test"), self.sam.flow)
        (asked,) = [send for _, send in self.exchange.sent if send.flow == self.bob.flow]
        self.bob.hear(asked.data)
        self.exchange.receive(self.bob.answer(180, "INVITE"), self.bob.flow)
        self.exchange.advance(LONGEST)
        self.assertEqual(self.heard(begun)[-1][1].status, 480)
        sent = [message.parse(send.data) for _, send in self.exchange.sent]
        self.assertIn(b"CANCEL", [getattr(one, "method", None) for one in sent])

    def test_a_forward_goes_on_when_it_has_rung(self):
        self.start(bob="option forward_noanswer 201\noption forward_after 60\n")
        alice = telephone(self.exchange, "A", "alice", "10.0.0.4", password=b"one")
        self.call("bob", None, 100)
        self.exchange.receive(self.bob.answer(180, "INVITE"), self.bob.flow)
        self.exchange.advance(LONGEST)
        self.exchange.receive(self.bob.answer(487, "INVITE"), self.bob.flow)
        asked = [send for _, send in self.exchange.sent if send.flow == alice.flow]
        self.assertEqual(alice.hear(asked[0].data).method, b"INVITE")
        self.assertNotIn(480, [one.status for _, one in self.heard(0)])
        self.exchange.receive(alice.answer(200, "INVITE"), alice.flow)
        self.assertEqual(self.heard(0)[-1][1].status, 200)

    def test_texts_are_taken_and_promise_nothing(self):
        for name in ("nobody", "alice", "bob"):
            self.start()
            begun = self.exchange.now
            data = self.sam.request("MESSAGE", "sip:%s@home.test" % name, (), "hello")
            self.exchange.receive(data, self.sam.flow)
            self.exchange.advance(5000)
            self.assertEqual([(at, one.status) for at, one in self.heard(begun)], [(400, 202)])

    def text(self, name):
        """Let the stranger write; return [(ms, status)] that he hears within 5 s."""
        begun = self.exchange.now
        data = self.sam.request("MESSAGE", "sip:%s@home.test" % name, (), "hello")
        self.exchange.receive(data, self.sam.flow)
        self.exchange.advance(5000)
        heard = [(at, one.status) for at, one in self.heard(begun) if one.status != 100]
        del self.exchange.sent[:]
        return heard

    def test_a_text_that_waits_for_a_slow_flash_is_not_acknowledged_before(self):
        self.start()
        begun = self.exchange.now
        self.exchange.unwritten = []
        self.assertEqual(self.text("alice"), [])
        self.exchange.write()
        self.assertEqual(self.heard(begun)[-1][0], 5000)
        self.assertEqual(self.heard(begun)[-1][1].status, 202)
        self.assertEqual(len(self.exchange.kept), 1)

    def test_no_text_is_acknowledged_while_nothing_can_be_kept(self):
        self.start()
        self.exchange.disk_problem = "read-only"
        for name in ("alice", "nobody"):
            self.assertEqual(self.text(name), [(400, 480)])
        self.exchange.unwritten = []
        self.assertEqual(self.text("alice"), [])
        self.exchange.write()
        self.assertEqual(self.heard(0)[-1][1].status, 480)
        self.exchange.disk_problem = ""
        self.text("alice")
        self.assertEqual(self.text("alice"), [(400, 202)])

    def test_whoever_writes_too_much_hears_so_whomever_he_means(self):
        found = []
        for name in ("nobody", "alice", "bob"):
            self.start()
            found.append([self.text(name) for _ in range(9)])
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0], found[2])
        self.assertEqual(found[0], [[(400, 202)]] * 8 + [[(400, 480)]])

    def test_what_else_is_asked_has_one_answer(self):
        for method, status in (("OPTIONS", 200), ("SUBSCRIBE", 403), ("PUBLISH", 403)):
            answers = set()
            for name in ("nobody", "alice", "bob"):
                self.start()
                data = self.sam.request(method, "sip:%s@home.test" % name, ("Event: presence",))
                (sent,) = self.exchange.receive(data, self.sam.flow)
                got = message.parse(sent.data)
                self.assertEqual(got.status, status)
                kept = [line for line in got.lines if line[:3].lower() != b"to:"]
                answers.add((got.reason, tuple(kept)))
            self.assertEqual(len(answers), 1, method)

    def test_more_than_a_few_calls_are_refused_whomever_they_mean(self):
        self.start()
        for count in range(6):
            begun = self.exchange.now
            name = ("bob", "nobody")[count % 2]
            heard = self.call(name, None, 1000)
            if count < 4:
                self.assertEqual([one.status for _, one in heard], [100, 180])
            else:
                self.assertEqual([one.status for _, one in heard], [100, 480])
                self.assertEqual(heard[1][0], 400)
                self.assertEqual(begun + 1000, self.exchange.now)
        told, _ = self.exchange.engine.answer("status", {}, self.exchange.now)
        self.assertEqual(told["counters"]["uniform"], {"held": 4, "no_room": 2})

    def test_help_phones_here_and_houses_that_want_it_hear_the_truth(self):
        self.start("option help_for_strangers 1\noption responders bob\n")
        self.call("112", 486, 3000)
        self.assertEqual(self.heard(0)[-1][1].status, 480)
        self.assertIn(b"call another way", self.heard(0)[-1][1].reason)
        self.start(privacy="option uniform 0\n")
        self.assertEqual(self.call("nobody", None, 1000)[0][1].status, 404)
        alice = telephone(self.exchange, "A", "alice", "10.0.0.4", password=b"one")
        (challenge,) = self.exchange.receive(
            alice.request("INVITE", "sip:none@home.test"), alice.flow
        )
        self.assertEqual(alice.hear(challenge.data).status, 407)
        (answer,) = self.exchange.receive(alice.proven("INVITE"), alice.flow)
        self.assertEqual(message.parse(answer.data).status, 404)

    def test_reliable_ringing_is_not_promised(self):
        self.start()
        data = self.sam.request("INVITE", "sip:bob@home.test", ("Supported: timer, 100rel",))
        self.exchange.receive(data, self.sam.flow)
        asked = [send for _, send in self.exchange.sent if send.flow == self.bob.flow]
        self.assertEqual(message.parse(asked[-1].data).value(b"supported"), b"timer")
        data = self.sam.request("INVITE", "sip:bob@home.test", ("Require: 100rel",))
        (sent,) = self.exchange.receive(data, self.sam.flow)
        self.assertEqual(message.parse(sent.data).status, 420)


if __name__ == "__main__":
    unittest.main()
