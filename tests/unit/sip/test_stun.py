"""STUN binding requests and their answers; values of RFC 5769."""

import binascii
import unittest

from bellhop.sip import stun

TRANSACTION = binascii.unhexlify("2112a442b7e7a701bc34d686fa87dfae")
REQUEST = binascii.unhexlify("00010000") + TRANSACTION


class StunTest(unittest.TestCase):
    def test_a_binding_request_is_known(self):
        self.assertTrue(stun.is_binding_request(REQUEST))

    def test_a_request_with_attributes_is_known(self):
        data = binascii.unhexlify("00010008") + TRANSACTION + binascii.unhexlify("8022000474657374")
        self.assertTrue(stun.is_binding_request(data))

    def test_no_other_datagram_is_taken_for_one(self):
        response = b"\x01\x01" + REQUEST[2:]
        wrong_cookie = REQUEST[:4] + b"\0\0\0\0" + REQUEST[8:]
        for data in (b"", REQUEST[:19], REQUEST + b"\0", response, wrong_cookie, b"\0" * 20):
            self.assertFalse(stun.is_binding_request(data))

    def test_the_answer_tells_an_ipv4_address(self):
        answer = stun.binding_response(REQUEST, bytes([192, 0, 2, 1]), 32853)
        expected = b"0101000c" + binascii.hexlify(TRANSACTION) + b"002000080001a147e112a643"
        self.assertEqual(binascii.hexlify(answer), expected)

    def test_the_answer_tells_an_ipv6_address(self):
        address = binascii.unhexlify("20010db8123456780011223344556677")
        answer = stun.binding_response(REQUEST, address, 32853)
        expected = b"00200014" + b"0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
        self.assertEqual(binascii.hexlify(answer)[40:], expected)
