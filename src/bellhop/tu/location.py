"""Location service: address-of-record -> bindings (RFC 3261 section 10, RFC 3327, 5626, 5627)."""

from collections import namedtuple

from ..limits import MAX_BINDINGS_PER_USER
from ..sip import scan, uri

# One change of a registration. seconds: 0 removes. address: the Address in Contact; q: 0 to 1000.
Change = namedtuple("Change", ("address", "seconds", "q", "instance", "reg_id"))

FOREVER = 2**62


class Binding:
    """One device of a user.

    contact: URI as the phone wrote it; params: Contact parameters to give back; flow: where the
    REGISTER came from; path: list of Route values (RFC 3327); until: ms; q: 0 to 1000; seconds: how
    long it was granted; number: by which it is kept, that of the binding whose place it took;
    is_news: it differs from that one in more than its time; target: the dial plan's for requests to
    it, or None; named: its key, once somebody has asked for it; login: as whom it registered;
    rings: whether its user wants it to; push: URL by which it is woken (RFC 8599), or None; asleep:
    its stream has gone since.
    """

    __slots__ = (
        "user", "contact", "params", "q", "until", "call_id", "cseq", "path", "flow",
        "instance", "reg_id", "agent", "since", "unanswered", "answers", "streams", "seconds",
        "number", "is_news", "target", "named", "login", "rings",
        "asleep", "push",
    )  # fmt: skip

    def __init__(self):
        self.target = self.named = self.login = None
        self.rings, self.asleep, self.push = True, False, None

    def aim(self, target):
        """Keep the Target of requests to this binding, which is made once; return it."""
        self.target = target
        return target

    def key(self):
        """Return what makes two bindings of one user the same (RFC 5626 section 6)."""
        if self.named is None:
            device = (self.instance, self.reg_id)
            self.named = device_key(self.contact) if self.instance is None else device
        return self.named

    def lasts_as(self, other):
        """Tell whether another binding reaches the same phone in the same way.

        A stream that comes back has another port; it is lost with the power in any case.
        """
        return self._way() == other._way()

    def _way(self):
        flow = self.flow[:4] if self.flow.transport == "udp" else self.flow[:3]
        return self.contact, self.params, self.q, self.path, self.instance, self.reg_id, flow

    def tune(self, rings):
        """Let the phone ring when its user is called, or not."""
        self.rings = rings

    def sleep(self):
        """The stream of the phone, which can be woken, has gone."""
        self.asleep = True

    def heard(self):
        """The phone has said something."""
        self.unanswered = 0

    def answered_ping(self):
        """The phone has answered an OPTIONS: from now on its silence tells."""
        self.unanswered, self.answers = 0, True

    def missed(self):
        """The phone has left something unanswered; return how often in a row."""
        self.unanswered += 1
        return self.unanswered

    def tried_stream(self, is_taken):
        """The phone, known by datagrams, took a stream that the node opened, or did not."""
        self.streams = is_taken

    def is_behind_nat(self):
        """Tell whether the phone's own address is not where its packets come from."""
        return not uri.parse(self.contact).is_at(self.flow)

    def is_akin(self, other):
        """Tell whether another binding may be this device under an earlier port.

        Softphones without an instance take a new port at each start, some a new user part as well.
        Those of one REGISTER are different devices.
        """
        if self.instance is not None or other.instance is not None or self.agent is None:
            return False
        if (self.call_id, self.cseq) == (other.call_id, other.cseq):
            return False
        return self._place() == other._place()

    def _place(self):
        return self.agent, self.flow.host, uri.parse(self.contact).host_key


def contact_key(contact):
    """Return user, host and port of a contact: by it a request finds the binding again."""
    found = uri.parse(contact)
    if found.host is None:
        return contact
    return found.name, found.host_key, found.port or 5060


def device_key(contact):
    """Return what tells contacts of one user apart: the transport counts too (19.1.4)."""
    transport = uri.parse(contact).param(b"transport")
    return contact_key(contact), (transport or b"udp").lower()


