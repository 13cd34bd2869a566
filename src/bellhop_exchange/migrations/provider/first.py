"""The tables of the first version; what is there already stays."""

from alembic import context

revision, down_revision = "first", None


def upgrade():
    """Create what is missing."""
    context.config.attributes["metadata"].create_all(context.config.attributes["connection"])


def downgrade():
    """There is nothing before."""
