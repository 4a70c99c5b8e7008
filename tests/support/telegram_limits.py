"""How fast a bot may write: sliding windows, and what is held after too much.

The numbers are those of Telegram's "Bots FAQ", *My bot is hitting limits*: about 30 messages a
second over all chats, one a second in a chat, 20 a minute in a group. Bot Support counts channels
like groups (python-telegram-bot's wiki, *Avoiding flood limits*). Telegram allows short bursts and
does not say how long; here there are none, so that who passes here passes there.

Nothing is published about edits. python-telegram-bot's ``AIORateLimiter`` counts every call that
names a chat, edits among them, and here edits count in groups like messages; in private chats they
only count for the bot as a whole. Typing notes, answers to buttons and deletions are free.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from telegram_calls import EDITS, SENDS, Refusal


@dataclass
class Limits:
    """Counts by a clock that a test may own; ``refused`` and ``impatient`` are for its asserts."""

    clock: Callable[[], float] = time.monotonic
    a_second: int = 30
    in_private_a_second: int = 1
    in_groups_a_minute: int = 20
    #: Calls that came too fast, and those that came while their chat was held already, with
    #: the chats.
    refused: int = 0
    impatient: int = 0
    impatient_chats: set[int] = field(default_factory=set)
    _all: deque[float] = field(default_factory=deque)
    _chats: defaultdict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _held: dict[int, float] = field(default_factory=dict)

    def admit(self, method: str, chat_id: int, *, private: bool) -> None:
        """Count a call of any method.

        Raises:
            Refusal: 429, and the chat is held for as long as the answer says.
        """
        edit = method in EDITS
        if not edit and method not in SENDS:
            return
        now = self.clock()
        self.patient(chat_id, now)
        windows = [(self._all, self.a_second, 1.0)]
        if not private:
            windows.append((self._chats[chat_id], self.in_groups_a_minute, 60.0))
        elif not edit:
            windows.append((self._chats[chat_id], self.in_private_a_second, 1.0))
        wait = max(_wait(times, most, span, now) for times, most, span in windows)
        if wait > 0:
            self.refused += 1
            raise self.hold(chat_id, wait)
        for times, _, _ in windows:
            times.append(now)

    def patient(self, chat_id: int, now: float | None = None) -> None:
        """Refuse a call to a chat that is held.

        Raises:
            Refusal: 429 with the rest of the time.
        """
        now = self.clock() if now is None else now
        rest = self._held.get(chat_id, now) - now
        if rest > 0:
            self.impatient += 1
            self.impatient_chats.add(chat_id)
            raise too_many(rest)
        self._held.pop(chat_id, None)

    def hold(self, chat_id: int, seconds: float) -> Refusal:
        """Hold a chat; the answer that says so."""
        refusal = too_many(seconds)
        self._held[chat_id] = self.clock() + refusal.parameters["retry_after"]
        return refusal


def too_many(seconds: float) -> Refusal:
    """Telegram's answer to too much, in whole seconds."""
    # The sum of two floats may lie a hair above the whole second that was meant.
    whole = max(1, math.ceil(seconds - 1e-6))
    return Refusal(429, f"Too Many Requests: retry after {whole}", retry_after=whole)


def _wait(times: deque[float], most: int, span: float, now: float) -> float:
    while times and times[0] <= now - span:
        times.popleft()
    return times[-most] + span - now if len(times) >= most else 0.0
