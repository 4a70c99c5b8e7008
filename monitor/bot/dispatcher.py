"""From an update to its handler: the order of a chat's updates, rights, rate limits, commands."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final, cast
from weakref import WeakValueDictionary

from telegram import Bot, Chat, ChatMember, Message, Update
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import TelegramError
from telegram.ext import BaseUpdateProcessor, ContextTypes

from monitor.bot import access, commands
from monitor.bot.context import BotContext, Reply, Request, text_reply
from monitor.bot.reply_sender import ReplySender
from monitor.messages import richtext
from monitor.messages.i18n import fill
from monitor.messages.richtext import parse_callback_data
from monitor.model.alerts import Recipient, RecipientKind
from monitor.rate_limiter import RateLimiter
from monitor.secret_mask import SecretMask

log = logging.getLogger(__name__)

_PtbContext = ContextTypes.DEFAULT_TYPE
_PtbHandler = Callable[[Update, _PtbContext], Coroutine[Any, Any, None]]
_MAX_ARGS = 4_096
_ADMINS_ONLY_NOTICE_SECONDS = 600.0
_CHAT_TYPES = frozenset(RecipientKind)
_GONE = frozenset({ChatMemberStatus.BANNED, ChatMemberStatus.LEFT})


@cache
def _command_pattern() -> re.Pattern[str]:
    """A command and its arguments, also without a blank: ``/search：液冷``, ``/commitment#12``."""
    return re.compile(
        r"/([A-Za-z]+)(?:@[A-Za-z0-9_]+)?(?![A-Za-z0-9_@])[:：,，]?\s*(.*)", re.DOTALL
    )


@cache
def _command_with_number_pattern() -> re.Pattern[str]:
    """A command with a number right behind it: ``/mute3d``, ``/commitment12``."""
    return re.compile(r"/([A-Za-z]+)(\d.*)", re.DOTALL)


class PerChatUpdateProcessor(BaseUpdateProcessor):
    """Processes the updates of a chat one after the other, and chats beside each other.

    A chat's updates wait for each other before they take one of the places that all chats share.
    Of a chat that sends faster than it can be answered, the excess is dropped.
    """

    MAX_CHATS_AT_ONCE = 32
    MAX_UPDATES_PER_CHAT = 40
    # The library's own limit counts updates before they wait for their chat's turn: one chat
    # would use it up.
    _NO_LIMIT = 1_000_000

    def __init__(self) -> None:
        super().__init__(self._NO_LIMIT)
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(self.MAX_CHATS_AT_ONCE)
        self._pending: Counter[int] = Counter()

    @property
    def pending(self) -> int:
        """Updates that are being processed or wait for it."""
        return self._pending.total()

    async def do_process_update(self, update: object, coroutine: Any) -> None:
        """Process an update when it is its chat's turn."""
        chat = update.effective_chat if isinstance(update, Update) else None
        chat_id = 0 if chat is None else chat.id
        if self._pending[chat_id] >= self.MAX_UPDATES_PER_CHAT:
            cast("Coroutine[Any, Any, Any]", coroutine).close()
            log.info("bot.update_dropped", extra={"chat": chat_id})
            return
        self._pending[chat_id] += 1
        try:
            lock = self._locks.setdefault(chat_id, asyncio.Lock())
            async with lock, self._places:
                await coroutine
        finally:
            self._pending[chat_id] -= 1
            if not self._pending[chat_id]:
                del self._pending[chat_id]

    async def initialize(self) -> None:
        """There is nothing to open."""

    async def shutdown(self) -> None:
        """There is nothing to close."""


@dataclass(slots=True)
class AdminCache:
    """The administrators of groups and channels; Telegram is asked every few minutes at most."""

    seconds: float = 120.0
    clock: Callable[[], float] = time.monotonic
    max_chats: int = 2_000
    _known: dict[int, tuple[float, frozenset[int]]] = field(default_factory=dict)

    async def is_admin(self, bot: Bot, chat_id: int, user_id: int) -> bool:
        """Whether a user is an administrator; False where Telegram does not say."""
        found = self._known.get(chat_id)
        if found is not None and self.clock() - found[0] < self.seconds:
            return user_id in found[1]
        try:
            members = await bot.get_chat_administrators(chat_id)
        except TelegramError:
            return False
        if len(self._known) >= self.max_chats:
            self._known.clear()
        admins = frozenset(member.user.id for member in members)
        self._known[chat_id] = (self.clock(), admins)
        return user_id in admins


