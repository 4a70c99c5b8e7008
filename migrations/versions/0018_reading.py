"""What a document lacks, and why it has its day.

``snapshot.published_from`` names the part of the page that gave the day of issue, and the view
``source_health`` counts documents that are known to be incomplete. ``commitments_current`` says
since when the page of a commitment is withdrawn.
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

COMMITMENTS_CURRENT = """
SELECT s.id AS statement_id, s.region, s.year, s.speaker, s.topic, s.themes, s.text, s.section,
       t.metric, t.op, t.value, t.unit, t.year AS target_year, t.raw,
       s.start_offset, s.end_offset, s.snapshot_id,
       doc.id AS document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id, s.source_name, s.person, s.person_title,
       doc.withdrawn_at
FROM document doc
JOIN statement s ON s.snapshot_id = doc.snapshot_id AND s.label = 'commitment'
LEFT JOIN target t ON t.statement_id = s.id AND t.position = 0
WHERE doc.successor_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM corroboration co WHERE co.statement_id = s.id)"""


def upgrade() -> None:
    op.add_column("snapshot", sa.Column("published_from", sa.Text(), nullable=True))
    views = {
        "provenance": PROVENANCE,
        "source_health": SOURCE_HEALTH,
        "commitments_current": COMMITMENTS_CURRENT,
    }
    for view, query in views.items():
        op.execute(f"DROP VIEW {view}")
        op.execute(f"CREATE VIEW {view} AS {query}")
