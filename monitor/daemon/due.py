"""Which sources are due for a visit, as the database says, and when the next one is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.app import App
from monitor.catalogue.model import Source
from monitor.ingest.schedule import next_start, spread
from monitor.storage.frontier import visit_times


def due_sources(app: App, *, spread_out: bool = False) -> list[Source]:
    """The sources that are due for a visit, but those that are paused.

    Args:
        app: the open application.
        spread_out: put them off by up to a tenth of their interval, see ``spread``.
    """
    with app.context.database.read() as connection:
        known = visit_times(connection)
    now = app.context.now()

    def is_source_due(source: Source) -> bool:
        times = known.get(source.id)
        if times is not None and times.is_paused(now):
            return False
        start = next_start(times, source, now=now)
        # What is due because its time is not believed is not put off.
        put_off = spread_out and start != now
        return start + (spread(times, source) if put_off else timedelta(0)) <= now

    return [source for source in app.sources if is_source_due(source)]


def is_due(app: App, source: Source, *, skew: timedelta = timedelta(0)) -> bool:
    """Whether a visit is still wanted when its turn comes, after however long in a line.

    Somebody may have paused the source meanwhile, or visited it by hand.

    Args:
        app: the open application.
        source: whose turn it is.
        skew: how far the clock of who found it due may be ahead of this one.
    """
    with app.context.database.read() as connection:
        times = visit_times(connection, source.id).get(source.id)
    now = app.context.now()
    if times is None or times.is_paused(now):
        return False
    if times.last_visit_at is not None and times.last_visit_at > now - skew:
        # It was visited just now, and what is due next is not due yet by this clock: a visit that
        # finds nothing due would be followed by the same again.
        skew = timedelta(0)
    return next_start(times, source, now=now) <= now + skew


def next_visit(app: App) -> str:
    """When the next source is due, in the time zone of the settings; empty without sources.

    A source whose pause has an end is due then.
    """
    with app.context.database.read() as connection:
        known = visit_times(connection)
    now = app.context.now()
    due = []
    for source in app.sources:
        times = known.get(source.id)
        start = next_start(times, source, now=now) + spread(times, source)
        if times is not None and times.is_paused(now):
            if times.paused_until is None:
                continue
            start = max(start, times.paused_until)
        due.append(start)
    return shown_time(app, min(due)) if due else ""


def shown_time(app: App, at: datetime) -> str:
    """A time with its zone, as people read it."""
    return f"{at.astimezone(app.context.zone):%Y-%m-%d %H:%M %Z}"


def paused_sources(app: App, source: Source | None = None) -> set[str]:
    """The sources that are paused, of all or of one."""
    with app.context.database.read() as connection:
        known = visit_times(connection, None if source is None else source.id)
    now = app.context.now()
    return {source_id for source_id, times in known.items() if times.is_paused(now)}


def first_visits(app: App, sources: Sequence[Source]) -> int:
    """How many of the sources were not visited before."""
    if not sources:
        return 0
    with app.context.database.read() as connection:
        known = visit_times(connection)
    times = (known.get(source.id) for source in sources)
    return sum(one is None or one.last_visit_at is None for one in times)
