"""Who may register or call: digest verdicts, nonces that cannot be replayed, rates."""

import unittest

from bellhop.errors import SipError
from bellhop.limits import MAX_NONCES, MAX_SOURCES
from bellhop.sip import digest
from bellhop.tu.access import COUNT_WINDOW, NONCE_LIFE, Access, Rates
from tests.support.messages import parsed, settings

REALM = b"home.test"
CONFIGURED = settings(
    more="config user\noption name dora\noption password x\noption algorithm sha256\n"
)


def find_user(name):
    """Return an account of the settings."""
    return CONFIGURED.names.get(name)


def credentials(nonce, count=1, user=b"bob", password=b"builder", qop=b"auth", algorithm=digest.MD5,
                realm=REALM, method=b"REGISTER"):  # fmt: skip
    """Return an Authorization line."""
    fields = digest.credentials(b"Digest realm=x")
    fields.nonce, fields.uri, fields.cnonce, fields.qop = nonce, b"sip:home.test", b"c", qop
    fields.nc = ("%08x" % count).encode()
    result = digest.response(
        algorithm, digest.ha1(algorithm, user, realm, password), method, fields
    )
    value = (
        b'Authorization: Digest username="' + user + b'", realm="' + realm + b'", nonce="' + nonce
    )
    value += b'", uri="sip:home.test", response="' + result + b'", algorithm=' + algorithm
    if qop is not None:
        value += b', qop=auth, cnonce="c", nc=' + fields.nc
    return value.decode()


class AccessCase(unittest.TestCase):
    def setUp(self):
        self.access = Access(b"s" * 32)

    def verdict(self, *lines, now=0, header=b"authorization", sender="<sip:bob@home.test>;tag=1"):
        """Return the name of the user that is let in, or the SipError."""
        request = parsed("REGISTER", lines=lines, sender=sender)
        try:
            return self.access.check(request, header, REALM, find_user, now).user.name
        except SipError as error:
            return error

    def assert_stale(self, verdict):
        """The verdict is a challenge that tells the phone to try again with the new nonce."""
        self.assertIn(b"stale=true", verdict.headers[0])

    def assert_wrong(self, verdict):
        """The verdict is a challenge that tells the phone that the password is wrong."""
        self.assertEqual(verdict.status, 401)
        self.assertNotIn(b"stale", verdict.headers[0])


class ChallengeTest(AccessCase):
    def test_no_credentials_are_answered_by_one_challenge(self):
        error = self.verdict()
        self.assertEqual((error.status, len(error.headers)), (401, 1))
        fields = digest.credentials(error.headers[0].partition(b": ")[2])
        self.assertEqual((fields.realm, fields.algorithm, fields.qop), (REALM, digest.MD5, b"auth"))

    def test_a_proxy_challenges_with_407(self):
        error = self.verdict(header=b"proxy-authorization")
        self.assertEqual(error.status, 407)
        self.assertTrue(error.headers[0].startswith(b"Proxy-Authenticate: Digest"))

    def test_an_account_that_asks_for_sha_256_is_challenged_so(self):
        error = self.verdict(sender="<sip:dora@home.test>;tag=1")
        self.assertIn(b"algorithm=SHA-256", error.headers[0])

    def test_two_challenges_of_one_moment_have_two_nonces(self):
        self.assertNotEqual(self.access.nonce(5), self.access.nonce(5))


class VerdictTest(AccessCase):
    def test_the_right_password_lets_in(self):
        self.assertEqual(self.verdict(credentials(self.access.nonce(0))), "bob")

    def test_sha_256_lets_in_whoever_was_asked_for_md5(self):
        line = credentials(self.access.nonce(0), algorithm=digest.SHA256)
        self.assertEqual(self.verdict(line), "bob")

    def test_a_wrong_password_user_realm_or_method_does_not(self):
        nonce = self.access.nonce(0)
        for fields in (
            {"password": b"wrong"}, {"user": b"nobody"}, {"realm": b"else.test"},
            {"method": b"INVITE"}, {"user": b"carol"},
        ):  # fmt: skip
            self.assert_wrong(self.verdict(credentials(nonce, **fields)))

    def test_of_two_credentials_one_right_one_is_enough(self):
        nonce = self.access.nonce(0)
        wrong = credentials(nonce, realm=b"else.test")
        self.assertEqual(self.verdict(wrong, credentials(nonce)), "bob")

    def test_broken_credentials_are_answered_by_a_challenge(self):
        for value in (
            "Digest",
            "Basic x",
            "Digest username",
            'Digest username="bob"',
            "Digest ,,,",
        ):
            self.assert_wrong(self.verdict("Authorization: " + value))

    def test_a_group_cannot_let_in(self):
        self.assertEqual(self.access.counters["wrong_passwords"], 0)
        self.assert_wrong(self.verdict(credentials(self.access.nonce(0), password=b"")))
        self.assertEqual(self.access.counters["wrong_passwords"], 1)


