"""Statements are found by who said them.

Most offices have few sentences, and so have most kinds of speakers among the commitments: the
changes of one are to be found without reading the log.
"""

from alembic import op
from sqlalchemy import text

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_statement_source_name",
        "statement",
        ["source_name"],
        sqlite_where=text("source_name IS NOT NULL"),
    )
    op.create_index("ix_statement_speaker", "statement", ["speaker", "label"])
