"""The log follows from the stored bytes, and what does not follow is found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from test_visits import OLDER, PLAN, REPORT, TITLE, baseline, published, watching

from monitor.ingest.audit import verify_snapshot
from monitor.ingest.removal import remove, restore
from monitor.parser_process import ParserProcess
from monitor.storage.provenance import snapshots_between
from monitor.storage.raw_bytes import delete_raw_bytes


@pytest.fixture
async def watch(tmp_path, database):
    address = database.url.render_as_string(hide_password=False)
    async with watching(tmp_path, database=address) as watch:
        yield watch


def verified(watch):
    """How many snapshots there are, and what was found wrong as (step, what)."""
    tools = watch.daemon.context
    sources = {source.id: source for source in watch.daemon.sources}
    now = watch.clock[0] + timedelta(days=1)
    with tools.database.read() as connection:
        ids = snapshots_between(connection, now - timedelta(days=400), now)
        found = [
            (item.step, item.what)
            for snapshot_id in ids
            for item in verify_snapshot(
                connection,
                snapshot_id,
                sources=sources,
                topics=tools.topics,
                parser=ParserProcess(),
            )
        ]
    return len(ids), found


def tamper(watch, *statements):
    """What somebody with the database's password might do."""
    with watch.daemon.context.database.engine.execution_options(writing=True).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


async def two_years_and_an_edit(watch):
    await published(watch)
    watch.put([line.replace("突破2万P", "突破3万P") for line in PLAN])
    await watch.round(10)


async def test_history_series_and_revisions_follow_from_the_bytes(watch):
    await two_years_and_an_edit(watch)
    assert verified(watch) == (3, [])


async def test_an_older_report_that_came_later_follows_too(watch):
    watch.put()
    watch.list(REPORT)
    await watch.round(20)
    watch.put(
        [line.replace("2026年", "2025年").replace("2万P", "1万P") for line in PLAN[:-1]], OLDER
    )
    watch.list(REPORT, OLDER)
    await watch.round(5)
    assert watch.sql("SELECT COUNT(*) FROM change_log WHERE basis = 'succession'")[0][0] > 0
    assert verified(watch) == (2, [])


async def test_bytes_that_were_let_go_leave_the_log_standing(watch):
    await two_years_and_an_edit(watch)
    with watch.daemon.context.database.write() as connection:
        # The first page of the site stays: later ones are packed against it.
        assert delete_raw_bytes(connection, watch.clock[0] - timedelta(days=5)) == 1
        assert delete_raw_bytes(connection, watch.clock[0] - timedelta(days=5)) == 0
    assert verified(watch) == (3, [])
    watch.put([line.replace("突破2万P", "突破4万P") for line in PLAN])
    report = await watch.round(10)
    assert [change.kind for change in report.changes] == ["strengthened"]


async def test_a_page_that_comes_back_after_its_bytes_were_let_go_is_kept_again(watch):
    await two_years_and_an_edit(watch)
    with watch.daemon.context.database.write() as connection:
        delete_raw_bytes(connection, watch.clock[0] + timedelta(days=5))
    watch.put()
    await watch.round(10)
    kept = watch.sql("SELECT COUNT(*) FROM blob WHERE codec <> 'gone'")
    assert kept == [(1,)]
    assert verified(watch) == (4, [])


async def test_statements_of_before_they_had_names_still_follow(watch):
    await two_years_and_an_edit(watch)
    if watch.daemon.context.database.is_sqlite:
        triggers = watch.sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'statement'"
        )
        tamper(watch, *(f"DROP TRIGGER {name}" for (name,) in triggers))
    else:
        tamper(watch, "ALTER TABLE statement DISABLE TRIGGER ALL")
    assert watch.sql("SELECT DISTINCT source_name FROM statement") == [("青海省人民政府",)]
    tamper(watch, "UPDATE statement SET source_name = NULL")
    assert verified(watch) == (3, [])


