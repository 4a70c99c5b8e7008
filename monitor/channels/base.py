"""What carries a message to a chat: the contract every sender keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from monitor.errors import ChatGone
from monitor.messages.richtext import Message
from monitor.model.alerts import Recipient

MIN_RETRY_AFTER, MAX_RETRY_AFTER = 1.0, 3600.0
"""Seconds that the Retry-After of a service is limited to."""


class Sender(Protocol):
    """Takes a message to somebody, at the pace its service asks for."""

    async def ready(self, to: Recipient) -> None:
        """Wait until a message may go there."""
        ...

    async def send(self, to: Recipient, message: Message) -> int:
        """Send what is ``ready``; the id the service gave the message (0 where it gives none).

        Raises:
            ChatGone: the chat will never take a message again.
            ChatMoved: the chat goes on elsewhere; the message was not sent.
            RetryLater: the service asks for patience, or cannot be reached.
            DeliveryError: it refused for another reason.
        """
        ...


class Ways:
    """Sends each message by the way its recipient names: Telegram, or another."""

    def __init__(self, telegram: Sender, others: Mapping[str, Sender]) -> None:
        """Keep the senders; the others by the names the settings give them."""
        self._telegram = telegram
        self._others = dict(others)

    async def ready(self, to: Recipient) -> None:
        """Wait as long as the recipient's way asks for."""
        sender = self._others.get(to.way) if to.way else self._telegram
        if sender is not None:
            await sender.ready(to)

    async def send(self, to: Recipient, message: Message) -> int:
        """Send by the recipient's way.

        Raises:
            ChatGone: the settings name no such way any more.
            ChatMoved, RetryLater, DeliveryError: see ``Sender``.
        """
        sender = self._others.get(to.way) if to.way else self._telegram
        if sender is None:
            raise ChatGone(f"the settings name no way {to.way!r}")
        return await sender.send(to, message)
