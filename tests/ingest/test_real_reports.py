"""The whole way on real texts: served over HTTP, found, compared, matched, sent, once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from fresh_database import fresh_sqlite
from rich.console import Console
from sqlalchemy import text
from telegram_api import TOKEN, bot_api
from web import Web

from monitor.app import open_app
from monitor.config.settings import CrawlSettings, Settings, TelegramSettings
from monitor.daemon.once import run_once

CHAT = 4711
SUMMER = datetime(2026, 8, 1, tzinfo=UTC)

RULES = f"""
rules:
  - id: guizhou-compute
    name: 贵州算力
    regions: [贵州]
    themes: [compute]
    targets: {{unit: Eflops}}
    then: {{chats: [{CHAT}]}}
"""


def serve_corpus(web, corpus):
    """Each text as an HTML page, with a list page for each; the catalogue that watches them."""
    entries = []
    for line in (corpus / "index.jsonl").read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        name = item["file"].removesuffix(".txt")
        lines = (corpus / item["file"]).read_text(encoding="utf-8").splitlines()
        web.html(f"/{name}.html", item["title"], lines, etag=f'"{name}"')
        web.links(f"/{name}/", [(f"/{name}.html", item["title"], item["published"] or "")])
        press = item["kind"] == "press"
        entries.append(
            f"  - id: corpus-{name.replace('_', '-')}\n"
            f"    name: {item['title']}\n"
            f"    lists: ['{web.base}/{name}/']\n"
            f"    allow_private: true\n"
            f"    baseline: false\n"
            + (
                "    speaker: media\n    document_kind: news\n"
                if press
                else f"    region: {item['region']}\n    document_kind: report\n"
            )
        )
    return "builtin: false\nsources:\n" + "".join(entries), len(entries)


@pytest.fixture
def watched(shared, tmp_path):
    with Web() as web, bot_api() as api:
        api.add_chat(CHAT, "分析师")
        catalogue, count = serve_corpus(web, shared / "corpus")
        (tmp_path / "catalogue.yaml").write_text(catalogue, encoding="utf-8")
        (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
        settings = Settings.model_construct(
            database=fresh_sqlite(tmp_path / "m.db"),
            catalogue=(tmp_path / "catalogue.yaml",),
            rules=(tmp_path / "rules.yaml",),
            crawl=CrawlSettings(min_delay=0.0),
            telegram=TelegramSettings(token=TOKEN, base_url=api.base_url),
        )
        yield web, api, settings, count


async def test_real_reports_reach_the_alert(watched):
    web, api, settings, count = watched
    clock = [SUMMER]
    async with open_app(settings, console=Console(quiet=True), now=lambda: clock[0]) as daemon:
        reports = await run_once(daemon)
        assert len(reports) == count
        assert {report.outcome.value for report in reports} == {"ok"}
        with daemon.context.database.read() as connection:
            rows = connection.execute(
                text(
                    "SELECT s.label, s.region, s.year, t.op, t.value, t.unit FROM statement s "
                    "JOIN target t ON t.statement_id = s.id "
                    "WHERE s.region = '贵州省' AND s.text LIKE :words"
                ),
                {"words": "%全省算力规模突破%"},
            ).all()
            assert ("commitment", "贵州省", 2026, "at_least", 190, "Eflops") in rows
            assert ("achievement", "贵州省", 2025, "at_least", 160, "Eflops") in rows
            assert len(rows) == 2
            kinds = dict(
                connection.execute(
                    text("SELECT basis, COUNT(*) FROM change_log GROUP BY basis")
                ).all()
            )
            # The State Council's reports of 2024 and 2025 are a series; all else is new.
            assert kinds["succession"] >= 3
            logged = connection.execute(text("SELECT COUNT(*) FROM change_log")).scalar_one()
        (sent,) = api.sent(CHAT)
        assert "190 Eflops" in sent.text
        assert "160" not in sent.text

        # Hours later, nothing has changed: lists and pages are asked again.
        asked = len(web.asked)
        clock[0] += timedelta(days=8)
        again = await run_once(daemon)
        assert len(again) == count
        assert len(web.asked) > asked + count
        assert sum(len(report.changes) for report in again) == 0
        with daemon.context.database.read() as connection:
            assert (
                connection.execute(text("SELECT COUNT(*) FROM change_log")).scalar_one() == logged
            )
            assert connection.execute(
                text("SELECT state, COUNT(*) FROM alert_log GROUP BY state")
            ).all() == [("sent", 1)]
        assert len(api.sent(CHAT)) == 1

    # A fresh process over the same database sends nothing either.
    clock[0] += timedelta(days=8)
    async with open_app(settings, console=Console(quiet=True), now=lambda: clock[0]) as daemon:
        await run_once(daemon)
    assert len(api.sent(CHAT)) == 1
