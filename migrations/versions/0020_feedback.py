"""What people say is wrong with a change, and what operators decide.

The view ``feedback`` shows it, and ``change_log.corrected`` names the kind of a correction that
was confirmed. All confirmed feedback on a change is of one kind.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)

FEEDBACK = """
SELECT f.id AS feedback_id, f.change_id, f.at AS given_at, f.kind, f.state,
       f.before_text, f.after_text, c.kind AS change_kind, c.region, c.topic,
       f.recipient_id, f.person, f.operator, f.decided_at, f.note,
       doc.id AS document_id, doc.title AS document_title, doc.url
FROM feedback_entry f
JOIN change c ON c.id = f.change_id
JOIN document doc ON doc.id = c.document_id"""

CORRECTED = """(SELECT MIN(f.kind) FROM feedback_entry f
          WHERE f.change_id = c.id AND f.state = 'confirmed') AS corrected"""

CHANGE_LOG = f"""
SELECT c.id AS change_id, c.detected_at, c.origin, c.kind, c.basis, c.region, c.topic,
       s.themes, s.label, s.speaker, s.year, c.summary,
       b.text AS before_text, a.text AS after_text, s.section,
       d.metric, d.unit, d.before AS before_value, d.after AS after_value, c.similarity,
       c.score, c.certainty, c.nearest_text,
       s.start_offset, s.end_offset, c.snapshot_id,
       c.document_id, doc.kind AS document_kind, doc.title AS document_title,
       doc.url, doc.published, doc.source_id, src.name AS source_name,
       s.source_name AS statement_source_name, s.person, s.person_title,
       c.before_id AS before_statement_id, c.after_id AS after_statement_id,
       {CORRECTED}
FROM change c
LEFT JOIN document doc ON doc.id = c.document_id
LEFT JOIN source src ON src.id = doc.source_id
LEFT JOIN statement b ON b.id = c.before_id
LEFT JOIN statement a ON a.id = c.after_id
LEFT JOIN statement s
  ON s.id = CASE WHEN a.in_scope AND c.basis <> 'fulfilment' THEN c.after_id ELSE c.before_id END
LEFT JOIN delta d ON d.change_id = c.id AND d.position = 0"""  # noqa: S608 - constants


def upgrade() -> None:
    op.create_table(
        "feedback_entry",
        sa.Column("id", ID, nullable=False),
        sa.Column("change_id", ID, nullable=False),
        sa.Column("recipient_id", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("before_text", sa.Text(), nullable=True),
        sa.Column("after_text", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_entry")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["change.id"], name=op.f("fk_feedback_entry_change_id")
        ),
        sa.UniqueConstraint("change_id", "person", name=op.f("uq_feedback_entry_change_id_person")),
    )
    op.create_index("ix_feedback_entry_state", "feedback_entry", ["state", "change_id"])
    op.create_index(op.f("ix_feedback_entry_recipient_id"), "feedback_entry", ["recipient_id"])
    op.execute(f"CREATE VIEW feedback AS {FEEDBACK}")
    # The column is the last one, so that PostgreSQL replaces a view that others may read.
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP VIEW change_log")
        op.execute(f"CREATE VIEW change_log AS {CHANGE_LOG}")
    else:
        op.execute(f"CREATE OR REPLACE VIEW change_log AS {CHANGE_LOG}")
