"""Ports that the router in front of this one leads here, where this one has no public address.

Asked for where the owner lets the Internet reach this node: the mesh, its sound, and TLS for phones
on the road. PCP first, then NAT-PMP, then UPnP; leases are renewed at half their time. By IPv6 the
address stays, and what is asked for is a hole in that router's firewall, by PCP or UPnP.
"""

from ...effects import AskGateway, MapPort, Note
from ...errors import MeshError
from ...mesh import address, gateway
from ...mesh.gateway import (
    FOUND,
    GONE,
    IDLE,
    LIFETIME,
    NAT_PMP,
    NONCE_BYTES,
    NONE,
    OLD,
    OLD_RESULTS,
    OLD_VERSION,
    PCP,
    REFUSED,
    RESULTS,
    SILENT,
    SUCCESS,
    TCP,
    UDP,
    UPNP,
    Lease,
    Lease6,
)

# RFC 6886 section 3.1: 250 ms, doubled; a gateway of one's own answers within milliseconds.
FIRST_MS, TRIES = 250, 4
# UPnP's program looks for gateways for 2 s and asks with more words.
PROGRAM_MS = 15000
# A refusal may be over by then; so may a lease shorter than this be a mistake.
AGAIN_MS, SHORTEST = 600000, 120
# How far the epochs of a gateway may be off (RFC 6887 section 8.5).
EPOCH_SLACK = 2
SHARED = bytes((100, 64)), 0xC0
NOT_NEEDED = "this router has a public address"
NO_GATEWAY = "there is no way to the Internet"
NO_ADDRESS = "this router has no address of the Internet"
# RFC 4291 section 2.4, as far as it is given out.
GLOBAL6 = 0xE0, 0x20
OFF = "the Internet may not reach this node"
NAMES = {UDP: "udp", TCP: "tcp"}


