"""Read the pages that are new, with their parts, and ingest them.

Loaded for the first of them: see ``entries``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import urlsplit

from monitor.catalogue.model import Source
from monitor.documents.gaps import is_short
from monitor.documents.multipart import (
    BUNDLE_TYPE,
    Part,
    bundle,
    find_missing_parts,
    read_parts,
)
from monitor.documents.page_fingerprint import page_fingerprint
from monitor.documents.reader import KnownDays
from monitor.extraction.extract import extract
from monitor.extraction.identify import infer_provenance
from monitor.ingest.context import VisitContext
from monitor.ingest.ingest import ingest
from monitor.ingest.load import find_copy
from monitor.ingest.plan import (
    MIRROR,
    IngestRequest,
    IngestResult,
    SuspectState,
    lacks_address,
)
from monitor.ingest.schedule import (
    is_baseline,
)
from monitor.ingest.withdrawal import (
    WithdrawalContext,
    ingest_gone,
    ingest_return,
)
from monitor.model.documents import (
    Document,
    DocumentKind,
    Fetched,
    FetchRecord,
    Outcome,
    Provenance,
    sha256_hex,
)
from monitor.model.statements import Speaker
from monitor.parser_process import ParserError
from monitor.storage.documents import find_text, get_document
from monitor.storage.frontier import (
    NOT_SUSPECT,
    FrontierEntry,
    update_entry,
)
from monitor.urls import is_within
from monitor.warm_up import WarmUp

_KNOWN_BY_FORM = frozenset({DocumentKind.REPORT, DocumentKind.PLAN})
_NOTHING_THERE = frozenset({Outcome.GONE, Outcome.MOVED, Outcome.EMPTY})

_Values = dict[str, object]
"""Columns of a frontier entry."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A document, and the bytes it was read from: a page's own, or a bundle of its parts.

    ``has_parts``: the page alone does not tell whether the document changed.
    """

    document: Document
    content_type: str | None
    body: bytes
    has_parts: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A frontier entry that was fetched and read.

    ``added_at`` is when its source was added; ``visited`` are the columns of the entry that say
    how the visit went.
    """

    entry: FrontierEntry
    fetched: Fetched
    reading: Reading
    added_at: datetime
    visited: Mapping[str, object]


async def read_whole(
    source: Source, context: VisitContext, fetched: Fetched, *, listed: date | None = None
) -> Reading:
    """Read a page with its further pages, or with the attachment that has its text.

    If a further page cannot be fetched, the outcome of the document is that page's. If an
    attachment cannot, a page with a text of its own is partial.

    Args:
        source: the source of the page.
        context: of the visit.
        fetched: the page.
        listed: the day that the list gives it.
    """
    days = KnownDays(listed, context.now().astimezone(context.zone).date())
    page = Part(fetched.final_url, fetched.content_type, fetched.body)
    document = await asyncio.to_thread(_read, source, context, [page], days)
    if document.target is not None and is_within(document.target, page.url, source.route.hosts):
        return await _read_target(source, context, (document, fetched), days)
    missing = find_missing_parts(document)
    if not missing.urls:
        return Reading(document, fetched.content_type, fetched.body)
    parts = [page]
    for number, url in enumerate(missing.urls, start=2):
        if not is_within(url, page.url, source.route.hosts):
            if document.text:
                return Reading(document, fetched.content_type, fetched.body)
            there = urlsplit(url).netloc
            return _failed(document, fetched, Outcome.EMPTY, f"its text stands on {there}")
        answer = await context.fetcher.fetch(url, route=source.route)
        if answer.outcome is not Outcome.OK:
            part = f"part {number} of {len(missing.urls) + 1}"
            part = "its attachment" if missing.attachment else part
            return _lacking(document, fetched, answer, part, attached=bool(missing.attachment))
        parts.append(Part(answer.final_url, answer.content_type, answer.body))
    whole = await asyncio.to_thread(_read, source, context, parts, days)
    body = await asyncio.to_thread(bundle, parts)
    return Reading(whole, BUNDLE_TYPE, body, has_parts=True)


async def _read_target(
    source: Source, context: VisitContext, stub: tuple[Document, Fetched], days: KnownDays
) -> Reading:
    """Read the page that a stub leads to; a second stub is not followed."""
    document, fetched = stub
    answer = await context.fetcher.fetch(document.target or "", route=source.route)
    if answer.outcome is not Outcome.OK:
        reason = f"{document.reason}: {answer.reason or answer.outcome.value}"
        return _failed(document, fetched, answer.outcome, reason)
    page = Part(answer.final_url, answer.content_type, answer.body)
    whole = await asyncio.to_thread(_read, source, context, [page], days)
    if document.published is not None:
        # A page around a frame has the title and the day, which its frame may lack.
        day = whole if whole.published is not None else document
        whole = replace(
            whole,
            title=whole.title or document.title,
            published=day.published,
            published_from=day.published_from,
        )
    # The stub stays the same whatever happens where it leads to.
    return Reading(whole, answer.content_type, answer.body, has_parts=True)


