"""The pages of fulfilment, of sources and of rules, on a small history."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from fresh_database import fresh_sqlite
from small_history import GUIZHOU, TODAY, write_history
from sqlalchemy import insert

from monitor.model.documents import Health, Outcome
from monitor.rate_limiter import RateLimiter
from monitor.rules.model import RuleVocabulary
from monitor.storage.base import update_row
from monitor.storage.engine import Database
from monitor.storage.source_health import record_transition
from monitor.storage.tables import recipient_table, source_table, subscription_table
from monitor.web.app import build_site
from monitor.web.rules import MAX_BYTES, as_file
from monitor.web.security import Access
from monitor.web.site import Site
from monitor.yaml import parse_yaml

NOW = datetime(2026, 3, 8, 1, 0, tzinfo=UTC)
RULES = """\
rules:
  - id: computing
    name: 算力
    themes: [compute]
    kinds: [added, strengthened, weakened, dropped]
    then: {chats: [-1001234567890], channels: [desk]}
"""


class Browser:
    """Asks the application without a server."""

    def __init__(self, app: object) -> None:
        self._app = app

    def get(
        self,
        address: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)  # type: ignore[arg-type]
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", headers={"accept-language": "en"}
            ) as client:
                return await client.get(address, params=params, headers=headers)

        return asyncio.run(asked())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("rules")
    (found / "good.yaml").write_text(RULES, encoding="utf-8")
    (found / "broken.yaml").write_text(
        "rules:\n  - id: lost\n    name: x\n    regions: [贵洲]\n", encoding="utf-8"
    )
    return found


@pytest.fixture(scope="module")
def client(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    database = Database(fresh_sqlite(tmp_path_factory.mktemp("boards") / "history.db"))
    write_history(database)
    with database.write() as connection:
        connection.execute(
            insert(recipient_table).values(
                id=7, title="编辑部", added_at=TODAY, telegram_id=7, active=True
            )
        )
        connection.execute(
            insert(subscription_table).values(recipient_id=7, rule_id="computing", since=TODAY)
        )
        failed = {"last_visit_at": TODAY, "last_outcome": "blocked", "failures": 3}
        update_row(connection, source_table, "gov", **failed)
        record_transition(
            connection,
            "gov",
            Health.FAILING,
            outcome=Outcome.BLOCKED,
            reason="status 403 <script>",
            operators=(),
            now=TODAY - timedelta(days=3),
        )
        update_row(connection, source_table, "paper", paused_at=TODAY, pause_reason="网站改版")
    site = Site(
        database,
        zone=ZoneInfo("Asia/Shanghai"),
        themes=("compute", "models"),
        rules=(folder,),
        vocabulary=RuleVocabulary(themes=("compute", "models"), channels=("desk",)),
        now=lambda: NOW,
    )
    app = build_site(site, Access(), limiter=RateLimiter(burst=1_000, refill=0.001))
    yield Browser(app)
    database.close()


def seen(client: Browser, address: str, **query: str) -> str:
    """What a reader sees of a page, without markup."""
    answer = client.get(address, params=query or None)
    assert answer.status_code == 200, answer.text
    text = re.sub(r"<(title|q|/q)>", " ", answer.text.partition("<main")[2])
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def test_last_years_targets_stand_first(client: Browser) -> None:
    page = seen(client, "/fulfilment")
    answer = page.partition("Regions and years")[0]
    assert "due in 2025: which were met" in answer
    assert re.search(r"☑ 2 met", answer)
    assert "智能算力规模 30,000P ☑ 32,000P" in answer.replace("≥", "")
    assert "85 Eflops" not in answer


def test_a_cell_of_the_grid_opens_its_targets(client: Browser) -> None:
    page = client.get("/fulfilment").text
    cells = re.findall(r'class="cell" href="([^"]*)" aria-label="([^"]*)"', page)
    href = next(href for href, label in cells if label.startswith(f"{GUIZHOU} 2025:"))
    listed = seen(client, href.replace("&amp;", "&").partition("#")[0])
    assert (
        "☒ missed 贵州 Guizhou 算力规模 Due 2025 · Promised 90 Eflops · Reached 85 Eflops" in listed
    )
    assert "全省算力规模达到85Eflops" in listed


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"verdict": "met"}, 3),
        ({"verdict": "missed", "region": "贵州"}, 1),
        ({"verdict": "missed", "region": "甘肃"}, 0),
        ({"verdict": "met", "theme": "models"}, 1),
        ({"verdict": "met", "metric": "算力"}, 2),
    ],
)
def test_filters_of_targets(client: Browser, query: dict[str, str], count: int) -> None:
    page = client.get("/fulfilment", params=query).text
    assert page.count('<li class="target') == count


def test_targets_go_on_after_the_last_one(client: Browser) -> None:
    whole = client.get("/fulfilment?region=&verdict=pending").text
    ids = re.findall(r'<h3>.*?href="/commitments/(\d+)"', whole)
    assert len(ids) > 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("monitor.web.fulfilment.PAGE", 3)
        found: list[str] = []
        address = "/fulfilment?verdict=pending"
        while address:
            page = client.get(address).text
            found += re.findall(r'<h3>.*?href="/commitments/(\d+)"', page)
            more = re.search(r'class="more"><a href="([^"#]*)', page)
            address = more[1].replace("&amp;", "&") if more else ""
    assert found == ids


def test_silent_sources_stand_first(client: Browser) -> None:
    page = seen(client, "/sources")
    assert "○ silent 1 晚报 since 2025-09-01" in page
    board = page.partition("Next visit")[2]
    assert [board.index(name) for name in ("晚报", "政府门户", "晨报", "午报")] == sorted(
        board.index(name) for name in ("晚报", "政府门户", "晨报", "午报")
    )
    assert "3 visits in a row failed; the last one: the site blocked the visit" in board
    assert "paused since 2026-03-06, until somebody resumes it – 网站改版" in board


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"state": "quiet"}, ["晚报"]),
        ({"state": "failing"}, ["政府门户"]),
        ({"state": "paused"}, ["晨报"]),
        ({"words": "SILENT"}, ["晚报"]),
        ({"kind": "report"}, []),
    ],
)
def test_filters_of_sources(client: Browser, query: dict[str, str], names: list[str]) -> None:
    page = client.get("/sources", params=query).text
    assert re.findall(r'<th scope="row"><a [^>]*>([^<]*)', page) == names


def test_a_source_tells_what_broke(client: Browser) -> None:
    page = client.get("/sources/gov").text
    assert "status 403 &lt;script&gt;" in page
    assert 'class="s-failing"' in page
    assert "2026年贵州省政府工作报告" in page
    assert client.get("/sources/nobody").status_code == 404


def test_rules_are_shown_beside_a_broken_file(client: Browser) -> None:
    page = client.get("/rules").text
    text = seen(client, "/rules")
    assert "broken.yaml:4:15: unknown region &#39;贵洲&#39; – did you mean 贵州?" in page
    assert "算力 computing" in text
    assert "Themes compute Changes new, strengthened, weakened, dropped" in text
    assert "1 chats named in the file, 1 channels, 1 subscribers" in text
    assert "-1001234567890" not in page


def test_a_rule_is_tried_on_the_log_and_on_what_stands(client: Browser) -> None:
    rule = "- id: hubs\n  name: 枢纽\n  regions: [甘肃]\n  themes: [compute]\n"
    page = seen(client, "/rules", rule=rule, since="5y")
    assert re.search(r"It would have matched [1-9]\d* changes", page)
    assert re.search(r"[1-9]\d* commitments in force fit", page)
    assert "rules: - id: hubs" in page
    part = client.get("/rules", params={"rule": rule}, headers={"hx-request": "true"}).text
    assert "<html" not in part
    nothing = seen(client, "/rules", rule=rule.replace("甘肃", "西藏"), since="5y")
    assert re.search(r"fail first: region \d+", nothing)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("- id: x\n  name: y\n  themes: [comput]\n", "rule.yaml:3:12: unknown theme"),
        ("- id: x\n  name: y\n  regex: ['(']\n", "rule.yaml:3:11: no regular expression"),
        ("- id: x\n  name: y\n- id: z\n  name: y\n", "a second rule"),
        ("- id: x\n  name: " + "y" * MAX_BYTES, "bytes"),
        (f"- id: x\n  name: y\n  regex: [{', '.join(['算力.'] * 21)}]\n", "21 expressions"),
        ("- id: x\n  name: y\n  keywords: \x00\n", "control character"),
        ("sources: []", "rule.yaml:1:1"),
        ("- id: computing\n  name: y\n", "has a rule of this id"),
    ],
)
def test_mistakes_of_a_tried_rule(client: Browser, rule: str, told: str) -> None:
    page = client.get("/rules", params={"rule": rule}, headers={"hx-request": "true"})
    assert page.status_code == 200
    assert told in page.text


def test_a_tried_rule_opens_no_file_and_learns_no_channel(client: Browser) -> None:
    rule = "- id: x\n  name: y\n  then: {template: /etc/passwd, channels: [nope]}\n"
    page = client.get("/rules", params={"rule": rule}, headers={"hx-request": "true"}).text
    assert "It would have matched" in page
    assert "desk" not in page


@pytest.mark.parametrize(
    "text",
    [
        "id: x\nname: y\nkeywords:\n  any: [一, 二]\n",
        "- id: x\n  name: y\n",
        "rules:\n- id: x\n  name: y\n",
        "# 说明\nid: x\nname: |\n  y\n",
        "---\nid: x\nname: y\n",
    ],
)
def test_what_is_to_be_saved_is_a_rule_file(text: str) -> None:
    value = parse_yaml(text, Path("rule.yaml")).value
    if isinstance(value, dict) and "rules" in value:
        value = value["rules"]
    entry = value[0] if isinstance(value, list) else value
    assert parse_yaml(as_file(text, entry), Path("rule.yaml")).value == {"rules": [entry]}


@pytest.mark.parametrize(
    "address",
    [
        "/fulfilment?year=20255",
        "/fulfilment?verdict=kept",
        "/fulfilment?theme=compte",
        "/fulfilment?region=nowhere",
        "/fulfilment?after=1.x.2",
        "/sources?state=broken",
        "/sources?after=-1",
        "/rules?since=soon",
    ],
)
def test_a_wrong_address_is_told(client: Browser, address: str) -> None:
    assert client.get(address).status_code == 400


def test_pages_are_in_chinese_too(client: Browser) -> None:
    for address, title in (
        ("/fulfilment", "目标兑现"),
        ("/sources", "哪些来源沉默"),
        ("/sources/silent", "状况的变化"),
        ("/rules", "试一条规则"),
    ):
        assert title in client.get(address, headers={"accept-language": "zh-CN"}).text
