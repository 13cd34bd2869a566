"""The devices of members: which ring, and those that log in with a password of their own.

A password of its own lets one lost phone be locked out alone; the clear one exists only in the
answer, or the file, that carries it. What the owner writes into `config phone` counts as well.
"""

import binascii
import hashlib

from ...effects import Event, Store
from ...errors import Refusal
from ...limits import MAX_DEVICES, MAX_DEVICES_OF_USER
from ...sip import digest
from ...text import printable, readable, spelled

PASSWORD_LETTERS = 16
FULL = "%d devices are enough: forget one first"
NO_PHONE = "there is no such phone of yours"


class Devices:
    """A feature. rows: login -> {"id", "user", "name", "kind", "md5", "sha256"}; rings: id of a
    device -> whether it rings, where a member said so. registrations: of the core."""

    name = "devices"
    hooks, events = ("adopt", "restore", "started", "registered"), ()
    users, wakers = {}, {}

    def __init__(self, node, registrations):
        self.node = node
        self.registrations = registrations
        self.rows = {}
        self.rings = {}

    def adopt(self, settings):
        """Let the devices log in, and ring or not as the settings say."""
        rows = [self.rows[login] for login in sorted(self.rows)]
        settings.log_in_also(
            [(row["user"], row["id"], {digest.MD5: row["md5"].encode(),
                                       digest.SHA256: row["sha256"].encode()}) for row in rows]
        )  # fmt: skip
        for mine in self.node.location.users.values():
            for binding in mine:
                self._tune(binding)

    def restore(self, name, records, now):
        """Take back the devices."""
        if name == "devices":
            for record in records:
                if "md5" in record:
                    self.rows[record["id"]] = record
                else:
                    self.rings[record["id"][1:]] = record["rings"]
            self.adopt(self.node.settings)

    def started(self, now):
        """Forget the devices of who lives here no more; return the effects."""
        is_nobody = self.node.settings.is_nobody
        gone = [login for login in self.rows if is_nobody(self.rows[login]["user"])]
        for login in gone:
            del self.rows[login]
            self.rings.pop(login, None)
        return self._stored(dict.fromkeys(gone)) if gone else []

    def registered(self, added, removed, now):
        """Let a phone that has come ring or not."""
        for binding in added:
            self._tune(binding)
        return []

    def _tune(self, binding):
        binding.tune(self._rings(_id_of(binding)))

    def _rings(self, identifier):
        for phone in self.node.settings.phones:
            if phone.login == identifier:
                return self.rings.get(identifier, phone.ring)
        return self.rings.get(identifier, True)

    def of(self, user, now):
        """Return the devices of a user (a name), those that are there first."""
        rows, logins = [], []
        for binding in self.node.location.bindings(user, now):
            login = None if binding.login is None else readable(binding.login)
            known = self._named(user, login)
            logins.append(login)
            rows.append(
                {
                    "id": _id_of(binding),
                    "name": known["name"] if known else "",
                    "phone": readable(binding.agent or b""),
                    "transport": binding.flow.transport,
                    "there": True,
                    "asleep": binding.asleep,
                    "rings": binding.rings,
                    "login": login if known else "",
                    "own": login in self.rows,
                }
            )
        for known in self._all(user):
            if known["id"] not in logins:
                rows.append(
                    {"id": known["id"], "name": known["name"], "phone": known["kind"],
                     "transport": "", "there": False, "asleep": False,
                     "rings": self._rings(known["id"]),
                     "login": known["id"], "own": known["id"] in self.rows}
                )  # fmt: skip
        return rows

    def _all(self, user):
        own = [self.rows[login] for login in sorted(self.rows)]
        own += [{"id": one.login, "user": one.user, "name": one.name, "kind": one.brand}
                for one in self.node.settings.phones]  # fmt: skip
        return [row for row in own if row["user"] == user]

    def _named(self, user, login):
        for row in self._all(user):
            if row["id"] == login:
                return row
        return None

    def add(self, user, name, kind, login=None, mac=""):
        """Make a device of a user (a section); return (its row, its password, effects).

        login: as whom it logs in, None for a new one; mac: of a desk phone, or "". Raises
        Refusal where there are enough.
        """
        if len(self._all(user.name)) >= MAX_DEVICES_OF_USER:
            raise Refusal("devices full", FULL, MAX_DEVICES_OF_USER)
        if len(self.rows) >= MAX_DEVICES:
            raise Refusal("devices full", FULL, MAX_DEVICES)
        login = login or self._free_login(user.name, kind)
        password = spelled(self.node.random(PASSWORD_LETTERS))
        realm, made = self.node.settings.realm, {}
        for algorithm in digest.ALGORITHMS:
            ha1 = digest.ha1(algorithm, login.encode(), realm, password.encode())
            made[algorithm] = ha1.decode()
        row = {"id": login, "user": user.name, "name": printable(name).strip()[:64] or kind,
               "kind": kind, "mac": mac, "md5": made[digest.MD5],
               "sha256": made[digest.SHA256]}  # fmt: skip
        self.rows[login] = row
        self.adopt(self.node.settings)
        return row, password, self._kept(login, row) + self._told(user.name)

    def _free_login(self, name, kind):
        settings, number = self.node.settings, 1
        login = "%s-%s" % (name, kind)
        while settings.account(login.encode()) is not None:
            number += 1
            login = "%s-%s%d" % (name, kind, number)
        return login

    def forget(self, user, login, now):
        """Lock a device of a user (a name) out; return the effects. Raises Refusal."""
        row = self.rows.get(login)
        if row is None or row["user"] != user:
            raise Refusal("phone gone", NO_PHONE)
        del self.rows[login]
        self.rings.pop(login, None)
        self.adopt(self.node.settings)
        effects = self._kept(login, None)
        mine = self.node.location.bindings(user, now)
        theirs = [one for one in mine if one.login == login.encode()]
        return effects + self.registrations.forget(theirs, now) + self._told(user)

    def tune(self, user, identifier, rings, now):
        """Let a device of a user (a name) ring or not; return the effects."""
        if identifier not in [row["id"] for row in self.of(user, now)]:
            raise Refusal("phone gone", NO_PHONE)
        if len(self.rings) >= MAX_DEVICES:  # Most are of phones that are no more.
            self.rings = {}
        self.rings[identifier] = rings
        self.adopt(self.node.settings)
        key = "=" + identifier
        return self._kept(key, {"id": key, "user": user, "rings": rings}) + self._told(user)

    def _kept(self, key, row):
        return self._stored({key: row})

    def _stored(self, changes):
        return [Store("devices", self._dump, changes)]

    def _dump(self, now):
        users, rows = self.node.settings.users, list(self.rows.values())
        rows = [row for row in rows if row["user"] in users]
        return rows + [{"id": "=" + one, "rings": self.rings[one]} for one in sorted(self.rings)]

    def _told(self, user):
        return [Event("phone", {"user": user})] if self.node.is_watched else []


def _id_of(binding):
    """Return what a device is known by from one registration to the next, text."""
    if binding.login not in (None, binding.user.encode()):
        return readable(binding.login)
    if binding.instance is None:
        return "#%d" % binding.number
    return "+" + binascii.hexlify(hashlib.sha256(binding.instance).digest()[:6]).decode()
