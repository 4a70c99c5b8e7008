"""The Telegram bot: its commands and buttons, on python-telegram-bot's Application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from telegram import BotCommand, Chat, Message, Update
from telegram.constants import ChatMemberStatus, ParseMode
from telegram.error import BadRequest, InvalidToken, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    ApplicationHandlerStop,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    TypeHandler,
    filters,
)

from monitor.alerts import message as ours
from monitor.alerts.desk import Desk, RuleSet
from monitor.alerts.redact import Redaction
from monitor.alerts.telegram import API, NO_PREVIEW, keyboard
from monitor.alerts.words import words
from monitor.storage.database import Database

log = logging.getLogger(__name__)

FILE_API = "https://api.telegram.org/file/bot"

_App = Application[Any, Any, Any, Any, Any, Any]
_Context = ContextTypes.DEFAULT_TYPE
_Run = Callable[[Update, _Context], Coroutine[Any, Any, None]]
_Answer = Callable[[Desk, Chat, str], ours.Message]
_CALLBACK_LIMIT = 64
_TOAST = 190
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 120.0

# Every command: what the desk says to a chat that writes it, with the words after the command.
_ANSWERS: dict[str, _Answer] = {
    "start": lambda desk, chat, _: desk.start(chat.id, _title(chat)),
    "help": lambda desk, chat, _: desk.help(chat.id),
    "rules": lambda desk, chat, _: desk.list_rules(chat.id),
    "subscribe": lambda desk, chat, said: desk.subscribe(chat.id, _title(chat), said),
    "unsubscribe": lambda desk, chat, said: desk.unsubscribe(chat.id, said),
    "mine": lambda desk, chat, _: desk.list_mine(chat.id),
    "latest": lambda desk, chat, said: desk.latest(chat.id, said),
    "language": lambda desk, chat, said: desk.language(chat.id, _title(chat), said),
    "stop": lambda desk, chat, _: desk.stop(chat.id),
}


def build_application(
    token: str,
    *,
    database: Database,
    rules: Callable[[], RuleSet],
    now: Callable[[], datetime],
    base_url: str = API,
    base_file_url: str = FILE_API,
    proxy: str | None = None,
    allowed_chats: frozenset[int] | None = None,
) -> _App:
    """The bot, ready for ``polling``; nothing is sent yet.

    Args:
        token: from @BotFather.
        database: holds chats, subscriptions and the change log.
        rules: gives the rules in force, at any time.
        now: the clock.
        base_url: of the Bot API, to which the token is appended.
        base_file_url: the same for files.
        proxy: ``http://`` or ``socks5://``, for Telegram alone.
        allowed_chats: ids of the chats that may use it; None: everybody.
    """
    builder = ApplicationBuilder().token(token).base_url(base_url).base_file_url(base_file_url)
    builder = builder.job_queue(None)  # type: ignore[arg-type]  # documented, not annotated
    if proxy is not None:
        builder = builder.proxy(proxy).get_updates_proxy(proxy)
    application: _App = builder.build()
    desk = Desk(database, rules, now)
    if allowed_chats is not None:
        application.add_handler(TypeHandler(Update, _gate(desk, allowed_chats)), group=-1)
    for name, answer in _ANSWERS.items():
        run = _command(desk, answer)
        # An edited message is no second command.
        application.add_handler(CommandHandler(name, run, filters.UpdateType.MESSAGE))
    application.add_handler(CallbackQueryHandler(_button(desk)))
    application.add_handler(ChatMemberHandler(_membership(desk)))
    application.add_handler(MessageHandler(filters.StatusUpdate.MIGRATE, _migration(desk)))
    application.add_error_handler(_on_error(desk, Redaction(token)))
    return application


@asynccontextmanager
async def polling(application: _App, *, pause: float = _FIRST_PAUSE) -> AsyncIterator[None]:
    """Answer the chats while the block runs. Telegram being away stops nothing else.

    Args:
        application: from ``build_application``.
        pause: seconds before a Telegram that is away is greeted again; doubled each time.
    """
    stop = asyncio.Event()
    task = asyncio.create_task(_serve(application, stop, pause))
    try:
        yield
    finally:
        stop.set()
        await task


async def _serve(application: _App, stop: asyncio.Event, pause: float) -> None:
    try:
        if await _connect(application, stop, pause):
            await application.start()
            log.info("bot.started", extra={"username": application.bot.username})
            await stop.wait()
    finally:
        await _close(application)


async def _close(application: _App) -> None:
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


async def _connect(application: _App, stop: asyncio.Event, pause: float) -> bool:
    """Greet Telegram until it answers; False when it refuses the token, or on ``stop``."""
    while not stop.is_set():
        try:
            await application.initialize()
            await _set_commands(application)
            if application.updater is not None:
                await application.updater.start_polling(
                    bootstrap_retries=0,
                    allowed_updates=[Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER],
                    error_callback=_on_poll_error,
                )
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


async def _set_commands(application: _App) -> None:
    """The menu: in Chinese, and in English for those whose Telegram speaks it."""
    for language, code in (("zh", None), ("en", "en")):
        menu = [BotCommand(*pair) for pair in words(language).bot.commands.items()]
        await application.bot.set_my_commands(menu, language_code=code)


def _on_poll_error(error: TelegramError) -> None:
    """The library tries again by itself; a traceback each time would drown the log."""
    log.warning("bot.network", extra={"reason": error.message})


def _command(desk: Desk, answer: _Answer) -> _Run:
    async def run(update: Update, context: _Context) -> None:
        message, chat = update.effective_message, update.effective_chat
        if message is None or chat is None:
            return
        said = " ".join(context.args or ())
        await _reply(message, await asyncio.to_thread(answer, desk, chat, said))

    return run


def _button(desk: Desk) -> _Run:
    async def run(update: Update, _: _Context) -> None:
        query, chat = update.callback_query, update.effective_chat
        if query is None or chat is None:
            return
        pressed = (query.data or "")[:_CALLBACK_LIMIT]
        toast, shown = await asyncio.to_thread(desk.press, chat.id, _title(chat), pressed)
        try:
            await query.answer(ours.trim(toast, _TOAST) or None)
        except BadRequest as error:
            # Telegram forgets a press after a while; what it asked for is done all the same.
            log.info("bot.late_answer", extra={"reason": error.message})
        if shown is None:
            return
        try:
            await query.edit_message_text(
                shown.html,
                parse_mode=ParseMode.HTML,
                link_preview_options=NO_PREVIEW,
                reply_markup=keyboard(shown),
            )
        except BadRequest as error:
            if "not modified" not in error.message.lower():
                raise

    return run


def _gate(desk: Desk, allowed: frozenset[int]) -> _Run:
    async def run(update: Update, _: _Context) -> None:
        chat, message = update.effective_chat, update.message
        if chat is not None and chat.id in allowed:
            return
        if chat is not None and message is not None and (message.text or "").startswith("/start"):
            await _reply(message, desk.private(chat.id))
        raise ApplicationHandlerStop

    return run


def _membership(desk: Desk) -> _Run:
    async def run(update: Update, _: _Context) -> None:
        change, chat = update.my_chat_member, update.effective_chat
        if change is None or chat is None:
            return
        if change.new_chat_member.status in {ChatMemberStatus.BANNED, ChatMemberStatus.LEFT}:
            await asyncio.to_thread(desk.gone, chat.id)
            log.info("chat.gone", extra={"chat": chat.id, "reason": "the bot was removed"})

    return run


def _migration(desk: Desk) -> _Run:
    async def run(update: Update, _: _Context) -> None:
        message = update.effective_message
        if message is not None and message.migrate_to_chat_id is not None:
            await asyncio.to_thread(desk.moved, message.chat_id, message.migrate_to_chat_id)

    return run


def _on_error(
    desk: Desk, redaction: Redaction
) -> Callable[[object, _Context], Coroutine[Any, Any, None]]:
    async def run(update: object, context: _Context) -> None:
        error = context.error
        reason = redaction.text(f"{type(error).__name__}: {error}")
        if isinstance(error, TelegramError):
            log.warning("bot.failed", extra={"reason": reason})
            return
        log.error("bot.fault", exc_info=error, extra={"reason": reason})
        message = update.effective_message if isinstance(update, Update) else None
        if isinstance(message, Message):
            await _reply(message, await asyncio.to_thread(desk.trouble, message.chat_id))

    return run


async def _reply(message: Message, answer: ours.Message) -> None:
    await message.chat.send_message(
        answer.html,
        parse_mode=ParseMode.HTML,
        link_preview_options=NO_PREVIEW,
        reply_markup=keyboard(answer),
    )


def _title(chat: Chat) -> str:
    return ours.one_line(chat.effective_name, 128)
