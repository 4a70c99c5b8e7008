"""Who speaks, by name: the office or document and the person behind a statement.

Statements are append-only, so those that are stored already stay without a name. In ``change_log``
``source_name`` is the source of the catalogue; the statement's has a longer name there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COLUMNS = ("source_name", "person", "person_title")

VIEWS = {
    "change_log": """
SELECT c.id AS change_id, c.detected_at, c.kind, c.basis, c.region, c.topic,
       s.themes, s.label, s.speaker, s.year, c.summary,
       b.text AS before_text, a.text AS after_text, s.section,
       d.metric, d.unit, d.before AS before_value, d.after AS after_value, c.similarity,
       c.score, c.certainty, c.nearest_text,
       s.start_offset, s.end_offset, c.snapshot_id,
       doc.id AS document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id, src.name AS source_name,
       s.source_name AS statement_source_name, s.person, s.person_title
FROM change c
JOIN document doc ON doc.id = c.document_id
LEFT JOIN source src ON src.id = doc.source_id
LEFT JOIN statement b ON b.id = c.before_id
LEFT JOIN statement a ON a.id = c.after_id
LEFT JOIN statement s
  ON s.id = CASE WHEN a.in_scope AND c.basis <> 'fulfilment' THEN c.after_id ELSE c.before_id END
LEFT JOIN delta d ON d.change_id = c.id AND d.position = 0""",
    "commitments_current": """
SELECT s.id AS statement_id, s.region, s.year, s.speaker, s.topic, s.themes, s.text, s.section,
       t.metric, t.op, t.value, t.unit, t.year AS target_year, t.raw,
       s.start_offset, s.end_offset, s.snapshot_id,
       doc.id AS document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id, s.source_name, s.person, s.person_title
FROM document doc
JOIN statement s ON s.snapshot_id = doc.snapshot_id AND s.label = 'commitment'
LEFT JOIN target t ON t.statement_id = s.id AND t.position = 0
WHERE doc.successor_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM corroboration co WHERE co.statement_id = s.id)""",
}


def upgrade() -> None:
    for view in VIEWS:
        op.execute(f"DROP VIEW {view}")
    for column in COLUMNS:
        op.add_column("statement", sa.Column(column, sa.Text(), nullable=True))
    for view, query in VIEWS.items():
        op.execute(f"CREATE VIEW {view} AS {query}")
