"""Posts to services, and what their answers mean for an alert."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

from monitor.channels.base import MAX_RETRY_AFTER, MIN_RETRY_AFTER
from monitor.errors import DeliveryError, FetchError, NoConnection, RefusedAddress, RetryLater
from monitor.retry import parse_retry_after

DEFAULT_WAIT = 60.0
"""Seconds to wait after a failure if the service does not say."""


class PostAnswer(Protocol):
    """The answer of a service; header names are in lower case."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    @property
    def body(self) -> bytes:
        """The beginning of the body."""


Post = Callable[[str, dict[str, str], bytes], Awaitable[PostAnswer]]
"""Posts a body with headers to a URL, with a time limit and without following redirects.

It raises RefusedAddress or NoConnection if nothing was sent, and another FetchError if the post
may have arrived.
"""


async def send_post(post: Post, url: str, headers: dict[str, str], body: bytes) -> PostAnswer:
    """Post, and turn failures into outcomes of delivery.

    Raises:
        DeliveryError: the SSRF guard refused the address.
        RetryLater: there was no answer.
    """
    try:
        return await post(url, headers, body)
    except RefusedAddress as error:
        # The message contains only the host: the rest of the URL may be a secret.
        raise DeliveryError(str(error)) from None
    except FetchError as error:
        possibly_delivered = not isinstance(error, NoConnection)
        raise RetryLater(
            str(error), seconds=DEFAULT_WAIT, possibly_delivered=possibly_delivered
        ) from None


def refusal_of(answer: PostAnswer, reason: str, now: datetime) -> DeliveryError | None:
    """What the status of an answer means for the alert; None if it was taken.

    Args:
        answer: of the service.
        reason: the text of the error.
        now: the clock of ``Retry-After``.
    """
    if 200 <= answer.status < 300:
        return None
    wait = parse_retry_after(
        answer.headers.get("retry-after"), now, minimum=MIN_RETRY_AFTER, maximum=MAX_RETRY_AFTER
    )
    if answer.status == 429 or (answer.status == 503 and wait is not None):
        return RetryLater(reason, seconds=wait or DEFAULT_WAIT)
    if answer.status >= 500:
        return RetryLater(reason, seconds=DEFAULT_WAIT, possibly_delivered=True)
    if 300 <= answer.status < 400:
        return DeliveryError(f"{reason}: redirects are not followed")
    return DeliveryError(reason)
