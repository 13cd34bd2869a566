"""The wishes of the members of the house: kept in the node's state, by codes and pages alike."""

from ..effects import Store
from ..errors import BellhopError, Refusal
from ..hours import DAY_MS, MINUTE_MS, until_turn
from ..tu import wishes

CIRCLE = "calls would go in a circle: %s forwards to %s"


class Wishes:
    """A feature. kept: user's name -> {name of a wish: value}, only what was wished.

    A thing to wake: at `deadline` somebody's quiet hours begin or end.
    """

    name = "wishes"
    hooks, events = ("restore", "started", "seen_user"), ("clock",)
    users = {}

    def __init__(self, node):
        self.node = node
        self.kept = {}
        # What to add to `now` for the ms of the day at this place, None while it is not known.
        self.offset = None
        self.deadline = self.queued = None
        self.wakers = {Wishes: Wishes._turn}

    def clock(self, day_ms, now):
        """Take the time of day in ms, None where this machine does not know it."""
        self.offset = None if day_ms is None else day_ms - now
        return self._turn(now)

    def _turn(self, now):
        """Tell of everybody who has quiet hours; wait for the next of them to begin or end."""
        effects, waits = [], []
        for user in self.node.settings.users.values():
            quiet = self.value(user, wishes.QUIET)
            if quiet and self.offset is not None:
                waits.append(until_turn(quiet, (now + self.offset) % DAY_MS))
                effects += self._tell(user.name, now)
        self.deadline = now + min(waits) if waits else None
        self.node.deadlines.watch(self)
        return effects

    def _tell(self, name, now):
        effects = []
        for wished in self.node.hooks.wished:
            effects += wished(name, now)
        return effects

    def minute(self, now):
        """Return the minute of the day, or None."""
        return None if self.offset is None else (now + self.offset) % DAY_MS // MINUTE_MS

    def value(self, user, name):
        """Return what is in force for a user section: the wish, else the owner's option."""
        return wishes.value(user, self.kept.get(user.name), name)

    def of(self, user):
        """Return the wishes of a user section, a dict, or None."""
        return self.kept.get(user.name)

    def set(self, user, name, value, now):
        """Keep a wish of a user section, or forget it for None; return the effects, a Store first.

        Raises BellhopError with words for people.
        """
        if value is not None:
            try:
                value = wishes.checked(name, value)
            except ValueError as error:
                kind = wishes.NAMES.get(name, "wish")
                raise Refusal("wrong " + kind, str(error)) from None
            self._check(user, name, value)
        mine = dict(self.kept.get(user.name, {}))
        if value is None:
            mine.pop(name, None)
        else:
            mine[name] = value
        if name in wishes.FORWARDS and value:
            mine[wishes.LAST] = dict(mine.get(wishes.LAST, {}), **{name: value})
        self.kept[user.name] = mine
        effects = [Store("wishes", self._dump, {user.name: dict(mine, id=user.name)})]
        if name == wishes.QUIET:
            effects += self._turn(now)
        return effects + self._tell(user.name, now)

    def last(self, user, name):
        """Return where a forward of a user section led last, text, or ""."""
        return self.kept.get(user.name, {}).get(wishes.LAST, {}).get(name, "")

    def _check(self, user, name, place):
        """Refuse a forward that leads to nobody, or in a circle."""
        if name not in wishes.FORWARDS or not place or ":" in place:
            return
        names, seen = self.node.settings.names, [user]
        other = names.get(wishes.key_of(place))
        while other is not None and other.kind == "user":
            if other in seen:
                raise Refusal("circle", CIRCLE, seen[-1].name, place)
            seen.append(other)
            place = self.value(other, wishes.FORWARD_ALWAYS)
            other = names.get(wishes.key_of(place)) if place else None

    def _dump(self, now):
        users = self.node.settings.users
        return [dict(self.kept[name], id=name) for name in sorted(self.kept) if name in users]

    def restore(self, name, records, now):
        """Take back what was wished before."""
        if name != "wishes":
            return
        for record in records:
            user = record.pop("id")
            self.kept[user] = {one: record[one] for one in record if one in wishes.KEPT}

    def started(self, now):
        """Forget what was wished by who lives here no more; return the effects."""
        gone = [name for name in self.kept if self.node.settings.is_nobody(name)]
        for name in gone:
            del self.kept[name]
        return [Store("wishes", self._dump, dict.fromkeys(gone))] if gone else []

    def seen_user(self, user):
        """Return what a user wished, for the list of users."""
        return {"wishes": self.kept.get(user, {})}

    # Verbs.

    def show(self, arguments, now):
        """Return what is in force for `user`, and which of it was wished."""
        user = self._user(arguments)
        found = {name: self.value(user, name) for name in wishes.NAMES}
        return {"user": user.name, "in_force": _plain(found), "wished": self.of(user) or {}}

    def change(self, arguments, now):
        """Set `wish` of `user` to `value` (text; a list by commas), or forget it without one."""
        user = self._user(arguments)
        name, text = arguments.get("wish"), arguments.get("value")
        if name not in wishes.NAMES:
            raise BellhopError("a wish is one of " + ", ".join(sorted(wishes.NAMES)))
        value = None if text is None else wishes.read(name, text)
        effects = self.set(user, name, value, now)
        return self.show(arguments, now), effects

    def _user(self, arguments):
        return self.node.settings.users[self.node.user_named(arguments.get("user"))]


def _plain(found):
    return {name: list(one) if isinstance(one, tuple) else one for name, one in found.items()}
