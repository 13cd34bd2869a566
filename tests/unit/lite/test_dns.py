"""Questions to a name server, and what is taken for an answer."""

import unittest

from bellhop.lite import dns

NAME = "_sip._udp.example.org"
ADDRESS = bytes((192, 0, 2, 7))
JUMP_TO_QUESTION = b"\xc0\x0c"


def answer(number=7, flags=0x8180, name="sip.example.org", kind=dns.A, records=()):
    """Return an answer to the question for a name, with these records as octets."""
    asked = dns.question(number, name, kind)[12:]
    head = bytes((number >> 8, number & 255, flags >> 8, flags & 255, 0, 1))
    return head + bytes((0, len(records), 0, 0, 0, 0)) + asked + b"".join(records)


def record(kind, value, owner=JUMP_TO_QUESTION, seconds=300):
    """Return one record as octets."""
    head = bytes((0, kind, 0, 1)) + seconds.to_bytes(4, "big")
    return owner + head + len(value).to_bytes(2, "big") + value


class DnsTest(unittest.TestCase):
    def test_question_has_the_octets_of_rfc_1035(self):
        expected = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x04host\x04test\0\0\x01\0\x01"
        self.assertEqual(dns.question(7, "host.test", dns.A), expected)

    def test_name_with_an_empty_or_long_label_is_refused(self):
        for name in ("a..b", "", "x" * 64 + ".test"):
            with self.assertRaises(ValueError):
                dns.question(1, name, dns.A)

    def test_addresses_are_read_with_the_time_they_hold(self):
        data = answer(records=[record(dns.A, ADDRESS), record(dns.A, ADDRESS, seconds=60)])
        found = dns.answer(data, 7, "sip.example.org", dns.A)
        self.assertEqual(found, dns.Answer(60, [ADDRESS, ADDRESS]))

    def test_alias_is_followed(self):
        alias = b"\x04real\xc0\x10"
        records = [record(dns.CNAME, alias), record(dns.A, ADDRESS, owner=alias)]
        found = dns.answer(answer(records=records), 7, "sip.example.org", dns.A)
        self.assertEqual(found.values, [ADDRESS])

    def test_service_record_is_read(self):
        value = bytes((0, 10, 0, 20, 19, 0xC4)) + b"\x03sip\xc0\x16"
        data = answer(name=NAME, kind=dns.SRV, records=[record(dns.SRV, value)])
        found = dns.answer(data, 7, NAME, dns.SRV)
        self.assertEqual(found.values, [dns.Srv(10, 20, 5060, "sip.example.org")])

    def test_no_such_name_is_an_answer_without_values(self):
        found = dns.answer(answer(flags=0x8183), 7, "sip.example.org", dns.A)
        self.assertEqual(found.values, [])

    def test_an_answer_that_is_cut_is_told(self):
        found = dns.answer(answer(flags=0x8380), 7, "sip.example.org", dns.A)
        self.assertIs(found, dns.CUT)

    def test_answer_to_another_question_is_none(self):
        for data in (answer(number=8), answer(name="other.example.org"), answer(flags=0x0100)):
            self.assertIsNone(dns.answer(data, 7, "sip.example.org", dns.A))

    def test_every_cut_of_an_answer_is_refused_or_no_answer(self):
        value = bytes((0, 10, 0, 20, 19, 0xC4)) + b"\x03sip\xc0\x16"
        data = answer(name=NAME, kind=dns.SRV, records=[record(dns.SRV, value)])
        for end in range(len(data)):
            try:
                found = dns.answer(data[:end], 7, NAME, dns.SRV)
            except ValueError:
                found = None
            self.assertIsNone(found)

    def test_name_that_jumps_to_itself_ends(self):
        loop = answer(records=[record(dns.A, ADDRESS, owner=b"\xc0\x21")])
        with self.assertRaises(ValueError):
            dns.answer(loop, 7, "sip.example.org", dns.A)


if __name__ == "__main__":
    unittest.main()
