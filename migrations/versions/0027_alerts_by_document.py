"""Alerts are found by their document, and changes by their certainty.

The document's are wanted on the page of a commitment, and when one is removed; what is unsure is
rare in the log.
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_alert_document_id", "alert", ["document_id"])
    op.create_index("ix_change_certainty_id", "change", ["certainty", "id"])
    # In the order of the log, which SQLite's index of the region alone has by itself.
    op.drop_index("ix_change_region", "change")
    op.create_index("ix_change_region_id", "change", ["region", "id"])
