"""Jobs on a real PostgreSQL: one a host at a time, and taken from workers that went silent."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from monitor.errors import StorageError
from monitor.roles.crawl import job_guard
from monitor.roles.queue import VisitJob, create_tables, open_queue, tables_mismatch
from monitor.storage.locks import holds_job
from monitor.storage.queue_schema import create_queue_schema


async def test_jobs_are_given_once_and_done_one_a_host_at_a_time(postgres_database):
    assert "has jobs of revision none" in (tables_mismatch(postgres_database) or "")
    assert create_tables(postgres_database)
    assert not create_tables(postgres_database)
    assert tables_mismatch(postgres_database) is None
    under_way, most, done = set(), 0, asyncio.Event()
    made = []

    async def visit(job_id, job):
        nonlocal most
        assert job.lock not in under_way
        under_way.add(job.lock)
        most = max(most, len(under_way))
        await asyncio.sleep(0.05)
        under_way.remove(job.lock)
        made.append(job.source_id)
        if len(made) == 3:
            done.set()

    async with open_queue(postgres_database, visit) as queue:
        jobs = [VisitJob("a", "x", "1"), VisitJob("b", "x"), VisitJob("c", "y")]
        assert await queue.defer(jobs) == 3
        assert await queue.defer([VisitJob("a", "x")]) == 0
        assert await queue.open_sources() == {"a", "b", "c"}
        work = asyncio.create_task(queue.work(name="w", concurrency=4, patience=1.0))
        await asyncio.wait_for(done.wait(), 60)
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        assert await queue.open_sources() == set()
    assert sorted(made) == ["a", "b", "c"]
    assert most == 2


async def test_a_visit_whose_worker_is_silent_may_write_nothing_more(postgres_database):
    create_tables(postgres_database)
    held: list[int] = []
    begun, end = asyncio.Event(), asyncio.Event()

    async def visit(job_id, job):
        held.append(job_id)
        begun.set()
        await end.wait()

    async with open_queue(postgres_database, visit) as queue:
        await queue.defer([VisitJob("a", "x")])
        work = asyncio.create_task(queue.work(name="w", concurrency=1, patience=1.0))
        await asyncio.wait_for(begun.wait(), 60)
        guard = job_guard(held[0])
        with postgres_database.write() as connection:
            guard(connection)
        assert await queue.drop_stalled(seconds=60) == []
        assert await queue.drop_stalled(seconds=0) == ["a"]
        with postgres_database.write() as connection:
            assert not holds_job(connection, held[0])
        # Another job of the source is another visit's.
        assert await queue.defer([VisitJob("a", "x")]) == 1
        end.set()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


def test_tables_of_another_release_are_replaced_and_another_program_s_are_not(postgres_database):
    assert create_queue_schema(postgres_database, "CREATE TABLE one (a text DEFAULT '%s');")
    assert create_queue_schema(postgres_database, "CREATE TABLE two ();")
    with postgres_database.engine.begin() as connection:
        found = connection.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema='monitor_queue'"
        )
        assert found.scalars().all() == ["two"]
        connection.exec_driver_sql("COMMENT ON SCHEMA monitor_queue IS 'theirs'")
    with pytest.raises(StorageError, match="of another program"):
        create_tables(postgres_database)
