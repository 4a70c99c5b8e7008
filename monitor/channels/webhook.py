"""Alerts as signed JSON for programs: Standard Webhooks (https://www.standardwebhooks.com).

The signature is an HMAC over ``id.timestamp.body``; a test verifies it with the scheme's own
library.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from monitor.channels.http_post import Post, refusal_of, send_post
from monitor.clock import utc_now
from monitor.errors import ChatGone, DeliveryError, UserError
from monitor.json_contract import logged_json
from monitor.model.alerts import CHANGE_NOTICES, AlertChange, Notice, OutboxAlert, Recipient
from monitor.model.changes import LoggedChange

if TYPE_CHECKING:
    from monitor.messages.richtext import Message

SECRET_PREFIX = "whsec_"  # noqa: S105 - how a secret begins
_SECRET_BYTES = range(24, 65)


Lookup = Callable[[Sequence[int]], Awaitable[Sequence[LoggedChange]]]
"""The logged changes with these ids; those that do not exist are left out."""


class WebhookChannel:
    """Posts each alert, signed, to one URL."""

    def __init__(
        self,
        name: str,
        address: str,
        secret: str,
        *,
        post: Post,
        lookup: Lookup,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Keep the URL and the key.

        Args:
            name: of the channel, for errors.
            address: http(s); it may hold a secret.
            secret: ``whsec_`` and 24 to 64 bytes in base64.
            post: sends a request.
            lookup: finds the logged changes of an alert.
            now: the clock of timestamps.

        Raises:
            UserError: the secret or the address is not valid.
        """
        if not address.startswith(("http://", "https://")):
            raise UserError(f"channels.{name}.webhook: this is no address", hint="write https://…")
        self._address = address
        self._key = read_secret_key(name, secret)
        self._post = post
        self._lookup = lookup
        self._now = now

    async def ready(self, to: Recipient) -> None:
        """There is no rate limit: a receiver that gets too much answers 429."""

    async def send(self, to: Recipient, message: Message) -> int:
        """Post an alert. Its ``webhook-id`` is the same however often it is sent.

        Raises:
            ChatGone: the receiver answers 410.
            RetryLater: it asks to wait, has a fault, or cannot be reached.
            DeliveryError: it refuses, or the SSRF guard refuses its address.
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
        answer = await send_post(self._post, self._address, headers, body)
        reason = f"the receiver answered {answer.status}"
        refusal = (
            ChatGone(reason) if answer.status == 410 else refusal_of(answer, reason, self._now())
        )
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


def alert_json(alert: OutboxAlert, text: str, lines: Sequence[LoggedChange]) -> dict[str, Any]:
    """An alert for programs; its changes are what ``monitor changes --format jsonl`` prints.

    Args:
        alert: the alert to send.
        text: the message as people read it.
        lines: of the log; each gets the rules that wanted it and their priority.
    """
    known = {line.id: line for line in lines}
    event, notice = alert.event, alert.notice
    return {
        "type": f"alert.{alert.kind}",
        "timestamp": alert.created_at.isoformat(timespec="seconds"),
        "data": {
            "id": alert.id,
            "kind": alert.kind,
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
            "notice": None if notice is None else _notice(notice),
        },
    }


def _notice(notice: Notice) -> dict[str, Any]:
    change = notice.about if notice.kind in CHANGE_NOTICES else None
    return {"kind": notice.kind, "text": notice.text, "change": change}


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
