"""Messages by way of Apprise: e-mail, group robots, chat services and the other 180 it knows.

Apprise is an extra, and is loaded when a way is configured and not before: with all its plugins it
takes 0.2 s and some 18 MB.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, wraps
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from monitor.channels.base import MAX_RETRY_AFTER, MIN_RETRY_AFTER
from monitor.errors import DeliveryError, RetryLater, UserError
from monitor.messages.escaping import split_headline, to_html, to_plain_text, truncate_lines
from monitor.messages.richtext import Message
from monitor.model.alerts import Recipient
from monitor.retry import parse_retry_after

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


@lru_cache(maxsize=1)
def watch() -> None:
    """Wrap the sending of ``requests``, and keep Apprise's own words out of the logs.

    They contain addresses, and the addresses contain secrets.
    """
    import requests

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


if TYPE_CHECKING:
    from apprise import NotifyBase

_REFUSED = frozenset({"syslog", "dbus", "glib", "gnome", "macosx", "windows", "blink1", "custom"})
"""Services that reach no network but this machine: its log, desktop, devices; or own plugins."""

_PATIENCE = 60.0
_READ_TIMEOUT = 20.0
_SECONDS = 120.0
_HIDDEN = "<hidden>"
_SHORTEST_SECRET = 5
# Chat robots answer 200 to everything; whether they took the message the body says.
_CODES = {
    "feishu": ("code", "StatusCode"),
    "lark": ("code", "StatusCode"),
    "dingtalk": ("errcode",),
    "wecombot": ("errcode",),
}
# How they put it that there were too many messages. Not every limit: a
# text that is too long is so the next time too.
_TOO_FAST = re.compile(r"freq|too (?:fast|many)|(?:rate|over) limit|频率|频繁", re.IGNORECASE)
# Services that count bytes of UTF-8 where Apprise counts characters.
# WeCom: 2048 bytes, as the comment in its plugin says too.
_IN_BYTES = frozenset({"wecombot"})
_SMTP = re.compile(r"\(([45]\d\d), ")
# What urllib3 calls a connection that never came to be: nothing was sent by it.
_UNSENT = re.compile(r"NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|SSLError")


def open_service(name: str, address: str, *, proxy: str | None = None) -> NotifyBase:
    """The service at an address, as Apprise understands it.

    Args:
        name: of the way, for mistakes.
        address: as https://github.com/caronc/apprise/wiki has it; never repeated in a mistake.
        proxy: ``http://`` or ``https://`` proxy of this way alone.

    Raises:
        UserError: Apprise is not installed, does not know the address or cannot use it; or the
            service is no network service.
    """
    apprise = _load(name)
    watch()
    # No plugins from files, nothing kept on disk, no redirects that carry secrets elsewhere.
    asset = apprise.AppriseAsset(
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
    )
    scheme = address.partition("://")[0].strip().lower()
    known = _plugin_of(scheme)
    if known is not None and _kind(known) in _REFUSED:
        raise UserError(
            f"channels.{name}: {scheme}:// reaches this machine and no network",
            hint="name a service that people read elsewhere",
        )
    service: NotifyBase | None = apprise.Apprise.instantiate(address, asset=asset)
    if service is None:
        # What stands in the place of a scheme that nobody knows may be a secret.
        hint = "docs/how-to/other-channels.md shows how addresses are written"
        if known is not None and not known.enabled:
            hint = f"{scheme}:// needs another package: see the pages of Apprise"
        raise UserError(f"channels.{name}: Apprise cannot use this address", hint=hint)
    if proxy is not None and not proxy.startswith(("http://", "https://")):
        raise UserError(f"channels.{name}.proxy: services go by http:// or https:// proxies only")
    if proxy is not None and _kind(type(service)) == "email":
        raise UserError(f"channels.{name}.proxy: e-mail goes by no proxy")
    if "rto=" not in address:
        # Apprise's own patience of 4 s makes possibly_delivered messages of slow ones.
        service.socket_read_timeout = _READ_TIMEOUT
    return service


class AppriseChannel:
    """Sends by one service of Apprise, one message at a time, in a thread of its own.

    The thread is a daemon's and no pool's: one that hangs delays neither the other channels nor the
    end of the program.
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        proxy: str | None = None,
        seconds: float = _SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Read the address; nothing is sent yet.

        Args:
            name: of the way.
            address: of the service; it holds secrets.
            proxy: for HTTP, for this way alone.
            seconds: a message may take.
            now: the clock of ``Retry-After``.

        Raises:
            UserError: see ``open_service``.
        """
        self._service = open_service(name, address, proxy=proxy)
        self._hide = _Mask(address, proxy)
        self._proxy = proxy
        self._seconds = seconds
        self._now = now
        self._thread: threading.Thread | None = None

    async def ready(self, to: Recipient) -> None:
        """Apprise keeps the pace of each service by itself, in the thread."""

    async def send(self, to: Recipient, message: Message) -> int:
        """Send a message, shortened by whole lines to what the service takes.

        Raises:
            RetryLater: the service asks for patience, or cannot be reached.
            DeliveryError: it refused.
        """
        if self._thread is not None and self._thread.is_alive():
            raise RetryLater("the message before hangs still", seconds=_PATIENCE)
        try:
            async with asyncio.timeout(self._seconds):
                sent, exchange = await self._in_thread(lambda: self._notify(message))
        except TimeoutError:
            raise RetryLater(
                f"no answer within {self._seconds:g} s", seconds=_PATIENCE, possibly_delivered=True
            ) from None
        error = _outcome(sent, exchange, _kind(type(self._service)), self._now())
        if error is not None:
            error.args = (self._hide(str(error)),)
            raise error
        return 0

    def _notify(self, message: Message) -> tuple[bool, Exchange]:
        with noted(self._proxy) as exchange:
            try:
                sent = bool(self._service.notify(**arguments(self._service, message)))
            except Exception as error:  # noqa: BLE001 - it goes into the reason
                # Whatever a plugin of Apprise trips over: its text may hold the address.
                exchange.notes.append(f"{type(error).__name__}: {error}")
                sent = False
        return sent, exchange

    async def _in_thread(self, call: Callable[[], tuple[bool, Exchange]]) -> tuple[bool, Exchange]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[bool, Exchange]] = loop.create_future()

        def tell(result: tuple[bool, Exchange]) -> None:
            if not future.done():
                future.set_result(result)

        def run() -> None:
            result = call()
            # The loop may be closed by now, and the message given up.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, result)

        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(run,), daemon=True)
        self._thread.start()
        return await future


def arguments(service: NotifyBase, message: Message) -> dict[str, Any]:
    """What ``notify`` of a service is given for a message: HTML where it shows it, else text."""
    from apprise import NotifyFormat, OverflowMode

    title, rest = split_headline(message)
    title_limit = int(service.title_maxlen)
    if title_limit <= 0:
        title, rest = "", message
    shown = NotifyFormat.TEXT
    body = to_plain_text(rest)
    size = _bytes if _kind(type(service)) in _IN_BYTES else len
    if service.resolve_format(NotifyFormat.HTML) is NotifyFormat.HTML:
        rich = to_html(rest)
        if len(rich) <= int(service.body_maxlen):
            shown, body = NotifyFormat.HTML, rich
    return {
        "title": truncate_lines(title, title_limit) if title else "",
        "body": truncate_lines(body, int(service.body_maxlen), size),
        "body_format": shown,
        # Text that is escaped on the way may grow beyond the limit: in several messages, then.
        "overflow": OverflowMode.SPLIT,
    }


def _outcome(sent: bool, exchange: Exchange, kind: str, now: datetime) -> DeliveryError | None:
    """What became of a message; None when it was taken."""
    answer = exchange.answers[-1] if exchange.answers else None
    codes = [answer.said.get(key) for key in _CODES.get(kind, ())] if answer is not None else []
    refused = any(isinstance(code, int) and code for code in codes)
    if sent and not refused:
        return None
    if exchange.trouble is not None:
        what = type(exchange.trouble).__name__
        possibly_delivered = _UNSENT.search(f"{what} {exchange.trouble!r}") is None
        return RetryLater(
            f"no way to the service: {what}",
            seconds=_PATIENCE,
            possibly_delivered=possibly_delivered,
        )
    if answer is not None and (refused or answer.status >= 300):
        return _refusal(answer, now)
    notes = "; ".join(exchange.notes[-3:]) or "the service did not take it"
    code = _SMTP.search(notes)
    if "Socket Exception" in notes and (code is None or code[1].startswith("4")):
        return RetryLater(notes, seconds=_PATIENCE)
    return DeliveryError(notes)


def _refusal(answer: HttpAnswer, now: datetime) -> DeliveryError:
    said = _said(answer.said)
    reason = f"the service answered {answer.status}" + (f": {said}" if said else "")
    wait = parse_retry_after(
        answer.retry_after, now, minimum=MIN_RETRY_AFTER, maximum=MAX_RETRY_AFTER
    )
    if answer.status == 429 or (answer.status == 503 and wait is not None):
        return RetryLater(reason, seconds=wait or _PATIENCE)
    if answer.status >= 500:
        return RetryLater(reason, seconds=_PATIENCE, possibly_delivered=True)
    if answer.status < 300 and _TOO_FAST.search(said):
        return RetryLater(reason, seconds=_PATIENCE)
    return DeliveryError(reason)


def _said(answer: dict[str, Any]) -> str:
    """The few words of an answer that say why."""
    keys = ("code", "errcode", "StatusCode", "error", "msg", "errmsg", "message", "description")
    found = [f"{key} {answer[key]}" for key in keys if isinstance(answer.get(key), str | int)]
    return " ".join(", ".join(found).split())[:300]


class _Mask:
    """Takes an address, and all parts of it that may be secrets, out of a text."""

    def __init__(self, *addresses: str | None) -> None:
        parts: set[str] = set()
        for address in addresses:
            if address is None:
                continue
            rest = address.partition("://")[2] or address
            pieces = [address, rest, *re.split(r"[/:@?&=#,;]", rest)]
            with contextlib.suppress(ValueError):
                split = urlsplit(address)
                pieces += [split.username or "", split.password or ""]
            parts.update(pieces, map(unquote, pieces), (quote(p, safe="") for p in pieces))
        long = (part for part in parts if len(part) >= _SHORTEST_SECRET)
        self._parts = sorted(long, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for part in self._parts:
            text = text.replace(part, _HIDDEN)
        return text


def _load(name: str) -> ModuleType:
    try:
        with warnings.catch_warnings():
            # Plugins import what newer Pythons do without; that is theirs to mend.
            warnings.simplefilter("ignore", DeprecationWarning)
            import apprise

            _plugin_of("json")
    except ImportError:
        raise UserError(
            f"channels.{name}: Apprise is not installed",
            hint="pip install 'policy-monitor[channels]'",
        ) from None
    return apprise


def _plugin_of(scheme: str) -> Any:
    from apprise.manager_plugins import NotificationManager

    found: Any = NotificationManager()  # type: ignore[no-untyped-call]
    return found[scheme] if scheme in found else None  # noqa: SIM401 - it has no get()


def _kind(plugin: Any) -> str:
    """The module a service lives in: ``feishu``, ``email``."""
    path = str(plugin.__module__).split(".")
    return path[2] if path[:2] == ["apprise", "plugins"] else "custom"


def _bytes(text: str) -> int:
    return len(text.encode())
