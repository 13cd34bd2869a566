"""SIP between houses, in cells: this node is a user agent on both sides (mesh/PROTOCOL.md).

To the core another node is a hop that is reached by a Flow of the transport `cells`; here messages
for it lose all that is not to leave the house, and those from it get what phones here need. A Line
knows which dialog of the one house is which of the other.
"""

import binascii
import hashlib

from ...core.admission import FROM_OUTSIDE, watches
from ...core.release import REASON
from ...effects import CELLS, Receive, Store
from ...errors import SipError
from ...limits import MAX_LINES
from ...mesh.calls import ANEW, CLOSED, CROWDED, LOST, Discreet
from ...mesh.identity import short_id
from ...settings import codes
from ...sip import address, description, scan, uri
from ...sip.message import Request, Response, parse
from ...text import of_octets, plain
from ...tu import dialplan, privacy, proxy
from ...tu.calls import OPENLY
from . import levels, scrub

ANONYMOUS = b'"Anonymous" <sip:anonymous@anonymous.invalid>'
# What a phone shows of somebody whose call everybody on the way may hear.
NOT_PRIVATE = b"(not private) "
ANONYMOUS_PLAIN = b'"(not private) Anonymous" <sip:anonymous@anonymous.invalid>'
NOT_HIDDEN = "only amateur radio leads there, where nothing may be hidden, and %s"
# How requests to the responders of another node begin.
HELP = b"sip:sos@"
# Before the name of a caller whose node has another key than the contact had.
NEW_KEY = b"(new key) "
BRANCH = b"z9hG4bK"
# What is over is forgotten after this time; a dialog of which nobody tells the end later.
SWEEP, LINGER, LONGEST = (10000, 40000, 12 * 3600 * 1000)
# A way on which nobody speaks is given up: the next request makes another.
IDLE = 60000
ALLOW = (
    b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, SUBSCRIBE, NOTIFY, "
    b"MESSAGE"
)
# What of a Line is octets.
TEXTS = ("node", "call_id", "remote", "here", "contact", "speaker")
NAME = "lines"
OUT, IN = SIDES = ("out", "in")
SILENT = (
    "nobody may be heard: the other node does not answer where sound would go, and sound does not "
    "pass %s, where bellhop-media is missing"
)
GONE = b"the way to the other house is lost"


class Line:
    """One Call-ID between this house and another. own: {tag of a phone here: its name outside}.

    remote, here: the addresses of both ends as phones here know them, without tags; contact: what
    phones here have as the other's Contact; contacts: {tag: Contact of a phone here}; asked, came:
    {(CSeq number, method): request} that were sent out, and that came, without a final answer;
    accepted: the last INVITE that was sent out and has a 2xx; level: of privacy, of what this house
    has to say; guise: who it is in this call alone (mesh.calls.Guise), or None; box: the
    key of the box by which it came, and by which alone it leads back, or b"".
    """

    def __init__(self, node, call_id, outside_id, session, now):
        self.node = node
        self.call_id = call_id
        self.outside_id = outside_id
        self.session = session
        self.versions = {}
        self.call = self.guise = None
        self.level, self.box = 0, b""
        self.own, self.back = {}, {}
        self.far = set()
        self.remote = self.here = self.contact = self.speaker = None
        self.contacts = {}
        self.asked, self.came, self.accepted = {}, {}, {}
        self.branches = {}
        self.is_dialog = False
        # Whether what waited was said in a second call, and nothing has come since.
        self.is_repeated = False
        self.at = now

    def outward(self, tag, random):
        """Return the name of a tag outside; what the other house has made stays."""
        if tag is None or tag in self.far:
            return tag
        if tag not in self.own:
            self.own[tag] = binascii.hexlify(random(8))
            self.back[self.own[tag]] = tag
        return self.own[tag]

    def inward(self, tag):
        """Return the tag here of one that came."""
        if tag is None or tag in self.back:
            return self.back.get(tag)
        self.far.add(tag)
        return tag

    def version(self, side, body):
        """Return the version of one side's description, one more where it changed (RFC 3264)."""
        before, number = self.versions.get(side, (b"", 0))
        if body and body != before:
            number += 1
            self.versions[side] = body, number
        return number

    def row(self):
        """Return what it takes to go on after a restart, JSON-able; None where all is over.

        Who hides is on no flash: such a call ends with this run.
        """
        if self.guise is not None or not self.is_dialog and not self.is_waiting():
            return None
        texts = {name: scan.to_text(getattr(self, name)) for name in TEXTS}
        return dict(
            texts,
            id=scan.to_text(self.outside_id),
            session=self.session,
            level=self.level,
            is_dialog=self.is_dialog,
            own=_texts(self.own),
            contacts=_texts(self.contacts),
            far=[scan.to_text(tag) for tag in self.far],
            branches=[scan.to_text(branch) for branch in self.branches],
        )

    def is_waiting(self):
        """Tell whether an answer is still to come or to go."""
        return bool(self.asked or self.came)

    def is_over(self):
        """Tell whether nothing more is to be said, as far as this house knows."""
        return not self.is_dialog and not self.is_waiting()


