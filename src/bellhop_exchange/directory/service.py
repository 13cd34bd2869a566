"""The work of a directory on its database: claims, proofs, records. No HTTP here.

Every method is one transaction: after a crash nothing is half.
"""

import base64
import contextlib
import hmac
import secrets
import threading

import nacl.exceptions
import nacl.signing
from sqlalchemy import delete, func, insert, select, update

from bellhop.errors import SipError
from bellhop.names import blind, code, enum, keys, statement, tree
from bellhop.sip import uri

from ..web import Problem
from . import bounds, claims, group, log
from .buckets import Buckets
from .claims import CHALLENGED, CONTESTED, PUBLISHED, STALE
from .database import CLAIMS, HELD, LEAVES, LOGS, number_of

DAY = 86400
STATEMENT_DAYS = 30
# What a sealed cell has room for, beside what a statement needs anyway.
TOO_LONG = "the address is too long for a statement: at most about 100 octets"
# By which ways a code goes to a number, and to an address; the first one by itself.
OF_NUMBERS, OF_ADDRESSES = ("sms", "call"), ("message",)
OBJECT = (
    "%s: the key %s wants your number and has proved that it gets your messages. Still yours? "
    "Prove it again within 7 days."
)


class Directory:
    """engine: of SQLAlchemy; zone: database.Zone; clock(): s.

    changed: is set after each step, for who brings the zone to a name server.
    ways: {"sms", "call", "message": what has send(name, text)}, those that there are.

    seed: of the statement key, 32 octets; secret: for the hashes of codes.
    """

    def __init__(self, engine, zone, ways, seed, secret, clock):
        self.engine = engine
        self.zone = zone
        self.ways = ways
        self.key = nacl.signing.SigningKey(seed)
        self.secret = secret
        self.clock = clock
        self.list_path = ""
        self.changed = threading.Event()
        self.tag_key = tag_key(secret)
        self.buckets = Buckets(engine, secret, self.statement, clock)
        with engine.begin() as db:
            zone.create(db)
            log.create(db)

    @contextlib.contextmanager
    def _writing(self):
        """Begin a transaction that no other one that changes claims runs beside."""
        with self.engine.begin() as db:
            db.execute(update(LOGS).values(size=LOGS.c.size))
            yield db
        self.changed.set()

    # Claims.

    def claim(self, key, name, network, how=""):
        """Begin a claim, or send another code for one; return it as `show` does, and how it went.

        how: the way of the code, "" for the usual one.
        """
        now, name = self.clock(), checked(name)
        how, offered = self._way(name, how)
        digits = "%0*d" % (code.DIGITS, secrets.randbelow(10**code.DIGITS))
        with self._writing() as db:
            self._age(db, now)
            bounds.check(db, name, network, now)
            row = self._of(db, name, key)
            if row is not None and row.state == claims.REFUSED and row.until > now:
                raise Problem(409, "the owner has defended this number: try again in 30 days")
            id = secrets.token_hex(16) if row is None else row.id
            values = {
                "code": self._hash(id, digits),
                "tries": 0,
                "until": now + claims.CODE_SECONDS,
            }
            if row is None:
                new = dict(values, id=id, name=name, key=key, state=CHALLENGED)
                db.execute(insert(CLAIMS).values(**new))
            elif row.state in HELD or row.state == CONTESTED:
                db.execute(
                    update(CLAIMS).where(CLAIMS.c.id == id).values(code=values["code"], tries=0)
                )
            else:
                again = dict(values, state=CHALLENGED)
                db.execute(update(CLAIMS).where(CLAIMS.c.id == id).values(**again))
            bounds.note(db, name, network, now)
        try:
            self.ways[how].send(name, code.write(self.zone.text(), digits, key))
        except OSError:
            raise Problem(503, "no message can be sent now: try again in a minute") from None
        return dict(self.show(key, id), how=how, ways=offered)

    def _way(self, name, how):
        """Return (the way of a code to a name, all that there are); raises Problem."""
        fit = OF_ADDRESSES if number_of(name) is None else OF_NUMBERS
        offered = [one for one in fit if one in self.ways]
        if not offered:
            raise Problem(400, "this directory cannot reach names like that: it sends no code")
        if how and how not in offered:
            raise Problem(400, "codes go to names like that by: " + ", ".join(offered))
        return how or offered[0], offered

    def prove(self, key, id, typed):
        """Take a typed code; return the claim as `show` does, with its statement if published."""
        now = self.clock()
        with self._writing() as db:
            self._age(db, now)
            row = self._own(db, key, id)
            if row.code is None:
                raise Problem(410, "this code was used, or is too old: ask for another one")
            if not hmac.compare_digest(row.code, self._hash(id, str(typed))):
                self._wrong(db, row)
                problem = Problem(403, "this is not the code that was sent last")
            else:
                problem = None
                db.execute(
                    update(CLAIMS).where(CLAIMS.c.id == id).values(code=None, tries=0, proved=now)
                )
                bounds.proved(db, row.name)
                self._proved(db, row, now)
        if problem is not None:
            raise problem
        return self.show(key, id)

    def _wrong(self, db, row):
        values = {"tries": row.tries + 1}
        if row.tries + 1 >= claims.CODE_TRIES:
            values["code"] = None
        db.execute(update(CLAIMS).where(CLAIMS.c.id == row.id).values(**values))

    def _proved(self, db, row, now):
        """The key of a claim has proved that the name is its owner's."""
        if row.state in HELD:
            for other in self._others(db, row, (CONTESTED,)):
                self._step(db, other, claims.DEFENDED, now)
            self._step(db, row, claims.RENEWED, now)
            return
        held = self._others(db, row, (PUBLISHED,))
        stale = self._others(db, row, (STALE,))
        for other in stale:
            self._step(db, other, claims.LOST, now)
        self._step(db, row, claims.TAKEN if held else claims.FREE, now)

    def remove(self, key, id):
        """Its owner ends a claim."""
        with self._writing() as db:
            self._step(db, self._own(db, key, id), claims.DELETED, self.clock())

    def show(self, key, id):
        """Return a claim for its owner, JSON-able."""
        with self._writing() as db:
            self._age(db, self.clock())
            row = self._own(db, key, id)
            found = {"claim": id, "name": row.name, "state": row.state, "expires": row.until}
            if row.state in HELD:
                found["owner"] = self.zone.key_name(row.name)
                found["statement"] = base64.b64encode(self.statement(row, db)).decode()
            return found

    # What is published.

    def put(self, key, name, address, floor, listed=True):
        """Say which address the number of a published key has, and the floor of its proofs.

        listed: whether it stands in the DNS, where anybody can look it up, or in the buckets alone.
        """
        with self._writing() as db:
            row = self._published(db, key, checked(name))
            if number_of(row.name) is None and address:
                raise Problem(400, "an address has no other address")
            if address and not _is_address(address):
                raise Problem(400, "an address is a SIP URI with a user, such as sip:a@example.org")
            if not row.floor <= floor <= keys.MAX_SEQUENCE:
                raise Problem(409, "the sequence may not go back below %d" % row.floor)
            values = {"address": address, "floor": floor, "listed": listed}
            db.execute(update(CLAIMS).where(CLAIMS.c.id == row.id).values(**values))
            row = self._own(db, key, row.id)
            if len(self.statement(row)) > blind.ROOM_BYTES:
                raise Problem(400, TOO_LONG)
            self._publish(db, row)

    def succeed(self, key, name, new, proof):
        """A published key hands its name to another one, which signs that it takes it."""
        octets = b"bellhop succession " + base64.b64decode(key) + base64.b64decode(new)
        try:
            nacl.signing.VerifyKey(base64.b64decode(new)).verify(octets, base64.b64decode(proof))
        except (nacl.exceptions.CryptoError, ValueError, TypeError):
            raise Problem(403, "the new key has not signed that it takes the name") from None
        now = self.clock()
        with self._writing() as db:
            row = self._published(db, key, checked(name))
            other = self._of(db, row.name, new)
            if other is not None:
                db.execute(delete(CLAIMS).where(CLAIMS.c.id == other.id))
            made = dict(row._mapping, id=secrets.token_hex(16), key=new, code=None, tries=0)
            db.execute(insert(CLAIMS).values(**made))
            self._step(db, row, claims.SUCCEEDED, now)
            self.buckets.withdraw(db, row)
            self._publish(db, self._own(db, new, made["id"]))
            return made["id"]

    def statement(self, row, db=None):
        """Return the signed statement of a published claim, octets; with db: and the log's head."""
        until = int(self.clock()) // DAY + STATEMENT_DAYS
        key, name, address = base64.b64decode(row.key), row.name.encode(), row.address.encode()
        head = b"" if db is None else tree.write_head(self._head(db))
        said = statement.Statement(self.zone.name, until, key, name, row.floor, address, head)
        return statement.write(said, self._sign)

    def _sign(self, octets):
        return self.key.sign(octets).signature

    def _publish(self, db, row):
        if row.listed:
            self.zone.publish(db, row.name, row.key, row.floor, row.address)
        else:
            self.zone.withdraw(db, row.name)
        self.buckets.publish(db, row)
        leaf = tree.leaf(self._tag(row.name)[1], base64.b64decode(row.key), row.floor)
        last = select(LEAVES.c.leaf).where(LEAVES.c.tag == leaf[: tree.HASH_BYTES])
        if db.execute(last.order_by(LEAVES.c.id.desc()).limit(1)).scalar() != leaf:
            log.append(db, leaf)

    def _withdraw(self, db, row):
        self.zone.withdraw(db, row.name)
        self.buckets.withdraw(db, row)

    def is_held(self, key):
        """Tell whether a key is published for any name."""
        with self.engine.begin() as db:
            asked = select(CLAIMS.c.id).where(CLAIMS.c.key == key, CLAIMS.c.state.in_(HELD))
            return db.execute(asked.limit(1)).first() is not None

    # The public log.

    def _tag(self, name):
        """Return (octets of the evaluated point, tag) of a name."""
        text = name.encode()
        point = self.buckets.group.point_of(text, blind.PROVED)
        found = self.buckets.group.evaluate(point, self.tag_key)
        return found, blind.tag_of(text, found, group.sha512)

    def _head(self, db):
        size = log.size_of(db)
        return tree.Head(size, int(self.clock()), log.root(db, size))

    def signed_list(self):
        """Return the octets of the keepers' list; raises Problem where none is carried."""
        try:
            with open(self.list_path, "rb") as file:
                return file.read()
        except OSError:
            raise Problem(404, "this directory carries no list") from None

    def head(self):
        """Return the signed head of the log, octets."""
        with self.engine.begin() as db:
            return tree.sign_head(self._head(db), self._sign)

    def leaves(self, first):
        """Return (signed head, some leaves from one on, the peaks of what is before it)."""
        with self.engine.begin() as db:
            head = self._head(db)
            first = min(first, head.size)
            found = log.leaves(db, first, head.size), log.peaks(db, first)
            return tree.sign_head(head, self._sign), *found

    def consistency(self, old, size):
        """Return the hashes that prove that the log of `size` begins with that of `old`."""
        with self.engine.begin() as db:
            return log.consistency(db, old, size)

    def evidence(self, name, key=None, said=None):
        """Return what proves that a published name stands in the log; key: its own, if unlisted.

        said: the second half of the leaf that is asked for, or None for the last one of the name.
        A dict: point, proof: of the tag; index, path: of the leaf; head.
        """
        with self.engine.begin() as db:
            asked = select(CLAIMS).where(CLAIMS.c.name == checked(name), CLAIMS.c.state.in_(HELD))
            row = db.execute(asked).first()
            if row is None or not (row.listed or row.key == key):
                raise Problem(404, "this name is not in the public part of the directory")
            point, tag = self._tag(row.name)
            found = log.of_tag(db, tag)
            found = [index for index, leaf in found if said in (None, leaf[tree.HASH_BYTES :])]
            if not found:
                raise Problem(409, "this name was never published with that key")
            index = found[0]
            head = self._head(db)
            path = log.inclusion(db, index, head.size)
        random = blind.scalar_of(secrets.token_bytes(64))
        proof = blind.prove(row.name.encode(), point, self.tag_key, random, group.sha512)
        head = tree.sign_head(head, self._sign)
        return {"point": point, "proof": proof, "index": index, "path": path, "head": head}

    # Parts.

    def _step(self, db, row, event, now):
        state, effects = claims.step(row.state, event)
        values = {"state": state}
        if state != row.state or event == claims.RENEWED:
            values["until"] = claims.until(state, now)
        db.execute(update(CLAIMS).where(CLAIMS.c.id == row.id).values(**values))
        for effect in effects:
            if effect == claims.PUBLISH:
                for other in self._others(db, row, HELD):
                    self._step(db, other, claims.LOST, now)
                self._publish(db, self._own(db, row.key, row.id))
            elif effect == claims.WITHDRAW:
                self._withdraw(db, row)
            elif effect == claims.TELL_OWNER:
                self._tell(row.name, OBJECT % (self.zone.text(), row.key[:8]))
            elif effect == claims.REMIND:
                self._tell(row.name, "%s: prove your number again, it is a year" % self.zone.text())

    def _tell(self, name, text):
        try:
            self.ways[self._way(name, "")[0]].send(name, text)
        except (OSError, Problem):
            pass  # The claim itself shows it.

    def age(self):
        """Let states end whose time is over."""
        with self._writing() as db:
            self._age(db, self.clock())

    def _age(self, db, now):
        """Let states end whose time is over, the oldest first."""
        over = select(CLAIMS).where(CLAIMS.c.until <= now, CLAIMS.c.state.in_(list(claims.ENDS)))
        row = db.execute(over.order_by(CLAIMS.c.until).limit(1)).first()
        while row is not None:  # One by one: the end of one may be that of another.
            self._step(db, row, claims.ENDS[row.state], now)
            row = db.execute(over.order_by(CLAIMS.c.until).limit(1)).first()

    def _others(self, db, row, states):
        asked = select(CLAIMS).where(
            CLAIMS.c.name == row.name, CLAIMS.c.id != row.id, CLAIMS.c.state.in_(states)
        )
        return db.execute(asked).all()

    def _of(self, db, name, key):
        asked = select(CLAIMS).where(CLAIMS.c.name == name, CLAIMS.c.key == key)
        return db.execute(asked).first()

    def _own(self, db, key, id):
        row = db.execute(select(CLAIMS).where(CLAIMS.c.id == id, CLAIMS.c.key == key)).first()
        if row is None:
            raise Problem(404, "this key has no such claim")
        return row

    def _published(self, db, key, name):
        row = self._of(db, name, key)
        if row is None or row.state not in HELD:
            raise Problem(403, "this key is not published for that name")
        return row

    def _hash(self, id, digits):
        return hmac.digest(self.secret, (id + digits).encode(), "sha256")

    def count(self):
        """Return how many claims are in each state."""
        with self.engine.begin() as db:
            asked = select(CLAIMS.c.state, func.count()).group_by(CLAIMS.c.state)
            return dict(db.execute(asked).all())


def tag_key(secret):
    """Return the scalar of the log's tags."""
    return blind.scalar_of(hmac.digest(secret, b"tags", "sha512"))


def checked(name):
    """Return a number or an address in its one form; raises Problem."""
    name = str(name).strip().lower()
    if enum.digits_of(name.encode()) is not None:
        return name
    user, at, host = name.partition("@")
    if at and "." in host and len(name) <= 255 and _is_address("sip:" + name):
        return name
    raise Problem(400, "a name is a full number such as +49301234, or user@example.org")


def _is_address(text):
    try:
        found = uri.parse(text.encode("ascii"))
    except (SipError, UnicodeError):
        return False
    is_plain = found.headers is None and found.password is None and "!" not in text
    return found.scheme in (b"sip", b"sips") and found.user is not None and is_plain
