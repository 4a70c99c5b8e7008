"""The ledger of promises: what a report's review says of the targets that were due."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# A verdict holds while both reports stand as they stood when it was given; after an edit of
# either there are newer ones.
LEDGER = """
SELECT s.id AS statement_id, t.position, s.region, s.topic, s.themes,
       report.year AS plan_year, COALESCE(t.year, s.year) AS due,
       COALESCE(p.verdict, 'pending') AS verdict,
       t.metric, t.op, t.value AS promised, t.unit, t.raw,
       p.achieved, p.unit AS achieved_unit,
       s.text AS promise_text, a.text AS review_text, p.judged_at,
       report.id AS report_id, report.title AS report_title, report.url AS report_url,
       review.id AS review_id, review.title AS review_title, review.url AS review_url
FROM document report
JOIN statement s ON s.snapshot_id = report.snapshot_id AND s.label = 'commitment'
JOIN target t ON t.statement_id = s.id
LEFT JOIN (promise p JOIN document review ON review.snapshot_id = p.snapshot_id)
  ON p.commitment_id = s.id AND p.position = t.position
LEFT JOIN statement a ON a.id = p.achievement_id
WHERE report.kind = 'report'"""


def upgrade() -> None:
    op.create_table(
        "promise",
        sa.Column("id", ID, nullable=False),
        sa.Column("commitment_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.Column("achievement_id", ID, nullable=True),
        sa.Column("achieved", sa.Float(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["commitment_id"], ["statement.id"], name=op.f("fk_promise_commitment_id")
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshot.id"], name=op.f("fk_promise_snapshot_id")
        ),
        sa.ForeignKeyConstraint(
            ["achievement_id"], ["statement.id"], name=op.f("fk_promise_achievement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
        sa.UniqueConstraint(
            "commitment_id",
            "position",
            "snapshot_id",
            name=op.f("uq_promise_commitment_id_position_snapshot_id"),
        ),
    )
    op.create_index(op.f("ix_promise_snapshot_id"), "promise", ["snapshot_id"], unique=False)
    op.execute(f"CREATE VIEW promise_ledger AS {LEDGER}")
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER promise_no_{event.lower()} BEFORE {event} ON promise "
                "BEGIN SELECT RAISE(ABORT, 'promise is append-only'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER promise_append_only BEFORE UPDATE OR DELETE ON promise "
            "FOR EACH ROW EXECUTE FUNCTION refuse_alteration()"
        )
