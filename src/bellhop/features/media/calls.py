"""Joins calls with media: who stands on each side of a branch, and what waits for ports."""

from ...core.feature import first
from ...errors import BellhopError, Refusal, SipError
from ...limits import OWN
from ...media import crypto, trust
from ...media.agreement import CALLEE, FAILED, Dh, Identity
from ...media.decision import LOOPBACK, MUST, NO, OFFER, MediaSettings, Party
from ...media.keyed import HELP, PLAIN
from ...media.relay import Relays, is_by_phones, is_sdp
from ...media.session import Session
from ...media.signature import PACKAGE
from ...sip import address, uri
from ...sip.ip import address_octets
from ...sip.message import response_to
from ...text import key_text, readable
from ...tu import dialplan

# The levels of trust by the words of the configuration.
LEVELS = {
    "encrypted": trust.ENCRYPTED,
    "known": trust.KNOWN,
    "named": trust.NAMED,
    "compared": trust.COMPARED,
    "signed": trust.SIGNED,
}

# Nothing about keys may stop a call for help: it is carried as it comes.
EMERGENCY = HELP
# What the owner may say of a known key.
COMPARED, FORGET = VERDICTS = ("compared", "forget")
# What two people find of the words of a call.
SAME, DIFFERENT = FINDINGS = ("same", "different")


