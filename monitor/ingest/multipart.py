"""Fetch what else belongs to a page, and read the whole: further pages, or the file it offers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from monitor.catalogue.model import Source
from monitor.documents.multipart import (
    BUNDLE_TYPE,
    MissingParts,
    Part,
    bundle,
    find_missing_parts,
    read_parts,
)
from monitor.ingest.context import VisitContext
from monitor.model.documents import Document, Fetched, Outcome
from monitor.urls import same_site

_NOT_THERE = frozenset({Outcome.GONE, Outcome.MOVED, Outcome.EMPTY})


@dataclass(frozen=True, slots=True)
class Reading:
    """A document, and the bytes it was read from: a page's own, or a bundle of its pieces.

    ``several``: the page alone does not tell whether the document changed.
    """

    document: Document
    content_type: str | None
    body: bytes
    several: bool = False


async def read_whole(source: Source, tools: VisitContext, fetched: Fetched) -> Reading:
    """Read a page with all that belongs to it.

    If a piece does not come, the document's outcome is that piece's: half a text would tell of
    promises dropped that are on the next page.
    """
    page = Part(fetched.final_url, fetched.content_type, fetched.body)
    document, wanted = await asyncio.to_thread(_read_page, source, page)
    urls = wanted.further or ((wanted.attachment,) if wanted.attachment else ())
    if not urls:
        return Reading(document, fetched.content_type, fetched.body)
    parts = [page]
    for number, url in enumerate(urls, start=2):
        here, there = urlsplit(page.url).hostname or "", urlsplit(url).hostname or ""
        if not same_site(here, there) and there not in source.route.hosts:
            if document.text:
                return Reading(document, fetched.content_type, fetched.body)
            return _without(document, fetched, Outcome.EMPTY, f"its text stands on {there}")
        answer = await tools.fetcher.fetch(url, route=source.route)
        if answer.outcome in _NOT_THERE and wanted.attachment and document.text:
            return Reading(document, fetched.content_type, fetched.body, several=True)
        if answer.outcome is not Outcome.OK:
            what = "its attachment" if wanted.attachment else f"part {number} of {len(urls) + 1}"
            reason = f"{what}: {answer.reason or answer.outcome.value}"
            return _without(document, fetched, answer.outcome, reason)
        parts.append(Part(answer.final_url, answer.content_type, answer.body))
    whole, packed = await asyncio.to_thread(_join, source, parts)
    return Reading(whole, BUNDLE_TYPE, packed, several=True)


def _read_page(source: Source, page: Part) -> tuple[Document, MissingParts]:
    document = read_parts([page], selectors=source.selectors, encoding=source.encoding)
    return document, find_missing_parts(page, document, encoding=source.encoding)


def _join(source: Source, parts: list[Part]) -> tuple[Document, bytes]:
    whole = read_parts(parts, selectors=source.selectors, encoding=source.encoding)
    return whole, bundle(parts)


def _without(document: Document, fetched: Fetched, outcome: Outcome, reason: str) -> Reading:
    failed = replace(document, text="", outcome=outcome, reason=reason)
    return Reading(failed, fetched.content_type, fetched.body, several=True)
