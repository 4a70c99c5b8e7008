"""Fulfilment in the database: verdicts on targets are added, never altered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    column,
    func,
    or_,
    select,
    table,
    tuple_,
)

from monitor.model.alerts import TargetsDue
from monitor.model.changes import Verdict
from monitor.model.statements import Op, Target
from monitor.storage.base import batches, insert_rows
from monitor.storage.statement_tables import current_target_table, fulfilment_table, statement_table


@dataclass(frozen=True, slots=True)
class FulfilmentRecord:
    """A verdict to be written: which target of which commitment, and the evidence."""

    commitment_id: int
    position: int
    due: int
    verdict: Verdict
    achievement_id: int | None = None
    achieved: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class FulfilmentLine:
    """A line of the view ``target_fulfilment``."""

    statement_id: int
    position: int
    region: str | None
    plan_year: int | None
    due: int | None
    verdict: Verdict
    metric: str
    op: str
    promised: float
    unit: str
    raw: str
    achieved: float | None
    achieved_unit: str | None
    commitment_text: str
    review_text: str | None
    report_title: str
    report_url: str | None
    review_title: str | None
    review_url: str | None
    themes: str
    report_id: int
    review_id: int | None

    @property
    def cursor(self) -> FulfilmentCursor:
        """Where the lines after this one begin."""
        return FulfilmentCursor(
            self.plan_year or 0, self.region or "", self.statement_id, self.position
        )


class FulfilmentCursor(NamedTuple):
    """A place in the ledger."""

    plan_year: int
    region: str
    statement_id: int
    position: int


@dataclass(frozen=True, slots=True)
class FulfilmentCount:
    """How many targets of a region that were due in a year have a verdict."""

    region: str
    due: int
    verdict: Verdict
    targets: int


_LEDGER = table("target_fulfilment", *(column(one.name) for one in fields(FulfilmentLine)))


def add_fulfilments(
    connection: Connection, promises: Sequence[FulfilmentRecord], *, snapshot_id: int, now: datetime
) -> None:
    """Write the verdicts that a snapshot of a report gives; known ones are left as they are."""
    query = select(fulfilment_table.c.commitment_id, fulfilment_table.c.position).where(
        fulfilment_table.c.snapshot_id == snapshot_id
    )
    known = {(commitment_id, position) for commitment_id, position in connection.execute(query)}
    insert_rows(
        connection,
        fulfilment_table,
        [
            {
                "commitment_id": promise.commitment_id,
                "position": promise.position,
                "snapshot_id": snapshot_id,
                "due": promise.due,
                "verdict": promise.verdict,
                "achievement_id": promise.achievement_id,
                "achieved": promise.achieved,
                "unit": promise.unit,
                "assessed_at": now,
            }
            for promise in promises
            if (promise.commitment_id, promise.position) not in known
        ],
        wanted=False,
    )


def _version() -> ColumnElement[int]:
    """The statement's first version, by which all of its versions are one commitment."""
    first: ColumnElement[int] = func.coalesce(
        statement_table.c.first_version_id, statement_table.c.id
    )
    return first


def new_verdicts(connection: Connection, verdicts: Sequence[FulfilmentRecord]) -> list[bool]:
    """For each verdict, whether no review gave it before.

    All versions of a commitment's sentence count as one, so that an edit of either report brings
    only verdicts that differ. Verdicts of a version that was logged by nobody count, too: those
    that are older than the log of verdicts are history.
    """
    version = _version()
    versions: dict[int, int] = {}
    for some in batches({one.commitment_id for one in verdicts}):
        query = select(statement_table.c.id, version.label("first")).where(
            statement_table.c.id.in_(some)
        )
        versions |= {row.id: row.first for row in connection.execute(query)}
    given: set[tuple[int, int, int, str]] = set()
    for some in batches(set(versions.values())):
        given |= {
            (first, position, due, verdict)
            for first, position, due, verdict in connection.execute(
                select(
                    version,
                    fulfilment_table.c.position,
                    fulfilment_table.c.due,
                    fulfilment_table.c.verdict,
                )
                .join(statement_table, statement_table.c.id == fulfilment_table.c.commitment_id)
                .where(version.in_(some))
            )
        }
    return [
        (versions[one.commitment_id], one.position, one.due, one.verdict.value) not in given
        for one in verdicts
    ]


