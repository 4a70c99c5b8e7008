"""The Telegram bot: commands and buttons from Telegram to the desk, answers back.

It is built on python-telegram-bot's Application; ``serving.py`` runs it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from telegram import Chat, Message, Update
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import TelegramError
from telegram.ext import (
    ApplicationBuilder,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from monitor.bot import commands
from monitor.bot.admin_cache import Admins
from monitor.bot.context import Answer, Asked, Office
from monitor.bot.rate_limiter import Allowance
from monitor.bot.replies import Replies
from monitor.bot.runner import App
from monitor.bot.update_processor import InTurn
from monitor.channels.flood_control import FloodControl
from monitor.channels.telegram import API
from monitor.messages import richtext as ours
from monitor.messages.i18n import fill
from monitor.model.alerts import Recipient, RecipientKind
from monitor.secret_mask import SecretMask

log = logging.getLogger(__name__)

FILE_API = "https://api.telegram.org/file/bot"

_Context = ContextTypes.DEFAULT_TYPE
_Run = Callable[[Update, _Context], Coroutine[Any, Any, None]]
_CALLBACK_LIMIT = 64
_SAID_LIMIT = 4_096
_NOTICE_EVERY = 600.0
# What is no command: in a person's own chat it is looked for.
_SAID = filters.TEXT & ~filters.COMMAND & filters.ChatType.PRIVATE
_NEW = filters.UpdateType.MESSAGE | filters.UpdateType.CHANNEL_POST
# A command and what follows it, be it without the blank: /search：液冷, /commitment#12.
_CALLED = re.compile(r"/([A-Za-z]+)(?:@[A-Za-z0-9_]+)?(?![A-Za-z0-9_@])[:：,，]?\s*(.*)", re.DOTALL)
_NUMBERED = r"^/commitment_(\d{1,18})(?:@(\w+))?$"


class _Reception:
    """Takes what chats write and press to the desk, if they may, and the answers back."""

    def __init__(
        self, office: Office, replies: Replies, allowance: Allowance, mask: SecretMask
    ) -> None:
        self._office = office
        self._replies = replies
        self._allowance = allowance
        self._admins = Admins()
        self._notices = Allowance(burst=1, refill=_NOTICE_EVERY)
        self._mask = mask

    def command(self, name: str) -> _Run:
        """What answers a command."""

        async def run(update: Update, context: _Context) -> None:
            message = update.effective_message
            if message is not None and message.text is not None:
                called = _CALLED.match(message.text)
                await self._command(update, context, name, called[2] if called else "")

        return run

    async def numbered(self, update: Update, context: _Context) -> None:
        """``/commitment_123``, as it stands in messages to be pressed."""
        number, bot = context.matches[0].groups() if context.matches else ("", None)
        if bot is None or bot.lower() == (context.bot.username or "").lower():
            await self._command(update, context, "commitment", number)

    async def said(self, update: Update, context: _Context) -> None:
        """Words that are no command, or one that Telegram does not take for one: /search贵州."""
        message = update.effective_message
        if message is not None and message.text:
            name, rest = _called(message.text) or ("search", message.text)
            await self._command(update, context, name, rest)

    async def unknown(self, update: Update, context: _Context) -> None:
        """A command nobody knows, in a person's own chat, or a word that runs on from one."""
        message = update.effective_message
        name, rest = _called(message.text or "" if message is not None else "") or ("help", "")
        await self._command(update, context, name, rest)

    async def pressed(self, update: Update, context: _Context) -> None:
        """A button."""
        query, chat = update.callback_query, update.effective_chat
        if query is None or chat is None:
            return
        wait = self._allowance.take(_who(update, chat))
        asker = await self._asker(update, chat)
        bot = await asyncio.to_thread(self._office.words, asker.key)
        if wait:
            answer = Answer(toast=fill(bot.slowly, seconds=round(wait) or 1))
        elif query.message is None or not query.message.is_accessible:
            # So old that Telegram does not show it: neither its topic nor its text is known.
            answer = Answer(toast=bot.expired)
        elif not await self._may(update, context, chat):
            answer = Answer(toast=bot.admins_only)
        else:
            verb, _, rest = (query.data or "")[:_CALLBACK_LIMIT].partition(":")
            asked = _with(asker, rest)
            answer = await asyncio.to_thread(commands.press, self._office, verb, asked)
        await self._replies.after_press(query, asker.to, answer)

    async def membership(self, update: Update, _: _Context) -> None:
        """The bot was thrown out of a chat, or taken in."""
        change, chat = update.my_chat_member, update.effective_chat
        if change is None or chat is None:
            return
        if change.new_chat_member.status in {ChatMemberStatus.BANNED, ChatMemberStatus.LEFT}:
            await asyncio.to_thread(commands.access.gone, self._office, chat.id)
            log.info("chat.gone", extra={"chat": chat.id, "reason": "the bot was removed"})
        elif change.old_chat_member.status in {ChatMemberStatus.BANNED, ChatMemberStatus.LEFT}:
            await asyncio.to_thread(commands.access.back, self._office, chat.id)

    async def migration(self, update: Update, _: _Context) -> None:
        """A group became a supergroup."""
        message = update.effective_message
        if message is not None and message.migrate_to_chat_id is not None:
            await asyncio.to_thread(
                commands.access.moved, self._office, message.chat_id, message.migrate_to_chat_id
            )

    async def trouble(self, update: object, context: _Context) -> None:
        """A fault of ours, or Telegram's; a person hears of it, the log has it whole."""
        error = context.error
        reason = self._mask(f"{type(error).__name__}: {error}")
        if isinstance(error, TelegramError):
            log.warning("bot.failed", extra={"reason": reason})
            return
        log.error("bot.fault", exc_info=error, extra={"reason": reason})
        message = update.effective_message if isinstance(update, Update) else None
        if isinstance(message, Message):
            to = _recipient(message)
            bot = await asyncio.to_thread(self._office.words, message.chat_id)
            await self._replies.send(to, commands.say(bot.trouble))

    async def _command(self, update: Update, context: _Context, name: str, said: str) -> None:
        message, chat = update.effective_message, update.effective_chat
        if message is None or chat is None or message.forward_origin is not None:
            return  # what somebody else wrote, somewhere else
        who = _who(update, chat)
        wait = self._allowance.take(who)
        if wait and not self._allowance.first_refusal(who):
            return
        asker = _with(await self._asker(update, chat), said)
        if wait:
            bot = await asyncio.to_thread(self._office.words, asker.key)
            answer = commands.say(fill(bot.slowly, seconds=round(wait) or 1))
        elif not await self._may(update, context, chat):
            # Once in a while: else anybody could fill the group with it.
            if self._notices.take(chat.id) or not await asyncio.to_thread(
                commands.access.admitted, self._office, asker
            ):
                return
            bot = await asyncio.to_thread(self._office.words, asker.key)
            answer = commands.say(bot.admins_only)
        else:
            answer = await asyncio.to_thread(commands.answer, self._office, name, asker)
        await self._replies.send(asker.to, answer)

    async def _may(self, update: Update, context: _Context, chat: Chat) -> bool:
        """In groups and channels administrators decide; who posts in a channel is one."""
        if chat.type == ChatType.PRIVATE or update.channel_post is not None:
            return True
        message, user = update.effective_message, update.effective_user
        by_chat = None if update.callback_query is not None else getattr(message, "sender_chat", 0)
        if by_chat is not None and getattr(by_chat, "id", None) == chat.id:
            return True  # an administrator who writes in the group's own name
        return user is not None and await self._admins.has(context.bot, chat.id, user.id)

    async def _asker(self, update: Update, chat: Chat) -> Asked:
        message = update.effective_message
        to = _recipient(message) if isinstance(message, Message) else Recipient(chat.id)
        key = await asyncio.to_thread(commands.access.key_of, self._office, to)
        # A type of chat that Telegram adds later is spoken to like a group.
        kind = RecipientKind(chat.type) if chat.type in _CHAT_TYPES else RecipientKind.GROUP
        return Asked(key, to, ours.one_line(chat.effective_name, 128), kind)


