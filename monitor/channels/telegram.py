"""Messages by Telegram's Bot API, and what its refusals mean for an alert."""

from __future__ import annotations

import logging
import os
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from monitor.channels.flood_control import FloodControl
from monitor.errors import ChatGone, ChatMoved, DeliveryError, RetryLater
from monitor.messages.richtext import Message
from monitor.model.alerts import Recipient
from monitor.secret_mask import SecretMask

log = logging.getLogger(__name__)

# Durations as timedelta, as in the library's next version; without it every 429 logs a warning.
os.environ.setdefault("PTB_TIMEDELTA", "1")

API = "https://api.telegram.org/bot"

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_NETWORK_WAIT = 30.0
_REFUSED_TOKEN_WAIT = 600.0
# After a timeout a message is possibly delivered; the longer it is, the rarer that is.
_TIMEOUT = 30.0
_TOKEN_TIMEOUT = 5.0
# Descriptions of 400 answers after which a chat never accepts a message again.
_GONE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "group chat was deactivated",
    "chat_write_forbidden",
    "not enough rights to send",
    "have no rights to send",
    "need administrator rights in the channel",
)
# Descriptions after which the topic is closed, and its forum is not.
_THREAD_GONE = ("message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid")
# Exceptions of the HTTP client before the connection is open: nothing was sent.
_UNSENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
# The library's error for an answer with status 200 that is no JSON.
_UNREADABLE = "invalid server response"
_BAD_MARKUP = ("can't parse entities", "can't find end", "unsupported start tag")


@cache
def _authorities() -> Any:
    return httpx.create_ssl_context()


def telegram_client(**options: Any) -> dict[str, Any]:
    """What an ``HTTPXRequest`` takes besides ``options``: the authorities all of them share.

    A client that reads them for itself takes 1 MB and 40 ms for that.
    """
    return {**options, "httpx_kwargs": {"verify": _authorities()}}


class TelegramChannel:
    """Sends as a bot, within Telegram's flood limits; open it with ``async with``."""

    def __init__(
        self,
        token: str,
        *,
        base_url: str = API,
        proxy: str | None = None,
        flood_control: FloodControl | None = None,
    ) -> None:
        """Prepare the bot; nothing is sent yet.

        Args:
            token: of the bot, from @BotFather.
            base_url: of the Bot API, to which the token is appended.
            proxy: ``http://`` or ``socks5://``.
            flood_control: Telegram's own limits if not given.
        """
        self._flood_control = flood_control or FloodControl()
        self._mask = SecretMask.of_token(token)
        self._request = HTTPXRequest(
            **telegram_client(
                connection_pool_size=8,
                proxy=proxy,
                read_timeout=_TIMEOUT,
                write_timeout=_TIMEOUT,
                connect_timeout=_TIMEOUT,
                pool_timeout=_TIMEOUT,
            )
        )
        self._bot = _bot(token, base_url, self._request)

    async def __aenter__(self) -> Self:
        """Open the connections. The token is not checked: Telegram may be unreachable now."""
        await self._request.initialize()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._request.shutdown()

    async def ready(self, to: Recipient) -> None:
        """Wait until Telegram's limits allow another message to the chat."""
        await self._flood_control.wait(to.chat_id)

    async def send(self, to: Recipient, message: Message) -> int:
        """Send a message; if its markup is refused, send it once more as plain text.

        Raises:
            ChatGone, ChatMoved, RetryLater, DeliveryError: see ``Channel``.
        """
        try:
            return await self._send(to, message, rich=message.fits)
        except BadRequest as error:
            if not is_bad_markup(error):
                raise self._outcome(error, to) from None
            log.warning("alert.markup_refused", extra={"chat": to.chat_id, "reason": error.message})
        except TelegramError as error:
            raise self._outcome(error, to) from None
        await self._flood_control.wait(to.chat_id)
        try:
            return await self._send(to, message, rich=False)
        except TelegramError as error:
            raise self._outcome(error, to) from None

    def _outcome(self, error: TelegramError, to: Recipient) -> DeliveryError:
        # The message is stored in the outbox, where no log filter masks it.
        error.message = self._mask(error.message)
        if to.thread_id and any(words in error.message.lower() for words in _THREAD_GONE):
            return ChatMoved(error.message, chat_id=to.chat_id)
        return outcome(error)

    async def _send(self, to: Recipient, message: Message, *, rich: bool) -> int:
        sent = await self._bot.send_message(
            to.chat_id,
            message.html if rich else message.plain,
            message_thread_id=to.thread_id or None,
            parse_mode=ParseMode.HTML if rich else None,
            link_preview_options=NO_PREVIEW,
            reply_markup=keyboard(message),
        )
        return sent.message_id


