"""What a person has dealt with, and who has not said that it has its settings back (SQLite's version 9)."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table that is only ever added to, and an index."""
    op.execute(
        """
        CREATE TABLE fleet_dealt (
            terminal TEXT COLLATE "C" NOT NULL, epoch BIGINT NOT NULL, seq BIGINT NOT NULL,
            digest TEXT COLLATE "C" NOT NULL, at_ms BIGINT NOT NULL, who TEXT COLLATE "C" NOT NULL,
            note TEXT COLLATE "C" NOT NULL, PRIMARY KEY (terminal, epoch, seq, digest)
        )
        """
    )
    op.execute(
        "CREATE TRIGGER fleet_dealt_kept BEFORE UPDATE OR DELETE ON fleet_dealt "
        "FOR EACH ROW EXECUTE FUNCTION fleet_added_only()"
    )
    op.execute(
        "CREATE INDEX fleet_rollout_terminals_unreverted ON fleet_rollout_terminals (rollout) "
        "WHERE state = 'unreverted'"
    )


def downgrade() -> None:
    """As if nothing had been dealt with."""
    op.execute("DROP INDEX fleet_rollout_terminals_unreverted")
    op.execute("DROP TABLE fleet_dealt")
