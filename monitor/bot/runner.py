"""The bot at work: connected to Telegram, its menu set, answering until the block ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from telegram import BotCommand, BotCommandScopeChat, Update
from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application

from monitor.messages.i18n import bot_texts

log = logging.getLogger(__name__)

App = Application[Any, Any, Any, Any, Any, Any]
"""An application whose parts are PTB's own."""

UPDATES = [
    Update.MESSAGE,
    Update.CHANNEL_POST,
    Update.CALLBACK_QUERY,
    Update.MY_CHAT_MEMBER,
]
"""What the bot wants to hear of."""

_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 120.0


@asynccontextmanager
async def polling(
    application: App, *, pause: float = _FIRST_PAUSE, operators: Iterable[int] = ()
) -> AsyncIterator[None]:
    """Answer the chats while the block runs. Telegram being away stops nothing else.

    Args:
        application: from ``build_application``.
        pause: seconds before a Telegram that is away is greeted again; doubled each time.
        operators: chats whose menu has the operators' commands.
    """

    async def listen() -> None:
        if application.updater is not None:
            await application.updater.start_polling(
                bootstrap_retries=0, allowed_updates=UPDATES, error_callback=_on_poll_error
            )

    async with serving(application, listen, pause=pause, operators=operators):
        yield


@asynccontextmanager
async def serving(
    application: App,
    listen: Callable[[], Awaitable[None]],
    *,
    pause: float = _FIRST_PAUSE,
    operators: Iterable[int] = (),
) -> AsyncIterator[None]:
    """Run the application while the block runs, however it is told of updates.

    Args:
        application: from ``build_application``.
        listen: begins to listen for updates; tried again while Telegram is away.
        pause: seconds before the next try; doubled each time.
        operators: chats whose menu has the operators' commands.
    """
    stop = asyncio.Event()
    task = asyncio.create_task(_serve(application, listen, stop, pause, tuple(operators)))
    try:
        yield
    finally:
        stop.set()
        await task


async def _serve(
    application: App,
    listen: Callable[[], Awaitable[None]],
    stop: asyncio.Event,
    pause: float,
    operators: tuple[int, ...],
) -> None:
    try:
        if await _connect(application, listen, stop, pause):
            await application.start()
            log.info("bot.started", extra={"username": application.bot.username})
            await _set_operators_commands(application, operators)
            await stop.wait()
    finally:
        await _close(application)


async def _close(application: App) -> None:
    try:
        if application.updater is not None and application.updater.running:
            await application.updater.stop()
    except TelegramError as error:
        # The polling died long ago, of a token that was revoked under way, and only now says so.
        log.error("bot.lost", extra={"reason": type(error).__name__})  # noqa: TRY400
    finally:
        if application.running:
            await application.stop()
        await application.shutdown()
        # An application that was never quite there leaves its connections to the bot.
        await application.bot.shutdown()


async def _connect(
    application: App, listen: Callable[[], Awaitable[None]], stop: asyncio.Event, pause: float
) -> bool:
    """Greet Telegram until it answers; False when it refuses the token, or on ``stop``."""
    while not stop.is_set():
        try:
            await application.initialize()
            await _set_commands(application)
            await listen()
        except InvalidToken:
            # The library's own text contains the token.
            log.error("bot.refused", extra={"reason": "Telegram does not know this token"})  # noqa: TRY400
            return False
        except TelegramError as error:
            log.warning("bot.unreachable", extra={"reason": error.message, "seconds": pause})
        else:
            return True
        await _wait(stop, pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
    return False


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def _set_commands(application: App) -> None:
    """The menu: in Chinese, and in English for those whose Telegram speaks it."""
    for language, code in (("zh", None), ("en", "en")):
        menu = [BotCommand(*pair) for pair in bot_texts(language).commands.items()]
        await application.bot.set_my_commands(menu, language_code=code)


async def _set_operators_commands(application: App, operators: tuple[int, ...]) -> None:
    """Operators see their commands too; one that never spoke to the bot has no menu yet."""
    bot = bot_texts("zh")
    menu = [BotCommand(*pair) for pair in (bot.commands | bot.operator_commands).items()]
    for chat_id in operators:
        try:
            await application.bot.set_my_commands(menu, scope=BotCommandScopeChat(chat_id))
        except TelegramError as error:
            log.info("bot.no_menu", extra={"chat": chat_id, "reason": error.message})


def _on_poll_error(error: TelegramError) -> None:
    """The library tries again by itself; a traceback each time would drown the log."""
    log.warning("bot.network", extra={"reason": error.message})
