"""When the daemon visits a source: as the database says, whatever the clock does."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from opened_app import opened_app
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from monitor.app import check_token
from monitor.catalogue.loader import load_catalogue
from monitor.channels.fake import FakeChannel
from monitor.clock import utc_now
from monitor.config.settings import CrawlSettings
from monitor.daemon.due import due_sources, next_visit
from monitor.daemon.jobs import Every, TokenWatch, advance_jobs, schedule
from monitor.daemon.once import run_once
from monitor.daemon.retention import apply_retention
from monitor.daemon.visits import DueVisits
from monitor.errors import UserError
from monitor.fetching.fake import FakeFetcher, FakePage
from monitor.ingest import entries
from monitor.ingest.schedule import next_start, spread
from monitor.model.documents import Fetched, Outcome
from monitor.storage.engine import Database
from monitor.storage.frontier import VisitTimes, sync_sources
from monitor.storage.host_pauses import save_host_pause
from monitor.storage.retention import RetentionPeriods, delete_expired
from monitor.storage.sources import claim_visit, pause_source, resume_source

HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)
NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)
HUNAN = load_catalogue()["hunan"]
ONE_AT_A_TIME = CrawlSettings(min_delay=0.0, concurrency=1)
BASE = "http://127.0.0.1:1"
PAGE = f"{BASE}/report.html"
LIST = f"{BASE}/list/"
REPORT = (
    "<html><title>2026年甘肃省政府工作报告</title><p>二、2026年重点工作</p>"
    + "<p>全省智能算力规模达到8万P以上，建设算力调度平台2个。</p>" * 12
)
CATALOGUE = f"""
builtin: false
sources:
  - {{id: page, name: 报告, region: 甘肃省, document_kind: report, season: null, pages: {PAGE},
     allow_private: true}}
  - {{id: news, name: 要闻, document_kind: news, season: null, lists: {LIST}, allow_private: true}}
"""


TWO_HOSTS = f"""
builtin: false
sources:
  - {{id: page, name: 报告, region: 甘肃省, document_kind: report, season: null, pages: {PAGE},
     allow_private: true}}
  - {{id: news, name: 要闻, document_kind: news, season: null, lists: "http://127.0.0.2:1/list/",
     allow_private: true}}
"""


class Watch:
    """The daemon's visits with clocks that the test moves; ``look`` waits for what it starts."""

    def __init__(self, app, site, channel, clock):
        self.app, self.site, self.channel, self.clock = app, site, channel, clock
        self.elapsed = 0.0
        self.restart()

    async def _sleep(self, _seconds):
        pass

    def restart(self):
        self.visits = DueVisits(self.app, clock=lambda: self.elapsed, sleep=self._sleep)

    async def look(self, later=timedelta(0)):
        """The pages that a look after some time requests."""
        self.clock[0] += later
        self.elapsed += later.total_seconds()
        self.site.asked.clear()
        await self.visits.start()
        await self.visits.finish()
        return self.site.asked.copy()

    async def hours_of_visits(self, url, hours, step=timedelta(minutes=5)):
        """After how many hours the URL is requested, with a look every five minutes."""
        start, found = self.clock[0], []
        while self.clock[0] - start < timedelta(hours=hours):
            if url in await self.look(step):
                found.append(round((self.clock[0] - start) / HOUR, 1))
        return found

    def sql(self, query):
        with self.app.context.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@asynccontextmanager
async def watching(tmp_path, address, catalogue=CATALOGUE):
    clock = [NOW]
    site = FakeFetcher(now=lambda: clock[0])
    site.pages[PAGE] = REPORT
    site.pages[LIST] = "<ul><li><a href='/t1.html'>第一条要闻</a></ul>"
    site.pages[f"{BASE}/t1.html"] = REPORT.replace("甘肃", "青海")
    channel = FakeChannel()
    async with opened_app(
        tmp_path, address, catalogue=catalogue, site=site, channel=channel, clock=clock
    ) as app:
        yield Watch(app, site, channel, clock)


@pytest.fixture
async def watch(tmp_path):
    async with watching(tmp_path, f"sqlite:///{tmp_path / 'm.db'}") as watch:
        yield watch


@pytest.fixture
async def any_watch(tmp_path, database):
    """On each kind of database."""
    address = database.url.render_as_string(hide_password=False)
    async with watching(tmp_path, address) as watch:
        yield watch


def times(last, wait):
    return VisitTimes(last, last + wait)


