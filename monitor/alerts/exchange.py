"""What a service really answered, seen below Apprise.

Apprise tells success from failure and nothing more: not how long a service asks to be left alone,
not whether a message may have arrived; and it takes every answer 200 for a success, although the
chat robots of Feishu, Lark, DingTalk and WeCom refuse with 200 and a code in the body. Its services
offer no hook, but all of them that speak HTTP send through ``requests``. So that one function is
wrapped, once, and what passes through it is noted where a message of ours is under way in the same
context; for all others it stays what it was.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache, wraps
from typing import Any

_LONGEST_PATIENCE = 3600.0
_NOTES = 20
_NOTE = 300


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer: its status, what ``Retry-After`` says, and its JSON object if it is one."""

    status: int
    retry_after: str | None = None
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Exchange:
    """What happened while one message was sent.

    ``proxy`` is used instead of the environment's. ``answers`` came over HTTP, ``trouble`` is the
    last error in place of one, ``notes`` are what Apprise complained of. All of it may contain
    secrets.
    """

    proxy: str | None = None
    answers: list[HttpAnswer] = field(default_factory=list)
    trouble: Exception | None = None
    notes: list[str] = field(default_factory=list)


_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextmanager
def noted(proxy: str | None = None) -> Iterator[Exchange]:
    """Note what is exchanged in this context while the block runs.

    Args:
        proxy: ``http://`` or ``https://`` address of the proxy for these requests alone; without
            one, those that the environment names are used, as ``requests`` does.
    """
    watch()
    exchange = Exchange(proxy)
    before = _current.set(exchange)
    try:
        yield exchange
    finally:
        _current.reset(before)


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds a ``Retry-After`` asks for (RFC 9110, 10.2.3), an hour at most, or None."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    else:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 1.0), _LONGEST_PATIENCE)


@lru_cache(maxsize=1)
def watch() -> None:
    """Wrap the sending of ``requests``, and keep Apprise's own words out of the logs.

    They contain addresses, and the addresses contain secrets.
    """
    import requests  # noqa: PLC0415 - comes with Apprise, which not everybody has

    send = requests.Session.send

    @wraps(send)
    def watched(session: Any, request: Any, **options: Any) -> Any:
        exchange = _current.get()
        if exchange is None:
            return send(session, request, **options)
        if exchange.proxy is not None:
            options["proxies"] = {"http": exchange.proxy, "https": exchange.proxy}
        exchange.trouble = None
        try:
            response = send(session, request, **options)
        except requests.RequestException as error:
            exchange.trouble = error
            raise
        exchange.answers.append(_answer(response))
        return response

    setattr(requests.Session, "send", watched)  # noqa: B010 - mypy forbids the assignment
    apprise = logging.getLogger("apprise")
    apprise.setLevel(logging.DEBUG)
    apprise.addFilter(_note)
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)


def _note(record: logging.LogRecord) -> bool:
    """Keep a complaint with the message under way; no record passes to any handler."""
    exchange = _current.get()
    # What went wrong with a mail server Apprise tells at DEBUG only.
    wanted = record.levelno >= logging.WARNING or str(record.msg).startswith("Socket Exception")
    if exchange is not None and wanted and len(exchange.notes) < _NOTES:
        exchange.notes.append(" ".join(record.getMessage().split())[:_NOTE])
    return False


def _answer(response: Any) -> HttpAnswer:
    try:
        said = response.json()
    except ValueError:
        said = {}
    return HttpAnswer(
        response.status_code,
        response.headers.get("Retry-After"),
        said if isinstance(said, dict) else {},
    )
