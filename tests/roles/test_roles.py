"""What one of several processes does with its jobs, and what it needs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from opened_app import opened_app
from sqlalchemy import text, update

from monitor.catalogue.loader import load_catalogue
from monitor.channels.fake import FakeChannel
from monitor.cli.app import main
from monitor.errors import VisitLost
from monitor.fetching.fake import FakeFetcher, FakePage
from monitor.ingest.context import VisitReport
from monitor.ingest.visit import visit
from monitor.model.processes import Heartbeat, Loop
from monitor.retry import Backoff
from monitor.roles.configuration import configuration_mark
from monitor.roles.crawl import JobVisits
from monitor.roles.hosts import host_locks
from monitor.roles.network import NetworkWatch
from monitor.roles.queue import VisitJob
from monitor.roles.schedule import DueJobs
from monitor.storage.frontier import visit_times
from monitor.storage.heartbeats import write_heartbeat
from monitor.storage.tables import frontier_entry_table, source_table

HOUR = timedelta(hours=1)
NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)
HUNAN = load_catalogue()["hunan"]
BASE = "http://127.0.0.1:1"
CATALOGUE = f"""
builtin: false
sources:
  - {{id: page, name: 报告, region: 甘肃省, document_kind: report, season: null,
     pages: "{BASE}/report.html", allow_private: true}}
  - {{id: other, name: 要闻, document_kind: news, season: null, lists: "http://127.0.0.2:1/l/",
     allow_private: true}}
