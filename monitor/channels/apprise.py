"""Messages by Apprise: e-mail, and some 180 chat services beside those of ``chat_webhooks``.

Apprise says only whether a message was taken. Why it was not stands in its log, which is read
here for each message. Apprise is an extra, and is loaded when a channel needs it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import warnings
from contextvars import ContextVar
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from monitor.channels.http_post import DEFAULT_WAIT
from monitor.errors import DeliveryError, RetryLater, UserError
from monitor.messages.escaping import split_headline, to_html, to_plain_text, truncate_lines
from monitor.messages.richtext import Message
from monitor.model.alerts import Recipient
from monitor.secret_mask import SecretMask

if TYPE_CHECKING:
    from apprise import NotifyBase

_REFUSED = frozenset({"syslog", "dbus", "glib", "gnome", "macosx", "windows", "blink1", "custom"})
"""Services that reach no network but this machine: its log, desktop, devices; or own plugins."""

_READ_TIMEOUT = 20.0
_SEND_TIMEOUT = 120.0
_MAX_NOTES = 20
_MAX_NOTE = 400
# Apprise logs the error of a connection, and the body of a refusal, at DEBUG only.
_EXCEPTION, _DETAILS = "Socket Exception", "Response Details"

_log_lines: ContextVar[list[str] | None] = ContextVar("apprise_log_lines", default=None)


def open_service(name: str, address: str, *, proxy: str | None = None) -> NotifyBase:
    """The service of an address.

    Args:
        name: of the channel, for errors.
        address: as https://github.com/caronc/apprise/wiki has it; errors do not repeat it.
        proxy: Apprise takes none; see Raises.

    Raises:
        UserError: Apprise is not installed, does not know the address or cannot use it; the
            service is not on the network; or there is a proxy.
    """
    if proxy is not None:
        raise UserError(
            f"channels.{name}.proxy: Apprise takes no proxy of one channel",
            hint="HTTPS_PROXY of the environment is for all of Apprise's services; e-mail has none",
        )
    apprise = _load(name)
    _read_log()
    # No plugins from files, nothing stored on disk, no redirects that carry secrets elsewhere.
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
        # What stands in the place of an unknown scheme may be a secret.
        hint = "docs/how-to/other-channels.md shows how addresses are written"
        if known is not None and not known.enabled:
            hint = f"{scheme}:// needs another package: see the pages of Apprise"
        raise UserError(f"channels.{name}: Apprise cannot use this address", hint=hint)
    if "rto=" not in address:
        # After Apprise's own 4 s, many messages of slow services would be possibly delivered.
        service.socket_read_timeout = _READ_TIMEOUT
    return service


class AppriseChannel:
    """Sends by one service of Apprise, one message at a time.

    Apprise keeps the rate limit of the service itself, and sends in its own bounded pool of
    threads.
    """

    def __init__(
        self, name: str, address: str, *, proxy: str | None = None, timeout: float = _SEND_TIMEOUT
    ) -> None:
        """Read the address; nothing is sent yet.

        Args:
            name: of the channel.
            address: of the service; it holds secrets.
            proxy: is refused; see ``open_service``.
            timeout: seconds that a message may take.

        Raises:
            UserError: see ``open_service``.
        """
        self._service = open_service(name, address, proxy=proxy)
        self._mask = SecretMask.of_urls(address)
        self._timeout = timeout
        self._sending: asyncio.Task[tuple[bool, list[str]]] | None = None

    async def ready(self, to: Recipient) -> None:
        """Apprise waits itself, while it sends."""

    async def send(self, to: Recipient, message: Message) -> int:
        """Send a message, shortened by whole lines to the limit of the service.

        Raises:
            RetryLater: the service asks to wait, or cannot be reached.
            DeliveryError: it refused.
        """
        if self._sending is not None and not self._sending.done():
            raise RetryLater("the previous message still hangs", seconds=DEFAULT_WAIT)
        self._sending = asyncio.create_task(self._notify(message))
        # A thread cannot be cancelled: the task is kept, and tells when the thread has ended.
        await asyncio.wait([self._sending], timeout=self._timeout)
        if not self._sending.done():
            raise RetryLater(
                f"no answer within {self._timeout:g} s",
                seconds=DEFAULT_WAIT,
                possibly_delivered=True,
            )
        sent, log_lines = self._sending.result()
        if not sent:
            error = _refusal(log_lines, is_mail=_kind(type(self._service)) == "email")
            error.args = (self._mask(str(error)),)
            raise error
        return 0

    async def _notify(self, message: Message) -> tuple[bool, list[str]]:
        """Whether the message was taken, and what Apprise logged meanwhile."""
        log_lines: list[str] = []
        _log_lines.set(log_lines)
        try:
            arguments = notify_arguments(self._service, message)
            return bool(await self._service.async_notify(**arguments)), log_lines
        except Exception as error:  # noqa: BLE001 - it becomes the reason
            # A bug of a plugin. Its text may contain the address, so it is not logged.
            return False, [*log_lines, f"{type(error).__name__}: {error}"]


def notify_arguments(service: NotifyBase, message: Message) -> dict[str, Any]:
    """The arguments of ``async_notify`` for a message: HTML if the service shows it, else text."""
    from apprise import NotifyFormat, OverflowMode

    title, rest = split_headline(message)
    title_limit = int(service.title_maxlen)
    if title_limit <= 0:
        title, rest = "", message
    shown = NotifyFormat.TEXT
    body = to_plain_text(rest)
    if service.resolve_format(NotifyFormat.HTML) is NotifyFormat.HTML:
        rich = to_html(rest)
        if len(rich) <= int(service.body_maxlen):
            shown, body = NotifyFormat.HTML, rich
    return {
        "title": truncate_lines(title, title_limit) if title else "",
        "body": truncate_lines(body, int(service.body_maxlen)),
        "body_format": shown,
        # Escaping may make a text longer than the limit; then it goes in several messages.
        "overflow": OverflowMode.SPLIT,
    }


def _refusal(log_lines: list[str], *, is_mail: bool) -> DeliveryError:
    """Why a message was not taken, by Apprise's log."""
    log = "; ".join(log_lines[-3:]) or "the service did not take it"
    status = _pattern(r"\berror=(\d{3})\b").search(log)
    if status is not None:
        return _http_refusal(int(status[1]), log_lines)
    if _EXCEPTION not in log:
        return DeliveryError(log)
    if is_mail:
        code = _pattern(r"\(([45])\d\d, ").search(log)
        is_final = code is not None and code[1] == "5"
        return DeliveryError(log) if is_final else RetryLater(log, seconds=DEFAULT_WAIT)
    # How urllib3 names a connection that was never opened: nothing was sent.
    unsent = _pattern(
        "NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|SSLError"
    ).search(log)
    reason = "no connection to the service" if unsent else "no answer of the service"
    return RetryLater(reason, seconds=DEFAULT_WAIT, possibly_delivered=unsent is None)


