"""What is known of sources, their list pages and the addresses found on them.

Functions over a connection; times are passed in. The rows here are the crawl's memory and may be
updated; what was seen and what changed lives in ``history.py`` and is only ever added to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import (
    Connection,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from monitor.model.documents import DocumentKind, Fetched, Link, Outcome
from monitor.retry import CLOCK_SKEW
from monitor.storage.base import (
    UtcDateTime,
    batches,
    get_known_row,
    insert_into,
    insert_rows,
    update_by_id,
    update_row,
)
from monitor.storage.tables import (
    document_table,
    frontier_entry_table,
    list_page_table,
    snapshot_table,
    source_table,
)

GONE = "gone"
"""Stands for the text of a page that is gone, where suspect texts are counted."""

NOT_SUSPECT: Mapping[str, object] = MappingProxyType(
    dict.fromkeys(("suspect_hash", "suspect_since")) | {"suspect_count": 0}
)
"""Columns of an entry whose text is believed."""

# SQLite takes 32,766 parameters in a statement, older builds 999.
_CHUNK = 500
_NEIGHBOURS_SEEN = 200
_RECHECKED = 3
_LONG_BEFORE = timedelta(days=7)
_NOTHING_THERE = (Outcome.GONE, Outcome.MOVED, Outcome.EMPTY)
_STANDING = (Outcome.OK, Outcome.PARTIAL, Outcome.NOT_MODIFIED)
# A page that is missing for a few hours is found by the next visits.
_MIN_FAILURES = 5
_MARK = 8


@dataclass(frozen=True, slots=True)
class WatchedSource:
    """What the database keeps of a source of the catalogue."""

    id: str
    name: str
    region: str | None
    document_kind: DocumentKind
    exceptions: str = ""


@dataclass(frozen=True, slots=True)
class ListPageState:
    """What an earlier visit to a list page left behind."""

    etag: str | None
    last_modified: str | None
    body_hash: str | None
    read_before: bool
    outcome: Outcome | None = None
    shown: frozenset[str] | None = None
    body_read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FrontierEntry:
    """An address that is due, with what its last good visit left behind."""

    id: int
    url: str
    document_id: int | None
    title: str
    listed: date | None
    baseline: bool
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    text_hash: str | None
    page_fingerprint: str | None
    failures: int
    first_seen_at: datetime
    suspect_hash: str | None
    suspect_count: int
    suspect_since: datetime | None
    body_read_at: datetime | None
    withdrawn: bool  # its document was told withdrawn


_ENTRY = tuple(
    frontier_entry_table.c[one.name] for one in fields(FrontierEntry) if one.name != "withdrawn"
)


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link, whether what stands behind it is history, and what its spellings have in common."""

    link: Link
    baseline: bool
    identity: str


def sync_sources(connection: Connection, sources: Iterable[WatchedSource], now: datetime) -> None:
    """Make the ``source`` table say what the catalogue says; sources no longer in it are kept.

    Their history stays; ``enabled`` turns false.
    """
    said = (
        source_table.c.name,
        source_table.c.region,
        source_table.c.document_kind,
        source_table.c.exceptions,
        source_table.c.enabled,
    )
    # Only these columns: thousands of sources with all of theirs would weigh more than all else.
    known = {row[0]: tuple(row[1:]) for row in connection.execute(select(source_table.c.id, *said))}
    for source in sources:
        kind, exempt = source.document_kind.value, source.exceptions or None
        values = (source.name, source.region, kind, exempt, True)
        before = known.pop(source.id, None)
        if before == values:
            continue
        named = dict(zip((column.key for column in said), values, strict=True))
        if before is None:
            connection.execute(insert(source_table).values(id=source.id, added_at=now, **named))
        else:
            connection.execute(
                update(source_table).where(source_table.c.id == source.id).values(**named)
            )
    for source_id in known:
        connection.execute(
            update(source_table).where(source_table.c.id == source_id).values(enabled=False)
        )