"""
REPORT = (
    "<html><title>2026年甘肃省政府工作报告</title><p>二、2026年重点工作</p>"
    + "<p>全省智能算力规模达到8万P以上，建设算力调度平台2个。</p>" * 12
)


class FakeQueue:
    """Keeps jobs in memory."""

    def __init__(self):
        self.jobs, self.stalled = [], []

    async def drop_stalled(self):
        dropped, self.stalled = self.stalled, []
        self.jobs = [job for job in self.jobs if job.source_id not in dropped]
        return dropped

    async def open_sources(self):
        return {job.source_id for job in self.jobs}

    async def defer(self, visits):
        found = list(visits)
        self.jobs += found
        return len(found)


@asynccontextmanager
async def opened(tmp_path, clock, site=None, catalogue=CATALOGUE):
    async with opened_app(
        tmp_path,
        f"sqlite:///{tmp_path / 'm.db'}",
        catalogue=catalogue,
        site=site or FakeFetcher(now=lambda: clock[0]),
        channel=FakeChannel(),
        clock=clock,
    ) as app:
        yield app


async def test_a_source_has_one_job_and_after_failures_the_next_one_late(tmp_path):
    seconds = [0.0]
    queue = FakeQueue()
    async with opened(tmp_path, [NOW]) as app:
        due = DueJobs(app, queue, clock=lambda: seconds[0])
        given = {}
        for at in (0, 15, 30, 45, 90, 95):
            seconds[0] = float(at)
            if at >= 30:
                queue.jobs.clear()  # they end, and the sources are still due
            before = len(queue.jobs)
            await due.start()
            given[at] = len(queue.jobs) - before
        assert given == {0: 2, 15: 0, 30: 2, 45: 0, 90: 2, 95: 0}
        queue.jobs = [VisitJob("page", "127.0.0.1")]
        queue.stalled = ["page"]
        seconds[0] = 10_000.0
        await due.start()
        mark = configuration_mark(app.settings)
    assert set(queue.jobs) == {
        VisitJob("page", "127.0.0.1", mark),
        VisitJob("other", "127.0.0.2", mark),
    }


async def test_sources_whose_last_visit_failed_get_half_of_the_places(tmp_path):
    ids = [f"s{n}" for n in range(9)]
    catalogue = "builtin: false\nsources:\n" + "".join(
        f"  - {{id: {one}, name: 报告, pages: 'http://127.0.1.{n}:1/', allow_private: true}}\n"
        for n, one in enumerate(ids)
    )
    queue = FakeQueue()
    async with opened(tmp_path, [NOW], catalogue=catalogue) as opened_one:
        crawl = opened_one.settings.crawl.model_copy(update={"concurrency": 4})
        settings = opened_one.settings.model_copy(update={"crawl": crawl})
        app = replace(opened_one, settings=settings)
        with app.context.database.write() as connection:
            # All but s0 failed, the last ones longest ago.
            for n in range(1, 9):
                failed = update(source_table).where(source_table.c.id == f"s{n}")
                at = NOW - timedelta(days=n)
                connection.execute(
                    failed.values(last_outcome="error", last_visit_at=at, next_visit_at=at)
                )
        due = DueJobs(app, queue, clock=lambda: 0.0)
        await due.start()
        assert {job.source_id for job in queue.jobs} == {"s0", "s8", "s7"}
        await due.start()
        assert len(queue.jobs) == 3
        queue.jobs = [job for job in queue.jobs if job.source_id != "s8"]
        with app.context.database.write() as connection:
            visited = update(source_table).where(source_table.c.id == "s8")
            connection.execute(visited.values(last_visit_at=NOW, next_visit_at=NOW + HOUR))
            for number in (1, 2):
                write_heartbeat(connection, Heartbeat(Loop.CRAWL, f"a#{number}", 1, "1", NOW, NOW))
        await due.start()
        # Two workers have eight places, of which four are theirs.
        assert {job.source_id for job in queue.jobs} == {"s0", "s7", "s6", "s5", "s4"}


async def test_a_job_is_a_visit_of_what_is_due(tmp_path, caplog, monkeypatch):
    clock = [NOW]
    site = FakeFetcher({f"{BASE}/report.html": FakePage(REPORT.encode())}, now=lambda: clock[0])
    monkeypatch.setattr("monitor.roles.crawl.holds_job", lambda _session, job_id: job_id != 13)
    reports, reasons = [], []
    async with opened(tmp_path, clock, site) as app:
        mark = configuration_mark(app.settings)
        visits = JobVisits(app, done=lambda *one: reports.append(one), stop=reasons.append)
        await visits.make(13, VisitJob("page", "x", mark))
        assert not reports
        await visits.make(14, VisitJob("page", "x", mark))
        assert [(report.closed, source.id) for report, source in reports] == [(True, "page")]
        for job in (15, 16):
            await visits.make(job, VisitJob("page", "x", "other files"))
            await visits.make(job, VisitJob("unheard-of", "x", mark))
        assert len(reports) == 1
        (tmp_path / "r.yaml").write_text("rules: [] # edited", encoding="utf-8")
        assert configuration_mark(app.settings) != mark
        with app.context.database.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        await visits.make(17, VisitJob("page", "x", mark))
    (reason,) = reasons
    assert "has schema 9999" in reason
    assert reason.endswith("upgrade this one, too")
    events = [record.message for record in caplog.records if record.name == "monitor.roles.crawl"]
    assert events == ["visit.lost", "configuration.differs", "job.unknown_source"]


async def test_a_worker_whose_clock_is_behind_visits_what_the_scheduler_found_due(
    tmp_path, monkeypatch
):
    clock = [NOW]
    site = FakeFetcher({f"{BASE}/report.html": FakePage(REPORT.encode())}, now=lambda: clock[0])
    monkeypatch.setattr("monitor.roles.crawl.holds_job", lambda *_: True)
    reports = []
    async with opened(tmp_path, clock, site) as app:
        job = VisitJob("page", "x", configuration_mark(app.settings))
        visits = JobVisits(app, done=lambda *one: reports.append(one), stop=str)
        await visits.make(1, job)
        with app.context.database.read() as connection:
            due = visit_times(connection, "page")["page"].next_visit_at
        for behind, expected in ((6, 1), (5, 2)):
            clock[0] = due - timedelta(minutes=behind)
            await visits.make(behind, job)
            assert len(reports) == expected


async def test_a_worker_whose_clock_is_behind_does_not_make_one_visit_after_the_other(
    tmp_path, monkeypatch
):
    """Its clock does not let it read the page yet that is due by the scheduler's."""
    clock = [NOW]
    site = FakeFetcher({f"{BASE}/report.html": FakePage(REPORT.encode())}, now=lambda: clock[0])
    monkeypatch.setattr("monitor.roles.crawl.holds_job", lambda *_: True)
    reports = []
    async with opened(tmp_path, clock, site) as app:
        job = VisitJob("page", "x", configuration_mark(app.settings))
        visits = JobVisits(app, done=lambda *one: reports.append(one), stop=str)
        await visits.make(1, job)
        due = NOW + timedelta(hours=1)
        with app.context.database.write() as connection:
            connection.execute(update(frontier_entry_table).values(next_visit_at=due))
            connection.execute(update(source_table).values(next_visit_at=due))
        for behind, expected in ((4, 2), (4, 2), (1, 2), (0, 3)):
            clock[0] = due - timedelta(minutes=behind)
            await visits.make(1, job)
            assert len(reports) == expected
        assert site.asked.count(f"{BASE}/report.html") == 2


