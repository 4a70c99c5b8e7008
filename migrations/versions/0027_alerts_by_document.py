"""Alerts are found by their document: for the page of a commitment, and when one is removed."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_alert_document_id", "alert", ["document_id"])
