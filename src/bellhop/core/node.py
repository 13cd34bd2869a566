"""What the parts of the engine share: settings, tables, randomness, counters."""

from ..budget import Shares
from ..deadlines import Deadlines
from ..effects import Event
from ..sip.digest import Hmac
from ..transaction.layer import Layer
from ..tu.access import Access, Rates
from ..tu.calls import Calls, Trace
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

    def call_event(self, call, now):
        """Return the Event that tells what became of a call."""
        return Event("call", call.record(now))
