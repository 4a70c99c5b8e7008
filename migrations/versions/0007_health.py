"""The health of sources: failing, quiet or well, since when; its turns are told to operators."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

VIEWS = {
    "source_health": """
SELECT src.id AS source_id, src.name, src.region, src.enabled,
       src.health, src.health_since,
       src.last_visit_at, src.last_ok_at, src.last_outcome, src.last_reason, src.failures,
       src.next_visit_at, src.added_at, src.last_new_at,
       (SELECT COUNT(*) FROM address a WHERE a.source_id = src.id) AS addresses,
       (SELECT COUNT(*) FROM address a WHERE a.source_id = src.id
          AND a.last_outcome IN ('blocked', 'empty', 'shrunk')) AS suspect_addresses,
       (SELECT COUNT(*) FROM address a WHERE a.source_id = src.id
          AND a.last_outcome IN ('error', 'gone')) AS failing_addresses,
       (SELECT COUNT(*) FROM document d WHERE d.source_id = src.id) AS documents,
       (SELECT MAX(d.first_seen_at) FROM document d WHERE d.source_id = src.id)
          AS newest_document_at
FROM source src""",
    "source_events": """
SELECT e.id AS event_id, e.at, e.source_id, src.name, src.region, e.health, e.was, e.since,
       e.outcome, e.reason
FROM source_event e
JOIN source src ON src.id = e.source_id""",
    "alert_log": """
SELECT al.id AS alert_id, al.chat_id, al.state, al.created_at, al.not_before, al.sent_at,
       al.attempts, al.message_id, al.error,
       (SELECT COUNT(DISTINCT ac.change_id) FROM alert_change ac WHERE ac.alert_id = al.id)
          AS changes,
       doc.id AS document_id, doc.region, doc.title AS document_title, doc.url,
       al.event_id
FROM alert al
LEFT JOIN document doc ON doc.id = al.document_id""",
}


def upgrade() -> None:
    for name in ("alert_log", "source_health"):
        op.execute(f"DROP VIEW {name}")
    op.create_table(
        "source_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("health", sa.String(length=8), nullable=False),
        sa.Column("was", sa.String(length=8), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_source_event_source_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_event")),
    )
    op.create_index(op.f("ix_source_event_source_id"), "source_event", ["source_id"])
    op.add_column(
        "source", sa.Column("health", sa.String(length=8), server_default="ok", nullable=False)
    )
    op.add_column("source", sa.Column("health_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("source", sa.Column("last_new_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_source_new", "source", ["document_kind", "last_new_at"])
    if op.get_bind().dialect.name == "sqlite":
        _make_anew()
    else:
        op.alter_column("alert", "document_id", nullable=True)
        op.alter_column("alert", "snapshot_id", nullable=True)
        op.add_column("alert", sa.Column("event_id", ID, nullable=True))
        op.create_foreign_key(
            op.f("fk_alert_event_id"), "alert", "source_event", ["event_id"], ["id"]
        )
        op.create_unique_constraint(
            op.f("uq_alert_chat_id_event_id"), "alert", ["chat_id", "event_id"]
        )
    op.execute(
        "UPDATE source SET last_new_at = (SELECT MAX(a.first_seen_at) FROM address a "
        "WHERE a.source_id = source.id AND NOT a.baseline)"
    )
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def _make_anew() -> None:
    """SQLite cannot let go of NOT NULL; the rows that point to the table move out meanwhile."""
    op.execute("CREATE TEMP TABLE told AS SELECT * FROM alert_change")
    op.execute("CREATE TEMP TABLE waiting AS SELECT * FROM alert")
    op.drop_table("alert_change")
    op.drop_table("alert")
    op.create_table(
        "alert",
        sa.Column("id", ID, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("document_id", ID, nullable=True),
        sa.Column("snapshot_id", ID, nullable=True),
        sa.Column("event_id", ID, nullable=True),
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
        sa.ForeignKeyConstraint(["event_id"], ["source_event.id"], name=op.f("fk_alert_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("chat_id", "snapshot_id", name=op.f("uq_alert_chat_id_snapshot_id")),
        sa.UniqueConstraint("chat_id", "event_id", name=op.f("uq_alert_chat_id_event_id")),
    )
    op.create_index("ix_alert_due", "alert", ["state", "not_before"], unique=False)
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
    columns = (
        "id, chat_id, document_id, snapshot_id, priority, state, created_at, not_before, "
        "lease_until, attempts, sent_at, message_id, error"
    )
    op.execute(f"INSERT INTO alert ({columns}) SELECT {columns} FROM waiting")  # noqa: S608
    op.execute("INSERT INTO alert_change SELECT alert_id, change_id, rule_id FROM told")
    op.execute("DROP TABLE told")
    op.execute("DROP TABLE waiting")
