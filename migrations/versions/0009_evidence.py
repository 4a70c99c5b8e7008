"""What was asked and how it was answered, beside the bytes; a view of the evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

EVIDENCE = """
SELECT sn.id AS snapshot_id, sn.document_id, sn.visited_at, sn.outcome, sn.reason, sn.url,
       sn.status, sn.content_type, sn.request, sn.response,
       sn.blob_hash, b.size AS bytes, b.codec, sn.text_hash
FROM snapshot sn
LEFT JOIN blob b ON b.hash = sn.blob_hash"""


def upgrade() -> None:
    op.add_column("snapshot", sa.Column("request", sa.Text(), nullable=True))
    op.add_column("snapshot", sa.Column("response", sa.Text(), nullable=True))
    op.execute(f"CREATE VIEW evidence AS {EVIDENCE}")
