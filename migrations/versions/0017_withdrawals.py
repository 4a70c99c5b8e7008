"""A withdrawn page, and when a body was last received.

``body_read_at`` says when the body of a list or page was last received, and not only called
unchanged by its server. What was read before counts as never received: the next visit requests it
without validators. ``document.withdrawn_at`` says since when a document's page is gone for good,
and ``source_health`` counts such documents.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SOURCE_HEALTH = """
SELECT src.id AS source_id, src.name, src.region, src.enabled,
       src.health, src.health_since,
       src.last_visit_at, src.last_ok_at, src.last_outcome, src.last_reason, src.failures,
       src.next_visit_at, src.added_at, src.last_new_at, src.exceptions,
       (SELECT COUNT(*) FROM frontier_entry f WHERE f.source_id = src.id) AS addresses,
       (SELECT COUNT(*) FROM frontier_entry f WHERE f.source_id = src.id
          AND f.last_outcome IN ('blocked', 'empty', 'shrunk')) AS suspect_addresses,
       (SELECT COUNT(*) FROM frontier_entry f WHERE f.source_id = src.id
          AND f.last_outcome IN ('error', 'gone')) AS failing_addresses,
       (SELECT COUNT(*) FROM document d WHERE d.source_id = src.id) AS documents,
       (SELECT MAX(d.first_seen_at) FROM document d WHERE d.source_id = src.id)
          AS newest_document_at,
       (SELECT COUNT(*) FROM document d WHERE d.source_id = src.id
          AND d.withdrawn_at IS NOT NULL) AS withdrawn_documents
FROM source src"""


def upgrade() -> None:
    for table in ("list_page", "frontier_entry"):
        op.add_column(table, sa.Column("body_read_at", sa.DateTime(timezone=True)))
    op.add_column("document", sa.Column("withdrawn_at", sa.DateTime(timezone=True)))
    op.execute("DROP VIEW source_health")
    op.execute(f"CREATE VIEW source_health AS {SOURCE_HEALTH}")
