"""The sample site, served on loopback: a few pages that change between two rounds.

Its catalogue and rules are written where the pipeline can read them like a user's.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from monitor.demo.pages import FOLDER, page_at


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where the demo's files were written."""

    catalogue: Path
    rules: Path


def write_files(folder: Path, base_url: str) -> DemoFiles:
    """Write the demo's catalogue and rules into ``folder``.

    Args:
        folder: an existing folder; files of the same name are replaced.
        base_url: the sample site's address, without a slash at the end.
    """
    written = []
    for name in ("sources.yaml", "rules.yaml"):
        text = (FOLDER / name).read_text(encoding="utf-8").replace("{base}", base_url)
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return DemoFiles(*written)


_MAX_REQUEST_BYTES = 16_384
_REQUEST_TIMEOUT = 10.0
"""Seconds that a client may take to send its request."""


class SampleSite:
    """A web site on a free port of this machine; ``async with SampleSite() as site``.

    It answers GET and HEAD, gives each lasting page an ETag and says 304 to whoever has it.
    ``round`` may be set at any time. ``requests`` has a line ``GET /path 200`` for each answer.
    """

    def __init__(self) -> None:
        """Nothing listens yet."""
        self.round = 1
        self.requests: list[str] = []
        self._server: asyncio.Server | None = None

    @property
    def base_url(self) -> str:
        """The site's address without a slash at the end.

        Raises:
            RuntimeError: it does not listen.
        """
        if self._server is None:
            raise RuntimeError("the sample site is not open")
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        """Listen on loopback."""
        self._server = await asyncio.start_server(
            self._answer, "127.0.0.1", 0, limit=_MAX_REQUEST_BYTES
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._response(head))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client disconnected, or its request is invalid
        finally:
            writer.close()

    def _response(self, head: bytes) -> bytes:
        request, *lines = head.decode("latin-1").split("\r\n")
        method, target, *_ = [*request.split(" "), "", ""]
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        if method not in {"GET", "HEAD"}:
            return self._finish(method, target, HTTPStatus.NOT_IMPLEMENTED)
        path = target.partition("?")[0]
        page = page_at(path, round_=self.round, visits=len(self.requests))
        if page is None:
            return self._finish(method, path, HTTPStatus.NOT_FOUND)
        etag = f'"{hashlib.sha256(page.body).hexdigest()[:20]}"' if page.lasting else None
        if etag is not None and headers.get("if-none-match") == etag:
            return self._finish(method, path, HTTPStatus.NOT_MODIFIED, etag=etag)
        return self._finish(
            method,
            path,
            HTTPStatus(page.status),
            etag=etag,
            content_type=page.content_type,
            body=page.body,
        )

    def _finish(
        self,
        method: str,
        path: str,
        status: HTTPStatus,
        *,
        etag: str | None = None,
        content_type: str | None = None,
        body: bytes = b"",
    ) -> bytes:
        self.requests.append(f"{method} {path} {status.value}")
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            f"Date: {formatdate(usegmt=True)}",
            "Server: sample-site",
            "Connection: close",
        ]
        if status is not HTTPStatus.NOT_MODIFIED:
            lines.append(f"Content-Length: {len(body)}")
        if content_type is not None:
            lines.append(f"Content-Type: {content_type}")
        if etag is not None:
            lines.append(f"ETag: {etag}")
        answer = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        return answer if method == "HEAD" else answer + body
