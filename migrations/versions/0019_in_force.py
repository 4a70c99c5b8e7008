"""What is in force, series of metrics and origins, found by index.

New tables hold what the views show of the current statements; ``monitor.ingest.projection`` makes
them here and keeps them from now on, since what is in force is decided in one place. Statements and
changes get their origin, alerts the text that is sent. Texts of alerts that were sent before are
not known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
KIND = sa.String(length=16)
HOLDS = sa.text("holds_until IS NOT NULL")
PLANNED = sa.text("plan_year IS NOT NULL")
REPEATS = sa.text("repeats_id IS NOT NULL")

# What is only shown is looked up by a query in the column: SQLite makes every join of a view that
# is grouped, whether its columns are asked for or not.
VIEWS = {
    "change_log": """
SELECT c.id AS change_id, c.detected_at, c.origin, c.kind, c.basis, c.region, c.topic,
       s.themes, s.label, s.speaker, s.year, c.summary,
       b.text AS before_text, a.text AS after_text, s.section,
       d.metric, d.unit, d.before AS before_value, d.after AS after_value, c.similarity,
       c.score, c.certainty, c.nearest_text,
       s.start_offset, s.end_offset, c.snapshot_id,
       c.document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id, src.name AS source_name,
       s.source_name AS statement_source_name, s.person, s.person_title,
       c.before_id AS before_statement_id, c.after_id AS after_statement_id
FROM change c
LEFT JOIN document doc ON doc.id = c.document_id
LEFT JOIN source src ON src.id = doc.source_id
LEFT JOIN statement b ON b.id = c.before_id
LEFT JOIN statement a ON a.id = c.after_id
LEFT JOIN statement s
  ON s.id = CASE WHEN a.in_scope AND c.basis <> 'fulfilment' THEN c.after_id ELSE c.before_id END
LEFT JOIN delta d ON d.change_id = c.id AND d.position = 0""",
    "commitments_current": """
SELECT cs.statement_id, cs.region, cs.year, cs.speaker, cs.topic, cs.themes,
       (SELECT s.text FROM statement s WHERE s.id = cs.statement_id) AS text,
       (SELECT s.section FROM statement s WHERE s.id = cs.statement_id) AS section,
       cs.metric, cs.op, cs.value, cs.unit, cs.target_year,
       (SELECT t.raw FROM target t WHERE t.statement_id = cs.statement_id
          AND t.position = 0) AS raw,
       (SELECT s.start_offset FROM statement s WHERE s.id = cs.statement_id) AS start_offset,
       (SELECT s.end_offset FROM statement s WHERE s.id = cs.statement_id) AS end_offset,
       (SELECT s.snapshot_id FROM statement s WHERE s.id = cs.statement_id) AS snapshot_id,
       cs.document_id, cs.document_kind,
       (SELECT doc.title FROM document doc WHERE doc.id = cs.document_id) AS document_title,
       (SELECT doc.url FROM document doc WHERE doc.id = cs.document_id) AS url,
       (SELECT doc.published FROM document doc WHERE doc.id = cs.document_id) AS published,
       (SELECT doc.source_id FROM document doc WHERE doc.id = cs.document_id) AS source_id,
       cs.source_name,
       (SELECT s.person FROM statement s WHERE s.id = cs.statement_id) AS person,
       (SELECT s.person_title FROM statement s WHERE s.id = cs.statement_id) AS person_title,
       (SELECT doc.withdrawn_at FROM document doc WHERE doc.id = cs.document_id) AS withdrawn_at,
       cs.in_force_until, cs.origin, cs.first_seen_at
FROM current_statement cs
WHERE cs.label = 'commitment' AND cs.holds_until >= (SELECT day FROM reference_day)""",
    "targets_current": """
SELECT ct.statement_id, ct.position, ct.region, ct.year, ct.topic, ct.themes,
       ct.metric, ct.op, ct.value, ct.unit, ct.target_year,
       (SELECT t.raw FROM target t WHERE t.statement_id = ct.statement_id
          AND t.position = ct.position) AS raw,
       ct.canonical_metric, ct.canonical_value, ct.canonical_unit, ct.due,
       (SELECT s.text FROM statement s WHERE s.id = ct.statement_id) AS text,
       ct.document_id, ct.document_kind,
       (SELECT doc.title FROM document doc WHERE doc.id = ct.document_id) AS document_title,
       (SELECT doc.url FROM document doc WHERE doc.id = ct.document_id) AS url,
       (SELECT doc.published FROM document doc WHERE doc.id = ct.document_id) AS published,
       ct.source_name,
       (SELECT s.person FROM statement s WHERE s.id = ct.statement_id) AS person,
       (SELECT s.person_title FROM statement s WHERE s.id = ct.statement_id) AS person_title,
       (SELECT doc.withdrawn_at FROM document doc WHERE doc.id = ct.document_id) AS withdrawn_at,
       ct.in_force_until, ct.origin
