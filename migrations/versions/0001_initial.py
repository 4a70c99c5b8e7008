"""The first schema: history, outbox, health of sources; the public views; the guards of the log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

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
WHERE doc.succeeded_by_id IS NULL""",
    "targets_current": """
SELECT s.id AS statement_id, s.region, s.year, s.topic, s.themes,
       t.metric, t.op, t.value, t.unit, t.year AS target_year, t.raw, s.text,
       doc.id AS document_id, doc.title AS document_title, doc.url
FROM document doc
JOIN statement s ON s.snapshot_id = doc.snapshot_id AND s.label = 'commitment'
JOIN target t ON t.statement_id = s.id
WHERE doc.succeeded_by_id IS NULL""",
    "source_health": """
SELECT src.id AS source_id, src.name, src.region, src.enabled,
       src.last_visit_at, src.last_ok_at, src.last_outcome, src.last_reason, src.failures,
       src.next_visit_at, src.added_at,
       (SELECT COUNT(*) FROM address a WHERE a.source_id = src.id) AS addresses,
       (SELECT COUNT(*) FROM address a WHERE a.source_id = src.id
          AND a.last_outcome IN ('blocked', 'empty', 'shrunk')) AS suspect_addresses,
       (SELECT COUNT(*) FROM address a WHERE a.source_id = src.id
          AND a.last_outcome IN ('error', 'gone')) AS failing_addresses,
       (SELECT COUNT(*) FROM document d WHERE d.source_id = src.id) AS documents,
       (SELECT MAX(d.first_seen_at) FROM document d WHERE d.source_id = src.id)
          AS newest_document_at
FROM source src""",
    "alert_log": """
SELECT al.id AS alert_id, al.chat_id, al.state, al.created_at, al.not_before, al.sent_at,
       al.attempts, al.message_id, al.error,
       (SELECT COUNT(DISTINCT ac.change_id) FROM alert_change ac WHERE ac.alert_id = al.id)
          AS changes,
       doc.id AS document_id, doc.region, doc.title AS document_title, doc.url
FROM alert al
JOIN document doc ON doc.id = al.document_id""",
}

# What the log says can be added to, never altered: a lost change log cannot be rebuilt.
APPEND_ONLY = ("change", "delta", "statement", "target", "snapshot")


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
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


