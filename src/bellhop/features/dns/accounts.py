"""Numbers of one's own, for a page: the verbs `accounts` and `get-number` (shell/dnssec/number.py).

The steps are done by a process that ends; what it told is kept here until the next one.
"""

from ...errors import BellhopError


class Accounts:
    """A feature. rows: user's name -> the last answer of the errand, a dict; busy: users."""

    name = "accounts"
    hooks, events = ("started",), ()
    users, wakers = {}, {}

    def __init__(self, node, errands):
        self.node = node
        self.errands = errands
        self.rows, self.busy = {}, set()

    def started(self, now):
        """See which accounts there are."""

        def told(answer, now):
            self.rows.update({row["user"]: row for row in answer.get("accounts", [])})
            return []

        return self.errands.send("accounts", {}, told, now)

    def show(self, arguments, now):
        """Return the accounts: how far they are, what they wait for, what was told last."""
        rows = [
            dict(self.rows[user], is_busy=user in self.busy)
            for user in sorted(self.rows)
            if user in self.node.settings.users
        ]
        return {"accounts": rows}

    def go(self, arguments, now):
        """Do the steps to a number, from the first that is not done; `code`: what was typed."""
        user = arguments["user"]
        if user not in self.node.settings.users:
            raise BellhopError("there is no user '%s'; `bellhop users` shows them" % user)
        if user in self.busy:
            raise BellhopError("the steps for %s are under way already" % user)
        self.busy.add(user)
        fields = {name: arguments.get(name) or "" for name in ("number", "code", "provider", "how")}

        def told(answer, now):
            self.busy.discard(user)
            self.rows[user].update(answer)
            return []

        empty = dict.fromkeys(("provider", "reason", "directory", "problem", "balance"), "")
        empty.update(user=user, number=fields["number"], waits=False, is_done=False, told=[])
        self.rows.setdefault(user, empty)
        return {"user": user}, self.errands.send("number", dict(fields, user=user), told, now)
