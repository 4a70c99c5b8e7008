"""The built-in catalogue, unchanged, against a replica of all its hosts behind a proxy.

Three rounds are played once: `monitor run --once` as a process; the same sources half a day
later; and eight days after that, when every report is due again whatever its age, one of them has
been edited, and one new plan has come out.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trustme
from replica_proxy import Asked, Proxy, running
from replica_texts import NATION, Article, plan
from replica_world import World, address_of, further
from rich.console import Console
from sqlalchemy import text

from monitor.app import fetcher_settings, open_app
from monitor.catalogue.loader import load_catalogue
from monitor.catalogue.model import Catalogue, Source
from monitor.channels.fake import FakeChannel
from monitor.config.settings import load_settings
from monitor.daemon.once import run_once
from monitor.discovery.list_pages import discover
from monitor.fetching.fetcher import HttpFetcher
from monitor.fetching.settings import FetcherSettings
from monitor.ingest.context import VisitReport
from monitor.model.documents import Outcome

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load_catalogue()
SOURCES = [source.id for source in CATALOGUE.enabled]
EDITED = "2026年湖南省政府工作报告"
SHANGHAI = ZoneInfo("Asia/Shanghai")
_EVERY_REPORT = timedelta(days=8)
WELL_KNOWN = ("/robots.txt", "/sitemap.xml")
RULES = "rules:\n  - {id: all, name: 全部, then: {chats: [7]}}\n"
SETTINGS = """
database = "sqlite:///monitor.db"
rules = ["rules.yaml"]
[crawl]
proxy = "{proxy}"
ca_file = "ca.pem"
min_delay = 0
"""


@dataclass
class Round:
    """What a round asked for, and what stood in the database after it."""

    asked: list[Asked]
    reports: dict[str, VisitReport]
    rows: dict[str, list[dict[str, Any]]]

    def of(self, source_id: str, table: str = "addresses") -> list[dict[str, Any]]:
        return [row for row in self.rows[table] if row["source_id"] == source_id]


@dataclass
class Played:
    world: World
    first_output: str
    rounds: list[Round]
    expected: dict[str, dict[str, Article]]
    plan: Article


QUERIES = {
    "addresses": """
        SELECT a.source_id, a.url, a.title AS listed_title, a.listed, a.last_outcome,
               a.last_reason, a.document_id, d.title, d.published, d.kind, d.region, d.year
        FROM frontier_entry a LEFT JOIN document d ON d.id = a.document_id""",
    "changes": "SELECT * FROM change_log ORDER BY change_id",
    "alerts": "SELECT * FROM alert_log",
    "health": "SELECT * FROM source_health",
    "documents": "SELECT * FROM document",
    "commitments": "SELECT region, year, text, speaker, source_name FROM commitments_current",
}


async def play(folder: Path) -> Played:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    clock = [datetime.now(UTC)]
    world = World(CATALOGUE, clock[0].astimezone(SHANGHAI).date())
    expected = world.expected()
    async with running(authority) as proxy:
        path = folder / "monitor.toml"
        path.write_text(SETTINGS.format(proxy=proxy.address), encoding="utf-8")
        proxy.pages = world.pages()
        output = await run_the_command(path)
        rounds = [await look(path, proxy, {}, clock)]
        for wait in (timedelta(hours=13), _EVERY_REPORT):
            clock[0] += wait
            if wait is _EVERY_REPORT:
                paper = edit_and_publish(world, clock[0])
                proxy.pages = world.pages()
            rounds.append(await one_round(path, proxy, clock))
    return Played(world, output, rounds, expected, paper)


def edit_and_publish(world: World, now: datetime) -> Article:
    """A number of one report grows, and one province publishes a plan."""
    world.now = now
    world.edit(EDITED, "000P以上", "500P以上")
    paper = plan("北京市", now.astimezone(SHANGHAI).date())
    world.publish("beijing", CATALOGUE["beijing"].lists[0], paper)
    return paper


async def run_the_command(path: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "monitor", "run", "--once", "--config", str(path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def one_round(path: Path, proxy: Proxy, clock: Sequence[datetime]) -> Round:
    settings = load_settings(path)

    def now() -> datetime:
        return clock[0]

    async with (
        HttpFetcher(fetcher_settings(settings), now=now) as fetcher,
        open_app(
            settings, console=Console(quiet=True), fetcher=fetcher, channel=FakeChannel(), now=now
        ) as daemon,
    ):
        reports = await run_once(daemon)
    return await look(path, proxy, {report.source_id: report for report in reports}, clock)


async def look(
    path: Path, proxy: Proxy, reports: dict[str, VisitReport], clock: Sequence[datetime]
) -> Round:
    """What was asked since the last look, and what is in the database now."""
    asked, proxy.log = proxy.log, []
    settings = load_settings(path)
    async with open_app(
        settings, console=Console(quiet=True), channel=FakeChannel(), now=lambda: clock[0]
    ) as daemon:
        with daemon.context.database.read() as connection:
            rows = {
                name: [dict(row._mapping) for row in connection.execute(text(query))]
                for name, query in QUERIES.items()
            }
    return Round(asked, reports, rows)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return asyncio.run(play(tmp_path_factory.mktemp("replica")))


@pytest.mark.parametrize("source_id", SOURCES)
def test_every_article_of_a_source_is_found_under_its_address_and_read(
    played: Played, source_id: str
) -> None:
    rows = played.rounds[0].of(source_id)
    expected = played.expected[source_id]
    assert {row["url"] for row in rows} == set(expected)
    for row in rows:
        article = expected[row["url"]]
        assert (row["last_outcome"], row["last_reason"] or "") in {("ok", ""), ("ok", "mirror")}
        assert row["title"] == article.title
        assert row["published"] == str(article.day)
        if row["url"] not in played.world.fixed[source_id]:
            assert row["listed_title"] == article.title
            assert row["listed"] == str(article.day)


@pytest.mark.parametrize("source_id", SOURCES)
def test_every_source_is_healthy_after_the_first_round(played: Played, source_id: str) -> None:
    (row,) = played.rounds[0].of(source_id, "health")
    assert row["last_outcome"] == "ok"


def test_nothing_was_asked_for_but_lists_articles_and_robots(played: Played) -> None:
    articles = {url for found in played.expected.values() for url in found}
    asked = Counter(one.url for one in played.rounds[0].asked)
    assert {url for url in articles if asked[url] != 1} == set()
    unwanted = {
        address_of(source, column, article)
        for source in CATALOGUE.enabled
        for column, found in played.world.published[source.id].items()
        for article in found
    } - articles
    assert unwanted & asked.keys() == set()
    lost = {one.url for one in played.rounds[0].asked if one.status == 404}
    assert {url for url in lost if not url.endswith(WELL_KNOWN)} == set()


def test_requests_send_the_user_agent(played: Played) -> None:
    agents = {one.headers["user-agent"] for one in played.rounds[0].asked}
    assert len(agents) == 1
    assert agents.pop().startswith("policy-monitor/")


def test_each_report_is_its_regions_report_of_the_year(played: Played) -> None:
    reports = Counter(
        (row["region"], row["year"], row["title"])
        for row in played.rounds[0].rows["documents"]
        if row["kind"] == "report"
    )
    wanted = {
        (source.region or NATION, int(article.title[:4]), article.title)
        for source in CATALOGUE.enabled
        for article in played.expected[source.id].values()
        if re.fullmatch("20..年.+政府工作报告", article.title)
    }
    assert set(reports) == wanted
    assert set(reports.values()) == {1}
    assert len({region for region, _, _ in wanted}) == 32


def test_every_report_has_commitments_of_its_own(played: Played) -> None:
    found = Counter(row["region"] for row in played.rounds[0].rows["commitments"])
    assert len(found) == 32
    assert min(found.values()) >= 4
    texts = {row["text"] for row in played.rounds[0].rows["commitments"]}
    assert len(texts) > 100


def test_commitments_of_ministries_are_theirs_and_the_nations(played: Played) -> None:
    found = {
        (row["source_name"], row["region"])
        for row in played.rounds[0].rows["commitments"]
        if row["speaker"] == "ministry"
    }
    assert found == {
        ("工业和信息化部", NATION),
        ("国家数据局", NATION),
        ("国家发展和改革委员会", NATION),
        ("科学技术部", NATION),
        ("国家互联网信息办公室", NATION),
    }


def test_a_report_at_two_addresses_is_one_document(played: Played) -> None:
    for source_id in ("guangdong", "sichuan", "guizhou", "yunnan", "ningxia", "state-council"):
        rows = [
            row for row in played.rounds[0].of(source_id) if (row["title"] or "").startswith("2026")
        ]
        assert len(rows) == 2, source_id
        assert len({row["document_id"] for row in rows}) == 1


def test_pages_of_the_first_visit_send_no_alert(played: Played) -> None:
    assert played.rounds[0].rows["alerts"] == []
    assert f"{len(SOURCES)} sources visited" in played.first_output
    assert " 0 alerts" in played.first_output


def test_the_second_round_asks_for_lists_only(played: Played) -> None:
    articles = {url for found in played.expected.values() for url in found}
    asked = Counter(one.url for one in played.rounds[1].asked if not one.url.endswith(WELL_KNOWN))
    assert set(asked) & articles == set()
    named = {url for source in CATALOGUE.enabled for url in source.lists}
    assert named <= set(asked)
    assert set(asked) <= set(played.world.pages())
    assert set(asked.values()) == {1}


def test_the_second_round_is_answered_304_where_the_site_has_validators(played: Played) -> None:
    pages = played.world.pages()
    answered = {
        one.url: one.status
        for one in played.rounds[1].asked
        if not one.url.endswith(WELL_KNOWN) and one.status != 301
    }
    able = {url for url in answered if pages[url].etag or pages[url].modified}
    assert len(able) >= 25
    assert {url: answered[url] for url in able} == dict.fromkeys(able, 304)
    assert {answered[url] for url in answered.keys() - able} == {200}


def test_the_second_round_finds_nothing_changes_nothing_and_tells_nothing(played: Played) -> None:
    first, second, _ = played.rounds
    assert [report.source_id for report in second.reports.values() if report.new_addresses] == []
    assert {report.outcome for report in second.reports.values()} == {Outcome.OK}
    assert len(second.rows["addresses"]) == len(first.rows["addresses"])
    assert second.rows["changes"] == first.rows["changes"]
    assert second.rows["alerts"] == []


def test_the_third_round_tells_the_edit_and_the_new_plan_and_nothing_else(played: Played) -> None:
    _, second, third = played.rounds
    new = third.rows["changes"][len(second.rows["changes"]) :]
    assert {row["document_title"] for row in new} == {EDITED, played.plan.title}
    (revised,) = [row for row in new if row["document_title"] == EDITED]
    assert (revised["kind"], revised["basis"], revised["region"]) == (
        "strengthened",
        "revision",
        "湖南省",
    )
    assert revised["after_value"] - revised["before_value"] == 500
    added = [row for row in new if row["document_title"] == played.plan.title]
    assert {(row["kind"], row["region"]) for row in added} == {("added", "北京市")}
    assert any("77000P" in row["after_text"] for row in added)
    alerts = Counter(row["document_title"] for row in third.rows["alerts"])
    assert alerts == {EDITED: 1, played.plan.title: 1}


def test_the_third_round_reads_again_only_what_changed(played: Played) -> None:
    pages = played.world.pages()
    asked = [one for one in played.rounds[2].asked if one.url in pages]
    full = {one.url for one in asked if one.status == 200}
    with_validators = {url for url in full if pages[url].etag or pages[url].modified}
    beijing, hunan = CATALOGUE["beijing"], CATALOGUE["hunan"]
    (column,) = hunan.lists
    report = next(one for one in played.world.published["hunan"][column] if one.title == EDITED)
    # After a week a list is requested without validators, whatever its server calls unchanged.
    articles = {url for found in played.world.expected().values() for url in found}
    assert with_validators & articles == {
        address_of(beijing, beijing.lists[0], played.plan),
        address_of(hunan, column, report),
    }


@pytest.fixture(scope="module")
def second_pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[set[str], set[str]]]:
    """By source: the links on three pages of each of its lists, and those that should be there."""
    sources = [replace(source, list_pages=3) for source in CATALOGUE.enabled]
    return asyncio.run(walk_lists(tmp_path_factory.mktemp("lists"), sources))


async def walk_lists(
    folder: Path, sources: Sequence[Source]
) -> dict[str, tuple[set[str], set[str]]]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    world = World(Catalogue(tuple(sources)), datetime.now(UTC).date())
    found: dict[str, tuple[set[str], set[str]]] = {}
    async with running(authority) as proxy:
        proxy.pages = world.pages()
        limits = FetcherSettings(
            proxy=proxy.address, ca_file=str(folder / "ca.pem"), min_delay=0.0, per_host=4
        )
        async with HttpFetcher(limits) as fetcher:
            for source in sources:
                wanted = world.expected()[source.id].keys() - set(source.pages)
                found[source.id] = (await links_of(source, fetcher), set(wanted))
    return found


async def links_of(source: Source, fetcher: HttpFetcher) -> set[str]:
    links: set[str] = set()
    for root in source.lists:
        waiting, seen = [root], {root}
        while waiting:
            fetched = await fetcher.fetch(waiting.pop(), route=source.route)
            if fetched.outcome is not Outcome.OK:
                continue
            discovery = discover(source, fetched)
            links |= {link.url for link in discovery.links}
            following = [*discovery.next_pages, *filter(None, [discovery.rows_url])]
            waiting += [url for url in following if url not in seen]
            seen |= set(following)
    return links


@pytest.mark.parametrize("source_id", SOURCES)
def test_further_pages_of_a_list_are_walked_when_asked_for(
    second_pages: dict[str, tuple[set[str], set[str]]], source_id: str
) -> None:
    found, wanted = second_pages[source_id]
    assert found == wanted


async def test_the_platforms_own_list_in_json_serves_as_well(tmp_path: Path) -> None:
    api = "https://www.gd.gov.cn/gkmlpt/api/all/45?page=1&sid=2"
    walked = await walk_lists(tmp_path, [replace(CATALOGUE["guangdong"], lists=(api,))])
    found, wanted = walked["guangdong"]
    assert len(wanted) == 5
    assert found == wanted


def test_there_are_further_pages_to_walk() -> None:
    pages = World(CATALOGUE, datetime.now(UTC).date()).pages()
    paged = {
        source.id
        for source in CATALOGUE.enabled
        for column in source.lists
        if further(source, column, 2) in pages
    }
    assert len(paged) >= 18
    assert {"hunan", "jiangsu", "beijing", "cena-www", "miit-news", "nda-policies"} <= paged
