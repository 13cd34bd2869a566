"""The bodies of event packages."""

import unittest

from bellhop.subscription.bodies import Talk, dialog_info, pidf, reginfo, summary


class BodiesTest(unittest.TestCase):
    def test_dialog_info(self):
        talks = [Talk(7, "early", False, "c<1", "sip:gran@far.test", 'Gran "G"')]
        body = dialog_info("sip:alice@home.test", 3, talks)
        self.assertIn(b'version="3" state="full" entity="sip:alice@home.test"', body)
        self.assertIn(b'<dialog id="7" call-id="c&lt;1" direction="recipient">', body)
        self.assertIn(b"<state>early</state>", body)
        self.assertIn(b"Gran &quot;G&quot;", body)
        self.assertNotIn(b"<dialog ", dialog_info("sip:alice@home.test", 0, []))
        quiet = dialog_info("sip:a@b", 0, [Talk(1, "confirmed", True, "", "", "")])
        self.assertNotIn(b"remote", quiet)

    def test_presence_is_said_in_every_way_that_phones_know(self):
        self.assertIn(b"<basic>closed</basic>", pidf("sip:a@b", False, ""))
        self.assertIn(b"<note>online</note>", pidf("sip:a@b", True, ""))
        busy = pidf("sip:a@b", True, "busy")
        self.assertIn(b"<rpid:on-the-phone/><rpid:busy/>", busy)
        self.assertNotIn(b"on-the-phone", pidf("sip:a@b", True, "dnd"))

    def test_waiting_texts(self):
        self.assertEqual(
            summary("sip:a@b", 2),
            b"Messages-Waiting: yes\r\nMessage-Account: sip:a@b\r\nText-Message: 2/0\r\n",
        )
        self.assertIn(b"Messages-Waiting: no", summary("sip:a@b", 0))

    def test_phones(self):
        body = reginfo("sip:a@b", 0, [("1", "sip:a@10.0.0.2", 60, 1.0)])
        self.assertIn(b'state="active"', body)
        self.assertIn(b"<uri>sip:a@10.0.0.2</uri>", body)
        self.assertIn(b'state="init"', reginfo("sip:a@b", 0, []))


if __name__ == "__main__":
    unittest.main()
