"""What a document lacks, and why it has its day.

``snapshot.published_from`` names the part of the page that gave the day of issue, and the view
``source_health`` counts addresses whose document is known to be incomplete.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

PROVENANCE = """
SELECT sn.id AS snapshot_id, sn.document_id, sn.visited_at, sn.outcome, sn.reason, sn.url,
       sn.status, sn.content_type, sn.request, sn.response,
       sn.blob_hash, b.size AS bytes, b.codec, sn.text_hash, sn.published, sn.published_from
FROM snapshot sn
LEFT JOIN blob b ON b.hash = sn.blob_hash"""

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
          AND d.withdrawn_at IS NOT NULL) AS withdrawn_documents,
       (SELECT COUNT(*) FROM document d JOIN snapshot sn ON sn.id = d.snapshot_id
          WHERE d.source_id = src.id AND sn.outcome = 'partial') AS partial_documents
FROM source src"""


def upgrade() -> None:
    op.add_column("snapshot", sa.Column("published_from", sa.Text(), nullable=True))
    views = {"provenance": PROVENANCE, "source_health": SOURCE_HEALTH}
    for view, query in views.items():
        op.execute(f"DROP VIEW {view}")
        op.execute(f"CREATE VIEW {view} AS {query}")
