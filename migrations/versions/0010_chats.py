"""What chats choose: topics, digests, quiet hours, rules of their own; notices; safer leases."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)

# What a digest tells is sent when the digest is.
ALERT_LOG = """
SELECT al.id AS alert_id, al.chat_id,
       CASE WHEN al.state = 'bundled' THEN digest.state ELSE al.state END AS state,
       al.created_at, al.not_before,
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
       al.event_id, al.kind, al.digest_id, al.notice_id, al.doubtful,
       chat.title AS chat_title, chat.telegram_id, chat.thread_id, chat.way
FROM alert al
LEFT JOIN alert digest ON digest.id = al.digest_id
LEFT JOIN document doc ON doc.id = al.document_id
LEFT JOIN chat ON chat.id = al.chat_id"""


def upgrade() -> None:
    for column in (
        sa.Column("kind", sa.String(length=16), server_default="private", nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=True),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("way", sa.String(length=64), nullable=True),
        sa.Column("access", sa.String(length=8), server_default="", nullable=False),
        sa.Column("digest", sa.String(length=32), server_default="off", nullable=False),
        sa.Column("quiet", sa.String(length=16), server_default="off", nullable=False),
        sa.Column("timezone", sa.String(length=64), server_default="Asia/Shanghai", nullable=False),
        sa.Column("muted_until", TIME, nullable=True),
        sa.Column("held_until", TIME, nullable=True),
    ):
        op.add_column("chat", column)
    op.execute("UPDATE chat SET telegram_id = id")
    op.create_index("uq_chat_thread", "chat", ["telegram_id", "thread_id"], unique=True)
    op.create_index("uq_chat_way", "chat", ["way"], unique=True)
    op.create_index("ix_subscription_rule_id", "subscription", ["rule_id"])
    op.create_table(
        "own_rule",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_rule")),
    )
    op.create_table(
        "mute",
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("rule_id", sa.String(length=64), nullable=False),
        sa.Column("until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("chat_id", "rule_id", name=op.f("pk_mute")),
    )
    op.create_table(
        "notice",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("about", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_table(
        "switch",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_switch")),
    )
    for column in (
        sa.Column("kind", sa.String(length=8), server_default="changes", nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("begun_at", TIME, nullable=True),
        sa.Column("doubtful", sa.Boolean(), server_default=sa.false(), nullable=False),
    ):
        op.add_column("alert", column)
    op.execute("UPDATE alert SET kind = 'source' WHERE event_id IS NOT NULL")
    # What an earlier version leased it may have sent, which it noted only afterwards.
    op.execute("UPDATE alert SET begun_at = lease_until WHERE state = 'leased'")
    # Alembic would add the reference afterwards, which SQLite cannot.
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    for name, table in (("digest_id", "alert"), ("notice_id", "notice")):
        op.execute(
            f"ALTER TABLE alert ADD COLUMN {name} {number} "
            f"CONSTRAINT fk_alert_{name} REFERENCES {table} (id)"
        )
    op.create_index("uq_alert_notice", "alert", ["chat_id", "notice_id"], unique=True)
    op.create_index(op.f("ix_alert_digest_id"), "alert", ["digest_id"])
    op.create_index("ix_alert_chat", "alert", ["chat_id", "state"])
    op.add_column(
        "alert_change", sa.Column("priority", sa.Integer(), server_default="0", nullable=False)
    )
    op.execute("DROP VIEW alert_log")
    op.execute(f"CREATE VIEW alert_log AS {ALERT_LOG}")
