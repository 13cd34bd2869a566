"""The provider's tables: accounts, a ledger of double entries, rates; those that Asterisk reads.

Money is whole millionths of one currency. `ps_endpoints`, `ps_auths` and `ps_aors` are Asterisk's
realtime tables: what stands there is in force with the next request, without a reload.
"""

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
)  # fmt: skip

from .. import migrations

META = MetaData()
ACCOUNTS = Table(
    "accounts", META,
    Column("user", String(40), primary_key=True),
    Column("key", String(44), nullable=False, unique=True),
    Column("name", String(320), nullable=False, unique=True),
    Column("directory", String(255), nullable=False),
    Column("opened", BigInteger, nullable=False), Column("free_calls", Integer, nullable=False),
)  # fmt: skip
# Credentials of SIP, each good until a time.
CREDENTIALS = Table(
    "credentials", META,
    Column("id", String(60), primary_key=True), Column("user", String(40), nullable=False),
    Column("until", BigInteger, nullable=False), Index("credentials_user_idx", "user"),
)  # fmt: skip
# What each account of the ledger has; the sum over all is always zero.
BALANCES = Table(
    "balances", META,
    Column("account", String(60), primary_key=True), Column("amount", BigInteger, nullable=False),
)  # fmt: skip
ENTRIES = Table(
    "entries", META,
    Column("id", Integer, primary_key=True), Column("at", BigInteger, nullable=False),
    Column("debit", String(60), nullable=False), Column("credit", String(60), nullable=False),
    Column("amount", BigInteger, nullable=False), Column("why", String(120), nullable=False),
    Index("entries_debit_idx", "debit"), Index("entries_credit_idx", "credit"),
)  # fmt: skip
HOLDS = Table(
    "holds", META,
    Column("call", String(120), primary_key=True), Column("user", String(40), nullable=False),
    Column("number", String(40), nullable=False), Column("amount", BigInteger, nullable=False),
    Column("rate", String(16), nullable=False), Column("began", BigInteger, nullable=False),
    Column("seconds", Integer, nullable=False), Column("is_free", Boolean, nullable=False),
    Column("system", String(60), nullable=False), Column("sequence", BigInteger, nullable=False),
    Index("holds_user_idx", "user"),
)  # fmt: skip
CALLS = Table(
    "calls", META,
    Column("call", String(120), primary_key=True), Column("user", String(40), nullable=False),
    Column("number", String(40), nullable=False), Column("began", BigInteger, nullable=False),
    Column("seconds", Integer, nullable=False), Column("cost", BigInteger, nullable=False),
    Column("why", String(60), nullable=False), Index("calls_user_idx", "user", "began"),
)  # fmt: skip
# per_minute, connect: millionths; increment: seconds that are charged at once.
RATES = Table(
    "rates", META,
    Column("prefix", String(16), primary_key=True), Column("place", String(80), nullable=False),
    Column("per_minute", BigInteger, nullable=False), Column("connect", BigInteger, nullable=False),
    Column("increment", Integer, nullable=False), Column("text", BigInteger, nullable=False),
)  # fmt: skip
VOUCHERS = Table(
    "vouchers", META,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("amount", BigInteger, nullable=False), Column("used_by", String(40)),
)  # fmt: skip
PAYMENTS = Table(
    "payments", META,
    Column("id", String(32), primary_key=True), Column("user", String(40), nullable=False),
    Column("amount", BigInteger, nullable=False), Column("paid", BigInteger),
)  # fmt: skip
# Asterisk's, with the columns of its own schema that are used.
ENDPOINTS = Table(
    "ps_endpoints", META,
    Column("id", String(40), primary_key=True), Column("transport", String(40)),
    Column("aors", String(200)), Column("auth", String(200)), Column("context", String(40)),
    Column("disallow", String(200)), Column("allow", String(200)),
    Column("direct_media", String(3)), Column("rtp_symmetric", String(3)),
    Column("force_rport", String(3)), Column("rewrite_contact", String(3)),
    Column("media_encryption", String(10)), Column("media_encryption_optimistic", String(3)),
)  # fmt: skip
AUTHS = Table(
    "ps_auths", META,
    Column("id", String(60), primary_key=True), Column("auth_type", String(12)),
    Column("username", String(40)), Column("password", String(80)), Column("realm", String(255)),
)  # fmt: skip
AORS = Table(
    "ps_aors", META,
    Column("id", String(40), primary_key=True), Column("max_contacts", Integer),
    Column("remove_existing", String(3)), Column("qualify_frequency", Integer),
)  # fmt: skip


# A writer waits so long for another one, ms.
WAIT_MS = 10000


def connect(url):
    """Return a SQLAlchemy engine with all tables."""
    return migrations.connect(url, META, "provider", WAIT_MS)
