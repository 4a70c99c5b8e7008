"""What a document is known to lack: further pages and attachments that were seen and not read."""

from __future__ import annotations

from monitor.documents.attachments import (
    READABLE,
    extension_of,
    holds_text,
    is_copy,
    is_packed,
)
from monitor.model.documents import Attachment, Document

_SHORT_TEXT = 200
_SHOWN = 3


def is_short(text: str) -> bool:
    """Whether a text is so short that an attachment may be the document."""
    return len(text) < 4 * _SHORT_TEXT and sum(map(str.isalnum, text)) < _SHORT_TEXT


def find_gaps(document: Document) -> list[str]:
    """What is missing in a document, in words; an empty list if nothing is known to be."""
    gaps = []
    if document.further_pages:
        gaps.append(f"{len(document.further_pages)} further pages are not read")
    missing = [one for one in belonging(document) if not one.read]
    if missing:
        names = ", ".join(_described(one) for one in missing[:_SHOWN])
        gaps.append(f"attachments are not read: {names}")
    return [*gaps, *document.unread]


def belonging(document: Document) -> list[Attachment]:
    """The attachments that hold text of the document, by their names.

    Beside a text of some length only a file that is named like a text counts.
    """
    found = [
        one
        for one in document.attachments
        if holds_text(one, document.title) and not is_copy(one, document.title)
    ]
    if is_short(document.text):
        packed = [one for one in document.attachments if is_packed(one)]
        return found or packed
    return [one for one in found if holds_text(one, document.title, strict=True)]


def _described(one: Attachment) -> str:
    extension = extension_of(one)
    if extension in READABLE or not extension:
        return one.name
    return f"{one.name} (.{extension} cannot be read)"
