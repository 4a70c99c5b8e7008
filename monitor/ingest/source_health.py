"""When a source counts as failing, quiet or healthy. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model.documents import Health

_MOST = 0.5
"""Share of its kind that must have had news for a source without any to count as quiet."""


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """When operators are notified: after so many failed visits in a row, so many days without news.

    ``operators`` are the chats that are notified.
    """

    failures: int = 3
    quiet: timedelta = timedelta(days=30)
    operators: tuple[int, ...] = ()


def next_health(
    health: Health,
    *,
    healthy: bool,
    failures: int,
    last_new_at: datetime,
    now: datetime,
    policy: HealthPolicy,
    share_with_news: Callable[[], float],
) -> Health:
    """The health of a source after a visit.

    Args:
        health: its health before.
        healthy: whether the visit went well.
        failures: failed visits in a row, this one included.
        last_new_at: when it last had something new.
        now: the time of the visit.
        policy: the limits.
        share_with_news: the share of the other sources of its kind that had something new within
            ``policy.quiet``; called only when it matters.
    """
    if not healthy:
        return Health.FAILING if failures >= policy.failures else health
    if now - last_new_at <= policy.quiet:
        return Health.OK
    if health is Health.QUIET:
        return health  # until it has something new, whatever the others have
    return Health.QUIET if share_with_news() > _MOST else Health.OK
