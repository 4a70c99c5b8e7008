"""The ping address: requested while all loops work, so that its service misses it otherwise.

Services of this kind (healthchecks.io, Uptime Kuma) tell people when a ping does not come.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from monitor.errors import FetchError

log = logging.getLogger(__name__)

_OK = 200
_MULTIPLE_CHOICES = 300

Get = Callable[[str], Awaitable[int]]
"""Requests an address; gives the status of the answer, or raises FetchError."""


def failure_url(url: str) -> str:
    """The address that tells a failure: ``status=down`` where there is ``status=``, else ``/fail``.

    The first is Uptime Kuma's, the second that of healthchecks.io.
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if any(name == "status" for name, _ in query):
        down = [(name, "down" if name == "status" else value) for name, value in query]
        return urlunsplit(parts._replace(query=urlencode(down)))
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))


@dataclass(slots=True)
class Ping:
    """Requests the ping address.

    Attributes:
        url: the address; a secret.
        interval: seconds between two pings.
        get: requests an address.
        is_healthy: whether all loops work.
    """

    url: str
    interval: float
    get: Get
    is_healthy: Callable[[], Awaitable[bool]]
    _is_failing: bool = False

    async def run(self) -> None:
        """Ping for ever."""
        while True:
            if await self.is_healthy():
                await self._request(self.url)
            await asyncio.sleep(self.interval)

    async def fail(self) -> None:
        """Tell that the daemon ends because of an error."""
        await self._request(failure_url(self.url))

    async def _request(self, url: str) -> None:
        try:
            status = await self.get(url)
            reason = "" if _OK <= status < _MULTIPLE_CHOICES else f"status {status}"
        except FetchError as error:
            reason = str(error)
        if reason and not self._is_failing:
            log.warning("ping.failed", extra={"reason": reason})
        elif self._is_failing and not reason:
            log.info("ping.resumed")
        self._is_failing = bool(reason)
