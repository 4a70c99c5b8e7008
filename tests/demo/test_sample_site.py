"""The sample site behaves as a real one does, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import httpx
import pytest
from loopback import PRIVATE

from monitor.catalogue.loader import load_catalogue
from monitor.catalogue.model import Catalogue
from monitor.comparison.compare import compare
from monitor.demo.pages import addresses, page_at
from monitor.demo.site import SampleSite, write_files
from monitor.discovery.list_pages import discover
from monitor.documents.reader import read_document
from monitor.extraction.extract import extract
from monitor.extraction.identify import infer_provenance
from monitor.extraction.topics import load_topics
from monitor.fetching.fetcher import HttpFetcher
from monitor.fetching.settings import FetcherSettings
from monitor.model.changes import Basis, Kind
from monitor.model.documents import Outcome

GUIZHOU_2025 = "/guizhou/zfgzbg/202502/t20250205_86715001.html"
GUIZHOU_2026 = "/guizhou/zfgzbg/202602/t20260202_89362001.html"
GANSU = "/gansu/2026/0128/report.html"
SICHUAN = "/sichuan/10462/report2026.html"


@pytest.fixture
async def site() -> AsyncIterator[SampleSite]:
    async with SampleSite() as site:
        yield site


@pytest.fixture
async def client(site: SampleSite) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=site.base_url, trust_env=False) as client:
        yield client


def text_at(path: str, round_: int) -> str:
    page = page_at(path, round_=round_, visits=round_)
    assert page is not None
    return read_document(page.body, content_type=page.content_type).text


async def test_it_listens_on_loopback_only_and_stops(site: SampleSite) -> None:
    assert site.base_url.startswith("http://127.0.0.1:")
    async with SampleSite() as other:
        address = other.base_url
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(address)


def test_without_listening_it_has_no_address() -> None:
    with pytest.raises(RuntimeError):
        _ = SampleSite().base_url


async def test_a_conditional_request_gets_304(site: SampleSite, client: httpx.AsyncClient) -> None:
    first = await client.get(GUIZHOU_2025)
    again = await client.get(GUIZHOU_2025, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert site.requests == [f"GET {GUIZHOU_2025} 200", f"GET {GUIZHOU_2025} 304"]


async def test_an_edited_page_has_a_new_validator(
    site: SampleSite, client: httpx.AsyncClient
) -> None:
    path = "/guizhou/zfgzbg/index.html"
    first = await client.get(path)
    site.round = 2
    again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert again.headers["ETag"] != first.headers["ETag"]


async def test_a_page_with_a_counter_differs_at_each_request(
    site: SampleSite, client: httpx.AsyncClient
) -> None:
    site.round = 2
    first, second = await client.get(GUIZHOU_2025), await client.get(GUIZHOU_2025)
    assert first.content != second.content
    assert "ETag" not in first.headers


async def test_the_new_report_is_there_in_the_second_round_only(
    site: SampleSite, client: httpx.AsyncClient
) -> None:
    assert (await client.get(GUIZHOU_2026)).status_code == 404
    site.round = 2
    assert (await client.get(GUIZHOU_2026)).status_code == 200


async def test_head_sends_no_body_and_other_methods_are_refused(
    site: SampleSite, client: httpx.AsyncClient
) -> None:
    head = await client.head(GANSU)
    assert (head.status_code, head.content) == (200, b"")
    assert (await client.post(GANSU)).status_code == 501


@pytest.mark.parametrize("nonsense", [b"\r\n\r\n", b"GET\r\n\r\n", b"\xff\x00 x y z\r\n\r\n", b""])
async def test_nonsense_does_not_end_the_site(
    site: SampleSite, client: httpx.AsyncClient, nonsense: bytes
) -> None:
    port = httpx.URL(site.base_url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(nonsense)
    writer.write_eof()
    await reader.read()
    writer.close()
    await writer.wait_closed()
    assert (await client.get(GANSU)).status_code == 200


def test_every_page_of_every_round_can_be_made() -> None:
    for round_ in (1, 2):
        there = [path for path in addresses() if page_at(path, round_=round_) is not None]
        assert len(there) >= 11


def test_the_other_provinces_have_a_report_of_each_year() -> None:
    titles = {
        read_document(page.body, content_type=page.content_type).title
        for path in addresses()
        if path.startswith("/reports/") and (page := page_at(path, round_=1)) is not None
    }
    assert len({title for title in titles if "2025年" in title}) == 12
    assert len({title for title in titles if "2026年" in title}) == 12


def test_the_old_page_is_gbk_and_keeps_it_to_itself() -> None:
    page = page_at(GANSU, round_=1)
    assert page is not None
    assert page.content_type == "text/html"
    assert b"charset=gb2312" in page.body
    document = read_document(page.body, content_type=page.content_type)
    assert (document.charset, document.published) == ("gb18030", date(2026, 1, 28))
    assert "智能算力规模突破15万P" in document.text


def test_between_the_rounds_two_targets_of_the_old_page_move() -> None:
    before, after = set(text_at(GANSU, 1).split("\n")), set(text_at(GANSU, 2).split("\n"))
    assert [line for line in before - after if "万P" in line or "大模型" in line] != []
    assert any("18万P" in line for line in after)
    assert any("大模型4个" in line for line in after)


def test_the_redrawn_report_says_the_same() -> None:
    before, after = text_at(GUIZHOU_2025, 1), text_at(GUIZHOU_2025, 2)
    assert set(before.split("\n")) <= set(after.split("\n"))


def test_the_firewall_answers_in_the_second_round() -> None:
    page = page_at(SICHUAN, round_=2)
    assert page is not None
    assert page.status == 405
    assert read_document(page.body).outcome is Outcome.BLOCKED


def test_last_years_promise_is_this_years_achievement() -> None:
    assert "达到160Eflops以上" in text_at(GUIZHOU_2025, 1)
    assert "已突破160Eflops" in text_at(GUIZHOU_2026, 2)
    assert "突破190Eflops" in text_at(GUIZHOU_2026, 2)


async def test_the_demo_catalogue_is_only_the_sample_site(tmp_path: Path, site: SampleSite) -> None:
    catalogue: Catalogue = load_catalogue([write_files(tmp_path, site.base_url).catalogue])
    assert [source.id for source in catalogue] == [
        "demo-guizhou",
        "demo-gansu",
        "demo-sichuan",
        "demo-nda",
        "demo-press",
        "demo-epaper",
        "demo-reports",
    ]
    for source in catalogue:
        assert source.route.allow_private
        for url in (*source.lists, *source.pages):
            assert url.startswith(site.base_url + "/")
            assert url.removeprefix(site.base_url) in addresses()


async def test_lists_and_issues_lead_to_the_articles(tmp_path: Path, site: SampleSite) -> None:
    catalogue = load_catalogue([write_files(tmp_path, site.base_url).catalogue])
    site.round = 2
    async with HttpFetcher(FetcherSettings(min_delay=0.0)) as fetcher:
        found = []
        for source in catalogue:
            waiting = list(source.lists)
            while waiting:
                fetched = await fetcher.fetch(waiting.pop(), route=PRIVATE)
                discovery = discover(source, fetched)
                found += [(source.id, link.title) for link in discovery.links]
                waiting += discovery.next_pages
    reports = [title for source_id, title in found if source_id == "demo-reports"]
    assert len(reports) == len(set(reports)) == 24
    assert [one for one in found if one[0] != "demo-reports"] == [
        ("demo-guizhou", "2026年贵州省政府工作报告"),
        ("demo-guizhou", "2025年贵州省政府工作报告"),
        ("demo-nda", "国家数据局关于印发《算力普惠行动计划（2026—2028年）》的通知"),
        ("demo-nda", "国家数据局综合司关于报送数据标注典型案例的通知"),
        ("demo-press", "多省竞速布局智能算力，代表委员热议协同发展"),
        ("demo-press", "服务器市场节后开局平稳"),
        ("demo-epaper", "重庆加快布局智能网联汽车"),
    ]


def changes_between(
    before: tuple[str, int], after: tuple[str, int], region: str, basis: Basis
) -> dict[Kind, list[str]]:
    """The wording of what changed, by kind, from (path, round) to (path, round)."""
    topics = load_topics(())
    sides = []
    for path, round_ in (before, after):
        page = page_at(path, round_=round_)
        assert page is not None
        document = read_document(page.body, content_type=page.content_type)
        provenance = infer_provenance(
            document.text, title=document.title, published=document.published, region=region
        )
        sides.append(extract(document.text, provenance, topics))
    found: dict[Kind, list[str]] = {}
    for change in compare(*sides, basis):
        found.setdefault(change.kind, []).append(change.statement.text)
    return found


def test_the_new_report_has_every_kind_of_succession() -> None:
    found = changes_between((GUIZHOU_2025, 1), (GUIZHOU_2026, 2), "贵州省", Basis.SUCCESSION)
    assert any("190Eflops" in text for text in found[Kind.STRENGTHENED])
    assert any("1.25以下" in text for text in found[Kind.WEAKENED])
    assert any("枢纽节点" in text for text in found[Kind.CONTINUED])
    assert any("机器人训练场" in text for text in found[Kind.ADDED])
    assert any("开放创新平台" in text for text in found[Kind.DROPPED])


def test_the_edited_page_has_its_revisions_and_nothing_else() -> None:
    found = changes_between((GANSU, 1), (GANSU, 2), "甘肃省", Basis.REVISION)
    found.pop(Kind.CONTINUED)
    assert {kind: len(texts) for kind, texts in found.items()} == {
        Kind.STRENGTHENED: 1,
        Kind.WEAKENED: 1,
        Kind.REWORDED: 1,
    }


def test_the_redrawn_page_has_no_change() -> None:
    found = changes_between((GUIZHOU_2025, 1), (GUIZHOU_2025, 2), "贵州省", Basis.REVISION)
    assert set(found) == {Kind.CONTINUED}
