"""The map, the page of a region and that of a metric, on a small history; and the charts."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

import httpx
import pytest
from fresh_database import fresh_sqlite
from small_history import GANSU, GUIZHOU, write_history

from monitor.rate_limiter import RateLimiter
from monitor.storage.engine import Database
from monitor.web.app import build_site
from monitor.web.charts import Series, Value, log_ticks, plot, round_ticks, spread
from monitor.web.metric_years import provinces
from monitor.web.province_map import PLACES
from monitor.web.security import Access
from monitor.web.site import Site


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    folder: Path = tmp_path_factory.mktemp("map")
    database = Database(fresh_sqlite(folder / "history.db"))
    write_history(database)
    limiter = RateLimiter(burst=1_000, refill=0.001)
    yield build_site(Site(database, ZoneInfo("Asia/Shanghai")), Access(), limiter=limiter)
    database.close()


def get(app: object, address: str, **query: str | int | list[str]) -> httpx.Response:
    """An answer, in Chinese."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(address, params=query or None)

    return asyncio.run(asked())


def test_each_province_has_a_tile_of_its_own() -> None:
    assert set(PLACES) == set(provinces())
    assert len(set(PLACES.values())) == len(PLACES) == 31


def test_the_map_shows_numbers_and_what_is_unknown(app: object) -> None:
    page = get(app, "/map", metric="算力 (P)", year=2025).text
    assert 'aria-label="贵州省: 9万P"' in page
    assert 'aria-label="西藏自治区: 没有数据"' in page
    later = get(app, "/map", show="strengthened", year=2025).text
    assert 'aria-label="贵州省: 2"' in later


def test_a_count_is_zero_only_where_there_is_something_to_count(app: object) -> None:
    page = get(app, "/map", show="weakened", year=2025).text
    assert 'aria-label="贵州省: 0"' in page
    assert 'aria-label="西藏自治区: 没有数据"' in page
    first = get(app, "/map", show="weakened", year=2024).text
    assert 'aria-label="贵州省: 没有数据"' in first


def test_a_region_has_its_numbers_and_commitments(app: object) -> None:
    for name in ("贵州", "Guizhou", "黔"):
        answer = get(app, f"/regions/{quote(name)}")
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/regions/{quote(GUIZHOU)}"
    page = get(app, f"/regions/{quote(GUIZHOU)}").text
    assert "算力" in page
    assert "9万P" in page
    assert "/commitments/" in page
    assert "/changes/" in page
    assert get(app, f"/regions/{quote('遵义市')}").status_code == 200
    assert get(app, "/regions/nowhere").status_code == 404


def test_all_commitments_of_a_region_are_listed_page_by_page(
    app: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/regions/{quote(GUIZHOU)}"
    everything = re.findall(r'href="/commitments/(\d+)" lang', get(app, address).text)
    monkeypatch.setattr("monitor.web.region._COMMITMENTS", 2)
    found: list[str] = []
    following: str | None = address
    while following is not None:
        page = get(app, following).text
        found += re.findall(r'href="/commitments/(\d+)" lang', page)
        more = re.search(r'href="([^"]+)#in-force" data-key="m"', page)
        following = more and unquote(more[1])
    assert len(found) > 2
    assert sorted(found) == sorted(everything)
    assert get(app, f"{address}?after=2026").status_code == 400


def test_a_metric_over_the_years_of_several_regions(app: object) -> None:
    page = get(app, "/metrics", metric="算力", region=["贵州", "甘肃"]).text
    assert "贵州 2025 承诺 9万P" in page
    statement = page.partition('hx-get="/metrics/sentence/')[2].partition('"')[0]
    assert "算力" in get(app, f"/metrics/sentence/{statement}").text
    assert get(app, f"/commitments/{statement}").status_code in {200, 303}
    assert get(app, "/metrics/sentence/999999").status_code == 404


def test_the_csv_is_the_selection(app: object) -> None:
    answer = get(app, "/metrics.csv", metric="算力 (P)", region="贵州", since=2025)
    plain, _, encoded = answer.headers["content-disposition"].partition("; filename*=")
    assert plain == 'attachment; filename="metrics_Guizhou_2025.csv"'
    assert "%E8%B4%B5%E5%B7%9E%E7%9C%81" in encoded
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["region"] for row in rows} == {GUIZHOU}
    assert {int(row["year"]) for row in rows} <= {2025, 2026}
    assert rows[0]["promised"] == "90000.0"
    everywhere = get(app, "/metrics.csv", metric="算力 (P)").text
    assert GANSU in everywhere or GUIZHOU in everywhere


@pytest.mark.parametrize(
    ("address", "query"),
    [
        ("/map", {"show": "nothing"}),
        ("/map", {"side": "left"}),
        ("/map", {"year": "soon"}),
        ("/map", {"metric": "<script>"}),
        ("/metrics", {"region": "贵洲"}),
        ("/metrics.csv", {"since": "20255"}),
    ],
)
def test_a_wrong_address_is_told(app: object, address: str, query: dict[str, str]) -> None:
    answer = get(app, address, **query)
    assert answer.status_code == 400
    assert "<script>" not in answer.text


def test_an_empty_database_has_pages(tmp_path: Path) -> None:
    database = Database(fresh_sqlite(tmp_path / "empty.db"))
    site = build_site(Site(database, ZoneInfo("Asia/Shanghai")), Access())
    for address in ("/map", "/map?show=met", "/metrics", f"/regions/{quote(GUIZHOU)}"):
        assert get(site, address).status_code == 200
    assert get(site, "/metrics.csv").status_code == 404
    database.close()


def test_ticks_are_round_and_hold_the_values() -> None:
    assert round_ticks(3, 190) == [0, 50, 100, 150, 200]
    assert round_ticks(0, 0) == [0, 0.25, 0.5, 0.75, 1]
    close = round_ticks(1.2, 1.25)
    assert close[0] <= 1.2
    assert close[-1] >= 1.25
    assert log_ticks(3, 4000) == [1, 10, 100, 1000, 10000]


def test_labels_keep_apart() -> None:
    placed = sorted(spread([100, 101, 102, 290, 295], low=20, high=300))
    assert all(after - before >= 15 for before, after in pairwise(placed))
    assert placed[-1] <= 300


def series(*numbers: float, group: int = 0) -> Series:
    """Numbers of the years from 2020 on."""
    values = (
        Value(2020 + place, number, None, str(number), str(number))
        for place, number in enumerate(numbers)
    )
    return Series(f"group {group}", tuple(values), group=group)


def test_a_chart_is_logarithmic_where_values_are_far_apart() -> None:
    near, far = (
        plot([series(*numbers)], shown="{:.0f}".format) for numbers in ((10, 90), (10, 9000))
    )
    assert near is not None
    assert not near.is_log
    assert far is not None
    assert far.is_log
    assert plot([series(), series(float("nan"))], shown=str) is None


def test_several_groups_are_named_and_their_numbers_lie_in_the_chart() -> None:
    found = plot([series(5, 7, 9), series(5, 7, 9, group=1)], shown=str)
    assert found is not None
    assert [one.text for one in found.names] == ["group 0", "group 1"]
    for line in found.lines:
        for point in line.points:
            assert found.left <= point.x <= found.right
            assert 0 <= point.y <= found.bottom