def test_a_source_is_due_when_its_last_visit_said():
    assert next_start(None, HUNAN, now=NOW) == NOW
    assert next_start(VisitTimes(None, None), HUNAN, now=NOW) == NOW
    assert next_start(times(NOW, 6 * HOUR), HUNAN, now=NOW) == NOW + 6 * HOUR
    assert next_start(times(NOW - 9 * HOUR, 6 * HOUR), HUNAN, now=NOW) == NOW - 3 * HOUR


@pytest.mark.parametrize(
    "ahead", [timedelta(minutes=10), timedelta(days=1), YEAR, 50 * YEAR], ids=str
)
def test_a_visit_that_was_made_in_the_future_is_not_waited_for(ahead):
    assert next_start(times(NOW + ahead, 6 * HOUR), HUNAN, now=NOW) == NOW


def test_a_due_time_beyond_any_interval_is_not_waited_for():
    assert next_start(VisitTimes(None, NOW + YEAR), HUNAN, now=NOW) == NOW
    # The clocks of two machines may differ a little.
    assert next_start(times(NOW + timedelta(minutes=1), HOUR), HUNAN, now=NOW) > NOW


def test_visits_are_spread_over_a_tenth_of_the_interval():
    found = {
        spread(times(NOW + n * timedelta(minutes=7), HUNAN.list_interval), HUNAN)
        for n in range(200)
    }
    assert timedelta(0) <= min(found) < HUNAN.list_interval * 0.01
    assert HUNAN.list_interval * 0.09 < max(found) <= HUNAN.list_interval * 0.1


def test_retries_and_pages_that_are_due_earlier_are_not_put_off():
    often = replace(HUNAN, season=None)
    assert spread(times(NOW, HOUR), often) == timedelta(0)
    assert spread(VisitTimes(None, None), often) == spread(None, often) == timedelta(0)


async def test_sources_are_visited_after_their_interval_and_a_tenth_at_most(watch):
    assert {PAGE, LIST} <= set(await watch.look())
    (first, *_) = await watch.hours_of_visits(LIST, 7)
    assert 6 <= first <= 6.7


async def test_a_page_that_fails_is_visited_after_an_hour_then_two_then_four(watch):
    watch.site.pages[PAGE] = FakePage(status=500)
    await watch.look()
    assert await watch.hours_of_visits(PAGE, 8) == [1, 3, 7]


async def test_the_retry_times_outlive_a_restart(watch):
    watch.site.pages[PAGE] = FakePage(status=500)
    await watch.look()
    watch.restart()
    assert await watch.hours_of_visits(PAGE, 2) == [1]
    watch.restart()
    assert await watch.hours_of_visits(PAGE, 2) == [1]


async def test_retry_after_is_obeyed_by_pages_and_lists(watch):
    asked_to_wait = FakePage(b"no", 429, {"retry-after": str(9 * 3600)})
    watch.site.pages |= {PAGE: asked_to_wait, LIST: asked_to_wait}
    await watch.look()
    (due,) = watch.sql("SELECT COUNT(*) FROM source WHERE last_outcome = 'blocked'")
    assert due == (2,)
    # The source of the page has its lists' interval too, and finds nothing due then.
    assert await watch.hours_of_visits(PAGE, 10) == [9]
    watch.restart()
    (first, *_) = await watch.hours_of_visits(LIST, 12)
    assert first >= 8


@pytest.mark.parametrize("ahead", [timedelta(days=1), YEAR], ids=["day", "year"])
async def test_a_visit_with_the_clock_ahead_costs_no_visit_afterwards(any_watch, ahead):
    watch = any_watch
    await watch.look()
    watch.clock[0] += ahead
    watch.site.pages[LIST] = "<ul><li><a href='/t2.html'>第二条要闻</a></ul>"
    watch.site.pages[f"{BASE}/t2.html"] = REPORT.replace("2026", "2025")
    await watch.look()
    watch.clock[0] -= ahead
    assert {s.id for s in due_sources(watch.app)} == {"page", "news"}
    asked = await watch.look(timedelta(minutes=1))
    assert {PAGE, LIST, f"{BASE}/t2.html"} <= set(asked)
    assert due_sources(watch.app) == []
    wrong = f"'{(watch.clock[0] + timedelta(days=91)).isoformat()}'"
    assert watch.sql(f"SELECT COUNT(*) FROM frontier_entry WHERE next_visit_at > {wrong}") == [(0,)]
    late = "SELECT COUNT(*) FROM frontier_entry WHERE last_visit_at > next_visit_at"
    assert watch.sql(late) == [(0,)]
    # And so in the rounds of ``--once``.
    watch.clock[0] += timedelta(days=1)
    assert len(await run_once(watch.app)) == 2
    late = f"SELECT COUNT(*) FROM source WHERE last_new_at > '{watch.clock[0].isoformat()}'"
    assert watch.sql(late) == [(0,)]


