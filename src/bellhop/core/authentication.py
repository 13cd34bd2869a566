"""Who speaks: digest, and who may guess passwords (RFC 3261 section 22).

Tested with the door, whose part it is.
"""

from ..errors import SipError
from ..sip import digest, uri
from ..sip.ip import network_of

# Wrong passwords that a network may try each minute, or a phone that is known.
GUESSES = 20


class Authentication:
    """Checks passwords. limit(request, flow, now) refuses who asks too often."""

    def __init__(self, node, limit):
        self.node = node
        self.limit = limit

    def user_of(self, request, header, flow, now):
        """Return the user that a request proves to come from, or refuse with a challenge."""
        node, realm = self.node, self.node.settings.realm
        if request.has(header) and not self.may_guess(flow.host, now):
            raise SipError(503, "too many wrong passwords from here", (b"Retry-After: 60",))
        try:
            verdict = node.access.check(
                request, header, realm, self._account, now, flow.host, self._decoy
            )
        except SipError as error:
            if error.account is not None:
                self.guessed(flow.host, now)
            self.limit(request, flow, now)  # A challenge and a wrong password count alike.
            raise
        if not self._is_for(verdict.uri, request.wrote or request.uri):
            raise SipError(400, "the credentials are for another address")
        request.be_proved(verdict.login)
        return verdict.user

    def may_guess(self, host, now):
        """Tell whether somebody at an address may try a password."""
        return self.node.rates.has(self._guesser(host), GUESSES, GUESSES, now)

    def guessed(self, host, now):
        """Count a wrong password."""
        self.node.rates.allows(self._guesser(host), GUESSES, GUESSES, now)

    def _guesser(self, host):
        return "guess " + (host if self.node.location.has_host(host) else network_of(host))

    def _is_for(self, named, asked):
        """Tell whether credentials name what the request is for, be it written otherwise.

        baresip and others write no parameters, some no port; sipp and others write the address of
        this node for its domain. It is the resource that counts (RFC 7616 section 3.4.6).
        """
        if named == asked:
            return True
        try:
            one, other = uri.parse(named), uri.parse(asked)
        except SipError:
            return False
        if (one.name, one.rest) != (other.name, other.rest):
            return False
        is_ours = self.node.is_ours
        return one.host_key == other.host_key or (is_ours(one) and is_ours(other))

    def _decoy(self, name):
        """Return the algorithm that an unknown name is asked for: that of one of the accounts.

        By their challenges names that there are must not be told from those that there are not.
        """
        users = self.node.settings.users
        if not users:
            return digest.MD5
        number = int.from_bytes(self.node.proof.of(b"\r" + uri.key_of(name))[:4], "big")
        return users[sorted(users)[number % len(users)]].algorithm

    def _account(self, username):
        settings = self.node.settings
        name, at, host = username.partition(b"@")  # Some phones add the domain.
        if at and host.lower() not in settings.domains:
            return None
        return settings.account(name)
