"""The telephone network: which provider a call goes by, and whom its calls ring.

A house calls by a provider what nobody in the house, the phone book or the mesh is called. Calls
for help go there at once where this house names no responders of its own.
"""

from ... import hours
from ...core.feature import any_says
from ...effects import CELLS, TRUNK, Note, Store
from ...errors import BellhopError, SipError
from ...settings import codes
from ...sip import ip, numbers, scan, uri
from ...sip.message import Request
from ...spam import Spam
from ...tu import dialplan, leastcost, privacy
from . import bill, probe, sim
from .bill import Bill
from .calls import Calls
from .incoming import Incoming
from .leg import Ask, Came, Leg
from .legs import NEXT, Legs
from .provider import Asked, Lease, Pings, Provider
from .sim import Sim
from .transfer import Transfers

PROVIDER = "provider"
RULES = (PROVIDER,)
NAME = "providers"
# What stands before the name of a caller whom the spam list has.
SPAM = b"(spam?) "
# How long those who are named for help ring before the provider is asked too, and the provider
# before those ring whom nobody here knows, ms.
HELP_PATIENCE = 10000
ASKED = (b"INVITE", b"MESSAGE")
# Calls by one provider's line that may come in a minute: a house is called less often.
CALLS_A_MINUTE = 120
MOST_SPEED_DIALS = 4
ANONYMOUS = b'"Anonymous" <sip:anonymous@anonymous.invalid>'


