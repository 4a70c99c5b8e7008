"""First step of ingest: read everything the decision needs from storage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sqlalchemy import Connection

from monitor.comparison.similarity import TextShingles
from monitor.ingest.dedup import REPRINT_OVERLAP
from monitor.ingest.plan import (
    FULFILMENT_HORIZON,
    IngestRequest,
    IngestState,
    KnownDocument,
    is_elsewhere,
    lacks_address,
    series_key,
)
from monitor.model.changes import Basis
from monitor.model.documents import StoredDocument, sha256_hex
from monitor.model.statements import Label
from monitor.storage.change_log import corroborations_of, has_changes
from monitor.storage.documents import (
    documents_by_id,
    find_similar,
    find_text,
    get_document,
    reports_of_regions,
)
from monitor.storage.locks import lock_together
from monitor.storage.snapshots import earlier_sentences, load_snapshots, load_texts
from monitor.storage.statements import unlinked_commitments

_SHARED_HASHES = 3
"""Hashes of a fingerprint that two documents must share to be compared at all."""

_ReportKey = tuple[str, int]


def load_state(connection: Connection, request: IngestRequest) -> IngestState:
    """Everything the decision needs to know about a page; nobody changes it before the commit.

    Args:
        connection: the writing transaction that writes the plan, too.
        request: the page.
    """
    return lock_together(
        connection,
        _locks_of_page(request),
        lambda: _load_state(connection, request),
        lambda state: _locks_of_state(request, state),
    )


def load_document(connection: Connection, document_id: int) -> StoredDocument:
    """A document, which nobody changes before the commit."""
    return lock_together(
        connection,
        {_document_lock(document_id)},
        lambda: get_document(connection, document_id),
        _locks_of_document,
    )


def find_copy(connection: Connection, text_hash: str) -> StoredDocument | None:
    """The document whose newest text this is; nobody adds or changes one before the commit."""
    return lock_together(
        connection,
        {_text_lock(text_hash)},
        lambda: find_text(connection, text_hash),
        lambda found: set() if found is None else _locks_of_document(found),
    )


def _locks_of_page(request: IngestRequest) -> set[str]:
    """What a page may touch, as far as the page alone says: its text and those like it, regions."""
    locks = {_text_lock(sha256_hex(request.document.text))}
    if request.document_id is None:
        # Texts that are nearly the same share some of these numbers.
        locks.update(f"fingerprint {number}" for number in request.shingles.fingerprint)
    else:
        locks.add(_document_lock(request.document_id))
    return locks | _region_locks(_report_keys(request, None, ()))


def _locks_of_state(request: IngestRequest, state: IngestState) -> set[str]:
    similar = [one.document for one in state.similar]
    shown = state.document or state.same_text
    touched = [*similar, *(one for one in (shown, state.removed) if one is not None)]
    locks = {_document_lock(one.id) for one in touched}
    return locks | _region_locks(_report_keys(request, shown, similar))


def _locks_of_document(document: StoredDocument) -> set[str]:
    key = series_key(document)
    return {_document_lock(document.id), *_region_locks([] if key is None else [key])}


def _region_locks(keys: Iterable[_ReportKey]) -> set[str]:
    """A region's reports are compared with one another, and with what articles say of it."""
    return {f"region {region}" for region, _ in keys}


def _document_lock(document_id: int) -> str:
    return f"document {document_id}"


def _text_lock(text_hash: str) -> str:
    return f"text {text_hash}"


def _load_state(connection: Connection, request: IngestRequest) -> IngestState:
    document: StoredDocument | None = None
    same_text: StoredDocument | None = None
    similar: list[StoredDocument] = []
    if request.document_id is not None:
        document = get_document(connection, request.document_id)
        if document.removed_at is not None:
            return IngestState(removed=document)
    elif same_text := find_text(connection, sha256_hex(request.document.text)):
        if same_text.removed_at is not None:
            return IngestState(removed=same_text)
        # Nothing else is asked about an exact copy, unless it becomes the document's text.
        if not lacks_address(same_text, request.fetch.url):
            return IngestState(same_text=same_text)
    else:
        found = _find_similar(connection, request)
        similar = [one for one in found if one.removed_at is None]
        own_key = series_key(request.provenance)
        removed = [one for one in found if one.removed_at and series_key(one) == own_key]
        if removed and not similar:
            return IngestState(removed=removed[0])
    shown = document or same_text
    keys = set(_report_keys(request, shown, similar))
    stored = reports_of_regions(connection, {region for region, _ in keys})
    reports = {key: report for key, report in stored.items() if key in keys}
    own = series_key(shown or request.provenance)
    mirrors = [*similar, *([document] if document and is_elsewhere(document, request) else [])]
    if own in reports and shown is None:
        mirrors.append(reports[own])
    known = _load_known(
        connection,
        [*([document] if document else []), *similar, *reports.values()],
        mirrors=mirrors,
    )
    state = IngestState(
        document=document,
        known=known.get(document.id) if document else None,
        same_text=same_text,
        similar=tuple(known[one.id] for one in similar if one.id in known),
        reports={key: known[one.id] for key, one in reports.items() if one.id in known},
        repeated={}
        if document is None or document.snapshot_id is None
        else corroborations_of(connection, document.snapshot_id),
    )
    if own is not None and shown is None and own not in reports:
        told = unlinked_commitments(connection, *own)
        state = replace(state, told=tuple(told.values()), told_ids=tuple(told))
    newer = None if own is None or shown else state.reports.get((own[0], own[1] + 1))
    if newer is None or not has_changes(connection, newer.snapshot.id, Basis.SUCCESSION):
        return state
    return replace(state, compared=frozenset({newer.snapshot.id}))


def _find_similar(connection: Connection, request: IngestRequest) -> list[StoredDocument]:
    """The documents with nearly the same text, those that share most hashes first."""
    ids = find_similar(connection, request.shingles.fingerprint, shared=_SHARED_HASHES)
    found = documents_by_id(connection, ids)
    shown = {one.id: one.snapshot_id or one.removed_snapshot_id for one in found.values()}
    texts = load_texts(connection, {snapshot_id for snapshot_id in shown.values() if snapshot_id})
    near = {
        snapshot_id
        for snapshot_id, text in texts.items()
        if TextShingles(text).overlap(request.shingles) >= REPRINT_OVERLAP
    }
    return [found[document_id] for document_id in ids if shown[document_id] in near]


def _report_keys(
    request: IngestRequest, document: StoredDocument | None, similar: Iterable[StoredDocument]
) -> Iterator[_ReportKey]:
    """Region and year of each report that may be compared with the page or one like it."""
    for one in (document or request.provenance, *similar):
        key = series_key(one)
        if key is not None:
            region, year = key
            for other in range(year - FULFILMENT_HORIZON, year + FULFILMENT_HORIZON + 1):
                yield region, other
    for statement in request.statements:
        if statement.label is Label.COMMITMENT and statement.region and statement.year:
            yield statement.region, statement.year


def _load_known(
    connection: Connection,
    documents: Iterable[StoredDocument],
    *,
    mirrors: Iterable[StoredDocument],
) -> dict[int, KnownDocument]:
    """Documents with their snapshots, by id; with earlier sentences where a copy may be read."""
    having = {one.id: (one, one.snapshot_id) for one in documents if one.snapshot_id is not None}
    snapshots = load_snapshots(connection, {snapshot_id for _, snapshot_id in having.values()})
    said = earlier_sentences(connection, [one for one in mirrors if one.id in having])
    return {
        one.id: KnownDocument(one, snapshots[snapshot_id], said.get(one.id, frozenset()))
        for one, snapshot_id in having.values()
    }
