"""Documents that an operator removed.

A removed document has no current snapshot (``document.snapshot_id`` is NULL), so that no view
shows its statements as standing and nothing is compared with it; ``removed_snapshot_id`` is the
one it gets back. ``document_removal`` says when each was removed or restored, and why.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("document", sa.Column("removed_at", sa.DateTime(timezone=True)))
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("document", sa.Column("removed_snapshot_id", number))
    op.create_table(
        "document_removal",
        sa.Column("id", number, nullable=False),
        sa.Column("document_id", number, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_document_removal"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name="fk_document_removal_document_id"
        ),
    )
    op.create_index(
        "ix_document_removal_document_id", "document_removal", ["document_id"], unique=False
    )
