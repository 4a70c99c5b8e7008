"""Fetch, read, extract: visit the addresses of a source that are due and take in what is new."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from monitor.catalogue.model import Source
from monitor.documents.page_fingerprint import page_fingerprint
from monitor.extraction.extract import extract
from monitor.extraction.identify import infer_provenance
from monitor.ingest.context import HEALTHY, VisitContext, VisitReport
from monitor.ingest.decide import lacks_address
from monitor.ingest.ingest import ingest
from monitor.ingest.multipart import Reading, read_whole
from monitor.ingest.plan import MIRROR, IngestRequest, IngestResult, SuspectState
from monitor.ingest.schedule import is_baseline, next_page_visit
from monitor.model.documents import (
    Document,
    DocumentKind,
    Fetched,
    FetchRecord,
    Outcome,
    Provenance,
    sha256_hex,
)
from monitor.storage.documents import find_text
from monitor.storage.frontier import (
    FrontierEntry,
    due_entries,
    source_added_at,
    update_entries,
    update_entry,
)

_BATCH = 100


@dataclass(frozen=True, slots=True)
class _Page:
    """An address that was fetched and read; ``added_at`` is when its source was added."""

    entry: FrontierEntry
    fetched: Fetched
    reading: Reading
    added_at: datetime


async def read_pages(source: Source, tools: VisitContext, report: VisitReport) -> None:
    """Visit every address of a source that is due now, one after the other."""
    start = tools.now()
    while True:
        added_at, due = await asyncio.to_thread(_due, source, tools, start)
        notes: list[tuple[int, dict[str, object]]] = []
        for address in due:
            fetched = await tools.fetcher.fetch(
                address.url,
                route=source.route,
                etag=address.etag,
                last_modified=address.last_modified,
                fingerprint=address.page_fingerprint,
            )
            if fetched.outcome is Outcome.OK and sha256_hex(fetched.body) != address.body_hash:
                reading = await read_whole(source, tools, fetched)
                result = await asyncio.to_thread(
                    _ingest_page, source, tools, _Page(address, fetched, reading, added_at)
                )
                report.pages[result.outcome] += 1
                report.changes.extend(result.changes)
                report.alerts += result.alerts
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


def _due(
    source: Source, tools: VisitContext, start: datetime
) -> tuple[datetime, list[FrontierEntry]]:
    """When the source came into the catalogue, and its addresses that are due."""
    with tools.database.read() as session:
        added_at = source_added_at(session, source.id)
        return added_at, due_entries(session, source.id, start, _BATCH)


def _note_all(tools: VisitContext, notes: list[tuple[int, dict[str, object]]]) -> None:
    with tools.database.write() as session:
        update_entries(session, notes)


def _ingest_page(source: Source, tools: VisitContext, page: _Page) -> IngestResult:
    """Write what follows from a page whose bytes are new, in one transaction."""
    address, fetched, reading = page.entry, page.fetched, page.reading
    document = reading.document
    now = tools.now()
    text_hash = sha256_hex(document.text)
    note = _note(source, address, fetched, document.outcome, now)
    if document.outcome is not Outcome.OK:
        note["last_reason"] = document.reason
        with tools.database.write() as session:
            update_entry(session, address.id, note)
        return IngestResult(address.document_id, document.outcome, document.reason)
    # Where one page is not the whole, that it is unchanged says nothing of the others.
    alone = not reading.several
    accepted = {
        "etag": fetched.etag if alone else None,
        "last_modified": fetched.last_modified if alone else None,
        "body_hash": sha256_hex(fetched.body) if alone else None,
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
            update_entry(session, address.id, note | accepted)
        return IngestResult(address.document_id, Outcome.OK)
    if address.document_id is None:
        copied = _note_copy(tools, address, text_hash, note | accepted)
        if copied is not None:
            return copied
    request = _request(source, tools, page)
    # Read before the transaction begins: it may need a connection of its own.
    rules = tools.rules()
    if request.document_id is None:
        _ = request.shingles  # computed before other writers have to wait
    with tools.database.write() as session:
        result = ingest(
            session,
            request,
            rules=rules,
            now=now,
            policy=tools.suspects,
            terminal_chat=tools.terminal_chat,
        )
        note |= {
            "document_id": result.document_id,
            "last_outcome": result.outcome,
            "last_reason": result.reason or None,
        }
        if result.suspect is None:
            note |= accepted
        else:
            note |= {
                "suspect_hash": result.suspect.text_hash,
                "suspect_count": result.suspect.count,
                "suspect_since": result.suspect.since,
            }
        update_entry(session, address.id, note)
    return result


def _note_copy(
    tools: VisitContext, address: FrontierEntry, text_hash: str, note: dict[str, object]
) -> IngestResult | None:
    """Attach a new address to the document it is an exact copy of; None if it is none.

    A copy says nothing new: its statements need not be extracted.
    """
    with tools.database.write() as session:
        document = find_text(session, text_hash)
        if document is None or lacks_address(document, address.url):
            return None
        copied = {"document_id": document.id, "last_outcome": Outcome.OK, "last_reason": MIRROR}
        update_entry(session, address.id, note | copied)
    return IngestResult(document.id, Outcome.OK, MIRROR)


def _request(source: Source, tools: VisitContext, page: _Page) -> IngestRequest:
    """Extract the statements of a page, and put together what ingest has to know about it."""
    address, document, reading = page.entry, page.reading.document, page.reading
    provenance = provenance_of(
        source, document, title=address.title, listed=address.listed, url=address.url
    )
    return IngestRequest(
        document=document,
        provenance=provenance,
        statements=tuple(
            statement
            for statement in extract(document.text, provenance, tools.topics)
            if not source.topics or statement.topic in source.topics
        ),
        fetch=FetchRecord(
            address.id,
            address.url,
            page.fetched.status,
            reading.content_type,
            reading.body,
            replace(page.fetched, body=b""),
        ),
        source_id=source.id,
        document_id=address.document_id,
        # A source with ``baseline: false`` was asked for everything, however old.
        baseline=source.baseline
        and is_baseline(
            baseline=address.baseline,
            published=document.published or address.listed,
            added_at=page.added_at,
            zone=tools.zone,
        ),
        suspect=SuspectState(address.suspect_hash, address.suspect_count, address.suspect_since),
    )


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
    source: Source, address: FrontierEntry, fetched: Fetched, outcome: Outcome, now: datetime
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
            page_interval=source.page_interval,
            kind=source.document_kind,
            age=now - _born(address),
            failures=address.failures,
            retry_after=fetched.retry_after,
        ),
    }


def _born(address: FrontierEntry) -> datetime:
    """When the page came into the world, as far as its list says, else into ours."""
    if address.listed is None:
        return address.first_seen_at
    return min(address.first_seen_at, datetime.combine(address.listed, time(), UTC))
