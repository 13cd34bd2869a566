"""The node proves itself to a provider: digest as a client (RFC 3261 section 22, 7616, 8760).

A password answers only the realm that the owner names, or the first that a provider has let it in
by, and never a weaker question than that one was: who stands between shall not choose the weakest.
"""

import binascii

from ..sip import digest, scan
from ..sip.fields import line_value

# Header of the question -> header of the answer.
ANSWERED_BY = {
    b"www-authenticate": (b"authorization", b"Authorization"),
    b"proxy-authenticate": (b"proxy-authorization", b"Proxy-Authorization"),
}
# How often one request is answered anew: nonces may be of one use, or stale.
MOST_TRIES = 3

# What becomes of a question. The last three stand in the status as they are.
ANSWERS, REFUSED, OTHER_REALM, WEAKER, UNKNOWN = VERDICTS = (
    "answers", "the password is refused", "another realm asks for the password",
    "a weaker question than before asks for the password", "no question that is known here",
)  # fmt: skip


class Question:
    """One challenge. strength: how much its answer gives away, the more the less.

    ha1, answer: what all its answers have in common, once there is one: see `meet`.
    """

    __slots__ = (
        "header", "realm", "nonce", "opaque", "algorithm", "qop", "is_stale", "count", "ha1",
        "answer",
    )  # fmt: skip

    def __init__(self, header, fields):
        self.header = header
        self.realm = fields.get(b"realm", b"")
        self.nonce = fields.get(b"nonce", b"")
        self.opaque = fields.get(b"opaque")
        self.algorithm = fields.get(b"algorithm", digest.MD5).upper()
        offered = [one.strip().lower() for one in fields.get(b"qop", b"").split(b",")]
        self.qop = b"auth" if b"auth" in offered else None if offered == [b""] else b""
        self.is_stale = fields.get(b"stale", b"").lower() == b"true"
        self.count = 0
        self.ha1 = self.answer = None

    def meet(self, username, password):
        """Make ready to answer as this user."""
        self.ha1 = digest.ha1(self.algorithm, username, self.realm, password)
        quoted = [
            (b": Digest username=", username), (b", realm=", self.realm), (b", nonce=", self.nonce),
        ]  # fmt: skip
        if self.opaque is not None:
            quoted.append((b", opaque=", self.opaque))
        words = b"".join([name + scan.quote(value) for name, value in quoted])
        self.answer = ANSWERED_BY[self.header][1] + words + b", algorithm=" + self.algorithm

    @property
    def strength(self):
        """0 where it cannot be answered; MD5, MD5 with the client's own nonce, SHA-256."""
        if self.algorithm not in digest.HASHES or self.qop == b"" or not self.nonce:
            return 0
        return 3 if self.algorithm == digest.SHA256 else 1 if self.qop is None else 2


class Account:
    """What the node knows of itself at one provider.

    username, password: octets; realms: those that the owner names, octets; () for the first that
    lets it in. asked: (whether by the registrar, header) -> the Question that was answered last.
    """

    def __init__(self, username, password, realms):
        self.username = username
        self.password = password
        self.realms = realms
        self.realm = None
        self.strength = 0
        self.asked = {}

    def restore(self, realm, strength):
        """Take back by which realm and how strong a question an earlier run was let in."""
        self.realm, self.strength = realm, strength

    def hear(self, response, answered):
        """Take the challenge of a 401 or 407; return one of VERDICTS.

        answered: nonces of the questions that the same request has been asked, a list; one more
        stands there then. What was answered unasked, by a question of before, is no wrong password;
        b"" stands for a question of another kind.
        """
        verdict, best = UNKNOWN, None
        for question in questions(response):
            if not question.strength:
                continue
            if not self._is_known(question.realm):
                verdict = OTHER_REALM
            elif question.strength < self.strength:
                verdict = WEAKER if verdict == UNKNOWN else verdict
            elif best is None or question.strength > best.strength:
                best = question
        if best is None:
            return verdict
        is_wrong = bool([one for one in answered if one]) and not best.is_stale
        if is_wrong or len(answered) >= MOST_TRIES:
            return REFUSED
        answered.append(best.nonce)
        self.asked[_is_register(response.cseq[1]), best.header] = best
        return ANSWERS

    def _is_known(self, realm):
        if self.realms:
            return realm in self.realms
        return self.realm in (None, realm)

    def let_in(self):
        """A request with an answer was accepted: keep by what; tell whether that is new."""
        before = self.realm, self.strength
        for question in self.asked.values():
            if question.count:
                self.realm = question.realm
                self.strength = max(self.strength, question.strength)
        return before != (self.realm, self.strength)

    def lines(self, method, target, random):
        """Return [(name, line)] that answer what was asked last. random(n): n octets."""
        if not self.asked:
            return []
        by_registrar = _is_register(method)
        return [
            self._line(question, method, target, random)
            for (whose, _), question in self.asked.items()
            if whose == by_registrar
        ]

    def _line(self, question, method, target, random):
        question.count += 1
        said = {b"nonce": question.nonce, b"uri": target, b"qop": question.qop}
        if question.qop is not None:
            said[b"cnonce"] = binascii.hexlify(random(8))
            said[b"nc"] = ("%08x" % question.count).encode()
        if question.ha1 is None:
            question.meet(self.username, self.password)
        fields = digest.Credentials(said)
        value = digest.response(question.algorithm, question.ha1, method, fields)
        line = question.answer + b", uri=" + scan.quote(target) + b', response="' + value + b'"'
        if question.qop is not None:
            line += b", qop=auth, nc=" + fields.nc + b', cnonce="' + fields.cnonce + b'"'
        return ANSWERED_BY[question.header][0], line


def _is_register(method):
    return method == b"REGISTER"


def questions(response):
    """Return the Questions of a response; a line may hold several (RFC 7235 section 4.1)."""
    found = []
    for name, line in zip(response.names, response.lines):
        if name in ANSWERED_BY:
            for value in _challenges(line_value(line)):
                found.append(Question(name, value))
    return found


def _challenges(value):
    """Return the fields of each Digest challenge in one line."""
    found, fields = [], None
    for part in scan.split_outside(value, b","):
        name, _, text = part.partition(b"=")
        scheme, rest = scan.first_word(name.strip(scan.BLANKS))
        if rest:
            fields = {} if scheme.lower() == b"digest" else None
            if fields is not None:
                found.append(fields)
            name = rest
        name, text = name.strip(scan.BLANKS).lower(), text.strip(scan.BLANKS)
        if fields is not None and name not in fields:
            fields[name] = scan.unquote(text) if text[:1] == b'"' else text
    return found
