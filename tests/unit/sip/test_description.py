import unittest

from bellhop.sip import description

OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 96 97 13 105 0\r\na=rtpmap:96 opus/48000/2\r\n"
    b"a=fmtp:96 useinbandfec=1; cbr=0;usedtx=1\r\na=rtpmap:97 OPUS/48000/2\r\n"
    b"a=rtpmap:13 CN/8000\r\na=rtpmap:105 CN/16000\r\na=sendrecv\r\n"
    b"m=video 4002 RTP/AVP 13\r\n"
)


class SteadyTest(unittest.TestCase):
    def test_packets_tell_by_size_and_time_nothing_of_what_is_said(self):
        made = description.steady(OFFER)
        self.assertIn(b"m=audio 4000 RTP/AVP 96 97 0\r\n", made)
        self.assertIn(b"a=fmtp:96 useinbandfec=1;cbr=1;usedtx=0\r\n", made)
        self.assertIn(b"a=rtpmap:97 OPUS/48000/2\r\na=fmtp:97 cbr=1;usedtx=0\r\n", made)
        self.assertNotIn(b"CN/", made)

    def test_the_rest_stays_and_twice_is_once(self):
        made = description.steady(OFFER)
        for line in (b"c=IN IP4 127.0.0.1", b"a=sendrecv", b"m=video 4002 RTP/AVP 13"):
            self.assertIn(line, made)
        self.assertEqual(description.steady(made), made)
        self.assertEqual(description.steady(b"hello"), b"hello")
        self.assertEqual(description.steady(b""), b"")


if __name__ == "__main__":
    unittest.main()
