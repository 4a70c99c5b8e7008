"""Updates as they arrive from Telegram: parsed, or skipped and reported to operators.

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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from telegram import Bot, Message, Update, User
from telegram.error import Conflict, TelegramError
from telegram.request import HTTPXRequest

from monitor.bot.context import BotContext
from monitor.channels.telegram import telegram_client
from monitor.messages import richtext
from monitor.model.alerts import NoticeKind
from monitor.outbox.queue import enqueue_notice

log = logging.getLogger(__name__)

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
            with context.database.write() as session:
                enqueue_notice(session, kind, text, context.policy.operators, now=context.now())
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
