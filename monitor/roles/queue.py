"""The jobs between the process that schedules and those that crawl, over procrastinate.

A job is one visit of one source. Its row is also what permits the visit to write (``guard``): once
the scheduler has deleted the job of a worker that went silent, nothing of that visit is written
any more, whatever became of the worker.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager
from procrastinate.tasks import Task
from psycopg import AsyncConnection

from monitor.storage.engine import Database
from monitor.storage.locks import QUEUE_SCHEMA
from monitor.storage.queue_schema import (
    create_queue_schema,
    queue_revision,
    stored_queue_revision,
)

QUEUE_FAULTS = (ConnectorException, OSError)
"""The database cannot be reached, or does not take a job."""

HEARTBEAT_SECONDS = 10.0
"""How often a worker shows that it is alive."""

STALLED_SECONDS = 45.0
"""Seconds without a sign of life after which the jobs of a worker are taken from it."""

_QUEUE = "visits"
_TASK = "visit"
_BATCH = 500
_MAX_CONNECTIONS = 4
_POLL_SECONDS = 2.0
_OPEN = (Status.TODO, Status.DOING)


@dataclass(frozen=True, slots=True)
class VisitJob:
    """A visit to be made: of which source, and what the scheduler knows of its configuration."""

    source_id: str
    lock: str
    configuration: str = ""


Visit = Callable[[int, VisitJob], Awaitable[None]]
"""Makes a visit: the number of the job, and the job."""


@asynccontextmanager
async def open_queue(database: Database, visit: Visit | None = None) -> AsyncIterator[JobQueue]:
    """Connect to the jobs of a database.

    Args:
        database: on PostgreSQL, with the tables of the queue in it.
        visit: makes a visit, in a process that crawls.
    """
    connector = PsycopgConnector(
        conninfo=database.connection_string,
        kwargs=database.connect_arguments,
        min_size=1,
        max_size=_MAX_CONNECTIONS,
        configure=_use_schema,
    )
    app = App(connector=connector)

    @app.task(name=_TASK, queue=_QUEUE, pass_context=True)
    async def run(context: JobContext, /, source_id: str, **said: object) -> None:
        # A later version may say more of a job than this one knows.
        job = VisitJob(source_id, context.job.lock or "", str(said.get("configuration", "")))
        if visit is not None:
            await visit(context.job.id or 0, job)

    async with app.open_async():
        yield JobQueue(app, run)


def create_tables(database: Database) -> bool:
    """Make the tables of the queue, if they are not those of the library that is installed."""
    return create_queue_schema(database, SchemaManager.get_schema())


def tables_mismatch(database: Database) -> str | None:
    """How the tables of the queue are not those of the library that is installed."""
    found, expected = stored_queue_revision(database), queue_revision(SchemaManager.get_schema())
    if found == expected:
        return None
    return (
        f"{database.shown} has jobs of revision {found or 'none'}, this version has {expected}: "
        "all processes need the same version of this program and of procrastinate"
    )


async def _use_schema(connection: AsyncConnection) -> None:
    await connection.execute(f"SET search_path TO {QUEUE_SCHEMA}")
    await connection.commit()


@dataclass(frozen=True, slots=True)
class JobQueue:
    """The jobs of a database."""

    app: App
    task: Task[..., Any, ...]

    async def open_sources(self) -> set[str]:
        """The sources that have a job, waiting or being done."""
        found: set[str] = set()
        for status in _OPEN:
            jobs = await self.app.job_manager.list_jobs_async(queue=_QUEUE, status=status.value)
            found.update(str(job.task_kwargs.get("source_id")) for job in jobs)
        return found

    async def defer(self, visits: Iterable[VisitJob]) -> int:
        """Add jobs; a source that has one already gets no other.

        Returns:
            How many were added.
        """
        jobs = [
            self.task.configure(lock=one.lock, queueing_lock=one.source_id).make_new_job(
                source_id=one.source_id, configuration=one.configuration
            )
            for one in visits
        ]
        added = 0
        for first in range(0, len(jobs), _BATCH):
            some = jobs[first : first + _BATCH]
            try:
                added += len(await self.app.job_manager.batch_defer_jobs_async(some))
            except AlreadyEnqueued:
                # Another scheduler was faster. What is left out is still due at the next look.
                continue
        return added

    async def drop_stalled(self, seconds: float = STALLED_SECONDS) -> list[str]:
        """Delete the jobs of workers that went silent; the sources are due as before.

        Returns:
            Their sources.
        """
        stalled = await self.app.job_manager.get_stalled_jobs(
            queue=_QUEUE, seconds_since_heartbeat=seconds
        )
        dropped = []
        for job in stalled:
            try:
                await self.app.job_manager.finish_job(job, Status.ABORTED, delete_job=True)
            except ConnectorException:
                # Its worker was faster: it is not silent any more, and the job is done.
                continue
            dropped.append(str(job.task_kwargs.get("source_id")))
        return dropped

    async def work(self, *, name: str, concurrency: int, patience: float) -> None:
        """Make visits until cancelled; then those under way have ``patience`` seconds to end.

        Raises:
            ConnectorException: the database cannot be reached, or the worker was taken for dead.
        """
        await self.app.run_worker_async(
            queues=[_QUEUE],
            name=name,
            concurrency=concurrency,
            install_signal_handlers=False,
            delete_jobs="always",
            fetch_job_polling_interval=_POLL_SECONDS,
            shutdown_graceful_timeout=patience,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_SECONDS,
        )
