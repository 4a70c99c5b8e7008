"""From an update to its handler and the reply: reading, order, rate limits, sending.

python-telegram-bot parses the answer to ``getUpdates`` as a whole. If one update fails, it counts
none as received, and asks for all of them again at once and for ever. Its documented hook is the
``parse_json_payload`` of a request: what cannot be parsed is replaced there by an update that has
nothing but its number, so that it is acknowledged with the others.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final, cast
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from telegram import Bot, CallbackQuery, Chat, ChatMember, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType, ParseMode
from telegram.error import BadRequest, Conflict, RetryAfter, TelegramError
from telegram.ext import BaseUpdateProcessor, ContextTypes
from telegram.request import HTTPXRequest

from monitor.bot import access, commands
from monitor.bot.context import BotContext, Picture, Reply, Request, text_reply
from monitor.channels.flood_control import FloodControl
from monitor.channels.telegram import (
    NO_PREVIEW,
    is_bad_markup,
    keyboard,
    retry_after_seconds,
    telegram_client,
)
from monitor.messages import richtext
from monitor.messages.i18n import fill
from monitor.messages.richtext import parse_callback_data
from monitor.model.alerts import NoticeKind, Recipient, RecipientKind
from monitor.outbox.queue import enqueue_notice
from monitor.rate_limiter import RateLimiter
from monitor.secret_mask import SecretMask

log = logging.getLogger(__name__)

_PtbContext = ContextTypes.DEFAULT_TYPE
_PtbHandler = Callable[[Update, _PtbContext], Coroutine[Any, Any, None]]
_MAX_ARGS = 4_096
_ADMINS_ONLY_NOTICE_SECONDS = 600.0
_CHAT_TYPES = frozenset(RecipientKind)
_MAX_TOAST = 190
_MAX_CAPTION = 1_024
_MAX_ATTEMPTS = 3
_MAX_RETRY_AFTER = 60.0
_GONE = frozenset({ChatMemberStatus.BANNED, ChatMemberStatus.LEFT})

FAULTS: Final = "update_faults"
"""The key of the application's ``UpdateFaults`` in its ``bot_data``."""

CONFLICT_OVER_SECONDS = 300.0
"""Seconds without a conflict after which it counts as over.

Two programs with one token end each other's requests, so that each has some that succeed.
"""

_SKIPPED_NOTICE_SECONDS = 3_600.0
_CONFLICT_HINT = "stop the other program, or get a new token with /revoke at @BotFather"
_MAX_KIND = 32
_UNREADABLE = "unreadable"  # no message: parsing it fails


class UnreadableUpdateError(ValueError):
    """An update does not have the form that the Bot API describes."""


def parse_update(data: object, bot: Bot | None = None) -> Update:
    """An update from its JSON.

    Raises:
        UnreadableUpdateError: it cannot be parsed, or a part that handlers use has a wrong type,
            which the library does not check.
    """
    if not isinstance(data, dict) or update_id_of(data) is None:
        raise UnreadableUpdateError("no update_id")
    try:
        update = Update.de_json(data, bot)
        wrong = _wrong_part(update)
    except Exception as error:  # the library raises anything
        raise UnreadableUpdateError(type(error).__name__) from error
    if wrong:
        raise UnreadableUpdateError(f"{wrong} has a wrong type")
    return update


