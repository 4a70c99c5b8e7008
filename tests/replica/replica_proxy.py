"""A forward proxy on loopback that is the whole internet to those who ask through it.

It takes requests in absolute form, and CONNECT, behind which it opens TLS with certificates made
on the fly by an authority of the test. What it answers comes from a world: pages by address.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import trustme


@dataclass(frozen=True)
class Page:
    """What stands at an address.

    ``body`` may be a function of how often the page was asked for: a counter, a clock.
    ``etag`` and ``modified`` say which validators the site sends; ``framing`` is how: packed by
    gzip, in chunks, or plain.
    """

    body: bytes | Callable[[int], bytes]
    content_type: str | None = "text/html"
    etag: bool = False
    modified: str | None = None
    framing: str = "plain"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One line of the proxy's log."""

    url: str
    status: int
    headers: Mapping[str, str]


class Proxy:
    """Answers out of ``pages``; ``log`` keeps every request."""

    def __init__(self, authority: trustme.CA) -> None:
        self.pages: Mapping[str, Page] = {}
        self.log: list[Asked] = []
        self.port = 0
        self._authority = authority
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._visits: dict[str, int] = {}
        self._open: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        try:
            base = ""
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                if method == "CONNECT":
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    await writer.drain()
                    host = target.rsplit(":", 1)[0]
                    await writer.start_tls(self._context(host))
                    base = f"https://{host}"
                    continue
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head[1:] if line)
                }
                writer.write(self._answer(method, base + target, headers))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            pass  # hung up at the end of the test
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def hang_up(self) -> None:
        """End the connections that are kept open, and let them close."""
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _context(self, host: str) -> ssl.SSLContext:
        if host not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        return self._contexts[host]

    def _answer(self, method: str, url: str, headers: dict[str, str]) -> bytes:
        page = self.pages.get(url)
        if page is None or method != "GET":
            page = Page(b"<html><head><title>404 Not Found</title></head></html>", status=404)
        self._visits[url] = visit = self._visits.get(url, 0) + 1
        body = page.body(visit) if callable(page.body) else page.body
        sent = {"Server": "nginx", **page.headers}
        if page.content_type is not None:
            sent["Content-Type"] = page.content_type
        status, tag = page.status, f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if page.etag:
            sent["ETag"] = tag
        if page.modified:
            sent["Last-Modified"] = page.modified
        if _unchanged(page, tag, headers):
            status, body = 304, b""
        self.log.append(Asked(url, status, headers))
        return _written(status, sent, body, page.framing, headers)


def _unchanged(page: Page, tag: str, headers: Mapping[str, str]) -> bool:
    if page.etag and "if-none-match" in headers:
        return headers["if-none-match"] == tag
    since = headers.get("if-modified-since")
    return page.modified is not None and since == page.modified


def _written(
    status: int, sent: dict[str, str], body: bytes, framing: str, headers: Mapping[str, str]
) -> bytes:
    if framing == "gzip" and status == 200 and "gzip" in headers.get("accept-encoding", ""):
        body = gzip.compress(body, 1)
        sent["Content-Encoding"] = "gzip"
    if framing == "chunked" and status == 200:
        sent["Transfer-Encoding"] = "chunked"
        parts = [body[at : at + 4096] for at in range(0, len(body), 4096)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    elif status != 304:
        sent["Content-Length"] = str(len(body))
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in sent.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def running(authority: trustme.CA) -> AsyncIterator[Proxy]:
    """The proxy while it listens."""
    proxy = Proxy(authority)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.hang_up()
        await server.wait_closed()
