"""When to try again: exponential backoff, the Retry-After header, due times. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clocks of two machines, or of one before and after a correction, may differ."""

LONGEST_SITE_PAUSE = timedelta(days=7)
"""How long a site is left alone at most, whatever its Retry-After says."""

# Beyond it every delay has reached its maximum, and a float would overflow.
_MAX_EXPONENT = 64


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that grow from attempt to attempt; all in seconds.

    ``jitter`` is the range of the factor that spreads a delay, so that many clients do not
    return at once.
    """

    initial: float
    maximum: float
    factor: float = 2.0
    jitter: tuple[float, float] = (1.0, 1.0)

    def delay(self, attempt: int, chance: float = 0.0) -> float:
        """Seconds to wait after a failed attempt.

        Args:
            attempt: 1 after the first.
            chance: in [0, 1]; picks the place within ``jitter``.
        """
        grown = self.initial * self.factor ** min(attempt - 1, _MAX_EXPONENT)
        lowest, highest = self.jitter
        return min(grown, self.maximum) * (lowest + chance * (highest - lowest))


def believed_due(due: datetime, *, now: datetime, longest: timedelta) -> datetime:
    """A stored due time, or ``now`` if it is further off than anything could have set it.

    Such a time was stored while the clock was wrong, and nothing would happen until it comes.

    Args:
        due: the stored time.
        now: the current time.
        longest: the longest time that may lie between the two.
    """
    return now if due > now + longest + CLOCK_SKEW else due


def parse_retry_after(
    value: str | None, now: datetime, *, minimum: float = 0.0, maximum: float
) -> float | None:
    """The seconds a Retry-After header asks for (RFC 9110, 10.2.3), or None if it is no time.

    Args:
        value: of the header: seconds or an HTTP date.
        now: aware; what a date is counted from.
        minimum: the least that is returned.
        maximum: the most that is returned.
    """
    value = (value or "").strip()
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    else:
        when = parse_http_date(value)
        if when is None:
            return None
        seconds = (when - now).total_seconds()
    return min(max(seconds, minimum), maximum)


def parse_http_date(value: str) -> datetime | None:
    """An HTTP date as an aware datetime, or None if it is none; without a zone it is UTC."""
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)
