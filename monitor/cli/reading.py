"""``read`` and ``links``: what is read of a page or a list. They need no database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.options import ConfigOption
from monitor.cli.output import print_status, write_jsonl, write_text
from monitor.clock import utc_now
from monitor.config.settings import Settings, load_settings
from monitor.documents.reader import KnownDays, read_document
from monitor.errors import MonitorError, UserError
from monitor.model.documents import Document, Fetched, Outcome
from monitor.parser_process import ParserError, ParserProcess

if TYPE_CHECKING:
    from monitor.discovery.list_pages import Discovery

Place = Annotated[str, typer.Argument(metavar="FILE|URL", help="A file, or an http(s) address.")]
AddressOption = Annotated[
    str | None,
    typer.Option("--url", metavar="ADDRESS", help="The address that a file was saved from."),
]
ExplainOption = Annotated[
    bool, typer.Option("--explain", help="Print on standard error what was chosen, and why.")
]


class ReadingFormat(StrEnum):
    """What ``--format`` of these two commands takes."""

    TEXT = "text"
    JSON = "json"


ReadingFormatOption = Annotated[ReadingFormat, typer.Option("--format", "-f", help="How to print.")]


@dataclass(frozen=True, slots=True)
class _Page:
    """The bytes of a file or of an answer."""

    body: bytes
    content_type: str | None
    url: str | None


def read(
    place: Place,
    form: ReadingFormatOption = ReadingFormat.TEXT,
    url: AddressOption = None,
    explain: ExplainOption = False,
    config: ConfigOption = None,
) -> None:
    """Print the clean text of a page or file: the text that all offsets point into."""
    document = read_place(place, load_settings(config), url=url)
    if explain:
        for line in document.evidence:
            print_status(line)
    if form is ReadingFormat.JSON:
        _write_json(document_json(document))
        if not document.has_text:
            raise typer.Exit(1)
        return
    if not document.has_text:
        raise MonitorError(f"{place}: {document.outcome}: {document.reason}")
    if document.outcome is Outcome.PARTIAL:
        print_status(f"partial: {document.reason}")
    write_text(document.text)


def links(
    place: Place,
    form: ReadingFormatOption = ReadingFormat.TEXT,
    url: AddressOption = None,
    explain: ExplainOption = False,
    config: ConfigOption = None,
) -> None:
    """Print the articles that a list page names, and the list pages after it."""
    settings = load_settings(config)
    page = _load(place, settings, url)
    if page.url is None:
        raise UserError("the address of this list is unknown", hint="name it with --url")
    found = _discover(page, page.url, settings)
    if explain:
        for line in found.evidence:
            print_status(line)
        for reason, count in found.refused:
            print_status(f"not taken: {count}, {reason}")
    if form is ReadingFormat.JSON:
        _write_json(discovery_json(found))
        return
    if found.reason:
        print_status(found.reason)
    for link in found.links:
        day = link.published.isoformat() if link.published else "-" * 10
        write_text(f"{day}  {link.url}  {link.title}")


def read_place(place: str, settings: Settings, *, url: str | None = None) -> Document:
    """Read a file or an address; ``url`` is where a file was saved from.

    Raises:
        UserError: there is no such file.
        MonitorError: the page could not be fetched.
    """
    page = _load(place, settings, url)
    days = KnownDays(today=utc_now().date())
    with parser_process() as parser:
        return parser.call(
            [page.body],
            read_document,
            page.body,
            content_type=page.content_type,
            url=page.url,
            days=days,
        )


@contextmanager
def parser_process() -> Iterator[ParserProcess]:
    """The process that parses what may be costly; its failures are the user's to read.

    Raises:
        MonitorError: bytes could not be read within its limits.
    """
    parser = ParserProcess()
    try:
        yield parser
    except ParserError as error:
        raise MonitorError(str(error)) from None
    finally:
        parser.close()


def is_url(place: str) -> bool:
    """Whether the user named an address rather than a file."""
    return place.startswith(("http://", "https://"))


def document_json(document: Document) -> dict[str, Any]:
    """A document as ``monitor read --format json`` prints it; see docs/reference/json.md."""
    return {
        "title": document.title,
        "published": document.published.isoformat() if document.published else None,
        "published_from": document.published_from or None,
        "outcome": document.outcome.value,
        "reason": document.reason,
        "text": document.text,
        "taken": round(document.taken, 3),
        "attachments": [
            {"name": one.name, "url": one.url, "read": one.read} for one in document.attachments
        ],
        "further_pages": list(document.further_pages),
    }


def discovery_json(found: Discovery) -> dict[str, Any]:
    """A list as ``monitor links --format json`` prints it; see docs/reference/json.md."""
    return {
        "links": [
            {
                "url": link.url,
                "title": link.title,
                "published": link.published.isoformat() if link.published else None,
            }
            for link in found.links
        ],
        "next": [*found.next_pages, *found.backfill_pages],
        "reason": found.reason,
        "refused": dict(found.refused),
    }


def _write_json(value: dict[str, Any]) -> None:
    write_jsonl([value])


def _discover(page: _Page, url: str, settings: Settings) -> Discovery:
    """What the source of this list finds on it, or without one the list finder."""
    from monitor.catalogue.loader import load_catalogue
    from monitor.discovery.list_pages import discover, discover_any

    fetched = Fetched(
        url, url, Outcome.OK, 200, _now(), body=page.body, content_type=page.content_type
    )
    source = next(
        (s for s in load_catalogue(settings.existing_paths("catalogue")).sources if url in s.lists),
        None,
    )
    with parser_process() as parser:
        if source is not None:
            return parser.call([page.body], discover, source, fetched)
        return parser.call([page.body], discover_any, fetched)


def _now() -> datetime:
    return utc_now()


def _load(place: str, settings: Settings, url: str | None) -> _Page:
    if is_url(place):
        return asyncio.run(_fetch(place, settings))
    if url is not None and not is_url(url):
        raise UserError(f"--url: {url!r} is no address", hint="it begins with http:// or https://")
    if "://" in place:
        raise UserError(f"{place!r} is no address", hint="it begins with http:// or https://")
    path = Path(place)
    if not place.strip() or path.is_dir():
        raise UserError(f"{place or 'FILE|URL'}: this is no file", hint="name a file or an address")
    try:
        return _Page(path.read_bytes(), None, url)
    except FileNotFoundError:
        hint = "/dev/stdin is what comes through a pipe" if place == "-" else None
        raise UserError("no such file", file=path, hint=hint) from None
    except OSError as error:
        raise UserError(error.strerror or str(error), file=path) from None


async def _fetch(url: str, settings: Settings) -> _Page:
    # A file needs no network.
    from monitor.app import fetcher_settings
    from monitor.catalogue.model import FetchRoute
    from monitor.fetching.fetcher import HttpFetcher

    async with HttpFetcher(fetcher_settings(settings)) as fetcher:
        # The user names the address: the SSRF guard is for addresses that pages name, and
        # robots.txt for automatic visits.
        fetched = await fetcher.fetch(url, route=FetchRoute(allow_private=True, robots=False))
    if fetched.outcome is not Outcome.OK:
        raise MonitorError(f"{url}: {fetched.outcome}: {fetched.reason}")
    return _Page(fetched.body, fetched.content_type, fetched.final_url)
