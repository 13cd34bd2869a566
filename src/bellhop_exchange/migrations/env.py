"""What Alembic runs: the steps of one role, in the transaction of `migrations.bring`."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"], target_metadata=attributes["metadata"],
    version_table="version_of_" + attributes["role"],
)  # fmt: skip
context.run_migrations()
