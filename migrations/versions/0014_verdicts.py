"""Verdicts on targets are changes: the change log shows the commitment of each.

The verdicts that were given before stay in ``fulfilment`` alone: they are history, no news. They
are marked, so that an audit does not miss them in the log.

The sentences about other subjects that verdicts refer to are no commitments: ``commitment_history``
leaves them out. The links of one commitment are found by index.
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

# "< 2" rather than "= 1": PostgreSQL takes the equality for rare and would nest its loops.
COMMITMENT_HISTORY = """
WITH RECURSIVE sentence AS (
  SELECT s.id, COALESCE(s.first_version_id, s.id) AS version_id, doc.id AS document_id, doc.year,
         doc.region, doc.url,
         RANK() OVER (
           PARTITION BY COALESCE(s.first_version_id, s.id) ORDER BY s.snapshot_id DESC
         ) AS age
  FROM document doc
  JOIN snapshot seen ON seen.document_id = doc.id
  JOIN statement s ON s.snapshot_id = seen.id
  WHERE doc.kind = 'report' AND doc.year IS NOT NULL
    AND (s.label = 'commitment' OR (NOT s.in_scope AND s.id IN (
      SELECT c.before_id FROM change c WHERE c.basis = 'succession'
      UNION SELECT c.after_id FROM change c WHERE c.basis = 'succession'
    )))
),
version AS (
  SELECT version_id, MIN(year) AS year FROM sentence GROUP BY version_id
),
link AS (
  SELECT DISTINCT b.version_id AS older_id, a.version_id AS newer_id
  FROM change c
  JOIN sentence b ON b.id = c.before_id
  JOIN sentence a ON a.id = c.after_id
  WHERE c.basis = 'succession'
),
reach (root_id, version_id) AS (
  SELECT version_id, version_id FROM version
  WHERE version_id NOT IN (SELECT newer_id FROM link)
  UNION
  SELECT reach.root_id, link.newer_id
  FROM reach JOIN link ON link.older_id = reach.version_id
),
ranked AS (
  SELECT reach.version_id, reach.root_id,
         ROW_NUMBER() OVER (
           PARTITION BY reach.version_id ORDER BY root.year, reach.root_id
         ) AS place
  FROM reach JOIN version root ON root.version_id = reach.root_id
),
identity AS (
  SELECT version_id, root_id AS commitment_id FROM ranked WHERE place < 2
),
span AS (
  SELECT reach.root_id, MIN(version.year) AS first_year, MAX(version.year) AS last_year,
         COUNT(DISTINCT version.year) AS years
  FROM reach JOIN version ON version.version_id = reach.version_id
  GROUP BY reach.root_id
),
merged AS (
  SELECT older.version_id, MIN(newer.commitment_id) AS merged_into
  FROM link
  JOIN identity older ON older.version_id = link.older_id
  JOIN identity newer ON newer.version_id = link.newer_id
  WHERE newer.commitment_id <> older.commitment_id
  GROUP BY older.version_id
),
arrival AS (
  SELECT a.version_id, c.id AS change_id, c.kind,
         ROW_NUMBER() OVER (
           PARTITION BY a.version_id
           ORDER BY CASE WHEN c.basis = 'succession' THEN 0 ELSE 1 END,
                    CASE WHEN older.commitment_id = own.commitment_id THEN 0 ELSE 1 END,
                    COALESCE(c.score, c.similarity) DESC, c.id
         ) AS place
  FROM change c
  JOIN sentence a ON a.id = c.after_id
  JOIN identity own ON own.version_id = a.version_id
  LEFT JOIN sentence b ON b.id = c.before_id
  LEFT JOIN identity older ON older.version_id = b.version_id
  WHERE c.basis = 'succession' OR c.kind = 'added'
),
removal AS (
  SELECT c.before_id, MAX(c.id) AS change_id
  FROM change c
  WHERE c.basis = 'revision' AND c.kind = 'dropped'
  GROUP BY c.before_id
),
stated AS (
  SELECT t.statement_id, t.position, t.metric, t.op, t.value, t.unit,
         COUNT(*) OVER (PARTITION BY identity.commitment_id, t.metric) AS times
  FROM sentence s
  JOIN target t ON t.statement_id = s.id
  LEFT JOIN identity ON identity.version_id = s.version_id
  WHERE s.age < 2
),
figure AS (
  SELECT statement_id, metric, op, value, unit,
         ROW_NUMBER() OVER (PARTITION BY statement_id ORDER BY times DESC, position) AS place
  FROM stated
)
SELECT identity.commitment_id, COALESCE(s.region, shown.region) AS region, s.topic, s.themes,
       span.first_year, span.last_year, span.years,
       s.id AS statement_id, shown.year, s.text, s.in_scope,
       figure.metric, figure.op, figure.value, figure.unit,
       CASE WHEN removal.change_id IS NULL THEN arrival.kind ELSE 'dropped' END AS kind,
       COALESCE(removal.change_id, arrival.change_id) AS change_id,
       merged.merged_into, shown.document_id, shown.url
FROM sentence shown
JOIN statement s ON s.id = shown.id
LEFT JOIN identity ON identity.version_id = shown.version_id
LEFT JOIN span ON span.root_id = identity.commitment_id
LEFT JOIN merged ON merged.version_id = shown.version_id
LEFT JOIN arrival ON arrival.version_id = shown.version_id AND arrival.place < 2
LEFT JOIN removal ON removal.before_id = s.id
LEFT JOIN figure ON figure.statement_id = s.id AND figure.place < 2
WHERE shown.age < 2"""


def upgrade() -> None:
    op.create_index("ix_change_before_id", "change", ["before_id"])
    op.create_index("ix_change_after_id", "change", ["after_id"])
    op.execute("DROP VIEW change_log")
    op.execute(f"CREATE VIEW change_log AS {CHANGE_LOG}")
    op.execute("DROP VIEW commitment_history")
    op.execute(f"CREATE VIEW commitment_history AS {COMMITMENT_HISTORY}")
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
