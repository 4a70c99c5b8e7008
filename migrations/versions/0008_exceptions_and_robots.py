"""What a source is exempt from, named where its health is looked at; robots.txt as last read."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SOURCE_HEALTH = """
SELECT src.id AS source_id, src.name, src.region, src.enabled,
       src.health, src.health_since,
       src.last_visit_at, src.last_ok_at, src.last_outcome, src.last_reason, src.failures,
       src.next_visit_at, src.added_at, src.last_new_at, src.exceptions,
       (SELECT COUNT(*) FROM address a WHERE a.source_id = src.id) AS addresses,
       (SELECT COUNT(*) FROM address a WHERE a.source_id = src.id
          AND a.last_outcome IN ('blocked', 'empty', 'shrunk')) AS suspect_addresses,
       (SELECT COUNT(*) FROM address a WHERE a.source_id = src.id
          AND a.last_outcome IN ('error', 'gone')) AS failing_addresses,
       (SELECT COUNT(*) FROM document d WHERE d.source_id = src.id) AS documents,
       (SELECT MAX(d.first_seen_at) FROM document d WHERE d.source_id = src.id)
          AS newest_document_at
FROM source src"""


def upgrade() -> None:
    op.add_column("source", sa.Column("exceptions", sa.Text(), nullable=True))
    op.execute("DROP VIEW source_health")
    op.execute(f"CREATE VIEW source_health AS {SOURCE_HEALTH}")
    op.create_table(
        "robots",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_robots")),
    )
