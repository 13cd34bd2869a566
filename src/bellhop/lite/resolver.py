"""Finds the hops of a SIP URI (RFC 3263) by SRV and addresses, without ever waiting.

A look-up is a generator: it yields what it asks and is sent the answer.
"""

import os
import socket

from ..effects import Flow
from ..text import of_octets
from ..world.connection import Connection
from ..world.micropython import sockets
from . import dns

RESOLV_CONF, HOSTS = "/etc/resolv.conf", "/etc/hosts"
PORT = 53
ANSWER_BYTES = 1500
# What does not fit into that comes over TCP, behind its length; more than this no caller needs.
LENGTH_BYTES, STREAM_BYTES = 2, 8192
# People wait for the ringing: each server is asked twice, in turn.
PATIENCE_MS, ROUNDS, MAX_SERVERS = (2000, 2, 2)
MAX_HOPS = 8
# Look-ups in the air are bounded by the engine; answers that are kept by this.
MAX_KEPT, LONGEST_KEPT_SECONDS = (64, 3600)
DEFAULT_PORT = 5060
SRV_LABELS = (("udp", "_sip._udp."), ("tcp", "_sip._tcp."))
KIND = "SRV and addresses; NAPTR and DNSSEC are left to a full node"


class Resolver:
    """Performs Resolve. local_for(transport, host): index of a listener, or None."""

    def __init__(self, loop, local_for):
        self.loop = loop
        self.local_for = local_for
        self.kept = {}
        self.counters = {"names": 0, "failed": 0}

    def resolve(self, effect):
        """Perform a Resolve: an address is answered at once, a name when the DNS has answered."""
        host = of_octets(effect.host).strip("[]").rstrip(".").lower()
        if effect.secure or effect.transport not in (None, "", "udp", "tcp"):
            problem = "TLS is left to a full node"
            self.loop.resolved(effect.query, [], problem)
        elif sockets.is_address(host):
            place = effect.transport or "udp", host, effect.port or DEFAULT_PORT
            self._answer(effect.query, [place], host)
        else:
            self.counters["names"] += 1
            self.carry_out(self._find(effect, host))

    def kind(self):
        """Return in words what the resolver can do."""
        return KIND

    def seek(self, section, told):
        """Find the peers and search domains of `config mesh`: told([(address, port)])."""
        self.carry_out(self._sought(section, told))

    def _sought(self, section, told):
        """Find what `seek` asks for (a look-up)."""
        found = []
        for host, port in section.peer:
            found += [(one, port or section.port) for one in (yield host, "")]
        for domain in section.search_domain:
            found += (yield domain, "_bellhop._udp.") or ()
        told(found)

    def _find(self, effect, host):
        """Answer a Resolve (a look-up)."""
        places = []
        if not effect.port:
            for transport, label in SRV_LABELS:
                if not places and effect.transport in (None, "", transport):
                    found = yield host, label
                    if found is None:
                        self._refuse(effect.query, "%s says that it has no SIP service" % host)
                        return
                    places = [(transport, address, port) for address, port in found]
        if not places:
            transport, port = effect.transport or "udp", effect.port or DEFAULT_PORT
            places = [(transport, address, port) for address in (yield host, "")]
        self._answer(effect.query, places, host)

    def _answer(self, query, places, name):
        flows = []
        for transport, host, port in places[:MAX_HOPS]:
            local = self.local_for(transport, host)
            if local is not None:
                flows.append(Flow(transport, local, host, port, 0, ""))
        if flows:
            self.loop.resolved(query, flows, "")
        elif places:
            problem = "there is no way from here to %s over %s" % (places[0][1], places[0][0])
            self._refuse(query, problem)
        else:
            self._refuse(query, "the host %s is not known, or has no address" % name)

    def _refuse(self, query, problem):
        self.counters["failed"] += 1
        self.loop.resolved(query, [], problem)

    def carry_out(self, look_up):
        """Run a generator that yields (name, label) and is sent what was found.

        label "": addresses. Else the SRV records of label + name: [(address, port)], or None where
        they say that there is no such service.
        """
        self._go_on(look_up, None)

    def _go_on(self, look_up, value):
        try:
            name, label = look_up.send(value)
        except StopIteration:
            return
        found = self._services(label + name) if label else self._addresses(name)
        self._step(found, None, lambda result: self._go_on(look_up, result))

    def _addresses(self, name):
        """Return the addresses of a name (yields questions)."""
        if sockets.is_address(name):
            return [name]
        found = _in_hosts(name)
        if not found:
            for family, kind in ((sockets.AF_INET6, dns.AAAA), (sockets.AF_INET, dns.A)):
                found += [socket.inet_ntop(family, one) for one in (yield name, kind)]
        return found

    def _services(self, name):
        """Return what `carry_out` says of an SRV name, first choice first (yields questions)."""
        found = []
        records = yield name, dns.SRV
        if [record.target for record in records] == [""]:  # The root: "decidedly not" (RFC 2782).
            return None
        for record in in_order(records, os.urandom)[:MAX_HOPS]:
            if record.target:
                found += [(one, record.port) for one in (yield from self._addresses(record.target))]
        return found

    def _step(self, work, value, done):
        """Run a generator that yields (name, kind) and is sent the values of the records."""
        try:
            name, kind = work.send(value)
        except StopIteration as end:
            done(end.value)
            return
        known = self.kept.get((name, kind))
        if known is not None and known[0] > self.loop.now():
            self._step(work, known[1], done)
            return
        Question(self, name, kind, lambda values: self._step(work, values, done)).ask()

    def keep(self, name, kind, answer):
        """Remember an answer for as long as it holds."""
        if len(self.kept) >= MAX_KEPT:
            self.kept.clear()
        seconds = min(answer.seconds, LONGEST_KEPT_SECONDS)
        self.kept[name, kind] = self.loop.now() + 1000 * seconds, answer.values


