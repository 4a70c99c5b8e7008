"""The sources: how each one is, what broke and since when; a page for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, select
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.errors import UserError
from monitor.folding import fold
from monitor.model.documents import DocumentKind, Health, SourceHealthEvent
from monitor.storage.source_health import health_transitions
from monitor.storage.sources import SourceLine, source_lines
from monitor.storage.tables import document_table, frontier_entry_table, list_page_table
from monitor.web.filters import member_of, region_of, text_of
from monitor.web.preferences import preferences_of
from monitor.web.site import Site, render, site_of
from monitor.web.templates import Texts, texts_of

PAGE = 100
_WIDTH = 120.0
_DAYS, _DAYS_OF_ONE = 60, 365
_TURNS = 4_000
_DOCUMENTS = 2_000
_ADDRESSES = 3_000
_SHOWN = 20
_LISTS = 60
_NAMED = 6
_NOT_RUNNING = timedelta(days=2)


class State(StrEnum):
    """How a source is, the one that needs somebody first."""

    QUIET = "quiet"
    FAILING = "failing"
    PAUSED = "paused"
    NEW = "new"  # not visited yet
    OK = "ok"
    UNWATCHED = "unwatched"  # the catalogue has it no more


SYMBOLS: Mapping[State, str] = {
    State.QUIET: "○",
    State.FAILING: "✗",
    State.PAUSED: "‖",
    State.NEW: "·",
    State.OK: "✓",
    State.UNWATCHED: "–",
}
# Where a stretch of each state stands in the strip, and how high: its height tells it, too.
_HEIGHTS = {State.QUIET: (5, 8), State.FAILING: (1, 12), State.PAUSED: (7, 6), State.OK: (10, 3)}


@dataclass(frozen=True, slots=True)
class SourceFilter:
    """The sources that an address asks for; ``after`` is the id after which the list goes on."""

    state: State | None = None
    kind: DocumentKind | None = None
    region: str | None = None
    words: str | None = None
    after: int = 0

    def parameters(self) -> dict[str, object]:
        """As it stands in an address."""
        return {
            "state": self.state,
            "kind": self.kind,
            "region": self.region,
            "words": self.words,
        }


@dataclass(frozen=True, slots=True)
class HealthBar:
    """A time in which a source was in one state, as a bar of the strip."""

    state: State
    x: float
    width: float
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class HealthStrip:
    """The health of a source over some days; ``marks`` are days on which something new came."""

    stretches: tuple[HealthBar, ...]
    marks: tuple[float, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A source on the board, in the reader's language."""

    id: str
    name: str
    region: str
    kind: str
    state: State
    symbol: str
    state_name: str
    since: str
    days: int
    why: str
    reason: str
    last_visit: str
    outcome: str
    in_trouble: bool
    next_visit: str
    last_new: str
    failures: int
    pause: str
    strip: HealthStrip


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many sources are in a state, and the first of them."""

    state: State
    symbol: str
    name: str
    count: int
    named: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class HealthTransition:
    """A change of health."""

    at: str
    state: State
    symbol: str
    name: str
    was: str
    days: int
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Visit:
    """The last visit to a list page or to an address of a document."""

    at: str
    url: str
    is_link: bool
    title: str
    document_id: int | None
    outcome: str
    symbol: str
    status: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that a source brought."""

    id: int
    title: str
    published: str
    found: str
    is_history: bool