def _http_refusal(status: int, log_lines: list[str]) -> DeliveryError:
    details = [line.partition(":")[2].strip() for line in log_lines if line.startswith(_DETAILS)]
    reason = f"the service answered {status}" + (f": {details[-1]}" if details else "")
    if status == 429:
        return RetryLater(reason, seconds=DEFAULT_WAIT)
    if status >= 500:
        return RetryLater(reason, seconds=DEFAULT_WAIT, possibly_delivered=True)
    return DeliveryError(reason)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


@cache
def _read_log() -> None:
    """Keep Apprise's log lines with the message that is being sent, and out of all other logs.

    They contain addresses, and the addresses contain secrets.
    """
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.addFilter(_keep_line)
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)


def _keep_line(record: logging.LogRecord) -> bool:
    log_lines = _log_lines.get()
    if log_lines is not None and len(log_lines) < _MAX_NOTES:
        message = str(record.msg)
        if record.levelno >= logging.WARNING or message.startswith((_EXCEPTION, _DETAILS)):
            log_lines.append(" ".join(record.getMessage().split())[:_MAX_NOTE])
    return False


def _load(name: str) -> ModuleType:
    try:
        with warnings.catch_warnings():
            # Some plugins import modules that are deprecated in newer Pythons.
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
    """The module of a service: ``feishu``, ``email``."""
    path = str(plugin.__module__).split(".")
    return path[2] if path[:2] == ["apprise", "plugins"] else "custom"
