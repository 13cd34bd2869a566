"""What the house asks of providers: this node is a user agent on both sides (RFC 3261, 12 and 13).

To the core a provider is a hop that is reached by a Flow of the transport `trunk`; here a message
for it becomes one of a dialog of its own. What providers ask is in incoming.py, what passes is
listed in gate.py; how the node proves itself is in provider.py.
"""

from ...effects import Receive
from ...errors import SipError
from ...sip import numbers, uri
from ...sip.message import Response, echo, response_to
from ...text import readable
from ...transaction.invite_client import cancellation
from ...transaction.transaction import RESPONSE
from ...tu import authentication, dialog
from . import gate, location
from .leg import LAST_PATIENCE, PATIENCE, Ask, bare
from .legs import NEXT, SWEEP

# Refusals of a provider after which another one is worth a try: no money, no right, out of order.
FAILS = (401, 402, 403, 405, 407, 408, 420, 421, 423, 494)
MOST_REDIRECTS = 3
# What a dialog may hold; a transfer stays in the house (transfer.py).
WITHIN = (b"INVITE", b"BYE", b"UPDATE", b"PRACK", b"INFO", b"OPTIONS", b"MESSAGE")
# What may tell of the phone, and of the network there.
TELLING = (b"INVITE", b"UPDATE")
# What a response repeats, and what it does besides where the call may go on (section 12.1.1).
ECHOED = frozenset((b"via", b"from", b"timestamp", b"call-id", b"cseq"))
ECHOED_TALK = ECHOED | frozenset((b"record-route",))
# A call of which the house knows nothing any more is forgotten.
LINGER = 40000
# And two of providers that are joined, whose end nobody told.
JOINED = 12 * 3600 * 1000
# How long a test call rings.
TEST_MS = 14000


