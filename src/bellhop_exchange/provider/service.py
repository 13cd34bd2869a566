"""Accounts of a provider: who proves the key that the DNS names gets credentials of SIP.

Every method is one transaction: after a crash nothing is half.
"""

import base64
import hashlib
import secrets

import nacl.exceptions
import nacl.signing
from sqlalchemy import delete, insert, select, update

from bellhop.names import enum, keys, statement

from ..web import Problem
from .database import ACCOUNTS, AORS, AUTHS, BALANCES, CREDENTIALS, ENDPOINTS, HOLDS
from .ledger import Ledger, balance, move, rate_of

DAY, HOUR = 86400, 3600
CREDENTIAL_SECONDS, OVERLAP_SECONDS = DAY, HOUR
LOGIN_SECONDS = 60
MAX_LOGINS = 10000
MAX_TEXT_BYTES = 1000
REFUSED = "%s does not belong to this key: %s"


class Provider:
    """engine: of SQLAlchemy; resolver: has keys(name); settings: dict, see __main__; clock(): s.

    sender: has send(number, text), for messages to the telephone network.
    """

    def __init__(self, engine, resolver, settings, sender, clock, free=None):
        self.engine = engine
        self.resolver = resolver
        self.settings = settings
        self.sender = sender
        self.clock = clock
        self.ledger = Ledger(engine, clock, free)
        self.logins = {}

    # Accounts.

    def open(self, key, name, directory, said=None):
        """Open the account of a number or an address, or give its credentials anew; a dict.

        directory: its zone, "" where the address's own domain names the key; said: octets of the
        statement of an unlisted name.
        """
        name = str(name).strip().lower()
        self._check(key, name, str(directory), said)
        now = int(self.clock())
        with self.engine.begin() as db:
            row = db.execute(select(ACCOUNTS).where(ACCOUNTS.c.name == name)).first()
            other = db.execute(select(ACCOUNTS).where(ACCOUNTS.c.key == key)).first()
            if other is not None and other.name != name:
                raise Problem(409, "this key has an account for another name")
            if row is not None and row.key != key:  # The name has a new owner; the money has not.
                self._close(db, row)
                row = None
            if row is None:
                user = "u" + secrets.token_hex(6)
                new = {"user": user, "key": key, "name": name, "directory": directory}
                db.execute(insert(ACCOUNTS).values(opened=now, free_calls=0, **new))
                db.execute(insert(AORS).values(id=user, max_contacts=4, qualify_frequency=0))
                db.execute(insert(ENDPOINTS).values(**self._endpoint(user)))
            else:
                user = row.user
            return self._give(db, user, now)

    def _endpoint(self, user):
        """Return the row of Asterisk's ps_endpoints."""
        return {
            "id": user, "aors": user, "context": "house", "disallow": "all",
            "allow": "opus,g722,alaw,ulaw", "direct_media": "no", "rtp_symmetric": "yes",
            "force_rport": "yes", "rewrite_contact": "yes", "media_encryption": "sdes",
            "media_encryption_optimistic": "yes",
        }  # fmt: skip

    def _check(self, key, name, directory, said):
        """Raise Problem where the name is not proved to be the key's."""
        digits = enum.digits_of(name.encode()) if name[:1] == "+" else None
        user, at, host = name.encode().rpartition(b"@")
        if digits is None and not (at and b"." in host):
            raise Problem(400, "a name is a full number such as +49301234, or user@example.org")
        if directory and directory not in self.settings["directories"]:
            known = ", ".join(self.settings["directories"])
            raise Problem(403, "this provider believes the directories " + known)
        if said is not None and self._is_said(key, name, directory, said):
            return
        if digits is not None:
            owner = keys.of_number(digits, directory.encode())
        elif directory:
            owner = keys.of_foreign(user, host, directory.encode())
        else:
            owner = keys.of_address(user, host)
        if digits is not None and not directory:
            raise Problem(400, "a number needs the directory in which it is published")
        found, why = self.resolver.keys(owner.decode())
        if key not in [keys.base64(one.key).decode() for one in found]:
            raise Problem(403, REFUSED % (name, why or "another key is published"))

    def _is_said(self, key, name, directory, said):
        """Tell whether a statement of a directory that is believed says so."""
        found = statement.read(said, base64.b64decode(self._statement_key(directory)), _verify)
        today = int(self.clock()) // DAY
        if found is None or found.directory.decode() != directory or found.until < today:
            return False
        return found.name.decode() == name and keys.base64(found.key).decode() == key

    def _statement_key(self, directory):
        return self.settings["directories"].get(directory) or base64.b64encode(bytes(32))

    def credentials(self, key):
        """Give new credentials; the ones before are good for an hour more."""
        with self.engine.begin() as db:
            return self._give(db, self._own(db, key).user, int(self.clock()))

    def _give(self, db, user, now):
        password, id = secrets.token_urlsafe(18), "%s-%s" % (user, secrets.token_hex(4))
        domain = self.settings["domain"]
        soon = (CREDENTIALS.c.user == user) & (CREDENTIALS.c.until > now + OVERLAP_SECONDS)
        db.execute(update(CREDENTIALS).where(soon).values(until=now + OVERLAP_SECONDS))
        until = now + CREDENTIAL_SECONDS
        db.execute(insert(CREDENTIALS).values(id=id, user=user, until=until))
        row = {"id": id, "username": user, "password": password, "realm": domain}
        db.execute(insert(AUTHS).values(auth_type="userpass", **row))
        self._refresh(db, user, now)
        return {
            "user": user, "password": password, "expires": until,
            "aor": "sip:%s@%s" % (user, domain), "proxies": self.settings["proxies"],
        }  # fmt: skip

    def _refresh(self, db, user, now):
        """Let Asterisk take the credentials that are good now, the newest first."""
        over = (CREDENTIALS.c.user == user) & (CREDENTIALS.c.until <= now)
        for id in db.execute(select(CREDENTIALS.c.id).where(over)).scalars().all():
            db.execute(delete(AUTHS).where(AUTHS.c.id == id))
            db.execute(delete(CREDENTIALS).where(CREDENTIALS.c.id == id))
        asked = select(CREDENTIALS.c.id).where(CREDENTIALS.c.user == user)
        ids = db.execute(asked.order_by(CREDENTIALS.c.until.desc()).limit(2)).scalars().all()
        db.execute(update(ENDPOINTS).where(ENDPOINTS.c.id == user).values(auth=",".join(ids)))

    def age(self):
        """End credentials whose time is over, and free holds of a crash."""
        now = int(self.clock())
        with self.engine.begin() as db:
            asked = select(CREDENTIALS.c.user).where(CREDENTIALS.c.until <= now).distinct()
            for user in db.execute(asked).scalars().all():
                self._refresh(db, user, now)
        self.ledger.sweep()
        self.logins = {token: one for token, one in self.logins.items() if one[1] > now}

    def close(self, key):
        """End an account; what is left of its money is the operator's to pay back."""
        with self.engine.begin() as db:
            row = self._own(db, key)
            if db.execute(select(HOLDS.c.call).where(HOLDS.c.user == row.user)).first():
                raise Problem(409, "a call is going on: end it first")
            self._close(db, row)

    def _close(self, db, row):
        for table in ENDPOINTS, AORS:
            db.execute(delete(table).where(table.c.id == row.user))
        for id in db.execute(select(CREDENTIALS.c.id).where(CREDENTIALS.c.user == row.user)):
            db.execute(delete(AUTHS).where(AUTHS.c.id == id[0]))
        db.execute(delete(CREDENTIALS).where(CREDENTIALS.c.user == row.user))
        db.execute(delete(ACCOUNTS).where(ACCOUNTS.c.user == row.user))

    def _own(self, db, key):
        row = db.execute(select(ACCOUNTS).where(ACCOUNTS.c.key == key)).first()
        if row is None:
            raise Problem(404, "this key has no account here")
        return row

    def user_of(self, key):
        """Return the user name of a key's account; raises Problem."""
        with self.engine.begin() as db:
            return self._own(db, key).user

    def user_named(self, name):
        """Return the user name of a number or an address that has an account, or None."""
        with self.engine.begin() as db:
            return db.execute(select(ACCOUNTS.c.user).where(ACCOUNTS.c.name == name)).scalar()

    def name_of(self, user):
        """Return the number or the address of an account."""
        with self.engine.begin() as db:
            return db.execute(select(ACCOUNTS.c.name).where(ACCOUNTS.c.user == user)).scalar()

    # Money and messages.

    def show(self, key):
        """Return an account for its owner, JSON-able."""
        with self.engine.begin() as db:
            row = self._own(db, key)
            names = "user:" + row.user, "held:" + row.user
            free, held = [balance(db, name) for name in names]
        money = {"balance": free, "held": held, "currency": self.settings["currency"]}
        return dict(money, name=row.name, user=row.user)

    def rate(self, number):
        """Return what a call to a number costs, JSON-able."""
        with self.engine.begin() as db:
            row = rate_of(db, str(number))
        names = ("prefix", "place", "per_minute", "connect", "increment", "text")
        return dict(
            {name: getattr(row, name) for name in names}, currency=self.settings["currency"]
        )

    def text(self, key, to, text):
        """Send a text to the telephone network; return what it cost."""
        if not isinstance(text, str) or not 0 < len(text.encode()) <= MAX_TEXT_BYTES:
            raise Problem(400, "a text has 1 to %d octets" % MAX_TEXT_BYTES)
        if enum.digits_of(str(to).encode()) is None:
            raise Problem(400, "a text goes to a full number such as +49301234")
        now = int(self.clock())
        with self.engine.begin() as db:
            user, price = self._own(db, key).user, rate_of(db, to).text
            move(db, "user:" + user, "income", price, "text to " + to, now)
            try:  # What is not sent is not charged: the transaction ends with it.
                self.sender.send(to, text)
            except OSError:
                raise Problem(503, "no text can be sent now: try again in a minute") from None
        return price

    def login(self, key):
        """Return a word that opens the page of an account once, within a minute."""
        user = self.user_of(key)
        if len(self.logins) >= MAX_LOGINS:
            raise Problem(503, "too many pages are being opened: try again in a minute")
        token = secrets.token_urlsafe(24)
        self.logins[_digest(token)] = user, int(self.clock()) + LOGIN_SECONDS
        return token

    def use_login(self, token):
        """Return whose page a word opens; raises Problem."""
        user, until = self.logins.pop(_digest(token), (None, 0))
        if until <= self.clock():
            raise Problem(403, "this link was used, or is older than a minute: ask for another")
        return user

    def count(self):
        """Return how many accounts there are, and what they have, for the operator."""
        with self.engine.begin() as db:
            users = db.execute(select(ACCOUNTS.c.user)).scalars().all()
            rows = db.execute(select(BALANCES)).all()
        return {"accounts": len(users), "balances": {row.account: row.amount for row in rows}}


def _digest(token):
    return hashlib.sha256(str(token).encode()).digest()


def _verify(key, data, signature):
    try:
        return nacl.signing.VerifyKey(key).verify(data, signature) == data
    except (nacl.exceptions.CryptoError, ValueError, TypeError):
        return False
