"""Transaction layer: matching (RFC 3261 sections 17.1.3 and 17.2.3), creation, bounded table."""

from collections import deque

from ..deadlines import Deadlines
from ..effects import sending
from . import client, invite_client, invite_server, server
from .timers import TIMER_B
from .transaction import TERMINATED, stop

# What `Layer.request` found out about a request.
NEW, ABSORBED, ACK, CANCEL, FULL = ("new", "absorbed", "ack", "cancel", "full")

# States in which a transaction waits only for what the peer may send twice.
LINGERING = frozenset(
    (server.COMPLETED, invite_server.CONFIRMED, invite_server.ACCEPTED, client.COMPLETED)
)


# Transports on which the node can open a connection to the sender of a request.
REOPENED = ("tcp", "tls")


class Layer:
    """All transactions of the node, at most `most` of them."""

    def __init__(self, most, deadlines=None):
        self.most = most
        self.deadlines = deadlines or Deadlines()
        self.servers = {}
        self.clients = {}
        self.lingering = deque((), most)
        self.counters = {
            "retransmissions": 0,
            "evicted": 0,
            "refused_full": 0,
            "stray_responses": 0,
        }

    def resize(self, most):
        """Hold so many transactions from now on."""
        self.most = most

    def __len__(self):
        return len(self.servers) + len(self.clients)

    def request(self, request, flow, now):
        """Return (what, server transaction or None, effects) for a request that came in.

        NEW: the user decides, and calls `new_server` to answer, with the key that stands here in
        place of a transaction. CANCEL: the transaction is that of the INVITE to cancel, or None;
        the CANCEL is answered through a `new_server` too. ACK: one that no transaction here waits
        for. ABSORBED: done. FULL: no place; refuse without state.
        """
        key = server_key(request)
        found = self.servers.get(key)
        if found is not None:
            if request.method == b"ACK":
                return ABSORBED, found, self._handle(found, invite_server.ACK, now)
            self.counters["retransmissions"] += 1
            if flow.connection and not found.flow.connection:
                found.take_flow(flow)  # The peer is back on a new connection.
            return ABSORBED, found, self._handle(found, server.REQUEST, now)
        if request.method == b"ACK":
            return ACK, None, []
        if len(self.servers) + len(self.clients) >= self.most and not self.has_room():
            self.counters["refused_full"] += 1
            return FULL, None, []
        if request.method == b"CANCEL":
            return CANCEL, self.servers.get(server_key(request, b"INVITE")), []
        return NEW, key, []

    def new_server(self, request, flow, now, key=None):
        """Create the server transaction of a request that `request` called NEW or CANCEL."""
        key = key or server_key(request)
        if request.method == b"INVITE":
            tx = invite_server.InviteServerTransaction(key, request, flow)
        else:
            tx = server.ServerTransaction(key, request, flow)
        tx.start(now)
        self.servers[key] = tx
        self.deadlines.watch(tx)
        return tx

    def respond(self, tx, response, now):
        """Give a response of the user to a server transaction; return the effects."""
        if tx.veil is not None:
            response = tx.veil.passes(response)
        return [] if response is None else self.show(tx, response, now)

    def show(self, tx, response, now):
        """Give a response to a server transaction past what hangs before it; return the effects."""
        return self._settle(tx, tx.handle(response_event(response), now, response))

    def refuse(self, tx, response):
        """Answer an INVITE once and forget it (RFC 3261 section 8.2.7).

        The peer asks again if this is lost; a transaction would repeat the answer for 32 s to an
        address that may be forged.
        """
        if tx.veil is not None:
            tx.veil.passes(response)
            return []
        effects = [sending(tx.flow, response)]
        stop(tx, None, None)
        self._forget(tx)
        return effects

    def cancelled(self, tx, now):
        """The peer has cancelled; who hears only what he may hears so at once."""
        response = None if tx.veil is None else tx.veil.cancelled()
        return [] if response is None else self.show(tx, response, now)

    def send(self, request, flow, user, now, branch=None):
        """Start a client transaction; return (transaction, effects).

        branch: that of the request's topmost Via where the caller knows it; it must be unique and
        the node's own.
        """
        key = branch or request.via.branch, request.method
        if request.method == b"INVITE":
            tx = invite_client.InviteClientTransaction(key, request, flow)
        else:
            tx = client.ClientTransaction(key, request, flow)
        tx.serve(user)
        if len(self.servers) + len(self.clients) >= self.most:
            self.has_room()
        self.clients[key] = tx
        effects = tx.start(now)
        self.deadlines.watch(tx)
        return tx, effects

    def cancel(self, tx, request, now):
        """Send the CANCEL of a client transaction; it may take 64*T1 to end (section 9.1)."""
        tx.arm(None, now + TIMER_B)
        self.deadlines.watch(tx)
        return self.send(request, tx.flow, None, now, tx.key[0])[1]

    def response(self, response, now):
        """Give a response from the network to its client transaction; return the effects."""
        tx = self.clients.get((response.branch, response.cseq[1]))
        if tx is None:
            self.counters["stray_responses"] += 1
            return []
        return self.respond(tx, response, now)

    def abandon(self, tx):
        """End a client transaction without a word: its user has found another way."""
        stop(tx, None, None)
        self._forget(tx)

    def wake(self, tx, now):
        """Return the effects of a deadline that has come for `tx`."""
        return self._settle(tx, tx.wake(now))

    def flow_failed(self, flow, now):
        """Return the effects of a broken flow on every transaction that uses it."""
        effects = []
        for table in (self.servers, self.clients):
            for tx in list(table.values()):
                # Most only linger, and that ends by itself.
                if (not tx.lingers or tx.resend_at) and is_same_flow(tx.flow, flow):
                    is_answer = table is self.servers and flow.connection
                    is_closed = is_answer and flow.transport in REOPENED
                    event = server.FLOW_CLOSED if is_closed else server.FLOW_FAILED
                    effects += self._handle(tx, event, now)
        return effects

    def _handle(self, tx, event, now, message=None):
        return self._settle(tx, tx.handle(event, now, message))

    def _settle(self, tx, effects):
        """Keep table, deadlines and the order of eviction true after an event."""
        if tx.state == TERMINATED:
            self._forget(tx)
        else:
            self.deadlines.watch(tx)
            if tx.state in LINGERING and not tx.lingers:
                tx.lingers = True
                self.lingering.append(tx)
        return effects

    def _forget(self, tx):
        table = self.servers if self.servers.get(tx.key) is tx else self.clients
        if table.get(tx.key) is tx:
            # The place of a deleted entry may keep the value alive for a long time (MicroPython).
            table[tx.key] = None
            del table[tx.key]
        while self.lingering and self.lingering[0].state == TERMINATED:
            self.lingering.popleft()

    def has_room(self):
        """Make room by ending the transaction that has lingered longest; tell whether there is."""
        while len(self.servers) + len(self.clients) >= self.most:
            if not self.lingering:
                return False
            tx = self.lingering.popleft()
            if tx.state != TERMINATED:
                self.counters["evicted"] += 1
                stop(tx, None, None)
                self._forget(tx)
        return True


def is_same_flow(one, other):
    """Tell whether both name the same stream, or the same datagram peer."""
    if one.connection or other.connection:
        return one.connection == other.connection
    return one[:4] == other[:4]


def response_event(response):
    """Return the event that a response is to a transaction."""
    if response.status < 200:
        return client.PROVISIONAL
    return client.SUCCESS if response.status < 300 else client.FAILURE


def server_key(request, method=None):
    """Return what identifies the server transaction of a request (section 17.2.3).

    method: look for the transaction of this method instead; ACK always looks for INVITE.
    """
    method = method or request.method
    if method == b"ACK":
        method = b"INVITE"
    via = request.via
    if via.has_cookie():
        return via.branch, via.sent_by, method
    return (
        method,
        request.uri,
        request.from_.param(b"tag"),
        request.call_id,
        request.cseq[0],
        request.value(b"via"),
    )