async def test_a_visit_with_the_clock_behind_makes_no_news_of_what_is_old(any_watch):
    watch = any_watch
    await watch.look()
    known = "SELECT added_at, last_new_at FROM source ORDER BY id"
    found = "SELECT first_seen_at FROM frontier_entry ORDER BY id"
    before = watch.sql(known), watch.sql(found)
    watch.clock[0] -= YEAR
    await watch.look()
    watch.clock[0] += YEAR
    assert (watch.sql(known), watch.sql(found)) == before
    old = (
        "<html><title>河北建设算力平台</title><p>发布时间：2026-02-03</p>"
        + "<p>石家庄将培育人工智能企业30家，开放应用场景6个。</p>" * 12
    )
    watch.site.pages[LIST] = "<ul><li><a href='/t2.html'>第二条要闻</a></ul>"
    watch.site.pages[f"{BASE}/t2.html"] = old
    assert f"{BASE}/t2.html" in await watch.look(timedelta(days=1))
    (baseline,) = watch.sql(f"SELECT baseline FROM document WHERE url = '{BASE}/t2.html'")
    assert baseline == (True,)


async def test_a_clock_that_is_ahead_deletes_no_bytes(any_watch):
    watch = any_watch
    deleted = "SELECT COUNT(*) FROM blob WHERE codec = 'gone'"
    await watch.look()
    watch.clock[0] += YEAR
    await apply_retention(watch.app, RetentionPeriods(timedelta(days=90)))
    assert watch.sql(deleted) == [(0,)]
    watch.clock[0] -= YEAR - timedelta(days=3)
    await apply_retention(watch.app, RetentionPeriods(timedelta(days=2)))
    assert watch.sql(deleted) == watch.sql("SELECT COUNT(*) FROM blob") != [(0,)]
    # Nothing is packed against them any more.
    assert watch.sql("SELECT COUNT(*) FROM base_page") == [(0,)]


async def test_a_pause_that_is_over_is_deleted_by_whatever_clock(any_watch, caplog):
    watch = any_watch
    caplog.set_level("INFO")
    with watch.app.context.database.write() as connection:
        for host, hours in (("over.cn", -1), ("on.cn", 1)):
            save_host_pause(connection, host, watch.clock[0] + timedelta(hours=hours))
    await apply_retention(watch.app, RetentionPeriods())
    assert watch.sql("SELECT host FROM host_pause") == [("on.cn",)]
    (done,) = events(caplog, "retention.done", "retention.refused")
    assert (done.getMessage(), done.host_pauses) == ("retention.done", 1)


async def test_addresses_that_were_forgotten_tell_nothing_when_they_come_back(watch):
    await watch.look()
    article = (
        "<html><title>宁夏发力智能体</title><p>发布时间：2026-06-16</p>"
        + "<p>自治区政府提出，培育智能体企业40家，设立人工智能基金5亿元。</p>" * 12
    )
    for number in range(4):
        watch.site.pages[f"{BASE}/a.html?v={number}"] = article
        watch.site.pages[LIST] = (
            f"<ul><li><a href='/a.html?v={number}'>第一条要闻</a>"
            f"<li><a href='/gone{number}.html'>无此页面</a></ul>"
        )
        for _ in range(6):
            await watch.look(timedelta(days=5))
    kept = "SELECT url FROM frontier_entry WHERE source_id = 'news' ORDER BY id"
    log = "SELECT id FROM change UNION ALL SELECT id FROM alert"
    assert len(watch.sql(kept)) == 9
    before = watch.sql(log)
    assert before
    periods = RetentionPeriods(addresses=timedelta(days=50))
    delete_expired(watch.app.context.database, periods, watch.clock[0])
    left = [url.removeprefix(f"{BASE}/") for (url,) in watch.sql(kept)]
    # What documents were read from, and what the list shows now.
    assert sorted(left) == ["a.html?v=0", "a.html?v=3", "gone3.html", "t1.html"]

    watch.site.pages[LIST] = "<ul><li><a href='/a.html?v=1'>第一条要闻</a></ul>"
    assert f"{BASE}/a.html?v=1" in await watch.look(timedelta(days=8))
    assert (f"{BASE}/a.html?v=1",) in watch.sql(kept)
    assert watch.sql(log) == before