def assessed_plans(connection: Connection, snapshot_id: int) -> set[int]:
    """The snapshots whose targets the review of a snapshot has judged."""
    query = (
        select(statement_table.c.snapshot_id)
        .join(fulfilment_table, fulfilment_table.c.commitment_id == statement_table.c.id)
        .where(fulfilment_table.c.snapshot_id == snapshot_id)
        .distinct()
    )
    return set(connection.scalars(query))


def unlogged_verdicts(connection: Connection, snapshot_id: int) -> set[tuple[int, int, str | None]]:
    """The verdicts of a snapshot that need no line of the log.

    Returns:
        For each the commitment, the target's position and the verdict if it was given before and is
        not logged again. None, for any verdict, if the log of verdicts is younger: today's reading
        may judge otherwise.
    """
    version = _version().label("version")
    rows = (
        select(*fulfilment_table.c, version)
        .join(statement_table, statement_table.c.id == fulfilment_table.c.commitment_id)
        .subquery()
    )
    given, before = rows.alias(), rows.alias()
    repeated = (
        select(given.c.commitment_id, given.c.position, given.c.verdict)
        .join(
            before,
            and_(
                before.c.version == given.c.version,
                before.c.position == given.c.position,
                before.c.due == given.c.due,
                before.c.verdict == given.c.verdict,
                before.c.id < given.c.id,
            ),
        )
        .where(given.c.snapshot_id == snapshot_id)
    )
    older = select(fulfilment_table.c.commitment_id, fulfilment_table.c.position).where(
        fulfilment_table.c.snapshot_id == snapshot_id, fulfilment_table.c.predates_log
    )
    return {
        (row.commitment_id, row.position, row.verdict) for row in connection.execute(repeated)
    } | {(row.commitment_id, row.position, None) for row in connection.execute(older)}


def list_fulfilments(
    connection: Connection,
    *,
    region: str | None = None,
    due: int | None = None,
    verdict: Verdict | None = None,
    theme: str | None = None,
    metric: str | None = None,
    after: FulfilmentCursor | None = None,
    limit: int = 200,
) -> list[FulfilmentLine]:
    """The ledger, the newest plan first.

    Args:
        connection: a reading transaction.
        region: an official name.
        due: the year in which a target was due.
        verdict: one verdict.
        theme: one theme that the commitment has.
        metric: a part of the metric's name.
        after: only lines after this place.
        limit: how many lines at most.
    """
    target = current_target_table.c
    keys = (
        select(target.statement_id, target.position)
        .where(target.plan_year.is_not(None))
        .order_by(target.plan_year.desc(), target.region, target.statement_id, target.position)
    )
    if region is not None:
        keys = keys.where(target.region == region)
    if due is not None:
        keys = keys.where(target.due == due)
    if verdict is not None:
        keys = keys.where(target.verdict == verdict)
    keys = keys.where(*_about(theme, metric))
    if after is not None:
        rest = tuple_(target.region, target.statement_id, target.position) > tuple_(
            after.region, after.statement_id, after.position
        )
        keys = keys.where(
            target.plan_year <= after.plan_year, or_(target.plan_year < after.plan_year, rest)
        )
    # The lines are chosen first: a database would look up the sentences of all of them to sort.
    chosen, shown = keys.limit(limit).subquery(), _LEDGER.c
    query = (
        select(_LEDGER)
        .join(
            chosen,
            and_(chosen.c.statement_id == shown.statement_id, chosen.c.position == shown.position),
        )
        .order_by(shown.plan_year.desc(), shown.region, shown.statement_id, shown.position)
    )
    return _lines(connection, query)


def fulfilments_of(connection: Connection, statement_ids: Collection[int]) -> list[FulfilmentLine]:
    """The lines of the ledger about some commitments, oldest plan first."""
    query = (
        select(_LEDGER)
        .where(_LEDGER.c.statement_id.in_(statement_ids))
        .order_by(_LEDGER.c.plan_year, _LEDGER.c.statement_id, _LEDGER.c.position)
    )
    return _lines(connection, query)