FROM current_target ct
WHERE ct.label = 'commitment' AND ct.holds_until >= (SELECT day FROM reference_day)""",
    "statements": """
SELECT s.id AS statement_id, s.region, s.year, s.label, s.speaker, s.topic, s.themes, s.text,
       s.section, t.metric, t.op, t.value, t.unit, t.year AS target_year, t.raw,
       s.source_name, s.person, s.person_title,
       s.document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id, doc.withdrawn_at,
       s.snapshot_id, s.start_offset, s.end_offset,
       COALESCE(s.first_version_id, s.id) AS first_version_id, s.origin, s.first_seen_at,
       cs.statement_id IS NOT NULL AS is_current,
       cs.holds_until IS NOT NULL AND cs.holds_until >= (SELECT day FROM reference_day)
         AS in_force,
       cs.in_force_until, cs.superseded_by_id AS superseded_by, cs.repeats_id AS repeats
FROM statement s
LEFT JOIN current_statement cs ON cs.statement_id = s.id
LEFT JOIN target t ON t.statement_id = s.id AND t.position = 0
LEFT JOIN document doc ON doc.id = s.document_id
WHERE s.in_scope""",
    "corroborations": """
SELECT co.commitment_id,
       (SELECT s.region FROM statement s WHERE s.id = co.commitment_id) AS region,
       (SELECT s.year FROM statement s WHERE s.id = co.commitment_id) AS year,
       (SELECT s.topic FROM statement s WHERE s.id = co.commitment_id) AS topic,
       (SELECT s.text FROM statement s WHERE s.id = co.commitment_id) AS commitment_text,
       (SELECT s.document_id FROM statement s WHERE s.id = co.commitment_id) AS report_id,
       (SELECT doc.title FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.commitment_id) AS report_title,
       (SELECT doc.url FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.commitment_id) AS report_url,
       co.statement_id,
       (SELECT s.text FROM statement s WHERE s.id = co.statement_id) AS article_text,
       (SELECT s.speaker FROM statement s WHERE s.id = co.statement_id) AS speaker,
       co.share, co.noted_at,
       (SELECT s.document_id FROM statement s WHERE s.id = co.statement_id) AS article_id,
       (SELECT doc.title FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.statement_id) AS article_title,
       (SELECT doc.url FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.statement_id) AS article_url,
       (SELECT doc.published FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.statement_id) AS published,
       (SELECT doc.source_id FROM statement s JOIN document doc ON doc.id = s.document_id
          WHERE s.id = co.statement_id) AS source_id,
       (SELECT s.source_name FROM statement s WHERE s.id = co.statement_id) AS source_name,
       (SELECT s.person FROM statement s WHERE s.id = co.statement_id) AS person,
       (SELECT s.person_title FROM statement s WHERE s.id = co.statement_id) AS person_title,
       (SELECT s.origin FROM statement s WHERE s.id = co.statement_id) AS origin
FROM corroboration co""",
    "target_fulfilment": """
SELECT ct.statement_id, ct.position, ct.region, ct.topic, ct.themes,
       ct.plan_year, ct.due, ct.verdict, ct.metric, ct.op, ct.value AS promised, ct.unit,
       (SELECT t.raw FROM target t WHERE t.statement_id = ct.statement_id
          AND t.position = ct.position) AS raw,
       ct.achieved, ct.achieved_unit,
       (SELECT s.text FROM statement s WHERE s.id = ct.statement_id) AS commitment_text,
       (SELECT s.text FROM statement s WHERE s.id = ct.achievement_id) AS review_text,
       ct.assessed_at, ct.document_id AS report_id,
       (SELECT doc.title FROM document doc WHERE doc.id = ct.document_id) AS report_title,
       (SELECT doc.url FROM document doc WHERE doc.id = ct.document_id) AS report_url,
       ct.review_id,
       (SELECT doc.title FROM document doc WHERE doc.id = ct.review_id) AS review_title,
       (SELECT doc.url FROM document doc WHERE doc.id = ct.review_id) AS review_url
FROM current_target ct
WHERE ct.plan_year IS NOT NULL""",
    "metric_series": """
SELECT my.region, my.metric, my.unit, my.year, my.promised, my.promised_op,
       my.promised_id AS promised_statement_id, my.reached, my.reached_op,
       my.reached_id AS reached_statement_id
FROM metric_year my""",
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
         AND src.health = 'failing') AS failing_sources,
       (SELECT COUNT(*) FROM source src WHERE src.region = r.region AND src.enabled
         AND src.health = 'quiet') AS quiet_sources
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
    # An alert that is part of a digest is delivered when the digest is, with its text.
    "alert_log": """
