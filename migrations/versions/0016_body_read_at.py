"""When the body of a list or page was last received, and not only called unchanged by its server.

What was read before counts as never received: the next visit requests it without validators.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("list_page", "frontier_entry"):
        op.add_column(table, sa.Column("body_read_at", sa.DateTime(timezone=True)))
