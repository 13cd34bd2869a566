"""The two ends of an answered call, as the node needs them to speak there (RFC 3261 section 12)."""

from ..errors import SipError
from ..limits import MAX_CONTACTS, MAX_PARTIES
from ..sip import address, scan, uri
from ..sip.message import Request


class Parties:
    """Who speaks in a call: tag -> Party. The dialog decides who is meant, not a Contact alone."""

    def __init__(self):
        self.by_tag = {}

    def note(self, tag, contacts, flow, binding, said=None):
        """A party has shown itself, or named a further Contact; said: the field as it stood."""
        party = self.by_tag.get(tag)
        if party is None:
            if tag is None or len(self.by_tag) >= MAX_PARTIES:
                return
            party = self.by_tag[tag] = Party(flow, binding)
        party.said = said
        for contact in contacts:
            if contact not in party.contacts:
                party.contacts = party.contacts[1 - MAX_CONTACTS :] + [contact]

    def follow(self, request, flow):
        """Take what a request inside the dialog tells of its sender (a refreshed target)."""
        party = self.by_tag.get(request.from_.tag)
        if party is None:
            return
        if party.binding is None:  # Where a phone of this house is tells its registration.
            party.flow = flow
        for contact in request.contacts[:1]:
            if contact.uri.host is not None and (contact.uri.is_at(flow) or party.is_behind_nat()):
                self.note(request.from_.tag, [contact.uri_bytes], flow, None)

    def meant(self, request):
        """Return the Party that a request inside the dialog is for, or None."""
        party = self.by_tag.get(request.to.tag)
        is_known = party is not None and request.from_.tag in self.by_tag
        return party if is_known and request.uri in party.contacts else None


class Party:
    """One end. flow: where it was last; binding: that of a phone registered here, or None;
    contacts: URIs that it has named, as octets; said: its Contact as it last stood, or None."""

    __slots__ = ("flow", "binding", "contacts", "said")

    def __init__(self, flow, binding):
        self.flow = flow
        self.binding = binding
        self.contacts = []
        self.said = None

    def is_behind_nat(self):
        """Tell whether its Contact is not where its packets come from."""
        return not [one for one in self.contacts if uri.parse(one).is_at(self.flow)]


def tag_of(message):
    """Return the To tag of a message, None where there is none or To cannot be read."""
    try:
        return message.to.tag
    except SipError:
        return None


def contacts_of(message):
    """Return the Contacts of a message, none where they cannot be read."""
    try:
        return message.contacts
    except SipError:
        return []


# What of a Dialog is octets.
OCTETS = ("call_id", "target", "local", "remote", "tag")


class Dialog:
    """One end. target: its Contact; routes: Route values on the way to it; local, remote: values of
    From and To; tag: that of the remote one; cseq: the highest number that was used towards it.

    shift: how many requests of this node's own stand between the numbers of the other end and those
    that this one sees.
    """

    __slots__ = ("call_id", "target", "routes", "local", "remote", "tag", "cseq", "shift")

    def refresh(self, message):
        """Take the Contact of a request inside the dialog, or of its answer (section 12.2)."""
        for contact in contacts_of(message)[:1]:
            self.target = contact.uri_bytes

    def follow(self, cseq):
        """So high a number was used towards the other end."""
        self.cseq = max(self.cseq, cseq)

    def next_cseq(self):
        """Return the number of the next request (section 12.2.1.1)."""
        self.cseq += 1
        return self.cseq

    def shift_by(self, count):
        """The dialog began with a number that is so much higher than that of the other end."""
        self.shift += count
        self.cseq += count

    def step_in(self):
        """Return the number of a request of the node's own, in the middle of an ongoing dialog."""
        self.shift += 1
        return self.next_cseq()

    def row(self):
        """Return it as a JSON-able row."""
        row = {name: scan.to_text(getattr(self, name)) for name in OCTETS}
        row["routes"], row["cseq"] = [scan.to_text(one) for one in self.routes], self.cseq
        row["shift"] = self.shift
        return row


def dialog_of(row):
    """Return the Dialog that a row of one is of."""
    leg = Dialog()
    for name in OCTETS:
        setattr(leg, name, scan.to_octets(row[name]))
    leg.routes, leg.cseq = [scan.to_octets(one) for one in row["routes"]], row["cseq"]
    leg.shift = row["shift"]
    return leg


def towards_called(invite, response, token, instead=None):
    """Return the Dialog to where a 2xx came from, or None where it names no Contact to be read.

    instead: octets of a URI that is taken then.
    token: what the node wrote into its own Record-Route, or None; what stands before that line was
    added by those between this node and the called phone, the nearest of them last.
    """
    routes = []
    for value in _recorded(response):
        if token is not None and token in value:
            break
        if _is_address(value):
            routes.insert(0, value)
    ends = response.value(b"to"), tag_of(response), _target(response, instead)
    return _leg(invite, routes, invite.value(b"from"), *ends)


def towards_caller(invite, response, instead=None):
    """Return the Dialog to where an INVITE came from, or None where it names no Contact to be read.

    instead: as for `towards_called`.
    """
    routes = [value for value in _recorded(invite) if _is_address(value)]
    ends = invite.value(b"from"), invite.from_.tag, _target(invite, instead)
    return _leg(invite, routes, response.value(b"to"), *ends)


def _recorded(message):
    """Return the Record-Route values, none where they cannot be told apart."""
    try:
        return message.items(b"record-route")
    except SipError:
        return []


def _is_address(value):
    """Tell whether a Record-Route value can be read; others lead nowhere."""
    try:
        return bool(value) and address.parse(value) is not None
    except SipError:
        return False


def _target(message, instead):
    return ([one.uri_bytes for one in contacts_of(message)] + [instead])[0]


def _leg(invite, routes, local, remote, tag, target):
    if target is None:
        return None
    leg = Dialog()
    leg.call_id = invite.call_id
    leg.target, leg.routes = target, routes
    leg.local, leg.remote, leg.tag = local, remote, tag
    leg.cseq, leg.shift = invite.cseq[0], 0
    return leg


def request(leg, method, cseq, more=(), body=b""):
    """Return a request inside the dialog, without Via and Route.

    more: further (name, line); body: None where it comes later, and its length with it.
    """
    fields = [
        (b"max-forwards", b"Max-Forwards: 70"),
        (b"from", b"From: " + leg.local),
        (b"to", b"To: " + leg.remote),
        (b"call-id", b"Call-ID: " + leg.call_id),
        (b"cseq", b"CSeq: " + str(cseq).encode() + b" " + method),
    ]
    fields.extend(more)
    if body is not None:
        fields.append((b"content-length", b"Content-Length: " + str(len(body)).encode()))
    names, lines = [name for name, _ in fields], [line for _, line in fields]
    return Request(method, leg.target, names, lines, body or b"")
