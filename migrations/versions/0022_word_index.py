"""What a question finds by index: words, commitments over the years, kinds of changes.

A word that no statement has, or few, was looked for in all of them, and the identity of every
commitment was computed for each question about one.
"""

import sqlalchemy as sa
from alembic import op

from monitor.storage.commitments import write_lines
from monitor.storage.word_index import create_word_index

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


# What is only shown is looked up by a query in the column, as in the other views.
COMMITMENT_HISTORY = """
SELECT y.commitment_id, y.region,
       (SELECT s.topic FROM statement s WHERE s.id = y.statement_id) AS topic,
       (SELECT s.themes FROM statement s WHERE s.id = y.statement_id) AS themes,
       y.first_year, y.last_year, y.years, y.statement_id, y.year, y.text,
       (SELECT s.in_scope FROM statement s WHERE s.id = y.statement_id) AS in_scope,
       y.metric, y.op, y.value, y.unit, y.kind, y.change_id, y.merged_into, y.document_id,
       (SELECT doc.url FROM document doc WHERE doc.id = y.document_id) AS url
FROM commitment_year y"""


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "commitment_year",
        sa.Column("statement_id", number, nullable=False, autoincrement=False),
        sa.Column("commitment_id", number, nullable=False),
        sa.Column("region", sa.Text()),
        sa.Column("first_year", sa.Integer(), nullable=False),
        sa.Column("last_year", sa.Integer(), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text()),
        sa.Column("op", sa.String(16)),
        sa.Column("value", sa.Float()),
        sa.Column("unit", sa.Text()),
        sa.Column("kind", sa.String(16)),
        sa.Column("change_id", number),
        sa.Column("merged_into", number),
        sa.Column("document_id", number, nullable=False),
        sa.PrimaryKeyConstraint("statement_id", name="pk_commitment_year"),
        *(
            sa.ForeignKeyConstraint([name], [target], name=f"fk_commitment_year_{name}")
            for name, target in (
                ("statement_id", "statement.id"),
                ("commitment_id", "statement.id"),
                ("change_id", "change.id"),
                ("merged_into", "statement.id"),
                ("document_id", "document.id"),
            )
        ),
    )
    op.execute("DROP VIEW commitment_history")
    write_lines(op.get_bind())
    for name, columns in (
        ("commitment_id", ["commitment_id"]),
        ("longest", ["last_year", "years", "commitment_id"]),
        ("region", ["region", "last_year", "years", "commitment_id"]),
    ):
        op.create_index(f"ix_commitment_year_{name}", "commitment_year", columns)
    op.execute(f"CREATE VIEW commitment_history AS {COMMITMENT_HISTORY}")
    create_word_index(op.get_bind())
    op.create_index("ix_current_target_region", "current_target", ["region", "document_kind"])
    for name in ("kind", "basis"):
        op.create_index(f"ix_change_{name}_id", "change", [name, "id"])
