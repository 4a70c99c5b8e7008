"""A server that calls a list or page unchanged is believed for a while, not for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from test_visits import LIST, OLDER, PLAN, REPORT, baseline, watching
from web import Page

from monitor.ingest.policy import RevalidationPolicy
from monitor.ingest.schedule import needs_body

NOW = datetime(2026, 5, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
FROZEN = '"never-changes"'


@pytest.fixture
async def watch(tmp_path):
    async with watching(tmp_path) as watch:
        yield watch


@pytest.mark.parametrize(
    ("read_at", "wanted"),
    [
        (None, True),
        (NOW, False),
        (NOW - WEEK + timedelta(seconds=1), False),
        (NOW - WEEK, True),
        # The clock was wrong then.
        (NOW + timedelta(days=365), True),
    ],
)
def test_when_the_body_itself_is_wanted(read_at, wanted):
    assert needs_body(read_at, now=NOW, interval=WEEK) is wanted


def freeze(watch, path):
    page = watch.web.pages[path]
    watch.web.pages[path] = Page(page.body, headers={**page.headers, "ETag": FROZEN})


async def test_a_list_whose_etag_is_frozen_shows_its_new_report_after_a_week(watch):
    await baseline(watch)
    freeze(watch, LIST)
    await watch.round()
    watch.put()
    watch.list(REPORT, OLDER)
    freeze(watch, LIST)
    seen = []
    for _ in range(9):
        report = await watch.round(1)
        seen.append(report.new_addresses)
    assert seen.count(1) == 1
    assert seen.index(1) == 6
    assert watch.sql("SELECT COUNT(*) FROM change_log WHERE kind = 'strengthened'") != [(0,)]


async def test_a_page_whose_etag_is_frozen_shows_its_edit_after_a_month(watch):
    await baseline(watch)
    watch.put()
    watch.list(REPORT, OLDER)
    await watch.round(1)
    freeze(watch, REPORT)
    watch.put([line.replace("行业大模型5个", "行业大模型6个") for line in PLAN])
    freeze(watch, REPORT)
    await watch.round(1.5)
    edited = "SELECT COUNT(*) FROM change_log WHERE basis = 'revision' AND after_text LIKE '%6个%'"
    assert watch.sql(edited) == [(1,)]
    watch.put([line.replace("行业大模型5个", "行业大模型9个") for line in PLAN])
    freeze(watch, REPORT)
    days = 0
    while watch.sql(edited.replace("6个", "9个")) == [(0,)]:
        await watch.round(1.5)
        days += 1.5
        assert days < 40
    assert days >= 28


async def test_an_unchanged_page_is_asked_for_with_validators_in_between(watch):
    await baseline(watch)
    freeze(watch, OLDER)
    await watch.round(8)
    bodies = []
    for _ in range(12):
        await watch.round(8)
        (row,) = watch.sql("SELECT last_status, last_outcome FROM frontier_entry")
        bodies.append(tuple(row))
    assert set(bodies) == {(304, "not_modified"), (200, "not_modified")}
    assert bodies.count((200, "not_modified")) == 3


async def test_validators_that_no_header_can_carry_are_forgotten(watch):
    await baseline(watch)
    strange = '"报告-v1"'.encode().decode("latin-1")
    for path in (LIST, OLDER):
        page = watch.web.pages[path]
        watch.web.pages[path] = Page(page.body, headers={**page.headers, "ETag": strange})
    for _ in range(3):
        report = await watch.round(8)
        assert report.outcome.value in {"ok", "not_modified"}
    assert watch.sql("SELECT etag FROM frontier_entry UNION SELECT etag FROM list_page") == [
        (None,)
    ]


async def test_validators_stored_by_an_older_release_are_not_sent_if_they_cannot_be(watch):
    await baseline(watch)
    with watch.daemon.context.database.write() as connection:
        for table in ("frontier_entry", "list_page"):
            connection.exec_driver_sql(f"UPDATE {table} SET etag = 'Ã©'")
    assert (await watch.round(3)).outcome.value == "ok"


async def test_how_long_not_modified_is_believed_is_a_setting(watch):
    context = replace(
        watch.daemon.context, revalidation=RevalidationPolicy(timedelta(days=1), timedelta(days=1))
    )
    watch.daemon = replace(watch.daemon, context=context)
    await baseline(watch)
    freeze(watch, LIST)
    freeze(watch, OLDER)
    await watch.round(8)
    await watch.round(8)
    statuses = watch.sql(
        "SELECT last_status FROM frontier_entry UNION SELECT last_status FROM list_page"
    )
    assert statuses == [(200,)]
