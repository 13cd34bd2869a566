"""Session descriptions: lines kept as they are, the few that matter read and replaced."""

import unittest

from bellhop.errors import SipError
from bellhop.media import sdp

OURS = bytes([192, 0, 2, 1])
PLAIN = b"""v=0\r
o=alice 12 34 IN IP4 10.0.0.2\r
s=A call\r
c=IN IP4 10.0.0.2\r
t=0 0\r
a=tool:phone  2\r
m=audio 4000 RTP/AVP 0 8 101\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:101 telephone-event/8000\r
a=fmtp:101 0-15\r
a=ptime:20\r
m=video 4002 RTP/AVP 97\r
c=IN IP4 10.0.0.3\r
b=AS:256\r
a=rtpmap:97 H264/90000\r
a=sendonly\r
a=rtcp:5003 IN IP4 10.0.0.4\r
"""
ICE = b"""a=ice-ufrag:x\r
a=ice-pwd:y\r
a=candidate:1 1 UDP 1 10.0.0.2 4000 typ host\r
a=rtcp-mux\r
"""


def refusal(body):
    """Return the status with which a body is refused, or None."""
    try:
        sdp.parse(body)
    except SipError as error:
        return error.status
    return None


class Reading(unittest.TestCase):
    def test_every_octet_survives(self):
        for body in (PLAIN, PLAIN.replace(b"\r", b""), PLAIN + b"\r\n", PLAIN[:-2], PLAIN[:70]):
            self.assertEqual(sdp.parse(body).write(), body)

    def test_streams_are_read(self):
        audio, video = sdp.parse(PLAIN).streams
        self.assertEqual((audio.kind, audio.port, audio.proto), (b"audio", 4000, b"RTP/AVP"))
        self.assertEqual(audio.formats, [b"0", b"8", b"101"])
        self.assertEqual((video.kind, video.port), (b"video", 4002))

    def test_a_stream_may_have_an_address_of_its_own(self):
        found = sdp.parse(PLAIN)
        self.assertEqual(found.address(found.streams[0]), bytes([10, 0, 0, 2]))
        self.assertEqual(found.address(found.streams[1]), bytes([10, 0, 0, 3]))

    def test_ipv6_is_read(self):
        found = sdp.parse(PLAIN.replace(b"c=IN IP4 10.0.0.2", b"c=IN IP6 2001:db8::2"))
        self.assertEqual(len(found.address(found.streams[0])), 16)

    def test_direction_is_the_streams_or_the_sessions(self):
        found = sdp.parse(PLAIN.replace(b"t=0 0\r\n", b"t=0 0\r\na=recvonly\r\n"))
        self.assertEqual(found.direction(found.streams[0]), sdp.RECVONLY)
        self.assertEqual(found.direction(found.streams[1]), sdp.SENDONLY)
        found = sdp.parse(PLAIN)
        self.assertTrue(found.sends(found.streams[0]) and found.receives(found.streams[0]))
        self.assertFalse(found.receives(found.streams[1]))

    def test_the_old_hold_wants_nothing(self):
        found = sdp.parse(PLAIN.replace(b"c=IN IP4 10.0.0.2", b"c=IN IP4 0.0.0.0"))
        self.assertFalse(found.receives(found.streams[0]))
        self.assertTrue(found.sends(found.streams[0]))

    def test_rtcp_has_the_next_port_its_own_or_the_same(self):
        found = sdp.parse(PLAIN)
        self.assertEqual(found.rtcp(found.streams[0]), (bytes([10, 0, 0, 2]), 4001))
        self.assertEqual(found.rtcp(found.streams[1]), (bytes([10, 0, 0, 4]), 5003))
        found = sdp.parse(PLAIN + b"a=rtcp-mux\r\n")
        self.assertEqual(found.rtcp(found.streams[1])[1], 4002)

    def test_clock_of_the_first_format(self):
        audio, video = sdp.parse(PLAIN.replace(b"PCMU/8000", b"opus/48000/2")).streams
        self.assertEqual((audio.clock_rate(), video.clock_rate()), (48000, 90000))
        bare = sdp.parse(b"v=0\nm=audio 4 RTP/AVP 0\nm=video 4 RTP/AVP 31\n").streams
        self.assertEqual([stream.clock_rate() for stream in bare], [8000, 90000])
        for rate in (b"7", b"99999999", b"x", b"", b"\xb2"):
            odd = sdp.parse(PLAIN.replace(b"PCMU/8000", b"PCMU/" + rate)).streams[0]
            self.assertTrue(1000 <= odd.clock_rate() <= 1000000)


