"""What the parts of the engine share: settings, tables, randomness, counters."""

from ..budget import Shares
from ..deadlines import Deadlines
from ..effects import Event
from ..sip.digest import Hmac
from ..transaction.layer import Layer
from ..tu import dialplan
from ..tu.access import Access, Rates
from ..tu.calls import Calls, Trace
from ..tu.dialogs import Dialogs
from ..tu.listening import Listening
from ..tu.location import Location
from ..tu.mailbox import Mailbox
from .commits import Commits


class Node:
    """The state of one node. token(n): n random octets."""

    def __init__(self, settings, token):
        self.settings = settings
        self.token = token
        self.deadlines = Deadlines()
        self.listening = []
        self.location = Location(settings.max_bindings)
        self.layer = Layer(settings.max_transactions, self.deadlines)
        self.access = Access(token(32))
        self.rates = Rates()
        self.calls = Calls()
        self.dialogs = Dialogs()
        self.trace = Trace()
        self.mailbox = Mailbox()
        self.commits = Commits()
        self.writings = Shares()
        self.imported = []
        self.keep_secret(token(32))
        self.instance = None
        self.counters = {
            "received": 0, "malformed": 0, "dropped": 0, "refused": 0, "keepalives": 0,
        }  # fmt: skip

    def keep_secret(self, secret):
        """Use this secret for the tokens of dialogs."""
        self.secret = secret
        self.proof = Hmac(secret)

    def listen(self, listeners):
        """Take the listeners of the shell; None stands for one that has gone."""
        self.listening = [None if one is None else Listening(one) for one in listeners]

    def is_there(self, section, now):
        """Tell whether a phone of a user, or of one member of a group, is registered."""
        names = section.member if section.kind == "group" else (section.name,)
        return bool([name for name in names if self.location.bindings(name, now)])

    def phone_of(self, request, flow):
        """Return the binding of the phone here that a request comes from, or None."""
        caller = dialplan.callee(self.settings, request.from_.uri)
        if caller is None or not dialplan.is_ours(self.settings, self.listening, request.from_.uri):
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

    def call_event(self, call, now):
        """Return the Event that tells what became of a call."""
        return Event("call", call.record(now))