class Trunks:
    """A feature. own: features.wishes.Wishes, which knows the time of day."""

    name = "trunks"
    hooks = (
        "arrives", "within", "knows", "admits", "locate", "srtp", "started", "listening", "failed",
        "restore", "counters", "priced",
    )  # fmt: skip
    events = ("send", "leave", "dated", "spam", "texted")

    def __init__(self, node, uac, lookups, own, hang_up):
        """hang_up(call, now, words): of Release."""
        self.hang_up = hang_up
        self.bill = Bill()
        self.spam_list = None
        self.spam_problem = ""
        self.node = node
        self.uac = uac
        self.lookups = lookups
        self.own = own
        # By their names, and in the order of the file: dicts do not keep it everywhere.
        self.providers, self.ordered = {}, []
        self.known = {}
        self.names = (None, {})
        self.legs = Legs(node, self._begun, self._ended)
        self.calls = Calls(node, self.legs, self)
        self.incoming = Incoming(node, self.legs, self.calls, self)
        self.transfers = Transfers(node, self.legs, self.calls)
        self.sim = Sim(node)
        self.users = {
            Asked: self._registrar_says, Ask: self.calls.heard, Came: self.incoming.told,
        }  # fmt: skip
        self.wakers = {
            Lease: self._due, Pings: self._ping_due, Asked: self._silent,
            Ask: self.calls.silent, Legs: self.calls.sweep, Leg: self._used_up,
        }  # fmt: skip

    def actions(self):
        """Return {feature code: what does it}, as for features.codes.Codes: the call goes on."""
        return {codes.NETWORK: _go_on, codes.HIDE_NUMBER: _go_on}

    # Providers.

    def started(self, now):
        """Begin with the providers of the settings; those that are gone are told so."""
        effects, wanted = [], {}
        for section in self.node.settings.providers:
            if section.enabled and section.name:
                wanted[section.name] = section
        for name in list(self.providers):
            section = wanted.get(name)
            if section is None or not _is_same(section, self.providers[name].section):
                effects += self.providers.pop(name).leave(now)
            else:
                self.providers[name].section = section
        for section in self.node.settings.providers:
            name = section.name
            if name in wanted and name not in self.providers:
                made = Provider(self.node, self.uac, self.lookups, section, self._keep, now)
                # The same name at another provider is another account.
                made.account.restore(*self.known.get((name, made.domain), (None, 0)))
                self.providers[name] = made
                effects += made.due(now)
        names = [section.name for section in self.node.settings.providers]
        self.ordered = [self.providers[name] for name in names if name in self.providers]
        return effects

    def restore(self, name, records, now):
        """Take back by what providers have let this node in."""
        if name == bill.NAME:
            self.bill.restore(records)
        for row in records if name == NAME else ():
            domain = scan.to_octets(row.get("domain", ""))
            self.known[row["id"], domain] = (scan.to_octets(row["realm"]), int(row["strength"]))

    def _keep(self):
        return [Store(NAME, self._rows, None)]

    def _rows(self, now):
        return [
            {
                "id": one.name, "realm": scan.to_text(one.account.realm),
                "strength": one.account.strength, "domain": scan.to_text(one.domain),
            }
            for one in self.providers.values()
            if one.account.realm is not None
        ]  # fmt: skip

    def listening(self, now):
        """This node has other addresses: register at once by the new ones."""
        effects = []
        for provider in self.ordered:
            effects += provider.listening(now)
        return effects

    def failed(self, flow, now):
        """A stream is gone."""
        effects = []
        for provider in self.ordered:
            effects += provider.failed(flow, now)
        return effects

    def leave(self, now):
        """The node ends: providers are told so."""
        effects = []
        for provider in self.ordered:
            effects += provider.leave(now)
        return effects

    def _due(self, lease, now):
        return lease.provider.due(now)

    def _ping_due(self, pings, now):
        return pings.provider.ping(now)

    def _silent(self, asked, now):
        return asked.provider.silent(asked, now)

    def _registrar_says(self, indication, now):
        return indication.user.provider.answered(indication, now)

    def has_other(self, provider):
        """Tell whether a call could be made by another provider, or another host of this one."""
        others = [one for one in self.ordered if one is not provider and one.flow()]
        return bool(others) or provider.index + 1 < len(provider.hosts)

    # What the core asks.

    def send(self, flow, message, now):
        """Take what the core sends to a provider, or to the SIM card."""
        if flow.name == sim.NAME:
            return self.sim.send(flow, message, now)
        if isinstance(message, Request):
            effects = self.calls.send(flow, message, now)
        else:
            effects = self.incoming.answer(message, now)
        self.node.trace.note(message.call_id, now, None, None, effects)
        return effects

    def arrives(self, request, server, flow, now):
        """Take a request of a provider; None for all others, and for what was brought in."""
        if not self.providers or flow.transport == TRUNK:
            return None
        return self.incoming.arrives(request, server, flow, now)

    def knows(self, flow):
        """Tell whether a flow leads to a provider."""
        return flow.transport == TRUNK

    def admits(self, request, found, flow):
        """Tell whether a provider's call may go on: it rings people here, and nobody else.

        Another node may call by a provider that the owner offers.
        """
        if request.to.tag is not None:
            return False
        if found.rule == PROVIDER:
            return request.method == b"INVITE" and self._is_offered(found, flow)
        if flow.transport != TRUNK:
            return False
        here = (dialplan.LOCAL, dialplan.EMERGENCY)
        if self.transfers.is_ours(request):
            here += (dialplan.CONTACT,)
        return found.rule in here and request.method in ASKED + (b"CANCEL", b"ACK")

    def _is_offered(self, found, flow):
        if flow.transport != CELLS:
            return False
        names = [one.flow.name for one in _all_of(found)]
        offers = [self.providers[name].section.offer for name in names]
        if "all" in offers:
            return True
        return "contacts" in offers and any_says(self.node.hooks.befriends, flow, None)

    def within(self, request):
        """Return where a request inside a call with a provider goes, or None."""
        leg = self.legs.within(request)
        if leg is None:
            return None
        target = dialplan.towards(request.uri, leg.provider.way_back(None), "a call by a provider")
        return dialplan.Found(dialplan.CONTACT, [[target]], None, None)

    def srtp(self, flow):
        """Return how the sound to whom a flow leads is encrypted, None where keys are nodes'."""
        if flow.transport != TRUNK:
            return None
        provider = self.providers.get(flow.name)
        return "no" if provider is None else provider.section.srtp

    # Out: whom the house calls.

    def plan(self):
        """Return how numbers are dialled here, a numbers.Plan."""
        return self.node.settings.plan

    def locate(self, request, found, now):
        """Return the provider by which somebody is called whom nobody here knows."""
        if request.to.tag is not None or request.has(b"route"):
            return found
        if found.rule == dialplan.EMERGENCY:
            # Another house's call for help has its own way to the service of its place.
            is_here = request.via.transport != b"CELLS"
            return self._for_help(request, found) if is_here else found
        if request.method not in ASKED or found.callee is not None:
            return found
        number, purpose = self._dialled(request, found)
        if not number:
            return found
        way = self.sim.way() if request.method == b"MESSAGE" else None
        if way is not None and number[:1] == b"+":
            target = dialplan.towards(b"sip:" + number + b"@" + sim.HOST, way, "text by the SIM")
            return dialplan.Found(PROVIDER, [[target]], None, None)
        targets = self._targets(number, request.method, now)
        if not targets:
            if purpose or self._is_theirs(request.parsed_uri):
                raise SipError(480, "no provider can be reached now that calls this number")
            return found
        if found.rule == dialplan.NUMBER and request.via.transport != b"CELLS":
            # The DNS is asked first; what it knows nothing of goes by a provider, then the next.
            spare = [dialplan.chained(targets)] + targets[1:]
            asked = dialplan.with_spare(found.stages[0][0], spare)
            return dialplan.Found(found.rule, [[asked]], None, None)
        return dialplan.Found(PROVIDER, [[dialplan.chained(targets)]], None, None)

    def _dialled(self, request, found):
        """Return (number as of numbers.e164, or a short one, b"" for none; whether on purpose)."""
        target = request.parsed_uri
        code = None if target.user is None else codes.read(self.node.settings.codes, target.user)
        if code is not None and code.feature in (codes.NETWORK, codes.HIDE_NUMBER):
            return self._number(code.number), True
        if found.rule == dialplan.ELSEWHERE and self._is_theirs(target):
            return self._number(target.name), True
        if found.rule == dialplan.NUMBER:
            return uri.parse(found.stages[0][0].uri).name, False
        if found.rule != dialplan.LOCAL or found.stages:
            return b"", False
        return self._number(self._led(target)), False

    def _led(self, target):
        """Return what a speed dial, or one that it leads to, stands for, else what was dialled."""
        for _ in range(MOST_SPEED_DIALS):
            place = self.node.settings.speed_dial.get(target.key)
            if place is None:
                break
            target = uri.parse(place)
        return target.name

    def _number(self, dialled):
        dialled = dialled.partition(b";")[0]
        whole = numbers.e164(self.plan(), dialled)
        digits = numbers.digits_of(dialled)
        return whole or (b"" if digits[:1] == b"+" else digits)

    def _is_theirs(self, target):
        if target.host is None:
            return False
        host = target.host_key
        return bool([one for one in self.ordered if uri.host_key(one.domain) == host])

    def _targets(self, number, method, now):
        """Return the Targets of a number, the cheapest that is there first."""
        return [self._target(way, number) for way in self._ways_now(number, now)]

    def _ways_now(self, number, now):
        there = [one.name for one in self.ordered if one.way() is not None]
        ways = self._ways(number, there, now)
        up = [way for way in ways if self.providers[way.provider].is_up()]
        return up + [way for way in ways if way not in up]

    def priced(self, target, now):
        """Return the Ways (tu.leastcost) of a call to a Uri by providers, None without any."""
        return self._ways_now(self._number(self._led(target)), now) if self.providers else None

    def _ways(self, number, names, now):
        settings, minute = self.node.settings, self.own.minute(now)

        def is_now(text):
            return not text or minute is None or hours.is_within(text, minute)

        return leastcost.ways(self.plan(), settings.routes, names, number, is_now)

    def _target(self, way, number):
        provider = self.providers[way.provider]
        words = "%s %s" % (PROVIDER, provider.name)
        if way.minute is not None:
            words += ", %s a minute" % priced(way.minute)
        if way.call:
            words += ", %s a call" % priced(way.call)
        target = b"sip:" + number + b"@" + provider.domain
        return dialplan.towards(target, provider.way(), words)

    def _for_help(self, request, found):
        """Return the stages of a call for help with the providers that carry such calls."""
        able = [one for one in self.ordered if one.section.emergency and one.way()]
        if not able:
            return found
        able.sort(key=_first_up)
        target = request.parsed_uri
        number = target.key if target.key in self.node.settings.emergency else b""
        if not number or number == b"sos":
            number = numbers.digits_of(self.node.settings.emergency_number[0].encode())
        chain = dialplan.chained([
            dialplan.towards(
                b"sip:" + number + b"@" + one.domain, one.way(), "emergency service of " + one.name
            )
            for one in able
        ])  # fmt: skip
        named = [one for stage in found.stages for one in stage if not dialplan.is_unknown(one)]
        unknown = [one for stage in found.stages for one in stage if dialplan.is_unknown(one)]
        if not named:
            stages = [[chain]]
        elif self.node.settings.telephone.emergency == "beside":
            stages = [named + [chain]]
        else:
            stages = [named, [chain]]
        stages += [unknown] if unknown else []
        return dialplan.Found(found.rule, stages, found.callee, HELP_PATIENCE)

    def _price(self, name, number, now):
        for way in self._ways(number, [name], now):
            return way.minute, way.call
        return None, None

    def asked(self, leg, request, now):
        """Return the request to the provider that an INVITE or MESSAGE of the house becomes."""
        provider, settings = leg.provider, self.node.settings
        number = request.parsed_uri.name
        leg.number, leg.is_help = number, number in settings.emergency
        leg.user = self._named(request.from_.uri)
        leg.price = self._price(provider.name, number, now)
        self._check_offer(leg, request)
        section = provider.section
        written = numbers.written(self.plan(), number, section.format)
        hidden = not leg.is_help and (privacy.hides(request) or self._hides_by_code(request))
        if hidden and section.hide:
            written = section.hide.encode() + written
        target = b"sip:" + uri.escape(written) + b"@" + provider.domain
        shown = self._shown(leg, section)
        tag = self.node.tag()
        names = self._identity(provider, shown, hidden)
        lines = [
            (b"max-forwards", b"Max-Forwards: %d" % max(request.max_forwards - 1, 1)),
            (b"from", b"From: " + names.pop(0) + b";tag=" + tag),
            (b"to", b"To: <" + target + b">"),
            (b"call-id", b"Call-ID: " + leg.far_id),
            (b"cseq", b"CSeq: 1 " + request.method),
        ] + names
        return Request(request.method, target, [one[0] for one in lines], [one[1] for one in lines])

    def _named(self, target):
        """Return the section of this house that a Uri names, or None."""
        is_ours = self.node.is_ours(target)
        return dialplan.callee(self.node.settings, target) if is_ours else None

    def _check_offer(self, leg, request):
        """Refuse another node's call where what is offered to the mesh is used up."""
        call = self.node.calls.live.get(request.call_id)
        context = None if call is None else call.context
        if context is None or context.flow.transport != CELLS:
            return
        section = leg.provider.section
        leg.payer = context.flow.host
        if section.offer == "no":
            raise SipError(NEXT, "%s is not offered to the mesh" % section.name)
        is_dear = not numbers.is_national(self.plan(), leg.number)
        if is_dear and leg.price == (None, None):
            raise SipError(NEXT, "this number is not called for the mesh")
        if not self.bill.left(section, leg.price):
            raise SipError(NEXT, "what is offered to the mesh this month is used up")

    def _hides_by_code(self, request):
        call = self.node.calls.live.get(request.call_id)
        dialled = None if call is None else uri.parse(call.uri).user
        code = None if dialled is None else codes.read(self.node.settings.codes, dialled)
        return code is not None and code.feature == codes.HIDE_NUMBER

    def _shown(self, leg, section):
        """Return the number that others see: of the user, of one of his groups, the provider's."""
        settings, user = self.node.settings, leg.user
        choices = [] if user is None or user.kind != "user" else [user.caller_number]
        if user is not None:
            for name in sorted(settings.groups):
                if user.name in settings.groups[name].rings:
                    choices.append(settings.groups[name].caller_number)
        for choice in choices:
            number = numbers.e164(self.plan(), choice.encode())
            if number and [one for one in section.number if self._has(one, number)]:
                return number
        for one in section.number:
            number = numbers.e164(self.plan(), one.partition("..")[0].rstrip("*").encode())
            if number:
                return number
        return b""

    def _has(self, pattern, number):
        return numbers.matches(self.plan(), pattern.encode(), number)

    def _identity(self, provider, shown, hidden):
        """Return the value of From, and (name, line) of what else says who calls (RFC 3325)."""
        section = provider.section
        account = section.username.encode()
        number = numbers.written(self.plan(), shown, section.format) if shown else account
        host = b"@" + provider.domain + b">"
        as_number, as_account = b"<sip:" + number + host, b"<sip:" + uri.escape(account) + host
        is_hidden = hidden and not section.hide
        sender = ANONYMOUS if is_hidden else as_number if section.caller == "from" else as_account
        lines = [sender]
        if section.caller == "asserted":
            lines.append((b"p-asserted-identity", b"P-Asserted-Identity: " + as_number))
        elif section.caller == "preferred" or is_hidden:
            lines.append((b"p-preferred-identity", b"P-Preferred-Identity: " + as_number))
        if is_hidden:
            lines.append((b"privacy", b"Privacy: id"))
        return lines

    # In: who calls the house.

    def line_of(self, request, flow):
        """Return the Provider by whose line a request comes, or None.

        The user of this node's Contact there is known to the provider alone; a provider that writes
        a number instead is known by its address.
        """
        target = request.parsed_uri
        for provider in self.ordered:
            if target.user == provider.line:
                return provider
        there = [one for one in self.ordered if self._is_from(one, flow)]
        if not there or target.user is None or not numbers.digits_of(target.name):
            return None
        number = self._number(target.name)
        for provider in there:
            mine = provider.section.number
            if not mine or [one for one in mine if self._has(one, number)]:
                return provider
        return None

    def _is_from(self, provider, flow):
        return provider.is_host(flow.host) or ip.is_within(flow.host, provider.section.accept)

    def called(self, provider, request, now):
        """Return who rings for a call by a provider's line, a name; may refuse it."""
        rates = self.node.rates
        if not rates.allows("line " + provider.name, CALLS_A_MINUTE, CALLS_A_MINUTE, now):
            raise SipError(503, "too many calls")
        place = self._place(provider, self._called_number(provider, request), now)
        if not place:
            raise SipError(404, "nobody here has this number")
        if self.node.settings.telephone.spam == "refuse" and self._is_spam(request):
            self.legs.counters["spam"] += 1
            raise SipError(603, "Decline")
        return place

    def _is_spam(self, request):
        if self.spam_list is None or self.node.settings.telephone.spam == "off":
            return False
        user = self._asserted(request).user
        number = b"" if user is None else self._number(uri.unescape(user))
        return bool(number) and not self._known_as(number) and self.spam_list.has(number)

    def _called_number(self, provider, request):
        """Return the own number that was called: in the Request-URI, else in To."""
        target = request.parsed_uri
        user = target.name if target.user != provider.line else request.to.uri.name
        return self._number(user)

    def _place(self, provider, number, now):
        settings, minute = self.node.settings, self.own.minute(now)
        for section in settings.numbers:
            if [one for one in section.number if self._has(one, number)]:
                is_open = minute is None or not section.hours
                if is_open or hours.is_within(section.hours, minute):
                    return section.ring
                return section.otherwise
        return provider.section.ring

    def introduce(self, leg, request, place):
        """Write who calls, as phones here see it; nothing of it is believed but the number."""
        provider = leg.provider
        caller = self._asserted(request)
        host = b"@" + provider.domain
        number = b"" if caller.user is None else self._number(caller.name)
        hidden = privacy.hides(request) or not number
        leg.number = b"" if hidden else number
        if hidden:
            leg.person = ANONYMOUS
            leg.contact = b"sip:anonymous" + host
        else:
            leg.contact = b"sip:" + number + host
            known = self._known_as(number)
            shown = known or scan.unquote(request.from_.display or b"")
            if self._is_spam(request):
                self.legs.counters["spam"] += 1
                shown = SPAM + (shown or number)
            shown = scan.shown(shown) + b" " if shown.strip() else b""
            leg.person = shown + b"<" + leg.contact + b">"
        leg.here = b"<sip:" + place.encode() + b"@" + self.node.settings.domain + b">"

    def _asserted(self, request):
        """Return the Uri of who calls: what the provider asserts, else what From says."""
        try:
            for one in request.addresses(b"p-asserted-identity"):
                if one.uri.user is not None and numbers.digits_of(one.uri.name):
                    return one.uri
        except SipError:
            pass
        return request.from_.uri

    def _known_as(self, number):
        """Return the name that the phone book has for a number, octets, or b""."""
        named = self.node.settings.named
        if self.names[0] is not named:
            found = {}
            for dialled, shown in named:
                whole = numbers.e164(self.plan(), dialled)
                if whole is not None:
                    found.setdefault(whole, shown.encode())
            self.names = named, found
        return self.names[1].get(number, b"")

    # What the owner sees.

    def _begun(self, leg, now):
        """A call is answered: one that is for the mesh ends when what is offered is used up."""
        if leg.payer is not None:
            leg.end_at(now + self.bill.left(leg.provider.section, leg.price) * 1000)
            self.node.deadlines.watch(leg)

    def _used_up(self, leg, now):
        leg.end_at(None)
        call = self.node.calls.live.get(leg.call_id)
        if call is None:
            return []
        return self.hang_up(call, now, "what is offered to the mesh this month is used up")

    def _ended(self, leg, now):
        """A call is over: it goes on the bill; return the effects."""
        self.bill.add(leg, (now - leg.answered_at + 999) // 1000)
        return [Store(bill.NAME, self.bill.dump, self.bill.changes)]

    def dated(self, month, now):
        """The shell tells the month, as 2026-11."""
        self.bill.date(month)
        return []

    def texted(self, sender, body, now):
        """The SIM card has got a text."""
        return self.sim.came(sender, body)

    def spam(self, octets, verify, now):
        """Take the spam list of a file; octets: None where there is none; return the effects.

        verify(octets, signature): whether the one who is to sign it has.
        """
        before, self.spam_problem = self.spam_problem, ""
        try:
            self.spam_list = None if octets is None else Spam(octets, verify)
        except BellhopError as error:
            self.spam_problem = str(error)
        changed = self.spam_problem and self.spam_problem != before
        return [Note("warning", self.spam_problem)] if changed else []

    def counters(self):
        """Return name -> number."""
        counted = dict(self.legs.counters, calls=len(self.legs.all))
        return {"providers": dict(counted, **self.sim.counters)}

    # Verbs.

    def show(self, arguments, now):
        """Return how all providers are."""
        rows = []
        for provider in self.ordered:
            row = provider.record(now)
            row["calls"] = self.legs.count_of(provider)
            row["numbers"] = list(provider.section.number)
            row["month"] = self.bill.of(provider.name)
            rows.append(row)
        listed = 0 if self.spam_list is None else self.spam_list.count
        return {"providers": rows, "spam": {"numbers": listed, "problem": self.spam_problem}}

    def test(self, arguments, now):
        """Call the own number by `provider`, out and in again."""
        provider = self.providers.get(arguments.get("provider"))
        if provider is None:
            raise BellhopError("there is no such provider; `bellhop providers` shows them")
        mine = [numbers.e164(self.plan(), one.encode()) for one in provider.section.number]
        mine = [one for one in mine if one is not None]
        way = provider.way()
        if not mine or way is None or not provider.is_up():
            raise BellhopError("%s is not there, or no number of it is known" % provider.name)
        ring = self._place(provider, mine[0], now)
        if not ring:
            raise BellhopError("nobody rings for %s" % mine[0].decode())
        host = self.node.listening[way.local].listener.host
        domain = self.node.settings.domain
        request = probe.invite(mine[0], domain, host, self.legs.id())
        leg, effects = self.calls.dial(way, request, now)
        leg.test()
        return {"provider": provider.name, "number": mine[0].decode(), "ring": ring}, effects

    def told_bill(self, arguments, now):
        """Return what calls have cost and how long they took, the newest month first."""
        rows = [
            dict(self.bill.rows[key], month=key[0], provider=key[1])
            for key in sorted(self.bill.rows, reverse=True)
        ]
        return {"bill": rows}


def priced(thousandths):
    """Return a price as people write it, in the smallest unit of the money."""
    text = "%d.%03d" % (thousandths // 1000, thousandths % 1000)
    return text.rstrip("0").rstrip(".")


def _all_of(found):
    """Return the Targets of a Found with those that are tried after them."""
    return [one for stage in found.stages for first in stage for one in (first,) + first.spare]


def _go_on(user, dialled, request, server, flow, now):
    """A code that says how to call, which `locate` has seen: the call goes on."""


def _first_up(provider):
    return 0 if provider.is_up() else 1


def _is_same(one, other):
    """Tell whether two sections of one provider register alike."""
    names = (
        "domain", "proxy", "transport", "username", "auth_user", "password", "realm", "register",
        "expires",
    )  # fmt: skip
    return not [name for name in names if getattr(one, name) != getattr(other, name)]
