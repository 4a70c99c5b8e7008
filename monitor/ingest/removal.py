"""An operator removes a document from the history, or restores it.

What was seen and logged stays. But the statements of a removed document no longer stand, nothing
is compared with them, and no later visit or import brings the document back, also under another
address or with another text: that is the operator's to decide.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from monitor.ingest.projection import project_documents
from monitor.outbox.admin import withdraw_document
from monitor.storage.document_list import (
    remove_document,
    repeating_documents,
    restore_document,
)


def remove(connection: Connection, document_id: int, *, reason: str, now: datetime) -> bool:
    """Remove a document, and show what else stands without it.

    Its alerts that wait are withdrawn: nobody should hear of what no longer stands.

    Returns:
        Whether it was there to be removed.
    """
    done = remove_document(connection, document_id, reason=reason, now=now)
    if done:
        _project(connection, document_id)
        why = f"its document was removed: {reason}" if reason else "its document was removed"
        withdraw_document(connection, document_id, reason=why)
    return done


def restore(connection: Connection, document_id: int, *, reason: str, now: datetime) -> bool:
    """Put a removed document back with the text it had.

    Returns:
        Whether it was removed.
    """
    done = restore_document(connection, document_id, reason=reason, now=now)
    if done:
        _project(connection, document_id)
    return done


def _project(connection: Connection, document_id: int) -> None:
    project_documents(connection, {document_id, *repeating_documents(connection, document_id)})
