"""Plain names for tables, columns, states and views; a column for the reason of waiting.

Rows stay where they are. SQLite cannot widen a column or rename a constraint, so three tables are
created anew there and take their rows over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = {
    "chat": "recipient",
    "own_rule": "custom_rule",
    "source_event": "source_health_event",
    "address": "frontier_entry",
    "sketch": "text_fingerprint",
    "promise": "fulfilment",
}

# By the new name of the table.
COLUMNS = {
    "recipient": {"way": "channel", "held_until": "defer_until", "quiet": "quiet_hours"},
    "subscription": {"chat_id": "recipient_id"},
    "mute": {"chat_id": "recipient_id"},
    "document": {"succeeded_by_id": "successor_id"},
    "frontier_entry": {"frame": "page_fingerprint"},
    "snapshot": {"address_id": "frontier_entry_id"},
    "fulfilment": {"judged_at": "assessed_at"},
    "alert": {
        "chat_id": "recipient_id",
        "lease": "leased_by",
        "lease_until": "leased_until",
        "begun_at": "in_flight_since",
        "doubtful": "possibly_duplicate",
    },
}

# Old name, new name, table, columns, unique.
INDEXES = (
    ("ix_address_document_id", "ix_frontier_entry_document_id", "frontier_entry", ["document_id"]),
    ("ix_address_due", "ix_frontier_entry_due", "frontier_entry", ["source_id", "next_visit_at"]),
    ("ix_address_identity", "ix_frontier_entry_identity", "frontier_entry", ["identity"]),
    ("ix_alert_chat", "ix_alert_recipient", "alert", ["recipient_id", "state"]),
    ("ix_promise_snapshot_id", "ix_fulfilment_snapshot_id", "fulfilment", ["snapshot_id"]),
    (
        "ix_snapshot_address_id",
        "ix_snapshot_frontier_entry_id",
        "snapshot",
        ["frontier_entry_id"],
    ),
    (
        "ix_source_event_source_id",
        "ix_source_health_event_source_id",
        "source_health_event",
        ["source_id"],
    ),
    ("uq_chat_thread", "uq_recipient_thread", "recipient", ["telegram_id", "thread_id"]),
    ("uq_chat_way", "uq_recipient_channel", "recipient", ["channel"]),
)

# PostgreSQL alone can rename these; on SQLite the names of primary and foreign keys are not seen.
CONSTRAINTS = {
    "recipient": {"pk_chat": "pk_recipient"},
    "custom_rule": {"pk_own_rule": "pk_custom_rule"},
    "subscription": {"fk_subscription_chat_id": "fk_subscription_recipient_id"},
    "source_health_event": {
        "pk_source_event": "pk_source_health_event",
        "fk_source_event_source_id": "fk_source_health_event_source_id",
    },
    "frontier_entry": {
        "pk_address": "pk_frontier_entry",
        "uq_address_url": "uq_frontier_entry_url",
        "fk_address_source_id": "fk_frontier_entry_source_id",
        "fk_address_document_id": "fk_frontier_entry_document_id",
    },
    "text_fingerprint": {
        "pk_sketch": "pk_text_fingerprint",
        "fk_sketch_document_id": "fk_text_fingerprint_document_id",
    },
    "snapshot": {"fk_snapshot_address_id": "fk_snapshot_frontier_entry_id"},
    "document": {"fk_document_succeeded_by_id": "fk_document_successor_id"},
    "alert": {
        "uq_alert_chat_id_snapshot_id": "uq_alert_recipient_id_snapshot_id",
        "uq_alert_chat_id_event_id": "uq_alert_recipient_id_event_id",
    },
    "fulfilment": {
        "pk_promise": "pk_fulfilment",
        "fk_promise_commitment_id": "fk_fulfilment_commitment_id",
        "fk_promise_snapshot_id": "fk_fulfilment_snapshot_id",
        "fk_promise_achievement_id": "fk_fulfilment_achievement_id",
        "uq_promise_commitment_id_position_snapshot_id": (
            "uq_fulfilment_commitment_id_position_snapshot_id"
        ),
    },
}

OLD_VIEWS = (
    "change_log",
    "commitments_current",
    "targets_current",
    "promise_ledger",
    "corroborations",
    "alert_log",
    "source_health",
    "source_events",
    "evidence",
)

VIEWS = {
    "change_log": """
