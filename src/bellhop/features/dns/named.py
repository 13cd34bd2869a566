"""Calls whose key is the one published for the name that was dialled: named by DNSSEC.

Each end node sends, beside its message of the key agreement, that its user's own key speaks for it
(`Bellhop-Person`). The other one looks up which keys are published for the name: that dialled, or
the caller's. Where they fit, and the keys of the call are confirmed, the call is named. With the
ACK the caller's node tells which keys it was told of the name: a directory that tells callers
another key than the owner is found out.
"""

from ...core.feature import first
from ...effects import Event, Note
from ...errors import SipError
from ...media import trust
from ...media.agreement import CALLEE, CALLER
from ...names import enum, keys, selfcheck
from ...names.answer import BOGUS, SECURE, TXT
from ...sip import uri
from ...tu import dialplan

PERSON, STATEMENT, LOOKED_UP = b"bellhop-person", b"bellhop-statement", b"bellhop-looked-up"
MAX_CALLS = 256
# Domains of which each house, or each network, has one of its own.
HOUSES = (b"home.arpa", b"local", b"lan", b"internal")
NOT_NAMED = "calls with %s must be named by DNSSEC, and this one is not: %s"
NOTHING = "no key is published for it"
UNPROVED = "the far end has not shown a published key"
STRANGE = (
    "%s says that the DNS tells another key of %s than this house has: somebody may want to be "
    "called in your place. `bellhop names` shows what is published; prove your number again if it "
    "is wrong"
)
OUTDATED = "the far end's proof is of a router that was lost or left"


class Naming:
    """What is known of the name of one call. contact: that of its session; sought: that looked up.

    dialled: the name as it was dialled, a number or user@host; keys: keys.Published that are
    proved, by the DNS or by a statement; looked_up: those of the DNS; proof, statement: of the far
    end, None where it has sent none; what: words about it.
    """

    def __init__(self, contact, dialled):
        self.contact = self.sought = contact
        self.dialled = dialled
        self.keys, self.looked_up = [], ()
        self.proof = self.statement = None
        self.what = NOTHING