class NonceTest(AccessCase):
    def test_a_nonce_lives_an_hour(self):
        nonce = self.access.nonce(1000)
        self.assertEqual(self.verdict(credentials(nonce), now=1000 + NONCE_LIFE - 1), "bob")
        self.assert_stale(self.verdict(credentials(nonce, 2), now=1000 + NONCE_LIFE))

    def test_a_nonce_of_the_future_or_of_another_node_is_stale(self):
        self.assert_stale(self.verdict(credentials(self.access.nonce(5000)), now=0))
        self.assert_stale(self.verdict(credentials(Access(b"t" * 32).nonce(0))))
        for nonce in (b"", b"x", b"0.x", b"0-1.", b"zz-1.00", b"f" * 40):
            self.assert_stale(self.verdict(credentials(nonce)))

    def test_a_count_works_once(self):
        nonce = self.access.nonce(0)
        line = credentials(nonce)
        self.assertEqual(self.verdict(line), "bob")
        self.assert_stale(self.verdict(line))
        self.assertEqual(self.verdict(credentials(nonce, 2)), "bob")
        self.assertEqual(self.access.counters["replays"], 1)

    def test_counts_may_overtake_one_another_within_the_window(self):
        nonce = self.access.nonce(0)
        self.assertEqual(self.verdict(credentials(nonce, COUNT_WINDOW + 5)), "bob")
        self.assertEqual(self.verdict(credentials(nonce, 6)), "bob")
        self.assert_stale(self.verdict(credentials(nonce, 6)))
        self.assert_stale(self.verdict(credentials(nonce, 5)))

    def test_a_far_jump_of_the_count_forgets_no_use(self):
        nonce = self.access.nonce(0)
        self.verdict(credentials(nonce, 1))
        self.assertEqual(self.verdict(credentials(nonce, 2**32 - 1)), "bob")
        self.assert_stale(self.verdict(credentials(nonce, 1)))
        self.assert_stale(self.verdict(credentials(nonce, 2**32 - 1)))

    def test_credentials_without_qop_work_once_for_each_nonce(self):
        line = credentials(self.access.nonce(0), qop=None)
        self.assertEqual(self.verdict(line), "bob")
        self.assert_stale(self.verdict(line))

    def test_a_wrong_password_uses_no_count_up(self):
        nonce = self.access.nonce(0)
        self.verdict(credentials(nonce, password=b"wrong"))
        self.assertEqual(self.verdict(credentials(nonce)), "bob")
        self.assertEqual(len(self.access.counts), 1)

    def test_past_the_bound_the_oldest_nonce_ends_and_cannot_be_replayed(self):
        first = credentials(self.access.nonce(0))
        self.verdict(first)
        for number in range(MAX_NONCES):
            nonce = self.access.nonce(1 + number)
            self.access._remember(nonce, 1 + number)
            self.access.counts[nonce] = (1, 1)
        self.assertEqual(len(self.access.counts), MAX_NONCES)
        self.assert_stale(self.verdict(first, now=MAX_NONCES))


class RatesTest(unittest.TestCase):
    def test_a_source_has_its_burst_and_then_its_rate(self):
        rates = Rates()
        allowed = [rates.allows("a", 6, 3, 0) for _ in range(5)]
        self.assertEqual(allowed, [True, True, True, False, False])
        self.assertFalse(rates.allows("a", 6, 3, 9999))
        self.assertTrue(rates.allows("a", 6, 3, 10000))
        self.assertFalse(rates.allows("a", 6, 3, 10001))
        self.assertEqual(rates.counters["limited"], 4)

    def test_a_long_silence_gives_no_more_than_the_burst(self):
        rates = Rates()
        rates.allows("a", 60, 2, 0)
        self.assertEqual([rates.allows("a", 60, 2, 10**9) for _ in range(3)], [True, True, False])

    def test_sources_do_not_touch_one_another(self):
        rates = Rates()
        self.assertTrue(rates.allows("a", 1, 1, 0))
        self.assertTrue(rates.allows("b", 1, 1, 0))
        self.assertFalse(rates.allows("a", 1, 1, 0))

    def test_the_number_of_sources_is_bounded(self):
        rates = Rates()
        for number in range(MAX_SOURCES + 10):
            rates.allows(number, 1, 1, 0)
        self.assertEqual((len(rates.buckets), rates.counters["forgotten"]), (MAX_SOURCES, 10))
