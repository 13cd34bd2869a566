"""Which sockets are open: a set for each address of the machine, kept in step with its changes."""

import errno

from ..effects import Listener
from ..limits import MAX_LISTENERS, MAX_SOURCES
from ..settings import problems
from ..settings.problems import Problem
from . import netlink
from .streams import StreamListener
from .system import sockets
from .udp import UdpSocket

ANY = {"0.0.0.0": False, "::": True}


# Transport -> the option that names its port.
OPTIONS = {
    "udp": "sip_port", "tcp": "sip_port", "tls": "tls_port", "ws": "ws_port", "wss": "wss_port",
}  # fmt: skip
# Until a listener that could not be opened is tried again.
RETRY_MS = 5000
# Addresses that one sentence names.
NAMED = 3


class Endpoints:
    """The open sockets; index of a listener = Flow.local.

    failed: Listener -> (errno, why it is not open), but for those of links: a node is of use
    without them. changed(): called when they were looked at again.
    """

    def __init__(self, loop, streams, log):
        self.loop = loop
        self.streams = streams
        self.log = log
        self.open = []
        self.listeners = []
        self.places = {}
        # Listener -> index of its interface, of those that are open or were.
        self.interfaces = {}
        self.sources = {}
        self.failed = {}
        self.settings = self.retry = None
        self.changed = lambda: None

    def send(self, effect):
        """Perform a Send."""
        flow = effect.flow
        endpoint = self.open[flow.local]
        if endpoint is None and flow.transport == "udp" and "%" not in flow.host:
            # A peer answers where it hears from (RFC 3581): what is under way need not end.
            other = self.local_for(flow.transport, flow.host)
            endpoint = None if other is None else self.open[other]
        if endpoint is None:
            self.loop.fail(flow, "the address is gone")
        else:
            endpoint.send(flow, effect.data)

    def adjust(self, settings):
        """Open what is missing, close what should not be, and tell the engine."""
        hosts, links, indexes = netlink.addresses()
        wanted = self._wanted(settings, [host for host in hosts if is_chosen(settings, host)])
        if not settings.listen and settings.mesh.enabled:
            # Two routers on a bare cable may have no other addresses in common.
            wanted += [
                Listener(transport, host, settings.sip_port)
                for host in sorted(links)
                for transport in ("udp", "tcp")
            ]
        before, earlier = list(self.listeners), self.failed
        self.settings, self.failed = settings, {}
        self.sources = {}
        for index, listener in enumerate(before):
            if listener is None:
                continue
            # An interface that was made anew has another number; the old sockets hear nothing.
            is_moved = self.open[index].zone != links.get(listener.host, 0)
            if is_moved or listener not in wanted:
                self._drop(index)
        for listener in wanted:
            self.interfaces[listener] = indexes.get(listener.host, links.get(listener.host))
            if listener not in self.listeners:
                self._add(listener, links.get(listener.host, 0), earlier.get(listener))
        if self.failed and self.retry is None:
            self.retry = self.loop.call_later(RETRY_MS, self._try_again)
        if self.listeners != before:
            self.loop.perform(self.loop.engine.listen(list(self.listeners), self.loop.now()))

    def _try_again(self):
        self.retry = None
        self.adjust(self.settings)
        self.changed()

    def problems(self):
        """Return what is not open and why, as Problems."""
        groups = {}
        for listener in sorted(self.failed):
            group = groups.setdefault((listener.port, self.failed[listener][1]), ([], []))
            for names, name in zip(group, (listener.transport, listener.host)):
                if name not in names:
                    names.append(name)
        found = []
        for port, why in sorted(groups):
            transports, hosts = groups[port, why]
            wrong = "port %d (%s) on %s %s" % (port, ", ".join(transports), _named(hosts), why)
            works = "it is tried again every %d seconds" % (RETRY_MS // 1000)
            problem = Problem(problems.NO_PORT, wrong, works)
            found.append(problem.about("node", OPTIONS[transports[0]], str(port)))
        return found

    def _wanted(self, settings, hosts):
        """Return the Listeners that settings ask for on these addresses."""
        ports = {one: getattr(settings, OPTIONS[one]) for one in OPTIONS}
        transports = ("udp",) + self.streams.kinds.accepted
        return [
            Listener(transport, host, ports[transport])
            for host in hosts
            for transport in transports
            if ports[transport]
        ]

    def _drop(self, index):
        self.log.say("notice", "no longer listening on " + shown(self.listeners[index]))
        self.open[index].close()
        self.open[index] = self.listeners[index] = None

    def _add(self, listener, zone, earlier):
        index = self._place(listener)
        try:
            if listener.transport == "udp":
                opened = UdpSocket(self.loop, listener, index, zone)
            else:
                opened = StreamListener(self.loop, self.streams, listener, index, zone)
        except OSError as error:
            if earlier is None or earlier[0] != error.errno:
                earlier = error.errno, _why(listener, error)
            if not zone:
                self.failed[listener] = earlier
            return
        if index == len(self.open):
            self.open.append(None)
            self.listeners.append(None)
        self.open[index], self.listeners[index] = opened, listener
        for other in [one for one in self.places if self.places[one] == index]:
            del self.places[other]
            if other != listener:
                del self.interfaces[other]
        self.places[listener] = index
        self.log.say("info", "listening on " + shown(listener))

    def _place(self, listener):
        """Return the index for a listener: its earlier one, a new one, or one that nobody needs.

        An address that comes in the place of another has its index: all flows lead on by it. A
        prefix that changes every day must not make the list longer for ever.
        """
        if listener in self.places:
            return self.places[listener]
        for other, index in self.places.items():
            if self.open[index] is None and self._is_instead(listener, other):
                return index
        if len(self.open) >= MAX_LISTENERS:
            for other, index in self.places.items():
                if self.open[index] is None and other.transport == listener.transport:
                    return index
        return len(self.open)

    def _is_instead(self, listener, other):
        """Tell whether a listener is where another was that has gone, but for its address."""
        is_alike = (listener.transport, ":" in listener.host, "%" in listener.host) == (
            other.transport, ":" in other.host, "%" in other.host,
        )  # fmt: skip
        return is_alike and self.interfaces[listener] == self.interfaces[other]

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
            if listener is None or listener.transport != transport or "%" in listener.host:
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
    wanted = [sockets.canonical(one) for one in settings.listen]
    return not wanted or host in wanted or (":" in host) in [ANY.get(one) for one in wanted]


def absent(settings):
    """Return the addresses in `listen` that the machine does not have now."""
    hosts = netlink.addresses()[0] if settings.listen else ()
    return [
        one
        for one in settings.listen
        if sockets.canonical(one) not in hosts and one not in ANY and not is_loopback(one)
    ]


def is_loopback(host):
    """Tell whether an address never leaves the machine."""
    return host == "::1" or host.startswith("127.")


def shown(listener):
    """Return a listener in words."""
    return "%s port %d on %s" % (listener.transport, listener.port, listener.host)


def _named(hosts):
    """Return addresses in words, those of people first."""
    hosts = sorted(hosts, key=lambda host: (":" in host, host))
    more = len(hosts) - NAMED
    return ", ".join(hosts[:NAMED]) + (" and %d more" % more if more > 0 else "")


def _why(listener, error):
    if error.errno == errno.EADDRINUSE:
        return "is taken by %s" % sockets.holder_of(listener)
    if error.errno == errno.EACCES:
        return "needs more rights: start as root, or choose one above 1023"
    return "cannot be opened: %s" % sockets.reason(error)
