"""Sources that an operator paused.

``source_health`` says so, and ``region_summary`` counts them as neither failing nor quiet.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

VIEWS = {
    "source_health": """
SELECT src.id AS source_id, src.name, src.region, src.enabled,
       src.health, src.health_since,
       src.last_visit_at, src.last_ok_at, src.last_outcome, src.last_reason, src.failures,
       src.next_visit_at, src.added_at, src.last_new_at, src.exceptions,
       src.paused_at, src.paused_until, src.pause_reason,
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
FROM source src""",
    "region_summary": """
SELECT r.region, newest.id AS report_id, newest.title AS report_title, newest.url AS report_url,
       newest.year AS report_year, newest.published AS report_published,
       COALESCE(standing.commitments, 0) AS commitments,
       COALESCE(standing.with_numbers, 0) AS with_numbers,
       (SELECT COUNT(*) FROM change c WHERE c.document_id = newest.id
         AND c.basis = 'succession' AND c.kind = 'added') AS added,
       (SELECT COUNT(*) FROM change c WHERE c.document_id = newest.id
         AND c.basis = 'succession' AND c.kind = 'strengthened') AS strengthened,
       (SELECT COUNT(*) FROM change c WHERE c.document_id = newest.id
         AND c.basis = 'succession' AND c.kind = 'weakened') AS weakened,
       (SELECT COUNT(*) FROM change c WHERE c.document_id = newest.id
         AND c.basis = 'succession' AND c.kind = 'dropped') AS dropped,
       (SELECT COUNT(*) FROM current_target ct WHERE ct.review_id = newest.id
         AND ct.verdict = 'met') AS met,
       (SELECT COUNT(*) FROM current_target ct WHERE ct.review_id = newest.id
         AND ct.verdict = 'missed') AS missed,
       (SELECT COUNT(*) FROM current_target ct WHERE ct.review_id = newest.id
         AND ct.verdict = 'not_reported') AS not_reported,
       (SELECT MAX(c.detected_at) FROM change c WHERE c.region = r.region) AS last_change_at,
       (SELECT COUNT(*) FROM source src WHERE src.region = r.region AND src.enabled) AS sources,
       (SELECT COUNT(*) FROM source src WHERE src.region = r.region AND src.enabled
         AND src.paused_at IS NULL AND src.health = 'failing') AS failing_sources,
       (SELECT COUNT(*) FROM source src WHERE src.region = r.region AND src.enabled
         AND src.paused_at IS NULL AND src.health = 'quiet') AS quiet_sources
FROM (
  SELECT region FROM document WHERE region IS NOT NULL
  UNION SELECT region FROM source WHERE region IS NOT NULL
) r
LEFT JOIN (
  SELECT region, COUNT(*) AS commitments, COUNT(metric) AS with_numbers FROM current_statement
  WHERE label = 'commitment' AND holds_until >= (SELECT day FROM reference_day)
  GROUP BY region
) standing ON standing.region = r.region
LEFT JOIN document newest ON newest.id = (
  SELECT report.id FROM document report
  WHERE report.kind = 'report' AND report.region = r.region AND report.year IS NOT NULL
    AND report.snapshot_id IS NOT NULL
  ORDER BY report.year DESC, report.id LIMIT 1
)""",
}


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.add_column("source", sa.Column("paused_at", time, nullable=True))
    op.add_column("source", sa.Column("paused_until", time, nullable=True))
    op.add_column("source", sa.Column("pause_reason", sa.Text(), nullable=True))
    for view, query in VIEWS.items():
        op.execute(f"DROP VIEW {view}")
        op.execute(f"CREATE VIEW {view} AS {query}")
