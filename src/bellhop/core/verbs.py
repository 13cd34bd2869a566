"""The control verbs: what the node tells about itself and does for its owner, JSON-able.

Every answer is a dict. Times are whole seconds before now. A verb stands in one row: core/rows.py,
features/rows.py, world/rows.py.
"""

from .. import __version__
from ..errors import BellhopError
from ..sip.message import gate
from ..text import readable
from . import registrations
from .rows import check


class Verbs:
    """All verbs of a node. rows: one for each; off: owner -> why it does not answer."""

    def __init__(self, engine, rows, off):
        self.engine = engine
        self.node = engine.node
        self.rows = {row.verb: row for row in rows}
        self.off = off
        self.lacking = {}

    def lacks(self, features):
        """Take feature -> why it is not there though the settings want it, "" where it is."""
        self.lacking = features

    def answer(self, verb, arguments, now):
        """Return (answer, effects) of a verb; raises BellhopError with words for the owner."""
        row = self.rows.get(verb)
        if row is None:
            known = ", ".join(sorted(self.rows))
            raise BellhopError("there is no verb '%s'; there are %s" % (verb, known))
        check(row, arguments)
        owner = self if row.owner == "core" else self.engine.features.get(row.owner)
        if owner is None:
            raise BellhopError(self.lacking.get(row.owner) or self.off[row.owner])
        result = getattr(owner, row.method)(arguments, now)
        return result if row.changes else (result, [])

    # The core's own.

    def status(self, arguments, now):
        """version, uptime_seconds, domain, listening, registrations, calls, counters."""
        node = self.node
        told = {
            "version": __version__,
            "uptime_seconds": (now - self.engine.started) // 1000,
            "domain": node.settings.domain.decode(),
            "listening": [
                {"transport": one.transport, "host": one.listener.host, "port": one.port}
                for one in node.listening
                if one is not None
            ],
            "users": len(node.settings.users),
            "registrations": node.location.size,
            "live_calls": len(node.calls.live),
            "transactions": len(node.layer),
            "writings_left": node.commits.shares.seen(now),
            "counters": self._counters(),
        }
        for status in node.hooks.status:
            told.update(status())
        return told

    def _counters(self):
        """Return every counter as part -> name -> number."""
        node, engine = self.node, self.engine
        found = {
            "messages": dict(node.counters, **gate),
            "transactions": node.layer.counters,
            "forwarding": dict(
                engine.forwarder.counters, acks=engine.acks.sent, **engine.lookups.counters
            ),
            "registrations": node.location.counters,
            "access": node.access.counters,
            "rates": node.rates.counters,
            "calls": node.calls.counters,
            "dialogs": node.dialogs.counters,
            "strangers": node.strangers.counters,
            "writings": node.commits.shares.counters,
        }
        for counters in node.hooks.counters:
            found.update(counters())
        return found

    def users(self, arguments, now):
        """Return the users of the configuration."""
        node = self.node
        found = []
        for name in sorted(node.settings.users):
            user = node.settings.users[name]
            row = {
                "name": name,
                "display_name": user.display_name,
                "extension": user.extension,
                "aliases": list(user.alias),
                "phones": len(node.location.bindings(name, now)),
                "address": "sip:%s@%s" % (name, node.settings.domain.decode()),
            }
            for seen in node.hooks.seen_user:
                row.update(seen(name))
            found.append(row)
        return {"users": found}

    def groups(self, arguments, now):
        """Return the groups of the configuration."""
        groups = self.node.settings.groups
        return {
            "groups": [
                {
                    "name": name,
                    "display_name": groups[name].display_name,
                    "extension": groups[name].extension,
                    "members": list(groups[name].member),
                    "strategy": groups[name].strategy,
                }
                for name in sorted(groups)
            ]
        }

    def registrations(self, arguments, now):
        """Return the phones that are registered; `user`: of one alone."""
        wanted = arguments.get("user")
        return {
            "registrations": [
                registrations.record(binding, now)
                for binding in self.node.location.all(now)
                if wanted is None or binding.user == wanted
            ]
        }

    def calls(self, arguments, now):
        """Return the live calls."""
        live = sorted(self.node.calls.live.values(), key=lambda call: call.number)
        return {"calls": [self.node.seen(call, now) for call in live]}

    def strangers(self, arguments, now):
        """Return whom the node has sent away, the last one first."""
        return {"strangers": self.node.strangers.rows(now)}

    def hang_up(self, arguments, now):
        """End a call. `call`: the number that `calls` shows, or a Call-ID."""
        call = self.node.live_call(arguments.get("call"))
        effects = self.engine.forwarder.release.hang_up(call, now)
        return {"call": call.record(now)}, effects

    def trace(self, arguments, now):
        """Return the messages of a call. `call`: a number or a Call-ID."""
        wanted, calls = str(arguments.get("call", "")), self.node.calls
        for call in list(calls.live.values()) + calls.history:
            if wanted in (str(call.number), readable(call.call_id)):
                read = self.node.trace.read(call.call_id, now)
                return {"call": call.record(now), "messages": read}
        raise BellhopError("there is no call '%s'; `bellhop history` shows the numbers" % wanted)
