"""Names that wait for a name server that takes updates."""

from alembic import context

revision, down_revision = "pending", "first"


def upgrade():
    """Create the table."""
    attributes = context.config.attributes
    attributes["metadata"].tables["pending"].create(attributes["connection"], checkfirst=True)


def downgrade():
    """Take it away."""
    attributes = context.config.attributes
    attributes["metadata"].tables["pending"].drop(attributes["connection"])
