"""Which sockets are open: a set for each address of the machine, kept in step with its changes."""

import errno

from ..effects import Listener
from . import netlink, sockets
from .tcp import StreamListener
from .udp import UdpSocket

ANY = {"0.0.0.0": False, "::": True}
# Ways to peers that are remembered until the addresses change.
MAX_SOURCES = 128


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
        wanted = [
            Listener(transport, host, settings.sip_port)
            for host in hosts
            if is_chosen(settings, host) and settings.sip_port
            for transport in ("udp", "tcp")
        ]
        before = list(self.listeners)
        self.problems = {}
        self.sources = {}
        for index, listener in enumerate(before):
            if listener is not None and listener not in wanted:
                self.log.say("notice", "no longer listening on " + shown(listener))
                self.open[index].close()
                self.open[index] = self.listeners[index] = None
        for listener in wanted:
            if listener not in self.listeners:
                self._add(listener)
        if self.listeners != before:
            self.loop.perform(self.loop.engine.listen(list(self.listeners), self.loop.now()))

    def _add(self, listener):
        index = self._place(listener)
        try:
            if listener.transport == "udp":
                opened = UdpSocket(self.loop, listener, index)
            else:
                opened = StreamListener(self.loop, self.streams, listener, index)
        except OSError as error:
            self.problems[listener] = _problem(listener, error)
            self.log.say("error", self.problems[listener])
            return
        if index == len(self.open):
            self.open.append(None)
            self.listeners.append(None)
        self.open[index], self.listeners[index] = opened, listener
        self.places[listener] = index

    def _place(self, listener):
        """Return the index for a listener: its earlier one, a free one of its kind, a new one."""
        if listener in self.places:
            return self.places[listener]
        for other, index in self.places.items():
            if self.open[index] is None and other.transport == listener.transport:
                del self.places[other]
                return index
        return len(self.open)

    def close_all(self):
        """Close every socket."""
        for endpoint in self.open:
            if endpoint is not None:
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
        source = netlink.source_towards(host)
        if source is None:
            return None
        spare = None
        for index, listener in enumerate(self.listeners):
            if listener is None or listener.transport != transport:
                continue
            if listener.host == source:
                return index
            is_like = (":" in listener.host) == (":" in host) and not is_loopback(listener.host)
            if spare is None and is_like:
                spare = index
        return spare

    def counters(self):
        """Return the sums of what the sockets have counted."""
        total = {}
        for endpoint in self.open:
            for name, count in endpoint.counters.items() if endpoint is not None else ():
                total[name] = total.get(name, 0) + count
        return total


def is_chosen(settings, host):
    """Tell whether the settings want an address of the machine listened on."""
    wanted = [canonical(one) for one in settings.listen]
    return not wanted or host in wanted or (":" in host) in [ANY.get(one) for one in wanted]


def absent(settings, hosts):
    """Return the addresses in `listen` that the machine does not have now."""
    return [
        one
        for one in settings.listen
        if canonical(one) not in hosts and one not in ANY and not is_loopback(one)
    ]


def canonical(host):
    """Return an address in the form in which the machine's own list has it."""
    try:
        return sockets.unpacked(sockets.packed(host, 0))[0]
    except (OSError, ValueError):  # A name: it matches no address.
        return host


def is_loopback(host):
    """Tell whether an address never leaves the machine."""
    return host == "::1" or host.startswith("127.")


def shown(listener):
    """Return a listener in words."""
    return "%s port %d on %s" % (listener.transport, listener.port, listener.host)


def _problem(listener, error):
    if error.errno == errno.EADDRINUSE:
        return "port %d (%s) on %s is taken by another process" % (
            listener.port, listener.transport, listener.host,
        )  # fmt: skip
    return "cannot listen on %s: %s" % (shown(listener), sockets.words(error))
