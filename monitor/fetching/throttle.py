"""The adaptive delay between requests to a host: it grows under load and shrinks slowly. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import median

from monitor.retry import Backoff

_MAX_LATENCIES = 9
_MIN_LATENCIES = 5
# Seconds to the first byte: below the first nothing is slow, above the second everything is.
_NEVER_SLOW, _ALWAYS_SLOW = 2.0, 10.0
_SLOW_RATIO = 3.0
_OVERLOAD_FACTOR, _SLOW_FACTOR, _OK_FACTOR = 2.0, 1.5, 0.9
_FIRST_DELAY = 1.0
_FAILURES_BEFORE_COOLDOWN = 6
_COOLDOWN_BACKOFF = Backoff(initial=300.0, maximum=3_600.0)


class HostSignal(StrEnum):
    """What a request showed about the load of its host."""

    OK = "ok"
    OVERLOADED = "overloaded"  # 429 or 503
    NO_ANSWER = "no_answer"  # no complete answer, or 502 or 504 of a gateway


@dataclass(frozen=True, slots=True)
class Throttle:
    """Seconds between two requests, recent latencies in seconds, failures in a row."""

    delay: float
    min_delay: float
    latencies: tuple[float, ...] = ()
    failures: int = 0

    @property
    def exclusive(self) -> bool:
        """Whether the host gets one request at a time, whatever the settings allow."""
        return self.delay > self.min_delay


def adapt(
    throttle: Throttle, signal: HostSignal, seconds: float | None, max_delay: float
) -> Throttle:
    """The throttle after one more request.

    Args:
        throttle: the throttle before the request.
        signal: how the request went.
        seconds: to the first byte of the answer; None without one.
        max_delay: the limit of the delay, unless the minimum is longer.
    """
    failures = 0 if signal is HostSignal.OK else throttle.failures + 1
    latencies = (
        throttle.latencies
        if seconds is None
        else (*throttle.latencies[1 - _MAX_LATENCIES :], seconds)
    )
    if signal is not HostSignal.OK:
        delay = max(throttle.delay, _FIRST_DELAY) * _OVERLOAD_FACTOR
    elif seconds is not None and _is_slow(seconds, throttle.latencies):
        delay = max(throttle.delay, _FIRST_DELAY) * _SLOW_FACTOR
    else:
        shorter = throttle.delay * _OK_FACTOR
        # The last step is a whole one; otherwise the minimum would never be reached.
        delay = shorter if shorter > throttle.min_delay * 1.05 + 0.05 else throttle.min_delay
    delay = min(max(delay, throttle.min_delay), max(max_delay, throttle.min_delay))
    return Throttle(delay, throttle.min_delay, latencies, failures)


def with_min_delay(throttle: Throttle, min_delay: float) -> Throttle:
    """The throttle of a host that asks for at least so many seconds between two requests."""
    return replace(throttle, min_delay=min_delay, delay=max(throttle.delay, min_delay))


def cooldown(throttle: Throttle) -> float:
    """Seconds without requests for a host that fails repeatedly; 0 for any other."""
    if throttle.failures < _FAILURES_BEFORE_COOLDOWN:
        return 0.0
    return _COOLDOWN_BACKOFF.delay(1 + (throttle.failures - _FAILURES_BEFORE_COOLDOWN) // 3)


def _is_slow(seconds: float, latencies: tuple[float, ...]) -> bool:
    if seconds <= _NEVER_SLOW:
        return False
    if seconds > _ALWAYS_SLOW:
        return True
    return len(latencies) >= _MIN_LATENCIES and seconds > _SLOW_RATIO * median(latencies)
