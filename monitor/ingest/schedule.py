"""When to visit again, and what counts as baseline. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.catalogue.model import Season, Source
from monitor.model.documents import DocumentKind, Outcome
from monitor.retry import CLOCK_SKEW, Backoff, believed_due
from monitor.storage.frontier import VisitTimes

_LONGEST = timedelta(days=7)
SPREAD = 0.1
"""How much later than due the daemon may start a visit, as a share of the wait."""

_FAILED_VISIT_BACKOFF = Backoff(initial=3600.0, maximum=_LONGEST.total_seconds())
# A page that was moved or listed late is still news; one that old was on the web before us.
_LATE = timedelta(days=30)
# A document is due again after a share of its age, up to a cap: news after 1, 2, 4, 8 … days
# (a correction comes in the first days if ever), a report every day for its first month and
# every week after seven, because a report that is edited in silence is what we are for.
_THINNING: Mapping[DocumentKind, tuple[float, timedelta]] = {
    DocumentKind.REPORT: (1 / 30, timedelta(days=7)),
    DocumentKind.PLAN: (1 / 4, timedelta(days=30)),
    DocumentKind.PAGE: (1 / 4, timedelta(days=30)),
    DocumentKind.NEWS: (1, timedelta(days=90)),
}


def next_list_visit(
    now: datetime, *, list_interval: timedelta, season: Season | None, zone: ZoneInfo
) -> datetime:
    """When the lists of a source are due again.

    Args:
        now: the time of the visit that just ended, aware.
        list_interval: the source's usual interval.
        season: months with another interval; at their beginning the lists are due at once.
        zone: the time zone the months are meant in.
    """
    if season is None:
        return now + list_interval
    here = now.astimezone(zone)
    if here.month in season.months:
        return now + season.list_interval
    for ahead in range(1, 12):
        year, month = divmod(here.month - 1 + ahead, 12)
        if month + 1 in season.months:
            begins = datetime(here.year + year, month + 1, 1, tzinfo=zone)
            return min(now + list_interval, begins.astimezone(now.tzinfo))
    return now + list_interval


def retry_list_visit(
    due: datetime,
    *,
    now: datetime,
    failures: int,
    is_fault: bool,
    retry_after: float | None,
) -> datetime:
    """When a source whose visit failed is due again.

    Args:
        due: when its lists are due.
        now: the time of the visit.
        failures: failed visits in a row before this one.
        is_fault: the visit ended with an exception, so that pages may be left that are due.
        retry_after: seconds that the server of a list asked us to wait.
    """
    if is_fault:
        wait = timedelta(seconds=_FAILED_VISIT_BACKOFF.delay(failures + 1))
        due = min(due, now + wait)
    if retry_after is not None:
        due = max(due, now + min(timedelta(seconds=retry_after), _LONGEST))
    return due


def next_start(times: VisitTimes | None, source: Source, *, now: datetime) -> datetime:
    """When a source is due, ``now`` if it never was visited or the clock was wrong when it was.

    Args:
        times: of its last visit; None without one.
        source: whose intervals say how far off the next visit may be.
        now: the current time.
    """
    if times is None or times.next_visit_at is None:
        return now
    if times.last_visit_at is not None and times.last_visit_at > now + CLOCK_SKEW:
        return now
    return believed_due(
        times.next_visit_at, now=now, longest=max(_LONGEST, *_list_intervals(source))
    )


def spread(times: VisitTimes | None, source: Source) -> timedelta:
    """How much later than due the daemon starts a visit, so that sources do not move in step.

    A tenth of the interval at most, always the same for one due time. What is due sooner than the
    lists, a page or a retry, is not put off.
    """
    if times is None or times.next_visit_at is None or times.last_visit_at is None:
        return timedelta(0)
    wait = times.next_visit_at - times.last_visit_at
    if wait < min(_list_intervals(source)):
        return timedelta(0)
    chance = zlib.crc32(f"{source.id} {times.next_visit_at.isoformat()}".encode()) / 2**32
    return wait * SPREAD * chance


def _list_intervals(source: Source) -> list[timedelta]:
    season = source.season
    return [source.list_interval, *([] if season is None else [season.list_interval])]


def longest_page_wait(page_interval: timedelta, kind: DocumentKind) -> timedelta:
    """The most that may lie between a visit of a page and the next one."""
    return max(page_interval, _THINNING[kind][1], _LONGEST)


def next_page_visit(
    outcome: Outcome,
    *,
    now: datetime,
    page_interval: timedelta,
    kind: DocumentKind,
    age: timedelta,
    failures: int,
    retry_after: float | None = None,
) -> datetime:
    """When an address is due again.

    Args:
        outcome: how the visit that just ended went.
        now: the time of that visit.
        page_interval: the source's interval for new pages, and the shortest there is.
        kind: what stands there: news is soon left alone, a report never.
        age: how old the page is.
        failures: failed visits in a row before this one.
        retry_after: seconds the server asked us to wait.

    Returns:
        The time of the next visit: after a failure sooner than the interval at first, then
        doubling, a week at most.
    """
    if outcome in {Outcome.OK, Outcome.PARTIAL, Outcome.NOT_MODIFIED}:
        share, longest = _THINNING[kind]
        wait = max(page_interval, min(age * share, longest))
    else:
        wait = timedelta(seconds=_FAILED_VISIT_BACKOFF.delay(failures + 1))
    if retry_after is not None:
        wait = max(wait, min(timedelta(seconds=retry_after), _LONGEST))
    # Never in the same instant: a visit that asks what is due would find it again.
    return now + max(wait, timedelta(seconds=1))


def needs_body(body_read_at: datetime | None, *, now: datetime, interval: timedelta) -> bool:
    """Whether an address is to be requested without validators.

    A server whose ETag is frozen answers "not modified" for ever; an unconditional request finds
    out. A time in the future is no evidence of a request.

    Args:
        body_read_at: when the body was last received, None if never.
        now: the time of the request.
        interval: how long "not modified" is believed.
    """
    return body_read_at is None or not now - interval < body_read_at <= now


def is_baseline(
    *,
    baseline: bool,
    published: date | None,
    added_at: datetime,
    zone: ZoneInfo,
) -> bool:
    """Whether a document that is read for the first time was there before its source was watched.

    Args:
        baseline: it stood on its list at the first healthy visit (and the source wants that to
            be history).
        published: its date, if it names one.
        added_at: when the source came into the catalogue.
        zone: the time zone ``published`` is meant in.

    Returns:
        True: it is recorded and nobody is notified. What stood there at the first visit is history
        unless it is dated after the source was added; what appears later is news unless it is
        dated more than 30 days before that (a column that was moved, an archive put online).
    """
    added = added_at.astimezone(zone).date()
    if baseline:
        return published is None or published < added
    return published is not None and published < added - _LATE
