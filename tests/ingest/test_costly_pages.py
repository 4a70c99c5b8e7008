"""A page that would fill the daemon's memory costs its own visit; the next page is read."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console
from web import Page, Web

from monitor.app import open_app
from monitor.channels.fake import FakeChannel
from monitor.config.settings import Settings, TelegramSettings
from monitor.daemon.once import run_once
from monitor.fetching.fetcher import HttpFetcher
from monitor.fetching.settings import FetcherSettings
from monitor.model.documents import Outcome

# Each element is repeated in each later paragraph: two million elements.
COSTLY = "".join(f"<font color={n}><!--</font>--><p>" for n in range(1_400))
GOOD = (
    "<p>甘肃省提出，到2027年，全省算力规模突破10万P。</p>"
    "<p>支持企业购买算力服务，每家最高补贴100万元。</p>"
)


async def test_the_next_page_is_read(tmp_path):
    with Web() as web:
        web.pages["/costly.html"] = Page(f"<html><body>{COSTLY}".encode())
        web.pages["/good.html"] = Page(
            f"<html><meta charset=utf-8><title>甘肃算力</title><body>{GOOD}".encode()
        )
        (tmp_path / "c.yaml").write_text(
            "builtin: false\nsources:\n  - id: plan\n    name: 方案\n    region: 甘肃省\n"
            f"    pages: ['{web.base}/costly.html', '{web.base}/good.html']\n"
            "    allow_private: true\n    baseline: false\n",
            encoding="utf-8",
        )
        (tmp_path / "r.yaml").write_text("rules: []\n", encoding="utf-8")
        settings = Settings.model_construct(
            database=f"sqlite:///{tmp_path}/m.db",
            catalogue=(tmp_path / "c.yaml",),
            rules=(tmp_path / "r.yaml",),
            telegram=TelegramSettings(),
        )
        async with (
            HttpFetcher(FetcherSettings(min_delay=0.0)) as fetcher,
            open_app(
                settings,
                console=Console(quiet=True),
                fetcher=fetcher,
                channel=FakeChannel(),
                now=lambda: datetime(2026, 2, 1, tzinfo=UTC),
            ) as app,
        ):
            (report,) = await run_once(app)
    assert report.pages[Outcome.EMPTY] == 1
    assert report.pages.total() == 2
    assert len(report.changes) == 2
