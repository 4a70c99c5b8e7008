"""Show who speaks, by name, in the views of targets and of articles that repeat a commitment."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

VIEWS = {
    "targets_current": """
SELECT s.id AS statement_id, s.region, s.year, s.topic, s.themes,
       t.metric, t.op, t.value, t.unit, t.year AS target_year, t.raw, s.text,
       doc.id AS document_id, doc.title AS document_title, doc.url,
       s.source_name, s.person, s.person_title
FROM document doc
JOIN statement s ON s.snapshot_id = doc.snapshot_id AND s.label = 'commitment'
JOIN target t ON t.statement_id = s.id
WHERE doc.successor_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM corroboration co WHERE co.statement_id = s.id)""",
    "corroborations": """
SELECT co.commitment_id, c.region, c.year, c.topic, c.text AS commitment_text,
       report.id AS report_id, report.title AS report_title, report.url AS report_url,
       co.statement_id, s.text AS article_text, s.speaker, co.share, co.noted_at,
       article.id AS article_id, article.title AS article_title, article.url AS article_url,
       article.published, article.source_id, s.source_name, s.person, s.person_title
FROM corroboration co
JOIN statement s ON s.id = co.statement_id
JOIN document article ON article.id = s.document_id
JOIN statement c ON c.id = co.commitment_id
JOIN document report ON report.id = c.document_id""",
}


def upgrade() -> None:
    for view, query in VIEWS.items():
        op.execute(f"DROP VIEW {view}")
        op.execute(f"CREATE VIEW {view} AS {query}")
