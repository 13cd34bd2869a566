"""Calls with providers: this node is a user agent on both sides (RFC 3261 sections 12 and 13).

To the core a provider is a hop that is reached by a Flow of the transport `trunk`; here a message
for it becomes one of a dialog of its own, and what comes from it one of a call of the house. What
passes is listed in gate.py; how the node proves itself is in provider.py.
"""

import binascii

from ...effects import Receive
from ...errors import SipError
from ...limits import MAX_TRUNK_CALLS
from ...sip import numbers, scan, uri, via
from ...sip.message import Request, Response, response_to
from ...text import readable
from ...transaction.invite_client import cancellation
from ...transaction.transaction import CANCELLED, RESPONSE
from ...tu import authentication, dialog, dialplan
from . import gate, location
from .leg import IN, LAST_PATIENCE, OUT, PATIENCE, Ask, Came, Leg, bare

BRANCH = b"z9hG4bK"
ANONYMOUS = b'"Anonymous" <sip:anonymous@anonymous.invalid>'
# Refusals of a provider after which another one is worth a try: no money, no right, out of order.
FAILS = (401, 402, 403, 405, 407, 408, 420, 421, 423, 494)
# What a call is told that no provider takes: the core asks the next one.
NEXT = 504
MOST_REDIRECTS = 3
# What a dialog may hold; a transfer stays in the house (transfer.py).
WITHIN = (b"INVITE", b"BYE", b"UPDATE", b"PRACK", b"INFO", b"OPTIONS", b"MESSAGE")
# A call of which the house knows nothing any more is forgotten.
SWEEP, LINGER = (15000, 40000)
# And two of providers that are joined, whose end nobody told.
JOINED = 12 * 3600 * 1000
# How long a test call rings.
TEST_MS = 14000
# What a test call offers: a port that no stream has.
SOUND = (
    "v=0\r\no=- 0 0 IN IP4 %(host)s\r\ns=-\r\nc=IN IP4 %(host)s\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8 0\r\n"
)


