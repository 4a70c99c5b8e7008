"""How fast a bot may speak.

30 messages a second in all, one a second to a person's chat, 20 a minute to a group:
https://core.telegram.org/bots/faq, "My bot is hitting limits, how do I avoid this?"
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

_ALL = 1 / 30
_PERSON = 1.0
_GROUP = 60 / 20
_REMEMBERED = 10_000


class FloodControl:
    """Gives each message the earliest moment it may go, and waits for it."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the clock, in seconds, and the way to wait."""
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0
        self._chats: dict[int, float] = {}

    async def wait(self, chat_id: int) -> None:
        """Wait until a message to this chat may go; negative ids are groups and channels."""
        now = self._clock()
        moment = max(now, self._next, self._chats.get(chat_id, 0.0))
        self._next = max(now, self._next) + _ALL
        self._chats[chat_id] = moment + (_GROUP if chat_id < 0 else _PERSON)
        if len(self._chats) > _REMEMBERED:
            self._chats = {chat: when for chat, when in self._chats.items() if when > now}
        if moment > now:
            await self._sleep(moment - now)
