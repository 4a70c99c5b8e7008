"""One document, many addresses: is a page at a new address one that is known already?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from monitor.comparison.compare import compare
from monitor.comparison.corroboration import corroborate
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import (
    reprinted_statements,
    retracts_known_text,
    sentence_similarity,
    text_fingerprint,
    text_overlap,
)
from monitor.ingest.request import Arrival
from monitor.model.changes import Basis, Change, Kind
from monitor.model.documents import DocumentKind
from monitor.model.statements import Label, Statement
from monitor.storage.documents import (
    StoredDocument,
    StoredSnapshot,
    add_corroborations,
    digest,
    find_report,
    find_text,
    get_document,
    load_snapshot,
)
from monitor.storage.fingerprints import find_alike, known_sentences


def without_told(
    session: Session, changes: Sequence[Change], after: StoredSnapshot, now: datetime
) -> tuple[Change, ...]:
    """Link what an article tells out of a report to that report; only the rest is news."""
    new = [c.after for c in changes if c.kind is Kind.ADDED and c.after is not None]
    told: set[int] = set()
    for region, year in sorted({(s.region, s.year) for s in new if s.region and s.year}):
        report = find_report(session, region, year)
        if report is None or report.snapshot_id is None:
            continue
        known = load_snapshot(session, report.snapshot_id)
        mine = [s for s in new if (s.region, s.year) == (region, year)]
        found = corroborate(mine, known.statements)
        links = [(item.statement, item.commitment, item.share) for item in found]
        add_corroborations(session, links, told=after, known=known, now=now)
        told |= {id(item.statement) for item in found}
    return tuple(c for c in changes if c.kind is not Kind.ADDED or id(c.after) not in told)


# Two texts of one report on two sites differ by editor's lines and lost paragraphs, seldom by
# more; two reports of one region and year (a part, a draft of another body) by nearly all.
_MIRROR = 0.5
# Articles share agency phrases, so a reprint has to share more …
_REPRINT = 0.8
# … and so many of the hashes of its sketch to be looked at.
_SHARED = 3
# A note is printed again within days; the same words a season later are another occasion.
_SAME_OCCASION = timedelta(days=45)
_DRAFT = re.compile("征求意见|草案|送审稿|公开征集意见")
_HEAD = 300
_NEWS = frozenset({Kind.ADDED, Kind.STRENGTHENED, Kind.WEAKENED})
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
    if text_overlap(text, arrival.document.text) >= _MIRROR:
        return report, arrival
    # A series has one report a year; what claims to be a second one is kept outside of it.
    return None, replace(arrival, provenance=replace(provenance, kind=DocumentKind.PAGE))


def brings_news(session: Session, twin: StoredDocument, arrival: Arrival) -> bool:
    """Whether a second text of a document says all that the known one does, and more.

    The excerpt of a report came first and now the whole stands elsewhere, or a copy was
    corrected. A copy that lacks something is shortened, and what it says else no news; nor is
    what any text of this document ever said.
    """
    if twin.snapshot_id is None:
        return False
    known = load_snapshot(session, twin.snapshot_id)
    changes = compare(
        known.statements,
        arrival.statements,
        Basis.REVISION,
        labels=LOGGED,
        texts=(known.text, arrival.document.text),
    )
    if any(change.kind is Kind.DROPPED for change in changes):
        return False
    news = [change.statement for change in changes if change.kind in _NEWS]
    if not news:
        return False
    said = {normalize(text) for text in known_sentences(session, twin.id)}
    return any(normalize(statement.text) not in said for statement in news)


def _reprint(session: Session, arrival: Arrival) -> StoredDocument | None:
    """The article that a page only prints again, perhaps shorter or with an editor's line."""
    logged = [item for item in arrival.statements if item.label in LOGGED]
    for document, known in _alike(session, arrival.document.text):
        if not _same_occasion(document, known, arrival):
            continue
        if retracts_known_text(arrival.document.text, known.text):
            continue
        again = reprinted_statements(logged, known.text)
        if len(again) == len(logged) and all(_source(item, known) for item in again):
            return document
    return None


def _same_occasion(document: StoredDocument, known: StoredSnapshot, arrival: Arrival) -> bool:
    """Whether two texts that are alike may be one article: the same year, days, and stage."""
    provenance = arrival.provenance
    if document.region != provenance.region and document.region and provenance.region:
        return False
    published = arrival.document.published or provenance.published
    if document.published and published:
        if abs(document.published - published) > _SAME_OCCASION:
            return False
    elif document.year != provenance.year and document.year and provenance.year:
        return False
    draft = [
        _DRAFT.search(title + text[:_HEAD]) is not None
        for title, text in (
            (document.title, known.text),
            (arrival.document.title, arrival.document.text),
        )
    ]
    return draft[0] == draft[1]


def without_reprinted(
    session: Session,
    changes: Sequence[Change],
    after: StoredSnapshot,
    *,
    document_id: int,
    arrival: Arrival,
    now: datetime,
) -> tuple[Change, ...]:
    """Link what a new document only prints again to where it stood first; the rest is news."""
    seen: set[int] = set()
    for other, known in _alike(session, after.text):
        if other.id == document_id or not _same_occasion(other, known, arrival):
            continue
        new = [c.after for c in changes if c.kind is Kind.ADDED and c.after is not None]
        again = [item for item in reprinted_statements(new, known.text) if id(item) not in seen]
        links = [
            (item, source, 1.0) for item in again if (source := _source(item, known)) is not None
        ]
        add_corroborations(session, links, told=after, known=known, now=now)
        seen |= {id(item) for item, _, _ in links}
    return tuple(change for change in changes if id(change.after) not in seen)


def _source(item: Statement, known: StoredSnapshot) -> Statement | None:
    """The statement of a known text that says what ``item`` says."""
    same = [
        one
        for one in known.statements
        if (one.topic, one.label, one.region) == (item.topic, item.label, item.region)
    ]
    return max(same, key=lambda one: sentence_similarity(one.text, item.text), default=None)


def _alike(session: Session, text: str) -> list[tuple[StoredDocument, StoredSnapshot]]:
    found = []
    for document_id in find_alike(session, text_fingerprint(text), shared=_SHARED):
        document = get_document(session, document_id)
        if document.snapshot_id is not None:
            known = load_snapshot(session, document.snapshot_id)
            if text_overlap(known.text, text) >= _REPRINT:
                found.append((document, known))
    return found