class Calls:
    """The legs. trunks: the feature, which knows providers and numbers."""

    def __init__(self, node, uac, trunks):
        self.node = node
        self.uac = uac
        self.trunks = trunks
        self.legs = []
        self.by_far = {}
        self.by_tag = {}
        self.by_branch = {}
        self.came = {}
        self.deadline = self.queued = None
        self.counters = {
            "out": 0,
            "in": 0,
            "answered": 0,
            "refused_full": 0,
            "next_provider": 0,
            "spam": 0,
        }

    # What the house sends.

    def send(self, flow, message, now):
        """Take what the core sends to a provider; return the effects."""
        if not isinstance(message, Request):
            return self._answer(message, now)
        method = message.method
        if method == b"ACK":
            return self._acknowledge(message, now)
        if method == b"CANCEL":
            return self._cancel(flow, message, now)
        try:
            if message.to.tag is None:
                return self._begin(flow, message, now)
            return self._within(flow, message, now)
        except SipError as error:
            return [self._refusal(flow, message, error.status, error.reason)]

    def _refusal(self, flow, request, status, reason):
        """Return the answer of this node itself to a request of the house."""
        made = response_to(request, status, reason, (), self.node.tag())
        return Receive(flow, made)

    def leg_within(self, request):
        """Return the Leg of a request of the house inside a dialog, or None."""
        return self.by_tag.get((request.call_id, request.to.tag))

    def _begin(self, flow, request, now):
        """An INVITE or MESSAGE of the house to somebody beyond the provider."""
        provider = self.trunks.providers.get(flow.name)
        if provider is None or provider.flow() is None:
            raise SipError(NEXT, "the provider %s cannot be reached" % flow.name)
        is_help = request.parsed_uri.name in self.node.settings.emergency
        if not is_help:
            self._check_room(provider)
        leg = self._new(provider, request.call_id, self._id(), True, now)
        leg.here, leg.person = bare(request.from_), bare(request.to)
        leg.contact = request.uri
        leg.near_cseq = request.cseq[0]
        out = self._asked(leg, request, now)
        self._carry(out, request, leg, True)
        if request.method == b"INVITE":
            self.counters["out"] += 1
            leg.invite = request
            if leg.is_help and provider.section.location:
                location.tell(out, self.node.settings.telephone, self._id())
            out.add(b"contact", b"Contact: " + provider.contact())
            out.add(b"allow", gate.ALLOW)
        ask = Ask(leg, request, out, provider.flow())
        if request.method == b"INVITE":
            alone = not self.trunks.has_other(provider)
            ask.deadline = now + (LAST_PATIENCE if alone else PATIENCE)
        return self._transmit(ask, now)

    def _asked(self, leg, request, now):
        try:
            return self.trunks.asked(leg, request, now)
        except SipError:
            self._forget(leg)
            raise

    def _check_room(self, provider):
        """Refuse a call that is none for help where all lines are taken."""
        busy = len([leg for leg in self.legs if leg.provider is provider])
        most = provider.section.channels or MAX_TRUNK_CALLS
        if len(self.legs) >= MAX_TRUNK_CALLS or busy >= most:
            self.counters["refused_full"] += 1
            raise SipError(NEXT, "all lines of %s are taken" % provider.name)

    def _new(self, provider, call_id, far_id, is_out, now):
        leg = Leg(provider, call_id, far_id, is_out, now)
        leg.session = int.from_bytes(self.node.random(4), "big")
        self.legs.append(leg)
        self.by_far[far_id] = leg
        if self.deadline is None:
            self.deadline = now + SWEEP
            self.node.deadlines.watch(self)
        return leg

    def _id(self):
        return binascii.hexlify(self.node.random(12))

    def _transmit(self, ask, now):
        """Send a request of a leg, proved by what is known; return the effects."""
        leg, provider = ask.leg, ask.leg.provider
        routes = ()
        if ask.out.to.tag is None:
            routes = provider.service_routes
        else:
            made = leg.dialog_of(ask.request)
            routes = () if made is None else made.routes
        out = ask.out.copy()
        ask.transaction, effects = provider.send(out, (), ask, now, routes)
        if ask.transaction is None:
            return effects + self._failed(ask, NEXT, "the network towards it is gone", now)
        self.node.trace.also(ask.request.call_id, leg.far_id)
        if ask not in leg.asks:
            leg.asks.append(ask)
        self.by_branch[ask.request.via.branch] = ask
        self.node.deadlines.watch(ask)
        return effects

    def _within(self, flow, request, now):
        leg = self.leg_within(request)
        if leg is None:
            raise SipError(481, "Call/Transaction Does Not Exist")
        if request.method == b"REFER":
            return self.trunks.transfers.asked(leg, flow, request, now)
        if request.method not in WITHIN:
            raise SipError(405, "providers take no %s" % request.method.decode()[:20])
        made = leg.dialog_of(request)
        if made is None:
            raise SipError(481, "Call/Transaction Does Not Exist")
        if request.method == b"INVITE":
            leg.invite = request
        return self.ask_within(leg, made, request, now)

    def ask_within(self, leg, made, request, now):
        """Send a request of the house, or of this node for it, inside the provider's dialog."""
        out = dialog.request(made, request.method, made.next_cseq(), (), b"")
        out.remove(b"content-length")
        self._carry(out, request, leg, True)
        if request.method in (b"INVITE", b"UPDATE"):
            out.add(b"contact", b"Contact: " + leg.provider.contact())
            out.add(b"allow", gate.ALLOW)
        told = self._settle(leg, now) if request.method == b"BYE" else []
        return told + self._transmit(Ask(leg, request, out, leg.provider.flow()), now)

    def _carry(self, out, message, leg, is_out):
        """Add what passes of a message, and its body."""
        for name, written in gate.lines(message, is_out):
            out.add(name, written)
        if message.has(b"rack"):
            rack = message.value(b"rack")
            out.add(b"rack", b"RAck: " + self._rack(leg, rack, is_out))
        side = OUT if is_out else IN
        out.body = gate.body(message, leg.session + (not is_out), leg.version(side, message.body))
        out.measure()

    def _rack(self, leg, value, is_out):
        """Return a RAck whose CSeq is that of the other side's INVITE (RFC 3262 section 7.2)."""
        parts = value.split()
        number = int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else 0
        if is_out:
            for ask in leg.asks:
                if ask.request.cseq[0] == number and ask.request.method == b"INVITE":
                    number = ask.out.cseq[0]
        else:
            number = leg.cseqs.get(number, number)
        return b" ".join([parts[0], b"%d" % number, b"INVITE"])

    def _acknowledge(self, request, now):
        """The house acknowledges a 2xx, or a refusal that the provider's has its ACK for."""
        if request.via.branch in self.by_branch:
            del self.by_branch[request.via.branch]
            return []
        leg = self.leg_within(request)
        made = None if leg is None else leg.dialog_of(request)
        return [] if made is None else self.acknowledge(leg, made, request, now)

    def acknowledge(self, leg, made, message, now):
        """Acknowledge a 2xx of the provider with what a message describes; return the effects."""
        if leg.accepted is None:
            return []
        ack = dialog.request(made, b"ACK", leg.accepted, (), b"")
        ack.remove(b"content-length")
        self._carry(ack, message, leg, True)
        return leg.provider.send(ack, (), None, now, made.routes)[1]

    def acknowledge_own(self, leg, made, now):
        """Acknowledge a 2xx that no phone of the house waits for; return the effects."""
        ack = dialog.request(made, b"ACK", leg.accepted)
        return leg.provider.send(ack, (), None, now, made.routes)[1]

    def _cancel(self, flow, request, now):
        """The house gives a call up (section 9.1)."""
        ask = self.by_branch.get(request.via.branch)
        told = [Receive(flow, response_to(request, 200, None, (), self.node.tag()))]
        return told if ask is None else told + self.give_up(ask, request.value(b"reason"), now)

    def give_up(self, ask, reason, now):
        """Cancel an INVITE at the provider, once it has said a first word; return the effects."""
        if ask.transaction is None or ask.cancel is not None:
            return []
        ask.cancel = None if reason is None else b"Reason: " + reason
        ask.cancel = ask.cancel or b""
        ask.deadline = None
        return self._send_cancel(ask, now) if ask.rang else []

    def _send_cancel(self, ask, now):
        transaction = ask.transaction
        if transaction.request is None:
            return []
        made = cancellation(transaction.request, ask.cancel or None)
        return self.node.layer.cancel(transaction, made, now)

    def probe(self, provider, number, now):
        """Call a number by a provider as nobody in the house; it is given up when it is taken.

        Returns the effects. The call is one of the house: it stands in its list.
        """
        target = b"sip:" + number + b"@" + self.node.settings.domain
        body = (SOUND % {"host": self.node.listening[provider.flow().local].listener.host}).encode()
        random = self._id()
        lines = [
            b"Via: SIP/2.0/TRUNK probe.invalid;branch=" + BRANCH + random,
            b"Max-Forwards: 70",
            b"From: <sip:test@" + self.node.settings.domain + b">;tag=" + random[:8],
            b"To: <" + target + b">",
            b"Call-ID: " + random,
            b"CSeq: 1 INVITE",
            b"Contact: <sip:test@" + self.node.settings.domain + b">",
            b"Content-Type: application/sdp",
        ]
        names = [b"via", b"max-forwards", b"from", b"to", b"call-id", b"cseq", b"contact"]
        request = Request(b"INVITE", target, names + [b"content-type"], lines, body)
        effects = self._begin(provider.way(), request, now)
        self.by_branch[request.via.branch].leg.test()
        return effects

    def _end_test(self, leg, now):
        """A test call was taken, which is all that it was for: acknowledge it and hang up."""
        made = leg.newest_dialog()
        if made is None:
            return []
        bye = dialog.request(made, b"BYE", made.next_cseq())
        effects = self.acknowledge_own(leg, made, now)
        effects += leg.provider.send(bye, (), None, now, made.routes)[1]
        effects += self._settle(leg, now)
        self._forget(leg)
        return effects

    # What the provider answers.

    def heard(self, indication, now):
        """Take the provider's word on a request of the house; return the effects."""
        ask, response = indication.user, indication.message
        if indication.kind != RESPONSE:
            return self._failed(ask, NEXT, "it does not answer", now)
        if response.status < 200:
            return self._rings(ask, response, now)
        ask.deadline = None
        if response.status in (401, 407, 494) and ask.cancel is None:
            effects = self._proved(ask, response, now)
            if effects is not None:
                return effects
        return self._final(ask, response, now)

    def _rings(self, ask, response, now):
        first, ask.rang, ask.deadline = not ask.rang, True, None
        if self.trunks.transfers.is_own(ask):
            return []
        if ask.cancel is not None:
            return self._send_cancel(ask, now) if first else []
        if response.status == 100:
            return self._told(ask, response, now) if first else []
        self._note(ask, response)
        return self._told(ask, response, now)

    def _proved(self, ask, response, now):
        """Answer a challenge; return the effects, or None where that cannot be."""
        provider = ask.leg.provider
        provider.note_security(response)
        if response.status == 494:
            may = bool(provider.verify) and len(ask.nonces) < authentication.MOST_TRIES
            ask.nonces.append(b"")
        else:
            verdict = provider.account.hear(response, ask.nonces)
            may = verdict == authentication.ANSWERS
            provider.doubt("" if may else verdict)
        if not may:
            return None
        ask.out = self._again(ask.leg, ask)
        return self._transmit(ask, now)

    def _again(self, leg, ask):
        """Return the request of an Ask with the next number (section 22.2)."""
        again, made = ask.out.copy(), leg.dialog_of(ask.request)
        number = again.cseq[0] + 1 if made is None else made.next_cseq()
        again.set(b"cseq", b"CSeq: %d %s" % (number, again.method))
        return again

    def _final(self, ask, response, now):
        leg, request = ask.leg, ask.request
        ask.transaction = None
        status, method = response.status, request.method
        if 300 <= status < 400 and method == b"INVITE" and request.to.tag is None:
            effects = self._redirected(ask, response, now)
            if effects is not None:
                return effects
        effects = []
        if status < 300:
            effects += leg.provider.let_in()
            if method == b"INVITE":
                leg.accepted = ask.out.cseq[0]
                self._note(ask, response)
                self._begin_talk(leg, now)
                if leg.is_test:
                    return effects + self._end_test(leg, now)
        is_first = request.to.tag is None and method == b"INVITE"
        if is_first and (status in FAILS or 500 <= status < 600) and ask.cancel is None:
            words = "%d %s" % (status, readable(response.reason)[:60])
            if status in (401, 407):
                words = leg.provider.problem
            return effects + self._failed(ask, NEXT, words, now)
        if self.trunks.transfers.is_own(ask):
            effects += self.trunks.transfers.answered(ask, response, now)
        else:
            effects += self._told(ask, response, now)
        return effects + self._over(ask, status, now)

    def _over(self, ask, status, now):
        """A request has its final answer."""
        leg, method = ask.leg, ask.request.method
        if ask in leg.asks:
            leg.asks.remove(ask)
        if not (method == b"INVITE" and status >= 300):  # Its ACK comes by the same branch.
            self.by_branch.pop(ask.request.via.branch, None)
        if method == b"BYE" or (leg.is_idle() and leg.answered_at is None):
            self._forget(leg)
        return []

    def _failed(self, ask, status, words, now):
        """No use: the core is told so, and asks the next provider."""
        provider = ask.leg.provider
        ask.transaction, ask.deadline = None, None
        if ask.request.method == b"INVITE" and ask.request.to.tag is None:
            self.counters["next_provider"] += 1
        reason = "%s: %s" % (provider.name, words)
        if self.trunks.transfers.is_own(ask):
            refusal = Response(408, reason.encode(), [], [], b"")
            effects = self.trunks.transfers.answered(ask, refusal, now)
        else:
            refusal = response_to(ask.request, status, reason, (), self.node.tag())
            effects = self._give(ask.leg, ask.flow, refusal, now)
        return effects + self._over(ask, status, now)

    def _give(self, leg, flow, response, now):
        """Give the house a response to a request of its, or the other provider; return effects."""
        if leg.partner is not None:
            return self._answer(response, now)
        return [Receive(leg.provider.way_back(flow), response)]

    def silent(self, ask, now):
        """Not even 100 came: the provider's host may be dead; return the effects."""
        ask.deadline = None
        if ask.rang or ask.transaction is None:
            return []
        transaction = ask.transaction
        ask.cancel = b""
        effects = self._failed(ask, NEXT, "it does not answer", now)
        # A late first word is answered by a CANCEL all the same (section 9.1).
        ask.transaction = transaction
        return effects + ask.leg.provider.doubt_host(now)

    def _redirected(self, ask, response, now):
        """Call on where a provider says, by the same provider; None where that leads elsewhere."""
        provider = ask.leg.provider
        if ask.redirected >= MOST_REDIRECTS or ask.cancel is not None:
            return None
        for contact in response.contacts:
            target = contact.uri
            is_there = target.host is None or target.host_key == uri.host_key(provider.domain)
            is_there = is_there or provider.is_host(readable(target.host or b"").strip("[]"))
            if target.user is not None and is_there and numbers.digits_of(target.name):
                ask.redirected += 1
                again = self._again(ask.leg, ask)
                again.aim(b"sip:" + target.user + b"@" + provider.domain)
                ask.out = again
                return self._transmit(ask, now)
        return None

    def _note(self, ask, response):
        """The far end has a tag: the house may speak to it inside the dialog."""
        leg, tag = ask.leg, dialog.tag_of(response)
        if tag is None or ask.request.method != b"INVITE":
            return
        if leg.is_out and ask.request.to.tag is None:
            try:
                leg.enter(tag, dialog.towards_called(ask.out, response, None))
            except SipError:
                return
            self.by_tag[leg.call_id, tag] = leg
        elif response.status < 300:
            made = leg.dialog_of(ask.request)
            if made is not None:
                made.refresh(response.contacts)

    def _told(self, ask, response, now):
        """Give the house the provider's answer; return the effects."""
        leg, request = ask.leg, ask.request
        status, reason = response.status, response.reason
        if 300 <= status < 400:
            status, reason = 480, b"the provider sends the call elsewhere"
        made = Response(status, reason, [], [], b"")
        for name, written in zip(request.names, request.lines):
            is_route = name == b"record-route" and 100 < status < 300
            if name in (b"via", b"from", b"timestamp", b"call-id", b"cseq") or is_route:
                made.add(name, written)
        tag = request.to.tag or dialog.tag_of(response) or self.node.tag()
        to = bare(request.to) + (b";tag=" + tag if status > 100 else b"")
        made.add(b"to", b"To: " + to)
        if 100 < status < 300 and request.method in (b"INVITE", b"UPDATE"):
            made.add(b"contact", b"Contact: <" + leg.contact + b">")
            made.add(b"allow", gate.ALLOW_HOUSE)
        self._carry(made, response, leg, False)
        return self._give(leg, ask.flow, made, now)

    # What the provider asks.

    def arrives(self, request, server, flow, now):
        """Take a request of a provider's dialog, or a call by a provider's line, else None.

        server: its transaction, None for an ACK.
        """
        leg = self.by_far.get(request.call_id)
        if leg is not None and request.to.tag is None and request.method == b"INVITE":
            return self._respond(server, request, 482, "the call is here already", now)
        if leg is None or request.to.tag is None:
            return self._called(request, server, flow, now)
        if not self._is_of(leg, request):
            return self._respond(server, request, 481, None, now)
        method = request.method
        if method == b"ACK":
            return self._bring(leg, request, None, now)
        if method == b"OPTIONS" or method == b"NOTIFY":
            return self._respond(server, request, 200, None, now)
        if method not in WITHIN:
            return self._respond(server, request, 405, "phones here take no such request", now)
        return self._bring(leg, request, server, now)

    def _is_of(self, leg, request):
        """Tell whether both tags are those of the dialog."""
        far, near = request.from_.tag, request.to.tag
        if not leg.is_out:
            return far == leg.far_tag and near in leg.dialogs
        made = leg.dialogs.get(far)
        return made is not None and scan.parameter(
            scan.parameters(made.local.partition(b">")[2]), b"tag"
        ) == near  # fmt: skip

    def _respond(self, server, request, status, reason, now, lines=()):
        if server is None:
            return []
        response = response_to(request, status, reason, lines, self.node.tag())
        return self.node.layer.respond(server, response, now)

    def _called(self, request, server, flow, now):
        """A request outside of all dialogs: by a provider's line, or nobody's; None for those."""
        provider = self.trunks.line_of(request, flow)
        if provider is None or request.to.tag is not None:
            return None
        if request.method == b"OPTIONS" or request.method == b"NOTIFY":
            return self._respond(server, request, 200, None, now)
        if request.method not in (b"INVITE", b"MESSAGE"):
            return self._respond(server, request, 405, "not here", now)
        try:
            place = self.trunks.called(provider, request, now)
            self._check_room(provider)
            leg = self._new(provider, self._id(), request.call_id, False, now)
        except SipError as error:
            status = 486 if error.status == NEXT else error.status
            return self._respond(server, request, status, error.reason, now)
        self.counters["in"] += 1
        leg.far_tag = request.from_.tag
        self.trunks.introduce(leg, request, place)
        return self._bring(leg, request, server, now)

    def _bring(self, leg, request, server, now):
        """Bring a request of the provider into the house; return the effects."""
        method, number = request.method, request.cseq[0]
        flow = leg.provider.way_back(None)
        near = leg.near_number(number)
        mark = b"" if method in (b"INVITE", b"CANCEL") else method
        key = leg.far_id + b"%d" % number + mark + (request.from_.tag or b"")
        branch = BRANCH + binascii.hexlify(self.node.proof.of(key)[:12])
        target = self._target(leg, request)
        made = Request(method, target, [], [], b"")
        made.add(b"via", b"Via: SIP/2.0/TRUNK provider.invalid;branch=" + branch)
        made.add(b"max-forwards", b"Max-Forwards: %d" % max(request.max_forwards - 1, 0))
        made.add(b"from", b"From: " + leg.person + b";tag=" + (request.from_.tag or b""))
        to_tag = self._near_tag(leg, request)
        made.add(b"to", b"To: " + leg.here + (b";tag=" + to_tag if to_tag else b""))
        made.add(b"call-id", b"Call-ID: " + leg.call_id)
        made.add(b"cseq", b"CSeq: %d %s" % (near, method))
        if method in (b"INVITE", b"UPDATE"):
            made.add(b"contact", b"Contact: <" + leg.contact + b">")
            made.add(b"allow", gate.ALLOW_HOUSE)
        self._carry(made, request, leg, False)
        self.node.trace.also(leg.call_id, leg.far_id)
        if request.from_.tag is not None:
            self.by_tag[leg.call_id, request.from_.tag] = leg
        if server is not None:
            came = self.came[branch] = Came(leg, request, server, made)
            server.serve(came)
            leg.comes.append(branch)
        told = self._settle(leg, now) if method == b"BYE" else []
        self._refresh(leg, request)
        if leg.partner is not None:
            return told + self._cross(leg.partner, made, now)
        return told + [Receive(flow, made)]

    def _cross(self, leg, request, now):
        """Ask a provider what another one asks, whose call is joined with its; return effects."""
        if request.method == b"ACK":
            return self.acknowledge(leg, leg.joined, request, now)
        return self.ask_within(leg, leg.joined, request, now)

    def _refresh(self, leg, request):
        """A request inside the dialog may name another Contact (section 12.2.2)."""
        tag = request.from_.tag if leg.is_out else request.to.tag
        made = leg.dialogs.get(tag)
        if made is not None and request.method in (b"INVITE", b"UPDATE"):
            made.refresh(request.contacts)

    def _near_tag(self, leg, request):
        """Return the tag of the house's end, as the house knows it."""
        if request.to.tag is None or leg.near_tag is not None:
            return leg.near_tag
        return leg.invite.from_.tag if leg.is_out else request.to.tag

    def _target(self, leg, request):
        """Return where in the house a request goes: its place, or the Contact of who has it."""
        return self.place_of(leg, self._near_tag(leg, request))

    def place_of(self, leg, tag):
        """Return where the end of the house with a tag is reached, octets of a URI."""
        call = self.node.calls.live.get(leg.call_id)
        party = None if call is None or tag is None else call.parties.by_tag.get(tag)
        if party is None or not party.contacts:
            return leg.here.partition(b"<")[2].partition(b">")[0]
        return party.contacts[-1]

    def _answer(self, response, now):
        """Take the house's answer to a request of the provider; return the effects."""
        branch = via.branch_of(response.value(b"via"))
        moved = self.trunks.transfers.house_says(response, branch, now)
        if moved is not None:
            return moved
        came = self.came.get(branch)
        if came is None or response.cseq[1] != came.request.method or response.status == 100:
            return []
        leg, request, status = came.leg, came.request, response.status
        lines = []
        made = response_to(request, status, response.reason, lines, response.to.tag)
        made.remove(b"content-length")
        if request.method == b"INVITE" and 100 < status < 300:
            for value in request.values(b"record-route"):
                made.add(b"record-route", b"Record-Route: " + value)
            if request.to.tag is None and response.to.tag is not None:
                leg.enter(response.to.tag, dialog.towards_caller(request, made))
        if request.method in (b"INVITE", b"UPDATE") and 100 < status < 300:
            made.add(b"contact", b"Contact: " + leg.provider.contact())
            made.add(b"allow", gate.ALLOW)
        retry = response.value(b"retry-after")
        if retry is not None and status >= 300:
            made.add(b"retry-after", b"Retry-After: " + retry)
        self._carry(made, response, leg, True)
        effects = self.node.layer.respond(came.server, made, now)
        if status < 200:
            return effects
        if request.method == b"INVITE" and status < 300:
            self._begin_talk(leg, now)
            return effects  # Its repetitions go by the same way (RFC 6026).
        self._done(branch)
        if request.method == b"BYE" or leg.is_idle():
            self._forget(leg)
        return effects

    def _done(self, branch):
        came = self.came.pop(branch, None)
        if came is not None and branch in came.leg.comes:
            came.leg.comes.remove(branch)

    def told(self, indication, now):
        """The provider cancels, or is gone while the house still thinks; return the effects."""
        came = indication.user
        if indication.kind not in (CANCELLED, "failed"):
            return []
        if came.leg.partner is not None:
            ask = self.by_branch.get(came.near.via.branch)
            return [] if ask is None else self.give_up(ask, None, now)
        made = Request(b"CANCEL", came.near.uri, [], [], b"")
        for name, written in zip(came.near.names, came.near.lines):
            if name in (b"via", b"max-forwards", b"from", b"to", b"call-id"):
                made.add(name, written)
        made.add(b"cseq", b"CSeq: %d CANCEL" % came.near.cseq[0])
        if indication.kind == CANCELLED:
            reason = indication.message.value(b"reason")
            if reason is not None:
                made.add(b"reason", b"Reason: " + reason)
        made.measure()
        return [Receive(came.leg.provider.way_back(None), made)]

    # What begins and ends.

    def _begin_talk(self, leg, now):
        if leg.answered_at is None:
            self.counters["answered"] += 1
            leg.answered_at = now
            self.trunks.begun(leg, now)

    def _settle(self, leg, now):
        """A call ends: what it has cost goes on the bill; return the effects."""
        if leg.answered_at is None:
            return []
        effects = self.trunks.ended(leg, now)
        leg.answered_at = None
        leg.end_at(None)
        return effects

    def leave_house(self, leg):
        """The house has no part in a call any more."""
        for key in [key for key in self.by_tag if self.by_tag[key] is leg]:
            del self.by_tag[key]

    def _forget(self, leg):
        if leg not in self.legs:
            return
        self.legs.remove(leg)
        if self.by_far.get(leg.far_id) is leg:
            del self.by_far[leg.far_id]
        self.leave_house(leg)
        for branch in leg.comes[:]:
            self._done(branch)
        for ask in leg.asks:
            self.by_branch.pop(ask.request.via.branch, None)

    def sweep(self, calls, now):
        """Forget what the house knows nothing of any more; return the effects."""
        self.deadline = now + SWEEP if self.legs else None
        self.node.deadlines.watch(self)
        effects = []
        for leg in self.legs[:]:
            for ask in leg.asks if leg.is_test and now - leg.since > TEST_MS else ():
                effects += self.give_up(ask, None, now)
            longest = LINGER if leg.partner is None else JOINED
            if leg.call_id not in self.node.calls.live and now - leg.since > longest:
                effects += self._settle(leg, now)
                self._forget(leg)
        return effects


def is_named(node, target):
    """Return the section of this house that a Uri names, or None."""
    return dialplan.callee(node.settings, target) if node.is_ours(target) else None
