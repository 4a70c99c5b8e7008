"""Sources that fail, turn quiet and recover: each transition is stored once and reported once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fresh_database import fresh_sqlite
from rich.console import Console
from sqlalchemy import text

from monitor.app import open_app
from monitor.channels.fake import FakeChannel
from monitor.config.settings import CrawlSettings, Settings, TelegramSettings
from monitor.daemon.once import run_once
from monitor.fetching.fake import FakeFetcher, FakePage
from monitor.ingest.context import next_health
from monitor.ingest.policy import HealthPolicy
from monitor.model.documents import Health

START = datetime(2026, 1, 5, tzinfo=UTC)
OPERATORS = (9001, 9002)
BASE = "http://127.0.0.1:1"
NAMES = ("beijing", "tianjin", "hebei", "shanxi")


def after(was, *, healthy=True, failures=0, silent=0.0, others=1.0, policy=None):
    return next_health(
        was,
        healthy=healthy,
        failures=failures,
        last_new_at=START - timedelta(days=silent),
        now=START,
        policy=policy or HealthPolicy(failures=3, quiet=timedelta(days=30)),
        share_with_news=lambda: others,
    )


@pytest.mark.parametrize(
    ("was", "visit", "now"),
    [
        (Health.OK, {"healthy": False, "failures": 2}, Health.OK),
        (Health.OK, {"healthy": False, "failures": 3}, Health.FAILING),
        (Health.FAILING, {"healthy": False, "failures": 9}, Health.FAILING),
        (Health.FAILING, {}, Health.OK),
        (Health.OK, {"silent": 31}, Health.QUIET),
        # Everybody is silent: it is the season, not the source.
        (Health.OK, {"silent": 31, "others": 0.2}, Health.OK),
        (Health.QUIET, {"silent": 60, "others": 0.2}, Health.QUIET),
        (Health.QUIET, {"silent": 1}, Health.OK),
        (Health.QUIET, {"healthy": False, "failures": 1, "silent": 40}, Health.QUIET),
        (Health.QUIET, {"healthy": False, "failures": 3, "silent": 40}, Health.FAILING),
    ],
)
def test_how_a_source_is_after_a_visit(was, visit, now):
    assert after(was, **visit) is now


def catalogue():
    entries = "".join(
        f"  - {{id: {name}, name: {name}, document_kind: news, lists: ['{BASE}/{name}/'], "
        "list_interval: 12h, allow_private: true}\n"
        for name in NAMES
    )
    return f"builtin: false\nsources:\n{entries}"


def listing(name, count):
    rows = "".join(f'<li><a href="/{name}/t{n}.html">第{n}条消息</a></li>' for n in range(count))
    return f"<html><meta charset=utf-8><ul>{rows}</ul></html>"


async def test_operators_get_one_notice_for_each_health_event(tmp_path):
    (tmp_path / "c.yaml").write_text(catalogue(), encoding="utf-8")
    (tmp_path / "r.yaml").write_text("rules: []\n", encoding="utf-8")
    clock = [START]
    site = FakeFetcher(now=lambda: clock[0])
    channel = FakeChannel()
    settings = Settings.model_construct(
        database=fresh_sqlite(tmp_path / "m.db"),
        catalogue=(tmp_path / "c.yaml",),
        rules=(tmp_path / "r.yaml",),
        crawl=CrawlSettings(min_delay=0.0),
        telegram=TelegramSettings(token="1:never-used", operators=OPERATORS),
    )
    async with open_app(
        settings,
        console=Console(quiet=True),
        fetcher=site,
        channel=channel,
        now=lambda: clock[0],
    ) as daemon:
        seen = []
        for day in range(50):
            clock[0] = START + timedelta(hours=25) * day
            for position, name in enumerate(NAMES):
                # One of four has nothing new after its first week, until the end.
                count = day if position or day < 7 else 7 + (day > 47)
                site.pages[f"{BASE}/{name}/"] = listing(name, 1 + count)
                for number in range(count + 1):
                    story = "<p>这是一条没有要点的消息，只为了有内容。</p>"
                    site.pages[f"{BASE}/{name}/t{number}.html"] = f"<html>{story}第{number}条"
            if 10 <= day < 13:
                site.pages[f"{BASE}/tianjin/"] = FakePage(status=412)
            await run_once(daemon)
            notices = [(call.chat_id, call.message.text) for call in channel.sent]
            seen.append(len(notices))
        with daemon.context.database.read() as connection:
            transitions = connection.execute(
                text(
                    "SELECT source_id, was, health FROM source_health_events ORDER BY at, event_id"
                )
            ).all()
            health = dict(
                connection.execute(text("SELECT source_id, health FROM source_health")).all()
            )
    assert [tuple(turn) for turn in transitions] == [
        ("tianjin", "ok", "failing"),
        ("tianjin", "failing", "ok"),
        ("beijing", "ok", "quiet"),
        ("beijing", "quiet", "ok"),
    ]
    assert set(health.values()) == {"ok"}
    assert sorted({chat for chat, _ in notices}) == sorted(OPERATORS)
    assert len(notices) == len(transitions) * len(OPERATORS)
    mine = [words for chat, words in notices if chat == OPERATORS[0]]
    assert "HTTP 412" in mine[0]
    assert "连续几次访问失败" in mine[0]
    assert "恢复正常" in mine[1]
    assert "久未出新内容" in mine[2]