class Location:
    """All bindings, in RAM. Names of users are keys; the caller has checked who may write."""

    def __init__(self, most):
        self.most = most
        self.users = {}
        self.contacts = {}
        self.hosts = {}
        self.size = self.number = 0
        self.deadline = self.queued = None
        self.counters = {"expired": 0, "evicted": 0, "refused_full": 0}

    def resize(self, most):
        """Hold so many bindings from now on."""
        self.most = most

    def bindings(self, user, now):
        """Return the live bindings of a user, the most wanted (q) and newest first."""
        live = [binding for binding in self.users.get(user, ()) if binding.until > now]
        if len(live) > 1:
            live.sort(key=lambda binding: (-binding.q, -binding.since, binding.number))
        return live

    def by_contact(self, target, user=None):
        """Return the binding whose contact a Uri names (in-dialog requests), or None.

        Phones behind two NATs may have the same private address, and a user may register any: the
        one of `user`, whom To names, comes first, then who came first.
        """
        if target.host is None:
            return None
        found = self.contacts.get((target.name, target.host_key, target.port or 5060), ())
        for binding in found:
            if binding.user == user:
                return binding
        return found[0] if found else None

    def at(self, user, flow, contact):
        """Return the binding of the user's phone that sends from a flow, or None.

        A phone that sends a large request by TCP is known by its Contact.
        """
        for binding in self.users.get(user, ()):
            if binding.flow[:5] == flow[:5]:
                return binding
            is_here = binding.flow.host == flow.host and contact is not None
            if is_here and device_key(binding.contact) == device_key(contact):
                return binding
        return None

    def sleeps(self, user, now):
        """Tell whether a phone of a user sleeps that would ring."""
        return bool([one for one in self.bindings(user, now) if one.asleep and one.rings])

    def current(self, binding):
        """Return the binding that a device has now, or None: its phone may have come back.

        A stream that broke has another port after it; the instance tells, or that it is the only
        one like it.
        """
        mine = self.users.get(binding.user, ())
        for one in mine:
            if one.key() == binding.key():
                return one
        if binding.instance is None:
            alike = self.akin(binding)
        else:
            alike = [one for one in mine if one.instance == binding.instance]
        return alike[-1] if len(alike) == 1 else None

    def akin(self, binding):
        """Return the other bindings of its user that may be the same device."""
        mine = self.users.get(binding.user, ())
        return [one for one in mine if one is not binding and one.is_akin(binding)]

    def has_host(self, host):
        """Tell whether some phone registered from this address."""
        return host in self.hosts

    def all(self, now):
        """Return every live binding."""
        return [binding for user in sorted(self.users) for binding in self.bindings(user, now)]

    def has_room(self, user):
        """Tell whether one more binding of `user` fits into the table."""
        return self.size < self.most or bool(self.users.get(user))

    def add(self, binding):
        """Put a binding in place of the one it replaces; return the others that are gone for it.

        The device limit evicts one.
        """
        gone = [old for old in self.users.get(binding.user, ()) if _replaces(binding, old)]
        binding.is_news = not [old for old in gone if old.lasts_as(binding)]
        for old in gone:
            binding.since = old.since
            binding.answers, binding.streams = old.answers, old.streams
            self.remove(old)
        if gone:
            binding.number = gone.pop().number
        else:
            self.number += 1
            binding.number = self.number
        mine = self.users.get(binding.user, [])
        while len(mine) >= MAX_BINDINGS_PER_USER:
            self.counters["evicted"] += 1
            gone.append(min(self.akin(binding) or mine, key=lambda other: other.until))
            self.remove(gone[-1])
        self._insert(binding)
        return gone

    def put_back(self, binding):
        """Put in a binding of an earlier run; tell whether that was of use.

        It is not where the phone has registered since.
        """
        mine = self.users.get(binding.user, ())
        if [one for one in mine if _replaces(one, binding)] or not self.has_room(binding.user):
            return False
        if len(mine) >= MAX_BINDINGS_PER_USER:
            return False
        binding.is_news = False
        self._insert(binding)
        return True

    def _insert(self, binding):
        self.users.setdefault(binding.user, []).append(binding)
        self.size += 1
        self.contacts.setdefault(contact_key(binding.contact), []).append(binding)
        self.hosts[binding.flow.host] = self.hosts.get(binding.flow.host, 0) + 1
        if self.deadline is None or binding.until < self.deadline:
            self.deadline = binding.until

    def remove(self, binding):
        """Remove a binding that is in the table."""
        mine = self.users[binding.user]
        mine.remove(binding)
        if not mine:
            del self.users[binding.user]
        self.size -= 1
        key = contact_key(binding.contact)
        self.contacts[key].remove(binding)
        if not self.contacts[key]:
            del self.contacts[key]
        self.hosts[binding.flow.host] -= 1
        if not self.hosts[binding.flow.host]:
            del self.hosts[binding.flow.host]

    def find(self, user, change):
        """Return the binding that a Change speaks about, or None."""
        for binding in self.users.get(user, ()):
            if change.instance is not None and binding.instance is not None:
                if (change.instance, change.reg_id) == binding.key():
                    return binding
            elif device_key(change.address.uri_bytes) == device_key(binding.contact):
                return binding
        return None

    def expire(self, now):
        """Remove and return the bindings whose time has come; set the next deadline."""
        gone = []
        next_deadline = FOREVER
        for user in list(self.users):
            for binding in self.users[user][:]:
                if binding.until <= now:
                    self.remove(binding)
                    gone.append(binding)
                else:
                    next_deadline = min(next_deadline, binding.until)
        self.deadline = None if next_deadline == FOREVER else max(next_deadline, now + 1000)
        self.counters["expired"] += len(gone)
        return gone


def _replaces(new, old):
    """Same instance and reg-id, or same contact, or the same phone that now knows its address.

    Linphone and PJSIP rewrite their Contact to received/rport between two REGISTERs of one
    Call-ID; without an instance that would look like a second device. Several contacts in one
    REGISTER are several devices.
    """
    if new.key() == old.key():
        return True
    if new.instance is not None and old.instance is not None:
        return False
    if device_key(new.contact) == device_key(old.contact):
        return True
    if new.call_id != old.call_id or new.cseq == old.cseq:
        return False
    same_user = uri.parse(new.contact).user == uri.parse(old.contact).user
    return same_user and new.flow[:4] == old.flow[:4]


def contact_value(binding, now):
    """Return a binding as a Contact value with its remaining seconds (section 10.3 step 8)."""
    value = b"<" + binding.contact + b">" + scan.write_parameters(binding.params)
    return value + b";expires=" + str(max(0, (binding.until - now + 999) // 1000)).encode()
