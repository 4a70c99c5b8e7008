"""One article under several spellings of its address; what a list showed when it was read last."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The daemon fills it at its next start: what an identity is, monitor.urls knows.
    op.add_column("address", sa.Column("identity", sa.Text(), nullable=True))
    op.create_index(op.f("ix_address_identity"), "address", ["identity"], unique=False)
    op.add_column("list_page", sa.Column("shown", sa.Text(), nullable=True))
