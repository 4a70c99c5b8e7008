"""Answers on their way back to a chat: at Telegram's pace, again when it asks for patience."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from telegram import Bot, CallbackQuery
from telegram.constants import ParseMode
from telegram.error import BadRequest, RetryAfter

from monitor.bot.context import Answer, Picture
from monitor.channels.flood_control import FloodControl
from monitor.channels.telegram import NO_PREVIEW, is_bad_markup, keyboard
from monitor.messages.richtext import Message, trim
from monitor.model.alerts import Recipient

log = logging.getLogger(__name__)

_TOAST = 190
_CAPTION = 1_024
_TRIES = 3
_PATIENCE = 60.0


class Replies:
    """Sends what the desk answers."""

    def __init__(
        self,
        bot: Bot,
        flood_control: FloodControl,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the bot, its pace, and the way to wait."""
        self._bot = bot
        self._flood_control = flood_control
        self._sleep = sleep

    async def send(self, to: Recipient, answer: Answer) -> None:
        """A new message, and a picture where there is one.

        Raises:
            TelegramError: it was refused, or Telegram cannot be reached.
        """
        if answer.message is not None:
            await self._message(to, answer.message)
        if answer.picture is not None:
            await self._picture(to, answer.picture)

    async def after_press(self, query: CallbackQuery, to: Recipient, answer: Answer) -> None:
        """The toast, what the message becomes, and what else comes of a button.

        Raises:
            TelegramError: see ``send``.
        """
        try:
            await query.answer(trim(answer.toast, _TOAST) or None)
        except BadRequest as error:
            # Telegram forgets a press after a while; what it asked for is done all the same.
            log.info("bot.late_answer", extra={"reason": error.message})
        if answer.edit is not None:
            try:
                await self._edit(query, to, answer.edit)
            except BadRequest as error:
                if "not modified" not in error.message.lower():
                    raise
        await self.send(to, answer)

    async def _message(self, to: Recipient, message: Message) -> None:
        async def send(text: str, mode: str | None) -> None:
            await self._bot.send_message(
                to.chat_id,
                text,
                message_thread_id=to.thread_id or None,
                parse_mode=mode,
                link_preview_options=NO_PREVIEW,
                reply_markup=keyboard(message),
            )

        await self._styled(to, message, send)

    async def _edit(self, query: CallbackQuery, to: Recipient, message: Message) -> None:
        async def send(text: str, mode: str | None) -> None:
            await query.edit_message_text(
                text,
                parse_mode=mode,
                link_preview_options=NO_PREVIEW,
                reply_markup=keyboard(message),
            )

        await self._styled(to, message, send)

    async def _picture(self, to: Recipient, picture: Picture) -> None:
        async def send(text: str, mode: str | None) -> None:
            await self._bot.send_photo(
                to.chat_id,
                picture.png,
                caption=text if mode else trim(text, _CAPTION),
                message_thread_id=to.thread_id or None,
                parse_mode=mode,
            )

        await self._styled(to, picture.caption, send)

    async def _styled(
        self,
        to: Recipient,
        message: Message,
        send: Callable[[str, str | None], Awaitable[None]],
    ) -> None:
        """With its styles, or as plain text where Telegram refuses them."""
        if message.fits:
            try:
                await self._patiently(to, lambda: send(message.html, ParseMode.HTML))
            except BadRequest as error:
                if not is_bad_markup(error):
                    raise
                log.warning("bot.markup_refused", extra={"reason": error.message})
            else:
                return
        await self._patiently(to, lambda: send(message.plain, None))

    async def _patiently(self, to: Recipient, send: Callable[[], Awaitable[None]]) -> None:
        for _ in range(_TRIES - 1):
            await self._flood_control.wait(to.chat_id)
            try:
                await send()
            except RetryAfter as error:
                wait = error.retry_after
                seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
                if seconds > _PATIENCE:
                    raise
                await self._sleep(seconds)
            else:
                return
        await self._flood_control.wait(to.chat_id)
        await send()
