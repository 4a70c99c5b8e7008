"""When a source counts as failing, quiet or well again. Pure decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model.documents import Health

MOST = 0.5
"""Share of its kind that must have had news for a source without any to be called quiet."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What operators want to hear of: failing visits in a row, days without anything new.

    ``operators`` are their chats.
    """

    failures: int = 3
    quiet: timedelta = timedelta(days=30)
    operators: tuple[int, ...] = ()


def health_after(
    was: Health,
    *,
    healthy: bool,
    failures: int,
    last_new_at: datetime,
    now: datetime,
    watch: Watch,
    others: Callable[[], float],
) -> Health:
    """How a source is after a visit.

    Args:
        was: how it was.
        healthy: whether the visit went well.
        failures: bad visits in a row, this one counted.
        last_new_at: when it last had something new.
        now: the time of the visit.
        watch: the limits.
        others: the share of the other sources of its kind that had something new within
            ``watch.quiet``; asked only when it matters.
    """
    if not healthy:
        return Health.FAILING if failures >= watch.failures else was
    if now - last_new_at <= watch.quiet:
        return Health.OK
    if was is Health.QUIET:
        return was  # until it has something new, whatever the others do
    return Health.QUIET if others() > MOST else Health.OK