def sources(request: Request) -> Response:
    """The board: who is silent first, then what fails, what is paused, and the rest."""
    site, language = site_of(request), preferences_of(request).language
    t, now = texts_of("sources", language), site.now()
    wanted = read_source_filter(request.query_params)
    with site.database.read() as connection:
        lines = source_lines(connection, now=now)
        end = end_of(lines, now)
        start = end - timedelta(days=_DAYS)
        turns = health_transitions(connection, limit=_TURNS, since=start)
        found, found_since = found_days(connection, start, site)
    by_source: dict[str, list[SourceHealthEvent]] = {}
    for turn in turns:
        by_source.setdefault(turn.source_id, []).append(turn)
    if len(turns) == _TURNS:
        start = max(start, turns[-1].at)
    chosen = sorted((line for line in lines if is_wanted(line, wanted)), key=_order)
    shown = chosen[wanted.after : wanted.after + PAGE]
    newly = {line.id: line for line in (*shown, *lines) if state_of(line) is not State.OK}
    newly |= {line.id: line for line in shown}
    entries = {
        line.id: entry_of(
            line,
            strip_of(line, by_source.get(line.id, ()), found.get(line.id, ()), start, end, t),
            site,
            t,
            now,
        )
        for line in newly.values()
    }
    more = wanted.after + PAGE
    values = {
        "wanted": wanted,
        "parameters": wanted.parameters(),
        "troubled": troubled(lines, t),
        "entries": [entries[line.id] for line in shown],
        "count": len(chosen),
        "more": more if more < len(chosen) else None,
        "state_counts": state_counts(lines, entries, t),
        "states": [(one, SYMBOLS[one], t["state_" + one]) for one in State],
        "kinds": [one for one in DocumentKind if any(line.kind == one for line in lines)],
        "regions": sorted({line.region for line in lines if line.region}),
        "days": _DAYS,
        "start": site.day(start),
        "end": site.day(end),
        "documents_since": site.day(found_since) if found_since else "",
        "standing_since": site.minute(end) if now - end > _NOT_RUNNING and lines else "",
    }
    return render(request, "sources", values)


def read_source_filter(parameters: QueryParams) -> SourceFilter:
    """The sources that an address asks for.

    Raises:
        UserError: a value is none that is known.
    """
    after = text_of(parameters, "after") or "0"
    if not (after.isascii() and after.isdigit() and len(after) < 8):
        raise UserError("after: this is no place in the list", hint="leave it out")
    asked = text_of(parameters, "state")
    return SourceFilter(
        state=None if asked == "all" else member_of(State, parameters, "state"),
        kind=member_of(DocumentKind, parameters, "kind"),
        region=region_of(text_of(parameters, "region")),
        words=text_of(parameters, "words"),
        after=int(after),
    )


def is_wanted(line: SourceLine, wanted: SourceFilter) -> bool:
    """Whether a source fits; each word stands in its name, id or region."""
    if wanted.state is not None and state_of(line) is not wanted.state:
        return False
    if wanted.kind is not None and line.kind != wanted.kind:
        return False
    if wanted.region is not None and line.region != wanted.region:
        return False
    text = fold(f"{line.name} {line.id} {line.region or ''}")
    return all(fold(word) in text for word in (wanted.words or "").split())


def state_of(line: SourceLine) -> State:
    """How a source is, in one word."""
    if not line.watched:
        return State.UNWATCHED
    if line.pause is not None:
        return State.PAUSED
    if line.health is not Health.OK:
        return State(line.health.value)
    return State.NEW if line.last_visit_at is None else State.OK


def _order(line: SourceLine) -> tuple[int, datetime, str]:
    """Those in trouble first, of them those that are so for longest."""
    return list(State).index(state_of(line)), _since(line), line.id


def _since(line: SourceLine) -> datetime:
    """Since when a source is as it is; of a silent one, when it brought something last."""
    if line.pause is not None:
        return line.pause.since
    if line.health is Health.QUIET:
        return line.last_new_at or line.added_at
    return line.health_since


def end_of(lines: Iterable[SourceLine], now: datetime) -> datetime:
    """When the strips end: at the newest visit there was, since nothing is known after it."""
    visits = [line.last_visit_at for line in lines if line.last_visit_at is not None]
    return min(max(visits, default=now), now)


