"""What a restart of the node does to calls: they go on, or are ended at both phones, in words.

The transactions of calls that ring end with the process. Calls whose sound goes between the phones
go on, and so do those whose sound passes this node, where it can be taken up again
(features/media/lasting.py). What it takes to end all others stands in a RAM disk, ahead.
"""

from ..core.feature import first
from ..core.release import REASON
from ..effects import Store
from ..errors import SipError
from ..limits import MAX_ROW_BYTES
from ..sip import scan, uri
from ..sip.message import Request, response_to
from ..transaction.invite_client import cancellation
from ..tu import dialog, kept, proxy
from ..tu.calls import ENDED, NAME, RESTARTED, RINGING

RANG = "the exchange was started anew while it rang"
BROKEN = "the exchange was started anew, and the sound of this call went through it"
# Header fields of an INVITE by which it is answered, and by which it is known in the list.
HEAD = (b"via", b"from", b"to", b"call-id", b"cseq", b"contact")
# How far CSeq is set on: the phones may have used some numbers since.
LEAP = 1000
# An address of this machine may come so much later than the node.
PATIENCE_MS = 60000


class Restart:
    """A feature. release: ends calls that go on; uac: sends for those that do not."""

    name = "restart"
    hooks, events = ("changed", "restore", "started", "listening"), ("leave",)
    users, wakers = {}, {}

    def __init__(self, node, uac, release):
        self.node = node
        self.uac = uac
        self.release = release
        # Call-IDs of what is kept; Call-ID -> Call of what is to be kept anew.
        self.known, self.dirty, self.last = {}, {}, {}
        self.is_asked = False
        self.waiting, self.since = [], 0
        self.is_leaving = False

    # While all is well.

    def changed(self, call, now):
        """Keep what it takes to end a call, or forget it; return the effects.

        It is gathered when it is written, for some calls ring, fail and end within a moment.
        """
        key = call.call_id
        if self.is_leaving:
            return []
        if call.state == ENDED and key not in self.known:
            self.dirty.pop(key, None)
            return []
        self.dirty[key] = call
        if self.is_asked:
            return []
        self.is_asked = True
        return [Store(NAME, self.rows, self._changes)]

    def _changes(self, now):
        if self.is_leaving:
            return self.last
        dirty, self.dirty, self.is_asked = self.dirty, {}, False
        changes = {}
        for key in dirty:
            row = self._row(dirty[key], now)
            if row is not None:
                self.known[key] = True
            elif self.known.pop(key, None) is None:
                continue
            changes[scan.to_text(key)] = row
        return changes

    def leave(self, now):
        """The node ends: end the calls that end with it now, before they are mute."""
        # The next start ends them again: nobody waits for answers now.
        self.last = self._changes(now)
        self.waiting, self.is_leaving = self.rows(now), True
        lasting = [scan.to_octets(row["id"]) for row in self.waiting if row["sound"]]
        return self._end_all(lasting, now)

    def end_calls(self, arguments, now):
        """End all calls that cannot go on without the node, which is stopped for good."""
        live = len(self.node.calls.live)
        effects = self._end_all((), now)
        return {"ended": live - len(self.node.calls.live)}, effects

    def _end_all(self, lasting, now):
        """End the calls that need this process, but for those of some Call-IDs."""
        effects = []
        for call in list(self.node.calls.live.values()):
            if call.state == RINGING and call.context is not None:
                effects += self.release.hang_up(call, now, RANG)
            elif self._is_relayed(call) and call.call_id not in lasting:
                effects += self.release.hang_up(call, now, BROKEN)
        return effects

    def rows(self, now):
        """Return what is kept of all live calls."""
        if self.is_leaving:
            return self.waiting
        rows = [self._row(call, now) for call in self.node.calls.live.values()]
        rows = [row for row in rows if row is not None] + self.waiting
        self.known = {scan.to_octets(row["id"]): True for row in rows}
        self.dirty, self.is_asked = {}, False
        return rows

    def _row(self, call, now):
        """Return what is kept of a call, or None where there is nothing to end."""
        context = call.context
        if call.state == ENDED or (call.state == RINGING and context is None):
            return None
        row = dict(call.row(now), legs=[], cancels=[], caller=None, is_relayed=False, sound=None)
        if call.state == RINGING:
            row["invite"] = _packed(context.request, HEAD)
            row["caller"] = _place(self.node, context.server.flow)
            row["cancels"] = [
                _cancel(self.node, branch)
                for branch in context.branches
                if branch.transaction is not None and branch.final is None
            ]
        else:
            row["invite"], row["is_relayed"] = _packed(_head(call)), self._is_relayed(call)
            row["sound"] = first(self.node.hooks.kept, call) if row["is_relayed"] else None
            row["legs"] = [_leg(self.node, call, leg) for leg in call.legs or () if leg is not None]
        octets = sum([len(line) for _, line in row["invite"][2]])
        return row if octets <= MAX_ROW_BYTES else None

    def _is_relayed(self, call):
        return bool([1 for seen in self.node.hooks.seen if seen(call).get("relays")])

    # After a restart.

    def restore(self, name, records, now):
        """Take the calls of the run before."""
        if name == NAME:
            self.waiting, self.since = records, now

    def started(self, now):
        """End what is broken; return the effects."""
        listeners = self.node.listeners()
        effects, rows, self.waiting = [], self.waiting, []
        for row in rows:
            if now - self.since < PATIENCE_MS and not _is_there(row, listeners):
                self.waiting.append(row)
                continue
            try:
                effects += self._end(row, listeners, now)
            except SipError:
                continue  # What phones wrote once was readable then.
        return effects + [Store(NAME, self.rows, None)] if rows else effects

    def listening(self, now):
        """An address may have come that belongs to a call; return the effects."""
        return self.started(now) if self.waiting else []

    def _end(self, row, listeners, now):
        """Put a call back into the list, and end it where it is broken; return the effects."""
        invite = _unpacked(row["invite"])
        token = proxy.dialog_token(self.node.proof, invite.call_id)
        call = self.node.calls.take_back(invite, row, token, now)
        if call is None:
            return []
        ends = [
            (dialog.dialog_of(leg), _flow(place, listeners, scan.to_octets(leg["target"])))
            for leg, place in row["legs"]
        ]
        if row["talked"] is None:
            effects = self._fall_silent(row, listeners, now)
            effects += self._refuse(invite, row, listeners, now)
            return effects + self._ended(call, RANG, 480, now)
        effects = []
        if row["is_relayed"]:
            rows = row.get("sound")
            effects = first(self.node.hooks.resume, call, rows, now) if rows else None
        if effects is not None:
            return self._go_on(call, ends, now) + effects
        effects = []
        for leg, flow in ends:
            reason = (b"reason", REASON + BROKEN.encode() + b'"')
            bye = dialog.request(leg, b"BYE", leg.cseq + LEAP, (reason,))
            effects += self.uac.within(leg, bye, flow, None, now)
        return effects + self._ended(call, BROKEN, None, now)

    def _ended(self, call, words, status, now):
        self.node.calls.end(call, RESTARTED, words, status, now)
        return self.node.changed(call, now)

    def give_up(self, call, now):
        """A call cannot go on, as shows only now; return the effects."""
        for leg in call.legs or ():
            if leg is not None:
                leg.follow(leg.cseq + LEAP)
        return self.release.hang_up(call, now, BROKEN)

    def _go_on(self, call, ends, now):
        """A call goes on of which the phones carry the sound themselves."""
        node = self.node
        node.deadlines.watch(call)
        if len(ends) == 2:
            call.establish([leg for leg, _ in ends])
            node.dialogs.again(call.call_id, call.legs[0].tag, call.legs[1].tag)
        for leg, flow in ends:
            binding = node.location.by_contact(uri.parse(leg.target))
            if flow is not None:
                call.parties.note(leg.tag, [leg.target], flow, binding)
        return self.changed(call, now)

    def _fall_silent(self, row, listeners, now):
        """Cancel the INVITEs to the phones that ring."""
        effects = []
        for packed, place in row["cancels"]:
            cancel = _unpacked(packed)
            flow = _flow(place, listeners, cancel.uri)
            if flow is not None:
                effects += self.node.layer.send(cancel, flow, None, now)[1]
        return effects

    def _refuse(self, invite, row, listeners, now):
        """Answer an INVITE that rang, in the name of the run before."""
        contacts = invite.contacts
        contact = contacts[0].uri_bytes if contacts else invite.from_.uri_bytes
        flow = _flow(row["caller"], listeners, contact)
        if flow is None:
            return []
        server = self.node.layer.new_server(invite, flow, now)
        response = response_to(invite, 480, RANG, (), self.node.tag())
        return self.node.layer.respond(server, response, now)