SELECT al.id AS alert_id, al.recipient_id,
       CASE WHEN al.state = 'in_digest' THEN digest.state ELSE al.state END AS state,
       al.created_at, al.not_before, al.waiting_for,
       COALESCE(al.sent_at, digest.sent_at) AS sent_at, al.attempts,
       COALESCE(al.message_id, digest.message_id) AS message_id,
       COALESCE(al.error, digest.error) AS error,
       CASE WHEN al.kind = 'digest'
            THEN (SELECT COUNT(DISTINCT ac.change_id) FROM alert_change ac
                  JOIN alert part ON part.id = ac.alert_id WHERE part.digest_id = al.id)
            ELSE (SELECT COUNT(DISTINCT ac.change_id) FROM alert_change ac
                  WHERE ac.alert_id = al.id)
       END AS changes,
       COALESCE(al.text, digest.text) AS text,
       doc.id AS document_id, doc.region, doc.title AS document_title, doc.url, doc.published,
       al.event_id, al.kind, al.digest_id, al.notice_id, al.possibly_duplicate,
       rec.title AS recipient_title, rec.telegram_id, rec.thread_id, rec.channel
FROM alert al
LEFT JOIN alert digest ON digest.id = al.digest_id
LEFT JOIN document doc ON doc.id = al.document_id
LEFT JOIN recipient rec ON rec.id = al.recipient_id""",
}

# A row of a first snapshot of a document that is history came with it, any other one was seen live.
HISTORY = """
SELECT CASE WHEN doc.baseline AND sn.id = (
         SELECT MIN(first.id) FROM snapshot first WHERE first.document_id = sn.document_id)
       THEN CASE WHEN sn.url IS NULL THEN 'ingested' ELSE 'baseline' END ELSE 'live' END
