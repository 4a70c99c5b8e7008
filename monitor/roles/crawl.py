"""The role ``crawl``: makes the visits it is given jobs for, and writes what they bring."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from monitor.app import App, schema_mismatch
from monitor.catalogue.model import Source
from monitor.daemon.due import is_due
from monitor.daemon.visits import log_failures
from monitor.errors import VisitLost
from monitor.ingest.context import VisitReport
from monitor.ingest.visit import visit
from monitor.retry import CLOCK_SKEW
from monitor.roles.configuration import configuration_mark
from monitor.roles.queue import VisitJob
from monitor.storage.engine import Transaction
from monitor.storage.locks import holds_job

log = logging.getLogger(__name__)


def job_guard(job_id: int) -> Callable[[Transaction], None]:
    """Lets a visit write only as long as its job exists.

    The job stays until the transaction has been committed, so that whoever takes over sees it.
    """

    def guard(connection: Transaction) -> None:
        if not holds_job(connection, job_id):
            raise VisitLost(f"job {job_id} was taken from this worker")

    return guard


@dataclass(slots=True)
class JobVisits:
    """Makes visits for jobs.

    Attributes:
        app: the open application.
        done: called with the report of each visit.
        stop: called with the reason when this process can make no more visits.
    """

    app: App
    done: Callable[[VisitReport, Source], None]
    stop: Callable[[str], None]
    _sources: dict[str, Source] = field(init=False)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Index the sources."""
        self._sources = {source.id: source for source in self.app.sources}

    async def make(self, job_id: int, job: VisitJob) -> None:
        """Visit the source of a job, unless that is not due any more."""
        wrong = await asyncio.to_thread(schema_mismatch, self.app.context.database)
        if wrong is not None:
            self.stop(wrong)
            return
        await self._compare(job)
        source = self._sources.get(job.source_id)
        if source is None:
            if self._is_new(job.source_id):
                log.warning(
                    "job.unknown_source",
                    extra={"source": job.source_id, "what": "the catalogue here lacks it"},
                )
            return
        if not await asyncio.to_thread(is_due, self.app, source, skew=CLOCK_SKEW):
            log.debug("job.not_due", extra={"source": source.id})
            return
        try:
            report = await visit(source, replace(self.app.context, guard=job_guard(job_id)))
        except VisitLost as error:
            log.warning("visit.lost", extra={"source": source.id, "reason": str(error)})
        except Exception:
            # Nothing of its end is in the database, where the source is still due.
            log.exception("visit.failed", extra={"source": source.id})
        else:
            log_failures([report])
            self.done(report, source)
            # The job keeps the host from other workers, whose first request comes at once.
            await asyncio.sleep(self.app.settings.crawl.min_delay)

    async def _compare(self, job: VisitJob) -> None:
        """Warn when the files of this machine are not those of the scheduler's."""
        if not job.configuration:
            return
        mine = await asyncio.to_thread(configuration_mark, self.app.settings)
        if mine != job.configuration and self._is_new(f"{mine} {job.configuration}"):
            what = "catalogue, topics or rules are not those of the scheduler's machine"
            log.warning("configuration.differs", extra={"what": what})

    def _is_new(self, what: str) -> bool:
        """Whether something was not told before."""
        is_new = what not in self._told
        self._told.add(what)
        return is_new
