"""Codes of directories that come to an address by MESSAGE: the node takes them by itself.

Only who has just asked gets one so, for some minutes: `claim-code` asks, and asks again until it
is there. All else that calls itself claims@ZONE goes the way of any text.
"""

from ...names import code
from ...sip import uri
from ...sip.message import response_to
from ...text import of_utf8

MOST, WAIT_MS = (16, 600000)


class Codes:
    """A feature. rows: user's name -> [Uri of the address, letters of the key, until, code]."""

    name = "claim codes"
    hooks, events = ("arrives",), ()
    users, wakers = {}, {}

    def __init__(self, node):
        self.node = node
        self.rows = {}

    def take(self, arguments, now):
        """Return the code that has come for `name`, an address, and `key`, once; else wait."""
        user, wanted = self.node.user_named(arguments.get("user")), arguments.get("name") or ""
        address, letters = uri.typed(wanted, b""), (arguments.get("key") or "")[: code.LETTERS]
        row = self.rows.pop(user, None)
        if row is not None and row[3] and row[1] == letters and _is_of(row[0], address):
            return {"code": row[3]}, []
        if address is not None and len(self.rows) < MOST:
            self.rows[user] = [address, letters, now + WAIT_MS, ""]
        return {"code": ""}, []

    def arrives(self, request, server, flow, now):
        """Take the MESSAGE of a directory whose code is waited for; None: all others."""
        if not self.rows or request.method != b"MESSAGE" or request.to.tag is not None:
            return None
        sender, target = request.from_.uri, request.parsed_uri
        zones = [uri.host_key(zone.encode()) for zone in self.node.settings.dns.directory]
        found = code.read(of_utf8(request.body))
        if found is None or sender.name != code.SENDER or sender.host_key not in zones:
            return None
        for user in sorted(self.rows):
            address, letters, until, _ = self.rows[user]
            if until < now:
                del self.rows[user]
            elif _is_of(address, target) and letters == found[2]:
                self.rows[user][3] = found[1]
                made = response_to(request, 200, None, (), self.node.tag())
                return self.node.layer.respond(server, made, now)
        return None


def _is_of(address, target):
    mine, theirs = (address.name.lower(), address.host_key), (target.name.lower(), target.host_key)
    return mine == theirs
