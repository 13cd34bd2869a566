"""Brings the tables of a database in step with this version (Alembic), when a server starts.

A new step: a file in `directory/` or `provider/` beside the last, with `revision`,
`down_revision`, `upgrade` and `downgrade`; a database without any tables gets today's at once.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

HERE = Path(__file__).resolve().parent


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
