"""What appeared while nobody looked is found at the next visit: issues, pages, spellings."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from fresh_database import fresh_sqlite
from rich.console import Console
from sqlalchemy import text
from web import Page, Web

from monitor.app import open_app
from monitor.channels.fake import FakeChannel
from monitor.config.settings import CrawlSettings, Settings
from monitor.daemon.once import run_once
from monitor.model.documents import Outcome

START = datetime(2026, 3, 3, 4, tzinfo=UTC)
EPAPER = """
builtin: false
sources:
  - {{id: paper, name: 报, speaker: media, document_kind: news, family: founder_epaper,
     lists: '{base}/pc/layout/index.html', list_interval: 12h, page_interval: 30d,
     allow_private: true}}
"""
NEWS = """
builtin: false
sources:
  - {{id: news, name: 要闻, region: 宁夏回族自治区, document_kind: report, family: trs,
     lists: '{base}/nxyw/', title_pattern: 政府工作报告, max_backfill_pages: 5,
     allow_private: true}}
"""


class Watch:
    def __init__(self, web, daemon, clock):
        self.web, self.daemon, self.clock = web, daemon, clock

    async def round(self, days=0.5):
        self.clock[0] += timedelta(days=days)
        self.web.asked.clear()
        (report,) = await run_once(self.daemon)
        return report

    def sql(self, query):
        with self.daemon.context.database.read() as connection:
            return connection.execute(text(query)).all()


@asynccontextmanager
async def watching(tmp_path, catalogue, database=None):
    clock = [START]
    (tmp_path / "r.yaml").write_text("rules: []\n", encoding="utf-8")
    with Web() as web:
        (tmp_path / "c.yaml").write_text(catalogue.format(base=web.base), encoding="utf-8")
        settings = Settings(
            database=database or fresh_sqlite(tmp_path / "m.db"),
            rules=(tmp_path / "r.yaml",),
            catalogue=(tmp_path / "c.yaml",),
            crawl=CrawlSettings(min_delay=0),
        )
        async with open_app(
            settings, console=Console(quiet=True), channel=FakeChannel(), now=lambda: clock[0]
        ) as daemon:
            yield Watch(web, daemon, clock)


def issue(web, day, *, pages=2, newest=True, before=None):
    """Put an issue online: its pages, one article on each; the index shows the newest one."""
    at = f"{day:%Y%m/%d}"
    doors = "".join(f"<a href='node_{n:02}.html'>第{n:02}版</a>" for n in range(1, pages + 1))
    for n in range(1, pages + 1):
        article = f"<a href='../../../content/{at}/content_{day.day}{n}.html'>算力新闻{n}</a>"
        web.pages[f"/pc/layout/{at}/node_{n:02}.html"] = Page(
            f"<html><meta charset=utf-8>{doors}<ul id=articlelist><li>{article}</li></ul>".encode()
        )
        web.html(
            f"/pc/content/{at}/content_{day.day}{n}.html",
            "算力新闻",
            [f"{at} 第{n}版：算力设施建设加快，多地公布新的安排。" * 3],
        )
    if newest:
        rows = "".join(
            f"<a href='{at}/node_{n:02}.html'>第{n:02}版</a>" for n in range(1, pages + 1)
        )
        if before:
            rows += f"<a href='{before:%Y%m/%d}/node_01.html'>上一期</a>"
        web.pages["/pc/layout/index.html"] = Page(f"<html><meta charset=utf-8>{rows}".encode())


def asked(web, part):
    return [path.partition(part)[2] for path in web.asked if part in path]


async def test_issues_of_missed_days_are_read_and_none_twice(tmp_path):
    async with watching(tmp_path, EPAPER) as watch:
        web = watch.web
        issue(web, date(2026, 3, 3))
        assert (await watch.round()).new_addresses == 2
        # The machine is off while two issues appear; one of them lies on a day without a pattern.
        for day in (6, 9, 13):
            issue(web, date(2026, 3, day))
        assert (await watch.round(10)).new_addresses == 6
        layout = asked(web, "/pc/layout/")
        assert layout[:3] == ["index.html", "202603/13/node_01.html", "202603/13/node_02.html"]
        assert "202603/09/node_02.html" in layout
        assert not [path for path in layout if "202603/03" in path]
        assert len(layout) == len(set(layout))
        # Nothing new: one request, and nothing that was read or was not there is asked for again.
        await watch.round()
        assert web.asked == ["/pc/layout/index.html"]
        issue(web, date(2026, 3, 17))
        assert (await watch.round(4)).new_addresses == 2
        assert asked(web, "/pc/layout/") == [
            "index.html",
            "202603/17/node_01.html",
            "202603/17/node_02.html",
            "202603/16/node_01.html",
            "202603/15/node_01.html",
            "202603/14/node_01.html",
        ]


async def test_an_index_that_is_regenerated_each_time_causes_no_refetch(tmp_path):
    async with watching(tmp_path, EPAPER) as watch:
        issue(watch.web, date(2026, 3, 3))
        await watch.round()
        watch.web.pages["/pc/layout/index.html"].body += "<i>浏览次数：2</i>".encode()
        await watch.round()
        assert watch.web.asked == ["/pc/layout/index.html"]


async def test_an_index_that_names_the_issue_before_spares_the_days_between(tmp_path):
    async with watching(tmp_path, EPAPER) as watch:
        issue(watch.web, date(2026, 3, 3))
        await watch.round()
        issue(watch.web, date(2026, 3, 6))
        issue(watch.web, date(2026, 3, 10), before=date(2026, 3, 6))
        assert (await watch.round(7)).new_addresses == 4
        days = [path[:9] for path in asked(watch.web, "/pc/layout/")[1:]]
        assert sorted(set(days)) == ["202603/04", "202603/05", "202603/06", "202603/10"]


async def test_a_page_of_an_issue_that_failed_is_tried_again_even_after_the_next_issue(tmp_path):
    async with watching(tmp_path, EPAPER) as watch:
        web = watch.web
        issue(web, date(2026, 3, 3))
        await watch.round()
        issue(web, date(2026, 3, 6))
        broken = web.pages["/pc/layout/202603/06/node_02.html"]
        web.pages["/pc/layout/202603/06/node_02.html"] = Page(b"oops", 500)
        assert (await watch.round(3)).new_addresses == 1
        issue(web, date(2026, 3, 10))
        web.pages["/pc/layout/202603/06/node_02.html"] = broken
        assert (await watch.round(4)).new_addresses == 3
        assert "202603/06/node_01.html" not in asked(web, "/pc/layout/")
        await watch.round()
        assert web.asked == ["/pc/layout/index.html"]


async def test_the_first_visit_and_a_long_absence_are_bounded(tmp_path):
    async with watching(tmp_path, EPAPER) as watch:
        issue(watch.web, date(2026, 3, 3))
        await watch.round()
        assert len(asked(watch.web, "/pc/layout/")) == 3
        issue(watch.web, date(2026, 12, 1))
        await watch.round(280)
        assert len(asked(watch.web, "/pc/layout/")) == 3 + 14


def news(web, newest, *, oldest=1, size=5, titles=None, pinned=""):
    """A list of news numbered downwards, ``size`` a page."""
    numbers = list(range(newest, oldest - 1, -1))
    titles = titles or {}
    for page, first in enumerate(range(0, len(numbers), size)):
        rows = "".join(
            f"<li><a href='/nxyw/202603/t20260301_{n}.html'>{titles.get(n, '会议')}</a></li>"
            for n in numbers[first : first + size]
        )
        name = "/nxyw/" if page == 0 else f"/nxyw/index_{page}.html"
        web.pages[name] = Page(f"<html><meta charset=utf-8>{pinned}<ul>{rows}</ul>".encode())
    for number, title in titles.items():
        web.html(f"/nxyw/202603/t20260301_{number}.html", title, ["政府工作报告全文。" * 20])


@pytest.mark.parametrize("pinned", ["", "<a href='/nxyw/202601/t20260101_999.html'>置顶</a>"])
async def test_a_fast_list_is_followed_until_something_known_is_met(tmp_path, pinned):
    async with watching(tmp_path, NEWS) as watch:
        web = watch.web
        news(web, 30, pinned=pinned)
        await watch.round()
        assert asked(web, "/nxyw/") == [""]
        # Thirteen news later the report stands on the third page.
        news(web, 43, titles={32: "2026年政府工作报告"}, pinned=pinned)
        assert (await watch.round(3)).new_addresses == 1
        assert asked(web, "/nxyw/") == [
            "",
            "index_1.html",
            "index_2.html",
            "202603/t20260301_32.html",
        ]
        news(web, 44, titles={32: "2026年政府工作报告"}, pinned=pinned)
        await watch.round(0.5)
        assert asked(web, "/nxyw/") == [""]


async def test_a_list_redone_from_the_ground_is_followed_for_a_few_pages_only(tmp_path):
    async with watching(tmp_path, NEWS) as watch:
        news(watch.web, 30)
        await watch.round()
        news(watch.web, 9_000, oldest=8_000)
        await watch.round(1)
        assert len(asked(watch.web, "/nxyw/")) == 1 + 5
        await watch.round(1)
        assert len(asked(watch.web, "/nxyw/")) == 1


async def test_a_further_page_that_fails_makes_the_next_visit_catch_up_again(tmp_path):
    async with watching(tmp_path, NEWS) as watch:
        web = watch.web
        news(web, 30)
        await watch.round()
        news(web, 43, titles={32: "2026年政府工作报告"})
        whole = web.pages["/nxyw/index_1.html"]
        web.pages["/nxyw/index_1.html"] = Page(b"no", 503)
        assert (await watch.round(1)).new_addresses == 0
        web.pages["/nxyw/index_1.html"] = whole
        assert (await watch.round(1)).new_addresses == 1


FEED = """
builtin: false
sources:
  - {{id: feed, name: 源, document_kind: news, speaker: media, region: 贵州省,
     lists: '{base}/list', allow_private: true}}
