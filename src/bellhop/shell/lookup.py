"""One look-up of a name, in a worker, where waiting for an answer harms nobody (RFC 3263)."""

import contextlib
import socket
import time

from ..names import answer
from ..names.answer import AAAA, BOGUS, INSECURE, NAPTR, SILENT, SRV, A, Answer
from ..world.system import sockets
from .hops import DEFAULT_PORTS, MAX_HOPS, in_order, is_refused, services, srv_names

# For one question, and for all that one URI needs: people wait for the ringing.
QUESTION_SECONDS = 4
RESOLVE_SECONDS = 10
# Answers kept until their time to live ends; past it the least used goes.
CACHE_ANSWERS = 512
# What dnspython can do.
FULL = "NAPTR, SRV and addresses"


class Lookup:
    """Asks for a name. dns: what asks the DNS, or False; random(n): n random octets."""

    def __init__(self, dns, random):
        self.dns = dns
        self.random = random

    def found(self, host, port, transport, secure):
        """Return ([(transport, address, port)] of a name, the first choice first; the problem)."""
        end = time.monotonic() + RESOLVE_SECONDS
        try:
            return self._places(host, port, transport, secure, end), ""
        except TimeoutError:
            return [], "the name servers do not answer for %s" % host
        except LookupError as error:
            return [], str(error.args[0])

    def _places(self, host, port, transport, secure, end):
        if port is None:
            for kind, name in self._srv_names(host, transport, secure, end):
                places = self._srv_places(kind, name, host, end)
                if places:
                    return places
        transport = transport or ("tls" if secure else "udp")
        port = port or DEFAULT_PORTS[transport]
        return [(transport, address, port) for address in self.addresses(host, end)]

    def _srv_names(self, host, transport, secure, end):
        """Return [(transport, SRV name)] by NAPTR, or by rule where there is none."""
        if not transport:
            found = services(self._records(host, NAPTR, _naptr, end), secure)
            if found:
                return found
        return srv_names(host, transport, secure)

    def _srv_places(self, transport, name, host, end):
        places = self.services(transport, name, end)
        if places is None:
            raise LookupError("%s says that it has no SIP service" % host)
        return places

    def services(self, transport, name, end):
        """Return [(transport, address, port)] of an SRV name, by priority; None where refused."""
        records = self._records(name, SRV, _srv, end)
        if is_refused(records):
            return None
        places = []
        for record in in_order(records, self.random)[:MAX_HOPS]:
            places += [(transport, one, record.port) for one in self.addresses(record.target, end)]
        return places

    def addresses(self, host, end):
        """Return the addresses of a name: by the DNS, else by what else the system knows.

        end: when to give up, of time.monotonic(); past it this raises TimeoutError.
        """
        if sockets.is_address(host):
            return [host]
        found = [_address(one) for kind in (AAAA, A) for one in self._ask(host, kind, end)]
        if found:
            return found
        try:
            # As octets: for text Python loads a codec that OpenWrt has in python3-codecs.
            octets = host.encode("ascii")
            return [one[4][0] for one in socket.getaddrinfo(octets, None, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError):
            return []

    def _records(self, name, kind, read, end):
        """Return what read(RDATA) makes of the records of a name; what is damaged is left out."""
        found = []
        for octets in self._ask(name, kind, end):
            with contextlib.suppress(ValueError):
                found.append(read(octets))
        return found

    def _ask(self, name, kind, end):
        """Return the RDATA of one kind, () where there are none or the DNS does not answer.

        Raises LookupError for an answer that somebody has forged.
        """
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if not self.dns:
            return ()
        found = self.dns.look_up(name, kind, min(QUESTION_SECONDS, left))
        if found.outcome == BOGUS:
            raise LookupError("the DNS says of %s what DNSSEC refutes: %s" % (name, found.why))
        return found.records


class Dns:
    """dnspython's resolver with its cache, which keeps what there is not as well."""

    kind = FULL

    def __init__(self, resolver, errors):
        self.resolver = resolver
        self.errors = errors

    @classmethod
    def load(cls, nameservers, port):
        """Return a Dns, or False where dnspython or a name server is missing."""
        try:
            import dns.exception
            import dns.resolver
        except ImportError:
            return False
        try:
            resolver = dns.resolver.Resolver(configure=nameservers is None)
        except dns.exception.DNSException:
            return False
        if nameservers is not None:
            resolver.nameservers, resolver.port = nameservers, port
        resolver.cache = dns.resolver.LRUCache(CACHE_ANSWERS)
        return cls(resolver, dns.exception.DNSException)

    def look_up(self, name, kind, seconds):
        """Return the Answer, in a worker; nothing in it is proved."""
        try:
            found = self.resolver.resolve(
                name, kind, raise_on_no_answer=False, search=False, lifetime=seconds
            )
        except (self.errors, OSError) as error:
            absent = type(error).__name__ in ("NXDOMAIN", "NoAnswer")
            return Answer(INSECURE if absent else SILENT, (), "" if absent else str(error))
        return Answer(INSECURE, tuple([one.to_wire() for one in found]), "")

    def is_late(self):
        """Tell whether another one would judge better by now."""
        return False

    def close(self):
        """Nothing is open."""


def _naptr(octets):
    """Return the Naptr in RDATA as text; raises ValueError."""
    found = answer.naptr(octets)
    texts = (found.flags, found.service, found.regexp, found.replacement)
    return answer.Naptr(found.order, found.preference, *[one.decode("latin-1") for one in texts])


def _srv(octets):
    """Return the Srv in RDATA as text; raises ValueError."""
    found = answer.srv(octets)
    return answer.Srv(*found[:3], found.target.decode("latin-1"))


def _address(octets):
    family = socket.AF_INET if len(octets) == 4 else socket.AF_INET6
    return socket.inet_ntop(family, octets)