def found_days(
    connection: Connection, since: datetime, site: Site
) -> tuple[dict[str, tuple[date, ...]], datetime | None]:
    """The days on which each source brought a document that is no history.

    Only the newest documents are looked at, so that the time has a bound.

    Returns:
        The days by source, and from when on they are known if that is later than ``since``.
    """
    document = document_table.c
    columns = (document.source_id, document.first_seen_at, document.baseline)
    newest = select(*columns).order_by(document.id.desc())
    looked_at = newest.limit(_DOCUMENTS).subquery().c
    query = select(looked_at.source_id, looked_at.first_seen_at).where(
        looked_at.first_seen_at >= since,
        looked_at.baseline.is_(False),
        looked_at.source_id.is_not(None),
    )
    found: dict[str, set[date]] = {}
    for source_id, at in connection.execute(query):
        found.setdefault(source_id, set()).add(at.astimezone(site.zone).date())
    oldest = connection.execute(newest.offset(_DOCUMENTS - 1).limit(1)).first()
    cut = None if oldest is None or oldest.first_seen_at <= since else oldest.first_seen_at
    return {one: tuple(sorted(days)) for one, days in found.items()}, cut


def strip_of(  # noqa: PLR0917, what one bar is made of
    line: SourceLine,
    turns: Sequence[SourceHealthEvent],
    found: Sequence[date],
    start: datetime,
    end: datetime,
    t: Texts,
) -> HealthStrip:
    """The health of a source between two times.

    Args:
        line: the source as it is.
        turns: its changes of health, the newest first.
        found: the days on which something new came.
        start: the left end.
        end: the right end.
        t: the words of the page.
    """
    span = max((end - start).total_seconds(), 1.0)

    def place(at: datetime) -> float:
        return round(_WIDTH * (at - start).total_seconds() / span, 1)

    stretches: list[HealthBar] = []
    days: Counter[State] = Counter()
    for state, since, until in periods(line, turns, start, end):
        y, height = _HEIGHTS[state]
        x = place(since)
        stretches.append(HealthBar(state, x, round(max(place(until) - x, 0.8), 1), y, height))
        days[state] += max(1, round((until - since) / timedelta(days=1)))
    day = _WIDTH * timedelta(days=1).total_seconds() / span
    middle = (datetime.combine(one, start.timetz()).replace(hour=12) for one in found)
    marks = [place(one) for one in middle]
    parts = [t.strip_days.format(state=t["state_" + one], days=n) for one, n in days.items()]
    parts.append(t.strip_found.format(count=len(found)))
    shown = tuple(round(min(max(x, 0.0), _WIDTH - 1), 1) for x in marks if x > -day)
    return HealthStrip(tuple(stretches), shown, t.comma.join(parts))


def periods(
    line: SourceLine, turns: Sequence[SourceHealthEvent], start: datetime, end: datetime
) -> list[tuple[State, datetime, datetime]]:
    """In which state a source was from when to when, the first first.

    Of pauses only the one in force is known.
    """
    found: list[tuple[State, datetime, datetime]] = []
    until, health = end, line.health
    pause = line.pause.since if line.pause is not None else None
    if pause is not None and pause < end:
        found.append((State.PAUSED, max(pause, start), end))
        until = max(pause, start)
    for turn in turns:
        if turn.at < until and until > start:
            found.append((State(turn.health.value), max(turn.at, start), until))
        until, health = min(until, turn.at), turn.was
        if until <= start:
            break
    first = max(start, line.added_at)
    if until > first:
        found.append((State(health.value), first, until))
    return found[::-1]


def entry_of(line: SourceLine, strip: HealthStrip, site: Site, t: Texts, now: datetime) -> Entry:
    """A source as it is shown."""
    state, since = state_of(line), _since(line)
    return Entry(
        id=line.id,
        name=line.name,
        region=line.region or "",
        kind=t["kind_" + line.kind] if line.kind in set(DocumentKind) else line.kind,
        state=state,
        symbol=SYMBOLS[state],
        state_name=t["state_" + state],
        since=site.day(since),
        days=max(0, (now - since).days),
        why=_why(line, state, site, t),
        reason=line.reason if state is not State.OK else "",
        last_visit=site.minute(line.last_visit_at),
        outcome=t["outcome_" + line.outcome] if line.outcome else "",
        in_trouble=_is_troubled(line),
        next_visit=_next(line, site, t, now),
        last_new=site.day(line.last_new_at),
        failures=line.failures,
        pause=_pause(line, site, t),
        strip=strip,
    )


