"""Alerts as signed JSON for a program: Standard Webhooks (https://www.standardwebhooks.com).

The signature is an HMAC over ``id.timestamp.body``: three lines of the standard library, which a
dependency of its own would not shorten. A test has the scheme's own library verify them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from monitor.channels.base import MAX_RETRY_AFTER, MIN_RETRY_AFTER
from monitor.errors import (
    ChatGone,
    DeliveryError,
    FetchError,
    NoConnection,
    RefusedAddress,
    RetryLater,
    UserError,
)
from monitor.json_contract import logged_json
from monitor.messages.richtext import Message
from monitor.model.alerts import AlertChange, OutboxAlert, Recipient
from monitor.model.changes import LoggedChange
from monitor.retry import parse_retry_after

SECRET_PREFIX = "whsec_"  # noqa: S105 - how a secret begins
_PATIENCE = 60.0
_SECRET_BYTES = range(24, 65)


class PostAnswer(Protocol):
    """What a receiver answered; header names in lower case."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""


Post = Callable[[str, dict[str, str], bytes], Awaitable[PostAnswer]]
"""Posts a body with headers to an address, within some seconds and without following redirects.

It raises RefusedAddress or NoConnection when nothing was sent, another FetchError when the post
may have arrived.
"""

Lookup = Callable[[Sequence[int]], Awaitable[Sequence[LoggedChange]]]
"""The lines of the log with these numbers; those that are not there are left out."""


class WebhookChannel:
    """Posts each alert to one address, and signs it."""

    def __init__(
        self,
        name: str,
        address: str,
        secret: str,
        *,
        post: Post,
        lookup: Lookup,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Keep where to post, and what to sign with.

        Args:
            name: of the way, for mistakes.
            address: http(s); it may hold a secret.
            secret: ``whsec_`` and 24 to 64 bytes in base64.
            post: the door to the network.
            lookup: gives the lines of the log an alert tells of.
            now: the clock of timestamps.

        Raises:
            UserError: the secret is none, or the address is none for the web.
        """
        if not address.startswith(("http://", "https://")):
            raise UserError(f"channels.{name}.webhook: this is no address", hint="write https://…")
        self._address = address
        self._key = read_secret_key(name, secret)
        self._post = post
        self._lookup = lookup
        self._now = now

    async def ready(self, to: Recipient) -> None:
        """There is nothing to wait for: a receiver says itself when it is too much."""

    async def send(self, to: Recipient, message: Message) -> int:
        """Post an alert. Its ``webhook-id`` stays the same however often it is sent.

        Raises:
            ChatGone: the receiver answers 410.
            RetryLater: it asks for patience, has trouble, or cannot be reached.
            DeliveryError: it refuses, or its address is refused by the guard.
        """
        alert = message.alert
        if alert is None:
            raise DeliveryError("there is no alert behind this message")
        lines = await self._lookup([item.change_id for item in alert.changes])
        body = json.dumps(alert_json(alert, message.text, lines), ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "policy-monitor",
            **signed(self._key, f"alert-{alert.id}", self._now(), body),
        }
        try:
            answer = await self._post(self._address, headers, body)
        except RefusedAddress as error:
            # It names the host and no more: the rest of the address may be a secret.
            raise DeliveryError(str(error)) from None
        except FetchError as error:
            possibly_delivered = not isinstance(error, NoConnection)
            raise RetryLater(
                str(error), seconds=_PATIENCE, possibly_delivered=possibly_delivered
            ) from None
        wait = parse_retry_after(
            answer.headers.get("retry-after"),
            self._now(),
            minimum=MIN_RETRY_AFTER,
            maximum=MAX_RETRY_AFTER,
        )
        refusal = refusal_of(answer.status, wait)
        if refusal is not None:
            raise refusal
        return 0


def read_secret_key(name: str, secret: str) -> bytes:
    """The key of a secret as Standard Webhooks writes it.

    Raises:
        UserError: it is not ``whsec_`` and base64 of 24 to 64 bytes. It is not repeated.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or len(key) not in _SECRET_BYTES:
        raise UserError(
            f"channels.{name}.secret: not whsec_ and 24 to 64 bytes in base64",
            hint="monitor channels secret makes one",
        )
    return key


def signed(key: bytes, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of the scheme."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def refusal_of(status: int, wait: float | None) -> DeliveryError | None:
    """What a status means for the alert; None when it was taken.

    Args:
        status: of the receiver's answer.
        wait: the seconds it asks for.
    """
    reason = f"the receiver answered {status}"
    if 200 <= status < 300:
        return None
    if status == 410:
        return ChatGone(reason)
    if status == 429 or (status == 503 and wait is not None):
        return RetryLater(reason, seconds=wait or _PATIENCE)
    if status >= 500:
        return RetryLater(reason, seconds=_PATIENCE, possibly_delivered=True)
    if 300 <= status < 400:
        return DeliveryError(f"{reason}: redirects are not followed")
    return DeliveryError(reason)


def kind_of(alert: OutboxAlert) -> str:
    """``changes``, ``digest``, ``source`` or ``notice``."""
    if alert.event is not None:
        return "source"
    if alert.notice is not None:
        return "notice"
    return "digest" if alert.document is None else "changes"


def alert_json(alert: OutboxAlert, text: str, lines: Sequence[LoggedChange]) -> dict[str, Any]:
    """An alert for programs; its changes are what ``monitor changes --format jsonl`` prints.

    Args:
        alert: what is told.
        text: the message as people read it.
        lines: of the log; each gets the rules that wanted it and their priority.
    """
    kind = kind_of(alert)
    known = {line.id: line for line in lines}
    event, notice = alert.event, alert.notice
    return {
        "type": f"alert.{kind}",
        "timestamp": alert.created_at.isoformat(timespec="seconds"),
        "data": {
            "id": alert.id,
            "kind": kind,
            "possibly_delivered": alert.possibly_delivered,
            "text": text,
            "document": None if alert.document is None else _document(alert),
            "changes": [
                _change(item, known[item.change_id])
                for item in alert.changes
                if item.change_id in known
            ],
            "source": None
            if event is None
            else {
                "id": event.source_id,
                "name": event.name,
                "health": event.health.value,
                "was": event.was.value,
                "since": event.since.isoformat(timespec="seconds"),
                "outcome": event.outcome.value,
                "reason": event.reason,
            },
            "notice": None if notice is None else {"kind": notice.kind, "text": notice.text},
        },
    }


def _change(item: AlertChange, line: LoggedChange) -> dict[str, Any]:
    return {**logged_json(line), "rules": list(item.rule_ids), "priority": item.priority}


def _document(alert: OutboxAlert) -> dict[str, Any]:
    document = alert.document
    assert document is not None  # noqa: S101 - for mypy; the caller looked
    return {
        "title": document.title,
        "url": document.url,
        "kind": document.kind.value,
        "region": document.region,
        "published": None if document.published is None else document.published.isoformat(),
        "source": document.source_name,
    }
