"""The index of reviews has the targets that a review says something of, and no others.

On SQLite: nearly all targets have none, and each took ten bytes there. PostgreSQL's index of so
many equal values is small by itself.
"""

from alembic import op
from sqlalchemy import text

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.drop_index("ix_current_target_review_id", "current_target")
    op.create_index(
        "ix_current_target_review_id",
        "current_target",
        ["review_id"],
        sqlite_where=text("review_id IS NOT NULL"),
    )
