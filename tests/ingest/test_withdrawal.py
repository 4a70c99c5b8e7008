"""A report that leaves the web is told once, when that is sure, and once when it is back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from test_visits import OLDER, PLAN, REPORT, published, watching
from typer.testing import CliRunner
from web import Page

from monitor.cli.app import app
from monitor.ingest.audit import verify_snapshot
from monitor.model.documents import Outcome
from monitor.storage.provenance import snapshots_between

LOG = "SELECT kind, COUNT(*) FROM change_log WHERE basis = 'withdrawal' GROUP BY kind ORDER BY kind"
WITHDRAWN = "SELECT withdrawn_documents FROM source_health"


@pytest.fixture
async def watch(tmp_path):
    async with watching(tmp_path) as watch:
        await published(watch)
        watch.channel.sent.clear()
        yield watch


@pytest.fixture
async def any_watch(tmp_path, database):
    """On each kind of database."""
    address = database.url.render_as_string(hide_password=False)
    async with watching(tmp_path, database=address) as watch:
        await published(watch)
        watch.channel.sent.clear()
        yield watch


def remove(watch, path=REPORT, body=b"<html>404</html>", status=404):
    watch.web.pages[path] = Page(body, status)


def findings(watch):
    now = watch.clock[0]
    context = watch.daemon.context
    sources = {source.id: source for source in watch.daemon.sources}
    with context.database.read() as connection:
        return [
            finding
            for number in snapshots_between(
                connection, now - timedelta(days=900), now + timedelta(1)
            )
            for finding in verify_snapshot(
                connection, number, sources=sources, topics=context.topics, parser=context.parser
            )
            if finding.step == "log"
        ]


async def test_a_report_that_stays_gone_is_told_once_and_once_when_it_is_back(any_watch):
    watch = any_watch
    page = watch.web.pages[REPORT]
    remove(watch)
    await watch.round(1.5)
    assert watch.sql(LOG) == []
    for _ in range(6):
        await watch.round(1.5)
    ((kind, count),) = watch.sql(LOG)
    assert kind == "dropped"
    assert count >= 3
    assert watch.sql(WITHDRAWN) == [(1,)]
    ((current, withdrawn),) = watch.sql(
        "SELECT COUNT(*), COUNT(withdrawn_at) FROM commitments_current WHERE year = 2026"
    )
    assert current == withdrawn == count
    (call,) = watch.channel.sent
    assert "原文撤下" in call.message.text
    assert watch.sql("SELECT outcome FROM provenance WHERE status = 404") == [("gone",)]
    address = watch.daemon.context.database.url.render_as_string(hide_password=False)
    wanted = ["--basis", "withdrawal", "--format", "csv", "--database", address]
    listed = CliRunner().invoke(app, ["changes", *wanted])
    assert listed.stdout.count("page withdrawn") == count
    watch.web.pages[REPORT] = page
    for _ in range(6):
        await watch.round(8)
    assert watch.sql(LOG) == [("added", count), ("dropped", count)]
    assert watch.sql(WITHDRAWN) == [(0,)]
    assert len(watch.channel.sent) == 2
    assert "原文恢复" in watch.channel.sent[1].message.text
    assert findings(watch) == []


async def test_a_page_that_is_gone_for_one_visit_is_told_nobody(watch):
    page = watch.web.pages[REPORT]
    for _ in range(4):
        remove(watch)
        await watch.round(1.5)
        watch.web.pages[REPORT] = page
        await watch.round(1.5)
    assert watch.sql(LOG) == []


async def test_a_redirect_to_the_home_page_is_doubted_for_a_week(watch):
    watch.web.pages["/"] = Page("<html><title>门户</title><p>首页</p>".encode())
    watch.web.pages[REPORT] = Page(b"", 302, headers={"location": "/"})
    for _ in range(4):
        await watch.round(1.5)
    outcomes = watch.sql(f"SELECT last_outcome FROM frontier_entry WHERE url LIKE '%{REPORT}'")
    assert outcomes == [(Outcome.MOVED,)]
    assert watch.sql(LOG) == []
    for _ in range(4):
        await watch.round(2)
    assert [kind for kind, _ in watch.sql(LOG)] == ["dropped"]


async def test_a_notice_with_status_200_withdraws_nothing(watch):
    said = "<html><title>404</title><p>您访问的页面不存在</p></html>"
    remove(watch, body=said.encode(), status=200)
    for _ in range(6):
        await watch.round(3)
    outcomes = watch.sql(f"SELECT last_outcome FROM frontier_entry WHERE url LIKE '%{REPORT}'")
    assert outcomes == [(Outcome.GONE,)]
    assert watch.sql(LOG) == []


async def test_a_host_that_answers_404_to_everything_withdraws_nothing(watch):
    for path in list(watch.web.pages):
        remove(watch, path)
    for _ in range(12):
        await watch.round(1.5)
    assert watch.sql(LOG) == []


async def test_a_site_that_is_rebuilt_without_its_old_pages_withdraws_nothing(watch):
    for path in (REPORT, OLDER):
        remove(watch, path)
    for _ in range(12):
        await watch.round(1.5)
    assert watch.sql(LOG) == []


async def test_a_withdrawn_report_is_back_at_another_address(watch):
    page = watch.web.pages[REPORT]
    remove(watch)
    for _ in range(7):
        await watch.round(1.5)
    ((_, count),) = watch.sql(LOG)
    moved = "/zfgzbg/202602/t20260201_7.html"
    watch.web.pages[moved] = page
    watch.list(moved, OLDER)
    for _ in range(3):
        await watch.round(1.5)
    assert watch.sql(LOG) == [("added", count), ("dropped", count)]
    assert watch.sql(WITHDRAWN) == [(0,)]
    assert findings(watch) == []


async def test_a_withdrawn_report_that_comes_back_short_is_not_back_until_that_is_believed(watch):
    remove(watch)
    for _ in range(7):
        await watch.round(1.5)
    watch.put([*PLAN[:3], "打造绿色算力基地，智算规模突破2万P。"])
    await watch.round(8)
    assert [kind for kind, _ in watch.sql(LOG)] == ["dropped"]
    assert watch.sql(WITHDRAWN) == [(1,)]
    watch.put()
    await watch.round(8)
    assert [kind for kind, _ in watch.sql(LOG)] == ["added", "dropped"]
    assert watch.sql("SELECT COUNT(*) FROM change_log WHERE basis = 'revision'") == [(0,)]


async def test_a_report_that_moved_is_not_withdrawn(watch):
    page = watch.web.pages[REPORT]
    moved = "/zfgzbg/202602/t20260201_7.html"
    remove(watch)
    watch.web.pages[moved] = page
    watch.list(moved, OLDER)
    for _ in range(8):
        await watch.round(1.5)
    assert watch.sql(LOG) == []


async def test_a_report_that_has_a_successor_is_not_told(watch):
    remove(watch, OLDER)
    for _ in range(8):
        await watch.round(1.5)
    assert watch.sql(LOG) == []


async def test_a_report_that_is_back_with_an_edit_tells_the_edit_too(watch):
    remove(watch)
    for _ in range(6):
        await watch.round(1.5)
    watch.put([line.replace("行业大模型5个", "行业大模型9个") for line in PLAN])
    for _ in range(3):
        await watch.round(8)
    edits = watch.sql("SELECT kind FROM change_log WHERE basis = 'revision' AND kind <> 'added'")
    assert edits == [("strengthened",)]
    (added, dropped) = watch.sql(LOG)
    assert added[1] == dropped[1] - 1
    assert findings(watch) == []


async def test_a_rule_may_leave_withdrawals_out(tmp_path):
    rules = "rules:\n  - {id: all, name: 全部, basis: [revision, succession], then: {chats: [7]}}\n"
    async with watching(tmp_path, rules=rules) as watch:
        await published(watch)
        watch.channel.sent.clear()
        remove(watch)
        for _ in range(6):
            await watch.round(1.5)
        assert watch.sql(LOG) != []
        assert watch.channel.sent == []
