"""Verdicts on targets are changes: the change log shows the commitment of each.

The verdicts that were given before stay in ``fulfilment`` alone: they are history, no news. They
are marked, so that an audit does not miss them in the log.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CHANGE_LOG = """
SELECT c.id AS change_id, c.detected_at, c.kind, c.basis, c.region, c.topic,
       s.themes, s.label, s.speaker, s.year, c.summary,
       b.text AS before_text, a.text AS after_text, s.section,
       d.metric, d.unit, d.before AS before_value, d.after AS after_value, c.similarity,
       c.score, c.certainty, c.nearest_text,
       s.start_offset, s.end_offset, c.snapshot_id,
       doc.id AS document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id, src.name AS source_name
FROM change c
JOIN document doc ON doc.id = c.document_id
LEFT JOIN source src ON src.id = doc.source_id
LEFT JOIN statement b ON b.id = c.before_id
LEFT JOIN statement a ON a.id = c.after_id
LEFT JOIN statement s
  ON s.id = CASE WHEN a.in_scope AND c.basis <> 'fulfilment' THEN c.after_id ELSE c.before_id END
LEFT JOIN delta d ON d.change_id = c.id AND d.position = 0"""


def upgrade() -> None:
    op.execute("DROP VIEW change_log")
    op.execute(f"CREATE VIEW change_log AS {CHANGE_LOG}")
    if op.get_bind().dialect.name != "sqlite":
        # The default of the moment is that of the rows that are there.
        op.execute("ALTER TABLE fulfilment ADD COLUMN predates_log BOOLEAN DEFAULT true NOT NULL")
        op.execute("ALTER TABLE fulfilment ALTER COLUMN predates_log SET DEFAULT false")
        return
    op.execute("ALTER TABLE fulfilment ADD COLUMN predates_log BOOLEAN DEFAULT 0 NOT NULL")
    op.execute("DROP TRIGGER fulfilment_no_update")
    op.execute("UPDATE fulfilment SET predates_log = 1")
    op.execute(
        "CREATE TRIGGER fulfilment_no_update BEFORE UPDATE ON fulfilment "
        "BEGIN SELECT RAISE(ABORT, 'fulfilment is append-only'); END"
    )
