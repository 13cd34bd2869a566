"""Keys that other nodes were known by, and who stands for them now; the owner is told of each step.

A key may name its heir, be revoked, or be followed by that of a new router (mesh/succession.py).
Of keys that the configuration names this node remembers what it has followed, whatever is said
later. A node that the configuration names by a nickname is pinned to the first one of that name.
"""

import binascii

from ...effects import Event, Note, Store
from ...errors import BellhopError, MeshError
from ...mesh import record, succession
from ...mesh.identity import parse_key, short_id
from ...mesh.succession import Ending, Replacement
from ...sip import uri
from ...text import of_octets

NAME = "heirs"
PINNED, SUCCEEDED, REPLACED, REVOKED, ASKS, REFUSED = STATES = (
    "pinned", "succeeded", "replaced", "revoked", "wants to replace", "refused",
)  # fmt: skip
TOLD = {
    SUCCEEDED: "%s has a new key, %s, signed by the old one: calls and texts go there",
    REPLACED: "%s is replaced by a new router, %s: calls and texts go there",
    REVOKED: "the key of %s is revoked, for somebody else may have it: calls from it are refused%s",
    ASKS: "a new router, %s, says that it stands in the place of %s; ask there by another way, then"
    " say `bellhop confirm %s yes` or `no`",
}
ANSWER = "; say `bellhop confirm %s yes` where that is right, and `no` where it is not"
HEIR = "; it names another, %s, where they go now"
STOLEN = (
    "the key of this node %s elsewhere: no other node listens to it any more; if that was you, "
    "end this node; if not, whoever did it has the key: tell your contacts a new one"
)
YES, NO = VERDICTS = ("yes", "no")
# New routers that wait for the owner's word; past it a further one has to say it again.
MAX_ASKING = 16