async def test_a_clock_that_is_set_back_while_the_daemon_runs_does_not_stop_it(watch):
    await watch.look()
    watch.clock[0] -= YEAR
    await watch.look()
    (first, *_) = await watch.hours_of_visits(LIST, 7)
    assert first <= 6.7


async def test_after_a_clock_jumped_ahead_the_next_look_visits(watch):
    await watch.look()
    watch.clock[0] += timedelta(hours=7)
    assert {PAGE, LIST} & set(await watch.look()) == {LIST}


async def test_every_job_runs_again_within_a_minute_whatever_the_clock_did(watch):
    scheduler = schedule(watch.app, watch.visits)
    scheduler.start(paused=True)
    visits = scheduler.get_job("visits")
    assert visits.trigger.interval <= timedelta(minutes=1)
    for shift in (timedelta(days=1), YEAR):
        visits.modify(next_run_time=utc_now() + shift)
        advance_jobs(scheduler)
        assert scheduler.get_job("visits").next_run_time <= utc_now()
    scheduler.shutdown(wait=False)
    # One run makes up for all that a jump ahead passed.
    assert Every(HOUR).get_next_fire_time(NOW - YEAR, NOW) == NOW + HOUR


async def test_a_look_that_comes_early_reads_nothing_and_costs_no_turn(watch):
    await watch.look()
    for _ in range(5):
        assert await watch.look(timedelta(minutes=1)) == []
    (first, *_) = await watch.hours_of_visits(LIST, 7)
    assert first <= 6.7


async def test_a_paused_source_is_visited_again_when_its_pause_ends(watch):
    store = watch.app.context.database
    with store.write() as connection:
        pause_source(connection, "page", until=NOW + 9 * HOUR, reason="", now=NOW)
        pause_source(connection, "news", until=None, reason="moves", now=NOW)
    assert await watch.look() == []
    assert next_visit(watch.app) == "2026-06-11 01:00 CST"
    watch.visits._again = {"news": 3}
    assert await watch.hours_of_visits(PAGE, 10) == [9]
    assert watch.sql("SELECT id, pause_reason FROM source WHERE paused_at IS NOT NULL") == [
        ("news", "moves")
    ]
    with store.write() as connection:
        assert resume_source(connection, "news", now=watch.clock[0])
        assert not resume_source(connection, "page", now=watch.clock[0])
    assert LIST in await watch.look()


async def test_a_source_that_cannot_be_written_is_tried_again_soon_and_then_on_time(
    watch, monkeypatch
):
    watch.site.pages[PAGE] = FakePage(status=500)
    await watch.look()
    write = Database.write

    def locked(_self):
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))

    monkeypatch.setattr(Database, "write", locked)
    assert await watch.hours_of_visits(PAGE, 1.1) == [1.0, 1.1, 1.2]
    monkeypatch.setattr(Database, "write", write)
    (again, *later) = await watch.hours_of_visits(PAGE, 8)
    assert again <= 0.2
    assert [round(hour - again) for hour in later] == [2, 6]


async def test_a_source_that_cannot_be_written_is_held_though_the_end_cannot_be_told(
    watch, monkeypatch
):
    def locked(_):
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))

    monkeypatch.setattr(Database, "write", locked)
    monkeypatch.setattr("monitor.daemon.visits.next_visit", locked)
    assert LIST in await watch.look()
    assert await watch.look(timedelta(seconds=15)) == []


async def fails_and_is_made_again(watch, monkeypatch, part, fail):
    """A fault of the database in a part of a visit is no failure of the source."""

    async def failing(_source, context, *_rest):
        fail(context)

    with monkeypatch.context() as patched:
        patched.setattr(part, failing)
        await watch.look()
    assert watch.sql("SELECT DISTINCT last_outcome, failures FROM source") == [(None, 0)]
    assert {PAGE, LIST} <= set(await watch.look(timedelta(minutes=1)))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_terminate_backend(pg_backend_pid())",  # a restart
        # lock_timeout, a deadlock, too many connections, a full disk
        *(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$" for state in ("55P03", "40P01")),
        *(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$" for state in ("53300", "53100")),
    ],
)
@pytest.mark.parametrize("part", ["visit.read_lists", "entries._visit_entry"])
async def test_a_server_that_cannot_serve_in_a_visit_is_no_failure_of_the_source(
    tmp_path, postgres_database, monkeypatch, part, statement
):
    def fail(context):
        with context.write() as connection:
            connection.execute(text(statement))

    async with watching(tmp_path, postgres_database.connection_string) as watch:
        await fails_and_is_made_again(watch, monkeypatch, f"monitor.ingest.{part}", fail)


