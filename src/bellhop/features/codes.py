"""Feature codes: does what a member dials with * or #, and tells in words what is set."""

from ..errors import BellhopError, SipError
from ..limits import MEMBER, OWN
from ..settings import codes
from ..sip import uri
from ..sip.message import response_to
from ..tu import dialplan, wishes

# What is said where nobody does what an action asks for.
NO_NETWORK = "this house calls by no provider, so there is no telephone network here"


class Codes:
    """A feature. actions: feature (tu.codes.ACTIONS) -> its method, of whoever `does` it.

    An action gets (user section, codes.Dialled, request, server, flow, now) and returns effects, or
    None: the call goes on. The section is None where somebody of the mesh dials a place.
    """

    name = "codes"
    hooks, events = ("adopt", "take"), ()
    users, wakers = {}, {}

    def __init__(self, node, own):
        """own: features.wishes.Wishes."""
        self.node = node
        self.own = own
        self.codes = {}
        self.actions = {}

    def does(self, actions):
        """Let others do what these codes ask for."""
        self.actions.update(actions)

    def adopt(self, settings):
        """Take the codes that the owner has chosen."""
        self.codes = settings.codes

    def take(self, request, server, flow, caller, now):
        """Do what a code says that a member of the house has dialled; None for all else."""
        target = request.parsed_uri
        if request.method != b"INVITE" or request.to.tag is not None or not self._is_here(target):
            return None
        dialled = codes.read(self.codes, target.user)
        if dialled is None or target.key in self.node.settings.names:
            return None
        user = caller.user
        action = self.actions.get(dialled.feature)
        if user is None or user.kind != "user":
            if caller.kind != MEMBER or dialled.feature != codes.PARK:
                raise SipError(403, "codes are for the members of this house")
            user = None
        if user is not None and user.door:
            raise SipError(403, "a door bell dials no codes")
        if action is not None:
            return action(user, dialled, request, server, flow, now)
        if dialled.feature in codes.ACTIONS:
            raise SipError(404, NO_NETWORK)
        try:
            words, effects = self._wish(user, dialled, now)
        except BellhopError as error:
            raise SipError(480, str(error)) from None
        return self.keep(user, request, server, words, effects, now)

    def _is_here(self, target):
        return target.user is not None and (target.scheme == b"tel" or self.node.is_ours(target))

    def keep(self, user, request, server, words, effects, now):
        """Tell a user that something is set once it is on flash; effects: of Wishes.set."""
        if not effects:
            return self.tell(request, server, words, now)
        store = effects[0]
        asked = self.node.commits.ask(
            (OWN, user.name),
            store,
            lambda problem, now: self._kept(request, server, words, store, problem, now),
            now,
        )
        return asked + effects[1:]

    def _kept(self, request, server, words, store, problem, now):
        if not problem:
            return self.tell(request, server, words, now)
        words = "in force, but perhaps not after the next start: " + problem
        return self.tell(request, server, words, now) + [store]  # When there is room again.

    def tell(self, request, server, words, now):
        """End a call for a code with a sentence, which phones show; return the effects."""
        response = response_to(request, 487, words, (), self.node.tag())
        return self.node.layer.respond(server, response, now)

    def _wish(self, user, dialled, now):
        """Return (words, effects) of a code that sets, clears or tells a wish."""
        feature = dialled.feature
        if dialled.verb == codes.TELL:
            return self._told(user, feature), []
        if feature in wishes.FORWARDS:
            value = self._place(user, dialled)
        else:
            value = dialled.verb == codes.SET
        effects = self.own.set(user, feature, value, now)
        return self._told(user, feature), effects

    def _place(self, user, dialled):
        """Return where calls are to go, "" for nowhere."""
        if dialled.verb == codes.CLEAR:
            return ""
        place = dialled.number.decode() or self.own.last(user, dialled.feature)
        if not place:
            raise BellhopError("dial the number behind the code: there is no earlier one")
        if not self._leads(place):
            raise BellhopError("nobody has the number %s" % place)
        return place

    def _leads(self, place):
        node = self.node
        address = uri.parse(b"tel:" + place.encode())
        found = dialplan.find(node.settings, node.listening, node.location, address, 0)
        if found.rule == dialplan.EMERGENCY:
            raise BellhopError("calls are never sent on to the number for help")
        return found.callee is not None or bool(found.stages) or len(place) > 6

    def _told(self, user, feature):
        value = self.own.value(user, feature)
        help = codes.ROWS[feature].help.replace(" to N", " to %s" % value if value else " on")
        return ("set: " if value else "not set: ") + help
