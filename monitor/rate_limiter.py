"""Limits how often somebody may ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    refused: bool = False


@dataclass(slots=True)
class RateLimiter:
    """A token bucket for each key: ``burst`` requests at once, then one every ``refill`` seconds.

    A key is whoever asks: a Telegram user, or the address of a browser.
    """

    burst: int = 20
    refill: float = 3.0
    clock: Callable[[], float] = time.monotonic
    max_buckets: int = 10_000
    _buckets: dict[Hashable, _Bucket] = field(default_factory=dict)

    def take(self, key: Hashable) -> float:
        """Take a token: 0 if there is one, else the seconds until there is."""
        now = self.clock()
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self.max_buckets:
                self._evict(now)
            bucket = self._buckets[key] = _Bucket(float(self.burst), now)
        bucket.tokens = min(float(self.burst), bucket.tokens + (now - bucket.at) / self.refill)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            bucket.refused = False
            return 0.0
        return (1 - bucket.tokens) * self.refill

    def is_first_refusal(self, key: Hashable) -> bool:
        """Whether this is the first refusal since a request was granted."""
        bucket = self._buckets.get(key)
        if bucket is None or bucket.refused:
            return False
        bucket.refused = True
        return True

    def _evict(self, now: float) -> None:
        """Drop the buckets that are full again; all of them if none is."""
        full = self.burst * self.refill
        recent = {key: b for key, b in self._buckets.items() if now - b.at < full}
        self._buckets = recent if len(recent) < self.max_buckets else {}