async def test_a_visit_that_was_taken_over_ends_without_a_trace(tmp_path):
    clock = [NOW]
    site = FakeFetcher({f"{BASE}/report.html": FakePage(REPORT.encode())}, now=lambda: clock[0])
    async with opened(tmp_path, clock, site) as app:
        calls = []

        def guard(_session):
            calls.append(None)
            if len(calls) > 1:
                raise VisitLost("taken")

        with pytest.raises(VisitLost):
            await visit(app.sources[0], replace(app.context, guard=guard))
        with app.context.database.read() as connection:
            counts = connection.execute(
                text("SELECT (SELECT count(*) FROM document), last_visit_at FROM source")
            )
            assert {tuple(row) for row in counts} == {(0, None)}


async def test_without_a_network_a_worker_waits_until_some_host_answers(
    tmp_path, monkeypatch, caplog
):
    caplog.set_level("INFO")
    clock = [NOW]
    site = FakeFetcher(now=lambda: clock[0])
    async with opened(tmp_path, clock, site) as app:
        watch = NetworkWatch(app)
        for source in app.sources:
            assert not watch.suspected.is_set()
            watch.note(VisitReport(source.id, unreachable=True), source)
        assert watch.suspected.is_set()
        looks = []

        async def answers(_app, host):
            looks.append(host)
            return len(looks) > 2

        monkeypatch.setattr("monitor.roles.network._BACKOFF", Backoff(0.001, 0.001))
        monkeypatch.setattr("monitor.daemon.network.host_answers", answers)
        await watch.wait_for_answer(asyncio.Event())
        assert len(looks) == 4
        assert not watch.suspected.is_set()
    down, up = (record for record in caplog.records if record.name == "monitor.daemon.network")
    assert (down.message, up.message) == ("network.down", "network.up")
    assert down.what == "no network: 2 sources of 2 hosts cannot be reached"
    assert down.next_try == "2026-06-10 16:00 CST"
    assert (up.what, up.since) == ("the network is back", "2026-06-10 16:00 CST")


def test_sources_that_share_a_host_share_a_lock_also_by_way_of_a_third():
    def source(name, *hosts):
        lists = tuple(f"http://{host}/" for host in hosts)
        return replace(HUNAN, id=name, lists=lists, pages=())

    locks = host_locks(
        [source("a", "x"), source("b", "y"), source("c", "z", "y"), source("d", "x", "z")]
    )
    assert len(set(locks.values())) == 1
    assert host_locks([source("a", "x"), source("b", "y")]) == {"a": "x", "b": "y"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--role", "crawl", "-d", "sqlite:///m.db"], "--role needs PostgreSQL"),
        (["--role", "crawl", "--once", "-d", "postgresql://h/d"], "--once is for a process"),
        (["--role", "cook"], "cook"),
    ],
)
def test_a_role_needs_postgresql_and_goes_on_for_ever(arguments, line, capsys):
    with pytest.raises(SystemExit) as left:
        main(["run", *arguments])
    assert left.value.code == 2
    assert line in capsys.readouterr().err
