"""Who is answered when: chats beside each other, each of them one question after the other."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine
from typing import Any, cast
from weakref import WeakValueDictionary

from telegram import Update
from telegram.ext import BaseUpdateProcessor

log = logging.getLogger(__name__)

_AT_A_TIME = 32
_OF_ONE_CHAT = 40
# The library's own limit comes before a chat's turn: one chat's questions would fill it.
_NO_LIMIT = 1_000_000


class InTurn(BaseUpdateProcessor):
    """Gives every chat its turn.

    A chat's questions wait for each other before they take one of the places that all share. Of
    one that asks faster than it can be answered, what is too much is left unanswered.
    """

    def __init__(self) -> None:
        """Nobody waits yet."""
        super().__init__(_NO_LIMIT)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(_AT_A_TIME)
        self._waiting: Counter[int] = Counter()

    @property
    def waiting(self) -> int:
        """Updates that are being answered or wait for it."""
        return self._waiting.total()

    async def do_process_update(self, update: object, coroutine: Any) -> None:
        """Answer an update when it is its chat's turn."""
        chat = update.effective_chat if isinstance(update, Update) else None
        key = 0 if chat is None else chat.id
        if self._waiting[key] >= _OF_ONE_CHAT:
            cast("Coroutine[Any, Any, Any]", coroutine).close()
            log.info("bot.too_many", extra={"chat": key})
            return
        self._waiting[key] += 1
        try:
            turn = self._turns.setdefault(key, asyncio.Lock())
            async with turn, self._places:
                await coroutine
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""
