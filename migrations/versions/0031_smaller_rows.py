"""Indexes of what is rare have nothing else, and what is only shown of a statement stands once.

On SQLite the index of speakers has all but governments, and that of certainties what is unsure:
who asks for the others gets them from the log, which is full of them. PostgreSQL's indexes of many
equal values are small by themselves. SQLite's indexes of the log in the order of its numbers no
longer name these, with which each of its indexes ends by itself.

How and when a statement came into the log the views look up in ``statement``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

VIEWS = {
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
       cs.in_force_until,
       (SELECT s.origin FROM statement s WHERE s.id = cs.statement_id) AS origin,
       (SELECT s.first_seen_at FROM statement s WHERE s.id = cs.statement_id) AS first_seen_at
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
       ct.in_force_until,
       (SELECT s.origin FROM statement s WHERE s.id = ct.statement_id) AS origin
FROM current_target ct
WHERE ct.label = 'commitment' AND ct.holds_until >= (SELECT day FROM reference_day)""",
}
SHOWN = {"current_statement": ("origin", "first_seen_at"), "current_target": ("origin",)}


def upgrade() -> None:
    for view in VIEWS:
        op.execute(f"DROP VIEW {view}")
    for table, columns in SHOWN.items():
        for column in columns:
            op.drop_column(table, column)
    for view, query in VIEWS.items():
        op.execute(f"CREATE VIEW {view} AS {query}")
    if op.get_bind().dialect.name != "sqlite":
        return
    for name, table, indexed, where in (
        ("ix_statement_speaker", "statement", ["speaker", "label"], "speaker <> 'government'"),
        ("ix_change_certainty_id", "change", ["certainty", "id"], "certainty = 'unsure'"),
    ):
        op.drop_index(name, table)
        op.create_index(name, table, indexed, sqlite_where=sa.text(where))
    for column in ("kind", "basis", "region"):
        op.drop_index(f"ix_change_{column}_id", "change")
        op.create_index(f"ix_change_{column}_row", "change", [column])
