"""An observer of fetches, visits, deliveries and updates, for metrics; the default does nothing."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING

from monitor.catalogue.model import DEFAULT_ROUTE, FetchRoute
from monitor.channels.base import Channel
from monitor.errors import DeliveryError, RetryLater
from monitor.fetching.fetcher import Fetcher
from monitor.ingest.context import VisitReport
from monitor.model.alerts import Recipient
from monitor.model.documents import UNKNOWN_PAGE, Fetched, KnownPage

if TYPE_CHECKING:
    from monitor.messages.richtext import Message


class SendResult(StrEnum):
    """How one attempt to send an alert ended."""

    SENT = "sent"
    DEFERRED = "deferred"  # the service asks to wait, or cannot be reached
    REFUSED = "refused"
    ERROR = "error"  # unexpected


class Observer:
    """Hears of everything and does nothing."""

    def visited(self, report: VisitReport, seconds: float) -> None:
        """A visit ended."""

    def fetched(self, fetched: Fetched, seconds: float) -> None:
        """A page was requested, or skipped without a request."""

    def sent(self, channel: str, result: SendResult) -> None:
        """A message was handed to a channel; the bot's is ``telegram``."""

    def updated(self, kind: str) -> None:
        """The bot got an update of this kind."""

    def token_checked(self, *, refused: bool) -> None:
        """Telegram said whether it knows the token."""


class ObservedFetcher:
    """A fetcher that tells what it fetched."""

    def __init__(self, fetcher: Fetcher, observer: Observer) -> None:
        """Keep both."""
        self._fetcher = fetcher
        self._observer = observer

    async def fetch(
        self,
        url: str,
        *,
        route: FetchRoute = DEFAULT_ROUTE,
        known: KnownPage = UNKNOWN_PAGE,
    ) -> Fetched:
        """See ``Fetcher.fetch``."""
        begun = time.monotonic()
        fetched = await self._fetcher.fetch(url, route=route, known=known)
        self._observer.fetched(fetched, time.monotonic() - begun)
        return fetched


class ObservedChannel:
    """A channel that tells how sending ended."""

    def __init__(self, channel: Channel, observer: Observer) -> None:
        """Keep both."""
        self._channel = channel
        self._observer = observer

    async def ready(self, to: Recipient) -> None:
        """See ``Channel.ready``."""
        await self._channel.ready(to)

    async def send(self, to: Recipient, message: Message) -> int:
        """See ``Channel.send``."""
        result = SendResult.ERROR
        try:
            message_id = await self._channel.send(to, message)
            result = SendResult.SENT
        except RetryLater:
            result = SendResult.DEFERRED
            raise
        except DeliveryError:
            result = SendResult.REFUSED
            raise
        finally:
            self._observer.sent(to.channel or "telegram", result)
        return message_id