def _lacking(
    document: Document, fetched: Fetched, answer: Fetched, part: str, *, attached: bool
) -> Reading:
    """What is read of a page one of whose parts was not sent."""
    reason = f"{part}: {answer.reason or answer.outcome.value}"
    gone = answer.outcome in _NOTHING_THERE and bool(document.text)
    if attached and (gone or not is_short(document.text)):
        partial = replace(document, outcome=Outcome.PARTIAL, reason=reason)
        return Reading(partial, fetched.content_type, fetched.body, has_parts=True)
    return _failed(document, fetched, answer.outcome, reason)


def provenance_of(
    source: Source,
    document: Document,
    *,
    title: str = "",
    listed: date | None = None,
    url: str | None = None,
) -> Provenance:
    """Who speaks in a document, for where and when: what the page says, else its source.

    A report column also has explanations, pictures and notices; only what reads like a report
    becomes a member of the series, and of the place it names: a province's column may list a
    city's report. A plan belongs to its issuer. ``title`` and ``listed`` are what the list page
    says.
    """
    title = document.title or title
    published = document.published or listed
    inferred = infer_provenance(
        document.text,
        title=title,
        url=url,
        published=published,
        region=source.region,
        expected=source.document_kind,
        speaker=source.speaker if source.speaker is Speaker.MINISTRY else Speaker.GOVERNMENT,
    )
    if inferred.kind in _KNOWN_BY_FORM:
        return inferred
    kind = DocumentKind.PAGE if source.document_kind is DocumentKind.PAGE else DocumentKind.NEWS
    return Provenance(
        kind=kind,
        speaker=source.speaker,
        region=source.region,
        year=inferred.year,
        published=published,
        title=title,
    )


def _read(source: Source, context: VisitContext, parts: list[Part], days: KnownDays) -> Document:
    try:
        return context.parser.call(
            [part.body for part in parts],
            read_parts,
            parts,
            selectors=source.selectors,
            encoding=source.encoding,
            days=days,
        )
    except ParserError as error:
        return Document("", outcome=Outcome.EMPTY, reason=str(error))


def _failed(document: Document, fetched: Fetched, outcome: Outcome, reason: str) -> Reading:
    failed = replace(document, text="", outcome=outcome, reason=reason)
    return Reading(failed, fetched.content_type, fetched.body, has_parts=True)


def ingest_page(
    source: Source, context: VisitContext, page: Page
) -> tuple[IngestResult, _Values | None]:
    """Ingest a page whose bytes are new, and update its frontier entry, in one transaction.

    Returns:
        The result. If the text is that of the last visit, nothing is written yet: the columns of
        the frontier entry are returned too, to be written with those of other unchanged pages.
    """
    entry, document = page.entry, page.reading.document
    now = context.now()
    values = dict(page.visited)
    if not document.has_text:
        values["last_reason"] = document.reason
        with context.write() as connection:
            update_entry(connection, entry.id, values)
        return IngestResult(entry.document_id, document.outcome, document.reason), None
    text_hash = sha256_hex(document.text)
    believed = _believed_values(page, text_hash, now)
    if text_hash == entry.text_hash:
        reason = document.reason if document.outcome is Outcome.PARTIAL else ""
        values["last_reason"] = reason or None
        return IngestResult(entry.document_id, document.outcome, reason), values | believed
    withdrawal = _withdrawal_context(source, context)
    if entry.document_id is None:
        copied = _attach_copy(context, withdrawal, page, text_hash, values | believed)
        if copied is not None:
            return copied, None
    else:
        page = _with_known_day(context, page, entry.document_id)
    request = _request(source, context, page)
    if request.document_id is None:
        _ = request.shingles  # computed before other writers have to wait
    with context.write() as connection:
        result = ingest(
            connection,
            request,
            rules=withdrawal.rules,
            now=now,
            policy=context.suspects,
            terminal_chat=context.terminal_chat,
        )
        values |= {
            "document_id": result.document_id,
            "last_outcome": result.outcome,
            "last_reason": result.reason or None,
        }
        values |= believed if result.suspect is None else _suspect_values(result.suspect)
        # A document that did not exist a moment ago cannot have been withdrawn.
        if result.outcome is Outcome.OK and result.document_id is not None and not result.is_new:
            back = ingest_return(
                connection,
                result.document_id,
                entry,
                page.fetched,
                context=withdrawal,
                told=result.changes,
            )
            result = result.with_return(back)
        update_entry(connection, entry.id, values)
    return result, None