class Heirs:
    """A feature. dialling: of this package; changed(now): effects when contacts are others."""

    name = "mesh heirs"
    hooks = ("restore", "problems")
    events = ()
    users, wakers = {}, {}

    def __init__(self, node, dialling, changed):
        self.node = node
        self.mesh = dialling.mesh
        self.dialling = dialling
        self.changed = changed
        # {old id: row} of what was followed; {old id: new id} of who wants to replace whom.
        self.rows = {}
        self.asking = {}
        # The records that this node tells in every run, and what they say: {old id: Ending}.
        self.raws, self.held = [], {}
        self.place_of = None

    # What the mesh tells.

    def look(self, now):
        """Follow what has come; return the effects."""
        effects = self._pin_names()
        for one in self.mesh.directory.take_ended():
            if isinstance(one, Replacement):
                effects += self._replacing(one, now)
            elif one.old == self.mesh.id:
                effects += self._stolen(one)
            elif one.old not in self.held:
                effects += self._ended(one, now)
        return effects

    def _stolen(self, ending):
        self.rows[ending.old] = {"state": REVOKED if ending.is_revoked else SUCCEEDED, "new": ""}
        return [Note("error", self.problems()[0])]

    def _ended(self, ending, now):
        known = self.mesh.followed.get(ending.old)
        if known is not None and (known.is_revoked or not ending.is_revoked):
            return []  # What was seen first counts.
        return self._follow(ending, REVOKED if ending.is_revoked else SUCCEEDED, now)

    def _replacing(self, said, now):
        if said.old not in self._configured() or self.mesh.ending(said.old) is not None:
            return []
        is_there = short_id(said.old) in self.mesh.reach.get()
        if not is_there and said.person and self.mesh.directory.lived_at(said.person, said.old):
            return self._follow(Ending(said.old, said.new, False), REPLACED, now)
        if len(self.asking) >= MAX_ASKING or self.asking.get(said.old) == said.new:
            return []
        self.asking[said.old] = said.new
        return self._tell(ASKS, said.old, said.new)

    def _follow(self, ending, state, now):
        """Let one key stand for another from now on; return the effects."""
        effects, new = [], ending.new
        self.asking.pop(ending.old, None)
        for succeeded in self.node.hooks.succeeded:
            effects += succeeded(ending.old, new, now)
        is_known = ending.old in self._configured() or bool(effects)
        if is_known:
            self.mesh.followed[ending.old] = ending
            self.rows[ending.old] = {
                "state": state, "new": "" if new is None else self.mesh.name_of(new),
                "is_seen": False,
            }  # fmt: skip
            self.dialling.unseen = self._unseen()
            effects += [self._store()] + self.changed(now)
        return effects + self._tell(state, ending.old, new, is_known)

    def _tell(self, state, old, new, is_known=True):
        words = self._sentence(state, old, new)
        fields = {"what": state, "old": self.mesh.name_of(old), "text": words,
                  "new": "" if new is None else self.mesh.name_of(new)}  # fmt: skip
        told = [Event("succession", fields)]
        return told + [Note("warning", words)] if is_known else told

    def _sentence(self, state, old, new):
        name, shown = self._called(old), "" if new is None else self.mesh.name_of(new)
        if state == ASKS:
            return TOLD[ASKS] % (shown, name, name)
        if state == REVOKED:
            return TOLD[REVOKED] % (name, HEIR % shown if shown else "") + ANSWER % name
        return TOLD[state] % (name, shown) + ANSWER % name

    def _called(self, old):
        """Return what the owner calls a node: the contact's name, the nickname, or the key."""
        key = self.mesh.name_of(old)
        for contact in self.node.settings.contacts:
            if contact.name and self._id_in(contact.address) == old:
                return contact.name
        return ([name for name, one in self.dialling.names.items() if one == key] + [key])[0]

    # What the configuration names.

    def _id_in(self, address):
        """Return the id that an address (text) names by its key or by a nickname, or None."""
        host = uri.parse(address.encode()).host if address else None
        host = uri.host_key(host or b"")
        try:
            return parse_key(self.dialling.names.get(of_octets(host), "").encode() or host)
        except MeshError:
            return None

    def _configured(self):
        """Return the ids that the configuration names, and those that its nicknames are."""
        found = [self._id_in(contact.address) for contact in self.node.settings.contacts]
        found += [parse_key(one.encode()) for one in self.dialling.names.values()]
        heirs = [self.mesh.heir(one) for one in found if one is not None]
        return found + heirs

    def _nicknames(self):
        """Return the nicknames of nodes that the configuration has."""
        found = []
        for contact in self.node.settings.contacts:
            host = uri.parse(contact.address.encode()).host if contact.address else None
            found.append(of_octets(uri.host_key(host or b"")))
        for user in self.node.settings.users.values():
            found += [place.lower() for place in user.also_at]
        return {one for one in found if one and self.mesh.node_of(one) is None and "." not in one}

    def _pin_names(self):
        """Let each nickname in the configuration mean the first node of that name for good."""
        effects, names = [], self.dialling.names
        wanted = self._nicknames()
        for name in [one for one in names if one not in wanted]:
            del names[name]
        for name in sorted(wanted):
            node = None if name in names else self.dialling.node_named(name)
            if node is not None:
                names[name] = self.mesh.name_of(node)
                words = "'%s' in the configuration is the node %s from now on"
                effects.append(Note("notice", words % (name, names[name])))
        return effects + [self._store()] if effects else []

    # What is kept.

    def _store(self):
        return Store(NAME, self.dump, None)

    def dump(self, now):
        """Return what outlasts a restart as JSON-able rows."""
        rows = []
        for old in self.mesh.followed:
            ending = self.mesh.followed[old]
            row = dict(self.rows[old], id=self.mesh.name_of(old), is_revoked=ending.is_revoked)
            rows.append(row)
        names = self.dialling.names
        rows += [{"id": "name " + name, "key": names[name]} for name in sorted(names)]
        for raw in self.raws:
            rows.append({"id": "raw %d" % len(rows), "raw": of_octets(binascii.hexlify(raw))})
        if self.place_of is not None:
            rows.append({"id": "place", "key": self.mesh.name_of(self.place_of)})
        return rows

    def restore(self, name, records, now):
        """Take back what `dump` gave."""
        for row in records if name == NAME else ():
            kind, _, rest = row["id"].partition(" ")
            if kind == "name":
                self.dialling.names[rest] = row["key"]
            elif kind == "raw":
                self._hold(binascii.unhexlify(row["raw"]), now)
            elif kind == "place":
                self.place_of = parse_key(row["key"].encode())
                self.mesh.replace(self.place_of, now)
            else:
                old, new = parse_key(kind.encode()), row["new"]
                heir = parse_key(new.encode()) if new else None
                self.mesh.followed[old] = Ending(old, heir, row.pop("is_revoked"))
                self.rows[old] = row
        self.dialling.unseen = self._unseen()

    def _hold(self, raw, now, at_once=True):
        """Say from now on, in every run, that a key has ended; at_once: in this one too."""
        ending = succession.read_ending(record.parse(raw), self.mesh.verify)
        if raw not in self.raws:
            self.raws.append(raw)
            self.held[ending.old] = ending
        for old in self.held:
            if succession.heir(old, self.held.get) == self.mesh.id:
                self.dialling.former.add(self.mesh.name_of(old).encode())
        if at_once:
            self.mesh.tell_record(raw, now)

    def _unseen(self):
        """Return the ids that stand for others, and of which the owner has said nothing yet."""
        rows = [row for row in self.rows.values() if not row.get("is_seen", True) and row["new"]]
        return {parse_key(row["new"].encode()) for row in rows}

    # The shell: keys are its matter.

    def key_of(self, seed):
        """Return the key of a seed as 52 letters."""
        return self.mesh.name_of(self.mesh.crypto.public_key(seed))

    def end(self, seed, heir, is_revoked):
        """Return the record that ends the key of a seed; heir: a seed."""
        crypto = self.mesh.crypto
        salt = record.OVER_SALT if is_revoked else record.NEXT_SALT
        return succession.write_ending(
            salt, crypto.public_key(seed), lambda data: crypto.sign(seed, data),
            crypto.public_key(heir), lambda data: crypto.sign(heir, data),
        )  # fmt: skip

    def hold(self, raw, at_once, now):
        """Say that a key has ended; return what is to be kept of it. Raises BellhopError."""
        try:
            item = record.parse(raw)
            if item.salt not in record.END_SALTS or not record.is_signed(item, self.mesh.verify):
                raise MeshError("not signed")
            self._hold(raw, now, at_once)
        except MeshError:
            raise BellhopError("this ends no key") from None
        return self.dump(now)

    # The owner.

    def problems(self):
        """Return sentences about keys that wait for the owner's word."""
        found = []
        for old in self.rows:
            row = self.rows[old]
            if old == self.mesh.id:
                is_revoked = row["state"] == REVOKED
                found.append(STOLEN % ("was revoked" if is_revoked else "was given up for another"))
            elif not row["is_seen"]:
                new = parse_key(row["new"].encode()) if row["new"] else None
                found.append(self._sentence(row["state"], old, new))
        return found + [self._sentence(ASKS, old, self.asking[old]) for old in self.asking]

    def show(self, arguments, now):
        """Return the nodes that the configuration names, their keys, what became of them."""
        reach, rows = self.mesh.reach.get(), []
        wanted = [one for one in self._configured() if one is not None]
        for old in dict.fromkeys(wanted + list(self.mesh.followed)):
            row = self.rows.get(old, {"state": PINNED, "new": "", "is_seen": True})
            if old in self.asking:
                row = {"state": ASKS, "new": self.mesh.name_of(self.asking[old]), "is_seen": False}
            heir = self.mesh.heir(old)
            rows.append(
                {"name": self._called(old), "key": self.mesh.name_of(old),
                 "state": row["state"], "new": row["new"], "is_seen": row["is_seen"],
                 "node_name": self.mesh.nickname(short_id(heir)),
                 "in_reach": short_id(heir) in reach}
            )  # fmt: skip
        return {"pins": rows}

    def confirm(self, arguments, now):
        """`name`: of a contact or a key; `verdict`: yes or no, to what `pins` shows."""
        name, verdict = arguments.get("name"), arguments.get("verdict")
        if verdict not in VERDICTS:
            raise BellhopError("say `yes` or `no`")
        waiting = list(self.asking) + [old for old in self.rows if old != self.mesh.id]
        named = [old for old in waiting if name in (self._called(old), self.mesh.name_of(old))]
        if not named:
            raise BellhopError("nothing waits for a word about '%s'; `bellhop pins` shows" % name)
        old, effects = named[0], []
        if old in self.asking:
            new = self.asking.pop(old)
            if verdict == YES:
                told = self._follow(Ending(old, new, False), REPLACED, now)
                effects = [one for one in told if not isinstance(one, Note)]
        elif verdict == NO:
            self.mesh.followed[old] = Ending(old, None, self.mesh.followed[old].is_revoked)
            self.rows[old].update(state=REFUSED, new="")
        if old in self.rows:
            self.rows[old]["is_seen"] = True
        self.dialling.unseen = self._unseen()
        return self.show({}, now), effects + [self._store()] + self.changed(now)

    def replaces(self, arguments, now):
        """`name`: of the router in whose place this one stands, or its key."""
        name = arguments.get("name", "")
        old = self.mesh.node_of(name)
        if old is None:
            known = [one for one in self.mesh.graph()["nodes"] if one["name"] == name]
            old = self.mesh.node_of(known[0]["node"]) if len(known) == 1 else None
        if old is None or old == self.mesh.id:
            raise BellhopError(
                "'%s' is no other node that is known here, or several are called so: give its key "
                "of 52 letters" % name
            )
        self.place_of = old
        self.mesh.replace(old, now)
        is_signed = bool(self.mesh.own.replaces and b"1:p" in self.mesh.own.replaces)
        answer = {"old": self.mesh.name_of(old), "new": self.mesh.key, "is_signed": is_signed}
        return answer, [self._store()] + self.changed(now)
