"""What follows from changed bindings: they are kept, and told to who wants to know."""

from ..effects import Event
from ..text import readable
from ..tu.kept import Kept
from ..tu.location import Location


class Registrations:
    """Changes the bindings of the node, and nobody else does (tu/location.py).

    came_back(binding): a phone has registered over a new stream.
    """

    users = {}

    def __init__(self, node, came_back):
        self.node = node
        self.came_back = came_back
        self.kept = Kept(node.location, node.listeners)
        self.wakers = {Location: self._expire}

    def changed(self, added, removed, now, answer=()):
        """Return the effects of bindings that were added and removed.

        answer: effects that tell the phone, as soon as its bindings are kept.
        """
        self.node.deadlines.watch(self.node.location)
        effects = self.kept.stores(added, removed, now) + list(answer)
        told = (("registered", added), ("removed", removed)) if self.node.is_watched else ()
        for what, bindings in told:
            for binding in bindings:
                effects.append(Event("registration", dict(record(binding, now), what=what)))
        for binding in added:
            if binding.flow.connection:
                self.came_back(binding)
        if added or removed:
            for registered in self.node.hooks.registered:
                effects += registered(added, removed, now)
        return effects

    def silent(self, binding, now):
        """Remove the binding of a phone that is gone, or sleeps; return the effects."""
        if binding not in self.node.location.users.get(binding.user, ()):
            return []
        if binding.push is not None:
            binding.sleep()
            return []
        return self._remove([binding], now)

    def forget(self, bindings, now):
        """Remove bindings whatever they are; return the effects."""
        return self._remove(bindings, now)

    def flow_failed(self, flow, now):
        """Remove the bindings of a stream that is gone; return the effects."""
        if not flow.connection:
            return []
        gone = [b for b in self.node.location.all(now) if b.flow.connection == flow.connection]
        for binding in gone:
            if binding.push is not None:
                binding.sleep()
        return self._remove([b for b in gone if not b.asleep], now)

    def reload(self, now):
        """Remove the bindings of users who are no more; return the effects."""
        location, settings = self.node.location, self.node.settings
        location.resize(settings.max_bindings)
        return self._remove([b for b in location.all(now) if b.user not in settings.users], now)

    def restore(self, name, rows, now):
        """Take back what an earlier run had kept under one of kept.NAMES."""
        self.kept.restore(name, rows, self.node.settings.users, now)
        self.node.deadlines.watch(self.node.location)

    def started(self, now):
        """Keep what was taken back; return the effects."""
        return self.kept.start()

    def listening(self, now):
        """Take back the phones of addresses that have come; return the effects."""
        back = self.kept.look_again(self.node.settings.users, now)
        return self.changed(back, [], now) if back else []

    def _remove(self, bindings, now):
        for binding in bindings:
            self.node.location.remove(binding)
        return self.changed([], bindings, now)

    def _expire(self, location, now):
        return self.changed([], location.expire(now), now)


def record(binding, now):
    """Return one binding as a JSON-able dict."""
    return {
        "user": binding.user,
        "contact": readable(binding.contact),
        "transport": binding.flow.transport,
        "seen_from": "%s port %d" % (binding.flow.host, binding.flow.port),
        "behind_nat": binding.is_behind_nat(),
        "phone": readable(binding.agent or b""),
        "q": binding.q / 1000,
        "expires_seconds": max(0, (binding.until - now) // 1000),
        "seconds_since_start": (now - binding.since) // 1000,
    }