class UpdateDispatcher:
    """Passes updates to the handlers, if the sender may use them, and sends the replies."""

    def __init__(
        self,
        bot_context: BotContext,
        replies: ReplySender,
        rate_limiter: RateLimiter,
        mask: SecretMask,
    ) -> None:
        self._bot_context = bot_context
        self._replies = replies
        self._rate_limiter = rate_limiter
        self._admins = AdminCache()
        self._admins_only_notices = RateLimiter(burst=1, refill=_ADMINS_ONLY_NOTICE_SECONDS)
        self._mask = mask

    def command(self, name: str) -> _PtbHandler:
        """The library's handler of a command."""

        async def run(update: Update, context: _PtbContext) -> None:
            message = update.effective_message
            if message is not None and message.text is not None:
                found = _command_pattern().match(message.text)
                await self._dispatch_command(update, context, name, found[2] if found else "")

        return run

    async def numbered_commitment(self, update: Update, context: _PtbContext) -> None:
        """``/commitment_123``, as messages contain it to be pressed."""
        number, bot = context.matches[0].groups() if context.matches else ("", None)
        if bot is None or bot.lower() == (context.bot.username or "").lower():
            await self._dispatch_command(update, context, "commitment", number)

    async def text(self, update: Update, context: _PtbContext) -> None:
        """Text to search for, or a command that Telegram does not mark as one: ``/search贵州``."""
        message = update.effective_message
        if message is not None and message.text:
            text = _visible(message.text)
            found = _parse_command(text) or _command_in_words(text)
            name, args = found or ("search", message.text)
            await self._dispatch_command(update, context, name, args)

    async def unknown_command(self, update: Update, context: _PtbContext) -> None:
        """An unknown command in a private chat, or a known one with text attached to it."""
        message = update.effective_message
        text = message.text or "" if message is not None else ""
        name, args = _parse_command(text) or _command_in_words(text[1:]) or ("help", text)
        await self._dispatch_command(update, context, name, args)

    async def callback_query(self, update: Update, context: _PtbContext) -> None:
        """A press of a button."""
        query, chat = update.callback_query, update.effective_chat
        if query is None or chat is None:
            return
        wait = self._rate_limiter.take(_rate_limited_user(update, chat))
        request = await self._request(update, chat)
        bot = await asyncio.to_thread(self._bot_context.texts, request.recipient_id)
        prefix, args = parse_callback_data(query.data or "")
        if wait:
            reply = Reply(toast=fill(bot.slowly, seconds=round(wait) or 1))
        elif query.message is None or not query.message.is_accessible:
            # Telegram does not show a message this old: neither its topic nor its text is known.
            reply = Reply(toast=bot.expired)
        elif not commands.is_for_members(prefix) and not await self._is_chat_admin(
            update, context, chat
        ):
            reply = Reply(toast=bot.admins_only)
        else:
            reply = await asyncio.to_thread(
                commands.handle_callback, self._bot_context, prefix, replace(request, args=args)
            )
        await self._replies.answer_callback(query, request.recipient, reply)

    async def membership(self, update: Update, _: _PtbContext) -> None:
        """The bot was removed from a chat, added to one, or may write in it again."""
        change, chat = update.my_chat_member, update.effective_chat
        if change is None or chat is None:
            return
        if change.new_chat_member.status in _GONE:
            await asyncio.to_thread(access.on_bot_removed, self._bot_context, chat.id)
            log.info("chat.removed_bot", extra={"chat": chat.id})
        elif _may_write(change.new_chat_member) and not _may_write(change.old_chat_member):
            await asyncio.to_thread(access.on_bot_added, self._bot_context, chat.id)

    async def migration(self, update: Update, _: _PtbContext) -> None:
        """A group became a supergroup."""
        message = update.effective_message
        if message is not None and message.migrate_to_chat_id is not None:
            await asyncio.to_thread(
                access.on_chat_migrated,
                self._bot_context,
                message.chat_id,
                message.migrate_to_chat_id,
            )

    async def error(self, update: object, context: _PtbContext) -> None:
        """An exception in a handler: log it, and tell the chat unless Telegram caused it."""
        error = context.error
        reason = self._mask(f"{type(error).__name__}: {error}")
        if isinstance(error, TelegramError):
            log.warning("bot.request_failed", extra={"reason": reason})
            return
        log.error("bot.handler_failed", exc_info=error, extra={"reason": reason})
        message = update.effective_message if isinstance(update, Update) else None
        if isinstance(message, Message):
            bot = await asyncio.to_thread(self._bot_context.texts, message.chat_id)
            await self._replies.send(_recipient_of(message), text_reply(bot.trouble))

    async def _dispatch_command(
        self, update: Update, context: _PtbContext, name: str, args: str
    ) -> None:
        message, chat = update.effective_message, update.effective_chat
        if message is None or chat is None or message.forward_origin is not None:
            return  # a forwarded command was written by somebody else, somewhere else
        user = _rate_limited_user(update, chat)
        wait = self._rate_limiter.take(user)
        if wait and not self._rate_limiter.is_first_refusal(user):
            return
        request = replace(await self._request(update, chat), args=args[:_MAX_ARGS])
        if wait:
            bot = await asyncio.to_thread(self._bot_context.texts, request.recipient_id)
            reply = text_reply(fill(bot.slowly, seconds=round(wait) or 1))
        elif not await self._is_chat_admin(update, context, chat):
            # Once in a while: else anybody could fill the group with it.
            if self._admins_only_notices.take(chat.id) or not await asyncio.to_thread(
                access.is_allowed, self._bot_context, request
            ):
                return
            bot = await asyncio.to_thread(self._bot_context.texts, request.recipient_id)
            reply = text_reply(bot.admins_only)
        else:
            reply = await asyncio.to_thread(
                commands.handle_command, self._bot_context, name, request
            )
        await self._replies.send(request.recipient, reply)

    async def _is_chat_admin(self, update: Update, context: _PtbContext, chat: Chat) -> bool:
        """Whether the sender may decide for the chat: in groups and channels, an administrator."""
        if chat.type == ChatType.PRIVATE or update.channel_post is not None:
            return True  # only administrators can post in a channel
        message, user = update.effective_message, update.effective_user
        by_chat = None if update.callback_query is not None else getattr(message, "sender_chat", 0)
        if by_chat is not None and getattr(by_chat, "id", None) == chat.id:
            return True  # an anonymous administrator writes in the group's name
        return user is not None and await self._admins.is_admin(context.bot, chat.id, user.id)

    async def _request(self, update: Update, chat: Chat) -> Request:
        message = update.effective_message
        recipient = _recipient_of(message) if isinstance(message, Message) else Recipient(chat.id)
        recipient_id = await asyncio.to_thread(access.recipient_id_of, self._bot_context, recipient)
        # A chat type that Telegram adds later is treated as a group.
        kind = RecipientKind(chat.type) if chat.type in _CHAT_TYPES else RecipientKind.GROUP
        person = update.effective_user
        return Request(
            recipient_id,
            recipient,
            richtext.one_line(chat.effective_name, 128),
            kind,
            person=0 if person is None else person.id,
        )


