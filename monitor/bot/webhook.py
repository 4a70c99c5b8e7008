"""Updates by webhook: an ASGI endpoint that fills the queue which polling fills too.

It runs on uvicorn (extra ``webhook``) behind a proxy that terminates TLS. This is the form that
python-telegram-bot documents for an own web server (its ``customwebhookbot`` example). The
library's built-in server (``Updater.start_webhook``) is not used: version 22.8 compares the secret
with ``!=`` and only after the whole body was read, takes bodies of 100 MB, acknowledges updates of
an application that is not running or has too many pending, queues an update again that Telegram
repeats, answers 400 to one it cannot parse (Telegram then repeats it and delivers nothing after
it), and logs wrong secrets and bodies. Its handler class is private, so that none of this can be
configured.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from telegram import Bot
from telegram.error import TelegramError

from monitor.bot.dispatcher import (
    FAULTS,
    PerChatUpdateProcessor,
    UnreadableUpdateError,
    UpdateFaults,
    parse_update,
    update_id_of,
)
from monitor.bot.runner import ALLOWED_UPDATES, App, running
from monitor.http_server import Receive, Scope, Send, listening
from monitor.logs import mask_in_logs

log = logging.getLogger(__name__)

MAX_BODY = 1 << 20
"""Bytes of an update at most; Telegram's have a few KiB. A longer one is skipped."""

MAX_SKIPPED_BODY = 4 << 20
"""Bytes of a body that are received at most, so that it is skipped."""

_SECRET_HEADER = b"x-telegram-bot-api-secret-token"
_MAX_PENDING_UPDATES = 1_000
_MAX_SEEN_UPDATES = 1_000
_LOOK_SECONDS = 600.0


class WebhookEndpoint:
    """The ASGI application: one path, one method, one secret."""

    def __init__(self, application: App, *, path: str, secret: str) -> None:
        """Take the parameters.

        Args:
            application: from ``build_application``.
            path: of the address that Telegram posts to.
            secret: the token that Telegram sends with each update.
        """
        self._application = application
        self._path = path
        self._secret = secret.encode()
        self._seen: OrderedDict[int, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with a status and an empty body."""
        if scope["type"] != "http":
            return
        status = await self._status(scope, receive)
        headers = [(b"content-length", b"0")]
        if status == 405:
            headers.append((b"allow", b"POST"))
        if status != 200:
            # The connection cannot be used again: the body may not have been read.
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _status(self, scope: Scope, receive: Receive) -> int:  # noqa: PLR0911 - a line each
        headers = dict(scope["headers"])
        if scope["path"] != self._path:
            return 404
        if scope["method"] != "POST":
            return 405
        if not hmac.compare_digest(headers.get(_SECRET_HEADER, b""), self._secret):
            log.warning("webhook.refused", extra={"reason": "wrong secret"})
            return 401
        queue = self._application.update_queue
        # The library empties its queue at once: updates wait in the processor.
        processor = self._application.update_processor
        pending = queue.qsize() + (
            processor.pending if isinstance(processor, PerChatUpdateProcessor) else 0
        )
        if not self._application.running or pending >= _MAX_PENDING_UPDATES:
            # Telegram keeps an update that is not acknowledged, and sends it again.
            return 503
        try:
            declared = int(headers.get(b"content-length", b"0"))
            body = None if declared > MAX_SKIPPED_BODY else await _read(receive)
        except ValueError:
            return 400
        if body is None:
            return 413
        self._enqueue(body, queue)
        return 200

    def _enqueue(self, body: bytes, queue: asyncio.Queue[object]) -> None:
        """Enqueue an update. One that cannot be read is acknowledged too.

        Telegram would repeat it, and deliver nothing after it.
        """
        faults = self._application.bot_data[FAULTS]
        if len(body) > MAX_BODY:
            faults.skipped(None, f"more than {MAX_BODY} bytes")
            return
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            faults.skipped(None, type(error).__name__)
            return
        update_id = update_id_of(data)
        if update_id in self._seen:
            return  # the acknowledgement of the first was lost
        if update_id is not None:
            self._seen[update_id] = None
        if len(self._seen) > _MAX_SEEN_UPDATES:
            self._seen.popitem(last=False)
        try:
            queue.put_nowait(parse_update(data, self._application.bot))
        except UnreadableUpdateError as error:
            faults.skipped(data, str(error))


@dataclass
class WebhookWatch:
    """Notices when another program deletes or moves the webhook, and sets it again.

    Telegram does not tell: no more updates would arrive.

    Attributes:
        bot: asked for the webhook's address.
        url: where it is to be.
        set_webhook: sets it.
        faults: tells operators.
        clock: monotonic seconds.
    """

    bot: Bot
    url: str
    set_webhook: Callable[[], Awaitable[None]]
    faults: UpdateFaults
    clock: Callable[[], float] = time.monotonic
    _looked_at: float = field(init=False)

    def __post_init__(self) -> None:
        """It has just been set."""
        self._looked_at = self.clock()

    async def look(self) -> None:
        """Ask Telegram, if it was not asked of late."""
        if self.clock() - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = self.clock()
        try:
            found = (await self.bot.get_webhook_info()).url
            if found != self.url:
                await self.set_webhook()
        except TelegramError as error:
            log.warning("webhook.not_seen", extra={"reason": error.message})
            return
        self.faults.webhook_seen(found, self.url)


@asynccontextmanager
async def webhook(
    application: App,
    *,
    url: str,
    secret: str,
    address: str = "127.0.0.1:8443",
    pause: float = 2.0,
    operators: Iterable[int] = (),
    beat: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[tuple[int, asyncio.Future[None]]]:
    """Process updates by webhook while the block runs.

    Yields the port it listens on, and what is done when the bot ends; see ``running``.

    The webhook stays set afterwards: Telegram keeps updates for a day and sends them at the next
    start. Polling deletes the webhook by itself.

    Args:
        application: from ``build_application``.
        url: ``https://host/path`` that Telegram posts to; requests for its path are answered.
        secret: 1 to 256 letters, digits, ``_`` and ``-``.
        address: address and port to listen on; port 0 takes a free one.
        pause: seconds before the next attempt to connect; doubled each time.
        operators: chats whose menu has the operators' commands.
        beat: called every few seconds while updates are processed.

    Raises:
        UserError: the address cannot be listened on, or uvicorn is not installed.
    """
    endpoint = WebhookEndpoint(application, path=urlsplit(url).path, secret=secret)

    async def listen() -> None:
        await application.bot.set_webhook(
            url, secret_token=secret, allowed_updates=ALLOWED_UPDATES, drop_pending_updates=False
        )

    watch = WebhookWatch(application.bot, url, listen, application.bot_data[FAULTS])

    async def beat_and_look() -> None:
        if beat is not None:
            await beat()
        await watch.look()

    async with AsyncExitStack() as stack:
        stack.callback(mask_in_logs(secret))
        port = await stack.enter_async_context(
            listening(endpoint, address, setting="telegram.webhook_listen")
        )
        ended = await stack.enter_async_context(
            running(application, listen, pause=pause, operators=operators, beat=beat_and_look)
        )
        yield port, ended


async def _read(receive: Receive) -> bytes | None:
    """The body of a request; None if it is longer than ``MAX_SKIPPED_BODY``.

    Raises:
        ValueError: the client disconnected.
    """
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ValueError("the client disconnected")
        body += bytes(event.get("body", b""))
        if len(body) > MAX_SKIPPED_BODY:
            return None
        if not event.get("more_body", False):
            return bytes(body)
