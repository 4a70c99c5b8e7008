"""``/healthz`` and ``/readyz``: whether the process works, and whether it can use its database.

Both answer 200 or 503 and a line of text. They are for a supervisor: liveness is lost where a
restart may help, so that neither failing sources nor an outage of Telegram count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from monitor.http_server import Receive, Scope, Send

_PATIENCE_SECONDS = 5.0

Check = Callable[[], Awaitable[str]]
"""Gives what is wrong; empty if nothing is."""


@dataclass(slots=True)
class ProbeEndpoint:
    """The ASGI application.

    Attributes:
        checks: by path.
        patience: seconds that a check may take.
    """

    checks: Mapping[str, Check]
    patience: float = _PATIENCE_SECONDS
    _running: dict[str, asyncio.Task[str]] = field(default_factory=dict)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        status, text = await self._answer(scope["path"], scope["method"])
        body = f"{text}\n".encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body}
        )

    async def _answer(self, path: str, method: str) -> tuple[int, str]:
        if path not in self.checks:
            return 404, "not found"
        if method not in {"GET", "HEAD"}:
            return 405, "only GET"
        # One check at a time: each that hangs holds a thread.
        task = self._running.get(path)
        if task is None or task.done():
            task = asyncio.ensure_future(self.checks[path]())
            self._running[path] = task
        await asyncio.wait({task}, timeout=self.patience)
        if not task.done():
            return 503, f"no answer within {self.patience:g} seconds"
        wrong = type(task.exception()).__name__ if task.exception() else task.result()
        return (503, wrong) if wrong else (200, "ok")
