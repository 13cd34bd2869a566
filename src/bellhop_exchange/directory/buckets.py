"""Statements for who asks blindly (RFC 9497): each day anew, sealed, in buckets of one length.

A name is looked up by a point that says nothing of it; the answer leads to a bucket of about a
hundred cells and opens one. Each guess of a number costs an evaluation, and those are counted.
"""

import hashlib
import hmac
import secrets

from nacl import bindings
from sqlalchemy import delete, func, insert, select, update

from bellhop.names import blind

from ..web import Problem
from . import group
from .database import CELLS, CLAIMS, EPOCHS, HELD

DAY = 86400
CELLS_OF_A_BUCKET, PAD, STEP = 100, 128, 32
# Cells that are made in one transaction, so that claims go on beside it.
AT_ONCE = 500
MOST_POINTS = 32
# Days since 1970, as the database can count them.
MAX_EPOCH = 2**31 - 1


class Buckets:
    """secret: of this directory; statement_of(row of CLAIMS): octets; clock(): seconds."""

    def __init__(self, engine, secret, statement_of, clock):
        self.engine = engine
        self.secret = secret
        self.statement_of = statement_of
        self.clock = clock
        self.group = group.best()

    def key(self, epoch):
        """Return the scalar of a day."""
        return blind.scalar_of(hmac.digest(self.secret, b"blind %d" % epoch, "sha512"))

    def evaluate(self, points):
        """Return {"epoch", "buckets", "points"}; points: list of octets; raises Problem."""
        if not 0 < len(points) <= MOST_POINTS:
            raise Problem(400, "a question has 1 to %d points" % MOST_POINTS)
        with self.engine.begin() as db:
            row = self._current(db)
        key = self.key(row.epoch)
        try:
            found = [self.group.evaluate(point, key) for point in points]
        except ValueError:
            raise Problem(400, "a point is 32 octets of ristretto255 in base64") from None
        return {"epoch": row.epoch, "buckets": row.buckets, "points": found}

    def bucket(self, epoch, number):
        """Return the octets of a bucket; raises Problem."""
        with self.engine.begin() as db:
            asked = select(EPOCHS).where(EPOCHS.c.epoch == epoch)
            row = db.execute(asked).first() if epoch <= MAX_EPOCH else None
            if row is None or not row.is_whole or not 0 <= number < row.buckets:
                raise Problem(404, "there is no such bucket: ask for its number anew")
            asked = select(CELLS.c.cell).where(CELLS.c.epoch == epoch, CELLS.c.bucket == number)
            cells = list(db.execute(asked).scalars())
        room = PAD
        while room < len(cells):
            room += STEP
        for at in range(room - len(cells)):  # The same each time, so that they cannot be told.
            mark = self.secret + b"pad %d %d %d" % (epoch, number, at)
            cells.append(hashlib.shake_256(mark).digest(blind.CELL_BYTES))
        return b"".join(sorted(cells))

    # Filling them.

    def _current(self, db):
        whole = select(EPOCHS).where(EPOCHS.c.is_whole.is_(True))
        row = db.execute(whole.order_by(EPOCHS.c.epoch.desc()).limit(1)).first()
        if row is None:
            raise Problem(503, "the sealed statements are being made: try again in a minute")
        return row

    def prepare(self):
        """Make the buckets of today where there are none; return how many cells were made."""
        epoch, made = int(self.clock()) // DAY, 0
        with self.engine.begin() as db:
            row = db.execute(select(EPOCHS).where(EPOCHS.c.epoch == epoch)).first()
            if row is None:
                asked = select(func.count()).where(CLAIMS.c.state.in_(HELD))
                buckets = max(1, db.execute(asked).scalar() // CELLS_OF_A_BUCKET)
                db.execute(insert(EPOCHS).values(epoch=epoch, buckets=buckets, is_whole=False))
            elif row.is_whole:
                return 0
        while True:
            with self.engine.begin() as db:
                count = self._fill(db, epoch)
                if not count:
                    whole = update(EPOCHS).where(EPOCHS.c.epoch == epoch).values(is_whole=True)
                    db.execute(whole)
                    for table in EPOCHS, CELLS:  # Yesterday's serve who has just asked.
                        db.execute(delete(table).where(table.c.epoch < epoch - 1))
                    return made
            made += count

    def _fill(self, db, epoch):
        """Make the next cells of an epoch; return how many."""
        there = select(CELLS.c.claim).where(CELLS.c.epoch == epoch, CELLS.c.claim == CLAIMS.c.id)
        asked = select(CLAIMS).where(CLAIMS.c.state.in_(HELD), ~there.exists()).limit(AT_ONCE)
        rows = db.execute(asked).all()
        for row in rows:
            self._add(db, epoch, row)
        return len(rows)

    def _add(self, db, epoch, row):
        buckets = select(EPOCHS.c.buckets).where(EPOCHS.c.epoch == epoch)
        number, cell = self._sealed(row, epoch, db.execute(buckets).scalar())
        db.execute(insert(CELLS).values(epoch=epoch, bucket=number, claim=row.id, cell=cell))

    def _sealed(self, row, epoch, buckets):
        """Return (number of the bucket, cell) of a claim."""
        name = row.name.encode()
        point = self.group.evaluate(self.group.point_of(name), self.key(epoch))
        found = blind.output(name, point, group.sha512)
        number, key = blind.place(found, buckets, group.sha512)
        octets, nonce = self.statement_of(row), secrets.token_bytes(blind.NONCE_BYTES)

        def lock(key, nonce, data):
            return bindings.crypto_secretbox(data, nonce, key)

        return number, blind.seal(octets, key, nonce, lock)

    def publish(self, db, row):
        """Put what a published name says in place of what it said."""
        self.withdraw(db, row)
        for epoch in db.execute(select(EPOCHS.c.epoch)).scalars().all():
            self._add(db, epoch, row)

    def withdraw(self, db, row):
        """Take a name away."""
        db.execute(delete(CELLS).where(CELLS.c.claim == row.id))
