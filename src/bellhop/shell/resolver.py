"""Finds the hops of a SIP URI in the DNS (RFC 3263), and what else stands there.

What asks is loaded for the first name: libunbound where names are on, else dnspython. All but
Resolver.resolve, seek and ask runs in a worker, where waiting for an answer harms nobody.
"""

import contextlib
import socket
import time

from ..effects import Flow
from ..errors import BellhopError
from ..names import answer
from ..names.answer import AAAA, BOGUS, INSECURE, NAPTR, SILENT, SRV, A, Answer
from ..settings.problems import missing
from ..world.system import sockets
from .hops import (
    DEFAULT_PORTS,
    MAX_HOPS,
    in_order,
    is_refused,
    services,
    srv_names,
    transport_of,
)
from .workers import Workers

# For one question, and for all that one URI needs: people wait for the ringing.
QUESTION_SECONDS = 4
RESOLVE_SECONDS = 10
# For what a call waits for before it goes out, numbers and keys.
ASK_SECONDS = 1.5
# Nobody waits for the peers of the mesh.
SEEK_SECONDS = 120
# Answers kept until their time to live ends; past it the least used goes.
CACHE_ANSWERS = 512
# Look-ups under way at once: four domains whose servers are silent must not stop all others. The
# engine bounds how many wait.
WORKERS = 16

# With dnspython, and without anything.
FULL, ADDRESSES_ONLY = ("NAPTR, SRV and addresses", "addresses only, no NAPTR and SRV")
CHECKED = "NAPTR, SRV and addresses, checked by DNSSEC"


class Resolver:
    """Performs Resolve. local_for(transport, host): index of a listener, or None.

    nameservers: addresses, port: theirs; None for those of the system; they are asked by dnspython.
    """

    def __init__(self, loop, local_for, random, nameservers=None, port=53):
        self.loop = loop
        self.local_for = local_for
        self.random = random
        self.nameservers = nameservers
        self.port = port
        self.checks, self.root = False, ("", "")
        self.dns = None
        self.workers = None
        self.problem = ""
        self.counters = {"names": 0, "failed": 0}

    def adopt(self, section):
        """Take `config names`: where it is on, what the DNS says is checked."""
        wanted = section.enabled, (section.anchor, section.root_hints)
        if wanted != (self.checks, self.root):
            self.checks, self.root = wanted
            self.close()

    def close(self):
        """Forget what was loaded; the next name loads it anew."""
        if self.dns:
            self.dns.close()
        self.dns, self.problem = None, ""

    def kind(self):
        """Return in words what the resolver can do; "" before the first name."""
        if self.dns is None:
            return ""
        return self.dns.kind if self.dns else ADDRESSES_ONLY

    def ask(self, effect):
        """Perform an Ask."""

        def told(found):
            self.loop.later(self.loop.engine.hear, "dns", "answered", effect.number, found)

        dns = self._loaded()
        if not dns:
            told(Answer(SILENT, (), missing("bellhop-dns", "nothing is looked up")))
        elif dns.kind == CHECKED:
            dns.ask(effect.name, effect.kind, effect.zone, ASK_SECONDS, told)
        else:
            silent = Answer(SILENT, (), "the look-up failed: the log says where")
            self._start(lambda: dns.look_up(effect.name, effect.kind, ASK_SECONDS), told, silent)

    def resolve(self, effect):
        """Perform a Resolve: an address is answered at once, a name when the DNS has answered."""
        transport = transport_of(effect.transport, effect.secure)
        if transport is None:
            problem = "no way to reach it over %s" % effect.transport[:20]
            self.loop.resolved(effect.query, [], problem)
            return
        host = _text(effect.host)
        if sockets.is_address(host):
            transport = transport or "udp"
            places = [(transport, host, effect.port or DEFAULT_PORTS[transport])]
            # With sips the certificate must show the address (RFC 5922 section 7.1).
            hops, problem = self._flows(places, host if effect.secure else "")
            self.loop.resolved(effect.query, hops, problem)
            return
        self.counters["names"] += 1
        self._start(
            lambda: self._found(host, effect.port, transport, effect.secure),
            lambda found: self._answer(effect.query, host, *found),
            ([], "the look-up of %s failed: the log says where" % host),
        )

    def seek(self, section, told):
        """Find the peers and search domains of `config mesh`: told([(address, port)])."""

        def find():
            found, end = [], time.monotonic() + SEEK_SECONDS
            with contextlib.suppress(TimeoutError):  # What is found by then is of use.
                for host, port in section.peer:
                    found += [(one, port or section.port) for one in self.addresses(host, end)]
                for domain in section.search_domain:
                    places = self._services("", "_bellhop._udp." + domain, end)
                    found += [place[1:] for place in places or ()]
            return found

        self._start(find, told)

    def _loaded(self):
        """Return what asks the DNS, or False."""
        if self.dns and self.dns.is_late():
            self.close()
        if self.dns is None:
            ways = [self._checked, lambda: _Dns.load(self.nameservers, self.port)]
            first, second = ways if self.checks else ways[::-1]
            self.dns = first() or second() or False
        return self.dns

    def _checked(self):
        """Return the resolver that checks what it is told, or None."""
        try:
            from .dnssec.unbound import Unbound

            made = Unbound(self.loop, *self.root)
        except ImportError:
            self.problem = missing("bellhop-dns", "no name is proved by DNSSEC")
        except BellhopError as error:
            self.problem = str(error)
        else:
            made.kind = CHECKED
            return made
        return None

    def _start(self, work, told, otherwise=None):
        self._loaded()
        if self.workers is None:
            self.workers = Workers(self.loop, WORKERS)
        self.workers.start(work, told, otherwise)

    def _answer(self, query, host, places, problem):
        hops = []
        if not problem:
            hops, problem = self._flows(places, host)
        if not hops:
            self.counters["failed"] += 1
        self.loop.resolved(query, hops, problem)

    def _flows(self, places, name):
        """Return the Flows to (transport, address, port) places, and what is wrong if none is."""
        flows = []
        for transport, host, port in places:
            local = self.local_for(transport, host)
            if local is not None:
                # The certificate must show the name that was asked for (RFC 5922 section 7.1).
                shown = name if transport == "tls" else ""
                flows.append(Flow(transport, local, host, port, 0, shown))
        if flows:
            return flows[:MAX_HOPS], ""
        if not places:
            return [], "the host %s is not known, or has no address" % name
        transport, host, _ = places[0]
        return [], "there is no way from here to %s over %s" % (host, transport)

    # In a worker.

    def _found(self, host, port, transport, secure):
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
        places = self._services(transport, name, end)
        if places is None:
            raise LookupError("%s says that it has no SIP service" % host)
        return places

    def _services(self, transport, name, end):
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


class _Dns:
    """dnspython's resolver with its cache, which keeps what there is not as well."""

    kind = FULL

    def __init__(self, resolver, errors):
        self.resolver = resolver
        self.errors = errors

    @classmethod
    def load(cls, nameservers, port):
        """Return a _Dns, or False where dnspython or a name server is missing."""
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


def _text(host):
    return host.decode("latin-1").strip("[]").rstrip(".").lower()


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