async def is_token_refused(token: str, *, base_url: str = API, proxy: str | None = None) -> bool:
    """Whether Telegram says that there is no such bot; False if it cannot be asked now."""
    request = HTTPXRequest(
        **telegram_client(
            proxy=proxy,
            read_timeout=_TOKEN_TIMEOUT,
            connect_timeout=_TOKEN_TIMEOUT,
            pool_timeout=_TOKEN_TIMEOUT,
        )
    )
    bot = _bot(token, base_url, request)
    try:
        await request.initialize()
        await bot.get_me()
    except InvalidToken:
        return True
    except TelegramError:
        return False
    finally:
        await request.shutdown()
    return False


def _bot(token: str, base_url: str, request: HTTPXRequest) -> Bot:
    # It asks for no updates, and would make a client for that.
    return Bot(token, base_url=base_url, request=request, get_updates_request=request)


def is_bad_markup(error: BadRequest) -> bool:
    """Whether a refusal is about the markup of a message."""
    return any(words in error.message.lower() for words in _BAD_MARKUP)


def keyboard(message: Message) -> InlineKeyboardMarkup | None:
    """The buttons of a message for Telegram; None without any."""
    if not message.buttons:
        return None
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(button.text, callback_data=button.callback_data)
                for button in row
            ]
            for row in message.buttons
        ]
    )


def retry_after_seconds(error: RetryAfter) -> float:
    """How long Telegram asks to wait: a timedelta, or a number if PTB_TIMEDELTA is off."""
    wait = error.retry_after
    return float(wait) if isinstance(wait, int) else wait.total_seconds()


def outcome(error: TelegramError) -> DeliveryError:  # noqa: PLR0911 - one line for each answer
    """What a refusal means for the alert."""
    # BadRequest and TimedOut are subclasses of NetworkError: the order matters.
    if isinstance(error, RetryAfter):
        seconds = retry_after_seconds(error)
        return RetryLater(f"Telegram asks to wait {seconds:g} s", seconds=seconds)
    if isinstance(error, ChatMigrated):
        return ChatMoved("the group has a new id", chat_id=error.new_chat_id)
    if isinstance(error, Forbidden):
        return ChatGone(error.message)
    if isinstance(error, BadRequest):
        gone = any(words in error.message.lower() for words in _GONE)
        return ChatGone(error.message) if gone else DeliveryError(error.message)
    if isinstance(error, InvalidToken):
        # The library's text contains the token.
        return RetryLater("Telegram refuses the token", seconds=_REFUSED_TOKEN_WAIT)
    # The message may be delivered if the connection broke or a gateway lost the answer.
    possibly_delivered = type(error.__cause__).__name__ not in _UNSENT
    if isinstance(error, TimedOut):
        return RetryLater(
            "Telegram did not answer in time",
            seconds=_NETWORK_WAIT,
            possibly_delivered=possibly_delivered,
        )
    if isinstance(error, NetworkError):
        return RetryLater(
            f"no way to Telegram: {error.message}",
            seconds=_NETWORK_WAIT,
            possibly_delivered=possibly_delivered,
        )
    if _UNREADABLE in error.message.lower():
        # The status was 2xx: Telegram may have taken the message.
        return RetryLater(
            f"no answer of Telegram's: {error.message}",
            seconds=_NETWORK_WAIT,
            possibly_delivered=True,
        )
    return DeliveryError(error.message)
