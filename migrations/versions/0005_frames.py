"""What a page's text is known by in its bytes, so that an unchanged one need not be read."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("address", sa.Column("frame", sa.Text(), nullable=True))