async def test_a_page_that_runs_into_a_statement_timeout_is_a_failure_of_that_page(
    tmp_path, postgres_database, monkeypatch
):
    """It would never get through, and its source would be asked every hour for ever."""
    read = entries._visit_entry
    second = f"{BASE}/second.html"
    catalogue = CATALOGUE.replace(f"pages: {PAGE}", f"pages: ['{PAGE}', '{second}']")

    async def slow(source, context, entry, *rest):
        if entry.url == PAGE:
            with context.write() as connection:
                connection.execute(text("SET LOCAL statement_timeout = 1; SELECT pg_sleep(30)"))
        return await read(source, context, entry, *rest)

    monkeypatch.setattr("monitor.ingest.entries._visit_entry", slow)
    async with watching(tmp_path, postgres_database.connection_string, catalogue) as watch:
        assert second in await watch.look()
        of_page = "SELECT last_outcome, failures, last_reason FROM frontier_entry WHERE url = '{}'"
        ((outcome, failures, reason),) = watch.sql(of_page.format(PAGE))
        assert (outcome, failures) == ("error", 1)
        assert "statement_timeout" in reason
        assert watch.sql(of_page.format(second))[0][:2] == ("gone", 1)
        ((outcome, reason),) = watch.sql(
            "SELECT last_outcome, last_reason FROM source WHERE id = 'page'"
        )
        assert outcome == "error"
        assert PAGE in reason
        waits = []
        for _ in range(4):
            ((due,),) = watch.sql(f"SELECT next_visit_at FROM frontier_entry WHERE url = '{PAGE}'")
            waits.append(round((due - watch.clock[0]) / HOUR))
            await watch.look(due - watch.clock[0])
        assert waits == sorted(set(waits))


@pytest.mark.parametrize("part", ["visit.read_lists", "entries._visit_entry"])
async def test_a_locked_database_in_a_visit_is_no_failure_of_the_source(watch, monkeypatch, part):
    file = watch.app.context.database.file

    def fail(_context):
        impatient = create_engine(f"sqlite:///{file}", connect_args={"timeout": 0})
        holder = sqlite3.connect(file, isolation_level=None)
        try:
            holder.execute("BEGIN IMMEDIATE")
            with impatient.begin() as connection:
                connection.execute(text("DELETE FROM mute"))
        finally:
            holder.close()
            impatient.dispose()

    await fails_and_is_made_again(watch, monkeypatch, f"monitor.ingest.{part}", fail)


async def test_a_statement_that_no_database_takes_is_a_failure_of_the_source(watch, monkeypatch):
    async def mistaken(_source, context, _report):
        with context.write() as connection:
            connection.execute(text("SELECT nothing_of_this_name"))

    monkeypatch.setattr("monitor.ingest.visit.read_lists", mistaken)
    await watch.look()
    assert watch.sql("SELECT DISTINCT last_outcome, failures FROM source") == [("error", 1)]


async def test_a_database_that_cannot_be_read_costs_a_look(watch, monkeypatch):
    def locked(_self):
        raise OperationalError("BEGIN", {}, Exception("database is locked"))

    with monkeypatch.context() as patched:
        patched.setattr(Database, "read", locked)
        with pytest.raises(OperationalError):
            await watch.look()
    assert {PAGE, LIST} <= set(await watch.look())


def events(caplog, *names):
    return [record for record in caplog.records if record.getMessage() in names]


