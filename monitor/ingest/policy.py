"""Policies of a visit: what is doubted, what is believed, and when operators are notified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class SuspectPolicy:
    """When a suspect text is believed: after ``visits`` over ``hours`` that saw the same text.

    ``shrink`` is the share of the last good text below which a text is suspect. A text without any
    statement, where there were some, is believed after ``empty_confirm_hours``: it may be an
    unknown kind of error page.
    """

    visits: int = 3
    hours: float = 24.0
    shrink: float = 0.5
    empty_confirm_hours: float = 168.0


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """When operators are notified: after so many failed visits in a row, so many days without news.

    ``operators`` are the chats that are notified.
    """

    failures: int = 3
    quiet: timedelta = timedelta(days=30)
    operators: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RevalidationPolicy:
    """How long a server's "not modified" is believed, since the body was last received."""

    lists: timedelta = timedelta(days=7)
    pages: timedelta = timedelta(days=30)