FROM snapshot sn JOIN document doc ON doc.id = sn.document_id"""
ORIGINS = (
    f"""UPDATE statement SET origin = ({HISTORY} WHERE sn.id = COALESCE(
      (SELECT one.snapshot_id FROM statement one WHERE one.id = statement.first_version_id),
      statement.snapshot_id)), first_seen_at = (SELECT sn.visited_at FROM snapshot sn
      WHERE sn.id = COALESCE(
      (SELECT one.snapshot_id FROM statement one WHERE one.id = statement.first_version_id),
      statement.snapshot_id))""",  # noqa: S608 - our own text
    f"""UPDATE change SET origin = ({HISTORY} WHERE sn.id = change.snapshot_id)
      WHERE EXISTS (SELECT 1 FROM snapshot sn WHERE sn.id = change.snapshot_id
        AND sn.document_id IS NOT NULL)""",  # noqa: S608 - our own text
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.add_column("document", sa.Column("plan_key", sa.Text(), nullable=True))
    op.create_index(op.f("ix_document_plan_key"), "document", ["plan_key"])
    op.add_column("alert", sa.Column("text", sa.Text(), nullable=True))
    for table in ("statement", "change"):
        op.add_column(
            table,
            sa.Column("origin", sa.String(length=8), server_default="live", nullable=False),
        )
    op.add_column("statement", sa.Column("first_seen_at", TIME, nullable=True))
    _create_tables()
    op.drop_index("ix_statement_region", "statement")
    op.create_index("ix_statement_region", "statement", ["region", "label", "year"])
    op.create_index("ix_change_document", "change", ["document_id", "basis", "kind"])
    op.create_index("ix_change_kind", "change", ["kind", "detected_at"])
    op.create_index("ix_change_region_detected_at", "change", ["region", "detected_at"])
    for table, command in zip(("statement", "change"), ORIGINS, strict=True):
        _unguarded(table, command, sqlite=sqlite)
    op.execute(
        "INSERT INTO reference_day (id, day) SELECT 1, "
        + ("date('now')" if sqlite else "CURRENT_DATE")
    )
    for view, query in VIEWS.items():
        op.execute(f"DROP VIEW IF EXISTS {view}")
        op.execute(f"CREATE VIEW {view} AS {query}")
    if op.get_bind().execute(sa.text("SELECT 1 FROM document LIMIT 1")).first() is None:
        return
    # Imported here: a new database is made without loading the extraction.
    from monitor.ingest.projection import rebuild

    rebuild(op.get_bind())


def _create_tables() -> None:
    op.create_table(
        "current_statement",
        sa.Column("statement_id", ID, autoincrement=False, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("document_kind", KIND, nullable=False),
        sa.Column("label", KIND, nullable=False),
        sa.Column("speaker", KIND, nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("themes", sa.Text(), nullable=False),
        sa.Column("source_name", sa.Text(), nullable=True),
        sa.Column("metric", sa.Text(), nullable=True),
        sa.Column("op", KIND, nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("target_year", sa.Integer(), nullable=True),
        # Written until 0031, which drops it: what ``rebuild`` makes today has none.
        sa.Column("origin", sa.String(length=8), server_default="live", nullable=False),
        sa.Column("first_seen_at", TIME, nullable=True),
        sa.Column("in_force_until", sa.Date(), nullable=True),
        sa.Column("superseded_by_id", ID, nullable=True),
        sa.Column("repeats_id", ID, nullable=True),
        sa.Column("holds_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_current_statement")),
        *_references(
            "current_statement",
            statement_id="statement",
            document_id="document",
            superseded_by_id="document",
            repeats_id="statement",
        ),
    )
    op.create_index(op.f("ix_current_statement_document_id"), "current_statement", ["document_id"])
    op.create_index(
        "ix_current_statement_in_force",
        "current_statement",
        ["label", "region", "holds_until", "year", "topic", "themes", "speaker", "metric"],
        sqlite_where=HOLDS,
        postgresql_where=HOLDS,
    )
    op.create_index(
        "ix_current_statement_region", "current_statement", ["region", "superseded_by_id", "year"]
    )
    op.create_index(
        "ix_current_statement_repeats",
        "current_statement",
        ["repeats_id"],
        sqlite_where=REPEATS,
        postgresql_where=REPEATS,
    )
    op.create_table(
        "current_target",
        sa.Column("statement_id", ID, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("document_kind", KIND, nullable=False),
        sa.Column("label", KIND, nullable=False),
        sa.Column("speaker", KIND, nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("themes", sa.Text(), nullable=False),
        sa.Column("source_name", sa.Text(), nullable=True),
        # Written until 0031, which drops it: what ``rebuild`` makes today has none.
        sa.Column("origin", sa.String(length=8), server_default="live", nullable=False),
        sa.Column("due", sa.Integer(), nullable=True),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("op", KIND, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("target_year", sa.Integer(), nullable=True),
        sa.Column("canonical_metric", sa.Text(), nullable=False),
        sa.Column("canonical_value", sa.Float(), nullable=False),
        sa.Column("canonical_unit", sa.Text(), nullable=False),
        sa.Column("in_force_until", sa.Date(), nullable=True),
        sa.Column("holds_until", sa.Date(), nullable=True),
        sa.Column("plan_year", sa.Integer(), nullable=True),
        sa.Column("verdict", KIND, nullable=True),
        sa.Column("achieved", sa.Float(), nullable=True),
        sa.Column("achieved_unit", sa.Text(), nullable=True),
        sa.Column("achievement_id", ID, nullable=True),
        sa.Column("assessed_at", TIME, nullable=True),
        sa.Column("review_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("statement_id", "position", name=op.f("pk_current_target")),
        *_references(
            "current_target",
            statement_id="statement",
            document_id="document",
            achievement_id="statement",
            review_id="document",
        ),
    )
    for column in ("document_id", "review_id"):
        op.create_index(op.f(f"ix_current_target_{column}"), "current_target", [column])
    op.create_index(
        "ix_current_target_in_force",
        "current_target",
        [
            *("region", "canonical_metric", "canonical_unit", "holds_until"),
            *("due", "op", "canonical_value"),
        ],
        sqlite_where=HOLDS,
        postgresql_where=HOLDS,
    )
    op.create_index(
        "ix_current_target_metric", "current_target", ["canonical_metric", "region", "due"]
    )
    for columns in (
        ["plan_year", "region", "verdict"],
        ["region", "plan_year", "verdict"],
        ["verdict", "plan_year", "region"],
        ["due", "plan_year", "verdict"],
    ):
        op.create_index(
            f"ix_current_target_plan_{columns[0]}",
            "current_target",
            columns,
            sqlite_where=PLANNED,
            postgresql_where=PLANNED,
        )
    op.create_table(
        "metric_year",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("promised", sa.Float(), nullable=True),
        sa.Column("promised_op", KIND, nullable=True),
        sa.Column("promised_id", ID, nullable=True),
        sa.Column("reached", sa.Float(), nullable=True),
        sa.Column("reached_op", KIND, nullable=True),
        sa.Column("reached_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("region", "metric", "unit", "year", name=op.f("pk_metric_year")),
        *_references("metric_year", promised_id="statement", reached_id="statement"),
    )
    op.create_index("ix_metric_year_metric", "metric_year", ["metric", "year"])
    op.create_table(
        "reference_day",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_day")),
    )


def _references(table: str, **tables: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, other in tables.items()
    ]


def _unguarded(table: str, command: str, *, sqlite: bool) -> None:
    """Fill new columns of a table that is append-only."""
    if sqlite:
        op.execute(f"DROP TRIGGER {table}_no_update")
        op.execute(command)
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    op.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
    op.execute(command)
    op.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only")
