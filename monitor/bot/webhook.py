"""Telegram's updates by webhook: Telegram posts them here instead of being asked for them.

One endpoint, plain ASGI, on uvicorn (extra ``web``) behind a proxy that speaks TLS. An update is
put into the queue that polling fills too, and is answered at once; what it leads to goes by the
Bot API.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

from telegram import Update

from monitor.bot.runner import UPDATES, App, serving
from monitor.bot.update_processor import InTurn
from monitor.errors import UserError
from monitor.logs import mask_in_logs

log = logging.getLogger(__name__)

MAX_BODY = 1 << 20
"""Bytes of an update at most; those of Telegram have a few KiB."""

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Scope]]
_Send = Callable[[_Scope], Awaitable[None]]

_SECRET_HEADER = b"x-telegram-bot-api-secret-token"
_BODY_SECONDS = 20.0
_MOST_WAITING = 1_000
_REMEMBERED = 1_000


class Endpoint:
    """The ASGI application: one path, one method, one secret."""

    def __init__(self, application: App, *, path: str, secret: str) -> None:
        """Take where updates go.

        Args:
            application: from ``build_application``.
            path: of the address Telegram was given.
            secret: what Telegram says with each update.
        """
        self._application = application
        self._path = path
        self._secret = secret.encode()
        self._seen: OrderedDict[int, None] = OrderedDict()

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Answer one request with a status and nothing else."""
        if scope["type"] != "http":
            return
        status = await self._status(scope, receive)
        headers = [(b"content-length", b"0")]
        if status == 405:
            headers.append((b"allow", b"POST"))
        if status != 200:
            # A body that was not read must not be taken for the next request.
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _status(self, scope: _Scope, receive: _Receive) -> int:  # noqa: PLR0911 - a line each
        headers = dict(scope["headers"])
        if scope["path"] != self._path:
            return 404
        if scope["method"] != "POST":
            return 405
        if not hmac.compare_digest(headers.get(_SECRET_HEADER, b""), self._secret):
            log.warning("hook.refused", extra={"reason": "wrong secret"})
            return 401
        queue = self._application.update_queue
        # The library takes updates from its queue at once; it is the processor where they wait.
        processor = self._application.update_processor
        waiting = queue.qsize() + (processor.waiting if isinstance(processor, InTurn) else 0)
        if not self._application.running or waiting >= _MOST_WAITING:
            # Telegram keeps what we do not take, and sends it again.
            return 503
        try:
            declared = int(headers.get(b"content-length", b"0"))
            async with asyncio.timeout(_BODY_SECONDS):
                body = b"" if declared > MAX_BODY else await _read(receive)
        except TimeoutError:
            return 408
        except ValueError:
            return 400
        if declared > MAX_BODY or body is None:
            return 413
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            return 400
        if not isinstance(said, dict) or not isinstance(said.get("update_id"), int):
            return 400
        self._take(said, queue)
        return 200

    def _take(self, said: dict[str, Any], queue: asyncio.Queue[object]) -> None:
        number = said["update_id"]
        if number in self._seen:
            # Our answer to the first was lost on the way.
            return
        self._seen[number] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        try:
            update = Update.de_json(said, self._application.bot)
        except Exception as error:  # noqa: BLE001 - whatever the library trips over
            # It would be no better the next time: Telegram need not send it again and again.
            log.warning("hook.unread", extra={"reason": type(error).__name__})
            return
        queue.put_nowait(update)


@asynccontextmanager
async def webhook(
    application: App,
    *,
    url: str,
    secret: str,
    address: str = "127.0.0.1:8443",
    pause: float = 2.0,
    operators: Iterable[int] = (),
) -> AsyncIterator[int]:
    """Answer the chats while the block runs, as ``polling`` does; gives the port it listens on.

    At the end the webhook stays set: until the next start Telegram keeps what chats write, for a
    day, and sends it then. Polling takes the webhook away by itself.

    Args:
        application: from ``build_application``.
        url: ``https://host/path`` that Telegram is told; requests for its path are answered.
        secret: 1 to 256 letters, digits, ``_`` and ``-``.
        address: address and port to listen on; port 0 takes a free one.
        pause: seconds before a Telegram that is away is greeted again; doubled each time.
        operators: chats whose menu has the operators' commands.

    Raises:
        UserError: nothing can listen there, or uvicorn is not installed.
    """
    endpoint = Endpoint(application, path=urlsplit(url).path, secret=secret)

    async def listen() -> None:
        await application.bot.set_webhook(
            url, secret_token=secret, allowed_updates=UPDATES, drop_pending_updates=False
        )

    async with AsyncExitStack() as stack:
        stack.callback(mask_in_logs(secret))
        port = await stack.enter_async_context(_listening(endpoint, address))
        await stack.enter_async_context(
            serving(application, listen, pause=pause, operators=operators)
        )
        yield port


@asynccontextmanager
async def _listening(endpoint: Endpoint, address: str) -> AsyncIterator[int]:
    try:
        import uvicorn
    except ImportError:
        raise UserError(
            "telegram.webhook_url: uvicorn is not installed",
            hint="pip install 'policy-monitor[web]'",
        ) from None
    ready = asyncio.Event()

    class Server(uvicorn.Server):
        """One that leaves the signals to the daemon, and says when it listens."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets=sockets)
            ready.set()

    host, _, port = address.rpartition(":")
    config = uvicorn.Config(
        endpoint,
        host=host.strip("[]"),
        port=int(port),
        http="h11",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        limit_concurrency=100,
        timeout_graceful_shutdown=5,
    )
    server = Server(config)

    async def run() -> None:
        try:
            await server.serve()
        except SystemExit:
            # What uvicorn does where it cannot listen; it would end the whole daemon.
            raise UserError(
                f"telegram.webhook_listen: cannot listen on {address}",
                hint="another program may listen there",
            ) from None

    task = asyncio.create_task(run())
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        waiting.cancel()
        server.should_exit = True
        if not task.done():
            await task


async def _read(receive: _Receive) -> bytes | None:
    """The body of a request; None when it is longer than ``MAX_BODY``.

    Raises:
        ValueError: it broke off.
    """
    body = b""
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ValueError("the body broke off")
        body += bytes(event.get("body", b""))
        if len(body) > MAX_BODY:
            return None
        if not event.get("more_body", False):
            return body