_CHAT_TYPES = frozenset(RecipientKind)


def build_application(
    token: str,
    *,
    office: Office,
    base_url: str = API,
    base_file_url: str = FILE_API,
    proxy: str | None = None,
    flood_control: FloodControl | None = None,
    allowance: Allowance | None = None,
) -> App:
    """The bot, ready for ``polling``; nothing is sent yet.

    Args:
        token: from @BotFather.
        office: what answers are made with.
        base_url: of the Bot API, to which the token is appended.
        base_file_url: the same for files.
        proxy: ``http://`` or ``socks5://``, for Telegram alone.
        flood_control: the Telegram channel's own, so that both together keep the limits.
        allowance: how much a chat may ask.
    """
    builder = ApplicationBuilder().token(token).base_url(base_url).base_file_url(base_file_url)
    builder = builder.job_queue(None)  # type: ignore[arg-type]  # documented, not annotated
    builder = builder.concurrent_updates(InTurn())
    if proxy is not None:
        builder = builder.proxy(proxy).get_updates_proxy(proxy)
    application: App = builder.build()
    replies = Replies(application.bot, flood_control or FloodControl())
    reception = _Reception(office, replies, allowance or Allowance(), SecretMask.of_token(token))
    for name in (*commands.COMMANDS, *commands.OPERATOR_COMMANDS):
        # An edited message is no second command.
        application.add_handler(CommandHandler(name, reception.command(name), _NEW))
    application.add_handler(CallbackQueryHandler(reception.pressed))
    application.add_handler(ChatMemberHandler(reception.membership))
    application.add_handler(MessageHandler(filters.StatusUpdate.MIGRATE, reception.migration))
    application.add_handler(MessageHandler(filters.Regex(_NUMBERED) & _NEW, reception.numbered))
    application.add_handler(
        MessageHandler(filters.COMMAND & filters.ChatType.PRIVATE & _NEW, reception.unknown)
    )
    application.add_handler(MessageHandler(_SAID & _NEW, reception.said))
    application.add_error_handler(reception.trouble)
    return application


def _recipient(message: Message) -> Recipient:
    """The chat a message stands in, or the topic of a forum."""
    thread = message.message_thread_id if message.is_topic_message else None
    return Recipient(message.chat_id, thread or 0)


def _who(update: Update, chat: Chat) -> int:
    """Whose allowance is used: a person's, so that none can use up a whole group's."""
    user = update.effective_user
    return chat.id if user is None or chat.id > 0 else hash((chat.id, user.id))


def _called(text: str) -> tuple[str, str] | None:
    """The command a text begins with, and the rest of it.

    None where it begins with none, or with one for a bot that it names: that was seen to before.
    """
    called = _CALLED.match(text)
    if called is None or "@" in text[: called.start(2)]:
        return None
    if called[1].lower() not in {*commands.COMMANDS, *commands.OPERATOR_COMMANDS}:
        return None
    return called[1].lower(), called[2]


def _with(asker: Asked, said: str) -> Asked:
    return replace(asker, said=said[:_SAID_LIMIT])