class Calls:
    """A feature: the calls whose sound passes this node.

    release: ends calls; go_on(ready, now): takes a media.relay.Ready, returns the effects;
    strict: features.media.strict.Strict.
    suites: numbers that the media library can do, () where it is missing; keys: the functions of
    media.agreement.Dh, the node's Ed25519 public key and X25519 secret, or None.
    """

    name = "media"
    hooks = (
        "take", "branch", "request", "response", "finished", "ended", "adopt", "restore",
        "succeeded", "counters", "status", "seen", "wipes",
    )  # fmt: skip
    events = ("opened", "failed", "reported")
    users = {}

    def __init__(self, node, release, go_on, strict, suites, keys):
        self.node = node
        self.strict = strict
        self.release = release
        self.go_on = go_on
        # What a called phone shall show in front of the caller's name, by branch.
        self.warnings = {}
        # What the owner wants of contacts: (address, (policy, level)).
        self.wanted = []
        section = node.settings.media
        dh = identity = None
        if keys is not None:
            functions, public, secret = keys
            dh, identity = Dh(*functions), Identity(public, secret)
        self.relays = Relays(media_settings(section), dh, identity, node.random, node.deadlines)
        self.relays.library(suites)
        self.wakers = {Session: self.relays.wake}

    def adopt(self, settings):
        """Put new settings in force; calls keep what was decided."""
        section = settings.media
        self.relays.adopt(media_settings(section))
        policies, self.wanted = {}, []
        for contact in settings.contacts:
            if contact.address and (contact.encryption or contact.verification):
                policy = contact.encryption or section.encryption
                wanted = policy, LEVELS[contact.verification or section.verification]
                policies[contact_of(contact.address.encode())] = wanted
                self.wanted.append((contact.address.encode(), wanted))
        policies[EMERGENCY] = trust.PREFER, trust.CLEAR
        policies[PLAIN] = trust.ALLOW, trust.CLEAR
        general = section.encryption, LEVELS[section.verification]
        self.relays.keying.judge_by(trust.Policies(general, policies))

    def restore(self, name, records, now):
        """Take back what was known of keys."""
        if name == "trust":
            self.relays.keying.trust.restore(records)

    def succeeded(self, old, new, now):
        """Know a contact by its new key; return the effects. Without one all stays as it is."""
        return self.relays.follow(old, new) if new is not None else []

    # Branches of calls.

    def branch(self, branch, reached, now):
        """Return (why the media of a branch passes this node, effects); reached: its Target."""
        context = branch.context
        request = context.request
        if request.method != b"INVITE":
            return [], []
        near, far = self._caller(request, context.flow, now), self._called(reached, request)
        if request.to.tag is not None:
            return [], self.relays.join(branch, request, near, far, now)
        node = self.node
        if dialplan.is_emergency(node.settings, node.listening, request.parsed_uri):
            near, far = _judged_as(EMERGENCY, near), _judged_as(EMERGENCY, far)
        if first(node.hooks.plain, context.flow, request):
            near = _judged_as(PLAIN, near)
        if first(node.hooks.plain, reached.flow, request):
            far = _judged_as(PLAIN, far)
        guises = [first(node.hooks.guise, one, request) for one in (reached.flow, context.flow)]
        guise = guises[0] or guises[1]
        guise = None if guise is None else Identity(*guise)
        reasons, effects = self.relays.decide(branch, request, near, far, now, guise)
        session = self.relays.sessions.by_user.get(branch)
        if session is not None:
            session.take_zones(_zone(context.flow), _zone(reached.flow))
            # The owner takes the word of a proxy in a trusted network, nobody else's.
            if near.contact is not None and not near.node and request.caller.kind != OWN:
                session.doubt()
        self.warnings.pop(branch, None)
        if far.contact is None and near.contact not in (None, EMERGENCY):
            agreement = None if session is None else session.agreement
            is_node = near.node is not None and not is_by_phones(request)
            warning = self.relays.keying.warning(near.contact, agreement, is_node)
            if warning is not None:
                self.warnings[branch] = warning
        return reasons, effects

    def _caller(self, request, flow, now):
        caller = request.from_.uri
        locals_ = self._locals(flow, request)
        srtp = first(self.node.hooks.srtp, flow)
        if srtp is not None:
            return Party(None, b"", address_octets(flow.host), locals_, False, srtp)
        far = first(self.node.hooks.caller, request, flow)
        if far is not None:
            name = contact_of(request.from_.uri_bytes) if far[0] is None else self._known(far)
            return Party(name, far[1], None, locals_, False, NO)
        source = address_octets(flow.host)
        is_local = dialplan.is_ours(self.node.settings, self.node.listening, caller)
        section = dialplan.callee(self.node.settings, caller) if is_local else None
        if section is None or section.kind != "user":
            return Party(contact_of(request.from_.uri_bytes), None, source, locals_, False, NO)
        bindings = self.node.location.bindings(section.name, now)
        nat = [one for one in bindings if one.flow[:4] == flow[:4] and one.is_behind_nat()]
        return Party(None, None, source, locals_, bool(nat), section.srtp)

    def _called(self, target, request):
        locals_ = self._locals(target.flow, request)
        binding = target.binding
        if binding is not None:
            source = None if binding.path else address_octets(target.flow.host)
            srtp = self.node.settings.users[binding.user].srtp
            if self.strict.wants(binding):
                srtp = MUST
            return Party(None, None, source, locals_, binding.is_behind_nat(), srtp)
        srtp = first(self.node.hooks.srtp, target.flow)
        if srtp is not None:
            return Party(None, b"", address_octets(target.flow.host), locals_, False, srtp)
        far = first(self.node.hooks.callee, uri.parse(target.uri))
        if far is not None:
            return Party(self._known(far), far[1], None, locals_, False, NO)
        source = address_octets(target.flow.host)
        return Party(contact_of(target.uri), None, source, locals_, False, NO)

    def _known(self, far):
        """Return the contact of somebody beyond the mesh: (name, node's id), judged as he must be.

        User and key of the node tell who it is; the name of a node and the way in which an address
        is written do not.
        """
        from ...mesh.identity import write_key  # Only a node with a mesh comes here.

        keying, place = self.relays.keying, far[0].partition("@")[2].lower().encode()
        name = keying.trust.known_as(*far)
        for address_bytes, wanted in self.wanted:
            target = uri.parse(address_bytes)
            if target.host_key == place and target.user is not None:
                target = uri.parse(b"sip:" + target.user + b"@" + write_key(far[1]))
            if first(self.node.hooks.callee, target) == far:
                keying.policies.take(name, wanted)
        return name

    def _locals(self, flow, request):
        """Return the octets of this node's addresses, the one that a flow uses first."""
        if first(self.node.hooks.sounds, flow, request):
            return (LOOPBACK,)
        hosts = [self.node.listening[flow.local].listener.host]
        for one in self.node.listening:
            host = None if one is None else one.listener.host
            if host is not None and host not in hosts and "%" not in host:
                hosts.append(host)
        return tuple([address_octets(host) for host in hosts])

    def _announce(self, request, warning):
        """Show a warning on the called phone in front of the caller's name."""
        caller = request.from_
        shown = caller.worded(b"(" + warning.encode() + b") ", b"", caller.uri.user or b"?")
        request.set(b"from", b"From: " + shown.write())
        request.remove(b"p-asserted-identity")  # Phones prefer its name to that of From.

    def finished(self, branches):
        """Return the effects of branches that may have come to nothing."""
        effects = []
        for branch in branches:
            self.warnings.pop(branch, None)
            effects += self.relays.ended(branch)
        return effects

    # Messages.

    def request(self, branch, request, now):
        """Return (request as it goes on, or None while it waits, effects); may raise SipError."""
        if branch in self.warnings:
            self._announce(request, self.warnings[branch])
        call_id = request.call_id
        if call_id not in self.relays.sessions.by_call:
            return request, []
        session = self.relays.sessions.by_user.get(branch)
        moved = self._follow(branch, request) if session is None and branch is not None else []
        for offered in self.node.hooks.offered if session is not None else ():
            offered(session, request)
        if session is not None and session.role is not None:
            session.agreement.name(first(self.node.hooks.named, branch, request) or call_id)
        request, effects = self.relays.request(branch, request, now)
        effects = moved + effects
        if branch is None and request is None:
            effects += self._end_unproved(call_id, now)
        elif branch is None:
            effects += self._note(request, now)
        return request, effects

    def _follow(self, branch, request):
        """A phone may have come by another network since; return the effects."""
        flow = branch.context.flow
        session, dialog, side = self.relays.sessions.asking(None, request)
        listening = self.node.listening[flow.local]
        if dialog is None or listening is None or not is_sdp(request) or session.locals is None:
            return []
        source = address_octets(flow.host)
        if session.parties[side].source in (None, source) or source is None:
            return []
        return session.follow(side, address_octets(listening.listener.host), source)

    def response(self, branch, response, now):
        """Return (response as it goes on, or None while it waits, effects); may raise SipError."""
        if not self._is_known(response):
            return response, []
        session = self.relays.sessions.by_user.get(branch)
        is_mine = session is not None and session.role == CALLEE
        if is_mine and branch.target.binding is not None:
            self.strict.heard(branch, response.status, session.parties[1].srtp == MUST)
        if session is not None and 200 <= response.status < 300:
            for accepted in self.node.hooks.accepted:
                accepted(session, response)
        return self.relays.response(branch, response, now)

    def take(self, request, server, flow, caller, now):
        """Take a signature that is for this node; return the effects, or None; may raise SipError.

        A phone is never shown one, whatever this node can do.
        """
        if request.method != b"INFO" or request.value(b"info-package") != PACKAGE:
            return None
        session, dialog, side = self.relays.sessions.asking(None, request)
        if session is None or session.role is None or side == session.phone_side:
            return None
        effects = first(self.node.hooks.told, session, dialog, request, now)
        if effects is None:
            raise SipError(469, "Bad Info Package", (b"Recv-Info: ",))
        return self.node.layer.respond(server, response_to(request, 200), now) + effects

    def _is_known(self, message):
        return message.call_id in self.relays.sessions.by_call

    def _note(self, ack, now):
        """Write into the list of calls what an acknowledged call is worth; begin to sign it."""
        effects = []
        call = self.node.calls.live.get(ack.call_id)
        for session in self.relays.sessions.by_call.get(ack.call_id, ()):
            if call is not None:
                call.secure(session.level or call.security)
            for confirmed in self.node.hooks.confirmed:
                effects += confirmed(session, now)
        return effects

    def ended(self, call):
        """Return the effects of a call that this node ends."""
        return self.relays.ended_call(call.call_id)

    def _end_unproved(self, call_id, now):
        """End a call whose ACK was stopped; return the effects."""
        sessions = self.relays.sessions.by_call.get(call_id, ())
        return self._end([one for one in sessions if one.level == FAILED], now)

    def _end(self, sessions, now):
        call = self.node.calls.live.get(sessions[0].call_id) if sessions else None
        words = sessions[0].problem if sessions else None
        return [] if call is None else self.release.hang_up(call, now, words)

    # What the shell tells.

    def failed(self, number, problem, now):
        """The media library refused a change of a relay; return the effects."""
        session = self.relays.sessions.by_number.get(number)
        return self.relays.failed(number, problem, now) + self._end_silent(session, now)

    def reported(self, number, kind, side, now):
        """The media library tells something of a relay (media.relay.REPORTS)."""
        session = self.relays.sessions.by_number.get(number)
        return self.relays.reported(number, kind, side, now) + self._end_silent(session, now)

    def _end_silent(self, session, now):
        """End an answered call whose last relay is gone: nobody will hear anything any more."""
        if session is None or session.chosen is None or session.numbers():
            return []
        return self._end([session], now)

    def opened(self, number, ports, problem, now):
        """The shell has answered a RelayOpen; return the effects."""
        session = self.relays.sessions.by_number.get(number)
        ready, effects = self.relays.opened(number, ports, problem, now)
        if session is not None and session.user not in self.relays.sessions.by_user:
            self._note_without(session)
        for one in ready:
            effects += self.go_on(one, now)
        return effects

    def _note_without(self, session):
        """There were no ports, and the call goes on without: no reason of ours keeps it here."""
        call = self.node.calls.live.get(session.call_id)
        if call is not None:
            call.leave_out(session.reasons)
            call.secure(trust.CLEAR if session.contact is not None else None)

    # What the owner sees and does.

    def seen(self, call):
        """Return what is known of the sound of a Call, as fields of its record.

        security: one of media.trust.LEVELS; is_enough: for the owner; words: to compare; relays:
        numbers; signature, own_signature: of features/pgp, in words; all None or empty where the
        sound does not pass this node.
        """
        fields = {"security": call.security, "words": None, "suite": None, "contact": None,
                  "is_enough": None, "by_phones": False, "relays": [], "signature": None,
                  "own_signature": None}  # fmt: skip
        for session in self.relays.of_call(call.call_id):
            relays = fields["relays"] + session["relays"]
            if fields["words"] is None:
                fields = {name: session.get(name) for name in fields}
                fields["security"] = session["level"] or call.security
            fields["relays"] = relays
        return fields

    def status(self):
        """Return what the media library can do, and how many streams pass."""
        names = [crypto.BY_NUMBER[number].name.decode() for number in self.relays.keying.suites]
        return {"media": {"suites": names, "relays": len(self.relays.sessions.by_number)}}

    def counters(self):
        """Return name -> number."""
        return {"media": dict(self.relays.counters, **self.relays.keying.trust.counters)}

    # Verbs.

    def trust(self, arguments, now):
        """Return what is known of keys, the contact that called last first."""
        rows = self.relays.keying.trust.dump()
        for row in rows:
            row["level"] = row.pop("mark") or trust.KNOWN
            row["key"] = key_text(self.relays.keying.trust.contacts[row["contact"]].key)
        return {"trust": rows[::-1]}

    def set_trust(self, arguments, now):
        """Decide about a key. `contact`: as `trust` shows it; `verdict`: one of VERDICTS."""
        name, verdict = str(arguments.get("contact", "")).lower(), arguments.get("verdict")
        if verdict not in VERDICTS:
            raise BellhopError("the verdict on a key is one of " + ", ".join(VERDICTS))
        known = self.relays.keying.trust.contacts.get(name)
        if known is None:
            raise BellhopError("no key of '%s' is known; `bellhop trust` shows whose are" % name)
        if verdict == FORGET:
            self.relays.keying.trust.forget(name)
        else:
            self.relays.keying.trust.mark(name, known.key, trust.COMPARED)
        return self.trust(arguments, now), [self.relays.store()]

    def wipes(self, what, now):
        """Forget the keys that nobody has compared or signed; return the effects."""
        if what not in ("keys", "all"):
            return []
        known = self.relays.keying.trust
        for name in [name for name in known.contacts if not known.contacts[name].mark]:
            known.forget(name)
        return [self.relays.store()]

    def verify(self, arguments, now):
        """The two people have read the words to each other. `call`; `verdict`: of FINDINGS."""
        verdict = arguments.get("verdict", "")
        if verdict not in FINDINGS:
            raise BellhopError("are the words 'same' or 'different'?")
        call = self.node.live_call(arguments.get("call"))
        if verdict == SAME:
            effects = self.relays.mark(call.call_id, trust.COMPARED)
        else:
            effects = self.relays.differ(call.call_id)
        if not effects:
            raise Refusal("no words", "this call has no words that could be compared")
        call.secure(trust.COMPARED if verdict == SAME else trust.DIFFERENT)
        return {"call": self.node.seen(call, now)}, effects


def media_settings(section):
    """Return the MediaSettings of `config media`."""
    return MediaSettings(
        section.relay, section.hide_addresses, section.port_low, section.port_high,
        section.max_calls,
    )  # fmt: skip


def _judged_as(contact, party):
    name, srtp = None if party.contact is None else contact, party.srtp
    if name is None and contact == EMERGENCY and party.node is not None and srtp == MUST:
        srtp = OFFER  # A provider's emergency service may have no keys.
    return Party(name, party.node, party.source, party.locals, party.behind_nat, srtp)


def _zone(flow):
    """Return the zone of a link-local peer (RFC 4007), or None."""
    return flow.host.partition("%")[2] or None


def contact_of(octets):
    """Return the name under which keys of a person are kept: user@host of an address."""
    try:
        found = address.parse(octets).uri
        parts = [part for part in (found.name, found.host_key) if part]
        return readable(b"@".join(parts)).lower()
    except SipError:
        return readable(octets)
