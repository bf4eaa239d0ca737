"""Room in the pages of rows that every commit changes: a new version goes beside the old one, and no index moves."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Half of a page stays free for new versions."""
    for name in ("epochs", "record_days", "terminals"):
        op.execute(f"ALTER TABLE {name} SET (fillfactor = 50)")


def downgrade() -> None:
    """Pages may be filled again."""
    for name in ("epochs", "record_days", "terminals"):
        op.execute(f"ALTER TABLE {name} RESET (fillfactor)")
