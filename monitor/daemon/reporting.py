"""Reports to those outside that all loops work: systemd's watchdog and the ping address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from monitor.app import App
from monitor.config.settings import Settings
from monitor.daemon.heartbeats import HeartbeatWriter
from monitor.daemon.ping import Ping
from monitor.daemon.probes import silent_loops
from monitor.daemon.systemd import notify, watchdog_seconds
from monitor.fetching.webhook_client import WebhookClient
from monitor.model.processes import Loop

_PING_TIMEOUT_SECONDS = 5.0


async def is_well(app: App, beats: Mapping[Loop, HeartbeatWriter]) -> bool:
    """Whether all loops work; a bot that Telegram does not answer counts, for people to know."""
    bot = beats.get(Loop.BOT)
    is_deaf = app.token is not None and bot is not None and bot.is_silent
    return not is_deaf and not await silent_loops(beats)


@asynccontextmanager
async def open_ping(
    settings: Settings, is_healthy: Callable[[], Awaitable[bool]]
) -> AsyncIterator[Ping | None]:
    """The ping address of the settings; None if they name none."""
    if settings.ping.url is None:
        yield None
        return
    ca_file = settings.crawl.ca_file
    async with WebhookClient(
        # The address is the operator's; Uptime Kuma mostly runs in a private network.
        allow_private=True,
        ca_file=None if ca_file is None else str(ca_file),
        seconds=_PING_TIMEOUT_SECONDS,
    ) as client:

        async def get(url: str) -> int:
            return (await client.get(url)).status

        url = settings.ping.url.get_secret_value().strip()
        yield Ping(url, settings.ping.minutes * 60, get, is_healthy)


@asynccontextmanager
async def reporting(
    beats: Mapping[Loop, HeartbeatWriter], ping: Ping | None
) -> AsyncIterator[None]:
    """Report while the block runs."""
    tasks = []
    if ping is not None:
        tasks.append(asyncio.create_task(ping.run()))
    if (seconds := watchdog_seconds()) is not None:
        tasks.append(asyncio.create_task(_feed_watchdog(beats, seconds)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _feed_watchdog(beats: Mapping[Loop, HeartbeatWriter], seconds: float) -> None:
    while True:
        if not await silent_loops(beats):
            notify("WATCHDOG=1")
        await asyncio.sleep(seconds)
