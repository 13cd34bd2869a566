import unittest

from bellhop.tu import border
from tests.support.messages import parsed

AUTO = [
    "Call-Info: <sip:x>;answer-after=0", "Alert-Info: <http://x>;info=alert-autoanswer",
    "Answer-Mode: Auto", "Priv-Answer-Mode: Auto", "P-Auto-Answer: normal",
]  # fmt: skip
WHO = [
    "P-Asserted-Identity: <sip:carol@home.test>", "P-Preferred-Identity: <sip:carol@home.test>",
    "Remote-Party-ID: <sip:carol@home.test>;screen=yes",
]  # fmt: skip
OURS = 'Digest username="alice", realm="home.test", nonce="1", uri="sip:x", response="2"'
THEIRS = OURS.replace("home.test", "far.test")


class ForeignTest(unittest.TestCase):
    def test_a_message_without_such_lines_is_not_touched(self):
        request = parsed("INVITE", lines=["Subject: tea"])
        before = request.write()
        self.assertFalse(border.take_foreign(request))
        self.assertEqual(request.write(), before)

    def test_all_spellings_go_and_it_is_told_where_a_phone_would_have_answered(self):
        for line in AUTO + WHO:
            request = parsed("INVITE", lines=[line.replace(":", " :", 1).upper(), line, line])
            self.assertEqual(border.take_foreign(request), line in AUTO)
            self.assertNotIn(line.partition(":")[0].lower().encode(), request.names)

    def test_who_has_the_right_may_make_a_phone_answer_and_still_not_say_who_he_is(self):
        request = parsed("INVITE", lines=AUTO + WHO)
        self.assertFalse(border.take_foreign(request, True))
        self.assertEqual(len([name for name in request.names if name in border.BY_RIGHT]), 5)
        self.assertTrue(border.WRITTEN_BY_US.isdisjoint(request.names))


class CredentialsTest(unittest.TestCase):
    def test_those_for_this_node_go_and_those_for_others_stay(self):
        for name in ("Authorization", "Proxy-Authorization", "PROXY-AUTHORIZATION"):
            lines = [name + ": " + OURS, name + ": " + THEIRS, name + " :   " + OURS]
            request = parsed("ACK", lines=lines)
            border.take_credentials(request, b"home.test")
            self.assertEqual(request.values(name.lower().encode()), [THEIRS.encode()])

    def test_what_is_no_digest_stays(self):
        request = parsed("BYE", lines=["Authorization: Bearer home.test", "Authorization: x"])
        border.take_credentials(request, b"home.test")
        self.assertEqual(len(request.values(b"authorization")), 2)


if __name__ == "__main__":
    unittest.main()
