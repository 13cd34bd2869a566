"""Who is signed in to the page: a random token in a cookie, kept as its SHA-256."""

import binascii
import hashlib
import os
import time

from ...effects import Store
from ...limits import MAX_SESSIONS, MAX_SESSIONS_OF_USER
from ...text import printable, spelled

COOKIE = "bellhop"
TOKEN_LETTERS = 32
IDLE_DAYS = 180
DAY_SECONDS = 86400
MOST_LETTERS = 80


class Sessions:
    """rows: [{"id": hash of the token, "user", "browser", "day" when it was last seen}].

    The day is written when it changes: a page that is open every day costs one writing a day.
    store: a world.store.Store.
    """

    def __init__(self, store):
        self.store = store
        self.rows = store.kept("sessions") or []

    def begin(self, user, browser):
        """Return the token of a new session; those not seen for longest go where there are many."""
        token = spelled(os.urandom(TOKEN_LETTERS))
        row = {"id": _hash(token), "user": user, "browser": printable(browser)[:MOST_LETTERS],
               "day": _today()}  # fmt: skip
        for rows, most in ((self.of(user), MAX_SESSIONS_OF_USER), (self.rows, MAX_SESSIONS)):
            if len(rows) >= most:
                self.end(min(rows, key=lambda one: one["day"]))
        self.rows.append(row)
        self._keep(row["id"], row)
        return token

    def find(self, fields):
        """Return the session of a request's header fields, or None."""
        for pair in fields.get("cookie", "").split(";"):
            name, _, token = pair.strip().partition("=")
            if name == COOKIE:
                wanted = _hash(token)
                for row in self.rows:
                    if row["id"] == wanted:
                        return self._seen(row)
        return None

    def _seen(self, row):
        today = _today()
        if today - row["day"] > IDLE_DAYS:
            self.end(row)
            return None
        if row["day"] != today:
            row["day"] = today
            self._keep(row["id"], row)
        return row

    def of(self, user):
        """Return the sessions of a user."""
        return [row for row in self.rows if row["user"] == user]

    def shown(self, user):
        """Return the sessions of a user as people see them; id: enough to name one."""
        return [{"id": row["id"][:16], "browser": row["browser"], "day": row["day"]}
                for row in self.of(user)]  # fmt: skip

    def end(self, row):
        """Sign somebody out."""
        self.rows = [one for one in self.rows if one is not row]
        self._keep(row["id"], None)

    def _keep(self, identifier, row):
        self.store.keep(Store("sessions", lambda now: self.rows, {identifier: row}))


def cookie(token, is_secure):
    """Return the header line that keeps a token in a browser; "" takes it away."""
    line = "Set-Cookie: %s=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%d%s"
    seconds = IDLE_DAYS * DAY_SECONDS if token else 0
    return line % (COOKIE, token, seconds, "; Secure" if is_secure else "")


def _hash(token):
    return binascii.hexlify(hashlib.sha256(token.encode()).digest()).decode()


def _today():
    return int(time.time()) // DAY_SECONDS
