"""The timeline: the change log, newest first, by the filter in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.errors import UserError
from monitor.extraction.offices import is_central
from monitor.extraction.regions import gazetteer
from monitor.messages.change_text import (
    headline,
    kind_name,
    sentence_spans,
    speaker_and_label,
    unsure_note,
)
from monitor.messages.i18n import alert_texts, kind_symbol
from monitor.messages.richtext import Span
from monitor.model.changes import Basis, Certainty, Kind, LoggedChange
from monitor.model.statements import Speaker
from monitor.storage.changes import (
    ChangeCount,
    count_changes,
    find_change,
    list_changes,
    newest_change_id,
)
from monitor.storage.sources import source_names
from monitor.storage.speakers import issuer_names, offices_of
from monitor.web.filters import ChangeFilter, read_filter, unknown_speaker_hint
from monitor.web.preferences import preferences_of, read_position_of, save_read_position
from monitor.web.site import Site, is_fragment, render, site_of
from monitor.web.templates import query, short_region_name

PAGE = 30
MAX_OFFICES = 300
MAX_COUNT = 1_000
_LOOKED_AT = 2_000
"""Lines of the log that a count looks at: more would take longer than the page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timeline, in the reader's language."""

    id: int
    day: str
    kind: Kind
    kind_name: str
    symbol: str
    place: str
    headline: str
    sentence: Sequence[Span]
    note: str
    said_by: str
    region: str | None
    document_id: int
    document: str
    published: str
    unsure: bool
    is_new: bool


def timeline(request: Request) -> Response:
    """The page, or with htmx the entries that follow ``?before=``."""
    site, language = site_of(request), preferences_of(request).language
    now = site.now()
    wanted = read_filter(request.query_params, themes=site.themes, zone=site.zone, now=now)
    before = cursor(request.query_params.get("before", ""))
    with site.database.read() as connection:
        newest = newest_change_id(connection)
        seen = read_position_of(request, newest, now)
        conditions = wanted.conditions(site.zone, now, before=before)
        found = list_changes(connection, conditions, limit=PAGE + 1)
        sources = source_names(connection)
        previous = None if before is None else find_change(connection, before)
        total = None if before is not None else _total(connection, site, wanted, now)
        offices = site.answers.get(connection, "offices", now, partial(known_offices, connection))
    mark = newest if seen.before_visit is None else seen.before_visit
    entries = [entry(item, site, language, is_new=item.id > mark) for item in found[:PAGE]]
    more = found[PAGE - 1].id if len(found) > PAGE else None
    values = {
        "filter": wanted,
        "parameters": wanted.parameters(),
        "entries": entries,
        "more": more,
        "before": before,
        "new_count": sum(one.is_new for one in entries),
        "is_return": seen.before_visit is not None and before is None,
        "total": total,
        # Where entries are put under others, their first day has its heading already.
        "previous_day": site.day(previous.detected_at) if previous and is_fragment(request) else "",
        "sources": sources,
        "offices": offices,
        "speakers": list(Speaker),
        "meant": None if found or wanted.speaker is None else unknown_speaker_hint(wanted.speaker),
        "regions": [r.name for r in gazetteer().regions if r.level in {"nation", "province"}],
        "kinds": list(Kind),
        "bases": list(Basis),
        "certainties": list(Certainty),
        "words": alert_texts(language),
    }
    fragment = "entries" if is_fragment(request) else None
    response = render(request, "timeline", values, fragment=fragment)
    save_read_position(response, request, seen)
    return response


def _total(connection: Connection, site: Site, wanted: ChangeFilter, now: datetime) -> ChangeCount:
    """How many changes fit a filter, 1,000 at most, kept until the log grows."""

    def count() -> ChangeCount:
        conditions = wanted.conditions(site.zone, now)
        return count_changes(connection, conditions, most=MAX_COUNT, lines=_LOOKED_AT)

    return site.answers.get(connection, ("total", query(wanted.parameters())), now, count)


def known_offices(connection: Connection) -> tuple[str, ...]:
    """The offices that have said something, 300 at most; central ones first, then by length."""
    found = offices_of(issuer_names(connection))
    ordered = sorted(found, key=lambda name: (not is_central(name), len(name), name))
    return tuple(ordered[:MAX_OFFICES])


def cursor(text: str) -> int | None:
    """The number of a change in an address, before which the page begins.

    Raises:
        UserError: it is no number.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:20]) < 1 << 63:
        raise UserError("before: this is no number of a change")
    return int(text)


def entry(item: LoggedChange, site: Site, language: str, *, is_new: bool = False) -> Entry:
    """A line of the log as it is shown."""
    change, texts = item.change, alert_texts(language)
    return Entry(
        id=item.id,
        day=site.day(item.detected_at),
        kind=change.kind,
        kind_name=kind_name(change, texts),
        symbol=kind_symbol(change.kind),
        place=short_region_name(change.region or change.statement.region, language),
        headline=headline(change, language, has_region=False, has_kind=False),
        sentence=sentence_spans(change, texts),
        note=unsure_note(change, texts),
        said_by=speaker_and_label(change, language),
        region=change.region or change.statement.region,
        document_id=item.document_id,
        document=item.document_title,
        published="" if item.published is None else item.published.isoformat(),
        unsure=change.certainty is Certainty.UNSURE,
        is_new=is_new,
    )


routes = (Route("/", timeline, name="timeline"),)
