"""The node proves itself to a provider, and to nobody else."""

import unittest

from bellhop.sip import digest
from bellhop.sip.fields import line_value
from bellhop.sip.message import Response
from bellhop.tu import authentication
from bellhop.tu.authentication import ANSWERS, OTHER_REALM, REFUSED, UNKNOWN, WEAKER, Account

MD5 = b'realm="tel.test", nonce="n1", algorithm=MD5, qop="auth"'
SHA = b'realm="tel.test", nonce="n2", algorithm=SHA-256, qop="auth,auth-int", opaque="o"'
OLD = b'realm="tel.test", nonce="n3"'


def random(size):
    return b"r" * size


def asked(*challenges, name=b"WWW-Authenticate", method=b"REGISTER"):
    """Return a 401 with these challenges, a line each."""
    lines = [name + b": Digest " + one for one in challenges]
    names = [name.lower()] * len(lines) + [b"cseq"]
    return Response(401, b"Unauthorized", names, lines + [b"CSeq: 1 " + method])


class AccountTest(unittest.TestCase):
    def setUp(self):
        self.account = Account(b"user1", b"secret", ())

    def fields(self, method=b"REGISTER"):
        """Return the credentials that a request gets."""
        (name, line), *_ = self.account.lines(method, b"sip:tel.test", random)
        self.assertEqual(name, b"authorization")
        return digest.credentials(line_value(line))

    def is_right(self, fields, method=b"REGISTER"):
        secret = digest.ha1(fields.algorithm, b"user1", b"tel.test", b"secret")
        return digest.response(fields.algorithm, secret, method, fields) == fields.response

    def let_in(self, challenge):
        self.assertEqual(self.account.hear(asked(challenge), []), ANSWERS)
        self.fields()
        return self.account.let_in()

    def test_each_kind_of_question_has_its_answer(self):
        for challenge in (MD5, SHA, OLD):
            self.assertEqual(self.account.hear(asked(challenge), []), ANSWERS)
            self.assertTrue(self.is_right(self.fields()))

    def test_the_strongest_question_is_answered(self):
        self.account.hear(asked(MD5, SHA, OLD), [])
        self.assertEqual(self.fields().algorithm, b"SHA-256")
        self.account.hear(asked(SHA + b", Digest " + MD5), [])
        self.assertEqual(self.fields().nonce, b"n2")

    def test_counts_rise_with_each_use_of_a_nonce(self):
        self.account.hear(asked(MD5), [])
        self.assertEqual([self.fields().nc for _ in range(2)], [b"00000001", b"00000002"])

    def test_a_wrong_password_is_sent_once(self):
        answered = []
        self.assertEqual(self.account.hear(asked(MD5), answered), ANSWERS)
        self.assertEqual(self.account.hear(asked(MD5), answered), REFUSED)

    def test_stale_nonces_are_answered_but_not_for_ever(self):
        answered = []
        self.account.hear(asked(MD5), answered)
        stale = b'realm="tel.test", nonce="n9", qop="auth", stale=TRUE'
        verdicts = [self.account.hear(asked(stale), answered) for _ in range(4)]
        self.assertEqual(verdicts, [ANSWERS, ANSWERS, REFUSED, REFUSED])

    def test_another_realm_gets_nothing(self):
        self.assertTrue(self.let_in(MD5))
        self.assertFalse(self.account.let_in())
        other = MD5.replace(b"tel.test", b"evil.test")
        self.assertEqual(self.account.hear(asked(other), []), OTHER_REALM)
        named = Account(b"user1", b"secret", (b"tel.test",))
        self.assertEqual(named.hear(asked(other), []), OTHER_REALM)
        self.assertEqual(named.hear(asked(other, MD5), []), ANSWERS)

    def test_a_weaker_question_than_before_gets_nothing(self):
        self.let_in(SHA)
        for challenge in (MD5, OLD):
            self.assertEqual(self.account.hear(asked(challenge), []), WEAKER)
        after = Account(b"user1", b"secret", ())
        after.restore(b"tel.test", self.account.strength)
        self.assertEqual(after.hear(asked(MD5), []), WEAKER)

    def test_what_is_not_known_here_is_not_answered(self):
        for challenge in (
            b'realm="tel.test", nonce="n", algorithm=SHA-512-256, qop="auth"',
            b'realm="tel.test", nonce="n", qop="auth-int"',
            b'realm="tel.test"',
        ):
            self.assertEqual(self.account.hear(asked(challenge), []), UNKNOWN)
        basic = Response(401, b"", [b"www-authenticate"], [b'WWW-Authenticate: Basic realm="x"'])
        self.assertEqual(self.account.hear(basic, []), UNKNOWN)

    def test_no_answer_breaks_out_of_its_line(self):
        self.account.hear(asked(b'realm="a\\"b", nonce="x\\", uri=\\"y", opaque="\\\\"'), [])
        line = self.account.lines(b"REGISTER", b"sip:tel.test", random)[0][1]
        fields = digest.credentials(line_value(line))
        self.assertEqual((fields.realm, fields.nonce), (b'a"b', b'x", uri="y'))
        self.assertEqual(fields.uri, b"sip:tel.test")

    def test_a_proxy_is_answered_in_its_own_line(self):
        self.account.hear(asked(MD5, name=b"Proxy-Authenticate", method=b"INVITE"), [])
        self.assertEqual(self.account.lines(b"REGISTER", b"sip:tel.test", random), [])
        name, line = self.account.lines(b"INVITE", b"sip:1@tel.test", random)[0]
        self.assertEqual(name, b"proxy-authorization")
        self.assertTrue(line.startswith(b"Proxy-Authorization: Digest "))


class VerdictTest(unittest.TestCase):
    def test_each_verdict_is_a_sentence(self):
        self.assertTrue(all(authentication.VERDICTS))


if __name__ == "__main__":
    unittest.main()