def _is_troubled(line: SourceLine) -> bool:
    return bool(line.outcome) and line.outcome not in _WELL


def troubled(lines: Iterable[SourceLine], t: Texts) -> list[tuple[str, str, str]]:
    """Sources that count as well but whose last visit brought nothing: id, name and outcome.

    One such visit is no failing source yet; who looks for what is broken wants to see it.
    """
    found = [line for line in lines if state_of(line) is State.OK and _is_troubled(line)]
    return [(line.id, line.name, t["outcome_" + str(line.outcome)]) for line in found[:_NAMED]]


def _why(line: SourceLine, state: State, site: Site, t: Texts) -> str:
    """What is the matter, in a sentence; empty of a source that is well."""
    if state is State.QUIET:
        new = site.day(line.last_new_at)
        return (
            t.why_quiet.format(day=new) if new else t.why_never.format(day=site.day(_since(line)))
        )
    if state is State.FAILING:
        outcome = t["outcome_" + line.outcome] if line.outcome else t.unknown
        return t.why_failing.format(count=line.failures, outcome=outcome)
    return {State.NEW: t.why_new, State.UNWATCHED: t.why_unwatched}.get(state, "")


def _next(line: SourceLine, site: Site, t: Texts, now: datetime) -> str:
    if not line.watched or line.pause is not None:
        return t.no_visit
    if line.next_visit_at is None or line.next_visit_at <= now:
        return t.due_now
    return site.minute(line.next_visit_at)


def _pause(line: SourceLine, site: Site, t: Texts) -> str:
    if line.pause is None:
        return ""
    until = line.pause.until
    ends = t.until_resumed if until is None else t.until.format(at=site.minute(until))
    paused = t.paused_since.format(day=site.day(line.pause.since), ends=ends)
    return f"{paused} – {line.pause.reason}" if line.pause.reason else paused


def state_counts(
    lines: Iterable[SourceLine], entries: Mapping[str, Entry], t: Texts
) -> tuple[StateCount, ...]:
    """How many sources are in each state; those in trouble with their names."""
    of_state: dict[State, list[SourceLine]] = {one: [] for one in State}
    for line in sorted(lines, key=_order):
        of_state[state_of(line)].append(line)
    trouble = {State.QUIET, State.FAILING, State.PAUSED}
    return tuple(
        StateCount(
            state,
            SYMBOLS[state],
            t["state_" + state],
            len(found),
            tuple(entries[one.id] for one in found[:_NAMED]) if state in trouble else (),
        )
        for state, found in of_state.items()
        if found or state in trouble or state is State.OK
    )


def source(request: Request) -> Response:
    """One source: its health over a year, list pages, newest documents, last visits."""
    site, language = site_of(request), preferences_of(request).language
    t, now = texts_of("sources", language), site.now()
    source_id = request.path_params["id"]
    with site.database.read() as connection:
        lines = source_lines(connection, now=now, source_id=source_id)
        if not lines:
            raise HTTPException(404, detail=t.unknown_source)
        turns = health_transitions(connection, source_id=source_id, limit=_TURNS)
        lists = list_pages(connection, source_id, site, t)
        visits, outcomes = last_visits(connection, source_id, site, t)
        documents = newest_documents(connection, source_id, site)
    (line,) = lines
    end = end_of(lines, now) if line.pause is None else now
    start = end - timedelta(days=_DAYS_OF_ONE)
    found = {date.fromisoformat(one.found) for one in documents if not one.is_history}
    strip = strip_of(
        line, turns, sorted(day for day in found if day >= start.date()), start, end, t
    )
    values = {
        "one": entry_of(line, strip, site, t, now),
        "added": site.day(line.added_at),
        "last_ok": site.minute(line.last_ok_at),
        "days": _DAYS_OF_ONE,
        "start": site.day(start),
        "end": site.day(end),
        "turns": [transition_of(one, site, t) for one in turns[:_SHOWN]],
        "lists": lists,
        "visits": visits,
        "outcomes": outcomes,
        "looked_at": _ADDRESSES,
        "documents": documents,
    }
    return render(request, "sources", values, fragment="source")


