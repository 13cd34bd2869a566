"""Finds the hops of a SIP URI in the DNS (RFC 3263), and what else stands there.

What asks is loaded for the first name: libunbound where names are on, else dnspython.
"""

import contextlib
import time

from ..effects import Flow
from ..errors import BellhopError
from ..names.answer import SILENT, Answer
from ..settings.problems import missing
from ..world.system import sockets
from .hops import DEFAULT_PORTS, MAX_HOPS, transport_of

# For what a call waits for before it goes out, numbers and keys.
ASK_SECONDS = 1.5
# Nobody waits for the peers of the mesh.
SEEK_SECONDS = 120
# Look-ups under way at once: four domains whose servers are silent must not stop all others. The
# engine bounds how many wait.
WORKERS = 16

# Without anything that asks the DNS.
ADDRESSES_ONLY = "addresses only, no NAPTR and SRV"
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
            self._start(lambda _: dns.look_up(effect.name, effect.kind, ASK_SECONDS), told, silent)

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
            lambda lookup: lookup.found(host, effect.port, transport, effect.secure),
            lambda found: self._answer(effect.query, host, *found),
            ([], "the look-up of %s failed: the log says where" % host),
        )

    def seek(self, section, told):
        """Find the peers and search domains of `config mesh`: told([(address, port)])."""

        def find(lookup):
            found, end = [], time.monotonic() + SEEK_SECONDS
            with contextlib.suppress(TimeoutError):  # What is found by then is of use.
                for host, port in section.peer:
                    found += [(one, port or section.port) for one in lookup.addresses(host, end)]
                for domain in section.search_domain:
                    places = lookup.services("", "_bellhop._udp." + domain, end)
                    found += [place[1:] for place in places or ()]
            return found

        self._start(find, told)

    def _loaded(self):
        """Return what asks the DNS, or False."""
        if self.dns and self.dns.is_late():
            self.close()
        if self.dns is None:
            ways = [self._checked, self._unchecked]
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

    def _unchecked(self):
        from .lookup import Dns

        return Dns.load(self.nameservers, self.port)

    def _start(self, work, told, otherwise=None):
        """Call work(Lookup) in a worker, then told(what it returned)."""
        from .lookup import Lookup

        lookup = Lookup(self._loaded(), self.random)
        if self.workers is None:
            from .workers import Workers  # Threads are loaded with the first name.

            self.workers = Workers(self.loop, WORKERS)
        self.workers.start(lambda: work(lookup), told, otherwise)

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


def _text(host):
    return host.decode("latin-1").strip("[]").rstrip(".").lower()
