"""Fetch, read, extract: visit the addresses of a source that are due and take in what is new."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, time

from monitor.catalogue.model import Source
from monitor.documents.page_fingerprint import page_fingerprint
from monitor.extraction.extract import extract
from monitor.extraction.identify import infer_provenance
from monitor.ingest.context import HEALTHY, Tools, VisitReport
from monitor.ingest.ingest import take_in
from monitor.ingest.multipart import Reading, read_whole
from monitor.ingest.request import Arrival, Doubt, Taken
from monitor.ingest.schedule import is_history, next_page_visit
from monitor.model.documents import Document, DocumentKind, Fetched, Outcome, Provenance
from monitor.storage.documents import Evidence, digest
from monitor.storage.frontier import (
    Address,
    due_addresses,
    note_address,
    note_addresses,
    source_added_at,
)

_BATCH = 100


async def read_pages(source: Source, tools: Tools, report: VisitReport) -> None:
    """Visit every address of a source that is due now, one after the other."""
    start = tools.now()
    while True:
        due = await asyncio.to_thread(_due, source, tools, start)
        notes: list[tuple[int, dict[str, object]]] = []
        for address in due:
            fetched = await tools.fetcher.fetch(
                address.url,
                route=source.route,
                etag=address.etag,
                last_modified=address.last_modified,
                fingerprint=address.page_fingerprint,
            )
            if fetched.outcome is Outcome.OK and digest(fetched.body) != address.body_hash:
                reading = await read_whole(source, tools, fetched)
                taken = await asyncio.to_thread(
                    _take_page, source, tools, address, fetched, reading
                )
                report.pages[taken.outcome] += 1
                report.changes.extend(taken.changes)
                report.alerts += taken.alerts
            else:
                report.pages[fetched.outcome] += 1
                note = _note(source, address, fetched, fetched.outcome, tools.now())
                if fetched.outcome is Outcome.NOT_MODIFIED and fetched.status == 200:
                    note |= {"etag": fetched.etag, "last_modified": fetched.last_modified}
                notes.append((address.id, note))
        if notes:
            await asyncio.to_thread(_note_all, tools, notes)
        if len(due) < _BATCH:
            return


def _due(source: Source, tools: Tools, start: datetime) -> list[Address]:
    with tools.database.read() as session:
        return due_addresses(session, source.id, start, _BATCH)


def _note_all(tools: Tools, notes: list[tuple[int, dict[str, object]]]) -> None:
    with tools.database.write() as session:
        note_addresses(session, notes)


def _take_page(
    source: Source, tools: Tools, address: Address, fetched: Fetched, reading: Reading
) -> Taken:
    """Write what follows from a page whose bytes are new, in one transaction."""
    document = reading.document
    now = tools.now()
    text_hash = digest(document.text)
    note = _note(source, address, fetched, document.outcome, now)
    if document.outcome is not Outcome.OK:
        note["last_reason"] = document.reason
        with tools.database.write() as session:
            note_address(session, address.id, note)
        return Taken(address.document_id, document.outcome, document.reason)
    # Where one page is not the whole, that it is unchanged says nothing of the others.
    alone = not reading.several
    accepted = {
        "etag": fetched.etag if alone else None,
        "last_modified": fetched.last_modified if alone else None,
        "body_hash": digest(fetched.body) if alone else None,
        "text_hash": text_hash,
        "page_fingerprint": page_fingerprint(fetched.body, document.text, document.charset)
        if alone
        else None,
        "suspect_hash": None,
        "suspect_count": 0,
        "suspect_since": None,
    }
    if text_hash == address.text_hash:
        with tools.database.write() as session:
            note_address(session, address.id, note | accepted)
        return Taken(address.document_id, Outcome.OK)
    provenance = provenance_of(
        source, document, title=address.title, listed=address.listed, url=address.url
    )
    arrival = Arrival(
        document=document,
        provenance=provenance,
        statements=tuple(
            statement
            for statement in extract(document.text, provenance, tools.topics)
            if not source.topics or statement.topic in source.topics
        ),
        evidence=Evidence(
            address.id,
            address.url,
            fetched.status,
            reading.content_type,
            reading.body,
            replace(fetched, body=b""),
        ),
        source_id=source.id,
    )
    doubt = Doubt(
        address.suspect_hash,
        address.suspect_count,
        address.suspect_since,
        tools.doubt.visits,
        tools.doubt.hours,
        tools.doubt.shrink,
        tools.doubt.emptied_hours,
    )
    # Looked up outside of the transaction: it may need a connection of its own.
    interest = tools.interest()
    with tools.database.write() as session:
        added_at = source_added_at(session, source.id)
        taken = take_in(
            session,
            arrival,
            known_id=address.document_id,
            # A source with ``baseline: false`` was asked for everything, however old.
            history=lambda: (
                source.baseline
                and is_history(
                    baseline=address.baseline,
                    published=document.published or address.listed,
                    added_at=added_at,
                    zone=tools.zone,
                )
            ),
            interest=interest,
            doubt=doubt,
            now=now,
        )
        note["document_id"] = taken.document_id
        note["last_outcome"] = taken.outcome
        note["last_reason"] = taken.reason or None
        if taken.doubt is None:
            note |= accepted
        else:
            note |= {
                "suspect_hash": taken.doubt.text_hash,
                "suspect_count": taken.doubt.count,
                "suspect_since": taken.doubt.since,
            }
        note_address(session, address.id, note)
    return taken


def provenance_of(
    source: Source,
    document: Document,
    *,
    title: str = "",
    listed: date | None = None,
    url: str | None = None,
) -> Provenance:
    """Who speaks in a document, for where and when: what the page says, else its source.

    A report column also carries explanations, pictures and notices; only what reads like a
    report becomes a member of the series. ``title`` and ``listed`` are what the list says.
    """
    title = document.title or title
    published = document.published or listed
    guess = infer_provenance(
        document.text,
        title=title,
        url=url,
        published=published,
        region=source.region,
    )
    if guess.kind is DocumentKind.REPORT:
        return guess
    kind = DocumentKind.PAGE if source.document_kind is DocumentKind.PAGE else DocumentKind.NEWS
    return Provenance(
        kind=kind,
        speaker=source.speaker,
        region=source.region,
        year=guess.year,
        published=published,
        title=title,
    )


def _note(
    source: Source, address: Address, fetched: Fetched, outcome: Outcome, now: datetime
) -> dict[str, object]:
    healthy = outcome in HEALTHY
    return {
        "last_visit_at": now,
        "last_outcome": outcome,
        "last_status": fetched.status,
        "last_reason": fetched.reason or None,
        "failures": 0 if healthy else address.failures + 1,
        "next_visit_at": next_page_visit(
            outcome,
            now=now,
            every=source.page_every,
            kind=source.document_kind,
            age=now - _born(address),
            failures=address.failures,
            retry_after=fetched.retry_after,
        ),
    }


def _born(address: Address) -> datetime:
    """When the page came into the world, as far as its list says, else into ours."""
    if address.listed is None:
        return address.first_seen_at
    return min(address.first_seen_at, datetime.combine(address.listed, time(), UTC))
