"""Payments are found by the number on the customer's bill, and those of a terminal that are not decided yet."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two indexes over a part of the payments each."""
    op.execute("CREATE INDEX payments_by_bill ON payments (channel_no) WHERE channel_no != ''")
    op.execute("CREATE INDEX payments_open ON payments (terminal) WHERE state IN ('unknown', 'paying', 'reversing')")


def downgrade() -> None:
    """The release before finds payments by their order numbers alone."""
    op.execute("DROP INDEX payments_open")
    op.execute("DROP INDEX payments_by_bill")