def upgrade() -> None:
    op.create_table(
        "blob",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("codec", sa.String(length=8), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_blob")),
    )
    op.create_table(
        "chat",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), server_default="zh", nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat")),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("document_kind", sa.String(length=16), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_visit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_outcome", sa.String(length=16), nullable=True),
        sa.Column("last_reason", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_visit_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
    )
    op.create_table(
        "document",
        sa.Column("id", ID, nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("published", sa.Date(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("snapshot_id", ID, nullable=True),
        sa.Column("succeeded_by_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_document_source_id")),
        sa.ForeignKeyConstraint(
            ["succeeded_by_id"], ["document.id"], name=op.f("fk_document_succeeded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index("ix_document_series", "document", ["kind", "region", "year"], unique=False)
    op.create_index(op.f("ix_document_source_id"), "document", ["source_id"], unique=False)
    op.create_table(
        "list_page",
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.String(length=64), nullable=True),
        sa.Column("first_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_visit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_outcome", sa.String(length=16), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_list_page_source_id")),
        sa.PrimaryKeyConstraint("source_id", "url", name=op.f("pk_list_page")),
    )
    op.create_table(
        "subscription",
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("rule_id", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["chat_id"], ["chat.id"], name=op.f("fk_subscription_chat_id")),
        sa.PrimaryKeyConstraint("chat_id", "rule_id", name=op.f("pk_subscription")),
    )
    op.create_table(
        "address",
        sa.Column("id", ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("listed", sa.Date(), nullable=True),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.String(length=64), nullable=True),
        sa.Column("text_hash", sa.String(length=64), nullable=True),
        sa.Column("last_visit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_visit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_outcome", sa.String(length=16), nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_reason", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("suspect_hash", sa.String(length=64), nullable=True),
        sa.Column("suspect_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("suspect_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_address_document_id")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_address_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
        sa.UniqueConstraint("url", name=op.f("uq_address_url")),
    )
    op.create_index(op.f("ix_address_document_id"), "address", ["document_id"], unique=False)
    op.create_index("ix_address_due", "address", ["source_id", "next_visit_at"], unique=False)
    op.create_table(
        "snapshot",
        sa.Column("id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("address_id", ID, nullable=True),
        sa.Column("visited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("blob_hash", sa.String(length=64), nullable=True),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("published", sa.Date(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["address_id"], ["address.id"], name=op.f("fk_snapshot_address_id")
        ),
        sa.ForeignKeyConstraint(["blob_hash"], ["blob.hash"], name=op.f("fk_snapshot_blob_hash")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_snapshot_document_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
    )
    op.create_index(op.f("ix_snapshot_address_id"), "snapshot", ["address_id"], unique=False)
    op.create_index(op.f("ix_snapshot_document_id"), "snapshot", ["document_id"], unique=False)
    op.create_index(op.f("ix_snapshot_text_hash"), "snapshot", ["text_hash"], unique=False)
    op.create_table(
        "alert",
        sa.Column("id", ID, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_alert_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshot.id"], name=op.f("fk_alert_snapshot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("chat_id", "snapshot_id", name=op.f("uq_alert_chat_id_snapshot_id")),
    )
    op.create_index("ix_alert_due", "alert", ["state", "not_before"], unique=False)
    op.create_table(
        "statement",
        sa.Column("id", ID, nullable=False),
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("start_offset", sa.Integer(), nullable=False),
        sa.Column("end_offset", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=16), nullable=False),
        sa.Column("speaker", sa.String(length=16), nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("themes", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_statement_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshot.id"], name=op.f("fk_statement_snapshot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
    )
    op.create_index(op.f("ix_statement_region"), "statement", ["region"], unique=False)
    op.create_index(op.f("ix_statement_snapshot_id"), "statement", ["snapshot_id"], unique=False)
    op.create_table(
        "change",
        sa.Column("id", ID, nullable=False),
        sa.Column("detected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.String(length=16), nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("before_id", ID, nullable=True),
        sa.Column("after_id", ID, nullable=True),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("identity", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["after_id"], ["statement.id"], name=op.f("fk_change_after_id")),
        sa.ForeignKeyConstraint(["before_id"], ["statement.id"], name=op.f("fk_change_before_id")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_change_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshot.id"], name=op.f("fk_change_snapshot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
        sa.UniqueConstraint("identity", name=op.f("uq_change_identity")),
    )
    op.create_index(op.f("ix_change_detected_at"), "change", ["detected_at"], unique=False)
    op.create_index(op.f("ix_change_region"), "change", ["region"], unique=False)
    op.create_index(op.f("ix_change_snapshot_id"), "change", ["snapshot_id"], unique=False)
    op.create_table(
        "target",
        sa.Column("id", ID, nullable=False),
        sa.Column("statement_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("op", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_target_statement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
        sa.UniqueConstraint(
            "statement_id", "position", name=op.f("uq_target_statement_id_position")
        ),
    )
    op.create_table(
        "alert_change",
        sa.Column("alert_id", ID, nullable=False),
        sa.Column("change_id", ID, nullable=False),
        sa.Column("rule_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_change_alert_id")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["change.id"], name=op.f("fk_alert_change_change_id")
        ),
        sa.PrimaryKeyConstraint("alert_id", "change_id", "rule_id", name=op.f("pk_alert_change")),
    )
    op.create_table(
        "delta",
        sa.Column("id", ID, nullable=False),
        sa.Column("change_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("before", sa.Float(), nullable=True),
        sa.Column("after", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["change_id"], ["change.id"], name=op.f("fk_delta_change_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delta")),
        sa.UniqueConstraint("change_id", "position", name=op.f("uq_delta_change_id_position")),
    )
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "CREATE FUNCTION refuse_alteration() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    for table in APPEND_ONLY:
        _guard(table)
