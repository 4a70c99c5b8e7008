"""The JSON API: its description, its answers, and what becomes of mistakes."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import quote
from zoneinfo import ZoneInfo

import feedparser
import httpx
import pytest
import schemathesis
from fresh_database import fresh_sqlite
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from small_history import write_history

from monitor.json_contract import logged_json
from monitor.rate_limiter import RateLimiter
from monitor.storage.changes import ChangeConditions, list_changes
from monitor.storage.engine import Database
from monitor.storage.views import PRIVATE_VIEWS, View
from monitor.web.api import PREFIX, description, example, operations
from monitor.web.app import build_site
from monitor.web.downloads import PUBLIC_VIEWS
from monitor.web.security import Access
from monitor.web.site import Site

THEMES = ("compute", "data")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A small history, ingested."""
    store = Database(fresh_sqlite(tmp_path_factory.mktemp("api") / "history.db"))
    write_history(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def app(database):
    """The site, without a limit of requests."""
    site = Site(
        database,
        zone=ZoneInfo("Asia/Shanghai"),
        themes=THEMES,
        now=lambda: datetime(2026, 3, 6, 2, tzinfo=UTC),
    )
    return build_site(site, Access(frozenset({"testserver"})), limiter=RateLimiter(burst=10**9))


@pytest.fixture
async def site(app):
    """A client of the site."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="module")
def schema(app):
    """The API as its description has it."""
    return schemathesis.openapi.from_asgi("/api/openapi.json", app)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_answers_are_as_described(schema, mode):
    for found in schema.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and operation.path.endswith("regions"):
            continue  # nothing can be wrong with it

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=5,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case):
            case.call_and_validate()

        check()


async def test_every_example_is_answered_and_described(site):
    paths = description(THEMES)["paths"]
    for operation in operations(THEMES):
        answer = await site.get(example(operation))
        assert answer.status_code == 200, (operation.name, answer.text)
        assert PREFIX + operation.path in paths
    said = (await site.get("/api/openapi.json")).json()
    assert said["openapi"] == "3.1.0"
    themes = next(
        one
        for one in said["paths"]["/api/v1/changes"]["get"]["parameters"]
        if one["name"] == "theme"
    )
    assert themes["schema"]["enum"] == list(THEMES)


async def test_changes_are_those_of_the_contract_page_by_page(site, database):
    with database.read() as connection:
        listed = list_changes(connection, ChangeConditions(region="贵州省"), limit=100)
        expected = [logged_json(one) for one in listed]
    found, address = [], "/api/v1/changes?region=贵州&limit=3"
    while address is not None:
        page = (await site.get(address)).json()
        found += page["items"]
        address = page["next"]
    assert [one["id"] for one in found] == [one["id"] for one in expected]
    assert [one["before"] for one in found] == [one["before"] for one in expected]
    assert [one["summary"] for one in found] == [one["summary"] for one in expected]


@pytest.mark.parametrize(
    ("speaker", "said_by"),
    [
        ("国家数据局", {("国家数据局", "ministry")}),
        ("數據局", {("国家数据局", "ministry")}),
        ("ministry", {("国家数据局", "ministry")}),
        ("海南省政府", {("海南省人民政府", "government")}),
        # A plan that names no office is its region's government's, as for a rule.
        (
            "浙江省人民政府",
            {
                ("浙江省人民政府", "government"),
                ("《浙江省人工智能产业发展行动计划（2025—2027年）》", "government"),
            },
        ),
        ("delegate", {(None, "delegate")}),
        ("工信部", set()),
        ("国家春风局", set()),
    ],
)
async def test_changes_are_found_by_who_said_it(site, speaker, said_by):
    answer = await site.get("/api/v1/changes", params={"speaker": speaker, "limit": 100})
    said = [one["after"] or one["before"] for one in answer.json()["items"]]
    assert {(one["source_name"], one["speaker"]) for one in said} == said_by


@pytest.mark.parametrize("certainty", ["sure", "unsure"])
async def test_changes_are_found_by_their_certainty(site, certainty):
    every = (await site.get("/api/v1/changes?limit=200")).json()["items"]
    found = (await site.get(f"/api/v1/changes?limit=200&certainty={certainty}")).json()["items"]
    assert found == [one for one in every if one["certainty"] == certainty]


@pytest.mark.parametrize("found", [20_000, 0])
async def test_few_or_many_sentences_of_an_office_are_the_same_changes(site, monkeypatch, found):
    monkeypatch.setattr("monitor.storage.speakers.MAX_FOUND", found)
    address, seen = "/api/v1/changes?speaker=贵州省人民政府&all=1&limit=3", []
    while address is not None:
        page = (await site.get(address)).json()
        seen += [one["id"] for one in page["items"]]
        address = page["next"]
    every = (await site.get("/api/v1/changes?all=1&limit=200")).json()["items"]
    names = {one["id"]: (one["after"] or one["before"])["source_name"] for one in every}
    assert seen == [id_ for id_, name in names.items() if name == "贵州省人民政府"]


async def test_offices_are_listed_and_a_misspelt_one_is_told(site):
    page = (await site.get("/", params={"speaker": "国家数居局"})).text
    assert '<option value="国家数据局">' in page
    assert "did you mean 国家数据局?" in page


async def test_what_an_office_promises_is_found(site):
    answer = await site.get("/api/v1/commitments", params={"speaker": "数据局"})
    assert [one["source_name"] for one in answer.json()["items"]] == ["国家数据局"]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("/api/v1/fulfilment?", ("statement_id", "position")),
        ("/api/v1/metrics/series?metric=算力&", ("region", "unit", "year")),
        ("/api/v1/metrics?", ("metric", "unit")),
        ("/api/v1/commitments?words=人工智能&", ("id",)),
        ("/api/v1/sources?", ("source_id",)),
    ],
)
async def test_pages_of_a_list_are_the_whole_list(site, address, key):
    whole = (await site.get(f"{address}limit=200")).json()["items"]
    found, follows = [], f"{address}limit=2"
    while follows is not None:
        page = (await site.get(follows)).json()
        found += page["items"]
        follows = page["next"]
    assert [[one[name] for name in key] for one in found] == [
        [one[name] for name in key] for one in whole
    ]
    assert len(whole) > 2


async def test_commitments_in_force_and_their_history(site):
    found = (await site.get("/api/v1/commitments?region=贵州&metric=算力")).json()["items"]
    assert found
    assert all(one["in_force"] and one["region"] == "贵州省" for one in found)
    report = next(one for one in found if "政府工作报告" in one["document"]["title"])
    commitment = (await site.get(f"/api/v1/commitments/{report['id']}")).json()
    assert [one["year"] for one in commitment["history"]] == [2024, 2025, 2026]
    assert commitment["statement"]["id"] == report["id"]
    text = (await site.get(f"/api/v1/snapshots/{report['snapshot_id']}")).json()["text"]
    assert text[report["start"] : report["end"]] == report["text"]


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/api/v1/changes?regoin=贵州", 400, "did you mean region?"),
        ("/api/v1/changes?kind=strengthend", 400, "did you mean strengthened?"),
        ("/api/v1/changes?limit=201", 400, "no number from 1 to 200"),
        ("/api/v1/changes?limit=1&limit=2", 400, "given 2 times"),
        ("/api/v1/changes?since=soon", 400, "not understood"),
        ("/api/v1/changes?region=朝阳省", 400, "region"),
        ("/api/v1/metrics/series", 400, "metric: it is missing"),
        ("/api/v1/changes/abc", 404, "no number"),
        ("/api/v1/changes/987654", 404, "there is no change 987654"),
        ("/api/v1/nothing", 404, "Not Found"),
    ],
)
async def test_mistakes_are_told_as_problems(site, address, status, said):
    answer = await site.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


async def test_nothing_can_be_written_and_too_much_not_asked(site, database):
    answer = await site.post("/api/v1/changes")
    assert (answer.status_code, "GET" in answer.headers["allow"]) == (405, True)
    assert answer.json()["status"] == 405
    busy = build_site(Site(database, zone=ZoneInfo("UTC")), Access(), limiter=RateLimiter(1, 9))
    transport = httpx.ASGITransport(busy)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.get("/api/v1/regions")
        refused = await client.get("/api/v1/regions")
    assert (refused.status_code, refused.json()["status"]) == (429, 429)
    assert int(refused.headers["retry-after"]) > 0


async def test_what_the_reader_has_is_not_sent_again(site):
    for address in ("/api/v1/changes", "/feed.atom"):
        first = await site.get(address)
        tag = first.headers["etag"]
        assert tag.startswith("W/")
        again = await site.get(address, headers={"if-none-match": f'"other", {tag}'})
        assert (again.status_code, again.content) == (304, b"")
        other = await site.get(f"{address}?region=甘肃", headers={"if-none-match": tag})
        assert other.status_code == 200


async def test_the_feed_of_a_filter(site):
    answer = await site.get("/feed.atom?region=贵州&kind=strengthened&lang=en")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    read = feedparser.parse(answer.content)
    assert not read.bozo
    expected = (await site.get("/api/v1/changes?region=贵州&kind=strengthened")).json()["items"]
    assert [one.id for one in read.entries] == [
        f"tag:policy-monitor,2026:change-{one['id']}" for one in expected
    ]
    entry = read.entries[0]
    assert entry.link == f"http://localhost/changes/{expected[0]['id']}"
    assert "<ins>" in entry.content[0].value
    assert read.feed.id != feedparser.parse((await site.get("/feed.atom")).content).feed.id
    assert not feedparser.parse((await site.get("/feed.atom?since=2027-01-01")).content).bozo


@pytest.mark.parametrize("view", PUBLIC_VIEWS)
async def test_downloads_are_what_export_writes(site, view, database, tmp_path, capsys):
    from monitor.cli.app import main

    for form in ("csv", "jsonl"):
        everything = "?all=1" if view is View.CHANGES else ""
        answer = await site.get(f"/downloads/{view}.{form}{everything}")
        name = f"{view}{'_all' if everything else ''}.{form}"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        file = tmp_path / f"x.{form}"
        url = database.url.render_as_string()
        with pytest.raises(SystemExit):
            main(["export", view.value, "--output", str(file), "--database", url])
        lines = file.read_bytes().splitlines()
        # Excel takes Chinese for the local code page without a mark.
        assert answer.content.startswith(BOM_UTF8) is (form == "csv")
        assert sorted(answer.content.removeprefix(BOM_UTF8).splitlines()) == sorted(lines)
    capsys.readouterr()


async def test_names_and_titles_tell_the_filter(site):
    query = {"region": "贵州", "kind": "strengthened", "speaker": "国家数据局", "since": "90d"}
    answer = await site.get("/downloads/change_log.csv", params=query)
    name = "change_log_贵州省_strengthened_国家数据局_90d.csv"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="change_log_Guizhou_strengthened_90d.csv"'
        f"; filename*=UTF-8''{quote(name)}"
    )
    page = await site.get("/downloads/change_log.csv", params={"words": r'a"b/c;\d'})
    assert page.headers["content-disposition"] == 'attachment; filename="change_log_a-b-c--d.csv"'
    feed = feedparser.parse((await site.get("/feed.atom", params={**query, "lang": "zh"})).content)
    assert feed.feed.title == "政策监测: 有什么变化 · 贵州省 · 加码 · 国家数据局 · ≥ 90d"


async def test_the_timeline_counts_and_has_days(site, monkeypatch):
    every = (await site.get("/api/v1/changes?limit=200")).json()["items"]
    page = (await site.get("/?lang=en")).text
    assert f"<strong>{len(every)} changes</strong>" in page
    days = re.findall(r'class="day"><h2><time datetime="([^"]*)"', page)
    assert days == sorted(set(days), reverse=True) != []
    monkeypatch.setattr("monitor.web.timeline.MAX_COUNT", 3)
    assert "<strong>3+ changes</strong>" in (await site.get("/?lang=en&kind=added,dropped")).text
    monkeypatch.setattr("monitor.web.timeline._LOOKED_AT", 2)
    assert "<strong>2+ changes</strong>" in (await site.get("/?lang=en&region=贵州")).text


async def test_what_follows_repeats_no_day(site):
    items = (await site.get("/api/v1/changes?limit=200")).json()["items"]
    same = next(
        one["id"]
        for one, next_ in pairwise(items)
        if one["detected_at"][:10] == next_["detected_at"][:10]
    )
    first_heading = re.compile(r'\A\s*<li class="day">')
    part = await site.get(f"/?before={same}", headers={"hx-request": "true"})
    assert first_heading.search(part.text) is None
    other = await site.get(f"/?before={items[-1]['id'] + 1}")
    assert 'class="day"' in other.text


async def test_downloads_take_the_filter_and_nothing_private(site):
    some = (await site.get("/downloads/change_log.jsonl?region=贵州&kind=added")).text.splitlines()
    expected = (await site.get("/api/v1/changes?region=贵州&kind=added")).json()["items"]
    assert len(some) == len(expected) > 0
    refused = await site.get("/downloads/source_health.csv?since=90d&lang=en")
    assert (refused.status_code, "no time of their own" in refused.text) == (400, True)
    for view in PRIVATE_VIEWS:
        assert (await site.get(f"/downloads/{view}.csv")).status_code == 404
    page = (await site.get("/downloads?lang=en")).text
    assert all(view in page for view in PUBLIC_VIEWS)
    everything = (await site.get("/downloads/change_log.jsonl?all=1")).text.splitlines()
    assert f'<td class="number">{len(everything)}</td>' in page
    assert not any(view.value in page for view in PRIVATE_VIEWS)


async def test_two_downloads_run_at_once_and_places_are_given_back(site, monkeypatch):
    import threading

    from monitor.web import downloads

    monkeypatch.setattr(downloads, "_slots", threading.BoundedSemaphore(1))
    for _ in range(3):
        assert (await site.get("/downloads/region_summary.csv")).status_code == 200
    downloads._slots.acquire()
    refused = await site.get("/downloads/region_summary.csv")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
    assert (await site.head("/downloads/region_summary.csv")).status_code == 200


async def test_without_pyarrow_the_line_says_what_to_install(site, monkeypatch):
    monkeypatch.setattr("monitor.table_files.find_spec", lambda name: None)
    answer = await site.get("/downloads/change_log.parquet")
    assert (answer.status_code, "policy-monitor[parquet]" in answer.text) == (501, True)


async def test_pages_for_people_list_everything_in_both_languages(site):
    for language in ("zh", "en"):
        page = (await site.get(f"/api?lang={language}")).text
        assert all(f"{PREFIX}{one.path}" in page for one in operations(THEMES))
        assert "change_log.csv" in (await site.get(f"/downloads?lang={language}")).text