async def test_no_network_is_said_once_and_what_failed_is_visited_when_it_is_back(tmp_path, caplog):
    caplog.set_level("INFO")
    address = f"sqlite:///{tmp_path / 'm.db'}"
    robots = [f"{BASE}/robots.txt", "http://127.0.0.2:1/robots.txt"]
    lists = [PAGE, "http://127.0.0.2:1/list/"]
    async with watching(tmp_path, address, TWO_HOSTS) as watch:
        for url in (*robots, *lists):
            watch.site.pages[url] = Fetched(
                url, url, Outcome.ERROR, None, NOW, reason="no such name", unreachable=True
            )
        assert sorted(await watch.look()) == sorted(lists)
        assert await watch.look(timedelta(minutes=1)) == []
        assert sorted(await watch.look(timedelta(minutes=2))) == sorted(robots)
        assert await watch.look(timedelta(minutes=1)) == []
        (down,) = events(caplog, "network.down", "visits.failed", "visits.done")
        assert down.levelname == "WARNING"
        assert down.what == "no network: 2 sources of 2 hosts cannot be reached"
        assert down.next_try == "2026-06-10 16:02 CST"
        for url in robots:
            watch.site.pages[url] = FakePage(status=404)
        watch.site.pages[PAGE] = REPORT
        watch.site.pages[lists[1]] = "<ul><li><a href='/t1.html'>第一条要闻</a></ul>"
        asked = await watch.look(timedelta(hours=1))
        assert set(lists) <= set(asked)
        assert [r.getMessage() for r in events(caplog, "network.up", "visits.done")] == [
            "network.up",
            "visits.done",
        ]
        assert set(lists).isdisjoint(await watch.look(timedelta(minutes=11)))


async def test_after_an_outage_a_host_that_stays_away_is_let_be_for_ten_minutes(tmp_path):
    away = "http://127.0.0.2:1/list/"
    async with watching(tmp_path, f"sqlite:///{tmp_path / 'm.db'}", TWO_HOSTS) as watch:
        for url in (PAGE, f"{BASE}/robots.txt", away, "http://127.0.0.2:1/robots.txt"):
            watch.site.pages[url] = Fetched(
                url, url, Outcome.ERROR, None, NOW, reason="no such name", unreachable=True
            )
        await watch.look()
        watch.site.pages[PAGE] = REPORT
        watch.site.pages[f"{BASE}/robots.txt"] = FakePage(status=404)
        assert away in await watch.look(timedelta(minutes=3))
        assert await watch.look(timedelta(minutes=1)) == []
        assert away in await watch.look(timedelta(minutes=9))


@pytest.mark.parametrize("answers", [False, True])
async def test_a_round_without_network_is_given_up_early(tmp_path, caplog, answers):
    hosts = [f"http://127.0.0.{n}:1" for n in range(1, 10)]
    entries = "".join(
        f"  - {{id: s{n}, name: 要闻, document_kind: news, season: null, lists: '{host}/',"
        " allow_private: true}\n"
        for n, host in enumerate(hosts)
    )
    address = f"sqlite:///{tmp_path / 'm.db'}"
    async with watching(tmp_path, address, "builtin: false\nsources:\n" + entries) as watch:
        for url in (f"{host}/{name}" for host in hosts for name in ("", "robots.txt")):
            watch.site.pages[url] = Fetched(
                url, url, Outcome.ERROR, None, NOW, reason="no such name", unreachable=True
            )
        if answers:
            watch.site.pages[f"{hosts[-1]}/robots.txt"] = FakePage(status=404)
        watch.visits._limit = 1
        asked = await watch.look()
        down = events(caplog, "network.down")
        if answers:
            assert sum(url.endswith(":1/") for url in asked) == len(hosts)
        else:
            (record,) = down
            assert record.what == "no network: 4 sources of 4 hosts cannot be reached"
            assert record.waiting == 5
            assert sum(url.endswith(":1/") for url in asked) == 4


async def test_one_host_that_is_away_is_a_failure_that_is_counted(watch, caplog):
    caplog.set_level("INFO")
    watch.site.pages[PAGE] = Fetched(
        PAGE, PAGE, Outcome.ERROR, None, NOW, reason="no such name", unreachable=True
    )
    await watch.look()
    (failed,) = events(caplog, "visits.failed")
    assert (failed.failed, failed.outcomes) == ("1 of 2", "1 error")
    assert failed.reasons.startswith("page: ")
    (done,) = events(caplog, "visits.done")
    assert done.visited == 2
    assert done.next_visit.endswith(" CST")


async def test_a_first_round_tells_how_far_it_is(watch, caplog):
    caplog.set_level("INFO")
    watch.visits.clock = iter(range(0, 10_000, 20)).__next__
    await watch.visits.start()
    await watch.visits.finish()
    (progress,) = events(caplog, "visits.progress")
    assert progress.baseline == "1 of 2 sources"