SELECT c.id AS change_id, c.detected_at, c.kind, c.basis, c.region, c.topic,
       s.themes, s.label, s.speaker, s.year, c.summary,
       b.text AS before_text, a.text AS after_text, s.section,
       d.metric, d.unit, d.before AS before_value, d.after AS after_value, c.similarity,
       s.start_offset, s.end_offset, c.snapshot_id,
       doc.id AS document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id, src.name AS source_name
FROM change c
JOIN document doc ON doc.id = c.document_id
LEFT JOIN source src ON src.id = doc.source_id
LEFT JOIN statement b ON b.id = c.before_id
LEFT JOIN statement a ON a.id = c.after_id
LEFT JOIN statement s ON s.id = COALESCE(c.after_id, c.before_id)
LEFT JOIN delta d ON d.change_id = c.id AND d.position = 0""",
    "commitments_current": """
SELECT s.id AS statement_id, s.region, s.year, s.speaker, s.topic, s.themes, s.text, s.section,
       t.metric, t.op, t.value, t.unit, t.year AS target_year, t.raw,
       s.start_offset, s.end_offset, s.snapshot_id,
       doc.id AS document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id
FROM document doc
JOIN statement s ON s.snapshot_id = doc.snapshot_id AND s.label = 'commitment'
LEFT JOIN target t ON t.statement_id = s.id AND t.position = 0
WHERE doc.successor_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM corroboration co WHERE co.statement_id = s.id)""",
    "targets_current": """
SELECT s.id AS statement_id, s.region, s.year, s.topic, s.themes,
       t.metric, t.op, t.value, t.unit, t.year AS target_year, t.raw, s.text,
       doc.id AS document_id, doc.title AS document_title, doc.url
FROM document doc
JOIN statement s ON s.snapshot_id = doc.snapshot_id AND s.label = 'commitment'
JOIN target t ON t.statement_id = s.id
WHERE doc.successor_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM corroboration co WHERE co.statement_id = s.id)""",
    "target_fulfilment": """
SELECT s.id AS statement_id, t.position, s.region, s.topic, s.themes,
       report.year AS plan_year, COALESCE(t.year, s.year) AS due,
       COALESCE(f.verdict, 'pending') AS verdict,
       t.metric, t.op, t.value AS promised, t.unit, t.raw,
       f.achieved, f.unit AS achieved_unit,
       s.text AS commitment_text, a.text AS review_text, f.assessed_at,
       report.id AS report_id, report.title AS report_title, report.url AS report_url,
       review.id AS review_id, review.title AS review_title, review.url AS review_url
FROM document report
JOIN statement s ON s.snapshot_id = report.snapshot_id AND s.label = 'commitment'
JOIN target t ON t.statement_id = s.id
LEFT JOIN (fulfilment f JOIN document review ON review.snapshot_id = f.snapshot_id)
  ON f.commitment_id = s.id AND f.position = t.position
LEFT JOIN statement a ON a.id = f.achievement_id
WHERE report.kind = 'report'""",
    "corroborations": """
SELECT co.commitment_id, c.region, c.year, c.topic, c.text AS commitment_text,
       report.id AS report_id, report.title AS report_title, report.url AS report_url,
       co.statement_id, s.text AS article_text, s.speaker, co.share, co.noted_at,
       article.id AS article_id, article.title AS article_title, article.url AS article_url,
       article.published, article.source_id
FROM corroboration co
JOIN statement s ON s.id = co.statement_id
JOIN document article ON article.id = s.document_id
JOIN statement c ON c.id = co.commitment_id
JOIN document report ON report.id = c.document_id""",
    # An alert that is part of a digest is delivered when the digest is.
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
       doc.id AS document_id, doc.region, doc.title AS document_title, doc.url,
       al.event_id, al.kind, al.digest_id, al.notice_id, al.possibly_duplicate,
       rec.title AS recipient_title, rec.telegram_id, rec.thread_id, rec.channel
FROM alert al
LEFT JOIN alert digest ON digest.id = al.digest_id
LEFT JOIN document doc ON doc.id = al.document_id
LEFT JOIN recipient rec ON rec.id = al.recipient_id""",
    "source_health": """
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
          AS newest_document_at
FROM source src""",
    "source_health_events": """
SELECT e.id AS event_id, e.at, e.source_id, src.name, src.region, e.health, e.was, e.since,
       e.outcome, e.reason
FROM source_health_event e
JOIN source src ON src.id = e.source_id""",
    "provenance": """
SELECT sn.id AS snapshot_id, sn.document_id, sn.visited_at, sn.outcome, sn.reason, sn.url,
       sn.status, sn.content_type, sn.request, sn.response,
       sn.blob_hash, b.size AS bytes, b.codec, sn.text_hash
FROM snapshot sn
LEFT JOIN blob b ON b.hash = sn.blob_hash""",
}