def add_sources(connection: Connection, sources: Iterable[WatchedSource], now: datetime) -> None:
    """Make the rows of sources that have none, for a command that works beside the daemon.

    Its catalogue may be another one than the daemon's, which says what the other rows are.
    """
    values = [
        {
            "id": source.id,
            "name": source.name,
            "region": source.region,
            "document_kind": source.document_kind.value,
            "exceptions": source.exceptions or None,
            "added_at": now,
        }
        for source in sources
    ]
    if values:
        connection.execute(insert_into(connection, source_table).on_conflict_do_nothing(), values)


@dataclass(frozen=True, slots=True)
class VisitTimes:
    """When a source was visited last, how that ended, and when it is due; None: never.

    A source that is paused without an end has no ``paused_until``.
    """

    last_visit_at: datetime | None
    next_visit_at: datetime | None
    paused_at: datetime | None = None
    paused_until: datetime | None = None
    last_outcome: Outcome | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether the last visit failed: a host that answers nothing holds a place for minutes."""
        return self.last_outcome is Outcome.ERROR

    def is_paused(self, now: datetime) -> bool:
        """Whether an operator wants no visit now."""
        if self.paused_at is None:
            return False
        return self.paused_until is None or now < self.paused_until


def visit_times(connection: Connection, source_id: str | None = None) -> dict[str, VisitTimes]:
    """The times of each source, or of one.

    Also of those that are not enabled: another process may have said so, whose catalogue is another
    one, and what a process visits its own catalogue says.
    """
    source = source_table.c
    times = (source.last_visit_at, source.next_visit_at, source.paused_at, source.paused_until)
    query = select(source.id, *times, source.last_outcome)
    if source_id is not None:
        query = query.where(source.id == source_id)
    return {
        row.id: VisitTimes(
            last_visit_at=row.last_visit_at,
            next_visit_at=row.next_visit_at,
            paused_at=row.paused_at,
            paused_until=row.paused_until,
            last_outcome=None if row.last_outcome is None else Outcome(row.last_outcome),
        )
        for row in connection.execute(query)
    }


def has_future_times(connection: Connection, source_id: str, now: datetime) -> bool:
    """Whether a time of the source lies ahead: the clock was wrong then, or is wrong now."""
    source = get_known_row(connection, source_table, source_id)
    times = (source.last_visit_at, source.last_new_at)
    return any(one is not None and one > now + CLOCK_SKEW for one in times)


def correct_future_times(connection: Connection, source_id: str, now: datetime) -> None:
    """Correct what visits with a clock that was ahead left behind: their pages are due.

    Which of the two clocks is wrong cannot be told at once. So the first visit that finds times
    ahead only makes pages due; when something new was found is corrected by the second, whose
    clock agrees with the first. What says how old a page or a source is, is never rewritten.
    """
    ahead, entry = now + CLOCK_SKEW, frontier_entry_table.c
    source = get_known_row(connection, source_table, source_id)
    if source.last_visit_at is not None and source.last_visit_at > ahead:
        connection.execute(
            update(frontier_entry_table)
            .where(entry.source_id == source_id, entry.last_visit_at > ahead)
            .values(next_visit_at=now)
        )
    elif source.last_new_at is not None and source.last_new_at > ahead:
        update_row(connection, source_table, source_id, last_new_at=now)


def source_added_at(connection: Connection, source_id: str, now: datetime) -> datetime:
    """When a source came into the catalogue; ``now`` if that was noted with a clock ahead."""
    added = select(source_table.c.added_at).where(source_table.c.id == source_id)
    return min(connection.scalars(added).one(), now)


def list_page_states(connection: Connection, source_id: str) -> dict[str, ListPageState]:
    """What earlier visits left behind, by address of the list page."""
    rows = connection.execute(
        select(list_page_table).where(list_page_table.c.source_id == source_id)
    )
    return {
        row.url: ListPageState(
            row.etag,
            row.last_modified,
            row.body_hash,
            row.first_ok_at is not None,
            None if row.last_outcome is None else Outcome(row.last_outcome),
            None if row.shown is None else frozenset(_marks(row.shown)),
            row.body_read_at,
        )
        for row in rows
    }


def link_mark(identity: str) -> str:
    """A short mark of a link, by which a list page that showed it is known again."""
    return hashlib.blake2b(identity.encode(), digest_size=_MARK // 2).hexdigest()


def _marks(shown: str) -> Iterator[str]:
    return (shown[at : at + _MARK] for at in range(0, len(shown), _MARK))


def record_list(
    connection: Connection,
    source_id: str,
    fetched: Fetched,
    *,
    body_hash: str | None,
    complete: bool,
    now: datetime,
    shown: Sequence[str] = (),
) -> None:
    """Note a visit to a list page.

    Args:
        connection: the transaction that also records the links that were found.
        source_id: whose list it is.
        fetched: the answer.
        body_hash: SHA-256 of the body, None without one.
        complete: whether everything it leads to was read; if not, the next visit must not be
            answered "not modified".
        now: the time of the visit.
        shown: identities of the links on it, if they are to be remembered.
    """
    key = {"source_id": source_id, "url": fetched.url}
    values: dict[str, object] = {
        "last_visit_at": now,
        "last_outcome": fetched.outcome,
        "last_status": fetched.status,
    }
    if fetched.outcome is Outcome.OK:
        values |= {
            "first_ok_at": now,
            "body_read_at": now,
            "etag": fetched.etag if complete else None,
            "last_modified": fetched.last_modified if complete else None,
            "body_hash": body_hash if complete else None,
        }
        if complete and shown:
            values["shown"] = "".join(map(link_mark, shown))
    made = insert_into(connection, list_page_table).values(**key, **values)
    if "first_ok_at" in values:
        values["first_ok_at"] = func.coalesce(
            list_page_table.c.first_ok_at, literal(now, UtcDateTime)
        )
    connection.execute(made.on_conflict_do_update(index_elements=list(key), set_=values))


def known_identities(connection: Connection, identities: Sequence[str]) -> set[str]:
    """Those of the identities that an address in the table has."""
    return set(_by_identity(connection, identities))


def add_entries(
    connection: Connection, source_id: str, found: Sequence[FoundLink], now: datetime
) -> int:
    """Add the addresses nobody knew, due at once; the number of them is returned.

    A known address that fails takes the spelling its list has now (http became https).
    """
    known = _by_identity(connection, [item.identity for item in found])
    taken = known_urls(connection, [item.link.url for item in found])
    rows: list[dict[str, object]] = []
    fresh = False
    for item in found:
        before = known.get(item.identity)
        if before is not None and item.link.url not in taken and _is_lost(before):
            update_entry(connection, before.id, {"url": item.link.url, "next_visit_at": now})
            taken.add(item.link.url)
        if before is not None or item.link.url in taken:
            continue
        taken.add(item.link.url)
        rows.append(
            {
                "url": item.link.url,
                "identity": item.identity,
                "source_id": source_id,
                "title": item.link.title,
                "listed": item.link.published,
                "baseline": item.baseline,
                "first_seen_at": now,
                "next_visit_at": now,
                "failures": 0,
                "suspect_count": 0,
            }
        )
        known[item.identity] = _Known(0, item.link.url, None)
        fresh = fresh or not item.baseline
    insert_rows(connection, frontier_entry_table, rows, wanted=False)
    if fresh:
        # A later time stays: the clock may be behind now.
        earlier = or_(source_table.c.last_new_at.is_(None), source_table.c.last_new_at < now)
        connection.execute(
            update(source_table)
            .where(source_table.c.id == source_id, earlier)
            .values(last_new_at=now)
        )
    return len(rows)


def entries_without_identity(connection: Connection, limit: int) -> list[tuple[int, str]]:
    """Addresses without an identity yet: number and address."""
    query = (
        select(frontier_entry_table.c.id, frontier_entry_table.c.url)
        .where(frontier_entry_table.c.identity.is_(None))
        .order_by(frontier_entry_table.c.id)
        .limit(limit)
    )
    return [(row.id, row.url) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class _Known:
    id: int
    url: str
    last_outcome: str | None


def _is_lost(known: _Known) -> bool:
    return known.last_outcome in {Outcome.GONE, Outcome.MOVED, Outcome.ERROR}


def _by_identity(connection: Connection, identities: Sequence[str]) -> dict[str, _Known]:
    found: dict[str, _Known] = {}
    for first in range(0, len(identities), _CHUNK):
        part = identities[first : first + _CHUNK]
        query = select(
            frontier_entry_table.c.identity,
            frontier_entry_table.c.id,
            frontier_entry_table.c.url,
            frontier_entry_table.c.last_outcome,
        ).where(frontier_entry_table.c.identity.in_(part))
        for row in connection.execute(query):
            one = _Known(row.id, row.url, row.last_outcome)
            # Old rows may be duplicates: the one that can be fetched represents both.
            if row.identity not in found or _is_lost(found[row.identity]):
                found[row.identity] = one
    return found


def known_urls(connection: Connection, urls: Sequence[str]) -> set[str]:
    """Those of the addresses that are already in the table, spelled like this."""
    found: set[str] = set()
    for first in range(0, len(urls), _CHUNK):
        part = urls[first : first + _CHUNK]
        found.update(
            connection.scalars(
                select(frontier_entry_table.c.url).where(frontier_entry_table.c.url.in_(part))
            )
        )
    return found


def due_entries(
    connection: Connection, source_id: str, now: datetime, limit: int, *, latest: datetime
) -> list[FrontierEntry]:
    """Addresses of a source that are due, those that wait longest first.

    Args:
        connection: a reading transaction.
        source_id: whose addresses.
        now: what was due then.
        limit: how many at most.
        latest: a due time after it is not believed: no visit until now could have set it.
    """
    due = frontier_entry_table.c.next_visit_at
    columns = (*_ENTRY, document_table.c.withdrawn_at.is_not(None))
    query = (
        select(*columns)
        .outerjoin(document_table, document_table.c.id == frontier_entry_table.c.document_id)
        .where(frontier_entry_table.c.source_id == source_id, or_(due <= now, due > latest))
        .order_by(frontier_entry_table.c.next_visit_at, frontier_entry_table.c.id)
        .limit(limit)
    )
    return [FrontierEntry(*row) for row in connection.execute(query)]


def entries_of(
    connection: Connection, source_id: str, identities: Sequence[str]
) -> dict[str, FrontierEntry]:
    """The addresses of a source that have some identities, by identity."""
    found: dict[str, FrontierEntry] = {}
    for first in range(0, len(identities), _CHUNK):
        query = (
            select(
                frontier_entry_table.c.identity, *_ENTRY, document_table.c.withdrawn_at.is_not(None)
            )
            .outerjoin(document_table, document_table.c.id == frontier_entry_table.c.document_id)
            .where(
                frontier_entry_table.c.source_id == source_id,
                frontier_entry_table.c.identity.in_(identities[first : first + _CHUNK]),
            )
        )
        for identity, *columns in connection.execute(query):
            found[identity] = FrontierEntry(*columns)
    return found


def stands_elsewhere(connection: Connection, address_id: int, document_id: int) -> bool:
    """Whether another address of a document shows it, or may."""
    query = select(frontier_entry_table.c.id).where(
        frontier_entry_table.c.document_id == document_id,
        frontier_entry_table.c.id != address_id,
        or_(
            frontier_entry_table.c.last_outcome.is_(None),
            frontier_entry_table.c.last_outcome.not_in((Outcome.GONE, Outcome.MOVED)),
        ),
    )
    return connection.scalars(query.limit(1)).first() is not None


def host_is_well(
    connection: Connection, source_id: str, entry: FrontierEntry, *, since: datetime
) -> bool | None:
    """Whether another page of an address's host was well since a time; None if none can tell.

    Only the pages and lists of the same source count, and its lists only if no page can tell: a
    site that is rebuilt has new lists, and all its old pages are gone. A page that was gone long
    before tells nothing.
    """
    lists = select(list_page_table.c.url, list_page_table.c.last_outcome).where(
        list_page_table.c.source_id == source_id, list_page_table.c.last_visit_at >= since
    )
    pages = select(frontier_entry_table.c.url, frontier_entry_table.c.last_outcome).where(
        frontier_entry_table.c.source_id == source_id,
        frontier_entry_table.c.last_visit_at >= since,
        frontier_entry_table.c.id != entry.id,
        frontier_entry_table.c.document_id.is_not(None),
        or_(
            frontier_entry_table.c.suspect_since.is_(None),
            frontier_entry_table.c.suspect_since > since - _LONG_BEFORE,
        ),
    )
    host = urlsplit(entry.url).hostname
    for query in (pages, lists):
        found = [
            row.last_outcome in {Outcome.OK, Outcome.NOT_MODIFIED}
            for row in connection.execute(query)
            if row.url != entry.url and urlsplit(row.url).hostname == host
        ]
        if found:
            return any(found)
    return None


def recheck_neighbours(
    connection: Connection, source_id: str, entry: FrontierEntry, now: datetime
) -> None:
    """Make a few other pages of an address's host due, to see whether they are gone, too.

    Nothing is done if one of them is already known to be gone: they have been rechecked then.
    """
    query = (
        select(
            frontier_entry_table.c.id,
            frontier_entry_table.c.url,
            frontier_entry_table.c.suspect_hash,
        )
        .where(
            frontier_entry_table.c.source_id == source_id,
            frontier_entry_table.c.id != entry.id,
            frontier_entry_table.c.document_id.is_not(None),
        )
        .order_by(frontier_entry_table.c.id.desc())
        .limit(_NEIGHBOURS_SEEN)
    )
    host = urlsplit(entry.url).hostname
    rows = [row for row in connection.execute(query) if urlsplit(row.url).hostname == host]
    if any(row.suspect_hash == GONE for row in rows):
        return
    update_entries(connection, [(row.id, {"next_visit_at": now}) for row in rows[:_RECHECKED]])


def unused_entries(connection: Connection, *, before: datetime, now: datetime) -> list[int]:
    """Addresses that can be forgotten: nothing was ever told of them, or another one stands for it.

    Two sorts of old addresses, which no list shows any more:

    - what stood there was no document at any visit, and several visits in a row found nothing.
      If such an address comes back, it is new, as it would have been;
    - it shows a document that another address of the same page shows as well, one that differs in
      parameters alone, and no snapshot was taken from it. If such an address comes back, its text
      is that of the document.

    An address that was history when its source was first visited is kept: it would be news if it
    came back. So is one that is due: a visit may be under way.

    Args:
        connection: a reading transaction.
        before: addresses that were found later are kept.
        now: the current time.
    """
    entry = frontier_entry_table.c
    old = (
        entry.first_seen_at < before,
        entry.last_visit_at <= now,
        entry.next_visit_at > now,
        entry.baseline.is_(False),
        entry.identity.is_not(None),
        ~exists().where(snapshot_table.c.frontier_entry_id == entry.id),
    )
    columns = (entry.id, entry.source_id, entry.identity, entry.document_id)
    nothing = select(*columns).where(
        *old,
        entry.document_id.is_(None),
        entry.last_outcome.in_(_NOTHING_THERE),
        entry.failures >= _MIN_FAILURES,
    )
    copies = select(*columns).where(*old, entry.document_id.is_not(None))
    found = [row for row in connection.execute(nothing) if row.identity]
    found += _repeated(
        connection, [row for row in connection.execute(copies) if "?" in row.identity]
    )
    shown = _shown_marks(connection, {row.source_id for row in found})
    return sorted(
        row.id for row in found if link_mark(row.identity) not in shown.get(row.source_id, ())
    )


def _repeated(connection: Connection, rows: Sequence[Any]) -> list[Any]:
    """Those of the addresses whose page other addresses of the same document show.

    The last one that its text was read from is kept, and the newest.
    """
    entry = frontier_entry_table.c
    has_snapshot = exists().where(snapshot_table.c.frontier_entry_id == entry.id)
    kept: dict[tuple[int | None, str], dict[bool, int]] = {}
    for some in batches(row.document_id for row in rows):
        query = select(entry.id, entry.identity, entry.document_id, has_snapshot).where(
            entry.document_id.in_(some),
            entry.identity.is_not(None),
            entry.last_outcome.in_(_STANDING),
        )
        for number, identity, document, is_origin in connection.execute(query.order_by(entry.id)):
            kept.setdefault((document, _page_of(identity)), {})[is_origin] = number
    standing = ((row, kept.get((row.document_id, _page_of(row.identity)))) for row in rows)
    return [row for row, others in standing if others and row.id not in others.values()]


def _page_of(identity: str | None) -> str:
    """An address without its parameters."""
    return (identity or "").partition("?")[0]


def _shown_marks(connection: Connection, sources: Collection[str]) -> dict[str, set[str]]:
    """Marks of the links that the lists of some sources showed when they were read last."""
    marks: dict[str, set[str]] = {}
    for some in batches(sources):
        query = select(list_page_table.c.source_id, list_page_table.c.shown).where(
            list_page_table.c.source_id.in_(some), list_page_table.c.shown.is_not(None)
        )
        for source_id, shown in connection.execute(query):
            marks.setdefault(source_id, set()).update(_marks(shown or ""))
    return marks


def delete_entries(connection: Connection, numbers: Sequence[int], *, now: datetime) -> int:
    """Delete addresses that are not due; how many they were."""
    done = connection.execute(
        delete(frontier_entry_table).where(
            frontier_entry_table.c.id.in_(numbers), frontier_entry_table.c.next_visit_at > now
        )
    )
    return int(getattr(done, "rowcount", 0))


def update_entry(connection: Connection, address_id: int, values: Mapping[str, object]) -> None:
    """Set columns of an address: how its visit went and when the next one is due."""
    update_entries(connection, [(address_id, values)])


def update_entries(
    connection: Connection, notes: Sequence[tuple[int, Mapping[str, object]]]
) -> None:
    """The same for many addresses at once."""
    groups: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for number, note in notes:
        groups.setdefault(tuple(note), []).append({"id_of": number, **note})
    for columns, rows in groups.items():
        connection.execute(update_by_id(frontier_entry_table, columns), rows)


def close_visit(
    connection: Connection,
    source_id: str,
    *,
    outcome: Outcome,
    reason: str,
    now: datetime,
    next_visit_at: datetime,
) -> None:
    """Note how a visit to a source ended."""
    values: dict[str, object] = {
        "last_visit_at": now,
        "last_outcome": outcome,
        "last_reason": reason or None,
        "next_visit_at": next_visit_at,
    }
    if outcome in {Outcome.OK, Outcome.PARTIAL, Outcome.NOT_MODIFIED}:
        values |= {"last_ok_at": now, "failures": 0}
    else:
        values["failures"] = source_table.c.failures + 1
    until = get_known_row(connection, source_table, source_id).paused_until
    if until is not None and until <= now:
        values |= dict.fromkeys(("paused_at", "paused_until", "pause_reason"))
    update_row(connection, source_table, source_id, **values)


def earliest_due(
    connection: Connection, source_id: str, *, before: timedelta, now: datetime
) -> datetime:
    """When the source's next address is due, at the latest ``now + before``."""
    query = (
        select(frontier_entry_table.c.next_visit_at)
        .where(
            frontier_entry_table.c.source_id == source_id,
            or_(
                frontier_entry_table.c.next_visit_at > now,
                frontier_entry_table.c.next_visit_at.is_(None),
            ),
        )
        .order_by(frontier_entry_table.c.next_visit_at)
        .limit(1)
    )
    due = connection.scalars(query).first()
    latest = now + before
    return latest if due is None else min(due, latest)
