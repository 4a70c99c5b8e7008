"""Documents of several pieces, from a site on loopback to the log and back out of the evidence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from fresh_database import fresh_sqlite
from office_files import PAGES, pdf
from rich.console import Console
from sqlalchemy import text
from web import Page, Web

from monitor.app import open_app
from monitor.catalogue.loader import load_catalogue
from monitor.channels.fake import FakeChannel
from monitor.config.settings import Settings, TelegramSettings
from monitor.daemon.once import run_once
from monitor.extraction.topics import load_topics
from monitor.fetching.fetcher import HttpFetcher
from monitor.fetching.settings import FetcherSettings
from monitor.ingest.audit import verify_snapshot

START = datetime(2026, 2, 1, tzinfo=UTC)
FIRST = [
    "湖南省人民政府办公厅印发行动方案",
    "新建智算中心3座，全省算力规模突破9000P。",
    *(f"第{n}项，推动人工智能与第{n}个产业融合，支持企业购买算力服务。" for n in range(9)),
]


def pager(count):
    links = "".join(f'<a href="/plan_{n}.html">{n}</a>' for n in range(2, count + 1))
    return f'<div id="pagination"><span>1</span>{links}</div>'


def html(lines, more=""):
    body = "".join(f"<p>{line}</p>" for line in lines)
    return Page(
        f"<html><meta charset=utf-8><title>行动方案</title><body><h1>行动方案</h1>"
        f"<div class=article>{body}</div>{more}</body></html>".encode()
    )


@pytest.fixture
async def watch(tmp_path):
    """A web site, and a function that visits it a day later and tells the changes."""
    with Web() as web:
        (tmp_path / "c.yaml").write_text(
            "builtin: false\nsources:\n  - id: plan\n    name: 方案\n    region: 湖南省\n"
            f"    pages: ['{web.base}/plan.html']\n    page_interval: 1h\n    allow_private: true\n"
            "    baseline: false\n",
            encoding="utf-8",
        )
        (tmp_path / "r.yaml").write_text("rules: []\n", encoding="utf-8")
        clock = [START]
        settings = Settings.model_construct(
            database=fresh_sqlite(tmp_path / "m.db"),
            catalogue=(tmp_path / "c.yaml",),
            rules=(tmp_path / "r.yaml",),
            telegram=TelegramSettings(),
        )
        async with (
            HttpFetcher(FetcherSettings(min_delay=0.0), now=lambda: clock[0]) as fetcher,
            open_app(
                settings,
                console=Console(quiet=True),
                fetcher=fetcher,
                channel=FakeChannel(),
                now=lambda: clock[0],
            ) as daemon,
        ):

            async def visit():
                clock[0] += timedelta(days=1)
                web.asked.clear()
                (report,) = await run_once(daemon)
                changes = [(c.kind.value, c.statement.text) for c in report.changes]
                return report, changes

            yield web, visit, daemon.context.database
            sources = {one.id: one for one in load_catalogue(settings.catalogue)}
            with daemon.context.database.read() as connection:
                snapshots = connection.scalars(
                    text("SELECT id FROM snapshot WHERE outcome = 'ok' ORDER BY id")
                ).all()
                found = [
                    finding
                    for one in snapshots
                    for finding in verify_snapshot(
                        connection,
                        one,
                        sources=sources,
                        topics=load_topics(),
                        parser=daemon.context.parser,
                    )
                ]
            assert snapshots
            assert found == []


async def test_an_article_of_three_pages_is_one_document(watch):
    web, visit, _ = watch
    web.pages["/plan.html"] = html(FIRST, pager(3))
    web.pages["/plan_2.html"] = html(["培育人工智能企业50家以上。"])
    web.pages["/plan_3.html"] = html(["到2027年，建成大模型10个。"])
    _, changes = await visit()
    assert {kind for kind, _ in changes} == {"added"}
    assert [text for _, text in changes][-2:] == [
        "培育人工智能企业50家以上。",
        "到2027年，建成大模型10个。",
    ]
    # What is unchanged tells nothing, though all three are asked for.
    assert (await visit())[1] == []
    assert [path for path in web.asked if "plan" in path] == [
        "/plan.html",
        "/plan_2.html",
        "/plan_3.html",
    ]
    # The first page stays as it was, the third says more.
    web.pages["/plan_3.html"] = html(["到2027年，建成大模型20个。"])
    assert (await visit())[1] == [("strengthened", "到2027年，建成大模型20个。")]


async def test_half_a_text_drops_nothing(watch):
    web, visit, _ = watch
    web.pages["/plan.html"] = html(FIRST, pager(2))
    web.pages["/plan_2.html"] = html(["培育人工智能企业50家以上。"])
    await visit()
    web.pages["/plan_2.html"] = Page(b"overloaded", 500)
    report, changes = await visit()
    assert changes == []
    assert report.pages.total() == 1
    web.pages["/plan_2.html"] = html(["培育人工智能企业80家以上。"])
    assert (await visit())[1] == [("strengthened", "培育人工智能企业80家以上。")]


async def test_a_page_that_only_offers_a_pdf(watch):
    web, visit, database = watch
    web.pages["/plan.html"] = html([], '<a href="/files/plan.pdf">点击下载全文</a>')
    web.pages["/files/plan.pdf"] = Page(pdf(PAGES), headers={"Content-Type": "application/pdf"})
    _, changes = await visit()
    assert ("added", "到2027年，人工智能核心产业规模达到3000亿元。") in changes
    with database.read() as connection:
        (row,) = connection.execute(text("SELECT title, url FROM document")).all()
        (seen,) = connection.execute(text("SELECT request, response, bytes FROM provenance")).all()
    assert json.loads(seen.request)["url"] == row.url
    assert "policy-monitor" in json.loads(seen.request)["headers"]["user-agent"]
    assert json.loads(seen.response)["headers"]["content-type"] == "text/html"
    assert json.loads(seen.response)["at"].startswith("2026-02-02")
    assert seen.bytes > 1000
    assert row.title == "行动方案"
    assert row.url.endswith("/plan.html")
    # The page stays the same, the file behind it does not.
    less = [[line.replace("3000亿元", "2000亿元") for line in page] for page in PAGES]
    web.pages["/files/plan.pdf"] = Page(pdf(less))
    assert (await visit())[1] == [("weakened", "到2027年，人工智能核心产业规模达到2000亿元。")]


async def test_a_partial_text_is_stored_and_drops_nothing(watch):
    web, visit, database = watch
    file = '<p>附件：<a href="/att/plan.doc">全省算力实施方案.doc</a></p>'
    day = "<p>发布时间：2026-01-15</p>"
    web.pages["/plan.html"] = html(FIRST, file + day)
    report, changes = await visit()
    assert report.pages == {"partial": 1}
    assert ("added", FIRST[1]) in changes
    with database.read() as connection:
        (row,) = connection.execute(
            text("SELECT outcome, reason, published_from FROM provenance")
        ).all()
        (count,) = connection.execute(text("SELECT partial_documents FROM source_health")).scalars()
    assert (row.outcome, row.published_from, count) == ("partial", "byline 发布时间", 1)
    assert row.reason == "attachments are not read: 全省算力实施方案.doc (.doc cannot be read)"
    # What is no longer on the page may stand in the file; what is told otherwise is told.
    edited = [line.replace("9000P", "9500P") for line in FIRST if "第8项" not in line]
    web.pages["/plan.html"] = html(edited, file + day)
    report, changes = await visit()
    assert [kind for kind, _ in changes] == ["strengthened"]
    # The file is gone: the text is complete from now on.
    web.pages["/plan.html"] = html(edited[:-1], day)
    report, changes = await visit()
    assert report.pages == {"ok": 1}
    assert {kind for kind, _ in changes} <= {"dropped"}


async def test_a_plan_attached_to_a_long_notice_is_read(watch):
    web, visit, _ = watch
    web.pages["/plan.html"] = html(FIRST * 2, '<a href="/att/全省 方案.pdf">算力实施方案.pdf</a>')
    web.pages["/att/%E5%85%A8%E7%9C%81%20%E6%96%B9%E6%A1%88.pdf"] = Page(
        pdf(PAGES), headers={"Content-Type": "application/pdf"}
    )
    report, changes = await visit()
    assert report.pages == {"ok": 1}
    assert ("added", "到2027年，人工智能核心产业规模达到3000亿元。") in changes


async def test_a_stub_is_followed_on_its_own_site_only(watch):
    web, visit, _ = watch
    web.pages["/plan.html"] = Page(
        b'<html><head><meta http-equiv="refresh" content="0;url=/real/1.html"></head></html>'
    )
    web.pages["/real/1.html"] = html(FIRST)
    report, changes = await visit()
    assert report.pages == {"ok": 1}
    assert ("added", FIRST[1]) in changes
    web.pages["/plan.html"] = Page(b'<script>location.href="http://elsewhere.example/1"</script>')
    report, changes = await visit()
    assert (report.pages, changes) == ({"empty": 1}, [])


async def test_a_frame_has_the_title_and_the_day_of_the_page_around_it(watch):
    web, visit, database = watch
    web.pages["/plan.html"] = Page(
        "<html><meta charset=utf-8><title>行动方案</title><body><ul><li><a href='/'>首页</a></ul>"
        "<div><h1>智能算力行动方案</h1><div>发布时间：2026-01-30 09:30 来源：省政府</div>"
        '<iframe src="/text/1.html"></iframe></div></body></html>'.encode()
    )
    lines = "".join(f"<p>{line}</p>" for line in FIRST)
    web.pages["/text/1.html"] = Page(f"<html><meta charset=utf-8><body>{lines}</body>".encode())
    report, changes = await visit()
    assert report.pages == {"ok": 1}
    assert ("added", FIRST[1]) in changes
    with database.read() as connection:
        found = connection.execute(text("SELECT title, published FROM snapshot")).one()
    assert tuple(found) == ("智能算力行动方案", "2026-01-30")
