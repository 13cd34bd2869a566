"""Brings a zone to any name server by dynamic updates (RFC 2136), signed (RFC 8945).

For zones of some thousand names whose server does not read the directory's database. What should
stand in the zone is in the table `records` as always; the transaction that changes it notes the
names (`pending`), and they are brought one by one afterwards, again and again until they are there.
"""

import sys
from pathlib import Path

import dns.exception
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update
from sqlalchemy import delete, func, insert, select

from .database import PENDING, RECORDS, TTL

SECONDS = 10
# Names in one update: it has to fit a message of TCP.
AT_ONCE = 50
ALGORITHM = "hmac-sha256"


class Updates:
    """engine: of SQLAlchemy; zone: database.Zone; settings: server, key, secret_file."""

    def __init__(self, engine, zone, settings):
        self.engine = engine
        self.zone = zone.text() + "."
        self.host, _, port = settings["server"].rpartition(":")
        self.port = int(port)
        secret = Path(settings["secret_file"]).read_text(encoding="ascii").strip()
        self.keys = dns.tsigkeyring.from_text({settings["key"]: secret})
        self.algorithm = dns.name.from_text(settings.get("algorithm", ALGORITHM))

    def bring(self):
        """Bring what waits; return why something still waits, "" where nothing does."""
        while True:
            with self.engine.begin() as db:
                asked = select(PENDING).order_by(PENDING.c.id).limit(AT_ONCE)
                rows = db.execute(asked).all()
                names = {row.name for row in rows}
                found = RECORDS.c.name.in_(names) & RECORDS.c.type.is_not(None)
                records = db.execute(select(RECORDS).where(found)).all()
            if not rows:
                return ""
            problem = self._send(names, records)
            if problem:
                return problem
            with self.engine.begin() as db:
                db.execute(delete(PENDING).where(PENDING.c.id.in_([row.id for row in rows])))

    def _send(self, names, records):
        """Put these records in the place of all that these names have; return what is wrong."""
        made = dns.update.UpdateMessage(self.zone, keyring=self.keys, keyalgorithm=self.algorithm)
        for name in sorted(names):
            made.delete(name + ".")
        for row in records:
            made.add(row.name + ".", TTL, row.type, row.content)
        try:
            code = dns.query.tcp(made, self.host, SECONDS, self.port).rcode()
        except (OSError, EOFError, dns.exception.DNSException) as error:
            return "the name server does not take the zone: %s" % (error or type(error).__name__)
        words = "the name server refuses the zone: %s"
        return words % dns.rcode.to_text(code) if code else ""

    def tell(self):
        """Bring what waits; say on standard error why something still does, and return it."""
        problem = self.bring()
        if problem:
            print(problem, file=sys.stderr, flush=True)
        return problem

    def again(self):
        """Bring all names anew, for a server that has lost them; return how many."""
        with self.engine.begin() as db:
            whole = select(RECORDS.c.name).where(RECORDS.c.type.not_in(("SOA", "NS"))).distinct()
            db.execute(insert(PENDING).from_select(["name"], whole))
            return db.execute(select(func.count()).select_from(PENDING)).scalar()
