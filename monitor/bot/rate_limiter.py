"""How much a chat may ask of the bot, so that none keeps it busy for all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_REMEMBERED = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float
    told: bool = False


@dataclass(slots=True)
class Allowance:
    """A bucket for each chat: ``burst`` questions at once, and another every ``refill`` seconds."""

    burst: int = 20
    refill: float = 3.0
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[int, _Bucket] = field(default_factory=dict)

    def take(self, chat_id: int) -> float:
        """Ask for one more: 0 when it is granted, else the seconds until it would be."""
        now = self.clock()
        bucket = self._buckets.get(chat_id)
        if bucket is None:
            if len(self._buckets) >= _REMEMBERED:
                self._forget(now)
            bucket = self._buckets[chat_id] = _Bucket(float(self.burst), now)
        bucket.left = min(float(self.burst), bucket.left + (now - bucket.at) / self.refill)
        bucket.at = now
        if bucket.left >= 1:
            bucket.left -= 1
            bucket.told = False
            return 0.0
        return (1 - bucket.left) * self.refill

    def first_refusal(self, chat_id: int) -> bool:
        """Whether the chat has not been told yet that it asks too much; from now on it has."""
        bucket = self._buckets.get(chat_id)
        if bucket is None or bucket.told:
            return False
        bucket.told = True
        return True

    def _forget(self, now: float) -> None:
        """Let go of chats that have been silent; of ten thousand that have not, of all."""
        full = self.burst * self.refill
        recent = {key: b for key, b in self._buckets.items() if now - b.at < full}
        self._buckets = recent if len(recent) < _REMEMBERED else {}
