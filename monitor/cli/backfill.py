"""``monitor backfill``: the older reports that report columns list, as history."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from monitor.app import fetcher_settings, suspect_policy, watched_source
from monitor.catalogue.loader import load_catalogue
from monitor.catalogue.model import Catalogue, Source
from monitor.cli.options import ConfigOption, DatabaseOption, open_database
from monitor.cli.output import print_above, print_status, progress
from monitor.clock import utc_now
from monitor.config.settings import Settings
from monitor.daemon.signals import stop_on_signals
from monitor.errors import UserError
from monitor.extraction.topics import load_topics
from monitor.fetching.fetcher import HttpFetcher
from monitor.ingest.backfill import BackfillProgress, BackfillReport, as_history, backfill
from monitor.ingest.context import StoredPauses, StoredRobots, VisitContext
from monitor.model.documents import DocumentKind
from monitor.rules.matcher import RuleSet
from monitor.storage.document_list import DocumentFilter, count_documents
from monitor.storage.engine import Database
from monitor.storage.frontier import add_sources
from monitor.yaml import did_you_mean

_INTERRUPTED = 130


def backfill_command(
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]…", help="Sources; all enabled report columns if none is named."
        ),
    ] = None,
    years: Annotated[
        int, typer.Option(min=1, max=50, help="How many years back, this one included.")
    ] = 3,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Read the older reports that the report columns list into the history, without alerts.

    Their lists are followed page by page, as politely as by monitor run; what is stored already
    is not requested again, so that a run that was stopped goes on. Afterwards monitor run watches
    these reports too.
    """
    logging.getLogger("monitor").addHandler(logging.NullHandler())
    with open_database(config, database) as (settings, store):
        catalogue = load_catalogue(settings.existing_paths("catalogue"))
        sources = _chosen(catalogue, ids or [])
        since = date(utc_now().astimezone(ZoneInfo(settings.timezone)).year - years + 1, 1, 1)
        with store.write() as connection:
            add_sources(connection, map(watched_source, sources), utc_now())
        before = _count(store)
        reports, stopped = asyncio.run(_run(settings, store, sources, since))
        added = _count(store) - before
    changes = sum(len(r.visits.changes) + r.visits.successor_changes for r in reports)
    failed = sum(one.failed for one in reports)
    lists = sum(bool(one.reason) for one in reports)
    parts = [
        f"{added} document{'' if added == 1 else 's'} added from {len(reports)} of "
        f"{len(sources)} sources",
        f"{sum(one.known for one in reports)} already there",
        *([f"{failed} pages failed"] if failed else []),
        *([f"{lists} sources with a list that failed"] if lists else []),
        f"{changes} change{'' if changes == 1 else 's'} logged, no alerts",
    ]
    print_status(("stopped; the same command goes on: " if stopped else "") + ", ".join(parts))
    if stopped:
        raise typer.Exit(_INTERRUPTED)
    if failed or lists:
        raise typer.Exit(1)


async def _run(
    settings: Settings, store: Database, sources: Sequence[Source], since: date
) -> tuple[list[BackfillReport], bool]:
    stop = asyncio.Event()
    limit = asyncio.Semaphore(settings.crawl.concurrency)
    reports: list[BackfillReport] = []
    with stop_on_signals(stop), progress() as bar:
        task = bar.add_task("reading", total=len(sources))
        steps = BackfillProgress(
            add_pages=lambda count: bar.update(
                task, total=(bar.tasks[0].total or 0) + count, refresh=True
            ),
            done=lambda: bar.advance(task),
            stop=stop.is_set,
        )
        fetcher = HttpFetcher(
            fetcher_settings(settings),
            robots_store=StoredRobots(store),
            pause_store=StoredPauses(store),
        )
        async with fetcher:
            context = as_history(
                VisitContext(
                    database=store,
                    fetcher=fetcher,
                    topics=load_topics(settings.existing_paths("topics")),
                    rules=lambda: RuleSet(()),
                    now=utc_now,
                    suspects=suspect_policy(settings),
                    zone=ZoneInfo(settings.timezone),
                )
            )

            async def one(source: Source) -> None:
                async with limit:
                    report = await backfill(source, context, since=since, progress=steps)
                reports.append(report)
                bar.advance(task)
                print_above(bar, _line(report))

            work = asyncio.gather(*map(one, sources))
            waiter = asyncio.create_task(stop.wait())
            both: set[asyncio.Future[Any]] = {work, waiter}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            waiter.cancel()
            if not work.done():
                work.cancel()
            try:
                await work
            except asyncio.CancelledError:
                if not stop.is_set():
                    raise
            finally:
                context.parser.close()
    return reports, stop.is_set()


def _line(report: BackfillReport) -> str:
    """What became of a source."""
    parts = [f"{report.listed} listed", f"{report.read} read"]
    if report.known:
        parts.append(f"{report.known} already there")
    if report.failed:
        why = report.visits.reason or report.visits.fault
        parts.append(f"{report.failed} failed{f' ({why})' if why else ''}")
    if report.left:
        parts.append(f"{report.left} new ones left to monitor run")
    if report.reason:
        parts.append(f"a list failed: {report.reason}")
    return f"{report.source_id}: {', '.join(parts)}"


def _chosen(catalogue: Catalogue, ids: Sequence[str]) -> list[Source]:
    """The sources to read.

    Raises:
        UserError: a source is unknown or has no list, or there is no report column.
    """
    if not ids:
        found = [
            one
            for one in catalogue.enabled
            if one.document_kind is DocumentKind.REPORT and one.lists
        ]
        if not found:
            raise UserError(
                "the catalogue has no enabled report column", hint="see monitor sources list"
            )
        return found
    chosen: dict[str, Source] = {}
    for source_id in ids:
        source = catalogue.get(source_id)
        if source is None:
            known = [item.id for item in catalogue.sources]
            hint = did_you_mean(source_id, known) or "see monitor sources list"
            raise UserError(f"unknown source {source_id!r}", hint=hint)
        if not source.lists:
            raise UserError(f"source {source_id!r} has no list to read older documents from")
        chosen[source_id] = source
    return list(chosen.values())


def _count(store: Database) -> int:
    with store.read() as connection:
        return count_documents(connection, DocumentFilter())