class Named:
    """A feature: the names of calls whose sound is encrypted between the nodes.

    media: features.media.calls.Calls; release: ends calls; contact_of(address): the name of a
    contact; to_person(key, floor): the Target that leads to the owner of a key in the mesh, or
    None; blindly: features.dns.blindly.Blindly, whose directories are used; id: this node's
    public key.
    """

    name = "named calls"
    hooks = (
        "seek", "callee", "request", "response", "offered", "accepted", "confirmed", "changed",
        "seen",
    )  # fmt: skip
    events = ("take_people",)
    users, wakers = {}, {}

    def __init__(self, node, questions, media, release, contact_of, to_person, blindly, id):
        self.node = node
        self.questions = questions
        self.relays = media.relays
        self.release = release
        self.contact_of = contact_of
        self.to_person = to_person
        self.blindly, self.directories = blindly, blindly.directories
        self.crypto = self.directories.crypto
        self.id = id
        self.people = {}
        self.calls, self.order = {}, []
        self.relays.keying.await_names()

    def take_people(self, people, now):
        """Take whose keys speak for this node.

        people: user's name -> (seed, sequence), or (name, key, sequence, signature): what a router
        with the seed has made.
        """
        self.people = {}
        for name, parts in people.items():
            if len(parts) == len(("seed", "sequence")):
                self.people[name] = keys.prove(parts[0], self.id, parts[1], self.crypto)
            else:
                self.people[name] = keys.Proof(*parts[1:])
        return []

    # Whose keys are published.

    def places(self, contact, is_own=False):
        """Return [(name, zone)] where the keys of a contact stand in the DNS, the best first."""
        directories = [one.encode() for one in self.node.settings.dns.directory]
        if self.blindly.is_alone() and not is_own:
            directories = []
        user, at, host = contact.encode().rpartition(b"@")
        digits = enum.digits_of(user if at else host)
        if not at and digits is not None:
            return [(keys.of_number(digits, one), b"e164." + one) for one in directories]
        if not user or not _is_domain(host) or (self._is_here(host) and not is_own):
            return []
        found = [(keys.of_address(user, host), host)]
        return found + [(keys.of_foreign(user, host, one), one) for one in directories]

    def _is_here(self, host):
        return host in self.node.settings.domains

    def seek(self, branch, go_on, now):
        """Look up the keys of the one who is called, before the call goes out; or None.

        Where the mesh knows the owner of such a key, it goes there in cells.
        """
        request = branch.context.request
        if request.method not in (b"INVITE", b"MESSAGE") or request.to.tag is not None:
            return None
        known = self.calls.get(request.call_id)
        contact = self._contact(branch.target.uri)
        if known is not None and known.sought == contact:
            known.contact = contact
            return None
        places, said = self.places(contact), self.blindly.found(contact)
        if not places and said is None:
            return None
        is_call = request.method == b"INVITE"
        naming = Naming(contact, contact)
        if is_call:
            self._keep(request.call_id, naming)

        def told(answers, now):
            self._learn(naming, answers)
            if said is not None and naming.what == NOTHING:
                naming.keys, naming.what = [keys.Published(said.key, said.floor)], UNPROVED
            refusal = self._refusal(naming) if is_call else None
            return go_on(branch, self._in_cells(naming, branch.target, is_call), refusal, now)

        return self.questions.ask(places, TXT, told, now) if places else told([], now)

    def _in_cells(self, naming, target, is_call):
        """Return the Target in the mesh of who has a published key, or the one that there is.

        A call that does not come through there takes that one; a text waits.
        """
        for one in naming.keys:
            way = self.to_person(one.key, one.floor)
            if way is not None:
                naming.contact = self._contact(way.uri)
                spare = (target,) + target.spare if is_call else ()
                return dialplan.with_spare(way, spare)
        return target

    def _contact(self, target):
        """Return the name under which the keys of an address are kept."""
        named = first(self.node.hooks.callee, uri.parse(target))
        return self.contact_of(target) if named is None else named[0]

    def _begin(self, call_id, contact, dialled):
        return self._keep(call_id, Naming(contact, dialled))

    def _keep(self, call_id, naming):
        if call_id in self.order:
            self.order.remove(call_id)
        self.order.append(call_id)
        if len(self.order) > MAX_CALLS:
            self.calls.pop(self.order.pop(0), None)
        self.calls[call_id] = naming
        return naming

    def _learn(self, naming, answers):
        """Take what is published: only what DNSSEC proves, by a clock that is set."""
        for answer in answers:
            if answer.outcome == BOGUS:
                naming.what = "the DNS says of it what DNSSEC refutes: " + answer.why
                return
            found = keys.published(answer.records)
            if not found:
                continue
            if answer.outcome != SECURE or answer.why:
                naming.what = answer.why or "its key is published without DNSSEC"
                return
            naming.keys, naming.what = found, UNPROVED
            naming.looked_up = tuple(found)
            return

    def _refusal(self, naming):
        """Return why a call must not go out, or None."""
        if naming.keys or not self._must(naming.contact):
            return None
        return SipError(488, NOT_NAMED % (naming.contact, naming.what))

    def _must(self, contact):
        policies = self.relays.keying.policies
        return policies.of(contact) == trust.REQUIRE and policies.wants(contact, trust.NAMED)

    def callee(self, target):
        """Return (name, no node's id) of an address whose keys are published, or None.

        So a key is offered on the first call too.
        """
        if target.user is None or target.host is None:
            return None
        name = self.contact_of(target.write())
        is_published = [one for one in self.calls.values() if one.contact == name and one.keys]
        return (name, b"") if is_published else None

    # The proofs of both sides.

    def offered(self, session, request):
        """Add the proof of the caller to the INVITE of a caller's node."""
        if session.role != CALLER or request.method != b"INVITE" or session.guise is not None:
            return
        asked = session.user.context.request
        if request.call_id not in self.calls and asked.call_id not in self.calls:
            self._begin(session.call_id, session.contact, self._dialled(asked.parsed_uri))
        self._add(request, None if asked.caller.user is None else asked.caller.user.name)

    def _dialled(self, target):
        """Return what was dialled, as a directory names it."""
        name = target.key if target.user is not None else b""
        if enum.digits_of(name) is not None or target.host is None:
            return name.decode()
        return (name + b"@" + target.host_key).decode()

    def accepted(self, session, response):
        """Add the proof of the one who was called to the 2xx of a called node."""
        binding = session.user.target.binding if session.role == CALLEE else None
        if binding is not None:
            self._add(response, binding.user)

    def _add(self, message, user):
        if user in self.people:
            message.set(PERSON, b"Bellhop-Person: " + keys.write_proof(self.people[user]))
        if user in self.directories.own:
            octets = keys.base64(self.directories.own[user])
            message.set(STATEMENT, b"Bellhop-Statement: " + octets)

    def request(self, branch, request, now):
        """Take the caller's proof out of an INVITE to a phone, and look the caller up."""
        if branch is None:
            return request, self._acknowledged(request)
        if branch.target.binding is None or not request.has(PERSON):
            return request, []
        contact = self.contact_of(request.from_.uri_bytes)
        naming = self.calls.get(request.call_id) or Naming(contact, contact)
        self._take(request, naming)
        if request.method != b"INVITE" or naming.proof is None or request.call_id in self.calls:
            return request, []
        self._keep(request.call_id, naming)
        places = self.places(naming.contact)
        if not places:
            return request, []

        def told(answers, now):
            self._learn(naming, answers)
            return self._judge_all(request.call_id, naming, now)

        return request, self.questions.ask(places, TXT, told, now)

    def _acknowledged(self, ack):
        """Tell what was looked up with an ACK, or take what the caller was told."""
        told = ack.value(LOOKED_UP)
        ack.remove(LOOKED_UP)
        session, dialog, _ = self.relays.sessions.asking(None, ack)
        if dialog is None or dialog.agreement is None:
            return []
        if session.role == CALLER:
            naming = self.calls.get(ack.call_id)
            if naming is not None and naming.looked_up:
                name, seal = naming.dialled.encode(), dialog.agreement.seal
                value = keys.write_told(name, naming.looked_up, seal)
                ack.set(LOOKED_UP, b"Bellhop-Looked-Up: " + value)
            return []
        found = None if told is None else keys.read_told(told, dialog.agreement.seal)
        binding = session.user.target.binding
        return (
            [] if found is None or binding is None else self._compare(session, binding.user, found)
        )

    def _compare(self, session, user, found):
        """Compare the keys that a caller was told of a user's name with the user's own."""
        name, told = found
        section = self.node.settings.names.get(uri.key_of(name.partition(b"@")[0]))
        own = self.people.get(user)
        is_good = own is not None and told == [own.key] * len(told)
        if section is None or section.name != user or is_good:
            return []
        shown = name.decode()
        words = STRANGE % (session.contact, shown)
        event = {"name": shown, "found": selfcheck.FOREIGN, "by": session.contact}
        return [Event("name", event), Note("error", words)]

    def response(self, branch, response, now):
        """Take the proof of the one who was called out of a response to a phone."""
        if response.has(PERSON) and branch.target.binding is None:
            self._take(response, self.calls.get(response.call_id) or Naming("", ""))
        return response, []

    def _take(self, message, naming):
        """Take what a far end says of itself out of a message that goes to a phone."""
        naming.proof = keys.read_proof(message.value(PERSON) or b"") or naming.proof
        octets = keys.unbase64(message.value(STATEMENT) or b"")
        naming.statement = self.directories.read(octets or b"") or naming.statement
        message.remove(PERSON)
        message.remove(STATEMENT)

    # The verdict.

    def confirmed(self, session, now):
        """The keys of a call are confirmed: judge its name."""
        naming = self.calls.get(session.call_id)
        return [] if naming is None else self._judge(naming, session, now)

    def _judge_all(self, call_id, naming, now):
        effects = []
        for session in self.relays.sessions.by_call.get(call_id, ()):
            effects += self._judge(naming, session, now)
        return effects

    def _judge(self, naming, session, now):
        agreement = session.proved()
        if agreement is None or session.contact != naming.contact:
            return []
        call = self.node.calls.live.get(session.call_id)
        if self._fits(naming, agreement.peer):
            if naming.dialled != session.contact:  # So a provider is not asked for it quietly.
                self.relays.keying.trust.mark(naming.dialled, agreement.peer, trust.NAMED)
            effects = self.relays.vouch(session, trust.NAMED)
            if call is not None:
                call.secure(session.level)
            return effects
        if call is None or not self._must(session.contact) or self._is_enough(session):
            return [Note("info", "call with %s: %s" % (session.contact, naming.what))]
        words = NOT_NAMED % (session.contact, naming.what)
        return self.release.hang_up(call, now, "ended by this node: " + words)

    def _is_enough(self, session):
        return self.relays.keying.policies.is_enough(session.contact, session.level)

    def _fits(self, naming, node):
        """Tell whether the proof is by a published key, and for the node that spoke."""
        proof, told = naming.proof, naming.statement
        if not naming.keys and told is not None and told.name.decode() == naming.dialled:
            naming.keys = [keys.Published(told.key, told.floor)]
        if proof is None or not naming.keys:
            return False
        if not keys.fits(proof, naming.keys):
            naming.what = OUTDATED if keys.is_outdated(proof, naming.keys) else UNPROVED
            return False
        if not keys.proves(proof, node, self.crypto.verify):
            naming.what = "the far end's proof is for another router"
            return False
        naming.what = trust.NAMED
        if naming.dialled[:1] == "+":
            found = [one for one in naming.keys if one.key == proof.key]
            self.directories.remember(naming.dialled.encode(), found[0])
        return True

    def changed(self, call, now):
        """Forget the name of a call that is over."""
        if call.ended_at is not None and self.calls.pop(call.call_id, None) is not None:
            self.order.remove(call.call_id)
        return []

    def seen(self, call):
        """Return what the DNS says of the name of a call, as a field of its record."""
        naming = self.calls.get(call.call_id)
        return {"named": None if naming is None else naming.what}


def _is_domain(host):
    """Tell whether a host may be a domain of the Internet: no address, more than one label.

    home.arpa is the domain of every house that was given none (RFC 8375), local that of mDNS.
    """
    if b"." not in host or b":" in host or host[-1:].isdigit():
        return False
    return not [one for one in HOUSES if (b"." + host).endswith(b"." + one)]
