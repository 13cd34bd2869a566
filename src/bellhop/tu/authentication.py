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
    """One challenge. strength: how much its answer gives away, the more the less."""

    __slots__ = ("header", "realm", "nonce", "opaque", "algorithm", "qop", "is_stale", "count")

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
        fields = digest.Credentials(said)
        ha1 = digest.ha1(question.algorithm, self.username, question.realm, self.password)
        value = digest.response(question.algorithm, ha1, method, fields)
        name, written = ANSWERED_BY[question.header]
        parts = [
            b"username=" + scan.quote(self.username), b"realm=" + scan.quote(question.realm),
            b"nonce=" + scan.quote(question.nonce), b"uri=" + scan.quote(target),
            b'response="' + value + b'"', b"algorithm=" + question.algorithm,
        ]  # fmt: skip
        if question.qop is not None:
            parts += [b"qop=auth", b"nc=" + fields.nc, b'cnonce="' + fields.cnonce + b'"']
        if question.opaque is not None:
            parts.append(b"opaque=" + scan.quote(question.opaque))
        return name, written + b": Digest " + b", ".join(parts)


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