class Refusing(unittest.TestCase):
    def test_what_is_no_description_is_refused(self):
        for body in (
            b"",
            b"hello",
            b"s=x\r\nv=0\r\n",
            b"\xff\xfe",
            b"v=0\r\nhello\r\n",
            b"v=0\r\n=x",
        ):
            self.assertEqual(refusal(body), 400, body)

    def test_broken_media_lines_are_refused(self):
        for line in (
            b"m=",
            b"m=audio",
            b"m=audio 1 RTP/AVP",
            b"m=audio x RTP/AVP 0",
            b"m=audio 65536 RTP/AVP 0",
            b"m=audio -1 RTP/AVP 0",
            b"m=audio 1/x RTP/AVP 0",
        ):
            self.assertEqual(refusal(b"v=0\r\n" + line + b"\r\n"), 400, line)

    def test_size_is_bounded(self):
        self.assertEqual(refusal(b"v=0\r\n" + b"a=x\r\n" * 600), 400)
        self.assertEqual(refusal(b"v=0\r\n" + b"m=audio 1 RTP/AVP 0\r\n" * 9), 488)

    def test_an_address_that_is_none_is_refused_where_it_is_needed(self):
        wrong = (b"IN IP4 host.test", b"IN IP4 224.2.1.1/127", b"IN IP6 10.0.0.1", b"IN", b"",
                 b"IN IP4", b"ATM IP4 10.0.0.1", b"IN IP4 10.0.0.1 x")  # fmt: skip
        for value in wrong:
            found = sdp.parse(b"v=0\r\nc=" + value + b"\r\nm=audio 1 RTP/AVP 0\r\n")
            with self.assertRaises(SipError) as caught:
                found.address(found.streams[0])
            self.assertEqual(caught.exception.status, 488)


class Replacing(unittest.TestCase):
    def test_only_addresses_change(self):
        found = sdp.parse(PLAIN)
        found.lead_to(OURS)
        wanted = PLAIN.replace(b"a=rtcp:5003 IN IP4 10.0.0.4\r\n", b"")
        for number in (b"10.0.0.2", b"10.0.0.3"):
            wanted = wanted.replace(number, b"192.0.2.1")
        self.assertEqual(found.write(), wanted)

    def test_ways_around_the_relay_are_taken_out(self):
        found = sdp.parse(PLAIN.replace(b"t=0 0", b"t=0 0\r\na=group:BUNDLE 1 2") + ICE)
        found.lead_to(OURS)
        written = found.write()
        for word in (b"candidate", b"ice-", b"10.0.0.", b"BUNDLE"):
            self.assertNotIn(word, written)
        self.assertIn(b"a=rtcp-mux\r\n", written)

    def test_the_old_hold_stays(self):
        found = sdp.parse(PLAIN.replace(b"c=IN IP4 10.0.0.2", b"c=IN IP4 0.0.0.0"))
        found.lead_to(OURS)
        self.assertIn(b"c=IN IP4 0.0.0.0\r\n", found.write())

    def test_an_address_of_the_other_family_may_be_put_in(self):
        found = sdp.parse(PLAIN)
        found.lead_to(bytes(15) + b"\x02")
        self.assertIn(b"c=IN IP6 0:0:0:0:0:0:0:2\r\n", found.write())

    def test_a_line_is_added_before_the_first_stream(self):
        found = sdp.parse(PLAIN)
        found.head.add(b"a=x:1")
        self.assertIn(b"a=tool:phone  2\r\na=x:1\r\nm=audio", found.write())

    def test_a_line_is_added_with_the_ending_of_the_others(self):
        found = sdp.parse(PLAIN.replace(b"\r", b""))
        found.streams[1].add(b"a=x:1")
        self.assertTrue(found.write().endswith(b"10.0.0.4\na=x:1\n"))

    def test_changes_of_this_node_count_in_the_version(self):
        for origin, count, expected in (
            (b"o=- 1 7 IN IP4 10.0.0.2", 2, b"o=- 1 9 IN IP4 10.0.0.2\r\n"),
            (b"o=- 1 7 IN IP4 10.0.0.2", 0, b"o=- 1 7 IN IP4 10.0.0.2\r\n"),
            (b"o=- 1 x IN IP4 10.0.0.2", 2, b"o=- 1 x IN IP4 10.0.0.2\r\n"),
            (b"o=- 1 %s IN IP4 10.0.0.2" % (5000 * b"9"), 2, 5000 * b"9" + b" IN IP4 10.0.0.2"),
            (b"o=none", 2, b"o=none\r\n"),
        ):
            found = sdp.parse(b"v=0\r\n" + origin + b"\r\ns=-\r\n")
            found.raise_version(count)
            self.assertIn(expected, found.write())

    def test_a_port_is_written(self):
        found = sdp.parse(PLAIN)
        found.streams[0].port = 0
        found.streams[0].write_media()
        self.assertIn(b"m=audio 0 RTP/AVP 0 8 101\r\n", found.write())


if __name__ == "__main__":
    unittest.main()
