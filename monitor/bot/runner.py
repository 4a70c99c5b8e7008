"""The bot's lifecycle: connect to Telegram, set the menu, process updates, shut down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from telegram import BotCommand, BotCommandScopeChat, Update
from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application

from monitor.bot.commands import Audience, menu
from monitor.bot.dispatcher import FAULTS
from monitor.messages.i18n import bot_texts
from monitor.retry import Backoff

log = logging.getLogger(__name__)

App = Application[Any, Any, Any, Any, Any, Any]
"""python-telegram-bot's application, with its own parts."""

ALLOWED_UPDATES = [
    Update.MESSAGE,
    Update.CHANNEL_POST,
    Update.CALLBACK_QUERY,
    Update.MY_CHAT_MEMBER,
]
"""The kinds of updates that Telegram is asked for."""

# It logs what it fetches updates with, and where that fails at the end.
_UPDATER_LOGGER = "telegram.ext.Updater"
_FIRST_RETRY_SECONDS = 2.0
_MAX_RETRY_SECONDS = 120.0
_BEAT_SECONDS = 15.0
_DEAF_SECONDS = 60.0

Beat = Callable[[], Awaitable[None]]


@asynccontextmanager
async def polling(
    application: App,
    *,
    pause: float = _FIRST_RETRY_SECONDS,
    operators: Iterable[int] = (),
    beat: Beat | None = None,
) -> AsyncIterator[asyncio.Future[None]]:
    """Process updates by long polling while the block runs; an outage of Telegram raises nothing.

    Yields what is done when the bot ends before the block does; see ``running``.

    Args:
        application: from ``build_application``.
        pause: seconds before the next attempt to connect; doubled each time.
        operators: chats whose menu has the operators' commands.
        beat: called every few seconds while Telegram answers the polling.
    """
    faults = application.bot_data[FAULTS]

    async def beat_if_polled() -> None:
        if beat is not None and faults.polled_within(_DEAF_SECONDS):
            await beat()

    async def listen() -> None:
        if application.updater is not None:
            await application.updater.start_polling(
                bootstrap_retries=0,
                allowed_updates=ALLOWED_UPDATES,
                error_callback=faults.poll_failed,
            )

    async with running(
        application, listen, pause=pause, operators=operators, beat=beat_if_polled
    ) as ended:
        yield ended


@asynccontextmanager
async def running(
    application: App,
    listen: Callable[[], Awaitable[None]],
    *,
    pause: float = _FIRST_RETRY_SECONDS,
    operators: Iterable[int] = (),
    beat: Beat | None = None,
) -> AsyncIterator[asyncio.Future[None]]:
    """Run the application while the block runs, whatever brings the updates.

    Yields what is done when the bot ends before the block does: Telegram refuses its token, or
    an error, which is raised at the end of the block.

    Args:
        application: from ``build_application``.
        listen: begins to listen for updates; called again while Telegram is unreachable.
        pause: seconds before the next attempt; doubled each time.
        operators: chats whose menu has the operators' commands.
        beat: called every few seconds while updates are processed.
    """
    stop = asyncio.Event()
    updater_log = logging.getLogger(_UPDATER_LOGGER)
    updater_log.addFilter(_without_traceback)
    task = asyncio.create_task(_run(application, listen, stop, pause, tuple(operators), beat=beat))
    try:
        yield task
    finally:
        stop.set()
        try:
            await task
        finally:
            updater_log.removeFilter(_without_traceback)


async def _run(
    application: App,
    listen: Callable[[], Awaitable[None]],
    stop: asyncio.Event,
    pause: float,
    operators: tuple[int, ...],
    *,
    beat: Beat | None,
) -> None:
    try:
        if await _connect(application, listen, stop, pause):
            await application.start()
            log.info("bot.started", extra={"username": application.bot.username})
            await _set_operator_menus(application, operators)
            while not stop.is_set():
                if beat is not None:
                    await beat()
                await _wait(stop, _BEAT_SECONDS)
    finally:
        await _close(application)


def _without_traceback(record: logging.LogRecord) -> bool:
    """Keep the traceback of what Telegram refuses out of the log, as in a conflict at the end."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, TelegramError):
        record.exc_info, record.exc_text = None, None
    return True


async def _close(application: App) -> None:
    try:
        if application.updater is not None and application.updater.running:
            await application.updater.stop()
    except TelegramError as error:
        # The polling ended when the token was revoked; the library reports it here.
        log.error("bot.polling_ended", extra={"reason": type(error).__name__})  # noqa: TRY400
    finally:
        if application.running:
            await application.stop()
        await application.shutdown()
        await application.bot_data[FAULTS].finish()
        # An application that was not initialized leaves the connections of its bot open.
        await application.bot.shutdown()


async def _connect(
    application: App, listen: Callable[[], Awaitable[None]], stop: asyncio.Event, pause: float
) -> bool:
    """Connect, with backoff; False if Telegram refuses the token, or on ``stop``."""
    backoff = Backoff(initial=pause, maximum=_MAX_RETRY_SECONDS)
    for attempt in count(1):
        if stop.is_set():
            break
        seconds = backoff.delay(attempt)
        try:
            await application.initialize()
            await _set_menu(application)
            await listen()
        except InvalidToken:
            # The library's own text contains the token.
            log.error("bot.token_refused", extra={"reason": "Telegram does not know this token"})  # noqa: TRY400
            return False
        except TelegramError as error:
            log.warning("bot.unreachable", extra={"reason": error.message, "seconds": seconds})
        else:
            return True
        await _wait(stop, seconds)
    return False


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def _set_menu(application: App) -> None:
    """Set the menu: in Chinese, and in English for users whose Telegram is in English."""
    for language, code in (("zh", None), ("en", "en")):
        entries = menu(Audience.EVERYONE, bot_texts(language))
        await application.bot.set_my_commands(
            [BotCommand(*entry) for entry in entries], language_code=code
        )


async def _set_operator_menus(application: App, operators: tuple[int, ...]) -> None:
    """Add the operators' commands to their menus; a chat that never wrote to the bot has none."""
    texts = bot_texts("zh")
    entries = menu(Audience.EVERYONE, texts) + menu(Audience.OPERATORS, texts)
    commands = [BotCommand(*entry) for entry in entries]
    for chat_id in operators:
        try:
            await application.bot.set_my_commands(commands, scope=BotCommandScopeChat(chat_id))
        except TelegramError as error:
            log.info("bot.menu_failed", extra={"chat": chat_id, "reason": error.message})