"""


async def test_another_spelling_of_an_address_is_visited_once(tmp_path, database):
    address = database.url.render_as_string(hide_password=False)
    async with watching(tmp_path, FEED, address) as watch:
        web = watch.web
        web.html("/a/12345.html", "算力", ["算力设施。" * 30])
        web.links("/list", [("/a/12345.html", "甲", "2026-03-01")])
        assert (await watch.round()).new_addresses == 1
        other = "/a//12345.html?utm_source=x&sid=0123456789abcdef01"
        web.links("/list", [(other, "甲", "2026-03-01"), ("/a/12345.html#top", "乙", "")])
        assert (await watch.round()).new_addresses == 0
        # When the known spelling is gone, the one the list has now takes its place.
        page = web.pages.pop("/a/12345.html")
        await watch.round(5)
        web.pages["/a//12345.html"] = page
        web.links("/list", [("/a//12345.html", "甲乙", "2026-03-01")])
        assert (await watch.round(2)).new_addresses == 0
        ((url, outcome),) = watch.sql("SELECT url, last_outcome FROM frontier_entry")
        assert (url.removeprefix(web.base), outcome) == ("/a//12345.html", "not_modified")


async def test_addresses_of_an_older_release_are_not_visited_anew(tmp_path):
    async with watching(tmp_path, FEED) as watch:
        web = watch.web
        web.html("/a/1.html", "算力", ["算力设施。" * 30])
        web.links("/list", [("/a/1.html", "甲", "2026-03-01")])
        await watch.round()
        with watch.daemon.context.database.write() as connection:
            connection.execute(text("UPDATE frontier_entry SET identity = NULL"))
        async with open_app(
            watch.daemon.settings, console=Console(quiet=True), channel=FakeChannel(),
            now=lambda: watch.clock[0],
        ):  # fmt: skip
            pass
        web.links("/list", [("//127.0.0.1:" + web.base[17:] + "//a/1.html", "甲", "2026-03-01")])
        assert (await watch.round()).new_addresses == 0


UNIT = "/api-gateway/jpaas-publish-server/front/page/build/unit"
SHELL = f"""<script url='{UNIT}' querydata="{{'tagId':'分页列表','pageId':'2'}}"></script>"""


def unit(*numbers):
    rows = "".join(f"<li><a href='/a/art/2026/art_{n:032x}.html'>甲{n}</a></li>" for n in numbers)
    return Page(json.dumps({"data": {"html": f"<ul>{rows}</ul>"}}).encode())


async def test_the_rows_of_a_list_that_a_script_gets_are_its_links(tmp_path):
    async with watching(tmp_path, FEED.replace("id: feed,", "id: feed, family: jpaas,")) as watch:
        web = watch.web
        for number in range(1, 6):
            path = f"/a/art/2026/art_{number:032x}.html"
            web.html(path, "算力", [f"算力设施{number}。" * 30])
        web.pages["/list"] = Page(SHELL.encode(), headers={"ETag": '"1"'})
        rows = f"{UNIT}?tagId=%E5%88%86%E9%A1%B5%E5%88%97%E8%A1%A8&pageId=2"
        web.pages[rows] = unit(1)
        assert (await watch.round()).new_addresses == 1
        # The page is the same, its rows are not, and one is on the next page already.
        web.pages[rows] = unit(5, 4)
        web.pages[rows + "&paramJson=%7B%22pageNo%22%3A2%2C%22pageSize%22%3A2%7D"] = unit(3, 1)
        assert (await watch.round()).new_addresses == 3
        del web.pages[rows]
        report = await watch.round()
        assert (report.outcome, report.reason) == (Outcome.GONE, "its rows: HTTP 404")


async def test_a_feed_and_a_sitemap_index_are_lists_of_a_source(tmp_path):
    async with watching(tmp_path, FEED) as watch:
        web = watch.web
        for number in (1, 2, 3):
            web.html(f"/a/{number}.html", "算力", [f"算力设施{number}。" * 30])
        item = "<item><title>甲</title><link>a/1.html</link></item>"
        web.pages["/list"] = Page(f"<rss><channel>{item}</channel></rss>".encode())
        assert (await watch.round()).new_addresses == 1
        web.pages["/list"] = Page(
            b"<sitemapindex><sitemap><loc>/s.xml</loc></sitemap></sitemapindex>"
        )
        web.pages["/s.xml"] = Page(b"<urlset><url><loc>/a/2.html</loc></url></urlset>")
        assert (await watch.round()).new_addresses == 1
        # The index is the same, the sitemap below it is not.
        web.pages["/s.xml"] = Page(b"<urlset><url><loc>/a/3.html</loc></url></urlset>")
        assert (await watch.round()).new_addresses == 1