class Gateway:
    """A feature. mesh: the Mesh, which knows the port of sound; is_six: by IPv6."""

    hooks = "adopt", "started", "listening", "status"
    events = "found", "heard", "mapped"
    users = {}

    def __init__(self, node, mesh, is_six):
        self.name = "gateway6" if is_six else "gateway"
        self.is_six = is_six
        self.node = node
        self.mesh = mesh
        self.state = IDLE
        self.host = self.source = None
        self.leases = []
        # Seconds since the gateway has forgotten all, and when it said so; its own address.
        self.epoch = self.address = None
        self.problem = ""
        self.told = ""
        self.kind = Lease6 if is_six else Lease
        self.wakers = {self.kind: self._due}
        self.is_wanted = node.settings.internet

    def adopt(self, settings):
        """Note whether the Internet may reach this node; `started` follows."""
        self.is_wanted = settings.internet

    def started(self, now):
        """The settings may have changed; return the effects."""
        return self._look(now)

    listening = started

    # What the shell tells.

    def found(self, host, source, now):
        """Take the router that leads to the Internet and the own address towards it, or None."""
        if (host, source) == (self.host, self.source):
            return []
        self._step(GONE)
        self.host, self.source = host, source
        return self._look(now)

    def _look(self, now):
        """Begin to ask, or stop where there is nothing to ask; return the effects."""
        wanted = self._wanted() if self.reason() is None else []
        if not wanted:
            self._step(GONE)
        if wanted == [(one.protocol, one.port) for one in self.leases] and self.state != IDLE:
            return []
        for lease in self.leases:
            lease.rest(None)
            self.node.deadlines.watch(lease)
        random = self.node.random
        self.leases = [self.kind(protocol, port, random(NONCE_BYTES)) for protocol, port in wanted]
        return self._begin(now) if wanted else []

    def reason(self):
        """Return why no port is asked for, or None where some are."""
        if not self.is_wanted:
            return OFF
        if self.host is None or self.source is None:
            return NO_GATEWAY
        octets = address.pack(self.source)
        if self.is_six:
            return None if octets[0] & GLOBAL6[0] == GLOBAL6[1] else NO_ADDRESS
        is_shared = octets[:1] == SHARED[0][:1] and octets[1] & SHARED[1] == SHARED[0][1]
        return None if address.is_near(octets) or is_shared else NOT_NEEDED

    def _wanted(self):
        settings = self.node.settings
        found = [(UDP, settings.mesh.port)]
        if self.mesh.sound_port:
            found.append((UDP, self.mesh.sound_port))
        if [one for one in self.node.listeners() if one is not None and one.transport == "tls"]:
            found.append((TCP, settings.tls_port))
        return found

    def _begin(self, now):
        self._step(FOUND)
        self.epoch, self.address, self.problem = None, None, ""
        return self._ask_all(now)

    def _ask_all(self, now):
        effects = []
        for lease in self.leases:
            lease.rest(now)
            effects += self._due(lease, now)
        return effects

    def _due(self, lease, now):
        """Ask for a lease, or go on to the next way where nobody answers; return the effects."""
        if self.state == NONE:
            return self._begin(now)
        if lease.external is not None and now >= lease.until:
            lease.drop()
        most = 1 if self.state == UPNP else TRIES
        if lease.tries >= most:
            return self._next(SILENT, now)
        wait = PROGRAM_MS if self.state == UPNP else FIRST_MS << lease.tries
        lease.ask(now + wait)
        self.node.deadlines.watch(lease)
        if self.state == PCP:
            return [AskGateway(self.name, gateway.write_pcp(lease, self.source, LIFETIME))]
        if self.state == NAT_PMP:
            asked = gateway.write_natpmp_address(), gateway.write_natpmp(lease, LIFETIME)
            return [AskGateway(self.name, data) for data in asked]
        return [MapPort(lease.protocol == TCP, lease.port, self.source, LIFETIME)]

    def _next(self, event, now):
        """Try the next way; after the last one all of them later; return the effects."""
        self._step(event)
        if self.state == NAT_PMP and self.is_six:
            self._step(event)  # It knows nothing of IPv6.
        if self.state != NONE:
            return self._ask_all(now)
        for lease in self.leases:
            is_held = lease.external is not None and now < lease.until
            lease.rest(min(lease.until, now + AGAIN_MS) if is_held else now + AGAIN_MS)
            self.node.deadlines.watch(lease)
        self.problem = self.problem or "it speaks neither PCP nor NAT-PMP nor UPnP"
        if self.is_six:  # Many a router keeps nobody out, and has nothing to be asked.
            return self._tell("notice", "the firewall in front was not opened: " + self.problem)
        return self._tell("warning", "the router in front leads nothing here: " + self.problem)

    def heard(self, data, now):
        """Take a datagram of the gateway; return the effects."""
        try:
            answer = gateway.read(data)
        except MeshError:
            return []
        if self.state not in (PCP, NAT_PMP):
            return []
        if answer.result == OLD_VERSION:
            return self._next(OLD, now)
        if answer.result != SUCCESS:
            words = RESULTS if data[0] else OLD_RESULTS
            self.problem = words.get(answer.result, "it refuses (%d)" % answer.result)
            return self._next(REFUSED, now)
        effects = self._forgotten(answer.epoch, now)
        self.address = answer.address or self.address
        for lease in self.leases:
            is_this = (lease.protocol, lease.port) == (answer.protocol, answer.port)
            if is_this and answer.nonce in (None, lease.nonce):
                self._given(lease, answer.external, self.address, answer.seconds, now)
        return effects + self._tell_all()

    def _forgotten(self, epoch, now):
        """A gateway that was started anew has forgotten all; return the effects."""
        before, self.epoch = self.epoch, (epoch, now)
        if before is None or epoch + EPOCH_SLACK >= before[0] + (now - before[1]) * 7 // 8000:
            return []
        for lease in self.leases:
            lease.drop()
        return self._ask_all(now)

    def _given(self, lease, external, host, seconds, now):
        if not seconds or not external:
            return
        seconds = max(seconds, SHORTEST)
        lease.give(external, host, now + seconds * 1000)
        lease.rest(now + seconds * 500)
        self.node.deadlines.watch(lease)

    def mapped(self, port, external, host, problem, now):
        """Take what UPnP's program has got; external: None where it got nothing."""
        if self.state != UPNP:
            return []
        if external is None:
            self.problem = problem or self.problem
            return self._next(REFUSED, now)
        for lease in self.leases:
            if lease.port == port:
                self._given(lease, external, host, LIFETIME, now)
        return self._tell_all()

    def _step(self, event):
        state = gateway.TABLE.get((self.state, event))
        self.state = state or self.state

    def _tell_all(self):
        places = [_place(one) for one in self.leases if one.external and one.address]
        if len(places) < len(self.leases):
            return []
        words = "the router in front leads here, by %s: %s"
        return self._tell("notice", words % (self.state, ", ".join(places)))

    def _tell(self, level, words):
        """Log something once."""
        if words == self.told:
            return []
        self.told = words
        return [Note(level, words)]

    # What the owner sees.

    def status(self):
        """Return how the Internet reaches this node: way, gateway, ports, and why not."""
        ports = [
            {
                "protocol": NAMES[one.protocol],
                "port": one.port,
                "host": one.address,
                "external": one.external,
            }
            for one in self.leases
        ]
        why = self.reason()
        return {
            "outside6" if self.is_six else "outside": {
                "way": self.state if why is None else IDLE,
                "why": why or (self.problem if self.state == NONE else ""),
                "gateway": self.host,
                "source": self.source,
                "ports": ports if why is None else [],
            }
        }


def _place(lease):
    return "%s port %d of %s" % (NAMES[lease.protocol], lease.external, lease.address)