async def test_sources_that_wait_in_line_are_visited_once_and_take_one_task(watch):
    turn = asyncio.Event()
    watch.visits.sleep = lambda _: turn.wait()
    before = len(asyncio.all_tasks())
    await watch.visits.start()
    await watch.visits.start()
    assert len(asyncio.all_tasks()) == before + 1
    turn.set()
    await watch.visits.finish()
    assert [watch.site.asked.count(url) for url in (PAGE, LIST)] == [1, 1]


def _pause_news(connection):
    pause_source(connection, "news", until=None, reason="", now=NOW)


def _visit_news_by_hand(connection):
    claim_visit(connection, "news", [], now=NOW, until=NOW + HOUR)


@pytest.mark.parametrize("change", [_pause_news, _visit_news_by_hand])
async def test_a_source_in_line_is_not_visited_if_nobody_wants_that_any_more(watch, caplog, change):
    caplog.set_level("INFO")
    turn = asyncio.Event()
    watch.visits.sleep = lambda _: turn.wait()
    await watch.visits.start()
    with watch.app.context.database.write() as connection:
        change(connection)
    turn.set()
    await watch.visits.finish()
    assert [watch.site.asked.count(url) for url in (PAGE, LIST)] == [1, 0]
    (done,) = events(caplog, "visits.done")
    assert done.visited == 1
    with watch.app.context.database.write() as connection:
        resume_source(connection, "news", now=NOW)
    assert LIST in await watch.look(HOUR)


async def test_a_round_leaves_out_a_source_that_was_paused_meanwhile(watch):
    def pause_the_other(report):
        with watch.app.context.database.write() as connection:
            pause_source(connection, "news", until=None, reason="", now=NOW)

    app = replace(
        watch.app, settings=watch.app.settings.model_copy(update={"crawl": ONE_AT_A_TIME})
    )
    await run_once(app, done=pause_the_other)
    assert [watch.site.asked.count(url) for url in (PAGE, LIST)] == [1, 0]


async def test_a_source_that_the_catalogue_of_another_process_lacks_is_visited_on_time(watch):
    await watch.look()
    with watch.app.context.database.write() as connection:
        sync_sources(connection, [], NOW)
    assert await watch.look(timedelta(minutes=1)) == []
    (first, *_) = await watch.hours_of_visits(LIST, 7)
    assert 6 <= first <= 6.7


@dataclass
class TarpitFetcher(FakeFetcher):
    """Hosts named in ``silent`` take a request and answer nothing until ``timed_out``."""

    silent: tuple[str, ...] = ()
    timed_out: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    two_held: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetch(self, url, **named):
        if not url.startswith(self.silent):
            self.answered.set()
            return await FakeFetcher.fetch(self, url, **named)
        self.asked.append(url)
        if sum(one.startswith(self.silent) for one in self.asked) == 2:
            self.two_held.set()
        await self.timed_out.wait()
        return Fetched(url, url, Outcome.ERROR, None, self.now(), reason="timed out")


async def test_hosts_that_answer_nothing_leave_half_of_the_places_to_the_others(tmp_path):
    hosts = [f"http://127.0.1.{n}:1/" for n in range(6)]
    catalogue = "builtin: false\nsources:\n" + "".join(
        f"  - {{id: s{n}, name: 报告, region: 甘肃省, document_kind: report, season: null,"
        f" pages: {url}, allow_private: true}}\n"
        for n, url in enumerate([*hosts, BASE])
    )
    async with watching(tmp_path, f"sqlite:///{tmp_path / 'm.db'}", catalogue) as watch:
        site = TarpitFetcher(now=lambda: watch.clock[0], silent=tuple(hosts))
        watch.site = site
        context = replace(watch.app.context, fetcher=site)
        crawl = CrawlSettings(min_delay=0.0, concurrency=4)
        settings = watch.app.settings.model_copy(update={"crawl": crawl})
        watch.app = replace(watch.app, context=context, settings=settings)
        watch.restart()
        site.timed_out.set()
        assert set(await watch.look()) == {*hosts, BASE}
        site.timed_out.clear()
        site.answered.clear()
        site.two_held.clear()
        watch.clock[0] += 20 * HOUR
        site.asked.clear()
        await watch.visits.start()
        async with asyncio.timeout(60):
            await site.answered.wait()
            await site.two_held.wait()
        assert sorted(site.asked) == sorted([*hosts[:2], BASE])
        site.timed_out.set()
        await watch.visits.finish()
        assert sorted(site.asked) == sorted([*hosts, BASE])