def _lines(connection: Connection, query: Select[Any]) -> list[FulfilmentLine]:
    return [
        FulfilmentLine(**{**line, "verdict": Verdict(line["verdict"])})
        for line in connection.execute(query).mappings()
    ]


def _about(theme: str | None, metric: str | None) -> list[ColumnElement[bool]]:
    """Conditions on what a target is about."""
    target = current_target_table.c
    conditions: list[ColumnElement[bool]] = []
    if theme is not None:
        # Themes are comma-joined; autoescape keeps a user's % and _ from being patterns.
        padded = "," + target.themes + ","
        conditions.append(padded.contains(f",{theme},", autoescape=True))
    if metric is not None:
        named = (target.metric, target.canonical_metric)
        conditions.append(or_(*(one.contains(metric, autoescape=True) for one in named)))
    return conditions


def count_fulfilments(
    connection: Connection,
    *,
    first: int,
    last: int,
    region: str | None = None,
    theme: str | None = None,
    metric: str | None = None,
) -> list[FulfilmentCount]:
    """How many targets have which verdict, by region and the year they were due in.

    Args:
        connection: a reading transaction.
        first: the first year.
        last: the last year.
        region: an official name.
        theme: one theme that the commitment has.
        metric: a part of the metric's name.
    """
    target = current_target_table.c
    query = (
        select(target.region, target.due, target.verdict, func.count())
        .where(
            target.plan_year.is_not(None),
            target.due.between(first, last),
            target.region.is_not(None),
            *_about(theme, metric),
        )
        .group_by(target.region, target.due, target.verdict)
    )
    if region is not None:
        query = query.where(target.region == region)
    return [
        FulfilmentCount(region, due, Verdict(verdict), targets)
        for region, due, verdict, targets in connection.execute(query)
        if region is not None and due is not None and verdict is not None
    ]


def years_due(connection: Connection) -> tuple[int, int] | None:
    """The first and the last year in which a target of a report is due; None without one."""
    target = current_target_table.c
    # Two searches by index; both in one query would read all rows.
    first, last = (
        connection.scalar(
            select(target.due)
            .where(target.plan_year.is_not(None), target.due.is_not(None))
            .order_by(order)
            .limit(1)
        )
        for order in (target.due, target.due.desc())
    )
    return None if first is None or last is None else (first, last)


def metrics_due(connection: Connection, year: int, *, limit: int) -> list[str]:
    """The metrics of the targets that are due in a year, those of the most first."""
    target = current_target_table.c
    query = (
        select(target.canonical_metric)
        .where(target.plan_year.is_not(None), target.due == year)
        .group_by(target.canonical_metric)
        .order_by(func.count().desc(), target.canonical_metric)
        .limit(limit)
    )
    return list(connection.scalars(query))


def targets_due(
    connection: Connection,
    year: int,
    *,
    regions: Collection[str],
    themes: Collection[str],
    limit: int,
) -> TargetsDue | None:
    """The targets of reports that are due in a year and not judged yet; None if there are none.

    Args:
        connection: a reading transaction.
        year: the year in which they are due.
        regions: official names, one of which the commitment's is.
        themes: the commitment has one of them.
        limit: how many are named.
    """
    shown = _LEDGER.c
    names = (shown.region, shown.themes, shown.metric, shown.op, shown.promised, shown.unit)
    query = (
        select(*names, shown.raw)
        .where(shown.due == year, shown.verdict == Verdict.PENDING, shown.region.in_(regions))
        .order_by(shown.plan_year.desc(), shown.region, shown.statement_id, shown.position)
    )
    found = [row for row in connection.execute(query) if set(themes) & set(row.themes.split(","))]
    if not found:
        return None
    first = (
        (row.region, Target(row.metric, Op(row.op), row.promised, row.unit, year, row.raw))
        for row in found[:limit]
    )
    return TargetsDue(year, len(found), tuple(first))
