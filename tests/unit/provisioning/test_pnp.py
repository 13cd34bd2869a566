"""SUBSCRIBE ua-profile as desk phones write it (from their documents and captures of others)."""

import unittest

from bellhop.provisioning import pnp
from bellhop.sip import message

HEAD = (
    "SUBSCRIBE sip:MAC%%3a001565aabbcc@224.0.1.75 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.168.1.50:5060;branch=z9hG4bK1\r\nFrom: %s\r\nTo: %s\r\n"
    "Call-ID: 1@192.168.1.50\r\nCSeq: 1 SUBSCRIBE\r\nContact: <sip:192.168.1.50:5060>\r\n"
    "Event: %s\r\nUser-Agent: %s\r\nExpires: 0\r\nContent-Length: 0\r\n\r\n"
)
EVENT = 'ua-profile;profile-type="device";vendor="%s";model="%s";version="%s"'
YEALINK = HEAD % (
    "<sip:MAC%3a001565aabbcc@224.0.1.75>;tag=1", "<sip:MAC%3a001565aabbcc@224.0.1.75>",
    EVENT % ("yealink", "SIP-T46S", "66.86.0.15"), "Yealink SIP-T46S 66.86.0.15",
)  # fmt: skip


class Reading(unittest.TestCase):
    def test_what_a_phone_says_of_itself_is_read(self):
        asked = pnp.read(YEALINK.encode())
        self.assertEqual(asked[:4], ("001565aabbcc", "yealink", "SIP-T46S", "66.86.0.15"))
        self.assertEqual(asked.contact, b"sip:192.168.1.50:5060")

    def test_no_tag_in_from_and_other_ways_to_write_the_address(self):
        for place in ("<sip:MAC=0030F0123456@10.0.0.1>", "<sip:MAC%3A0030F0123456@10.0.0.1>",
                      "<sip:MAC%3a00-30-f0-12-34-56@10.0.0.1>",
                      "sip:mac_0030f0123456@10.0.0.1"):  # fmt: skip
            text = YEALINK.replace("001565aabbcc", "none").replace(
                "<sip:MAC%3anone@224.0.1.75>;tag=1", place
            )
            self.assertEqual(pnp.read(text.encode()).mac, "0030f0123456", place)

    def test_a_phone_without_an_address_is_known_by_its_agent(self):
        text = HEAD % ("<sip:10.1.1.1>", "<sip:224.0.1.75>", "ua-profile;profile-type=application",
                       "AUDC-IPPhone-420HD/2.2")  # fmt: skip
        asked = pnp.read(text.replace("MAC%3a001565aabbcc@", "").encode())
        self.assertEqual((asked.mac, asked.brand, asked.model), ("", "", "AUDC-IPPhone-420HD/2.2"))

    def test_compact_and_folded_fields_are_read(self):
        text = (
            YEALINK.replace("Event:", "o:").replace("Via:", "v:").replace(";vendor", "\r\n ;vendor")
        )
        self.assertEqual(pnp.read(text.encode()).brand, "yealink")

    def test_what_is_no_such_request_is_none(self):
        for text in ("", "OPTIONS sip:x SIP/2.0\r\n\r\n", YEALINK.replace("ua-profile", "presence"),
                     YEALINK.replace("Via", "X"), "SUBSCRIBE ", YEALINK + "x" * 4000):  # fmt: skip
            self.assertIsNone(pnp.read(text.encode()))

    def test_answer_and_notify_are_sip_and_copy_what_the_phone_wrote(self):
        asked = pnp.read(YEALINK.encode())
        response = message.parse(pnp.answer(asked))
        self.assertEqual((response.status, response.call_id), (200, b"1@192.168.1.50"))
        notify = message.parse(
            pnp.notify(asked, "http://192.168.1.1:8086/p/T/", b"192.168.1.1:5060", b"x")
        )
        self.assertEqual(notify.method, b"NOTIFY")
        self.assertEqual(notify.uri, b"sip:192.168.1.50:5060")
        self.assertEqual(notify.body, b"http://192.168.1.1:8086/p/T/")
        self.assertEqual(
            notify.value(b"event"), (EVENT % ("yealink", "SIP-T46S", "66.86.0.15")).encode()
        )
        self.assertEqual(notify.to.tag, b"1")
