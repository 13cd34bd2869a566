"""How privately a call or text goes to another node: straight, by one relay, or by three.

The caller chooses, by contact or for all (`option level`). No level falls in silence: where there
is no way at it the phone hears so, and who dials the same again within a minute takes a lower one.
"""

from ...errors import SipError
from ...limits import MAX_LOWERED
from ...sip import uri
from ...tu import privacy
from ...tu.calls import BY_ONE, OPENLY

STRAIGHT, ONE_RELAY, THREE_RELAYS = LEVELS = (0, 1, 2)
CRITICALLY = "No private way, and the phone wants no other (Privacy: critical)"
# Who dials again so soon wants the call all the same.
AGAIN = 60000
# What each level hides, costs, and does not hide, for people.
ABOUT = {
    STRAIGHT: (
        "The words of calls and texts, from everybody but the two routers.",
        "It costs nothing.",
        "That the two routers talk, and when. Each of them, and every node of the mesh, can learn "
        "the other's Internet address.",
    ),
    ONE_RELAY: (
        "Also this router's address from the one who is called, and from who listens here whom it "
        "calls.",
        "Sound takes some octets more and goes by one more router.",
        "The relay sees both routers and when they talk, but no word, and not whether they are the "
        "ends. Who watches both ends sees by the times who talks with whom. Where it is set for "
        "one contact alone, the mesh still learns this router's address.",
    ),
    THREE_RELAYS: (
        "Also from each relay who talks with whom: none of them knows both ends.",
        "Sound goes by three more routers, and it rings a little later.",
        "Relays that work together, or who watches both ends, see by times and amounts who talks "
        "with whom. In a mesh of five routers everybody knows the ends.",
    ),
}


class Levels:
    """What level is taken. refused: {(caller, called): (level, ms)}; lowered: {Call-ID: level}."""

    def __init__(self, node, mesh, node_of):
        """node_of: the id of the node that a Uri names by its key, or None."""
        self.node = node
        self.mesh = mesh
        self.node_of = node_of
        self.refused, self.lowered = {}, {}
        self.counts = {"no_private_way": 0, "called_openly": 0}

    def wanted(self, member, user=b""):
        """Return the level that the owner wants with a user of a node, or with any of them."""
        found, here = None, False
        for contact in self.node.settings.contacts:
            place = uri.parse(contact.address.encode()) if contact.address else None
            if place is None or not contact.level or self.node_of(place) != member:
                continue
            is_same, level = place.key == user.lower(), int(contact.level)
            if found is None or (is_same, level) > (here, found):
                found, here = level, is_same
        return int(self.node.settings.privacy.level) if found is None else found

    def may_hear(self, member):
        """Tell whether a node is that of a contact who is told the truth."""
        for contact in self.node.settings.contacts:
            place = uri.parse(contact.address.encode()) if contact.address else None
            if place is not None and contact.tell and self.node_of(place) == member:
                return True
        return False

    def of(self, member, request):
        """Return the level of a request that begins something with a node."""
        lowered = self.lowered.get(request.call_id)
        if lowered is not None:
            return lowered[0]
        level = self.wanted(member, request.parsed_uri.user or b"")
        return max(level, ONE_RELAY) if privacy.hides(request) else level

    def check(self, member, request, now):
        """Refuse a call that has no way at its level, unless it is dialled again."""
        level = self.of(member, request)
        has_sound = request.method == b"INVITE"
        if not level or self.mesh.has_way(member, level, has_sound):
            return
        key = request.from_.uri.key, member, request.parsed_uri.key
        before, at = self.refused.pop(key, (None, 0))
        lower = self._lower(member, level, has_sound)
        is_critical = privacy.CRITICAL in privacy.wanted(request)
        if has_sound and before == lower and now - at < AGAIN and not is_critical:
            _note(self.lowered, request.call_id, (lower, now))
            self.counts["called_openly"] += 1
            return
        _note(self.refused, key, (lower, now))
        self.counts["no_private_way"] += 1
        raise SipError(480, CRITICALLY if is_critical else BY_ONE if lower else OPENLY)

    def _lower(self, member, level, has_sound):
        has_one = level > ONE_RELAY and self.mesh.has_way(member, ONE_RELAY, has_sound)
        return ONE_RELAY if has_one else STRAIGHT

    def rows(self):
        """Return what each level hides, costs and does not hide, and how contacts are reached."""
        about = []
        for level in LEVELS:
            hides, costs, shows = ABOUT[level]
            row = {"privacy": level, "hides": hides, "costs": costs, "does_not_hide": shows}
            about.append(row)
        contacts = []
        for contact in self.node.settings.contacts:
            place = uri.parse(contact.address.encode()) if contact.address else None
            member = None if place is None else self.node_of(place)
            if member is None:
                continue
            level = self.wanted(member, place.user or b"")
            has_way = self.mesh.has_way(member, level, bool(level))
            contacts.append({"name": contact.name, "privacy": level, "has_way": has_way})
        return {"privacy": int(self.node.settings.privacy.level), "levels": about,
                "contacts": contacts}  # fmt: skip


def _note(table, key, value):
    """Keep a value; the oldest goes where there are too many."""
    if len(table) >= MAX_LOWERED:
        del table[min(table, key=lambda one: table[one][1])]
    table[key] = value
