"""SQLite's index of speakers serves whoever asks for one of them by name.

SQLite takes an index with a condition if a term of the query is the condition, or one of those that
it joins with OR; it does not conclude that a ministry is no government. So each other speaker is
named. The index has the same rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

OTHERS = ("ministry", "delegate", "expert", "enterprise", "media")


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    named = " OR ".join(f"speaker = '{one}'" for one in OTHERS)
    op.drop_index("ix_statement_speaker", "statement")
    op.create_index(
        "ix_statement_speaker",
        "statement",
        ["speaker", "label"],
        sqlite_where=sa.text(f"speaker <> 'government' OR {named}"),
    )
