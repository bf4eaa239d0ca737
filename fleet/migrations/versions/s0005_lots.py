"""Pushes are given in lots: what is left of them."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table; nothing is being given while the release is changed."""
    op.execute(
        "CREATE TABLE fleet_lots (rev BIGINT NOT NULL, place BIGINT NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (rev, place))"
    )


def downgrade() -> None:
    """The release before gives all at once; what is left of a push it would never give."""
    if op.get_bind().exec_driver_sql("SELECT count(*) FROM fleet_lots").scalar_one():
        raise RuntimeError("a push is being given: start the server until it is done, then stop it and go back")
    op.execute("DROP TABLE fleet_lots")