def _cancel(node, branch):
    cancel = cancellation(branch.request, REASON + RANG.encode() + b'"')
    return [_packed(cancel), _place(node, branch.transaction.flow)]


def _leg(node, call, leg):
    flow = node.flow_to(call, leg)
    return [leg.row(), None if flow is None else _place(node, flow)]


def _place(node, flow):
    """Return a Flow and its Listener, JSON-able; None where that has gone."""
    listening = node.listening[flow.local]
    return None if listening is None else [list(flow), list(listening.listener)]


def _head(call):
    lines = (
        b"From: " + call.from_.write(), b"To: " + call.to.write(), b"Call-ID: " + call.call_id,
    )  # fmt: skip
    return Request(b"INVITE", call.uri, [b"from", b"to", b"call-id"], list(lines))


def _packed(request, kept=None):
    """Return a request without its body, JSON-able; kept: the fields that are wanted, or None."""
    lines = [
        [scan.to_text(name), scan.to_text(line)]
        for name, line in zip(request.names, request.lines)
        if kept is None or name in kept
    ]
    return [scan.to_text(request.method), scan.to_text(request.uri), lines]


def _unpacked(packed):
    method, target, lines = packed
    names = [scan.to_octets(name) for name, _ in lines]
    octets = [scan.to_octets(line) for _, line in lines]
    return Request(scan.to_octets(method), scan.to_octets(target), names, octets)


def _is_there(row, listeners):
    """Tell whether this machine has the addresses by which the ends of a call were reached."""
    places = [row["caller"]] + [place for _, place in row["legs"] + row["cancels"]]
    return not [one for one in places if one is not None and tuple(one[1]) not in listeners]


def _flow(place, listeners, target):
    """Return the Flow of a place now, None where there is no such address here any more."""
    if place is None or tuple(place[1]) not in listeners:
        return None
    return kept.way_back(place[0], listeners.index(tuple(place[1])), target)
