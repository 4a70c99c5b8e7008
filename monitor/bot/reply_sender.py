"""Sends the replies of handlers: messages, edits, pictures, answers to buttons."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from telegram import Bot, CallbackQuery
from telegram.constants import ParseMode
from telegram.error import BadRequest, RetryAfter

from monitor.bot.context import Picture, Reply
from monitor.channels.flood_control import FloodControl
from monitor.channels.telegram import NO_PREVIEW, is_bad_markup, keyboard, retry_after_seconds
from monitor.messages import richtext
from monitor.model.alerts import Recipient

log = logging.getLogger(__name__)

_MAX_TOAST = 190
_MAX_CAPTION = 1_024
_MAX_ATTEMPTS = 3
_MAX_RETRY_AFTER = 60.0


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
