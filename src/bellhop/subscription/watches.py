"""Who watches what on this node, with a bound for all and for each host."""

from ..limits import MAX_SUBSCRIPTIONS, MAX_SUBSCRIPTIONS_PER_HOST


class Watches:
    """Subscriptions by key, and by what is watched. One has key, resource and host."""

    def __init__(self):
        self.by_key = {}
        self.by_resource = {}
        self.hosts = {}
        self.counters = {"subscribed": 0, "refused": 0, "notified": 0, "lost": 0}

    def add(self, one):
        """Keep one; tell whether there was a place for it."""
        full = len(self.by_key) >= MAX_SUBSCRIPTIONS
        if full or self.hosts.get(one.host, 0) >= MAX_SUBSCRIPTIONS_PER_HOST:
            self.counters["refused"] += 1
            return False
        self.counters["subscribed"] += 1
        self.by_key[one.key] = one
        self.by_resource.setdefault(one.resource, []).append(one)
        self.hosts[one.host] = self.hosts.get(one.host, 0) + 1
        return True

    def remove(self, one):
        """Forget one."""
        if self.by_key.pop(one.key, None) is None:
            return
        watching = self.by_resource[one.resource]
        watching.remove(one)
        if not watching:
            del self.by_resource[one.resource]
        self.hosts[one.host] -= 1
        if not self.hosts[one.host]:
            del self.hosts[one.host]

    def of(self, resource):
        """Return those who watch a resource; costs nothing where nobody does."""
        return self.by_resource.get(resource, ())
