"""What sends a message to a recipient: the contract of every channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from monitor.model.alerts import Recipient

if TYPE_CHECKING:
    # Messages are loaded by what composes them.
    from monitor.messages.richtext import Message

MIN_RETRY_AFTER, MAX_RETRY_AFTER = 1.0, 3600.0
"""Seconds that the Retry-After of a service is limited to."""


class Channel(Protocol):
    """Sends messages within the limits of its service."""

    async def ready(self, to: Recipient) -> None:
        """Wait until a message may be sent to a recipient."""
        ...

    async def send(self, to: Recipient, message: Message) -> int:
        """Send a message after ``ready``; the id that the service gave it, 0 if it gives none.

        Raises:
            ChatGone: the chat will never accept a message again.
            ChatMoved: the chat has a new id; the message was not sent.
            RetryLater: the service asks to wait, or cannot be reached.
            DeliveryError: the service refused the message for another reason.
        """
        ...