def of_row(row, now):
    """Return the Line of a row; raises KeyError, TypeError or ValueError."""
    call_id, outside = scan.to_octets(row["call_id"]), scan.to_octets(row["id"])
    line = Line(scan.to_octets(row["node"]), call_id, outside, int(row["session"]), now)
    for name in TEXTS:
        setattr(line, name, scan.to_octets(row[name]))
    line.own, line.contacts = _octets(row["own"]), _octets(row["contacts"])
    line.back = {line.own[tag]: tag for tag in line.own}
    line.far = {scan.to_octets(tag) for tag in row["far"]}
    line.branches = {scan.to_octets(branch): True for branch in row["branches"]}
    line.is_dialog, line.level = bool(row["is_dialog"]), int(row.get("level", 0))
    return line


class Circuits:
    """A feature. mesh: the Mesh; dialling: knows whom a Uri names; perform: of the Member."""

    name = "mesh circuits"
    hooks = (
        "within", "knows", "befriends", "confides", "admits", "caller", "branch", "named",
        "guise", "sounds", "plain", "restore", "seen",
    )  # fmt: skip
    events = ("send", "sounding")
    users = {}

    def __init__(self, node, mesh, dialling, boxes, carry_out, now):
        self.node = node
        self.mesh = mesh
        self.dialling = dialling
        self.boxes = boxes
        self.carry_out = carry_out
        self.levels = levels.Levels(node, mesh, dialling.node_of)
        # What makes the names of those who hide; it is on no flash.
        self.mask = node.random(32)
        self.outside = {}
        self.lines = []
        # The calls that carry texts, one for many: {(node's id, level): Call}.
        self.texting = {}
        self.by_tag = {}
        self.by_branch = {}
        # What came in calls whose sound is not open yet.
        self.held = []
        self.dirty = {}
        self.counts = {"cells_sent": 0, "cells_came": 0}
        self.wakers = {Circuits: self._sweep}
        self.deadline = now + SWEEP
        self.queued = None
        node.deadlines.watch(self)

    # What the core asks.

    def knows(self, flow):
        """Tell whether a flow leads to another node."""
        return flow.transport == CELLS

    def befriends(self, flow, request):
        """Tell whether a flow leads to a contact of the owner; who has a box was given it."""
        line = None if request is None else self.by_branch.get(request.via.branch)
        if line is not None and line.box:
            return True
        known = self.mesh.settings.contacts
        return flow.transport == CELLS and self.mesh.node_of(flow.host) in known

    def confides(self, flow):
        """Tell whether a flow leads to a contact who may hear why a call is refused."""
        return flow.transport == CELLS and self.levels.may_hear(self.mesh.node_of(flow.host))

    def admits(self, request, found, flow):
        """Tell whether another node may ask this: it calls people here, and nobody through here.

        Who is with a phone is told to those whom `option lamps` lets look.
        """
        here = (dialplan.LOCAL, dialplan.CONTACT, dialplan.EMERGENCY)
        if flow.transport != CELLS or found.rule not in here or request.to.tag is not None:
            return False
        if not self.node.is_ours(request.parsed_uri):
            return False  # Where phones are in this house is nobody's business.
        if request.method in FROM_OUTSIDE:
            return True
        return watches(request)

    def caller(self, request, flow):
        """Return (user@node name, the node's id) of who calls from another node, else None."""
        if flow.transport != CELLS:
            return None
        speaker = uri.parse(self.by_branch[request.via.branch].speaker)
        return self.dialling.person(speaker) if speaker.user else (None, b"")

    def within(self, request):
        """Return where a request inside a dialog with another house goes, or None."""
        line = self.by_tag.get((request.call_id, request.to.tag))
        if line is None or request.from_.tag in line.far:
            return None
        target = dialplan.towards(
            request.uri, self.dialling.flow_to(line.node), "a call across the mesh"
        )
        return dialplan.Found(dialplan.CONTACT, [[target]], None, None)

    def branch(self, branch, reached, now):
        """Stay in the path of what crosses the mesh; tell where its sound cannot be heard."""
        request, flow = branch.context.request, branch.context.flow
        crosses = CELLS in (reached.flow.transport, flow.transport)
        reasons = [proxy.CROSSES] if crosses and proxy.begins_dialog(request) else []
        if self.plain(reached.flow, request):
            self._check_plain(self.mesh.node_of(reached.flow.host), request)
        if reached.flow.transport == CELLS and proxy.begins_dialog(request):
            self._check_level(self.mesh.node_of(reached.flow.host), branch, now)
        if request.method == b"INVITE" and reached.flow.transport == CELLS:
            silent = self.mesh.soundless(self.mesh.node_of(reached.flow.host))
            if silent:
                reasons.append(SILENT % ", ".join([self.dialling.place(node) for node in silent]))
        return reasons, []

    def plain(self, flow, request):
        """Return True where nothing may be hidden on the way to or from a flow, else None."""
        if flow.transport != CELLS:
            return None
        line = self.by_branch.get(request.via.branch)
        if line is not None and line.call is not None:
            return line.call.is_plain or None
        return self.mesh.is_plain(self.mesh.node_of(flow.host)) or None

    def _check_level(self, node, branch, now):
        """Refuse what has no way as private as it must be; help always goes."""
        request = branch.context.request
        if not self._is_help(request):
            self.levels.check(node, request, now)

    def _is_help(self, request):
        node = self.node
        is_help = request.uri.startswith(HELP)  # As it goes out.
        return is_help or dialplan.is_emergency(node.settings, node.listening, request.parsed_uri)

    def _check_plain(self, node, request):
        """Refuse in words what must be hidden, where only amateur radio leads; help always goes."""
        if self._is_help(request):
            return
        wanted = self.node.settings.media.encryption
        for contact in self.node.settings.contacts:
            place = uri.parse(contact.address.encode()) if contact.address else None
            if place is not None and self.dialling.node_of(place) == node:
                wanted = contact.encryption or wanted
        if wanted == "require":
            raise SipError(480, NOT_HIDDEN % "this call must be encrypted here")
        if scrub.is_sealed(request):
            raise SipError(488, NOT_HIDDEN % "this phone encrypts by itself")

    def named(self, branch, request):
        """Return the Call-ID that the other house has for an INVITE to it or from it, or None."""
        flow = branch.target.flow
        if flow and flow.transport == CELLS:
            return self._outside(request)
        line = self.by_branch.get(branch.context.request.via.branch)
        return None if line is None else line.outside_id

    def seen(self, call):
        """Return the nodes by which a Call goes, whether its sound does, and whether it is in
        clear on amateur radio, as fields."""
        fields = {"through": [], "is_sound_through": False, "is_plain": False,
                  "privacy": 0, "box": ""}  # fmt: skip
        for line in self.lines:
            if line.call_id == call.call_id and line.call is not None:
                fields["through"] = self.mesh.through(line.call)
                fields["is_sound_through"] = line.call.is_sounding
                fields["privacy"] = line.call.level
                fields["is_plain"] = line.call.is_plain
                fields["box"] = self.boxes.title(line.call.box) if line.box else ""
        return fields

    def restore(self, name, records, now):
        """Take back the dialogs of the run before."""
        for row in records if name == NAME else ():
            try:
                line = of_row(row, now)
            except (KeyError, TypeError, ValueError, AttributeError):
                continue
            self.lines.append(line)
            self.outside[line.node, line.outside_id, line.box] = line
            self.by_branch.update(dict.fromkeys(line.branches, line))
            for tag in line.far:
                self.by_tag[line.call_id, tag] = line

    def _keep(self, line):
        """Return the effects that keep a Line as it is when they are performed."""
        self.dirty[line.outside_id] = line
        return [Store(NAME, self._rows, self._changes)] if len(self.dirty) == 1 else []

    def _rows(self, now):
        self.dirty = {}
        return [row for row in [line.row() for line in self.lines] if row is not None]

    def _changes(self, now):
        dirty, self.dirty = self.dirty, {}
        rows = {key: dirty[key].row() if dirty[key] in self.lines else None for key in dirty}
        return {scan.to_text(key): rows[key] for key in rows}

    def sounds(self, flow, request):
        """Return True where the sound of an INVITE goes by circuits, else None."""
        if flow.transport != CELLS:
            return None
        line = self.by_branch.get(request.via.branch)
        if line is None:
            node = self.mesh.node_of(flow.host)
            return self.mesh.sounds(node, self._level(node, request)) or None
        return line.call is not None and line.call.is_sounding or None

    def guise(self, flow, request):
        """Return (key, secret) of the one who calls in this call alone, None where he is named."""
        if flow.transport != CELLS:
            return None
        line = self.by_branch.get(request.via.branch)
        node = self.mesh.node_of(flow.host)
        made = self._guise(node, request) if line is None else line.guise
        return None if made is None else (made.id, made.secret)

    def _guise(self, node, request):
        """Return the Guise of a caller here who hides, of one call to one node, or None.

        Who calls for help hides where the owner wants it, and not by what the phone says.
        """
        hides = privacy.hides(request)
        if self._is_help(request):
            hides = not self.node.settings.privacy.help_identity
        if not hides:
            return None
        called = request.call_id + b"\n" + (request.from_.tag or b"") + node
        return self.mesh.guise(hashlib.sha256(self.mask + called).digest())

    def _level(self, node, request):
        """Return the level of privacy of a request to another node."""
        line = self.by_tag.get((request.call_id, request.to.tag))
        if line is not None:
            return line.level
        is_help = self._is_help(request)
        return levels.STRAIGHT if is_help else self.levels.of(node, request)

    # Out of the house.

    def send(self, flow, data, now):
        """Take what the core sends to another node; return the effects."""
        message = parse(data)
        self.counts["cells_sent"] += 1
        if isinstance(message, Request):
            return self._ask(message, flow, now)
        return self._answer(message, now)

    def _ask(self, request, flow, now):
        branch = request.via.branch
        number, method = request.cseq
        line = self.by_branch.get(branch) or self.by_tag.get((request.call_id, request.to.tag))
        if line is None:
            if request.method == b"ACK":
                return []
            line = self._begin_out(request, flow, now)
        line.at = now
        if method == b"ACK" and branch in line.branches:
            return []  # Of a refusal: the other end node has made its own.
        if method != b"ACK":
            line.asked[number, method] = request
            self._keep_branch(line, branch)
        self._note_contact(line, request.from_.tag, request)
        out = Request(method, self._target(line, request), [], [], b"")
        out.add(b"from", b"From: " + self._speaker(request, line))
        out.add(b"to", b"To: <" + out.uri + b">" + self._tag(line, request.to.tag))
        is_own = request.names.count(b"via") == 1
        if method == b"CANCEL":  # Of a call of before this node started anew.
            is_own = (number, b"INVITE") not in line.asked
        self._finish(out, request, line, is_own)
        out.insert(b"max-forwards", scrub.hops(request))
        return self._say(line, out, now) + self._keep(line)

    def _begin_out(self, request, flow, now):
        """Return the Line of a request that begins something with another house."""
        node = self.mesh.node_of(flow.host)
        line = self._line(node, request.call_id, self._outside(request), now)
        line.here, line.remote = _bare(request.from_), _bare(request.to)
        line.contact = line.speaker = request.uri
        line.level, line.guise = self._level(node, request), self._guise(node, request)
        return line

    def _outside(self, request):
        """Return the Call-ID outside of what begins with a request: its branch is of this node."""
        return binascii.hexlify(self.node.proof.of(request.via.branch)[:12])

    def _line(self, node, call_id, outside, now, box=b""):
        if len(self.lines) >= MAX_LINES:
            # What is over and only lingers goes first.
            self._forget(
                min(self.lines, key=lambda one: (one.is_dialog or one.is_waiting(), one.at))
            )
        session = int.from_bytes(self.node.random(4), "big")
        line = Line(node, call_id, outside, session, now)
        line.box = box
        self.lines.append(line)
        self.outside[node, outside, box] = line
        return line

    def _target(self, line, request):
        if request.to.tag is None:
            return request.uri
        return b"sip:" + self.mesh.name_of(line.node).encode()

    def _speaker(self, request, line):
        """Return who speaks, as another house may know it, with the tag."""
        tag = self._tag(line, request.from_.tag)
        if line.guise is not None:
            return ANONYMOUS + tag
        user = dialplan.callee(self.node.settings, request.from_.uri)
        if user is None or not self.node.is_ours(request.from_.uri):
            return (ANONYMOUS if request.from_.uri.user is None else _bare(request.from_)) + tag
        shown = scan.unquote(request.from_.display or b"") or user.display_name.encode()
        place = b"<sip:" + user.name.lower().encode() + b"@" + self.dialling.own_domain
        place += b";ext=" + user.extension.encode() if user.extension else b""
        return (scan.shown(shown) + b" " if shown else b"") + place + b">" + tag

    def _tag(self, line, tag):
        return b"" if tag is None else b";tag=" + line.outward(tag, self.node.random)

    def _answer(self, response, now):
        found = self.by_branch.get(response.branch)
        number, method = response.cseq
        if found is None or response.status == 100:
            return []
        line = found
        line.at = now
        request = line.came.get((number, method))
        self._note_contact(line, response.to.tag, response)
        out = Response(response.status, response.reason, [], [], b"")
        line.outward(response.to.tag, self.node.random)
        out.add(b"from", b"From: <sip:here>" + self._tag(line, response.from_.tag))
        out.add(b"to", b"To: <sip:here>" + self._tag(line, response.to.tag))
        self._finish(out, response, line, False)
        effects = self._say(line, out, now)
        if response.status >= 200:
            line.came.pop((number, method), None)
            self._note_final(line, response)
            if line.call is not None and self._is_over(line.call):
                self.mesh.calls.rest(line.call)
            if method == b"INVITE" and response.status >= 300 and request is not None:
                effects.append(Receive(self.dialling.flow_to(line.node), _ack(request, response)))
        return effects + self._keep(line)

    def _note_contact(self, line, tag, message):
        contacts = message.contacts
        if contacts and tag is not None:
            line.contacts[tag] = contacts[0].uri_bytes

    def _note_final(self, line, response):
        method = response.cseq[1]
        if response.status < 300 and method in proxy.DIALOG_FORMING:
            line.is_dialog = True
        elif method == b"BYE":
            line.is_dialog = False

    def _finish(self, out, message, line, is_own):
        """Add what all messages have, and what may pass."""
        out.add(b"call-id", b"Call-ID: " + line.outside_id)
        out.add(b"cseq", b"CSeq: %d %s" % message.cseq)
        hidden = () if line.guise is None else scrub.NAMING
        for name, written in scrub.lines(message, is_own):
            if name in hidden or (hidden and self._names_here(name, written)):
                continue
            out.add(name, self._rewritten(name, written, self._outward))
        kept = scrub.PLAIN if self._is_plain(line) else description.ATTRIBUTES
        version = line.version(OUT, message.body)
        out.body = description.cleaned(message, line.session, version, attributes=kept)
        boundary = scrub.boundary(message) if hidden else b""
        if boundary:
            out.set(b"content-type", b"Content-Type: " + description.KIND)
            body = description.alone(message.body, boundary)
            out.body = description.told(body, line.session, version, attributes=kept)
        if line.level:
            out.body = description.steady(out.body)
        out.measure()

    def _names_here(self, name, written):
        """Tell whether a field says where in this house something is."""
        if name not in scrub.ADDRESSES:
            return False
        named = address.parse(written.partition(b":")[2].strip(scan.BLANKS))
        return self._address_outside(named.uri) is not None

    def _is_plain(self, line):
        return line.call.is_plain if line.call is not None else self.mesh.is_plain(line.node)

    def _say(self, line, message, now):
        octets, peers = message.write(), scrub.ports(message)
        is_text = message.cseq[1] == b"MESSAGE"
        if line.level and peers is None and scrub.has_sound(message):
            # This node has no room for the sound: the phone's own address would be told.
            return self._broken(line, OPENLY.encode(), now)
        if is_text and line.call is None and line.guise is None:
            kept = self.texting.get((line.node, line.level))
            # One that has lost its way may be of before the other node started anew.
            line.call = kept if kept is not None and kept.state != LOST else None
        is_gone = line.call is None or line.call.state == CLOSED
        if is_gone and line.box:
            return self._broken(line, GONE, now)  # A call back would tell who is here.
        if is_gone:
            is_help = isinstance(message, Request) and message.uri.startswith(HELP)
            discreet = Discreet(0 if is_help else line.level, line.guise)
            line.call, effects = self.mesh.call(line.node, octets, now, peers, is_help, discreet)
            if line.call is None:
                return self._broken(line, b"too many calls across the mesh", now)
            if is_text and line.guise is None:
                self.texting[line.node, line.level] = line.call
        else:
            effects = self.mesh.say(line.call, octets, now, message.cseq[1] == b"ACK")
            if peers is not None:
                effects += self.mesh.meet(line.call, peers, now)
        return self.carry_out(effects, now)

    # Into the house.

    def said(self, call, octets, now):
        """Take what another node says in a call; return the effects."""
        if call.waits_for_sound():
            self.held.append((call, octets))
            return []
        self.counts["cells_came"] += 1
        try:
            message = parse(_with_via(octets))
            if isinstance(message, Request):
                return self._asked(message, call, now)
            return self._answered(message, call, now)
        except SipError:
            self.node.counters["malformed"] += 1
            return []

    def sounding(self, number, ports, now):
        """The shell has opened a circuit of sound, or could not; return the effects."""
        call = self.mesh.calls.sounding(number, ports)
        held, self.held = self.held, []
        effects = self.mesh.join_sound(number, ports)
        for one, octets in held:
            if one is call or not one.waits_for_sound():
                effects += self.said(one, octets, now)
            else:
                self.held.append((one, octets))
        return effects

    def _asked(self, request, call, now):
        line = self.outside.get(_place(call, request))
        number, method = request.cseq
        if line is None and method in (b"ACK", b"CANCEL"):
            return []
        if line is None:
            line = self._begun(request, call, now)
            if line is None:
                return []
            line.call = call
            self._introduce(line, request)
        line.call, line.at, line.is_repeated = call, now, False
        sender, to_tag = line.inward(request.from_.tag), request.to.tag
        if to_tag is not None:  # One that was not made here is of no dialog here.
            to_tag = line.back.get(to_tag, b"unknown-" + to_tag)
        self.by_tag[line.call_id, sender] = line
        branch = self._branch(line, number, method)
        self._keep_branch(line, branch)
        target = line.contacts.get(to_tag, request.uri) if to_tag else request.uri
        key = self.mesh.name_of(call.node).encode()
        made = Request(method, target, [], [], b"")
        made.add(b"via", b"Via: SIP/2.0/CELLS " + key + b";branch=" + branch)
        made.add(b"from", b"From: " + line.remote + b";tag=" + (sender or b""))
        made.add(b"to", b"To: " + line.here + (b";tag=" + to_tag if to_tag else b""))
        made.add(b"contact", b"Contact: <" + line.contact + b">")
        made.add(b"allow", ALLOW)
        made.add(b"max-forwards", scrub.hops(request))
        self._bring(made, request, line)
        if method not in (b"ACK", b"CANCEL"):
            line.came[number, method] = made
        return [Receive(self.dialling.flow_to(call.node), made)] + self._keep(line)

    def _begun(self, request, call, now):
        """Return the Line of a request that begins something here; None: its box is no more.

        One by a box goes to whom the box is for, whatever it names. Nothing that goes back says who
        that is, and what has its Call-ID and came openly is something else.
        """
        box, call_id = call.box, request.call_id
        if box is None:
            line = self._line(call.node, call_id, call_id, now)
            line.level = self.levels.wanted(call.node)
            return line
        user = self.boxes.whose(box)
        if user is None:
            return None
        request.aim(b"sip:" + user + b"@" + self.node.settings.domain)
        inside = binascii.hexlify(self.node.proof.of(box.key + call_id)[:12])
        line = self._line(call.node, inside, call_id, now, box.key)
        line.guise, line.level = box.guise, levels.THREE_RELAYS
        return line

    def _branch(self, line, number, method):
        """Return the branch of a request that came: a CANCEL has that of its INVITE."""
        key = short_id(line.node) + line.box + line.outside_id + b"%d" % number
        mark = b"" if method in (b"INVITE", b"CANCEL") else method
        return BRANCH + binascii.hexlify(self.node.proof.of(key + mark)[:12])

    def _keep_branch(self, line, branch):
        self.by_branch[branch] = line
        line.branches[branch] = True

    def _introduce(self, line, request):
        """Write who calls, so that it leads back: half of all houses have an Alice."""
        caller = request.from_.uri
        key = self.mesh.name_of(line.node).encode()
        user = caller.user or b""
        place = user + b"@" + key if user else key
        if caller.host_key == b"anonymous.invalid":
            line.speaker, line.contact = b"sip:" + key, b"sip:" + key
            line.remote = ANONYMOUS_PLAIN if line.call.is_plain else ANONYMOUS
        else:
            line.speaker = b"sip:" + place
            line.contact = self._leads_back(line.node, caller) or line.speaker
            shown = NEW_KEY if line.node in self.dialling.unseen else b""
            shown += self._shown(request.from_, line.node)
            shown = NOT_PRIVATE + shown if line.call.is_plain else shown
            shown += b" (" + self.dialling.place(line.node).encode() + b")"
            line.remote = scan.shown(shown) + b" <" + line.contact + b">"
        line.here = b"<" + request.uri + b">"

    def _leads_back(self, node, caller):
        """Return the URI of a mesh number that leads to a caller, or None."""
        number = self.mesh.number_of(node, caller.param(b"ext") or b"")
        return None if number is None else b"sip:" + number + b"@" + self.node.settings.domain

    def _shown(self, caller, node):
        """Return the name of a caller of a node, but not one of the owner's other contacts."""
        taken = []
        for contact in self.node.settings.contacts:
            place = uri.parse(contact.address.encode()) if contact.address else None
            if place is None or self.dialling.node_of(place) != node:
                taken += [contact.name, of_octets(place.name) if place is not None else ""]
        taken = [one.lower().split() for one in taken]
        for name in (scan.unquote(caller.display or b""), caller.uri.name):
            name = plain(name).strip()
            if name and of_octets(name).lower().split() not in taken:
                return name
        return b"?"

    def _answered(self, response, call, now):
        line = self.outside.get(_place(call, response))
        request = None
        if line is not None:
            request = line.asked.get(response.cseq) or line.accepted.get(response.cseq)
        if request is None:
            return []
        line.at, line.is_repeated = now, False
        to_tag = line.inward(response.to.tag)
        if to_tag is not None:
            self.by_tag[line.call_id, to_tag] = line
        made = Response(response.status, response.reason, [], [], b"")
        for name, written in zip(request.names, request.lines):
            is_route = name == b"record-route" and 100 < response.status < 300
            if name in (b"via", b"from", b"timestamp") or is_route:
                made.add(name, written)
        made.add(b"to", b"To: " + _bare(request.to) + (b";tag=" + to_tag if to_tag else b""))
        if 100 < response.status < 300:
            made.add(b"contact", b"Contact: <" + line.contact + b">")
            made.add(b"allow", ALLOW)
        self._bring(made, response, line)
        if response.status >= 200:
            line.asked.pop(response.cseq, None)
            self._note_final(line, response)
            if response.cseq[1] == b"INVITE" and response.status < 300:
                line.accepted = {response.cseq: request}  # Another phone may have answered too.
        effects = [Receive(self.dialling.flow_to(line.node), made)] + self._keep(line)
        return effects + (self._part(call, now) if response.status >= 200 else [])

    def _is_over(self, call):
        """Tell whether nothing more is to be said in a call."""
        return not [one for one in self.lines if one.call is call and not one.is_over()]

    def _part(self, call, now):
        """Let go of a call after the last answer, which nothing else acknowledges."""
        if not self._is_over(call):
            return []
        if call in self.texting.values():
            self.mesh.calls.rest(call)  # The next text goes the same way.
            return []
        return self.carry_out(self.mesh.hang_up(call, now), now)

    def _bring(self, made, message, line):
        """Add what all messages to phones have, and what may pass."""
        made.add(b"call-id", b"Call-ID: " + line.call_id)
        made.add(b"cseq", b"CSeq: %d %s" % message.cseq)
        for name, written in scrub.lines(message, message.cseq[1] in (b"BYE", b"CANCEL")):
            made.add(name, self._rewritten(name, written, self._inward))
        made.body = description.cleaned(message, line.session + 1, line.version(IN, message.body))
        if line.call is not None and line.call.is_sounding:
            made.body = scrub.redirected(made.body, line.call.ports)
        if line.level:
            made.body = description.steady(made.body)
        made.measure()

    # Addresses and dialogs that a message names.

    def _rewritten(self, name, written, way):
        """Return a line with what it names as the other side knows it; way: _outward or _inward."""
        label, _, value = written.partition(b":")
        value = value.strip(scan.BLANKS)
        if name in scrub.DIALOGS:
            return label + b": " + self._dialog(value, way)
        if name not in scrub.ADDRESSES:
            return written
        named = address.parse(value)
        target = named.uri
        place, _, headers = named.uri_bytes.partition(b"?")
        if headers:
            headers = b"&".join([self._header(one, way) for one in headers.split(b"&")])
        place = way(None, target) or place
        octets = place + (b"?" + headers if headers else b"")
        return label + b": " + address.Address(named.display, octets, named.params).write()

    def _header(self, written, way):
        name, _, value = written.partition(b"=")
        if name.lower() not in scrub.DIALOGS:
            return written
        try:
            value = uri.unescape(value)
        except ValueError:
            return name + b"="  # It names no dialog.
        return name + b"=" + uri.escape(self._dialog(value, way))

    def _dialog(self, value, way):
        """Return the name of a dialog (RFC 3891: Call-ID;to-tag=...;from-tag=...) elsewhere."""
        call_id, _, rest = value.partition(b";")
        params = scan.parameters(rest)
        tags = [pair[1] for pair in params if pair[0] in (b"to-tag", b"from-tag", b"local-tag",
                                                          b"remote-tag")]  # fmt: skip
        line = way(call_id.strip(scan.BLANKS), tags)
        if line is None:
            return value
        is_out = way == self._outward
        named = line.outside_id if is_out else line.call_id
        made = []
        for name, text in params:
            if text in tags:
                text = line.outward(text, self.node.random) if is_out else line.inward(text)
            made.append((name, text))
        return named + scan.write_parameters(made)

    def _outward(self, call_id, what):
        """Return the Line of a dialog here, or the address outside of a Uri; None: as it is."""
        if call_id is None:
            return self._address_outside(what)
        for line in self.lines:
            if line.call_id == call_id and [tag for tag in what if tag in line.own]:
                return line
        return None

    def _inward(self, call_id, what):
        """The same for what comes."""
        if call_id is None:
            if self.dialling.is_mine(what) and what.user:
                return b"sip:" + what.user + b"@" + self.node.settings.domain
            return None
        for line in self.lines:
            if line.outside_id == call_id and [tag for tag in what if tag in line.back]:
                return line
        return None

    def _address_outside(self, target):
        """Return the address by which other houses reach whom a Uri means here, or None."""
        if target.host is None or not self.node.is_ours(target):
            return None
        user = dialplan.callee(self.node.settings, target)
        if user is not None:
            return b"sip:" + user.name.lower().encode() + b"@" + self.dialling.own_domain
        if target.user is not None and codes.read(self.node.settings.codes, target.user):
            return b"sip:" + target.user + b"@" + self.dialling.own_domain  # A place to park at.
        try:
            found = self.dialling.find(target)
        except SipError:
            return None
        return None if found is None else found.stages[0][0].uri

    # What ends.

    def ended(self, call, reason, now):
        """A call is lost: say in another what waits in it, once; else answer for the far house."""
        effects = []
        for line in [line for line in self.lines if line.call is call]:
            line.call, said = None, []
            if line.is_dialog and not line.is_repeated:
                # The other node may have started anew, and goes on with its dialogs.
                said = [one for one in line.asked.values() if one.to.tag is not None]
            line.is_repeated = bool(said)
            for request in said:
                effects += self._ask(request, self.dialling.flow_to(line.node), now)
            if not said:
                words = reason.encode() if reason in (ANEW, CROWDED) else GONE
                effects += self._broken(line, words, now)
        return effects

    def reaches(self, flow):
        """Tell whether a flow leads anywhere now."""
        if flow.transport != CELLS:
            return True
        return self.mesh.distance(self.mesh.node_of(flow.host)) is not None

    def _broken(self, line, reason, now):
        """Answer what waits for the other house, and take back what it had asked."""
        effects, flow = [], self.dialling.flow_to(line.node)
        for request in list(line.asked.values()):
            made = Response(480, reason, [], [], b"")
            for name, written in zip(request.names, request.lines):
                if name in (b"via", b"from", b"to", b"call-id", b"cseq"):
                    made.add(name, written)
            if request.to.tag is None:
                made.set(b"to", b"To: " + _bare(request.to) + b";tag=" + self.node.tag())
            made.measure()
            effects.append(Receive(flow, made))
        for request in list(line.came.values()):
            if request.method == b"INVITE" and request.to.tag is None:
                effects.append(Receive(flow, _cancel(request, reason)))
        line.asked, line.came = {}, {}
        return effects

    def _sweep(self, circuits, now):
        """Give up silent ways, forget what is over; return the effects."""
        self.deadline = now + SWEEP
        self.node.deadlines.watch(self)
        effects = []
        for line in self.lines[:]:
            silent = now - line.at
            if silent < LINGER or (line.is_waiting() and silent < LONGEST):
                continue
            sounds = line.is_dialog and line.call is not None and line.call.has_sound
            if line.call is not None and silent >= IDLE and not sounds:
                if not self._is_busy(line.call, now):
                    effects += self.carry_out(self.mesh.hang_up(line.call, now), now)
                line.call = None
            if silent >= LONGEST or (not line.is_dialog and line.call is None):
                self._forget(line)
                effects += self._keep(line)
        return effects

    def _is_busy(self, call, now):
        """Tell whether a call carries texts that others have said meanwhile."""
        return bool([one for one in self.lines if one.call is call and now - one.at < IDLE])

    def _forget(self, line):
        self.lines.remove(line)
        self.outside.pop((line.node, line.outside_id, line.box), None)
        for branch in line.branches:
            self.by_branch.pop(branch, None)
        for tag in line.far:
            self.by_tag.pop((line.call_id, tag), None)


