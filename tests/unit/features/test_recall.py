"""Codes that dial for somebody: intercom, last caller, redial; the last caller is blocked."""

import unittest

from tests.unit.features.test_wishes import House


class RecallTest(House):
    def test_intercom_is_for_those_who_may(self):
        self.start()
        self.assertEqual(self.call("alice", "*80202")[1].status, 403)
        self.start("option intercom 1")
        self.assertEqual(self.call("alice", "*80202")[0], ["10.0.0.3"])
        request = self.request_to("bob")
        self.assertEqual(request.value(b"answer-mode"), b"Auto")
        self.assertIn(b"answer-after=0", request.value(b"call-info"))
        self.assertEqual(self.call("alice", "*80299")[1].status, 404)

    def test_the_last_caller_and_the_last_number_are_dialled(self):
        self.start()
        self.assertEqual(self.call("alice", "*69")[1].status, 480)
        self.assertEqual(self.call("bob", "*68")[1].status, 480)
        self.call("carol", "201")
        self.answer("alice", 486)
        self.call("bob", "201")
        self.answer("alice", 486)
        self.assertEqual(self.call("alice", "*69")[0], ["10.0.0.3"])
        self.answer("bob", 486)
        self.assertEqual(self.call("carol", "*68%23")[0], ["10.0.0.2"])
        self.answer("alice", 486)
        # Who called back has dialled nothing himself.
        self.assertEqual(self.call("carol", "*68")[0], ["10.0.0.2"])

    def test_the_last_caller_is_blocked_and_let_in_again(self):
        self.start()
        self.assertEqual(self.call("alice", "*30")[1].status, 480)
        self.call("bob", "201")
        self.answer("alice", 486)
        answer = self.call("alice", "*30")[1]
        self.assertEqual(answer.reason, b"bob may not call you any more")
        self.assertEqual(self.call("bob", "202")[1].status, 480)
        self.assertEqual(self.call("bob", "201")[1].status, 603)
        self.assertEqual(self.call("carol", "201")[0], ["10.0.0.2"])
        self.call("alice", "%2330")
        self.assertEqual(self.call("bob", "201")[0], ["10.0.0.2"])


if __name__ == "__main__":
    unittest.main()
