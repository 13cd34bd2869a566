"""Telephone numbers that the DNS knows (ENUM, RFC 6116), where neither house nor mesh does."""

from ...errors import SipError
from ...names import enum
from ...names.answer import BOGUS, NAPTR
from ...sip import uri
from ...sip.numbers import e164
from ...tu import dialplan

TEL = b"tel:"
# Addresses of which it is known which number led to them.
MAX_FOUND = 256
KEPT = (
    "calls with %s were encrypted before, and a provider of telephone numbers would carry this one "
    "in clear"
)
FORGED = "the DNS says of %s what DNSSEC refutes, so nobody is called: %s"


class Numbers:
    """A feature: calls to full international numbers.

    found: address -> the number that led there, the last one at the end of `order`.
    """

    name = "dns"
    hooks = ("locate", "seek", "callee", "counters")
    events = ("answered",)
    users, wakers = {}, {}

    def __init__(self, node, questions, is_kept, blindly):
        """is_kept(number): whether a key of it is kept, so that no provider may be asked.

        blindly: [features.dns.blindly.Blindly], or [] on a node without keys.
        """
        self.node = node
        self.blindly = blindly
        self.questions = questions
        self.is_kept = is_kept
        self.found, self.order = {}, []
        self.counts = {"numbers_found": 0, "numbers_unknown": 0, "numbers_forged": 0}

    def answered(self, number, answer, now):
        """The DNS has answered a question of this feature, or of those beside it."""
        return self.questions.answered(number, answer, now)

    def counters(self):
        """Return what became of numbers."""
        return {"dns": dict(self.counts, **self.questions.counters)}

    def callee(self, target):
        """Return (number, no node's id) of an address to which a number has led, or None."""
        number = self.found.get(target.write())
        return None if number is None else (number.decode(), b"")

    def locate(self, request, found, now):
        """Return that the DNS shall say where a number leads that nobody here knows.

        What the plan has found for it already, a provider, comes after the DNS.
        """
        if request.to.tag is not None or request.has(b"route") or found.callee is not None:
            return found
        target = request.parsed_uri
        is_here = target.scheme == b"tel" or self.node.is_ours(target)
        if not is_here or found.rule != dialplan.LOCAL or found.stages:
            return found
        number = e164(self.node.settings.plan, target.name.partition(b";")[0])
        is_asked = self.suffixes() or [one for one in self.blindly if one.place()]
        if number is None or not is_asked:
            return found
        asked = dialplan.towards(TEL + number, None, number.decode())
        return dialplan.Found(dialplan.NUMBER, [[asked]], None, None)

    def suffixes(self):
        """Return the suffixes below which numbers stand: one's own directory's first."""
        section = self.node.settings.dns
        found = ["e164." + zone for zone in section.directory]
        for one in self.blindly:
            if one.is_alone():
                found = []
        return [suffix.encode() for suffix in found + list(section.enum_suffix)]

    def seek(self, branch, go_on, now):
        """Ask where a number leads; return the effects, or None where it is none."""
        if branch.target.uri[: len(TEL)] != TEL:
            return None
        digits = branch.target.uri[len(TEL) + 1 :]
        places = [(enum.owner(digits, suffix), suffix) for suffix in self.suffixes()]

        def told(answers, now):
            target, error = self._lead(branch, digits, answers)
            if target is not None or error is not None:
                return go_on(branch, target, error, now)
            return self._look(branch, b"+" + digits, answers, go_on, now)

        return self.questions.ask(places, NAPTR, told, now) if places else told([], now)

    def _look(self, branch, number, answers, go_on, now):
        """Ask a directory for a number that does not stand in the DNS, without its seeing which."""

        def told(now):
            for one in self.blindly:
                said = one.found(number.decode())
                if said is not None and said.address:
                    way = "a statement of " + said.directory.decode()
                    target = self._target(branch, number, [said.address], way)
                    return go_on(branch, target, None, now)
            return go_on(branch, *self._nowhere(branch, number, answers), now)

        for one in self.blindly:
            return one.look([number.decode()], told, now)
        return told(now)

    def _lead(self, branch, digits, answers):
        """Return (the Target to which the DNS leads, None), (None, why not), or (None, None)."""
        number = b"+" + digits
        for answer, suffix in zip(answers, self.suffixes()):
            if answer.outcome == BOGUS:
                self.counts["numbers_forged"] += 1
                return None, SipError(502, FORGED % (number.decode(), answer.why))
            places = enum.addresses(answer.records, digits)
            if places:
                reason = "ENUM (%s)" % suffix.decode()
                return self._target(branch, number, places, reason), None
        return None, None

    def _nowhere(self, branch, number, answers):
        """Return (a provider as Target, None), or (None, why a number leads nowhere)."""
        self.counts["numbers_unknown"] += 1
        if branch.spare and self.is_kept(number.decode()):
            return None, SipError(488, KEPT % number.decode())
        if branch.spare:
            return branch.spare[0], None
        silent = [answer.why for answer in answers if answer.why]
        words = "%s is known neither here nor in the DNS" % number.decode()
        return None, SipError(404, words + (": " + silent[0] if silent else ""))

    def _target(self, branch, number, places, way):
        self.counts["numbers_found"] += 1
        reason = "%s by %s" % (number.decode(), way)
        targets = []
        for address in places:
            address = uri.parse(address).write()
            if address not in self.found:
                self.order.append(address)
            self.found[address] = number
            targets.append(dialplan.towards(address, None, reason))
        while len(self.order) > MAX_FOUND:
            del self.found[self.order.pop(0)]
        # Whom the DNS knows no provider is asked for: that would be in clear, paid, and elsewhere.
        return dialplan.with_spare(targets[0], targets[1:])
