"""Which sockets are open: a set for each address of the machine, kept in step with its changes."""

import errno
import os
import socket

from ..effects import Listener
from .addresses import link_addresses
from .loop import milliseconds
from .ports import holder_of
from .tcp import StreamListener
from .tls import SECURE
from .udp import UdpSocket

ANY = {"0.0.0.0": False, "::": True}
# Places in the list before those of listeners that have gone are given to others: a prefix that
# changes every day must not make it longer for ever.
SLOTS = 256
# Ways to peers that are remembered until the addresses change.
MAX_SOURCES = 1024


class Endpoints:
    """The open sockets; index of a listener = Flow.local. problems: Listener -> why not open."""

    def __init__(self, loop, streams, log):
        self.loop = loop
        self.streams = streams
        self.log = log
        self.open = []
        self.listeners = []
        self.places = {}
        self.sources = {}
        self.problems = {}

    def send(self, effect):
        """Perform a Send."""
        flow = effect.flow
        endpoint = self.open[flow.local]
        if endpoint is None:
            self.loop.fail(flow, "the address is gone")
        else:
            endpoint.send(flow, effect.data)

    def close(self, effect):
        """Perform a Close."""
        self.streams.close(effect.flow, effect.reason)

    def adjust(self, settings, hosts):
        """Open what is missing, close what should not be, and tell the engine."""
        wanted = listeners(settings, hosts, self.streams.contexts.server is not None)
        if not settings.listen and settings.mesh.enabled:
            # Two routers on a bare cable may have no other addresses in common.
            wanted += [
                Listener(transport, host, settings.sip_port)
                for host in link_addresses()
                for transport in ("udp", "tcp")
            ]
        before = list(self.listeners)
        self.problems = {}
        self.sources = {}
        for index, listener in enumerate(before):
            if listener is not None and listener not in wanted:
                self._drop(index)
        for listener in wanted:
            if listener not in self.listeners:
                self._add(listener)
        if self.listeners != before:
            self.loop.perform(self.loop.engine.listen(list(self.listeners), milliseconds()))

    def _drop(self, index):
        self.log.say("notice", "no longer listening on %s" % shown(self.listeners[index]))
        self.open[index].close()
        self.open[index] = self.listeners[index] = None

    def _add(self, listener):
        index = self._place(listener)
        try:
            if listener.transport == "udp":
                opened = UdpSocket(self.loop, listener, index)
            else:
                opened = StreamListener(self.streams, listener, index)
        except OSError as error:
            problem = _problem(listener, error)
            self.log.say("error", problem)
            if "%" not in listener.host:  # A node is of use without those of its links.
                self.problems[listener] = problem
            return
        if index == len(self.open):
            self.open.append(None)
            self.listeners.append(None)
        self.open[index], self.listeners[index] = opened, listener
        self.places[listener] = index
        self.log.say("info", "listening on %s" % shown(listener))

    def _place(self, listener):
        """Return the index for a listener: its earlier one, a new one, or one that nobody needs."""
        if listener in self.places:
            return self.places[listener]
        if len(self.open) >= SLOTS:
            for other, index in self.places.items():
                if self.open[index] is None and other.transport == listener.transport:
                    del self.places[other]
                    return index
        return len(self.open)

    def close_all(self):
        """Close every socket."""
        for endpoint in filter(None, self.open):
            endpoint.close()

    def local_for(self, transport, host):
        """Return the index of the listener from which the kernel would reach `host`, or None."""
        key = transport, host
        if key not in self.sources:
            if len(self.sources) >= MAX_SOURCES:
                self.sources.clear()
            self.sources[key] = self._local_for(transport, host)
        return self.sources[key]

    def _local_for(self, transport, host):
        source = source_towards(host)
        if source is None:
            return None
        spare = None
        for index, listener in enumerate(self.listeners):
            if listener is None or listener.transport != transport:
                continue
            if listener.host == source:
                return index
            is_like = (":" in listener.host) == (":" in host) and not is_loopback(listener.host)
            if "%" in listener.host:
                continue
            if spare is None and is_like:
                spare = index
        return spare

    def counters(self):
        """Return the sums of what the sockets have counted."""
        total = {}
        for endpoint in filter(None, self.open):
            for name, count in endpoint.counters.items():
                total[name] = total.get(name, 0) + count
        return total


def listeners(settings, hosts, has_tls):
    """Return the Listeners that settings ask for on a machine with these addresses."""
    ports = (
        ("udp", settings.sip_port),
        ("tcp", settings.sip_port),
        ("tls", settings.tls_port),
        ("ws", settings.ws_port),
        ("wss", settings.wss_port),
    )
    chosen = [canonical(host) for host in settings.listen]
    return [
        Listener(transport, host, port)
        for host in hosts
        if _is_chosen(chosen, host)
        for transport, port in ports
        if port and (has_tls or transport not in SECURE)
    ]


def absent(settings, hosts):
    """Return the addresses in `listen` that the machine does not have now."""
    return [
        one
        for one in settings.listen
        if canonical(one) not in hosts and one not in ANY and not is_loopback(one)
    ]


def _is_chosen(wanted, host):
    if not wanted or host in wanted:
        return True
    return any(ANY.get(one) == (":" in host) for one in wanted)


def canonical(host):
    """Return an address in the form in which the machine's own list has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, host))
    except OSError:  # A name: it matches no address.
        return host


def is_loopback(host):
    """Tell whether an address never leaves the machine."""
    return host == "::1" or host.startswith("127.")


def shown(listener):
    """Return a listener in words."""
    return "%s port %d on %s" % (listener.transport, listener.port, listener.host)


def _problem(listener, error):
    if error.errno == errno.EADDRINUSE:
        holder = holder_of(listener.transport, listener)
        return "port %d (%s) on %s is taken by %s" % (
            listener.port, listener.transport, listener.host, holder,
        )  # fmt: skip
    if error.errno == errno.EACCES:
        words = "port %d needs more rights: start as root, or choose one above 1023"
        return words % listener.port
    return "cannot listen on %s: %s" % (shown(listener), os.strerror(error.errno))


def source_towards(host):
    """Return the local address from which the kernel would reach `host`, or None."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 5060))
        except OSError:
            return None
        return probe.getsockname()[0]
