"""An exception costs a page its turn and the source its health, never the other pages."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from opened_app import opened_app
from sqlalchemy import text

from monitor.channels.fake import FakeChannel
from monitor.daemon.once import run_once
from monitor.discovery import list_pages
from monitor.fetching.fake import FakeFetcher
from monitor.ingest import pages
from monitor.ingest.source_check import address_hint
from monitor.model.documents import Fetched, Outcome

START = datetime(2026, 2, 3, tzinfo=UTC)
BASE = "http://127.0.0.1:1"
ITEM = '{{"url": "{base}/t{n}.html", "title": "{title}", "pubDate": "2026-02-0{n}"}}'
PROSE = "<html><p>全市将建设智能算力中心{n}个，算力规模达到{n}万P，引进企业30家以上。</p></html>"
CATALOGUE = f"""
builtin: false
sources:
  - {{id: news, name: 要闻, region: 甘肃省, document_kind: news, season: null, baseline: false,
     lists: ['{BASE}/a.json', '{BASE}/b.json'], link_pattern: '/t\\d+\\.html$',
     list_interval: 6h, allow_private: true}}
"""


class Watch:
    def __init__(self, daemon, site, channel, clock):
        self.daemon, self.site, self.channel, self.clock = daemon, site, channel, clock

    async def round(self, hours=6.5):
        self.clock[0] += timedelta(hours=hours)
        self.site.asked.clear()
        (report,) = await run_once(self.daemon)
        return report

    def sql(self, query):
        with self.daemon.context.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


def json_list(*items):
    rows = ", ".join(ITEM.format(base=BASE, n=n, title=title) for n, title in items)
    return f"[{rows}]"


@asynccontextmanager
async def watching(tmp_path, address):
    clock = [START]
    site = FakeFetcher(now=lambda: clock[0])
    site.pages[f"{BASE}/a.json"] = json_list((1, "第一条"), (2, "第二条"))
    site.pages[f"{BASE}/b.json"] = json_list((3, "第三条"))
    for n in (1, 2, 3):
        site.pages[f"{BASE}/t{n}.html"] = PROSE.format(n=n) * (n + 2)
    channel = FakeChannel()
    async with opened_app(
        tmp_path, address, catalogue=CATALOGUE, site=site, channel=channel, clock=clock
    ) as daemon:
        yield Watch(daemon, site, channel, clock)


@pytest.fixture
async def watch(tmp_path):
    async with watching(tmp_path, f"sqlite:///{tmp_path / 'm.db'}") as watch:
        yield watch


@pytest.fixture
async def any_watch(tmp_path, database):
    """On each kind of database."""
    address = database.url.render_as_string(hide_password=False)
    async with watching(tmp_path, address) as watch:
        yield watch


def failing(function, part):
    """The function, with an exception for every call whose arguments name ``part``."""

    def call(*arguments, **named):
        if part in str(arguments):
            raise RuntimeError(f"not foreseen: {part}")
        return function(*arguments, **named)

    return call


READ = "SELECT url FROM frontier_entry WHERE last_outcome = 'ok' ORDER BY url"


async def test_half_a_character_in_a_title_stops_nothing(any_watch):
    watch = any_watch
    watch.site.pages[f"{BASE}/a.json"] = json_list((1, r"人工智能\ud83d行动"), (2, r"算\u0000力"))
    report = await watch.round()
    assert (report.outcome, report.new_addresses) == (Outcome.OK, 3)
    assert watch.sql(READ) == [(f"{BASE}/t{n}.html",) for n in (1, 2, 3)]
    for (title,) in watch.sql("SELECT title FROM frontier_entry"):
        assert title.isprintable()


async def test_a_page_the_program_fails_on_is_retried_and_the_others_are_read(watch, monkeypatch):
    monkeypatch.setattr(pages, "extract", failing(pages.extract, "算力中心2个"))
    report = await watch.round()
    assert report.outcome is Outcome.ERROR
    assert "t2.html RuntimeError: not foreseen" in report.reason
    assert watch.sql(READ) == [(f"{BASE}/t{n}.html",) for n in (1, 3)]
    assert watch.sql("SELECT failures, last_reason FROM frontier_entry WHERE failures > 0") == [
        (1, "RuntimeError: the page could not be read")
    ]
    monkeypatch.undo()
    assert (await watch.round(1.1)).outcome is Outcome.OK
    assert len(watch.sql(READ)) == 3


async def test_a_list_the_program_fails_on_leaves_the_other_list(watch, monkeypatch):
    monkeypatch.setattr(list_pages, "discover", failing(list_pages.discover, f"url='{BASE}/a.json"))
    report = await watch.round()
    assert report.outcome is Outcome.ERROR
    assert watch.sql(READ) == [(f"{BASE}/t3.html",)]


async def test_faults_show_in_the_health_of_the_source_and_reach_its_operators(watch, monkeypatch):
    monkeypatch.setattr(list_pages, "discover", failing(list_pages.discover, ".json"))
    for _ in range(3):
        await watch.round()
    ((outcome, reason, health, failures),) = watch.sql(
        "SELECT last_outcome, last_reason, health, failures FROM source_health"
    )
    assert (outcome, health, failures) == ("error", "failing", 3)
    assert "RuntimeError: not foreseen" in reason
    assert [call.chat_id for call in watch.channel.sent] == [9001]
    monkeypatch.undo()
    await watch.round()
    assert watch.sql("SELECT health FROM source_health") == [("ok",)]


async def test_an_exception_of_the_fetcher_is_a_failure_that_is_retried_after_an_hour(watch):
    async def broken(*_arguments, **_named):
        raise KeyError("headers")

    site = replace(watch.site)
    site.fetch = broken
    daemon = watch.daemon
    watch.daemon = replace(daemon, context=replace(daemon.context, fetcher=site))
    report = await watch.round()
    assert (report.outcome, report.closed) == (Outcome.ERROR, True)
    watch.daemon = daemon
    assert (await watch.round(1.01)).outcome is Outcome.OK


async def test_a_retry_after_of_all_lists_is_waited_for(watch):
    for name in "ab":
        watch.site.pages[f"{BASE}/{name}.json"] = Fetched(
            f"{BASE}/{name}.json", f"{BASE}/{name}.json", Outcome.BLOCKED, 429, START,
            reason="HTTP 429", retry_after=86_400.0,
        )  # fmt: skip
    await watch.round()
    watch.clock[0] += timedelta(hours=12)
    assert await run_once(watch.daemon) == []
    watch.clock[0] += timedelta(hours=12)
    assert len(await run_once(watch.daemon)) == 1


def test_a_cookie_check_has_a_hint_of_its_own():
    from monitor.fetching.fetcher import COOKIE_CHECK

    assert "cookie" in address_hint(Outcome.BLOCKED, COOKIE_CHECK)
    assert "cookie" in address_hint(Outcome.BLOCKED, COOKIE_CHECK, is_article=True)