def _may_write(member: ChatMember) -> bool:
    """Whether the bot, a member, may send messages."""
    if member.status in _GONE:
        return False
    # Restricted members may be forbidden to write, and so may administrators of channels.
    rights = (getattr(member, name, None) for name in ("can_send_messages", "can_post_messages"))
    return False not in rights and getattr(member, "is_member", True)


def _recipient_of(message: Message) -> Recipient:
    """The chat of a message, or the topic of a forum."""
    thread = message.message_thread_id if message.is_topic_message else None
    return Recipient(message.chat_id, thread or 0)


def _rate_limited_user(update: Update, chat: Chat) -> int:
    """Key of the rate limit: a person in a group, so that nobody uses up the whole group's."""
    user = update.effective_user
    return chat.id if user is None or chat.id > 0 else hash((chat.id, user.id))


def _visible(text: str) -> str:
    """A text without what is not seen before it, and with the slash of a command: ／mine."""
    text = text.lstrip("".join({one for one in text if not one.isprintable() or one.isspace()}))
    return f"/{text[1:]}" if text.startswith("／") else text


# No stop here: it deletes, and may be said of anything.
_COMMAND_WORDS: Final = {
    **{name: name for name in ("help", "rules", "subscribe", "unsubscribe", "mine", "digest")},
    **{name: name for name in ("mute", "quiet", "timezone", "language", "latest")},
    "订阅": "subscribe",
    "退订": "unsubscribe",
    "取消订阅": "unsubscribe",
    "我的订阅": "mine",
    "帮助": "help",
    "?": "help",
    "？": "help",
    "规则": "rules",
    "搜索": "search",
    "摘要": "digest",
    "静音": "mute",
    "免打扰": "quiet",
    "时区": "timezone",
}


def _command_in_words(text: str) -> tuple[str, str] | None:
    """A command that somebody writes without its slash, and its arguments: 订阅 贵州 算力."""
    first, *rest = text.split(maxsplit=1) or [""]
    name = _COMMAND_WORDS.get(first.casefold())
    return None if name is None else (name, "".join(rest))


def _parse_command(text: str) -> tuple[str, str] | None:
    """The known command a text begins with, and its arguments.

    None for a command that names a bot: the library's handlers have seen to it.
    """
    found = _command_pattern().match(text) or _command_with_number_pattern().match(text)
    if found is None or "@" in text[: found.start(2)]:
        return None
    name = found[1].lower()
    return (name, found[2]) if name in commands.COMMANDS else None