class Calls:
    """legs: legs.Legs; trunks: the feature, which knows providers and numbers."""

    def __init__(self, node, legs, trunks):
        self.node = node
        self.legs = legs
        self.trunks = trunks

    # What the house sends.

    def send(self, flow, message, now):
        """Take a request that the core sends to a provider; return the effects."""
        method = message.method
        if method == b"ACK":
            return self._acknowledge(message, now)
        if method == b"CANCEL":
            return self._cancel(flow, message, now)
        try:
            if message.to.tag is None:
                return self.dial(flow, message, now)[1]
            return self._within(flow, message, now)
        except SipError as error:
            return [Receive(flow, self._own(message, error.status, error.reason))]

    def _own(self, request, status, reason):
        """Return the answer of this node itself to a request of the house."""
        return response_to(request, status, reason, (), self.node.tag())

    def dial(self, flow, request, now):
        """An INVITE or MESSAGE to somebody beyond the provider; return (its Leg, effects)."""
        provider = self.trunks.providers.get(flow.name)
        if provider is None or provider.flow() is None:
            raise SipError(NEXT, "the provider %s cannot be reached" % flow.name)
        if request.parsed_uri.name not in self.node.settings.emergency:
            self.legs.check_room(provider)
        leg = self.legs.new(provider, request.call_id, None, True, now)
        leg.here, leg.person = bare(request.from_), bare(request.to)
        leg.contact = request.uri
        leg.near_cseq = request.cseq[0]
        out = self._asked(leg, request, now)
        self.legs.carry(out, request, leg, True)
        ask = Ask(leg, request, out, flow)
        if request.method == b"INVITE":
            self.legs.counters["out"] += 1
            leg.invite = request
            if leg.is_help and provider.section.location:
                location.tell(out, self.node.settings.telephone, self.legs.id())
            self._name(out, leg)
            alone = not self.trunks.has_other(provider)
            ask.deadline = now + (LAST_PATIENCE if alone else PATIENCE)
        return leg, self._transmit(ask, (), now)

    def _asked(self, leg, request, now):
        try:
            return self.trunks.asked(leg, request, now)
        except SipError:
            self.legs.forget(leg)
            raise

    def _name(self, out, leg):
        """Say where this node is, and what it takes."""
        out.add(b"contact", b"Contact: " + leg.provider.contact())
        out.add(b"allow", gate.ALLOW)

    def _transmit(self, ask, routes, now):
        """Send a request of a leg, proved by what is known; return the effects."""
        leg = ask.leg
        ask.transaction, effects = leg.provider.send(ask.out, (), ask, now, routes)
        if ask.transaction is None:
            return effects + self._failed(ask, NEXT, "the network towards it is gone", now)
        self.node.trace.also(ask.request.call_id, leg.far_id)
        if ask not in leg.asks:
            leg.asks.append(ask)
        self.legs.asks[ask.via] = ask
        self.node.deadlines.watch(ask)
        return effects

    def _within(self, flow, request, now):
        leg = self.legs.within(request)
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
        return self.ask_within(leg, made, request, now, flow)

    def ask_within(self, leg, made, request, now, way, told=None):
        """Send a request of the house, or of this node for it, inside the provider's dialog.

        way, told: of an Ask.
        """
        out = dialog.request(made, request.method, made.next_cseq(), (), None)
        self.legs.carry(out, request, leg, True)
        if request.method in TELLING:
            self._name(out, leg)
        billed = self.legs.settle(leg, now) if request.method == b"BYE" else []
        ask = Ask(leg, request, out, way, told)
        return billed + self._transmit(ask, made.routes, now)

    def _acknowledge(self, request, now):
        """The house acknowledges a 2xx, or a refusal that the provider's has its ACK for."""
        leg = self.legs.within(request)
        made = None if leg is None else leg.dialog_of(request)
        return [] if made is None else self.acknowledge(leg, made, request, now)

    def acknowledge(self, leg, made, message, now):
        """Acknowledge a 2xx of the provider with what a message describes; return the effects."""
        if leg.accepted is None or message.value(b"via") == leg.refused:
            return []
        ack = dialog.request(made, b"ACK", leg.accepted, (), None)
        self.legs.carry(ack, message, leg, True)
        return leg.provider.send(ack, (), None, now, made.routes)[1]

    def acknowledge_own(self, leg, made, now):
        """Acknowledge a 2xx that no phone of the house waits for; return the effects."""
        ack = dialog.request(made, b"ACK", leg.accepted)
        return leg.provider.send(ack, (), None, now, made.routes)[1]

    def _cancel(self, flow, request, now):
        """The house gives a call up (section 9.1)."""
        ask = self.legs.asks.get(request.value(b"via"))
        told = [Receive(flow, self._own(request, 200, None))]
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
        return self._again(ask, None, now) if may else None

    def _again(self, ask, target, now):
        """Send a request with the next number (section 22.2); target: another Request-URI."""
        again, made = ask.out.copy(), ask.leg.dialog_of(ask.request)
        number = ask.out.cseq[0] + 1 if made is None else made.next_cseq()
        again.set(b"cseq", b"CSeq: %d %s" % (number, again.method))
        if target is not None:
            again.aim(target)
        ask.out = again
        return self._transmit(ask, () if made is None else made.routes, now)

    def _final(self, ask, response, now):
        leg, request = ask.leg, ask.request
        ask.transaction = None
        status, method = response.status, request.method
        is_first = request.to.tag is None and method == b"INVITE"
        effects = []
        if is_first and 300 <= status < 400:
            effects = self._redirected(ask, response, now)
            if effects:
                return effects
        if status < 300:
            effects = leg.provider.let_in()
            if method == b"INVITE":
                leg.accepted = ask.out.cseq[0]
                self._note(ask, response)
                self.legs.begin_talk(leg, now)
                if leg.is_test:
                    return effects + self._end_test(leg, now)
        elif is_first and (status in FAILS or 500 <= status < 600) and ask.cancel is None:
            words = "%d %s" % (status, readable(response.reason)[:60])
            if status in (401, 407):
                words = leg.provider.problem
            return effects + self._failed(ask, NEXT, words, now)
        effects = effects + self._told(ask, response, now)
        self._over(ask, status)
        return effects

    def _over(self, ask, status):
        """A request has its final answer."""
        leg, method = ask.leg, ask.request.method
        if ask in leg.asks:
            leg.asks.remove(ask)
        self.legs.asks.pop(ask.via, None)
        if method == b"INVITE" and status >= 300:
            leg.refuse(ask.via)
        if method == b"BYE" or leg.is_idle():
            self.legs.forget(leg)

    def _end_test(self, leg, now):
        """A test call was taken, which is all that it was for: acknowledge it and hang up."""
        made = leg.newest_dialog()
        if made is None:
            return []
        bye = dialog.request(made, b"BYE", made.next_cseq())
        effects = self.acknowledge_own(leg, made, now)
        effects += leg.provider.send(bye, (), None, now, made.routes)[1]
        effects += self.legs.settle(leg, now)
        self.legs.forget(leg)
        return effects

    def _failed(self, ask, status, words, now):
        """No use: the core is told so, and asks the next provider."""
        provider = ask.leg.provider
        ask.transaction, ask.deadline = None, None
        if ask.request.method == b"INVITE" and ask.request.to.tag is None:
            self.legs.counters["next_provider"] += 1
        reason = "%s: %s" % (provider.name, words)
        if ask.told is not None:
            effects = ask.told(ask, Response(408, reason.encode(), [], [], b""), now)
        else:
            effects = [Receive(ask.way, self._own(ask.request, status, reason))]
        self._over(ask, status)
        return effects

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
        """Call on where a provider says, by the same provider; [] where that leads elsewhere."""
        provider = ask.leg.provider
        if ask.redirected >= MOST_REDIRECTS or ask.cancel is not None:
            return []
        for contact in dialog.contacts_of(response):
            target = contact.uri
            is_there = target.host is None or target.host_key == uri.host_key(provider.domain)
            is_there = is_there or provider.is_host(readable(target.host or b"").strip("[]"))
            if target.user is not None and is_there and numbers.digits_of(target.name):
                ask.redirected += 1
                return self._again(ask, b"sip:" + target.user + b"@" + provider.domain, now)
        return []

    def _note(self, ask, response):
        """The far end has a tag: the house may speak to it inside the dialog."""
        leg, tag = ask.leg, dialog.tag_of(response)
        if tag is None or ask.request.method != b"INVITE":
            return
        if leg.is_out and ask.request.to.tag is None:
            leg.enter(tag, dialog.towards_called(ask.out, response, None, ask.out.uri))
            if tag in leg.dialogs:
                self.legs.know(leg, tag)
        elif response.status < 300:
            made = leg.dialog_of(ask.request)
            if made is not None:
                made.refresh(response)

    def _told(self, ask, response, now):
        """Give who asks the provider's answer; return the effects."""
        if ask.told is not None:
            return ask.told(ask, response, now)
        return [Receive(ask.way, self.shown(ask, response))]

    def shown(self, ask, response):
        """Return a provider's answer as the house sees it."""
        leg, request = ask.leg, ask.request
        status, reason = response.status, response.reason
        if 300 <= status < 400:
            status, reason = 480, b"the provider sends the call elsewhere"
        is_talk = 100 < status < 300
        made = echo(request, status, reason, ECHOED_TALK if is_talk else ECHOED)
        to = bare(request.to)
        if status > 100:
            to += b";tag=" + (request.to.tag or dialog.tag_of(response) or self.node.tag())
        made.add(b"to", b"To: " + to)
        if is_talk and request.method in TELLING:
            made.add(b"contact", b"Contact: <" + leg.contact + b">")
            made.add(b"allow", gate.ALLOW_HOUSE)
        self.legs.carry(made, response, leg, False)
        return made

    # What time brings.

    def sweep(self, legs, now):
        """Forget what the house knows nothing of any more; return the effects."""
        legs.sweep_at(now + SWEEP if legs.all else None)
        effects = []
        for leg in legs.all[:]:
            for ask in leg.asks if leg.is_test and now - leg.since > TEST_MS else ():
                effects += self.give_up(ask, None, now)
            longest = LINGER if leg.partner is None else JOINED
            if leg.call_id not in self.node.calls.live and now - leg.since > longest:
                effects += legs.settle(leg, now)
                legs.forget(leg)
        return effects
