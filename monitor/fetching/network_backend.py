"""A connection as the pool wants it, on asyncio's own streams.

httpcore's own sits on AnyIO, whose cancel scopes around every read and write are a fifth of what
an unchanged page costs (``benchmarks/crawl.py``). Here a time limit is only set where something
has to be waited for.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

_BUFFER = 128 * 1024
_NAMES = {"client_addr": "sockname", "server_addr": "peername"}


async def connect(
    address: str,
    port: int,
    limit: float | None,
    local_address: str | None,
    socket_options: Iterable[Any] | None,
) -> Stream:
    """Connect to an IP address.

    Args:
        address: of the host; names are not resolved here.
        port: of the host.
        limit: seconds for it.
        local_address: to connect from; None for any.
        socket_options: the arguments of ``setsockopt``.

    Raises:
        httpcore.ConnectError, httpcore.ConnectTimeout: it failed.
    """
    local = None if local_address is None else (local_address, 0)
    loop = asyncio.get_running_loop()
    reader = _Reader(_BUFFER, loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    try:
        async with asyncio.timeout(limit):
            transport, _ = await loop.create_connection(
                lambda: protocol, address, port, local_addr=local
            )
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(f"no connection within {limit} s") from error
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    for option in socket_options or ():
        transport.get_extra_info("socket").setsockopt(*option)
    return Stream(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


class _Reader(asyncio.StreamReader):
    """A reader that knows how much has come and was not yet read."""

    pending = 0

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # it is bytes
        self.pending += len(data)
        super().feed_data(data)

    async def read(self, n: int = -1) -> bytes:
        piece = await super().read(n)
        self.pending -= len(piece)
        return piece


class Stream(httpcore.AsyncNetworkStream):
    """One connection, plain or encrypted."""

    def __init__(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        """Take over an open connection."""
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Wait for bytes; none are the end.

        Raises:
            httpcore.ReadError, httpcore.ReadTimeout: they did not come.
        """
        try:
            if self._reader.pending:
                return await self._reader.read(max_bytes)
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(f"nothing came for {timeout} s") from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send bytes.

        Raises:
            httpcore.WriteError, httpcore.WriteTimeout: they could not be sent.
        """
        if not buffer:
            return
        try:
            self._writer.write(buffer)
            if self._writer.transport.get_write_buffer_size():
                async with asyncio.timeout(timeout):
                    await self._writer.drain()
        except TimeoutError as error:
            raise httpcore.WriteTimeout(f"nothing was taken for {timeout} s") from error
        except (OSError, RuntimeError) as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        """Close at once: nothing is under way that somebody waits for."""
        self._writer.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """Encrypt from here on.

        Raises:
            httpcore.ConnectError, httpcore.ConnectTimeout: the two did not agree.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            await self.aclose()
            raise httpcore.ConnectTimeout(f"no handshake within {timeout} s") from error
        except OSError as error:  # ssl.SSLError is one
            await self.aclose()
            raise httpcore.ConnectError(str(error)) from error
        except BaseException:
            await self.aclose()
            raise
        return self

    def get_extra_info(self, info: str) -> Any:
        """What the pool asks about a connection."""
        if info == "is_readable":
            # Asked of one that waits for its next request: it was closed, or somebody sent an
            # answer that nobody asked for and that would be taken for the next one's.
            waiting = self._reader.pending > 0
            return waiting or self._reader.at_eof() or self._writer.is_closing()
        return self._writer.get_extra_info(_NAMES.get(info, info))
