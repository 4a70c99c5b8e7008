"""Serves an ASGI application in the daemon's event loop, on uvicorn (extra ``webhook``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, cast

from monitor.errors import UserError
from monitor.http_limits import Limits

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An ASGI application."""


@asynccontextmanager
async def listening(
    endpoint: Endpoint, address: str, *, setting: str, limits: Limits | None = None
) -> AsyncIterator[int]:
    """Serve while the block runs; yields the port it listens on.

    Args:
        endpoint: the application.
        address: address and port to listen on; port 0 takes a free one.
        setting: where the user set it, for errors.
        limits: what clients may take; by default ``Limits()``.

    Raises:
        UserError: the address cannot be listened on, or uvicorn is not installed.
    """
    try:
        import uvicorn

        from monitor.http_connection import Connection
    except ImportError:
        raise UserError(
            f"{setting}: uvicorn is not installed", hint="pip install 'policy-monitor[webhook]'"
        ) from None
    ready = asyncio.Event()

    class Server(uvicorn.Server):
        """Leaves signals to the daemon, and sets ``ready`` when it listens."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets=sockets)
            ready.set()

    host, _, port = address.rpartition(":")
    limits = limits or Limits()
    config = uvicorn.Config(
        endpoint,
        host=host.strip("[]"),
        port=int(port),
        # Called as the class is.
        http=cast("type[asyncio.Protocol]", partial(Connection, limits=limits)),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        # Of requests under way: a connection that was lost may leave one for a moment. Connections
        # are refused as they come.
        limit_concurrency=limits.connections + 1,
        timeout_graceful_shutdown=5,
    )
    server = Server(config)

    async def run() -> None:
        try:
            await server.serve()
        except SystemExit:
            # uvicorn exits where it cannot listen; that would end the daemon.
            raise UserError(
                f"{setting}: cannot listen on {address}",
                hint="another program may listen there",
            ) from None

    task = asyncio.create_task(run())
    listens = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({task, listens}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        listens.cancel()
        server.should_exit = True
        if not task.done():
            await task
