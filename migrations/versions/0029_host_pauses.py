"""Until when hosts asked to be left alone, for all processes and across restarts."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "host_pause",
        sa.Column("host", sa.String(255), primary_key=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
    )