DATA = (
    "UPDATE recipient SET kind = 'external' WHERE kind = 'way'",
    "UPDATE recipient SET access = CASE access WHEN 'asked' THEN 'pending' "
    "WHEN 'refused' THEN 'denied' WHEN 'shut' THEN 'revoked' ELSE access END",
    "UPDATE alert SET state = CASE state WHEN 'held' THEN 'scheduled' "
    "WHEN 'bundled' THEN 'in_digest' ELSE state END",
    "UPDATE alert SET waiting_for = CASE WHEN error = 'muted' THEN 'muted' "
    "WHEN error = 'quiet hours' THEN 'quiet_hours' WHEN error = 'waits for others' "
    "THEN 'earlier_alert' ELSE 'retry' END WHERE state = 'pending' AND error IS NOT NULL",
    "UPDATE alert SET waiting_for = CASE WHEN EXISTS (SELECT 1 FROM recipient r "
    "WHERE r.id = alert.recipient_id AND r.muted_until > alert.created_at AND r.digest = 'off') "
    "THEN 'muted' ELSE 'digest' END WHERE state = 'scheduled'",
    "UPDATE alert SET error = NULL WHERE error IN ('muted', 'quiet hours', 'waits for others')",
)

VERDICTS = (
    "UPDATE fulfilment SET verdict = CASE verdict WHEN 'kept' THEN 'met' "
    "WHEN 'silent' THEN 'not_reported' ELSE verdict END"
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    _rename_tables(sqlite=sqlite)
    op.add_column("alert", sa.Column("waiting_for", sa.String(length=16), nullable=True))
    for _, index, table, columns in INDEXES:
        op.create_index(index, table, columns, unique=index.startswith("uq_"))
    if sqlite:
        # After the indexes are there: dropping a table looks for its children row by row.
        _rebuild("frontier_entry")
        _rebuild("alert", widened="state")
        _rebuild("fulfilment", widened="verdict")
    else:
        _rename_constraints()
    for command in (*DATA, VERDICTS):
        op.execute(command)
    _guard("fulfilment", sqlite=sqlite)
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def _rename_tables(*, sqlite: bool) -> None:
    for view in OLD_VIEWS:
        op.execute(f"DROP VIEW {view}")
    if sqlite:
        op.execute("DROP TRIGGER promise_no_update")
        op.execute("DROP TRIGGER promise_no_delete")
    else:
        op.execute("DROP TRIGGER promise_append_only ON promise")
    for index, _, _, _ in INDEXES:
        op.drop_index(index)
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, renamed in COLUMNS.items():
        for old, new in renamed.items():
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def _rename_constraints() -> None:
    """PostgreSQL widens and renames in place."""
    op.alter_column("alert", "state", type_=sa.String(length=16))
    op.alter_column("fulfilment", "verdict", type_=sa.String(length=16))
    for table, names in CONSTRAINTS.items():
        for old, new in names.items():
            op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")
    for old, new in TABLES.items():
        op.execute(f"ALTER SEQUENCE IF EXISTS {old}_id_seq RENAME TO {new}_id_seq")


def _rebuild(table: str, widened: str | None = None) -> None:
    """Create a table of SQLite anew under the new names of its constraints, with its rows.

    Rows of other tables that reference it do so again when the transaction ends.
    """
    connection = op.get_bind()
    parts = connection.execute(
        sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL"),
        {"table": table},
    ).all()
    created = next(sql for kind, sql in parts if kind == "table")
    for old, new in CONSTRAINTS[table].items():
        created = created.replace(old, new)
    if widened is not None:
        created = created.replace(f"{widened} VARCHAR(8)", f"{widened} VARCHAR(16)")
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute(f"CREATE TEMP TABLE moved AS SELECT * FROM {table}")  # noqa: S608
    op.execute(f"DROP TABLE {table}")
    op.execute(created)
    op.execute(f"INSERT INTO {table} SELECT * FROM moved")  # noqa: S608
    op.execute("DROP TABLE moved")
    for kind, sql in parts:
        if kind != "table":
            op.execute(sql)


def _guard(table: str, *, sqlite: bool) -> None:
    """Refuse to alter or delete rows."""
    if sqlite:
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    else:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_alteration()"
        )
