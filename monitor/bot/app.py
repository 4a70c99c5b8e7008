"""The Telegram application: python-telegram-bot's, with our handlers; ``runner.py`` runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telegram import Update
from telegram.ext import (
    ApplicationBuilder,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    TypeHandler,
    filters,
)
from telegram.request import HTTPXRequest

from monitor.bot.commands import COMMANDS
from monitor.bot.context import BotContext
from monitor.bot.dispatcher import (
    FAULTS,
    PerChatUpdateProcessor,
    ReplySender,
    UpdateDispatcher,
    UpdateFaults,
    UpdatesRequest,
)
from monitor.bot.runner import ALLOWED_UPDATES, App
from monitor.channels.flood_control import FloodControl
from monitor.channels.telegram import API, telegram_client
from monitor.rate_limiter import RateLimiter
from monitor.secret_mask import SecretMask

FILE_API = "https://api.telegram.org/file/bot"

# The library's own number.
_CONNECTIONS = 256
# An edited message is no second command.
_NEW = filters.UpdateType.MESSAGE | filters.UpdateType.CHANNEL_POST
# Text that is no command is searched for, in private chats.
_TEXT = filters.TEXT & ~filters.COMMAND & filters.ChatType.PRIVATE
# Handlers of a group see an update whatever those of another do with it.
_OBSERVERS = -1
_NUMBERED_COMMITMENT = r"^/commitment_(\d{1,18})(?:@(\w+))?$"


def build_application(
    token: str,
    *,
    context: BotContext,
    base_url: str = API,
    base_file_url: str = FILE_API,
    proxy: str | None = None,
    flood_control: FloodControl | None = None,
    rate_limiter: RateLimiter | None = None,
    observe: Callable[[str], None] | None = None,
) -> App:
    """The bot, ready for ``polling`` or ``webhook``; nothing is sent yet.

    Args:
        token: from @BotFather.
        context: what handlers work with.
        base_url: of the Bot API, to which the token is appended.
        base_file_url: the same for files.
        proxy: ``http://`` or ``socks5://``, for Telegram alone.
        flood_control: the Telegram channel's own, so that both together keep the limits.
        rate_limiter: how many requests a chat may make.
        observe: called with the kind of each update.
    """
    builder = ApplicationBuilder().token(token).base_url(base_url).base_file_url(base_file_url)
    builder = builder.job_queue(None)  # type: ignore[arg-type]  # documented, not annotated
    builder = builder.concurrent_updates(PerChatUpdateProcessor())
    faults = UpdateFaults(context)
    builder = builder.get_updates_request(UpdatesRequest(faults, proxy=proxy))
    builder = builder.request(
        HTTPXRequest(**telegram_client(connection_pool_size=_CONNECTIONS, proxy=proxy))
    )
    application: App = builder.build()
    application.bot_data[FAULTS] = faults
    dispatcher = UpdateDispatcher(
        context,
        ReplySender(application.bot, flood_control or FloodControl()),
        rate_limiter or RateLimiter(),
        SecretMask.of_token(token),
    )
    if observe is not None:
        application.add_handler(_update_observer(observe), group=_OBSERVERS)
    for name in COMMANDS:
        application.add_handler(CommandHandler(name, dispatcher.command(name), _NEW))
    application.add_handler(CallbackQueryHandler(dispatcher.callback_query))
    application.add_handler(ChatMemberHandler(dispatcher.membership))
    application.add_handler(MessageHandler(filters.StatusUpdate.MIGRATE, dispatcher.migration))
    application.add_handler(
        MessageHandler(filters.Regex(_NUMBERED_COMMITMENT) & _NEW, dispatcher.numbered_commitment)
    )
    application.add_handler(
        MessageHandler(
            filters.COMMAND & filters.ChatType.PRIVATE & _NEW, dispatcher.unknown_command
        )
    )
    application.add_handler(MessageHandler(_TEXT & _NEW, dispatcher.text))
    application.add_error_handler(dispatcher.error)
    return application


def _update_observer(observe: Callable[[str], None]) -> TypeHandler[Update, Any, None]:
    async def tell(update: Update, _context: object) -> None:
        kinds = (kind for kind in ALLOWED_UPDATES if getattr(update, kind, None) is not None)
        observe(next(kinds, "other"))

    return TypeHandler(Update, tell)
