"""Applicants: one SQL table, and what becomes of each. The node's own verbs do the rest.

asked -> (a code was typed, where there is a sender) proved -> approved, refused; or given up after
a month. In open mode who has proved his contact is approved at once.
"""

import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import socket

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    func,
    insert,
    select,
    update,
)

from ..web import Problem

META = MetaData()
APPLICANTS = Table(
    "applicants", META,
    Column("id", String(32), primary_key=True), Column("user", String(32), nullable=False),
    Column("contact", String(120), nullable=False), Column("state", String(10), nullable=False),
    Column("at", Integer, nullable=False), Column("network", String(64), nullable=False),
    Column("secret", LargeBinary(32), nullable=False), Column("code", LargeBinary(32)),
    Column("tries", Integer, nullable=False), Index("applicants_user_idx", "user"),
)  # fmt: skip
ASKED, PROVED, APPROVED, REFUSED = ("asked", "proved", "approved", "refused")
DAY, MONTH = 86400, 30 * 86400
# Of a network a day; waiting in all; tries of a code.
OF_A_NETWORK, WAITING, TRIES = 5, 500, 5
USER = re.compile(r"[a-z][a-z0-9_-]{1,30}")
CONTACT = re.compile(r"\+[1-9][0-9]{6,14}|[^@\s'\"\\]{1,64}@[A-Za-z0-9.-]{3,55}")
SECTION = "\nconfig user\n\toption name '%s'\n\toption password '%s'\n"
SECONDS = 10


class Portal:
    """node: Node; sender: has send(contact, text), or None; is_open: nobody has to approve."""

    def __init__(self, url, node, sender, is_open, clock):
        self.engine = create_engine(url)
        META.create_all(self.engine)
        self.node = node
        self.sender = sender
        self.is_open = is_open
        self.clock = clock

    def sign_up(self, user, contact, network):
        """Take an applicant; return {"id", "secret", "state"}."""
        user, contact, now = str(user).strip().lower(), str(contact).strip(), int(self.clock())
        if not USER.fullmatch(user):
            raise Problem(400, "a name has 2 to 31 letters a to z, digits, - and _")
        if not CONTACT.fullmatch(contact):
            raise Problem(400, "the contact is a number such as +49301234, or a mail address")
        if user in self.node.users():
            raise Problem(409, "somebody here has this name: take another one")
        id, secret, code = secrets.token_hex(16), secrets.token_urlsafe(24), _code()
        with self.engine.begin() as db:
            db.execute(delete(APPLICANTS).where(APPLICANTS.c.at < now - MONTH))
            of_network = (APPLICANTS.c.network == network) & (APPLICANTS.c.at > now - DAY)
            waits = APPLICANTS.c.state.in_((ASKED, PROVED))
            for found, most in ((of_network, OF_A_NETWORK), (waits, WAITING)):
                if db.execute(select(func.count()).where(found)).scalar() >= most:
                    raise Problem(429, "too many have signed up: try again tomorrow")
            taken = select(APPLICANTS.c.id).where(APPLICANTS.c.user == user, waits)
            if db.execute(taken).first():
                raise Problem(409, "somebody has asked for this name already: take another one")
            row = {"id": id, "user": user, "contact": contact, "state": ASKED, "at": now}
            row.update(network=network, secret=_hash(secret), tries=0)
            db.execute(insert(APPLICANTS).values(code=_hash(id + code), **row))
        if self.sender is not None:
            try:
                self.sender.send(contact, "Your code: %s. Not you? Ignore this." % code)
            except OSError:
                raise Problem(503, "no message can be sent now: try again later") from None
        return {"id": id, "secret": secret, "state": ASKED, "code": self.sender is not None}

    def _own(self, db, id, secret):
        row = db.execute(select(APPLICANTS).where(APPLICANTS.c.id == str(id))).first()
        if row is None or not hmac.compare_digest(row.secret, _hash(secret)):
            raise Problem(404, "there is no such applicant")
        return row

    def prove(self, id, secret, code):
        """Take a typed code; in open mode that is all."""
        with self.engine.begin() as db:
            row = self._own(db, id, secret)
            is_right = row.code is not None and hmac.compare_digest(
                row.code, _hash(row.id + str(code))
            )
            values = {"tries": row.tries + 1}
            if row.tries + 1 >= TRIES or is_right:
                values["code"] = None
            if is_right and row.state == ASKED:
                values["state"] = PROVED
            db.execute(update(APPLICANTS).where(APPLICANTS.c.id == row.id).values(**values))
        if not is_right:
            raise Problem(403, "this is not the code that was sent")
        if self.is_open:
            self.approve(row.id)
        return self.show(id, secret)

    def show(self, id, secret):
        """Return how it stands; with a link to the page, good once, when it is approved."""
        with self.engine.begin() as db:
            row = self._own(db, id, secret)
        found = {"state": row.state, "user": row.user}
        if row.state == APPROVED:
            found["link"] = self.node.link(row.user)
        return found

    # The operator.

    def waiting(self):
        """Return the applicants who wait, rows."""
        with self.engine.begin() as db:
            found = select(APPLICANTS).where(APPLICANTS.c.state.in_((ASKED, PROVED)))
            return db.execute(found.order_by(APPLICANTS.c.at)).all()

    def approve(self, id):
        """Let an applicant in: a user of the node, without any device yet."""
        with self.engine.begin() as db:
            row = db.execute(select(APPLICANTS).where(APPLICANTS.c.id == id)).first()
            if row is None or row.state not in (ASKED, PROVED):
                raise Problem(404, "there is no such applicant")
            db.execute(update(APPLICANTS).where(APPLICANTS.c.id == id).values(state=APPROVED))
            self.node.add(row.user)  # Last: what fails here takes the state back too.

    def refuse(self, id):
        """Send an applicant away."""
        with self.engine.begin() as db:
            db.execute(update(APPLICANTS).where(APPLICANTS.c.id == id).values(state=REFUSED))


class Node:
    """The node beside the portal. state: its folder; config: its file; page: URL of its page."""

    def __init__(self, state, config, page):
        self.control = os.path.join(state, "control")
        self.config = config
        self.page = page.rstrip("/")

    def ask(self, verb, **arguments):
        """Return the node's answer to a verb; raises Problem."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
                control.settimeout(SECONDS)
                control.connect(self.control)
                control.sendall(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
                answer = json.loads(control.makefile().readline())
        except (OSError, ValueError):
            raise Problem(503, "the telephone is not running: try again in a minute") from None
        if "error" in answer:
            raise Problem(409, answer["error"]["message"])
        return answer["result"]

    def users(self):
        """Return the names of the users that there are."""
        return [row["name"] for row in self.ask("users")["users"]]

    def link(self, user):
        """Return a link by which a user signs in at the page once."""
        return self.page + self.ask("pilot-link", user=user)["path"]

    def add(self, user):
        """Add a user to the configuration and put it in force; once."""
        if user not in self.users():
            with open(self.config, encoding="utf-8") as file:
                before = file.read()
            self._write(before.rstrip("\n") + "\n" + SECTION % (user, secrets.token_urlsafe(18)))
            self.ask("reload")
        if user not in self.users():
            raise Problem(503, "the telephone does not take the new user: its log says why")

    def _write(self, text):
        beside = self.config + ".new"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):
            os.chmod(beside, os.stat(self.config).st_mode & 0o777)
        os.replace(beside, self.config)


def _code():
    return "%08d" % secrets.randbelow(10**8)


def _hash(text):
    return hashlib.sha256(str(text).encode()).digest()
