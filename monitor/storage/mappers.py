"""Mapping between values and rows of statements, targets, changes and deltas."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from monitor.model.changes import Basis, Certainty, Change, Delta, Kind
from monitor.model.documents import Origin
from monitor.model.statements import Label, Op, Speaker, Statement, Target, number


def statement_values(
    statement: Statement, *, snapshot_id: int, document_id: int | None
) -> dict[str, object]:
    """The columns of a statement in a snapshot."""
    return {
        "snapshot_id": snapshot_id,
        "document_id": document_id,
        "topic": statement.topic,
        "text": statement.text,
        "start_offset": statement.start,
        "end_offset": statement.end,
        "label": statement.label.value,
        "speaker": statement.speaker.value,
        "region": statement.region,
        "year": statement.year,
        "themes": ",".join(statement.themes),
        "section": statement.section,
        "source_name": statement.source_name,
        "person": statement.person,
        "person_title": statement.person_title,
    }


def target_values(statement: Statement, statement_id: int) -> list[dict[str, object]]:
    """The columns of each target of a statement."""
    return [
        {
            "statement_id": statement_id,
            "position": position,
            "metric": target.metric,
            "op": target.op.value,
            "value": target.value,
            "unit": target.unit,
            "year": target.year,
            "raw": target.raw,
        }
        for position, target in enumerate(statement.targets)
    ]


def stored_statement(row: Row[Any], targets: tuple[Target, ...]) -> Statement:
    """The statement of a row, given its targets."""
    return Statement(
        text=row.text,
        start=row.start_offset,
        end=row.end_offset,
        label=Label(row.label),
        speaker=Speaker(row.speaker),
        region=row.region,
        year=row.year,
        themes=tuple(row.themes.split(",")) if row.themes else (),
        targets=targets,
        section=row.section,
        topic=row.topic,
        source_name=row.source_name,
        person=row.person,
        person_title=row.person_title,
    )


def stored_target(row: Row[Any]) -> Target:
    """The target of a row."""
    return Target(row.metric, Op(row.op), row.value, row.unit, row.year, row.raw)


def change_values(
    change: Change,
    *,
    document_id: int,
    snapshot_id: int,
    before_id: int | None,
    after_id: int | None,
    detected_at: datetime,
    position: int | None = None,
    origin: Origin = Origin.LIVE,
) -> dict[str, object]:
    """The columns of a change; ``identity`` is unique, so that it cannot be written twice.

    Of a verdict it has the ``position`` of the target, of which a commitment may have several.
    """
    identity = f"{snapshot_id}:{change.basis.value}:{before_id or '-'}:{after_id or '-'}"
    return {
        "detected_at": detected_at,
        "document_id": document_id,
        "snapshot_id": snapshot_id,
        "kind": change.kind.value,
        "basis": change.basis.value,
        "region": change.region,
        "topic": change.statement.topic,
        "before_id": before_id,
        "after_id": after_id,
        "similarity": change.similarity,
        "score": change.score,
        "nearest_text": change.nearest_text,
        "certainty": change.certainty.value,
        "summary": summary(change),
        "origin": origin.value,
        "identity": identity if position is None else f"{identity}:{position}",
    }


def delta_values(change: Change, change_id: int) -> list[dict[str, object]]:
    """The columns of each delta of a change."""
    return [
        {
            "change_id": change_id,
            "position": position,
            "metric": delta.metric,
            "unit": delta.unit,
            "before": delta.before,
            "after": delta.after,
        }
        for position, delta in enumerate(change.deltas)
    ]


def stored_change(
    row: Row[Any],
    *,
    before: Statement | None,
    after: Statement | None,
    deltas: tuple[Delta, ...],
) -> Change:
    """The change of a row, given what other tables hold of it."""
    return Change(
        kind=Kind(row.kind),
        basis=Basis(row.basis),
        region=row.region,
        before=before,
        after=after,
        deltas=deltas,
        similarity=row.similarity,
        score=row.score,
        nearest_text=row.nearest_text,
        certainty=Certainty(row.certainty),
    )


def summary(change: Change) -> str:
    """The deltas in words, for whoever reads the log in SQL: ``算力规模 160 → 190 Eflops``."""
    return "; ".join(
        f"{delta.metric} {_value(delta.before)} → {_value(delta.after)} {delta.unit}".rstrip()
        for delta in change.deltas
    )


def _value(value: float | None) -> str:
    return "–" if value is None else f"{number(value):,}"
