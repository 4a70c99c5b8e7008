"""A bot for tests of the fake itself: python-telegram-bot's own, as the product uses it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telegram import Bot
from telegram.request import HTTPXRequest
from telegram_api import TOKEN, FakeBotApi

# Importing it decides how the library gives durations.
import monitor.bot.app  # noqa: F401

# The fake speaks plain HTTP: to read all authorities of the machine takes longer than a test.
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class StillClock:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def talking(**how: Any) -> AsyncIterator[tuple[FakeBotApi, Bot]]:
    """A fake, and a bot that talks to it."""
    options = {"verify": _NO_AUTHORITIES}
    async with (
        FakeBotApi(**how) as api,
        HTTPXRequest(8, httpx_kwargs=options) as calls,
        HTTPXRequest(1, httpx_kwargs=options) as polls,
    ):
        yield api, Bot(TOKEN, base_url=api.base_url, request=calls, get_updates_request=polls)
