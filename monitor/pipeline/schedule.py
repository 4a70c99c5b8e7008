"""When to look again, and what counts as history. Pure decisions over times."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.model import Outcome

_FIRST_RETRY = timedelta(hours=1)
_LONGEST = timedelta(days=7)
# A page that was moved or listed late is still news; one that old was on the web before us.
_LATE = timedelta(days=30)
# An article is corrected in its first days if ever; after that a look now and then is enough.
_FRESH = timedelta(days=14)
_THINNED = 7


def next_page_visit(
    outcome: Outcome,
    *,
    now: datetime,
    every: timedelta,
    age: timedelta,
    failures: int,
    thin_out: bool,
    retry_after: float | None = None,
) -> datetime:
    """When an address is due again.

    Args:
        outcome: how the visit that just ended went.
        now: the time of that visit.
        every: the source's interval for known pages.
        age: how long the address has been known.
        failures: failed visits in a row before this one.
        thin_out: whether an old page may be visited rarely (articles yes, reports no).
        retry_after: seconds the server asked us to wait.

    Returns:
        The time of the next visit: after a failure sooner than the interval at first, then
        doubling, a week at most.
    """
    if outcome in {Outcome.OK, Outcome.NOT_MODIFIED}:
        wait = every * _THINNED if thin_out and age > _FRESH else every
    else:
        wait = min(_FIRST_RETRY * 2 ** min(failures, 8), _LONGEST)
    if retry_after is not None:
        wait = max(wait, min(timedelta(seconds=retry_after), _LONGEST))
    # Never in the same instant: a visit that asks what is due would find it again.
    return now + max(wait, timedelta(seconds=1))


def is_history(
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
        True: it is recorded and nobody is told. What stood there at the first visit is history
        unless it is dated after the source was added; what appears later is news unless it is
        dated more than 30 days before that (a column that was moved, an archive put online).
    """
    added = added_at.astimezone(zone).date()
    if baseline:
        return published is None or published < added
    return published is not None and published < added - _LATE
