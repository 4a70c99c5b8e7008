"""One document, many addresses: is a page at a new address one that is known already?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from monitor.changes import reprinted, same_document, similarity, sketch
from monitor.model import Change, DocumentKind, Kind, Label, Statement
from monitor.pipeline.arrival import Arrival
from monitor.storage.history import (
    StoredDocument,
    StoredSnapshot,
    add_corroborations,
    digest,
    find_report,
    find_text,
    get_document,
    load_snapshot,
)
from monitor.storage.sketches import find_alike

# Two texts of one report on two sites differ by editor's lines and lost paragraphs, seldom by
# more; two reports of one region and year (a part, a draft of another body) by nearly all.
_MIRROR = 0.5
# Articles share agency phrases, so a reprint has to share more …
_REPRINT = 0.8
# … and so many of the hashes of its sketch to be looked at.
_SHARED = 3
# What delegates propose and experts think is logged beside the commitments; a rule has to ask for
# it by label before anybody is alerted.
LOGGED = frozenset({Label.COMMITMENT, Label.PROPOSAL, Label.OPINION})


def find_twin(session: Session, arrival: Arrival) -> tuple[StoredDocument | None, Arrival]:
    """The document that an address nobody has read before shows, if it is known.

    Returns:
        The twin, or None, and the arrival: one that claims to be a second report of its region
        and year is kept outside of the series.
    """
    same_text = find_text(session, digest(arrival.document.text))
    if same_text is not None:
        return same_text, arrival
    provenance = arrival.provenance
    if provenance.kind is not DocumentKind.REPORT or not provenance.region or not provenance.year:
        return _reprint(session, arrival), arrival
    report = find_report(session, provenance.region, provenance.year)
    if report is None or report.snapshot_id is None:
        return None, arrival
    text = load_snapshot(session, report.snapshot_id).text
    if same_document(text, arrival.document.text) >= _MIRROR:
        return report, arrival
    # A series has one report a year; what claims to be a second one is kept outside of it.
    return None, replace(arrival, provenance=replace(provenance, kind=DocumentKind.PAGE))


def _reprint(session: Session, arrival: Arrival) -> StoredDocument | None:
    """The article that a page only prints again, perhaps shorter or with an editor's line."""
    logged = [item for item in arrival.statements if item.label in LOGGED]
    for document, known in _alike(session, arrival.document.text):
        if len(reprinted(logged, known.text)) == len(logged):
            return document
    return None


def without_reprinted(
    session: Session,
    changes: Sequence[Change],
    after: StoredSnapshot,
    *,
    document_id: int,
    now: datetime,
) -> tuple[Change, ...]:
    """Link what a new document only prints again to where it stood first; the rest is news."""
    seen: set[int] = set()
    for other, known in _alike(session, after.text):
        if other.id == document_id:
            continue
        new = [c.after for c in changes if c.kind is Kind.ADDED and c.after is not None]
        again = [item for item in reprinted(new, known.text) if id(item) not in seen]
        links = [
            (item, source, 1.0) for item in again if (source := _source(item, known)) is not None
        ]
        add_corroborations(session, links, told=after, known=known, now=now)
        seen |= {id(item) for item, _, _ in links}
    return tuple(change for change in changes if id(change.after) not in seen)


def _source(item: Statement, known: StoredSnapshot) -> Statement | None:
    """The statement of a known text that says what ``item`` says."""
    same = [s for s in known.statements if s.topic == item.topic and s.label is item.label]
    return max(same, key=lambda one: similarity(one.text, item.text), default=None)


def _alike(session: Session, text: str) -> list[tuple[StoredDocument, StoredSnapshot]]:
    found = []
    for document_id in find_alike(session, sketch(text), shared=_SHARED):
        document = get_document(session, document_id)
        if document.snapshot_id is not None:
            known = load_snapshot(session, document.snapshot_id)
            if same_document(known.text, text) >= _REPRINT:
                found.append((document, known))
    return found
