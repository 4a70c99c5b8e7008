"""When to visit again, and what counts as baseline. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.catalogue.model import Season
from monitor.model.documents import DocumentKind, Outcome
from monitor.retry import Backoff

_LONGEST = timedelta(days=7)
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
    if outcome in {Outcome.OK, Outcome.NOT_MODIFIED}:
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
