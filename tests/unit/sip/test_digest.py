"""Digest: known answers of RFC 2617 section 3.5, RFC 7616 section 3.9.1, RFC 4231."""

import binascii
import unittest

from bellhop.errors import SipError
from bellhop.sip import digest

RFC_2617 = (
    b'Digest username="Mufasa", realm="testrealm@host.com", '
    b'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth, '
    b'nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", '
    b'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
RFC_7616 = (
    b'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", '
    b'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, qop=auth, '
    b'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", '
)
MD5_ANSWER = b'algorithm=MD5, response="8ca523f5e9506fed4657c9700eebdbec"'
SHA256_ANSWER = (
    b"algorithm=SHA-256, response="
    b'"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"'
)


def computed(value, password):
    """Return (response computed, response given) of an Authorization value."""
    fields = digest.credentials(value)
    secret = digest.ha1(fields.algorithm, fields.username, fields.realm, password)
    return digest.response(fields.algorithm, secret, b"GET", fields), fields.response


class KnownAnswersTest(unittest.TestCase):
    def test_md5_of_rfc_2617(self):
        result, given = computed(RFC_2617, b"Circle Of Life")
        self.assertEqual(result, given)

    def test_md5_of_rfc_7616(self):
        result, given = computed(RFC_7616 + MD5_ANSWER, b"Circle of Life")
        self.assertEqual(result, given)

    def test_sha_256_of_rfc_7616(self):
        result, given = computed(RFC_7616 + SHA256_ANSWER, b"Circle of Life")
        self.assertEqual(result, given)

    def test_without_qop_the_answer_of_rfc_2069_is_computed(self):
        value = (
            b'Digest username="Mufasa", realm="testrealm@host.com", '
            b'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", '
            b'response="1949323746fe6a43ef61f9606e7febea"'
        )
        result, given = computed(value, b"CircleOfLife")
        self.assertEqual(result, given)

    def test_hmac_sha_256_of_rfc_4231(self):
        for key, data, proof in (
            (b"\x0b" * 20, b"Hi There",
             b"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (b"Jefe", b"what do ya want for nothing?",
             b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ):  # fmt: skip
            self.assertEqual(binascii.hexlify(digest.Hmac(key).of(data)), proof)


class CredentialsTest(unittest.TestCase):
    def test_fields_lose_their_quotes(self):
        fields = digest.credentials(
            b'DIGEST   username="a\\"b", realm="r",qop="auth" , nc=00000001'
        )
        self.assertEqual((fields.username, fields.realm), (b'a"b', b"r"))
        self.assertEqual((fields.qop, fields.nc), (b"auth", b"00000001"))

    def test_a_tab_is_as_good_as_a_blank(self):
        fields = digest.credentials(b'Digest\tusername\t=\t"a"\t,\trealm="r"\t')
        self.assertEqual((fields.username, fields.realm), (b"a", b"r"))

    def test_a_comma_in_quotes_does_not_part_fields(self):
        self.assertEqual(digest.credentials(b'Digest uri="sip:a,b@c", realm="r"').uri, b"sip:a,b@c")

    def test_without_algorithm_it_is_md5(self):
        self.assertEqual(digest.credentials(b'Digest username="a"').algorithm, digest.MD5)

    def test_the_algorithm_is_read_in_any_case_and_in_quotes(self):
        self.assertEqual(digest.credentials(b'Digest algorithm="sha-256"').algorithm, digest.SHA256)

    def test_another_scheme_is_not_read(self):
        self.assertIsNone(digest.credentials(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="))

    def test_what_lacks_a_field_is_not_complete(self):
        whole = RFC_7616 + MD5_ANSWER
        self.assertTrue(digest.is_complete(digest.credentials(whole)))
        for field in (b"username", b"realm", b"nonce", b"uri", b"response", b"nc", b"cnonce"):
            value = whole.replace(field + b"=", b"x" + field + b"=", 1)
            if field == b"nonce":
                value = whole.replace(b' nonce="7', b' xnonce="7')
            self.assertFalse(digest.is_complete(digest.credentials(value)), field)

    def test_an_unknown_algorithm_or_qop_is_not_complete(self):
        whole = RFC_7616 + MD5_ANSWER
        for value in (
            whole.replace(b"MD5", b"MD5-sess"),
            whole.replace(b"qop=auth", b"qop=auth-int"),
        ):
            self.assertFalse(digest.is_complete(digest.credentials(value)))

    def test_a_nonce_count_is_eight_hexadecimal_digits(self):
        fields = digest.credentials(b"Digest nc=0000001f")
        self.assertEqual(digest.nonce_count(fields), 31)
        for count in (b"1", b"0000000g", b"000000001", b"-0000001"):
            fields.nc = count
            with self.assertRaises(SipError):
                digest.nonce_count(fields)


class ChallengeTest(unittest.TestCase):
    def test_a_challenge_can_be_read_back(self):
        value = digest.challenge(b'the "realm"', b"n1", digest.SHA256, False)
        fields = digest.credentials(value)
        self.assertEqual((fields.realm, fields.nonce), (b'the "realm"', b"n1"))
        self.assertEqual((fields.algorithm, fields.qop), (digest.SHA256, b"auth"))
        self.assertNotIn(b"stale", value)

    def test_a_stale_nonce_is_told(self):
        self.assertIn(b"stale=true", digest.challenge(b"r", b"n", digest.MD5, True))


class EqualTest(unittest.TestCase):
    def test_only_equal_octets_are_equal(self):
        self.assertTrue(digest.equal(b"abc", b"abc"))
        for other in (b"abd", b"ab", b"abcd", b""):
            self.assertFalse(digest.equal(b"abc", other))
