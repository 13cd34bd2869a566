"""Who may register or call: digest verdict, stateless nonce, address rules (section 22)."""

import binascii
from collections import namedtuple

from ..errors import SipError
from ..limits import MAX_NONCES, MAX_SOURCES
from ..sip import digest, scan

NONCE_LIFE = 3600000
# Counts of one nonce may overtake one another on the way; more than this many apart is a replay.
COUNT_WINDOW = 64
MINUTE = 60000

# user: the account that proved itself; algorithm: how; uri: for which address (octets); login: as
# whom (octets).
Verdict = namedtuple("Verdict", ("user", "algorithm", "uri", "login"))


class Access:
    """Nonces and their counts. secret: 32 random bytes, fresh at each start."""

    def __init__(self, secret):
        self.proof = digest.Hmac(secret)
        self.counts = {}
        self.order = []
        self.floor = -1
        self.made = 0
        self.counters = {"challenges": 0, "wrong_passwords": 0, "replays": 0, "stale_nonces": 0}

    def nonce(self, now, source=""):
        """Return a nonce: the time, a serial number, and a proof that it is ours, for a source.

        The number keeps apart two phones that are challenged in the same millisecond.
        """
        self.made += 1
        stamp = hex(now)[2:].encode() + b"-" + hex(self.made)[2:].encode()
        return stamp + b"." + self._proof(stamp, source)

    def _proof(self, stamp, source):
        return binascii.hexlify(self.proof.of(stamp + b" " + source.encode())[:16])

    def _born(self, nonce, source):
        """Return when a nonce of ours for this source was made, or None for any other."""
        stamp, _, proof = nonce.partition(b".")
        time = stamp.partition(b"-")[0]
        if len(time) > 15 or not scan.is_made_of(time, scan.HEX):
            return None
        return int(time, 16) if digest.equal(proof, self._proof(stamp, source)) else None

    def check(self, request, header, realm, find_user, now, source="", decoy=None):
        """Return the Verdict on a request, or refuse with a challenge.

        A phone whose address has changed is told that its nonce is stale, and does not ask its
        user.

        header: b"authorization" or b"proxy-authorization". find_user(username) returns an account
        with `name`, `ha1_of(algorithm, username)` and `algorithm` (the one to ask for), or None.
        source: the address that it comes from; decoy(name): what to ask an unknown name for.
        """
        name = request.from_.uri.name
        account = find_user(name)
        stale, wrong = False, None
        for value in request.values(header):
            fields = digest.credentials(value)
            if fields is None or fields.realm != realm or not digest.is_complete(fields):
                continue
            claimed = find_user(fields.username)
            if claimed is None or not self._is_right(claimed, fields, request.method):
                self.counters["wrong_passwords"] += 1
                wrong = fields.username
                continue
            if self._counts(fields, source, now):
                return Verdict(claimed, fields.algorithm, fields.uri, fields.username)
            stale = True
        algorithm = digest.MD5
        if account is not None:
            algorithm = account.algorithm
        elif decoy is not None:
            algorithm = decoy(name)
        nonce = self.nonce(now, source)
        error = self._challenge(header, realm, nonce, algorithm, stale)
        error.guess(wrong)
        raise error

    def _is_right(self, account, fields, method):
        known = account.ha1_of(fields.algorithm, fields.username)
        if known is None:
            return False
        return digest.equal(
            fields.response, digest.response(fields.algorithm, known, method, fields)
        )

    def _counts(self, fields, source, now):
        """Tell whether nonce and count are fresh, and use the count up."""
        born = self._born(fields.nonce, source)
        if born is None or born <= self.floor or not 0 <= now - born < NONCE_LIFE:
            self.counters["stale_nonces"] += 1
            return False
        count = digest.nonce_count(fields) if fields.qop is not None else 0
        seen = self.counts.get(fields.nonce)
        if seen is None:
            self._remember(fields.nonce, born)
            seen = (0, 0)
        fresh = _use(seen, count)
        if fresh is None:
            self.counters["replays"] += 1
            return False
        self.counts[fields.nonce] = fresh
        return True

    def _remember(self, nonce, born):
        if len(self.order) >= MAX_NONCES:
            oldest, its_born = self.order.pop(0)
            del self.counts[oldest]
            self.floor = max(self.floor, its_born)
        self.order.append((nonce, born))

    def _challenge(self, header, realm, nonce, algorithm, stale):
        self.counters["challenges"] += 1
        value = digest.challenge(realm, nonce, algorithm, stale)
        if header == b"authorization":
            return SipError(401, "Unauthorized", (b"WWW-Authenticate: " + value,))
        return SipError(407, "Proxy Authentication Required", (b"Proxy-Authenticate: " + value,))


def _use(seen, count):
    """Return (highest count, bits of those below it) with `count` used, or None if it was.

    Credentials without qop have no count: they work once for each nonce (count 0).
    """
    highest, bits = seen
    if count > highest or not bits:
        return count, ((bits << min(count - highest, COUNT_WINDOW)) | 1) & (2**COUNT_WINDOW - 1)
    below = highest - count
    if below >= COUNT_WINDOW or bits >> below & 1:
        return None
    return highest, bits | 1 << below


class Rates:
    """Token buckets by source: how often a stranger may knock."""

    def __init__(self):
        self.buckets = {}
        self.order = []
        self.counters = {"limited": 0, "forgotten": 0}

    def has(self, source, per_minute, burst, now):
        """Tell whether `allows` would, and take nothing."""
        level, since = self.buckets.get(source, (burst * MINUTE, now))
        return min(burst * MINUTE, level + (now - since) * per_minute) >= MINUTE

    def allows(self, source, per_minute, burst, now):
        """Take one token from the bucket of `source`; False where it is empty."""
        if source not in self.buckets:
            self._add(source, burst, now)
        level, since = self.buckets[source]
        level = min(burst * MINUTE, level + (now - since) * per_minute)
        allowed = level >= MINUTE
        if not allowed:
            self.counters["limited"] += 1
        self.buckets[source] = (level - MINUTE if allowed else level, now)
        return allowed

    def _add(self, source, burst, now):
        if len(self.order) >= MAX_SOURCES:
            del self.buckets[self.order.pop(0)]
            self.counters["forgotten"] += 1
        self.order.append(source)
        self.buckets[source] = (burst * MINUTE, now)