def _with_known_day(context: VisitContext, page: Page, document_id: int) -> Page:
    """The page with the day that its document has, if it no longer names one.

    Without it "this year" would mean nothing any more, and each statement would be another.
    """
    document = page.reading.document
    if document.published is not None:
        return page
    with context.database.read() as connection:
        known = get_document(connection, document_id).published
    document = replace(document, published=known, published_from="earlier visit" if known else "")
    return replace(page, reading=replace(page.reading, document=document))


def ingest_gone_page(
    source: Source,
    context: VisitContext,
    entry: FrontierEntry,
    fetched: Fetched,
    values: _Values,
) -> IngestResult:
    """Count a visit that found a document gone, with the columns of its address."""
    withdrawal = _withdrawal_context(source, context)
    with context.write() as connection:
        result, suspect = ingest_gone(connection, entry, fetched, withdrawal)
        update_entry(connection, entry.id, values | _suspect_values(suspect))
    return result


def ingest_returned_page(
    source: Source, context: VisitContext, entry: FrontierEntry, fetched: Fetched
) -> IngestResult:
    """Log that a withdrawn document is back, unchanged."""
    withdrawal = _withdrawal_context(source, context)
    unchanged = IngestResult(entry.document_id, fetched.outcome)
    with context.write() as connection:
        document_id = entry.document_id or 0
        back = ingest_return(connection, document_id, entry, fetched, context=withdrawal)
    return unchanged.with_return(back)


def _withdrawal_context(source: Source, context: VisitContext) -> WithdrawalContext:
    # Rules are read before a transaction begins: that may need a connection of its own.
    return WithdrawalContext(
        source.id, context.rules(), context.now(), context.suspects, context.terminal_chat
    )


def _attach_copy(
    context: VisitContext,
    withdrawal: WithdrawalContext,
    page: Page,
    text_hash: str,
    values: _Values,
) -> IngestResult | None:
    """Attach a new address to the document it is an exact copy of; None if it is none.

    A copy says nothing new, so its statements need not be extracted. But a document that was
    withdrawn is back with it.
    """
    entry = page.entry
    with context.database.read() as connection:
        # Most pages are no copies: they need not wait for other writers. What is decided on is
        # looked for again, under the locks of the transaction that writes.
        if find_text(connection, text_hash) is None:
            return None
    with context.write() as connection:
        document = find_copy(connection, text_hash)
        if document is None or lacks_address(document, entry.url):
            return None
        copied = {"document_id": document.id, "last_reason": MIRROR}
        update_entry(connection, entry.id, values | copied)
        back = ingest_return(connection, document.id, entry, page.fetched, context=withdrawal)
    return IngestResult(document.id, Outcome.OK, MIRROR).with_return(back)


@WarmUp
def _request(source: Source, context: VisitContext, page: Page) -> IngestRequest:
    """Extract the statements of a page."""
    entry, document, reading = page.entry, page.reading.document, page.reading
    provenance = provenance_of(
        source, document, title=entry.title, listed=entry.listed, url=entry.url
    )
    return IngestRequest(
        document=document,
        provenance=provenance,
        statements=tuple(
            statement
            for statement in extract(document.text, provenance, context.topics)
            if not source.topics or statement.topic in source.topics
        ),
        fetch=FetchRecord(
            frontier_entry_id=entry.id,
            url=entry.url,
            status=page.fetched.status,
            content_type=reading.content_type,
            body=reading.body,
            fetched=replace(page.fetched, body=b""),
        ),
        source_id=source.id,
        document_id=entry.document_id,
        # A source with ``baseline: false`` reports everything, however old.
        baseline=context.origin is not None
        or (
            source.baseline
            and is_baseline(
                baseline=entry.baseline,
                published=document.published or entry.listed,
                added_at=page.added_at,
                zone=context.zone,
            )
        ),
        origin=context.origin,
        suspect=SuspectState(entry.suspect_hash, entry.suspect_count, entry.suspect_since),
    )


def _believed_values(page: Page, text_hash: str, now: datetime) -> _Values:
    """What the next visit compares a believed text with."""
    fetched, document = page.fetched, page.reading.document
    values: _Values = {"text_hash": text_hash, **NOT_SUSPECT}
    if page.reading.has_parts:
        # That one page is unchanged says nothing about the others.
        unknown = ("etag", "last_modified", "body_hash", "page_fingerprint")
        return values | dict.fromkeys(unknown)
    return values | {
        "etag": fetched.etag,
        "last_modified": fetched.last_modified,
        "body_read_at": now,
        "body_hash": sha256_hex(fetched.body),
        "page_fingerprint": page_fingerprint(
            fetched.body,
            document.text,
            document.charset,
            document.prose,
            document.steady_links,
        ),
    }


def _suspect_values(suspect: SuspectState) -> _Values:
    return {
        "suspect_hash": suspect.text_hash,
        "suspect_count": suspect.count,
        "suspect_since": suspect.since,
    }
