"""Calls outlive the ways they came by: the caller's node tries another, the callee's follows it.

Nodes in between keep nothing. The INVITE that comes again, same Call-ID, tag and CSeq, is no new
call: the phone goes on ringing, and its answers take the new way (it would refuse a second INVITE,
RFC 3261 section 8.2.2.2). A request inside a dialog whose next node is gone goes around it, to the
last node on its Route.
"""

from ...errors import SipError
from ...sip import address
from ...sip.message import response_to
from ...tu import dialplan, proxy
from ...tu.calls import RINGING
from ...tu.response_context import WAITING
from .dialling import HOP_PATIENCE, route_values

# How long the called phone rings on when the node before it is gone: 7 s until the caller's node
# has seen a silent death, 2 s until the next way is tried as well, and room.
REJOIN_PATIENCE = 12000
# Ways around a node that are tried one after the other, and how long each may be silent where a
# request that comes twice does no harm.
WAYS_AROUND = 2
AROUND_PATIENCE = 2000
REPEATABLE = (b"BYE", b"INVITE")


class Failover:
    """A feature: both ends of a call whose way through the mesh has changed."""

    name = "mesh failover"
    hooks, events = ("take", "routes", "onward", "answers", "waits"), ()
    users, wakers = {}, {}

    def __init__(self, node, forwarder, mesh, dialling):
        self.node = node
        self.forwarder = forwarder
        self.mesh = mesh
        self.dialling = dialling
        self.counts = {"rerouted": 0, "joined": 0, "around": 0}

    def look(self, now):
        """Find another way for ringing calls whose own is no longer there; return the effects."""
        effects = []
        for call in list(self.node.calls.live.values()):
            context = call.context
            if call.state != RINGING or context is None or context.state != WAITING:
                continue
            for branch in context.pending():
                way = None if branch.cancel is not None else self.dialling.other_way(branch.target)
                if way is not None and branch.transaction is not None:
                    self.counts["rerouted"] += 1
                    self.node.layer.abandon(branch.transaction)
                    effects += self.forwarder.launch_anew(branch, way, now)
        return effects

    def waits(self, context, now):
        """Tell whether a request whose way back is gone may come again by another way."""
        target = context.request.parsed_uri
        is_ringing = context.call is not None and context.state == WAITING
        if not is_ringing or not (self.dialling.is_mine(target) or self.dialling.is_member(target)):
            return False
        context.wait(now + REJOIN_PATIENCE)
        self.node.deadlines.watch(context)
        return True

    def take(self, request, server, flow, caller, now):
        """Take an INVITE that came before by another way; return the effects, or None."""
        context = self._find(request, flow)
        return None if context is None else self._join(context, request, server, flow, now)

    def _find(self, request, flow):
        """Return the response context of an INVITE that came before by another way, or None."""
        call = self.node.calls.live.get(request.call_id)
        context = None if call is None else call.context
        # Nodes in between pass it on: what it offers is new to the other end too.
        is_end = context is not None and self.dialling.is_mine(request.parsed_uri)
        if not is_end or not self.mesh.is_member(flow.host):
            return None
        return context if _same(context.request, request) else None

    def _join(self, context, request, server, flow, now):
        """Give all further answers to the INVITE that came last; return the effects."""
        for rejoin in self.node.hooks.rejoin:
            rejoin(context, request, flow, now)
        self.counts["joined"] += 1
        before = context.server
        before.serve(None)
        if context.state == WAITING:
            context.wait(now + context.patience)
            self.node.deadlines.watch(context)
        effects = []
        if before.request is not None:  # An answered or broken one has nothing left to say.
            tag = proxy.dialog_token(self.node.proof, request.call_id)
            merged = response_to(before.request, 482, "it came by another way", to_tag=tag)
            effects = self.node.layer.respond(before, merged, now)
        context.call.detour(context.request.items(b"record-route"), request)
        context.rejoin(server, flow, request)
        server.serve(context)
        if context.heard is not None:
            effects += self.forwarder.respond(context, context.heard, now)
        return effects

    def onward(self, target, request):
        """Return the Target of a request that the caller's node, or its dialog, gave its way.

        A way whose next node is no neighbour any more is refused at once: the caller's node knows
        others.
        """
        if request.to.param(b"tag") is not None:
            return self._around(target, request)
        if not self.dialling.is_member(request.parsed_uri):
            return target
        following = self.dialling.node_of(request.addresses(b"route")[0].uri)
        if following is not None and not self.mesh.is_peer(following):
            raise SipError(503, "the next node on the way is gone")
        fields = list(target)
        fields[5], fields[7] = "next node on the way", HOP_PATIENCE
        return dialplan.Target(*fields)

    def _around(self, target, request):
        """Return the Target of a request inside a dialog, and with it the ways around a dead node.

        Of the Route the request keeps what every way has in common; the rest is in the Targets. The
        phone's own node also doubts a neighbour whose death has not been noticed.
        """
        mesh = self.mesh
        routes = request.items(b"route")
        first = self.dialling.node_of(address.parse(routes[0]).uri)
        if first is None:
            return target
        is_there = mesh.is_peer(first)
        doubts = request.method in REPEATABLE and len(request.values(b"via")) == 1
        index, ways = self._ways_around(routes, first) if doubts or not is_there else (0, [])
        if not ways:
            return target
        kept = list(target)
        if is_there:
            ways.insert(0, routes[:index])
            kept[7] = AROUND_PATIENCE
        else:
            self.counts["around"] += 1
        request.remove(b"route")
        for route in reversed(routes[index:]):
            request.insert(b"route", b"Route: " + route)
        targets = []
        for way in ways:
            kept[2] = way
            targets.append(dialplan.Target(*kept))
        kept[2], kept[6] = ways[0], tuple(targets[1:])
        return dialplan.Target(*kept)

    def _ways_around(self, routes, avoided):
        """Return (place of the first Route to keep, lists of Route values that lead there).

        avoided: id of the neighbour that the Route begins with.
        """
        mesh = self.mesh
        for index in range(len(routes) - 1, -1, -1):
            node = self.dialling.node_of(address.parse(routes[index]).uri)
            if node is None or node == mesh.id:
                continue
            befores = [path[:-1] for path in mesh.paths_to(node, 1 + WAYS_AROUND)]
            ways = [
                route_values(before)
                for before in befores
                if avoided not in [hop.node for hop in before] and (before or node != avoided)
            ]
            if ways:
                return index, ways[:WAYS_AROUND]
        return 0, []

    def answers(self, context, response):
        """Return a response as one to the INVITE that came last."""
        if context.rejoined is None:
            return response
        node, incoming = self.node, self.node.listening[context.flow.local]
        outgoing = [
            node.listening[branch.transaction.flow.local]
            for branch in context.branches
            if branch.transaction is not None
        ]
        token = proxy.dialog_token(node.proof, context.request.call_id)
        own = proxy.record_routes(token, incoming, outgoing[0] if outgoing else incoming)
        return _by_the_new_way(response, context.rejoined, own)

    def routes(self, request):
        """Send a request of the called phone by the way that the call took in the end."""
        call = self.node.calls.live.get(request.call_id)
        if call is None or call.detours is None:
            return
        before, after = call.detours
        if request.items(b"route") != before:
            return
        request.remove(b"route")
        for route in reversed(after.items(b"record-route")):
            request.insert(b"route", b"Route: " + route)


def _by_the_new_way(response, request, own):
    """Return a response of a phone as an answer to `request`; own: Record-Route lines."""
    copy = response.copy()
    for name in (b"via", b"record-route"):
        copy.remove(name)
    for value in reversed(request.items(b"record-route")):
        copy.insert(b"record-route", b"Record-Route: " + value)
    for line in reversed(own):
        copy.insert(b"record-route", line)
    for value in reversed(request.items(b"via")):
        copy.insert(b"via", b"Via: " + value)
    return copy


def _same(one, other):
    return (
        one.cseq == other.cseq
        and one.uri == other.uri
        and one.from_.param(b"tag") == other.from_.param(b"tag")
    )