class Question:
    """One question under way; answered(values) is called once, [] where nobody knows.

    Each try has a number of its own and, from the kernel, a port of its own (RFC 5452).
    """

    def __init__(self, resolver, name, kind, answered):
        self.resolver = resolver
        self.loop = resolver.loop
        self.name, self.kind, self.answered = name, kind, answered
        self.servers = _servers() * ROUNDS
        self.socket = self.connection = self.timer = None

    def ask(self):
        """Ask the next server, or give up."""
        self._close()
        if not self.servers:
            self.answered([])
            return
        self.server = self.servers.pop(0)
        self.number = int.from_bytes(os.urandom(2), "big")
        self.timer = self.loop.call_later(PATIENCE_MS, self.ask)
        try:
            self.asked = dns.question(self.number, self.name, self.kind)
            self.socket = self._made(socket.SOCK_DGRAM)
            self.socket.connect(sockets.address(self.server, PORT))
            self.socket.send(self.asked)
        except (OSError, ValueError):
            self._ask_soon()
            return
        self.loop.watch(self.socket.fileno(), self._readable)

    def _ask_soon(self):
        self.loop.cancel(self.timer)
        self.timer = self.loop.call_later(0, self.ask)

    def _made(self, kind):
        made = socket.socket(sockets.family_of(self.server), kind)
        made.setblocking(False)
        return made

    def _ask_over_tcp(self):
        """Ask the same server once more: its answer did not fit into a datagram."""
        self._close()
        self.timer = self.loop.call_later(PATIENCE_MS, self.ask)
        try:
            made = self._made(socket.SOCK_STREAM)
            target = sockets.address(self.server, PORT)
            try:
                made.connect(target)
            except OSError:
                pass  # It is under way, or the next question brings the error again.
            self.buffer = b""
            self.connection = Connection(self.loop, made, self, STREAM_BYTES, target)
            self.connection.send(len(self.asked).to_bytes(LENGTH_BYTES, "big") + self.asked)
        except (OSError, ValueError):
            self._ask_soon()

    def received(self, data):
        """Take octets of the server's stream."""
        self.buffer += data
        size = int.from_bytes(self.buffer[:LENGTH_BYTES], "big")
        if size > STREAM_BYTES:
            self.ask()
        elif len(self.buffer) >= LENGTH_BYTES + size > LENGTH_BYTES:
            self._take(self.buffer[LENGTH_BYTES : LENGTH_BYTES + size])

    def ended(self, reason):
        """The server's stream is gone."""
        self.ask()

    def _readable(self, events):
        try:
            data = self.socket.recv(ANSWER_BYTES)
        except OSError:
            self.ask()
            return
        self._take(data)

    def _take(self, data):
        try:
            answer = dns.answer(data, self.number, self.name, self.kind)
        except ValueError:
            self.ask()
            return
        if answer is dns.CUT and self.connection is None:
            self._ask_over_tcp()
        elif answer is dns.CUT:
            self.ask()
        elif answer is not None:
            self._close()
            self.resolver.keep(self.name, self.kind, answer)
            self.answered(answer.values)

    def _close(self):
        self.loop.cancel(self.timer)
        if self.socket is not None:
            self.loop.forget(self.socket.fileno())
            self.socket.close()
            self.socket = None
        if self.connection is not None:
            self.connection.abort()
            self.connection = None


def in_order(records, random):
    """Return SRV records in the order to try them: by priority, then drawn by weight (RFC 2782)."""
    found = []
    for priority in sorted({one.priority for one in records}):
        rest = sorted([one for one in records if one.priority == priority], key=lambda r: r.weight)
        while rest:
            number = int.from_bytes(random(4), "big") % (sum([one.weight for one in rest]) + 1)
            for one in rest:
                number -= one.weight
                if number <= 0:
                    break
            rest.remove(one)
            found.append(one)
    return found


def _lines(path):
    """Yield the words of each line of a file that may be missing."""
    try:
        with open(path) as file:
            for line in file:
                yield line.partition("#")[0].split()
    except OSError:
        pass


def _servers():
    found = [words[1] for words in _lines(RESOLV_CONF) if words[:1] == ["nameserver"]]
    return found[:MAX_SERVERS] or ["127.0.0.1"]


def _in_hosts(name):
    return [words[0] for words in _lines(HOSTS) if name in [one.lower() for one in words[1:]]]
