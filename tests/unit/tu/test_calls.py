"""Live calls and history."""

import json
import unittest

from bellhop.limits import MAX_CALLS, MAX_HISTORY
from bellhop.sip import address
from bellhop.text import readable
from bellhop.tu import calls
from bellhop.tu.calls import Calls, name_of
from tests.support.messages import flow, parsed


class CallsCase(unittest.TestCase):
    def setUp(self):
        self.calls = Calls()

    def begin(self, call_id="call-1", now=0, **fields):
        """Begin a call."""
        return self.calls.begin(parsed("INVITE", call_id=call_id, **fields), flow(), now)


class CallTest(CallsCase):
    def test_a_call_is_recorded_in_words(self):
        call = self.begin(sender='"A" <sip:%61lice@home.test>;tag=1', to="<tel:202>")
        record = call.record(5999)
        self.assertEqual((record["caller"], record["callee"]), ("alice@home.test", "202"))
        self.assertEqual((record["state"], record["seconds_since_start"]), ("ringing", 5))
        self.assertIsNone(record["seconds_talked"])
        json.dumps(record)

    def test_a_repeated_invite_and_a_re_invite_are_no_new_calls(self):
        self.begin()
        self.assertIsNone(self.begin())
        self.assertIsNone(self.begin("call-2", to="<sip:bob@home.test>;tag=1"))
        self.assertEqual(self.calls.counters["calls"], 1)

    def test_an_answered_call_that_we_stay_in_lives_until_its_end(self):
        call = self.begin()
        call.in_path = ["a reason"]
        self.calls.answer(call, 200, 1000)
        self.calls.answer(call, 200, 2000)
        self.assertEqual(
            (call.record(3000)["state"], call.record(3000)["seconds_talked"]), ("answered", 2)
        )
        self.calls.end(call, calls.CALLER_HUNG_UP, "the caller hung up", None, 61000)
        record = call.record(71000)
        self.assertEqual((record["status"], record["ended_by"]), (200, "the caller hung up"))
        self.assertEqual((record["seconds_talked"], record["seconds_since_end"]), (60, 10))
        self.assertEqual((len(self.calls.live), self.calls.counters["answered"]), (0, 1))

    def test_an_answered_call_that_goes_past_us_is_history(self):
        call = self.begin()
        self.calls.answer(call, 200, 1000)
        self.assertEqual((self.calls.history, self.calls.live), ([call], {}))

    def test_a_refused_call_keeps_status_and_reason(self):
        call = self.begin()
        self.calls.refuse(call, 486, "Busy Here", 1000)
        self.assertEqual((call.record(0)["status"], call.record(0)["ended_by"]), (486, "Busy Here"))

    def test_a_call_ends_once(self):
        call = self.begin()
        self.calls.end(call, calls.FORGOTTEN, "one", None, 0)
        self.calls.end(call, calls.FORGOTTEN, "two", None, 0)
        self.assertEqual((len(self.calls.history), call.ended_by), (1, "one"))

    def test_live_calls_are_bounded_and_the_oldest_goes(self):
        for number in range(MAX_CALLS + 1):
            self.begin("call-%d" % number, number)
        self.assertEqual((len(self.calls.live), self.calls.counters["forgotten"]), (MAX_CALLS, 1))
        self.assertNotIn(b"call-0", self.calls.live)

    def test_the_history_is_bounded(self):
        for number in range(MAX_HISTORY + 5):
            self.calls.end(self.begin("call-%d" % number), calls.FORGOTTEN, "over", None, 0)
        self.assertEqual(len(self.calls.history), MAX_HISTORY)
        self.assertEqual(self.calls.history[0].call_id, b"call-5")


class WordsTest(unittest.TestCase):
    def test_what_no_terminal_can_bear_is_masked(self):
        self.assertEqual(readable(b"a\x1b[31m\n\xff"), "a?[31m??")

    def test_a_party_is_user_and_host(self):
        for value, name in (
            (b"<sip:a@b:5060;x>", "a@b"), (b"<sip:b>", "b"), (b"<sip:%1b@b>", "?@b"),
            (b"<urn:x:y>", ""),
        ):  # fmt: skip
            self.assertEqual(name_of(address.parse(value)), name)
