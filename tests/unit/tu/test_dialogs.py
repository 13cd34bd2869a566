import unittest

from bellhop import limits
from bellhop.tu.dialogs import Dialogs
from tests.support.messages import answer, parsed

TO = "<sip:bob@home.test>;tag="


class DialogsTest(unittest.TestCase):
    def setUp(self):
        self.dialogs = Dialogs()
        self.invite = parsed("INVITE")

    def inside(self, sender="a1", to="b1", method="BYE", call_id="call-1"):
        request = parsed(
            method, sender="<sip:alice@home.test>;tag=" + sender, to=TO + to, call_id=call_id
        )
        return self.dialogs.has(request)

    def test_both_tags_and_the_call_id_make_a_dialog_for_either_side(self):
        self.dialogs.begin(self.invite, answer(self.invite, 180))
        self.assertTrue(self.inside())
        self.assertTrue(self.inside("b1", "a1"))
        for sender, to, call_id in (
            ("a1", "x", "call-1"), ("x", "b1", "call-1"), ("a1", "b1", "call-2"),
            ("b1", "b1", "call-1"), ("x", "a1", "call-1"),
        ):  # fmt: skip
            self.assertFalse(self.inside(sender, to, call_id=call_id))

    def test_each_phone_that_rings_has_a_dialog(self):
        for tag in ("b1", "b2"):
            self.dialogs.begin(self.invite, answer(self.invite, 180, tag=tag))
        self.assertTrue(self.inside(to="b1") and self.inside(to="b2"))

    def test_an_answer_without_tag_and_a_request_without_one_are_in_none(self):
        self.dialogs.begin(self.invite, answer(self.invite, 100))
        self.assertFalse(self.dialogs.has(self.invite))
        self.assertFalse(self.inside())

    def test_a_notify_may_come_before_the_answer(self):
        asked = parsed("SUBSCRIBE")
        self.dialogs.ask(asked)
        self.assertFalse(self.inside("n1", "a1", "INFO"))
        self.assertTrue(self.inside("n1", "a1", "NOTIFY"))
        self.assertTrue(self.inside("n1", "a1", "INFO"))

    def test_a_call_is_no_reason_for_a_notify(self):
        self.dialogs.ask(self.invite)
        self.assertFalse(self.inside("n1", "a1", "NOTIFY"))

    def test_the_oldest_goes_where_there_are_too_many(self):
        for number in range(limits.MAX_DIALOGS + 1):
            self.dialogs.begin(self.invite, answer(self.invite, 180, tag="t%d" % number))
        self.assertEqual(len(self.dialogs.known), limits.MAX_DIALOGS)
        self.assertEqual(self.dialogs.counters["dialogs_forgotten"], 1)
        self.assertFalse(self.inside(to="t0"))
        self.assertTrue(self.inside(to="t1"))


if __name__ == "__main__":
    unittest.main()
