"""Articles that tell what a report says already: linked to it, and counted once."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

VIEWS = {
    "commitments_current": """
SELECT s.id AS statement_id, s.region, s.year, s.speaker, s.topic, s.themes, s.text, s.section,
       t.metric, t.op, t.value, t.unit, t.year AS target_year, t.raw,
       s.start_offset, s.end_offset, s.snapshot_id,
       doc.id AS document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id
FROM document doc
JOIN statement s ON s.snapshot_id = doc.snapshot_id AND s.label = 'commitment'
LEFT JOIN target t ON t.statement_id = s.id AND t.position = 0
WHERE doc.succeeded_by_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM corroboration co WHERE co.statement_id = s.id)""",
    "targets_current": """
SELECT s.id AS statement_id, s.region, s.year, s.topic, s.themes,
       t.metric, t.op, t.value, t.unit, t.year AS target_year, t.raw, s.text,
       doc.id AS document_id, doc.title AS document_title, doc.url
FROM document doc
JOIN statement s ON s.snapshot_id = doc.snapshot_id AND s.label = 'commitment'
JOIN target t ON t.statement_id = s.id
WHERE doc.succeeded_by_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM corroboration co WHERE co.statement_id = s.id)""",
    "corroborations": """
SELECT co.commitment_id, c.region, c.year, c.topic, c.text AS commitment_text,
       report.id AS report_id, report.title AS report_title, report.url AS report_url,
       co.statement_id, s.text AS told_text, s.speaker, co.share, co.noted_at,
       article.id AS article_id, article.title AS article_title, article.url AS article_url,
       article.published, article.source_id
FROM corroboration co
JOIN statement s ON s.id = co.statement_id
JOIN document article ON article.id = s.document_id
JOIN statement c ON c.id = co.commitment_id
JOIN document report ON report.id = c.document_id""",
}


def upgrade() -> None:
    op.create_table(
        "corroboration",
        sa.Column("statement_id", ID, autoincrement=False, nullable=False),
        sa.Column("commitment_id", ID, nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_corroboration_statement_id")
        ),
        sa.ForeignKeyConstraint(
            ["commitment_id"], ["statement.id"], name=op.f("fk_corroboration_commitment_id")
        ),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_corroboration")),
    )
    op.create_index(
        op.f("ix_corroboration_commitment_id"), "corroboration", ["commitment_id"], unique=False
    )
    for name in ("commitments_current", "targets_current"):
        op.execute(f"DROP VIEW {name}")
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER corroboration_no_{event.lower()} BEFORE {event} ON corroboration "
                "BEGIN SELECT RAISE(ABORT, 'corroboration is append-only'); END"
            )
    else:
        op.execute(
            "CREATE TRIGGER corroboration_append_only BEFORE UPDATE OR DELETE ON corroboration "
            "FOR EACH ROW EXECUTE FUNCTION refuse_alteration()"
        )
