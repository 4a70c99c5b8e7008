"""Who may speak for a group or a channel: its administrators, remembered for a while."""

from __future__ import annotations

import time
from collections.abc import Callable

from telegram import Bot
from telegram.error import TelegramError

_MOST = 2_000


class Admins:
    """Asks Telegram for a chat's administrators, not more often than every few minutes."""

    def __init__(
        self, *, seconds: float = 120.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep how long an answer holds."""
        self._seconds = seconds
        self._clock = clock
        self._known: dict[int, tuple[float, frozenset[int]]] = {}

    async def has(self, bot: Bot, chat_id: int, user_id: int) -> bool:
        """Whether a person is one; nobody is, where Telegram does not say."""
        found = self._known.get(chat_id)
        if found is not None and self._clock() - found[0] < self._seconds:
            return user_id in found[1]
        try:
            members = await bot.get_chat_administrators(chat_id)
        except TelegramError:
            return False
        if len(self._known) >= _MOST:
            self._known.clear()
        admins = frozenset(member.user.id for member in members)
        self._known[chat_id] = (self._clock(), admins)
        return user_id in admins
