"""Group chats by their incoming webhooks: 飞书, Lark, 钉钉, 企业微信, Slack.

Apprise would only say whether a service took a message. These services answer 200 to almost
everything, and say in the body whether a message was refused or the rate limit was hit; so we
post to them ourselves. Addresses are written as Apprise writes them.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from monitor.channels.http_post import DEFAULT_WAIT, Post, PostAnswer, refusal_of, send_post
from monitor.clock import utc_now
from monitor.errors import DeliveryError, RetryLater
from monitor.messages.escaping import to_plain_text, truncate_lines
from monitor.messages.richtext import Message
from monitor.model.alerts import Recipient
from monitor.secret_mask import SecretMask

_MAX_REASON = 300
# What says why, in the JSON answers of these services.
_REASON_KEYS = ("code", "errcode", "StatusCode", "error", "msg", "errmsg", "message")


@dataclass(frozen=True, slots=True)
class ChatService:
    """How a service takes messages.

    ``address`` matches what follows ``scheme://``; its group ``key`` and, if the service signs,
    ``secret`` are filled into ``url``. ``limit`` is of the text, as ``size`` measures it.
    ``interval`` are the seconds between two messages, by the service's rate limit. ``codes`` are
    the keys of the answer that are 0 when the message was taken.
    """

    address: str
    url: str
    payload: Callable[[str], dict[str, Any]]
    limit: int
    interval: float
    size: Callable[[str], int] = len
    codes: tuple[str, ...] = ()
    escape: Callable[[str], str] = str


def _utf8_length(text: str) -> int:
    return len(text.encode())


def _feishu_payload(text: str) -> dict[str, Any]:
    return {"msg_type": "text", "content": {"text": text}}


def _text_payload(text: str) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": text}}


def _slack_payload(text: str) -> dict[str, Any]:
    return {"text": text, "mrkdwn": False}


def _escape_slack(text: str) -> str:
    # https://docs.slack.dev/messaging/formatting-message-text#escaping
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack_length(text: str) -> int:
    return len(_escape_slack(text))


SERVICES = {
    # A request has at most 20 KB, and 100 requests a minute:
    # https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
    "feishu": ChatService(
        r"(?P<key>[\w-]+)/?",
        "https://open.feishu.cn/open-apis/bot/v2/hook/{key}",
        _feishu_payload,
        limit=19_000,
        interval=0.6,
        size=_utf8_length,
        codes=("code", "StatusCode"),
    ),
    "lark": ChatService(
        r"(?P<key>[\w-]+)/?",
        "https://open.larksuite.com/open-apis/bot/v2/hook/{key}",
        _feishu_payload,
        limit=19_000,
        interval=0.6,
        size=_utf8_length,
        codes=("code", "StatusCode"),
    ),
    # 20 messages a minute: https://open.dingtalk.com/document/robots/custom-robot-access
    "dingtalk": ChatService(
        r"(?:(?P<secret>[A-Za-z0-9]+)@)?(?P<key>[A-Za-z0-9]+)/?",
        "https://oapi.dingtalk.com/robot/send?access_token={key}",
        _text_payload,
        limit=19_000,
        interval=3.0,
        size=_utf8_length,
        codes=("errcode",),
    ),
    # 2048 bytes of UTF-8, and 20 messages a minute:
    # https://developer.work.weixin.qq.com/document/path/91770
    "wecombot": ChatService(
        r"(?P<key>[\w-]+)/?",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={key}",
        _text_payload,
        limit=2048,
        interval=3.0,
        size=_utf8_length,
        codes=("errcode",),
    ),
    # One message a second: https://docs.slack.dev/apis/web-api/rate-limits
    "slack": ChatService(
        r"(?P<key>[A-Z0-9]+/[A-Z0-9]+/[A-Za-z0-9]+)/?",
        "https://hooks.slack.com/services/{key}",
        _slack_payload,
        limit=35_000,
        interval=1.2,
        size=_slack_length,
        escape=_escape_slack,
    ),
}


@dataclass(frozen=True, slots=True)
class ChatWebhook:
    """A webhook of a service, as its address names it; ``url`` and ``secret`` are secrets."""

    service: ChatService
    url: str
    secret: str | None = None


def parse_chat_webhook(address: str) -> ChatWebhook | None:
    """The webhook of an address such as ``feishu://TOKEN``; None if it is another address."""
    scheme, _, rest = address.strip().partition("://")
    service = SERVICES.get(scheme.lower())
    found = None if service is None else re.fullmatch(service.address, rest, re.ASCII)
    if service is None or found is None:
        return None
    return ChatWebhook(
        service, service.url.format(key=found["key"]), found.groupdict().get("secret")
    )