def transition_of(event: SourceHealthEvent, site: Site, t: Texts) -> HealthTransition:
    """A change of health as it is shown."""
    state = State(event.health.value)
    return HealthTransition(
        site.minute(event.at),
        state,
        SYMBOLS[state],
        t["state_" + state],
        t["state_" + event.was],
        max(0, (event.at - event.since).days),
        t["outcome_" + event.outcome],
        event.reason,
    )


_WELL = {"ok", "partial", "not_modified"}


def _visit(  # noqa: PLR0917, a row
    url: str,
    at: datetime | None,
    outcome: str | None,
    status: int | None,
    reason: str | None,
    site: Site,
    t: Texts,
    title: str = "",
    document_id: int | None = None,
) -> Visit:
    return Visit(
        at=site.minute(at),
        url=url,
        is_link=url.startswith(("http://", "https://")),
        title=title,
        document_id=document_id,
        outcome=t["outcome_" + outcome] if outcome else t.unknown,
        symbol="" if outcome is None else "✓" if outcome in _WELL else "✗",
        status=status,
        reason=reason or "",
    )


def list_pages(connection: Connection, source_id: str, site: Site, t: Texts) -> list[Visit]:
    """The list pages of a source, the one that was visited last first."""
    page = list_page_table.c
    query = (
        select(page.url, page.last_visit_at, page.last_outcome, page.last_status)
        .where(page.source_id == source_id)
        .order_by(page.last_visit_at.desc(), page.url)
        .limit(_LISTS)
    )
    return [_visit(*one, None, site, t) for one in connection.execute(query)]


def last_visits(
    connection: Connection, source_id: str, site: Site, t: Texts
) -> tuple[list[Visit], list[tuple[str, str, int]]]:
    """The last visits to addresses of a source, and how often each outcome was the last one.

    Of a source with very many addresses those are looked at that are due last, which is an index;
    most of them were visited last.
    """
    entry = frontier_entry_table.c
    due_last = (
        select(entry.id, entry.last_visit_at, entry.last_outcome)
        .where(entry.source_id == source_id, entry.next_visit_at.is_not(None))
        .order_by(entry.next_visit_at.desc())
        .limit(_ADDRESSES)
    )
    known = [one for one in connection.execute(due_last) if one.last_visit_at is not None]
    known.sort(key=lambda one: (one.last_visit_at, one.id), reverse=True)
    counts = Counter(one.last_outcome for one in known if one.last_outcome)
    columns = (entry.id, entry.url, entry.last_visit_at, entry.last_outcome, entry.last_status)
    query = select(*columns, entry.last_reason, entry.title, entry.document_id)
    newest = [one.id for one in known[:_SHOWN]]
    rows = {one.id: one for one in connection.execute(query.where(entry.id.in_(newest)))}
    visits = [_visit(*rows[one][1:6], site, t, *rows[one][6:]) for one in newest]
    tally = [
        ("✓" if outcome in _WELL else "✗", t["outcome_" + outcome], count)
        for outcome, count in counts.most_common()
    ]
    return visits, tally


def newest_documents(connection: Connection, source_id: str, site: Site) -> list[NewDocument]:
    """The documents that a source brought last."""
    document = document_table.c
    query = (
        select(
            document.id,
            document.title,
            document.published,
            document.first_seen_at,
            document.baseline,
        )
        .where(document.source_id == source_id)
        .order_by(document.id.desc())
        .limit(_SHOWN)
    )
    return [
        NewDocument(number, title, "" if day is None else day.isoformat(), site.day(seen), baseline)
        for number, title, day, seen, baseline in connection.execute(query)
    ]


routes = (
    Route("/sources", sources, name="sources"),
    Route("/sources/{id}", source, name="source"),
)
