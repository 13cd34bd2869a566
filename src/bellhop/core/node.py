"""The state that the core and the features share: settings, tables, randomness, counters."""

import binascii

from ..deadlines import Deadlines
from ..effects import Event
from ..errors import BellhopError
from ..sip.digest import Hmac
from ..text import readable
from ..transaction.layer import Layer
from ..tu import dialplan, proxy
from ..tu.access import Access, Rates
from ..tu.calls import Calls
from ..tu.dialogs import Dialogs
from ..tu.listening import ListeningPoint
from ..tu.location import Location
from ..tu.strangers import Strangers
from ..tu.trace import Trace
from .commits import Commits
from .feature import Hooks


class Node:
    """The state of one node. random(n): n random octets; order: of features, as for Hooks."""

    def __init__(self, settings, random, order):
        self.settings = settings
        self.hooks = Hooks(order)
        self.random = random
        self.deadlines = Deadlines()
        self.listening = []
        self.location = Location(settings.max_bindings)
        self.layer = Layer(settings.max_transactions, self.deadlines)
        self.access = Access(random(32))
        self.rates = Rates()
        self.calls = Calls()
        self.dialogs = Dialogs()
        self.strangers = Strangers()
        self.trace = Trace()
        self.commits = Commits()
        self.is_watched = True
        self.keep_secret(random(32))
        self.instance = binascii.hexlify(random(4))
        self.counters = {
            "received": 0, "malformed": 0, "dropped": 0, "refused": 0, "keepalives": 0,
        }  # fmt: skip

    def adopt(self, settings):
        """Put settings in force."""
        self.settings = settings
        self.layer.resize(settings.max_transactions)
        for adopt in self.hooks.adopt:
            adopt(settings)

    def is_ours(self, target):
        """Tell whether the host of a Uri is this node."""
        return dialplan.is_ours(self.settings, self.listening, target)

    def has_written(self, request, user):
        """Tell whether the user part of a Route is the token of this node for the dialog."""
        return user == proxy.dialog_token(self.proof, request.call_id)

    def is_for_node(self, request):
        """Tell whether a request is for the node itself, not for anybody here."""
        target = request.parsed_uri
        if target.host is None or (target.user is not None and request.method != b"REGISTER"):
            return False
        return self.is_ours(target)

    def tag(self):
        """Return a fresh tag for From or To."""
        return binascii.hexlify(self.random(6))

    def keep_secret(self, secret):
        """Use this secret for the tokens of dialogs."""
        self.secret = secret
        self.proof = Hmac(secret)

    def listen(self, listeners):
        """Take the listeners of the shell; None stands for one that has gone."""
        self.listening = [None if one is None else ListeningPoint(one) for one in listeners]

    def listeners(self):
        """Return the Listener, or None, of each number in a Flow."""
        return [None if one is None else one.listener for one in self.listening]

    def user_named(self, name):
        """Return the name of a user that the owner means; raises BellhopError."""
        if name not in self.settings.users:
            raise BellhopError("there is no user '%s'; `bellhop users` shows the names" % name)
        return name

    def is_there(self, section, now):
        """Tell whether a phone of a user, or of one member of a group, is registered."""
        names = section.rings if section.kind == "group" else (section.name,)
        return bool([name for name in names if self.location.bindings(name, now)])

    def phone_of(self, request, flow):
        """Return the binding of the phone here that a request comes from, or None."""
        caller = dialplan.callee(self.settings, request.from_.uri)
        if caller is None or not self.is_ours(request.from_.uri):
            return None
        contacts = request.contacts
        contact = contacts[0].uri_bytes if contacts else None
        return self.location.at(caller.name, flow, contact)

    def flow_to(self, call, leg):
        """Return the flow on which one end of a call is reached now, or None."""
        party = call.parties.by_tag.get(leg.tag)
        if party is None or leg.target not in party.contacts:
            return None
        binding = None if party.binding is None else self.location.current(party.binding)
        return party.flow if binding is None else binding.flow

    def live_call(self, wanted):
        """Return the live Call that the owner means, by number or Call-ID; raises BellhopError."""
        wanted = "" if wanted is None else str(wanted)
        for call in self.calls.live.values():
            if wanted in (str(call.number), readable(call.call_id)):
                return call
        raise BellhopError("there is no call '%s' now; `bellhop calls` shows the numbers" % wanted)

    def seen(self, call, now):
        """Return a Call as the owner sees it, a JSON-able dict."""
        row = call.record(now)
        for seen in self.hooks.seen:
            row.update(seen(call))
        return row

    def watch(self, is_watched):
        """Tell events or none: what nobody hears costs as much as what somebody does."""
        self.is_watched = is_watched

    def changed(self, call, now):
        """Tell what has become of a call; return the effects."""
        told = [Event("call", call.record(now))] if self.is_watched else []
        return told + self.noted(call, now)

    def noted(self, call, now):
        """Let features see a call in which nothing has changed that people see."""
        effects = []
        for changed in self.hooks.changed:
            effects += changed(call, now)
        return effects
