"""Downloads: the public views as CSV, JSON lines and Parquet, sent row by row."""

from __future__ import annotations

import codecs
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from monitor.errors import UserError
from monitor.periods import start_of
from monitor.storage.changes import find_change_ids
from monitor.storage.views import (
    PRIVATE_VIEWS,
    View,
    cell_types,
    columns_of,
    count_rows,
    has_time,
    read_changes,
    read_view,
)
from monitor.table_files import (
    FileFormat,
    csv_chunks,
    jsonl_chunks,
    parquet_chunks,
    refuse_without_pyarrow,
)
from monitor.web.filters import file_name, read_filter
from monitor.web.site import Site, render, site_of

MAX_AT_ONCE = 2
_MAX_SECONDS = 1800.0
"""A download ends after so long: it keeps a transaction open, and the database its old pages."""

_MAX_COUNTED = 100_000
"""Rows that the page counts: more take longer than a reader waits for a page."""

_RETRY_SECONDS = "30"
_TYPES = {
    FileFormat.CSV: "text/csv; charset=utf-8; header=present",
    FileFormat.JSONL: "application/x-ndjson",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
}
PUBLIC_VIEWS = tuple(view for view in View if view not in PRIVATE_VIEWS)

_slots = threading.BoundedSemaphore(MAX_AT_ONCE)


_Reader: TypeAlias = Callable[[Connection], Iterator[Sequence[object]]]


@dataclass(frozen=True, slots=True)
class RequestedFile:
    """A view and the part of it that is wanted."""

    view: View
    form: FileFormat


class _Download(StreamingResponse):
    """Sends chunks, and ends the reading when the reader is gone."""

    def __init__(self, chunks: Iterator[bytes], media_type: str, headers: dict[str, str]) -> None:
        super().__init__(chunks, media_type=media_type, headers=headers)
        self._chunks: Any = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._chunks.close()


def listing(request: Request) -> Response:
    """The page that lists all downloads."""
    with site_of(request).database.read() as connection:
        rows = {view: count_rows(connection, view, most=_MAX_COUNTED) for view in PUBLIC_VIEWS}
    values = {
        "views": PUBLIC_VIEWS,
        "forms": list(FileFormat),
        "timed": has_time,
        "rows": rows,
        "most": _MAX_COUNTED,
    }
    return render(request, "downloads", values)


def download(request: Request) -> Response:
    """A view, or of the change log what the timeline's filter leaves."""
    site = site_of(request)
    wanted = _wanted(request)
    if wanted.form is FileFormat.PARQUET:
        try:
            refuse_without_pyarrow()
        except UserError as error:
            raise HTTPException(501, str(error)) from None
    read_rows = _reader(request, wanted.view, site)
    headers = {"content-disposition": _named(request, wanted, site)}
    media_type = _TYPES[wanted.form]
    if request.method == "HEAD":
        return Response(media_type=media_type, headers=headers)
    if not _slots.acquire(blocking=False):
        raise HTTPException(
            503, "too many downloads at once: try again", {"retry-after": _RETRY_SECONDS}
        )
    chunks = _chunks(site, wanted, read_rows)
    next(chunks)  # begun, so that its end gives the place back whatever happens
    return _Download(chunks, media_type, headers)


def _wanted(request: Request) -> RequestedFile:
    name, _, ending = request.path_params["file"].rpartition(".")
    if name not in PUBLIC_VIEWS or ending not in list(FileFormat):
        raise HTTPException(404, "there is no such download: see /downloads")
    return RequestedFile(View(name), FileFormat(ending))


def _named(request: Request, wanted: RequestedFile, site: Site) -> str:
    """The header that names the file after what was asked for."""
    values: list[object] = [request.query_params.get("since", "").strip()]
    if wanted.view is View.CHANGES:
        asked = read_filter(
            request.query_params, themes=site.themes, zone=site.zone, now=site.now()
        ).parameters()
        values = [*(asked[name] for name in asked if name != "all"), "all" if asked["all"] else ""]
    return file_name(wanted.view.value, values, wanted.form.value)


def _reader(request: Request, view: View, site: Site) -> _Reader:
    """What reads the rows that the address asks for.

    Raises:
        UserError: a value of the address is wrong.
    """
    now = site.now()
    if view is View.CHANGES:
        wanted = read_filter(request.query_params, themes=site.themes, zone=site.zone, now=now)
        conditions = wanted.conditions(site.zone, now)
        return lambda connection: read_changes(connection, find_change_ids(connection, conditions))
    since = request.query_params.get("since", "").strip()
    if since and not has_time(view):
        raise UserError(f"since: the rows of {view.value} have no time of their own")
    start = start_of(since, "since", site.zone, now) if since else None
    return lambda connection: read_view(connection, view, since=start)


def _chunks(site: Site, wanted: RequestedFile, read_rows: _Reader) -> Iterator[bytes]:
    """The file, piece by piece; the first one is empty."""
    try:
        yield b""
        with site.database.read() as connection:
            columns = columns_of(connection, wanted.view)
            rows = _until(time.monotonic() + _MAX_SECONDS, read_rows(connection))
            if wanted.form is FileFormat.PARQUET:
                yield from parquet_chunks(cell_types(columns), rows)
                return
            if wanted.form is FileFormat.CSV:
                yield codecs.BOM_UTF8  # without it Excel takes Chinese for the local code page
            written = csv_chunks if wanted.form is FileFormat.CSV else jsonl_chunks
            for chunk in written(columns, rows):
                yield chunk.encode()
    finally:
        _slots.release()


def _until(end: float, rows: Iterator[Sequence[object]]) -> Iterator[Sequence[object]]:
    """The rows; too slow a reader gets no whole file, and can tell.

    Raises:
        TimeoutError: it took too long.
    """
    for row in rows:
        if time.monotonic() > end:
            raise TimeoutError("a download took too long")
        yield row


routes = (
    Route("/downloads", listing, name="downloads"),
    Route("/downloads/{file}", download),
)