def _place(call, message):
    """Return by what the Line of a message of another node is found."""
    return call.node, message.call_id, b"" if call.box is None else call.box.key


def _texts(octets):
    return {scan.to_text(key): scan.to_text(octets[key]) for key in octets}


def _octets(texts):
    return {scan.to_octets(key): scan.to_octets(texts[key]) for key in texts}


def _bare(named):
    """Return an Address as octets, without its tag."""
    return address.Address(named.display, named.uri_bytes, ()).write()


def _with_via(octets):
    """Return a message of another node with the Via that the parser wants."""
    start, end, rest = octets.partition(b"\r\n")
    return start + end + b"Via: SIP/2.0/CELLS cells.invalid;branch=z9hG4bK0\r\n" + rest


def _ack(request, response):
    """Return the ACK of a refusal to a request (RFC 3261 section 17.1.1.3)."""
    made = _alike(request, b"ACK")
    made.set(b"to", response.lines[response.names.index(b"to")])
    return made


def _cancel(request, words):
    made = _alike(request, b"CANCEL")
    made.add(b"reason", REASON + words + b'"')
    return made


def _alike(request, method):
    made = Request(method, request.uri, [], [], b"")
    for name, written in zip(request.names, request.lines):
        if name in (b"via", b"from", b"to", b"call-id", b"max-forwards"):
            made.add(name, written)
    made.set(b"cseq", b"CSeq: %d %s" % (request.cseq[0], method))
    made.measure()
    return made
