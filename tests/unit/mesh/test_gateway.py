"""What a router in front is asked and answers: PCP (RFC 6887) and NAT-PMP (RFC 6886)."""

import unittest

from bellhop.errors import MeshError
from bellhop.mesh import gateway

NONCE = b"n" * 12
MAPPED = bytes(10) + b"\xff\xff"


def pcp(result=0, seconds=7200, epoch=100, port=5066, external=40000, host=b"\x05\x09\x4d\x01"):
    """Return the answer to a MAP request."""
    head = bytes((2, 129, 0, result)) + seconds.to_bytes(4, "big") + epoch.to_bytes(4, "big")
    ports = port.to_bytes(2, "big") + external.to_bytes(2, "big")
    return head + bytes(12) + NONCE + b"\x11\0\0\0" + ports + MAPPED + host


class TableTest(unittest.TestCase):
    def test_every_pair_is_decided_once(self):
        for state in gateway.STATES:
            for event in gateway.EVENTS:
                pair = (state, event)
                self.assertEqual((pair in gateway.TABLE) + (pair in gateway.IGNORED), 1, pair)


class PcpTest(unittest.TestCase):
    def test_a_request_has_sixty_octets_as_the_rfc_draws_them(self):
        lease = gateway.Lease(gateway.UDP, 5066, NONCE)
        data = gateway.write_pcp(lease, "192.168.7.2", 7200)
        self.assertEqual(len(data), 60)
        self.assertEqual(data[:8], b"\x02\x01\0\0\0\0\x1c\x20")
        self.assertEqual(data[8:24], MAPPED + b"\xc0\xa8\x07\x02")
        self.assertEqual(data[24:40], NONCE + b"\x11\0\0\0")
        self.assertEqual(data[40:44], (5066).to_bytes(2, "big") * 2)
        self.assertEqual(data[44:], MAPPED + bytes(4))

    def test_what_was_given_is_asked_for_again(self):
        lease = gateway.Lease(gateway.TCP, 5061, NONCE)
        lease.give(40001, "5.9.77.1", 0)
        data = gateway.write_pcp(lease, "192.168.7.2", 7200)
        self.assertEqual(data[42:44] + data[-4:], (40001).to_bytes(2, "big") + b"\x05\x09\x4d\x01")

    def test_an_answer_is_read(self):
        answer = gateway.read(pcp())
        self.assertEqual(answer, gateway.Answer(0, 100, 7200, 17, NONCE, 5066, 40000, "5.9.77.1"))

    def test_a_refusal_need_not_be_whole_and_a_lease_must(self):
        self.assertEqual(gateway.read(pcp(8)[:24]).result, 8)
        self.assertEqual(gateway.read(bytes((2, 128, 0, 0)) + bytes(20)).epoch, 0)
        with self.assertRaises(MeshError):
            gateway.read(pcp()[:59])


class NatPmpTest(unittest.TestCase):
    def test_a_request_has_twelve_octets(self):
        lease = gateway.Lease(gateway.TCP, 5061, NONCE)
        self.assertEqual(gateway.write_natpmp(lease, 7200).hex(), "0002000013c513c500001c20")
        self.assertEqual(gateway.write_natpmp_address(), b"\0\0")

    def test_answers_are_read(self):
        given = gateway.read(bytes.fromhex("008100000000000713ca9c4000001c20"))
        self.assertEqual(given, gateway.Answer(0, 7, 7200, 17, None, 5066, 40000, None))
        told = gateway.read(bytes.fromhex("008000000000000705094d01"))
        self.assertEqual((told.address, told.port), ("5.9.77.1", None))
        self.assertEqual(gateway.read(bytes.fromhex("0081000100000007")).result, 1)

    def test_anything_else_is_none(self):
        for data in (b"", b"\0", b"\0\0", bytes(60), b"\0\x80\0\0", b"\x01\x81" + bytes(58),
                     b"\0\x81\0\0" + bytes(8), b"\0\x83\0\0" + bytes(12)):  # fmt: skip
            with self.assertRaises(MeshError):
                gateway.read(data)


if __name__ == "__main__":
    unittest.main()
