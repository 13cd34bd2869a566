"""The list of past calls over a restart, and as CSV."""

import json
import unittest

from bellhop.errors import BellhopError
from bellhop.limits import MAX_HISTORY
from tests.unit.features.test_wishes import House

NOON = 1800000000  # 2027-01-15, 08:00 in UTC.
KEEP = "option keep_history 1\n"


class HistoryTest(House):
    def begin(self, keeps=True, clock=NOON):
        """Start a house that keeps its calls, or does not; on a machine that knows the time."""
        self.node = House.node + (KEEP if keeps else "")
        self.start()
        self.stores = []
        self.tell_clock(clock)

    def tell_clock(self, seconds):
        self.exchange.engine.hear("call records", "clock", seconds, 60, self.exchange.now)

    def refused(self, caller="carol"):
        """Let alice refuse a call of somebody; note what is kept."""
        self.call(caller, "201")
        alice = self.phones["alice"]
        effects = self.exchange.engine.receive(alice.answer(486, "INVITE"), alice.flow,
                                               self.exchange.now)  # fmt: skip
        self.stores += [one for one in effects if getattr(one, "name", None) == "history"]

    def kept(self):
        """Return the rows as they come back from the disk."""
        return json.loads(json.dumps(self.stores[-1].read(self.exchange.now)))

    def history(self, form=None):
        arguments = {} if form is None else {"format": form}
        return self.exchange.engine.answer("history", arguments, self.exchange.now)[0]

    def test_past_calls_are_forgotten_after_a_week_in_memory_and_on_flash(self):
        self.begin()
        self.refused()
        self.exchange.advance(6 * 86400000)
        self.refused("bob")
        self.exchange.advance(3600000)
        self.assertEqual(len(self.history()["history"]), 2)
        self.exchange.advance(86400000)
        (row,) = self.history()["history"]
        self.assertEqual(row["caller"], "bob@home.test")
        self.assertEqual(len(self.kept()), 1)

    def test_who_wants_no_history_has_none(self):
        self.begin(keeps=False)
        self.exchange.node.settings.privacy.history_days = 0
        self.refused()
        self.assertEqual(self.history()["history"], [])

    def test_wiping_leaves_no_call_no_message_and_no_stranger(self):
        self.begin()
        self.refused()
        number = self.history()["history"][0]["number"]
        engine, now = self.exchange.engine, self.exchange.now
        self.assertTrue(engine.answer("trace", {"call": str(number)}, now)[0]["messages"])
        with self.assertRaises(BellhopError):
            engine.answer("wipe", {"what": "house"}, now)
        answer, effects = engine.answer("wipe", {"what": "texts"}, now)
        self.assertEqual(len(self.history()["history"]), 1)
        answer, effects = engine.answer("wipe", {}, now)
        self.assertEqual(answer, {"wiped": "all"})
        self.assertEqual(self.history()["history"], [])
        stores = [one for one in effects if getattr(one, "name", None) == "history"]
        self.assertEqual(stores[-1].read(now), [])
        self.assertEqual(engine.answer("strangers", {}, now)[0]["strangers"], [])
        self.assertNotIn(b"201@home.test", repr(engine.node.trace.kept).encode())

    def test_past_calls_come_back_with_their_time_and_numbers_go_on(self):
        self.begin()
        self.refused()
        before = self.history()["history"][0]
        rows = self.kept()
        self.begin(clock=None)
        self.exchange.engine.restore("history", rows, self.exchange.now)
        self.assertEqual(self.history()["history"], [])  # When it was is not known yet.
        self.refused("bob")
        self.exchange.advance(100000)
        self.tell_clock(NOON + 3600)
        newest, oldest = self.history()["history"]
        self.assertEqual((newest["number"], oldest["number"]), (2, 1))
        self.assertEqual(oldest["seconds_since_end"], 3600)
        for name in before:
            if not name.startswith("seconds_since"):
                self.assertEqual(oldest[name], before[name], name)
        restored = self.exchange.node.calls.history[0].members
        self.assertEqual((restored.callee, restored.rang), ("alice", ["alice"]))
        ends = [row["at"] for row in self.exchange.engine.features["call records"].kept.values()]
        self.assertEqual(sorted(ends), [NOON, NOON + 3500])

    def test_nothing_is_kept_where_the_owner_does_not_want_it(self):
        self.begin(keeps=False)
        self.refused()
        self.assertEqual(self.stores, [])
        self.begin()
        self.refused()
        rows = self.kept()
        self.begin(keeps=False)
        self.exchange.engine.restore("history", rows, self.exchange.now)
        effects = self.exchange.engine.start(self.exchange.now)
        (store,) = [one for one in effects if getattr(one, "name", None) == "history"]
        self.assertEqual((store.read(0), store.changes), ([], None))
        self.tell_clock(NOON)
        self.assertEqual(self.history()["history"], [])

    def test_the_oldest_goes(self):
        self.begin()
        self.refused()
        row = self.kept()[0]
        rows = [dict(row, id="call %d" % index, number=index) for index in range(MAX_HISTORY + 5)]
        self.begin()
        self.exchange.engine.restore("history", rows, self.exchange.now)
        self.tell_clock(NOON)
        self.refused()
        self.assertEqual(len(self.history()["history"]), MAX_HISTORY)
        self.assertEqual(len(self.kept()), MAX_HISTORY)
        gone = [key for key, one in self.stores[-1].changes.items() if one is None]
        self.assertEqual(gone, ["call 5"])

    def test_a_spreadsheet_has_a_line_for_each_call(self):
        self.begin()
        self.refused()
        answer = self.history("csv")
        self.assertEqual(answer["content_type"], "text/csv; charset=utf-8")
        head, line, end = answer["text"].split("\r\n")
        self.assertEqual(head.split(",")[:3], ["began", "caller", "callee"])
        fields = line.split(",")
        self.assertEqual(
            fields[:3], ["2027-01-15T09:00:00+01:00", "carol@home.test", "201@home.test"]
        )
        self.assertIn("alice is busy or does not want to talk now", line)
        self.assertEqual(end, "")

    def test_there_is_no_other_format(self):
        self.begin()
        with self.assertRaises(BellhopError):
            self.history("pdf")


if __name__ == "__main__":
    unittest.main()
