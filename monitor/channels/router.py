"""Routes each message to the channel of its recipient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from monitor.channels.base import Channel
from monitor.errors import ChatGone
from monitor.model.alerts import Recipient

if TYPE_CHECKING:
    from monitor.messages.richtext import Message


class ChannelRouter:
    """Sends each message by the channel its recipient names, or by Telegram.

    It keeps the contract of ``Channel`` itself.
    """

    def __init__(self, telegram: Channel, others: Mapping[str, Channel]) -> None:
        """Keep the channels.

        Args:
            telegram: Telegram, or the terminal that stands for it.
            others: the other channels by their names in the settings.
        """
        self._telegram = telegram
        self._others = dict(others)

    async def ready(self, to: Recipient) -> None:
        """Wait until the recipient's channel may send."""
        channel = self._others.get(to.channel) if to.channel else self._telegram
        if channel is not None:
            await channel.ready(to)

    async def send(self, to: Recipient, message: Message) -> int:
        """Send a message by the recipient's channel.

        Raises:
            ChatGone: the settings do not name this channel any more.
            ChatMoved, RetryLater, DeliveryError: see ``Channel``.
        """
        channel = self._others.get(to.channel) if to.channel else self._telegram
        if channel is None:
            raise ChatGone(f"the settings name no channel {to.channel!r}")
        return await channel.send(to, message)