def update_id_of(data: object) -> int | None:
    """The number of an update; None if it has none."""
    number = data.get("update_id") if isinstance(data, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


@dataclass(slots=True)
class UpdateFaults:
    """Logs faults of receiving updates, and puts notices for operators into the outbox.

    Attributes:
        context: has the outbox and the operators.
        clock: monotonic seconds.
    """

    context: BotContext
    clock: Callable[[], float] = time.monotonic
    _conflict_at: float | None = None
    _polled_at: float | None = None
    _notified_at: float | None = None
    _unreported: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def skipped(self, data: object, reason: str) -> None:
        """An update was skipped. Operators hear of the first, and of more once an hour."""
        number = update_id_of(data)
        kinds = [key for key in data if key != "update_id"] if isinstance(data, dict) else []
        kind = richtext.one_line(", ".join(kinds), _MAX_KIND)
        what = f"{'?' if number is None else number} ({kind})"
        log.warning("bot.update_skipped", extra={"update": what, "reason": reason})
        self._unreported += 1
        now = self.clock()
        if self._notified_at is not None and now - self._notified_at < _SKIPPED_NOTICE_SECONDS:
            return
        more = "" if self._unreported == 1 else f" (×{self._unreported})"
        self._notify(NoticeKind.UPDATE_SKIPPED, f"{what}: {reason}{more}")
        self._notified_at, self._unreported = now, 0

    def poll_failed(self, error: TelegramError) -> None:
        """Updates could not be fetched; the library tries again, slower each time."""
        if not isinstance(error, Conflict):
            log.warning("bot.poll_failed", extra={"reason": error.message})
            return
        self._in_conflict(error.message)

    def webhook_seen(self, address: str, wanted: str) -> None:
        """Telegram was asked for the webhook's address: another program may have changed it."""
        if address == wanted:
            self._conflict_may_be_over()
            return
        host = urlsplit(address).hostname
        self._in_conflict(f"webhook set to {host}" if host else "webhook deleted")

    def _in_conflict(self, reason: str) -> None:
        if self._conflict_at is None:
            log.error("bot.conflict", extra={"reason": reason, "hint": _CONFLICT_HINT})
            self._notify(NoticeKind.POLLING_CONFLICT, reason)
        self._conflict_at = self.clock()

    def polled(self) -> None:
        """Updates were fetched."""
        self._polled_at = self.clock()
        self._conflict_may_be_over()

    def _conflict_may_be_over(self) -> None:
        at = self._conflict_at
        if at is not None and self.clock() - at >= CONFLICT_OVER_SECONDS:
            self._conflict_at = None
            log.info("bot.conflict_over")
            self._notify(NoticeKind.POLLING_RESUMED, "")

    def polled_within(self, seconds: float) -> bool:
        """Whether updates were fetched of late; Telegram answers every few seconds."""
        return self._polled_at is not None and self.clock() - self._polled_at <= seconds

    async def finish(self) -> None:
        """Wait for the notices that are being written."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _notify(self, kind: NoticeKind, text: str) -> None:
        if not self.context.policy.operators:
            return
        task = asyncio.create_task(asyncio.to_thread(self._write, kind, text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _write(self, kind: NoticeKind, text: str) -> None:
        context = self.context
        try:
            with context.database.write() as connection:
                enqueue_notice(connection, kind, text, context.policy.operators, now=context.now())
        except Exception:
            # For example a locked database; the fault itself is logged.
            log.exception("bot.notice_failed")


class UpdatesRequest(HTTPXRequest):
    """Fetches updates; those that cannot be read are reported and replaced by their numbers."""

    def __init__(self, faults: UpdateFaults, *, proxy: str | None = None) -> None:
        """Take who hears of faults, and the proxy."""
        super().__init__(**telegram_client(connection_pool_size=1, proxy=proxy))
        self._faults = faults

    def parse_json_payload(self, payload: bytes) -> dict[str, Any]:  # type: ignore[override]
        """The answer of the Bot API, with updates that can be parsed.

        Raises:
            TelegramError: it is no JSON.
        """
        text = payload.decode(errors="replace")
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            answer = {"ok": True, "result": _separate_updates(text)}
        if not isinstance(answer, dict):
            raise TelegramError("Invalid server response")
        if answer.get("ok") is True:
            self._faults.polled()
        updates = answer.get("result")
        if isinstance(updates, list):
            read = [self._readable(update) for update in updates]
            answer["result"] = [update for update in read if update is not None]
            if updates and not answer["result"]:
                # Nothing in it can be acknowledged: asked for again at once, it would come again.
                raise TelegramError("no update has a number")
        return answer

    def _readable(self, data: object) -> object:
        try:
            parse_update(data)
        except UnreadableUpdateError as error:
            self._faults.skipped(data, str(error))
            number = update_id_of(data)
            return None if number is None else {"update_id": number}
        return data


def _separate_updates(text: str) -> list[Mapping[str, Any]]:
    """The updates of an answer that is no JSON as a whole: too deep, or with too long a number.

    Raises:
        TelegramError: there are none.
    """
    decoder = json.JSONDecoder()
    updates: list[Mapping[str, Any]] = []
    for found in _update_start_pattern().finditer(text):
        try:
            updates.append(decoder.raw_decode(text, found.start())[0])
        except (ValueError, RecursionError):
            updates.append({"update_id": int(found[1]), "message": _UNREADABLE})
    if not updates:
        raise TelegramError("Invalid server response")
    return updates


@cache
def _update_start_pattern() -> re.Pattern[str]:
    # In a text of a message the quotes would be escaped.
    return re.compile(r'\{\s*"update_id"\s*:\s*(\d{1,18})\b')


def _wrong_part(update: Update) -> str:
    """The part of an update that has a wrong type; empty if none has."""
    chat, user, message = update.effective_chat, update.effective_user, update.effective_message
    query, member = update.callback_query, update.my_chat_member
    parts: list[tuple[str, object, type | tuple[type, ...]]] = []
    optional, number = (str, type(None)), (int, type(None))
    if chat is not None:
        parts += [("chat.id", chat.id, int), ("chat.type", chat.type, str)]
        parts += [("chat.title", name, optional) for name in (chat.title, chat.first_name)]
        parts += [("chat.title", name, optional) for name in (chat.last_name, chat.username)]
    if user is not None:
        parts.append(("user.id", user.id, int))
    if isinstance(message, Message):
        parts += [
            ("message.message_id", message.message_id, int),
            ("message.text", message.text, optional),
            ("message.message_thread_id", message.message_thread_id, number),
            ("message.migrate_to_chat_id", message.migrate_to_chat_id, number),
        ]
        for entity in message.entities:
            parts += [("message.entities", n, int) for n in (entity.offset, entity.length)]
    if query is not None:
        parts += [
            ("callback_query.id", query.id, str),
            ("callback_query.from", query.from_user, User),
            ("callback_query.data", query.data, optional),
        ]
    if member is not None:
        sides = (member.old_chat_member, member.new_chat_member)
        parts += [("my_chat_member", side.status, str) for side in sides]
    return next((name for name, value, kind in parts if not isinstance(value, kind)), "")


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


class ReplySender:
    """Sends the replies of handlers."""

    def __init__(
        self,
        bot: Bot,
        flood_control: FloodControl,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bot = bot
        self._flood_control = flood_control
        self._sleep = sleep

    async def send(self, to: Recipient, reply: Reply) -> None:
        """Send the reply's message and picture.

        Raises:
            TelegramError: Telegram refuses it or cannot be reached.
        """
        if reply.message is not None:
            await self._send_message(to, reply.message)
        if reply.picture is not None:
            await self._send_picture(to, reply.picture)

    async def answer_callback(self, query: CallbackQuery, to: Recipient, reply: Reply) -> None:
        """Answer a button: the toast, the edit of its message, and the reply's new messages.

        Raises:
            TelegramError: see ``send``.
        """
        try:
            await query.answer(richtext.trim(reply.toast, _MAX_TOAST) or None)
        except BadRequest as error:
            # Telegram expires a callback query after a while; its handler has run all the same.
            log.info("bot.callback_expired", extra={"reason": error.message})
        try:
            if reply.edit is not None:
                await self._edit_message(query, to, reply.edit)
            elif reply.buttons is not None:
                await self._edit_buttons(query, to, richtext.Message((), reply.buttons))
        except BadRequest as error:
            if "not modified" not in error.message.lower():
                raise
        await self.send(to, reply)

    async def _send_message(self, to: Recipient, message: richtext.Message) -> None:
        async def send(text: str, mode: str | None) -> None:
            await self._bot.send_message(
                to.chat_id,
                text,
                message_thread_id=to.thread_id or None,
                parse_mode=mode,
                link_preview_options=NO_PREVIEW,
                reply_markup=keyboard(message),
            )

        await self._send_styled(to, message, send)

    async def _edit_message(
        self, query: CallbackQuery, to: Recipient, message: richtext.Message
    ) -> None:
        async def send(text: str, mode: str | None) -> None:
            await query.edit_message_text(
                text,
                parse_mode=mode,
                link_preview_options=NO_PREVIEW,
                reply_markup=keyboard(message),
            )

        await self._send_styled(to, message, send)

    async def _edit_buttons(
        self, query: CallbackQuery, to: Recipient, message: richtext.Message
    ) -> None:
        async def send() -> None:
            await query.edit_message_reply_markup(keyboard(message))

        await self._send_with_retry(to, send)

    async def _send_picture(self, to: Recipient, picture: Picture) -> None:
        async def send(text: str, mode: str | None) -> None:
            await self._bot.send_photo(
                to.chat_id,
                picture.png,
                caption=text if mode else richtext.trim(text, _MAX_CAPTION),
                message_thread_id=to.thread_id or None,
                parse_mode=mode,
            )

        await self._send_styled(to, picture.caption, send)

    async def _send_styled(
        self,
        to: Recipient,
        message: richtext.Message,
        send: Callable[[str, str | None], Awaitable[None]],
    ) -> None:
        """Send HTML, or plain text where Telegram refuses the markup or the message is too long."""
        if message.fits:
            try:
                await self._send_with_retry(to, lambda: send(message.html, ParseMode.HTML))
            except BadRequest as error:
                if not is_bad_markup(error):
                    raise
                log.warning("bot.markup_refused", extra={"reason": error.message})
            else:
                return
        await self._send_with_retry(to, lambda: send(message.plain, None))

    async def _send_with_retry(self, to: Recipient, send: Callable[[], Awaitable[None]]) -> None:
        for _ in range(_MAX_ATTEMPTS - 1):
            await self._flood_control.wait(to.chat_id)
            try:
                await send()
            except RetryAfter as error:
                seconds = retry_after_seconds(error)
                if seconds > _MAX_RETRY_AFTER:
                    raise
                await self._sleep(seconds)
            else:
                return
        await self._flood_control.wait(to.chat_id)
        await send()


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
            # Telegram marks Latin letters alone as a command: /订阅 comes here.
            name, args = found or (
                ("help", text) if text.startswith("/") else ("search", message.text)
            )
            await self._dispatch_command(update, context, name, args)

    async def unknown_command(self, update: Update, context: _PtbContext) -> None:
        """An unknown command in a private chat, or a known one with text attached to it."""
        message = update.effective_message
        text = message.text or "" if message is not None else ""
        name, args = _parse_command(text) or _command_in_words(text) or ("help", text)
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


# With a slash also these, for which people search without one.
_SLASHED_WORDS: Final = {
    **_COMMAND_WORDS,
    "语言": "language",
    "地区": "region",
    "最新": "latest",
    "承诺": "commitment",
    "开始": "start",
}
_UNMUTE_WORDS: Final = ("unmute", "取消静音", "解除静音", "关闭静音")


@cache
def _glued_word_pattern() -> re.Pattern[str]:
    """A Chinese command and what follows without a blank: 静音2小时; after a slash any command."""
    words = "|".join(
        sorted((word for word in _SLASHED_WORDS if len(word) > 1), key=len, reverse=True)
    )
    return re.compile(rf"/({words})(?![A-Za-z])(.+)|(静音)([\d半两到].*)", re.DOTALL)


def _command_in_words(text: str) -> tuple[str, str] | None:
    """A command that somebody writes without its slash, and its arguments: 订阅 贵州 算力.

    Or a Chinese one with a slash, which Telegram does not mark: /订阅 贵州, /静音2小时.
    """
    first, *rest = text.split(maxsplit=1) or [""]
    args = "".join(rest)
    word = first.casefold().removeprefix("/")
    if word in _UNMUTE_WORDS:
        return "mute", f"off {args}".strip()
    known = _SLASHED_WORDS if first.startswith("/") else _COMMAND_WORDS
    if (name := known.get(word)) is not None:
        return name, args
    if (glued := _glued_word_pattern().fullmatch(text)) is None:
        return None
    word, args = (glued[1], glued[2]) if glued[1] else (glued[3], glued[4])
    return _SLASHED_WORDS[word], args.strip()


def _parse_command(text: str) -> tuple[str, str] | None:
    """The known command a text begins with, and its arguments.

    None for a command that names a bot: the library's handlers have seen to it.
    """
    found = _command_pattern().match(text) or _command_with_number_pattern().match(text)
    if found is None or "@" in text[: found.start(2)]:
        return None
    name = found[1].lower()
    return (name, found[2]) if name in commands.COMMANDS else None
