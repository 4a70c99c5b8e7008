"""What the daemon's HTTP port answers: probes of a supervisor, and metrics.

``/healthz`` and ``/readyz`` say whether the process works, and whether it can use its database:
200 or 503 and a line of text. Liveness is lost where a restart may help, so that neither failing
sources nor an outage of Telegram count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from monitor.http_server import Receive, Scope, Send

_PATIENCE_SECONDS = 5.0

_TEXT = b"text/plain; charset=utf-8"
_METRICS = b"text/plain; version=0.0.4; charset=utf-8"

Check = Callable[[], Awaitable[str]]
"""Gives what is wrong; empty if nothing is."""

Exposition = Callable[[], Awaitable[bytes]]
"""Gives metrics in Prometheus' text format."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """Status, body and Content-Type."""

    status: int
    body: bytes
    content_type: bytes = _TEXT


@dataclass(slots=True)
class ProbeEndpoint:
    """The ASGI application.

    Attributes:
        checks: by path.
        expositions: by path.
        patience: seconds that an answer may take.
    """

    checks: Mapping[str, Check]
    expositions: Mapping[str, Exposition] = field(default_factory=dict)
    patience: float = _PATIENCE_SECONDS
    _running: dict[str, asyncio.Task[_Answer]] = field(default_factory=dict)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        answer = await self._answer(scope["path"], scope["method"])
        headers = [
            (b"content-type", answer.content_type),
            (b"content-length", str(len(answer.body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        is_head = scope["method"] == "HEAD"
        await send({"type": "http.response.body", "body": b"" if is_head else answer.body})

    async def _answer(self, path: str, method: str) -> _Answer:
        if path not in self.checks and path not in self.expositions:
            return _line(404, "not found")
        if method not in {"GET", "HEAD"}:
            return _line(405, "only GET")
        # One at a time: each that hangs holds a thread.
        task = self._running.get(path)
        if task is None or task.done():
            task = asyncio.ensure_future(self._ask(path))
            self._running[path] = task
        await asyncio.wait({task}, timeout=self.patience)
        if not task.done():
            return _line(503, f"no answer within {self.patience:g} seconds")
        return _line(503, type(error).__name__) if (error := task.exception()) else task.result()

    async def _ask(self, path: str) -> _Answer:
        if path in self.expositions:
            return _Answer(200, await self.expositions[path](), _METRICS)
        wrong = await self.checks[path]()
        return _line(503, wrong) if wrong else _line(200, "ok")


def _line(status: int, text: str) -> _Answer:
    return _Answer(status, f"{text}\n".encode())