async def test_what_was_altered_is_found(watch):
    await two_years_and_an_edit(watch)
    sqlite = watch.daemon.context.database.is_sqlite
    guarded = {
        "snapshot_text": "UPDATE snapshot_text SET text = (SELECT text FROM snapshot_text"
        " WHERE snapshot_id = 1) WHERE snapshot_id = 2"
    }
    for table, statement in guarded.items():
        with pytest.raises(Exception, match="append-only"):
            tamper(watch, statement)
        if sqlite:
            names = watch.sql(
                f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'"
            )
            tamper(watch, *(f"DROP TRIGGER {name}" for (name,) in names), statement)
        else:
            tamper(watch, f"ALTER TABLE {table} DISABLE TRIGGER ALL", statement)
    tamper(watch, "UPDATE blob SET body = (SELECT body FROM blob ORDER BY stored_at LIMIT 1)")
    count, found = verified(watch)
    assert count == 3
    steps = [step for step, _ in found]
    assert steps.count("bytes") == 2
    assert ("text", "the stored text is not the one that was read") in found


async def test_a_line_that_is_missing_from_the_log_is_found(watch):
    await two_years_and_an_edit(watch)
    wanted = watch.sql("SELECT id FROM change WHERE basis = 'revision' LIMIT 1")[0][0]
    if watch.daemon.context.database.is_sqlite:
        names = watch.sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        tamper(watch, *(f"DROP TRIGGER {name}" for (name,) in names))
    else:
        tamper(
            watch,
            "ALTER TABLE change DISABLE TRIGGER ALL",
            "ALTER TABLE delta DISABLE TRIGGER ALL",
        )
    tamper(
        watch,
        f"DELETE FROM alert_change WHERE change_id = {wanted}",
        f"DELETE FROM delta WHERE change_id = {wanted}",
        f"DELETE FROM change WHERE id = {wanted}",
    )
    assert verified(watch) == (3, [("log", "1 changes are not in the log, 0 of 0 do not follow")])


async def test_another_title_is_no_finding(watch):
    await baseline(watch)
    watch.put(title=TITLE)
    assert verified(watch)[1] == []


ONE_PAGE = """
builtin: false
sources:
  - {id: page, name: 通知, region: 青海省, document_kind: news, pages: '{base}/notice.html',
     page_interval: 1d, allow_private: true}
""".replace("{id", "{{id").replace("true}", "true}}")


@pytest.mark.parametrize("days", [("2026-01-08", ""), ("", "2026-01-08")], ids=["lost", "found"])
async def test_a_page_that_names_its_day_at_one_visit_only(tmp_path, days):
    async with watching(tmp_path, catalogue=ONE_PAGE) as watch:
        for day, homes in zip(days, ("30", "40"), strict=True):
            lines = [
                "省大数据局印发通知。",
                f"今年将建成人工智能训练场{homes}家，年底前投用算力服务平台2个。" * 3,
                f"发布时间：{day}" if day else "",
            ]
            watch.web.html("/notice.html", "关于算力服务的通知", lines)
            await watch.round(5)
        assert {row[0] for row in watch.sql("SELECT kind FROM change_log")} == {"strengthened"}
        assert verified(watch) == (2, [])


async def test_what_a_page_showed_while_its_document_was_removed_is_compared_with_it(tmp_path):
    async with watching(tmp_path, catalogue=ONE_PAGE) as watch:
        database = watch.daemon.context.database
        for action, homes in ((remove, "30"), (restore, "40"), (None, "40")):
            others = [f"第{n}项工作由有关部门负责，年底前完成验收。" for n in range(20)]
            lines = ["省大数据局印发通知。", f"今年将建成人工智能训练场{homes}家。", *others]
            watch.web.html("/notice.html", "关于算力服务的通知", lines)
            await watch.round(5)
            if action is not None:
                with database.write() as connection:
                    action(connection, 1, reason="", now=watch.clock[0])
        assert {row[0] for row in watch.sql("SELECT kind FROM change_log")} == {"strengthened"}
