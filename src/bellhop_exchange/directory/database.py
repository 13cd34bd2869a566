"""The directory's tables, in one database with those of PowerDNS: publishing is one transaction.

PowerDNS reads `domains` and `records`; its own schema makes them where it has a database already.
"""

import base64

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    delete,
    insert,
    select,
)  # fmt: skip

from bellhop.names import enum, keys, statement

from .. import migrations
from .claims import PUBLISHED, STALE

# Claims in these states stand in the DNS, or in the buckets alone.
HELD = (PUBLISHED, STALE)
META = MetaData()
DOMAINS = Table(
    "domains", META,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("master", String(128)), Column("last_check", Integer),
    Column("type", String(8), nullable=False), Column("notified_serial", Integer),
    Column("account", String(40)), Column("options", Text), Column("catalog", String(255)),
)  # fmt: skip
RECORDS = Table(
    "records", META,
    Column("id", Integer, primary_key=True),
    Column("domain_id", Integer), Column("name", String(255)), Column("type", String(10)),
    Column("content", Text), Column("ttl", Integer), Column("prio", Integer),
    Column("disabled", Boolean, default=False), Column("ordername", String(255)),
    Column("auth", Boolean, default=True),
    Index("records_lookup_idx", "name", "type"),
    Index("records_order_idx", "domain_id", "ordername"),
)  # fmt: skip
CLAIMS = Table(
    "claims", META,
    Column("id", String(32), primary_key=True),
    Column("name", String(320), nullable=False), Column("key", String(44), nullable=False),
    Column("state", String(12), nullable=False), Column("until", BigInteger),
    Column("code", LargeBinary(32)), Column("tries", Integer, nullable=False, default=0),
    Column("floor", BigInteger, nullable=False, default=0),
    Column("listed", Boolean, nullable=False, default=True),
    Column("address", String(255), nullable=False, default=""),
    Column("proved", BigInteger, nullable=False, default=0),
    Index("claims_name_idx", "name"), Index("claims_until_idx", "until"),
    Index("claims_key_idx", "key"),
    UniqueConstraint("name", "key"),
)  # fmt: skip
SENT = Table(
    "sent", META,
    Column("id", Integer, primary_key=True), Column("at", BigInteger, nullable=False),
    Column("name", String(320), nullable=False), Column("network", String(64), nullable=False),
    Column("prefix", String(8), nullable=False), Column("is_proved", Boolean, default=False),
    Index("sent_at_idx", "at"),
)  # fmt: skip
# The public log: how many leaves there are, the leaves, the hashes of whole subtrees.
LOGS = Table(
    "logs",
    META,
    Column("id", Integer, primary_key=True),
    Column("size", BigInteger, nullable=False),
)
LEAVES = Table(
    "leaves", META,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False), Column("tag", LargeBinary(32), nullable=False),
    Index("leaves_tag_idx", "tag"),
)  # fmt: skip
NODES = Table(
    "nodes", META,
    Column("level", Integer, primary_key=True), Column("at", BigInteger, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
)  # fmt: skip
# Sealed statements for who asks blindly, a day's together.
EPOCHS = Table(
    "epochs", META,
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("buckets", Integer, nullable=False), Column("is_whole", Boolean, nullable=False),
)  # fmt: skip
CELLS = Table(
    "cells", META,
    Column("epoch", Integer, primary_key=True), Column("claim", String(32), primary_key=True),
    Column("bucket", Integer, nullable=False), Column("cell", LargeBinary, nullable=False),
    Index("cells_bucket_idx", "epoch", "bucket"), Index("cells_claim_idx", "claim"),
)  # fmt: skip
# Names that a name server which takes updates has still to hear of (updates.py).
PENDING = Table(
    "pending", META,
    Column("id", Integer, primary_key=True), Column("name", String(255), nullable=False),
)  # fmt: skip
TTL = 300


# A writer waits so long for another one, ms.
WAIT_MS = 20000


def connect(url):
    """Return a SQLAlchemy engine with all tables."""
    return migrations.connect(url, META, "directory", WAIT_MS)


class Zone:
    """The directory's zone. name: octets, without a dot at the end.

    tag_key: the public key of the log's tags, octets; is_told: whether the name server has to be
    told of changes, because it does not read this database.
    """

    def __init__(self, name, servers, statement_key, api, tag_key=b"", is_told=False):
        self.name = name
        self.servers = servers
        self.head = keys.base64(statement_key).decode(), api
        self.tag_key = keys.base64(tag_key).decode()
        self.is_told = is_told

    def create(self, db):
        """Make the zone where there is none, and say in it what this directory is now."""
        if db.execute(select(DOMAINS.c.id).where(DOMAINS.c.name == self.text())).first():
            self._describe(db)
            return
        db.execute(insert(DOMAINS).values(name=self.text(), type="NATIVE"))
        soa = "%s hostmaster.%s 1 3600 600 86400 60" % (self.servers[0], self.text())
        self._add(db, self.text(), "SOA", soa)
        for server in self.servers:
            self._add(db, self.text(), "NS", server)
        self._describe(db)

    def _describe(self, db):
        key, api = self.head
        name, tag = (statement.LABEL + self.name).decode(), "; t=" + self.tag_key
        content = '"v=bh1; k=ed25519; p=%s; api=%s%s"' % (key, api, tag)
        asked = select(RECORDS.c.content).where(RECORDS.c.name == name, RECORDS.c.type == "TXT")
        if db.execute(asked).scalars().all() != [content]:
            db.execute(delete(RECORDS).where(RECORDS.c.name == name))
            self._add(db, name, "TXT", content)
            self._tell(db, [name])

    def text(self):
        """Return the zone's name as text."""
        return self.name.decode()

    def publish(self, db, name, key, floor, address):
        """Put the records of a name in place of those that are there."""
        self.withdraw(db, name)
        published = keys.Published(base64.b64decode(key), floor)
        self._add(db, self.key_name(name), "TXT", '"%s"' % keys.text(published).decode())
        number = number_of(name)
        if number and address:
            rule = '100 10 "u" "E2U+sip" "!^.*$!%s!" .' % address
            self._add(db, enum.owner(number, b"e164." + self.name).decode(), "NAPTR", rule)

    def withdraw(self, db, name):
        """Take the records of a name away; empty names between stay as long as others need them."""
        names = [self.key_name(name)]
        number = number_of(name)
        if number:
            names.append(enum.owner(number, b"e164." + self.name).decode())
        for one in names:
            db.execute(delete(RECORDS).where(RECORDS.c.name == one, RECORDS.c.type.is_not(None)))
            self._prune(db, one)
        self._tell(db, names)

    def _tell(self, db, names):
        """Note that the name server has to hear of these names."""
        if self.is_told:
            db.execute(insert(PENDING), [{"name": name} for name in names])

    def key_name(self, name):
        """Return where the key of a number or an address stands."""
        number = number_of(name)
        if number:
            return keys.of_number(number, self.name).decode()
        user, _, host = name.encode().rpartition(b"@")
        return keys.of_foreign(user, host, self.name).decode()

    def _above(self, name):
        """Yield the names between one and the zone, which must be there too (RFC 8020)."""
        labels = name.split(".")
        for at in range(1, len(labels) - self.text().count(".") - 1):
            yield ".".join(labels[at:])

    def _add(self, db, name, kind, content):
        domain = select(DOMAINS.c.id).where(DOMAINS.c.name == self.text()).scalar_subquery()
        row = {"domain_id": domain, "ttl": TTL, "auth": True, "disabled": False}
        order = _order(name)
        new = insert(RECORDS).values(name=name, type=kind, content=content, ordername=order, **row)
        db.execute(new)
        db.execute(delete(RECORDS).where(RECORDS.c.name == name, RECORDS.c.type.is_(None)))
        for above in self._above(name):
            if not db.execute(select(RECORDS.c.id).where(RECORDS.c.name == above).limit(1)).first():
                order = _order(above)
                db.execute(insert(RECORDS).values(name=above, type=None, ordername=order, **row))

    def _prune(self, db, name):
        """Take away the empty names above one that nobody needs any more."""
        for above in [name, *self._above(name)]:
            order = _order(above)
            own = (RECORDS.c.name == above) & RECORDS.c.type.is_not(None)
            below = (RECORDS.c.ordername > order + " ") & (RECORDS.c.ordername < order + "!")
            for kept in own, below:
                if db.execute(select(RECORDS.c.id).where(kept).limit(1)).first():
                    return
            db.execute(delete(RECORDS).where(RECORDS.c.name == above))


def _order(name):
    """Return a name with its labels reversed: what is below it stands behind it.

    PowerDNS, whose NSEC3 is narrow here, does not look at this column.
    """
    return " ".join(reversed(name.split(".")))


def number_of(name):
    """Return the digits of a name that is a number, or None."""
    return enum.digits_of(name.encode()) if name[:1] == "+" else None
