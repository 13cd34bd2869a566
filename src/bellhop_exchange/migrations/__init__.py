"""Opens a database, and brings its tables in step with this version (Alembic).

A new step: a file in `directory/` or `provider/` beside the last, with `revision`,
`down_revision`, `upgrade` and `downgrade`; a database without any tables gets today's at once.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event, inspect

HERE = Path(__file__).resolve().parent


def connect(url, metadata, role, wait_ms):
    """Return a SQLAlchemy engine with all tables of a role; wait_ms: of a writer for another one.

    In SQLite others read while one writes, and what was committed is on the disk.
    """
    engine = create_engine(url)
    if url.startswith("sqlite"):
        event.listen(engine, "connect", lambda connection, _: _make_durable(connection, wait_ms))
        event.listen(engine, "begin", lambda db: db.exec_driver_sql("BEGIN IMMEDIATE"))
    bring(engine, metadata, role)
    return engine


def _make_durable(connection, wait_ms):
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=%d" % wait_ms)
    cursor.close()


def bring(engine, metadata, role):
    """Create or upgrade the tables of a role: "directory" or "provider"."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("version_locations", str(HERE / role))
    config.set_main_option("path_separator", "os")
    own = [name for name in metadata.tables if name not in ("domains", "records")]
    with engine.begin() as db:
        config.attributes.update(connection=db, metadata=metadata, role=role)
        if inspect(db).has_table(own[0]):
            command.upgrade(config, "head")
        else:
            metadata.create_all(db)
            command.stamp(config, "head")