class ChatWebhookChannel:
    """Posts messages to one group chat, as plain text."""

    def __init__(
        self,
        address: str,
        webhook: ChatWebhook,
        *,
        post: Post,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the webhook.

        Args:
            address: of the settings; it is masked in errors.
            webhook: of the address.
            post: sends a request.
            now: the clock of signatures and of ``Retry-After``.
            clock: of the rate limit, in seconds.
            sleep: waits some seconds.
        """
        self._webhook = webhook
        self._mask = SecretMask.of_urls(address)
        self._post = post
        self._now = now
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0

    async def ready(self, to: Recipient) -> None:
        """Wait as long as the rate limit of the service asks for."""
        now = self._clock()
        moment = max(now, self._next)
        self._next = moment + self._webhook.service.interval
        if moment > now:
            await self._sleep(moment - now)

    async def send(self, to: Recipient, message: Message) -> int:
        """Send a message, shortened by whole lines to the limit of the service.

        Raises:
            RetryLater: the service asks to wait, or cannot be reached.
            DeliveryError: it refused.
        """
        service = self._webhook.service
        text = truncate_lines(to_plain_text(message), service.limit, service.size)
        body = json.dumps(service.payload(service.escape(text)), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            answer = await send_post(self._post, self._signed_url(), headers, body)
            refusal = self._refusal(answer)
        except DeliveryError as error:
            refusal = error
        if refusal is not None:
            refusal.args = (self._mask(str(refusal)),)
            raise refusal
        return 0

    def _signed_url(self) -> str:
        """The URL, with 钉钉's signature of the current time if the address has a secret."""
        webhook = self._webhook
        if webhook.secret is None:
            return webhook.url
        timestamp = str(round(self._now().timestamp() * 1000))
        digest = hmac.digest(
            webhook.secret.encode(), f"{timestamp}\n{webhook.secret}".encode(), hashlib.sha256
        )
        signature = {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}
        return f"{webhook.url}&{urlencode(signature)}"

    def _refusal(self, answer: PostAnswer) -> DeliveryError | None:
        said = _json_object(answer.body)
        why = _reason(said) or " ".join(answer.body.decode("utf-8", "replace").split())
        reason = f"the service answered {answer.status}" + (f": {why[:_MAX_REASON]}" if why else "")
        refusal = refusal_of(answer, reason, self._now())
        if refusal is not None:
            return refusal
        codes = [said.get(key) for key in self._webhook.service.codes]
        if not any(isinstance(code, int) and code for code in codes):
            return None
        if _rate_limited_pattern().search(why):
            return RetryLater(reason, seconds=DEFAULT_WAIT)
        return DeliveryError(reason)


@cache
def _rate_limited_pattern() -> re.Pattern[str]:
    # How these services say that there were too many messages. "Over limit" alone is not
    # enough: a text that is too long stays too long.
    return re.compile(r"freq|too (?:fast|many)|(?:rate|over) limit|频率|频繁", re.IGNORECASE)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _reason(said: dict[str, Any]) -> str:
    found = [f"{key} {said[key]}" for key in _REASON_KEYS if isinstance(said.get(key), str | int)]
    return " ".join(", ".join(found).split())