@asynccontextmanager
async def one_round(tmp_path, addresses, *, silent, places):
    catalogue = "builtin: false\nsources:\n" + "".join(
        f"  - {{id: s{n}, name: 报告, pages: '{url}', allow_private: true}}\n"
        for n, url in enumerate(addresses)
    )
    async with watching(tmp_path, f"sqlite:///{tmp_path / 'm.db'}", catalogue) as watch:
        site = TarpitFetcher(now=lambda: watch.clock[0], silent=silent)
        crawl = CrawlSettings(min_delay=0.0, concurrency=places)
        app = replace(
            watch.app,
            context=replace(watch.app.context, fetcher=site),
            settings=watch.app.settings.model_copy(update={"crawl": crawl}),
        )
        yield app, site


async def test_one_round_keeps_half_of_the_places_from_sources_whose_last_visit_failed(tmp_path):
    hosts = tuple(f"http://127.0.1.{n}:1/" for n in range(6))
    async with one_round(tmp_path, [*hosts, BASE], silent=hosts, places=4) as (app, site):
        with app.context.database.write() as connection:
            # The process that found out has ended.
            connection.execute(text("UPDATE source SET last_outcome = 'error' WHERE id <> 's6'"))
        visits = asyncio.create_task(run_once(app))
        async with asyncio.timeout(30):
            await site.answered.wait()
            assert len(set(site.asked) & set(hosts)) <= 3  # one may have come after the answer
            site.timed_out.set()
            assert len(await visits) == 7


async def test_one_round_sets_aside_what_shares_a_host_that_answered_nothing(tmp_path):
    addresses = ["http://127.0.1.1:1/a", "http://127.0.1.1:1/b", BASE]
    silent = ("http://127.0.1.1:1/",)
    async with one_round(tmp_path, addresses, silent=silent, places=1) as (app, site):
        site.timed_out.set()
        await run_once(app)
        assert site.asked == [addresses[0], BASE, addresses[1]]


async def test_an_address_that_is_refused_keeps_no_other_source_waiting(tmp_path):
    catalogue = CATALOGUE.replace(
        "sources:\n",
        'sources:\n  - {id: a, name: 要闻, document_kind: news, lists: "http://a.example/"}\n',
        1,
    )
    async with watching(tmp_path, f"sqlite:///{tmp_path / 'm.db'}", catalogue) as watch:
        # The catalogue refuses it; a source that is made otherwise may have it.
        refused = replace(watch.app.sources[0], lists=("http://u:p@a.example/",))
        assert refused.id == "a"
        watch.app = replace(watch.app, sources=(refused, *watch.app.sources[1:]))
        watch.restart()
        assert {PAGE, LIST} <= set(await watch.look())


async def test_two_looks_at_once_visit_a_source_once(watch):
    await asyncio.gather(watch.visits.start(), watch.visits.start())
    await watch.visits.finish()
    assert [watch.site.asked.count(url) for url in (PAGE, LIST)] == [1, 1]


async def test_sources_whose_line_ended_are_visited_at_the_next_look(watch):
    never = asyncio.Event()
    watch.visits.sleep = lambda _: never.wait()
    await watch.visits.start()
    finishing = asyncio.create_task(watch.visits.finish())
    await asyncio.sleep(0)
    finishing.cancel()
    await asyncio.gather(finishing, return_exceptions=True)
    watch.visits.sleep = lambda _: asyncio.sleep(0)
    await watch.visits.start()
    await watch.visits.finish()
    assert [watch.site.asked.count(url) for url in (PAGE, LIST)] == [1, 1]


async def test_a_token_that_is_refused_later_is_told_once(tmp_path, caplog):
    address, answers = f"sqlite:///{tmp_path / 'm.db'}", iter([False, True, True, False, True])

    async def ask():
        return next(answers)

    async with watching(tmp_path, address) as watch:
        tokens = TokenWatch(replace(watch.app, is_token_refused=ask))
        for _ in range(5):
            await tokens.look()
        refused = events(caplog, "telegram.token_refused")
        assert [r.setting for r in refused] == ["telegram.token (MONITOR_TELEGRAM__TOKEN)"] * 2
        with pytest.raises(UserError, match=r"telegram\.token .*BotFather"):
            await check_token(replace(watch.app, is_token_refused=_yes))


async def _yes():
    return True
