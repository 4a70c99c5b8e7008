"""The application on a catalogue of a test, with a fake site and channel and a clock to move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console

from monitor.app import App, open_app
from monitor.channels.fake import FakeChannel
from monitor.config.settings import CrawlSettings, Settings, TelegramSettings
from monitor.fetching.fake import FakeFetcher


@asynccontextmanager
async def opened_app(
    folder: Path,
    address: str,
    *,
    catalogue: str,
    site: FakeFetcher,
    channel: FakeChannel,
    clock: list[datetime],
) -> AsyncIterator[App]:
    """Open it on the database at ``address`` without any rule; chat 9001 is the operators'."""
    (folder / "c.yaml").write_text(catalogue, encoding="utf-8")
    (folder / "r.yaml").write_text("rules: []\n", encoding="utf-8")
    settings = Settings.model_construct(
        database=address,
        catalogue=(folder / "c.yaml",),
        rules=(folder / "r.yaml",),
        crawl=CrawlSettings(min_delay=0.0),
        telegram=TelegramSettings(token="1:never-used", operators=(9001,)),
    )
    async with open_app(
        settings, console=Console(quiet=True), fetcher=site, channel=channel, now=lambda: clock[0]
    ) as app:
        yield app
