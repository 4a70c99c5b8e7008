"""Flood limits of a bot, without Telegram's library: a run without a token does not load it.

30 messages a second in all, one a second in a private chat, 20 a minute in a group:
https://core.telegram.org/bots/faq, "My bot is hitting limits, how do I avoid this?"
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

_INTERVAL = 1 / 30
_PRIVATE_INTERVAL = 1.0
_GROUP_INTERVAL = 60 / 20
_MAX_CHATS = 10_000


class FloodControl:
    """Delays each message until the limits allow it."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the clock, in seconds, and the function that waits."""
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0
        self._chats: dict[int, float] = {}

    async def wait(self, chat_id: int) -> None:
        """Wait until a message may be sent to this chat; negative ids are groups and channels."""
        now = self._clock()
        moment = max(now, self._next, self._chats.get(chat_id, 0.0))
        self._next = max(now, self._next) + _INTERVAL
        self._chats[chat_id] = moment + (_GROUP_INTERVAL if chat_id < 0 else _PRIVATE_INTERVAL)
        if len(self._chats) > _MAX_CHATS:
            self._chats = {chat: when for chat, when in self._chats.items() if when > now}
        if moment > now:
            await self._sleep(moment - now)
