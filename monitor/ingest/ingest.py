"""What a page that was read does to the history: one call, inside one transaction.

``take_in`` decides which document the page belongs to, whether its text may be believed, what
changed, whom that interests, and writes all of it: snapshot, statements, changes and alerts
stand together in the database or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from monitor.comparison.compare import compare
from monitor.comparison.similarity import suspect_reason, text_fingerprint
from monitor.ingest.dedup import LOGGED, brings_news, find_twin, without_reprinted, without_told
from monitor.ingest.fulfilment import settle_promises
from monitor.ingest.recipients import listeners
from monitor.ingest.request import Arrival, Doubt, Interest, Taken
from monitor.model.changes import Basis, Change, Kind
from monitor.model.documents import DocumentKind, Outcome
from monitor.outbox.queue import enqueue
from monitor.storage.documents import (
    StoredDocument,
    StoredSnapshot,
    add_changes,
    add_document,
    add_snapshot,
    digest,
    find_report,
    get_document,
    has_changes,
    load_snapshot,
    promote,
    settle,
    succeed,
)
from monitor.storage.fingerprints import add_sketch


def take_in(
    session: Session,
    arrival: Arrival,
    *,
    known_id: int | None,
    history: Callable[[], bool],
    interest: Interest,
    doubt: Doubt,
    now: datetime,
) -> Taken:
    """Write an arrival into the history, with its changes and alerts.

    Args:
        session: a writing transaction; the caller commits it.
        arrival: the page.
        known_id: the document this address belonged to at its last visit.
        history: whether a new document was there before its source was watched.
        interest: whom changes interest.
        doubt: what earlier visits thought of a suspect text here.
        now: the time of the visit.

    Returns:
        What became of it; ``outcome`` is ``SHRUNK`` while the text is doubted.
    """
    if known_id is not None:
        known = get_document(session, known_id)
        return _revise(session, arrival, known, interest=interest, doubt=doubt, now=now)
    twin, arrival = find_twin(session, arrival)
    if twin is not None:
        if twin.url is None and arrival.evidence.url is not None:
            _adopt(session, arrival, twin, now)
            return Taken(twin.id, Outcome.OK, "mirror")
        if not brings_news(session, twin, arrival):
            return Taken(twin.id, Outcome.OK, "mirror")
        return _revise(session, arrival, twin, interest=interest, doubt=doubt, now=now)
    return _begin(session, arrival, history=history(), interest=interest, now=now)


def _revise(
    session: Session,
    arrival: Arrival,
    document: StoredDocument,
    *,
    interest: Interest,
    doubt: Doubt,
    now: datetime,
) -> Taken:
    """A document that was read before, with another text than last time."""
    elsewhere = document.url is not None and document.url != arrival.evidence.url
    if elsewhere and not brings_news(session, document, arrival):
        return Taken(document.id, Outcome.OK, "mirror")
    before = None
    if document.snapshot_id is not None:
        before = load_snapshot(session, document.snapshot_id)
        reason = suspect_reason(before.text, arrival.document.text, shrink=doubt.shrink)
        if reason:
            doubt = doubt.again(digest(arrival.document.text), now)
            emptied = bool(before.statements) and not arrival.statements
            if not doubt.settled(now, emptied=emptied):
                if doubt.count == 1:
                    _write(
                        session, document.id, arrival, now, outcome=Outcome.SHRUNK, reason=reason
                    )
                return Taken(document.id, Outcome.SHRUNK, reason, doubt=doubt)
    if elsewhere:
        # The fuller text is the document's from now on, and its address its home.
        settle(session, document.id, url=arrival.evidence.url, source_id=arrival.source_id)
    after = _write(session, document.id, arrival, now)
    promote(
        session,
        document.id,
        after.id,
        title=arrival.document.title,
        published=arrival.document.published,
    )
    settle_promises(session, get_document(session, document.id), now)
    changes: Sequence[Change] = [
        change
        for change in compare(
            before.statements if before else (),
            after.statements,
            Basis.REVISION,
            labels=LOGGED,
            texts=(before.text, after.text) if before else None,
        )
        if change.kind is not Kind.CONTINUED
    ]
    if document.kind is not DocumentKind.REPORT:
        changes = without_told(session, changes, after, now)
    return _log(
        session,
        changes,
        document_id=document.id,
        before=before,
        after=after,
        source_id=arrival.source_id,
        interest=interest,
        now=now,
    )


def _begin(
    session: Session, arrival: Arrival, *, history: bool, interest: Interest, now: datetime
) -> Taken:
    """A document nobody has seen before."""
    provenance = arrival.provenance
    older = newer = None
    if provenance.kind is DocumentKind.REPORT and provenance.region and provenance.year:
        older = find_report(session, provenance.region, provenance.year - 1)
        newer = find_report(session, provenance.region, provenance.year + 1)
        history = history or newer is not None
    document = add_document(
        session,
        provenance=provenance,
        source_id=arrival.source_id,
        url=arrival.evidence.url,
        baseline=history,
        now=now,
    )
    add_sketch(session, document.id, text_fingerprint(arrival.document.text))
    after = _write(session, document.id, arrival, now)
    promote(
        session,
        document.id,
        after.id,
        title=provenance.title,
        published=arrival.document.published,
    )
    settle_promises(session, get_document(session, document.id), now)
    if newer is not None and newer.snapshot_id is not None:
        _succeed_silently(session, document.id, after, newer, now)
    before = None
    if older is not None and older.snapshot_id is not None:
        before = load_snapshot(session, older.snapshot_id)
        succeed(session, older.id, document.id)
        changes = compare(before.statements, after.statements, Basis.SUCCESSION, labels=LOGGED)
    elif history:
        return Taken(document.id, Outcome.OK)
    else:
        changes = compare((), after.statements, Basis.REVISION, labels=LOGGED)
        if provenance.kind is not DocumentKind.REPORT:
            changes = without_reprinted(
                session, changes, after, document_id=document.id, arrival=arrival, now=now
            )
            changes = without_told(session, changes, after, now)
    return _log(
        session,
        changes,
        document_id=document.id,
        before=before,
        after=after,
        source_id=arrival.source_id,
        interest=None if history else interest,
        now=now,
    )


def _succeed_silently(
    session: Session,
    older_id: int,
    before: StoredSnapshot,
    newer: StoredDocument,
    now: datetime,
) -> None:
    """An older report arrives after its successor: the log gets the comparison, nobody is told."""
    succeed(session, older_id, newer.id)
    if newer.snapshot_id is None or has_changes(session, newer.snapshot_id, Basis.SUCCESSION):
        return
    after = load_snapshot(session, newer.snapshot_id)
    changes = compare(before.statements, after.statements, Basis.SUCCESSION, labels=LOGGED)
    add_changes(session, changes, document_id=newer.id, before=before, after=after, now=now)


def _adopt(session: Session, arrival: Arrival, twin: StoredDocument, now: datetime) -> None:
    """A report that came from a file is now seen on the web: that text is compared from now on."""
    after = _write(session, twin.id, arrival, now)
    promote(session, twin.id, after.id, title=twin.title, published=arrival.document.published)
    settle(session, twin.id, url=arrival.evidence.url, source_id=arrival.source_id)


def _write(
    session: Session,
    document_id: int,
    arrival: Arrival,
    now: datetime,
    *,
    outcome: Outcome = Outcome.OK,
    reason: str = "",
) -> StoredSnapshot:
    return add_snapshot(
        session,
        document_id,
        arrival.document,
        arrival.statements if outcome is Outcome.OK else (),
        evidence=arrival.evidence,
        now=now,
        outcome=outcome,
        reason=reason,
    )


def _log(
    session: Session,
    changes: Sequence[Change],
    *,
    document_id: int,
    before: StoredSnapshot | None,
    after: StoredSnapshot,
    source_id: str | None,
    interest: Interest | None,
    now: datetime,
) -> Taken:
    """Write the changes, and an alert for every chat that a rule names or that subscribed."""
    change_ids = add_changes(
        session, changes, document_id=document_id, before=before, after=after, now=now
    )
    if interest is None:
        return Taken(document_id, Outcome.OK, changes=tuple(changes))
    found = [
        (change_id, match)
        for change_id, change in zip(change_ids, changes, strict=True)
        for match in interest.rules.match(change, source_id=source_id)
    ]
    wanted = listeners(session, found, terminal_chat=interest.terminal_chat, now=now)
    alerts = enqueue(
        session, snapshot_id=after.id, document_id=document_id, matches=wanted, now=now
    )
    return Taken(document_id, Outcome.OK, changes=tuple(changes), alerts=alerts)
