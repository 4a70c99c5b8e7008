"""Values to rows and back: the one place that knows how a statement or change is laid down."""

from __future__ import annotations

from datetime import datetime

from monitor.model.changes import Basis, Change, Delta, Kind
from monitor.model.statements import Label, Op, Speaker, Statement, Target, number
from monitor.storage.tables import ChangeRow, DeltaRow, StatementRow, TargetRow


def statement_row(statement: Statement, *, snapshot_id: int, document_id: int) -> StatementRow:
    """The row of a statement in a snapshot, with its targets."""
    return StatementRow(
        snapshot_id=snapshot_id,
        document_id=document_id,
        topic=statement.topic,
        text=statement.text,
        start_offset=statement.start,
        end_offset=statement.end,
        label=statement.label.value,
        speaker=statement.speaker.value,
        region=statement.region,
        year=statement.year,
        themes=",".join(statement.themes),
        section=statement.section,
        targets=[
            TargetRow(
                position=position,
                metric=target.metric,
                op=target.op.value,
                value=target.value,
                unit=target.unit,
                year=target.year,
                raw=target.raw,
            )
            for position, target in enumerate(statement.targets)
        ],
    )


def statement_of(row: StatementRow) -> Statement:
    """The statement a row holds."""
    return Statement(
        text=row.text,
        start=row.start_offset,
        end=row.end_offset,
        label=Label(row.label),
        speaker=Speaker(row.speaker),
        region=row.region,
        year=row.year,
        themes=tuple(row.themes.split(",")) if row.themes else (),
        targets=tuple(
            Target(item.metric, Op(item.op), item.value, item.unit, item.year, item.raw)
            for item in row.targets
        ),
        section=row.section,
        topic=row.topic,
    )


def change_row(
    change: Change,
    *,
    document_id: int,
    snapshot_id: int,
    before_id: int | None,
    after_id: int | None,
    detected_at: datetime,
) -> ChangeRow:
    """The row of a change, with its deltas; ``identity`` keeps it from being written twice."""
    return ChangeRow(
        detected_at=detected_at,
        document_id=document_id,
        snapshot_id=snapshot_id,
        kind=change.kind.value,
        basis=change.basis.value,
        region=change.region,
        topic=change.statement.topic,
        before_id=before_id,
        after_id=after_id,
        similarity=change.similarity,
        summary=summary(change),
        identity=f"{snapshot_id}:{change.basis.value}:{before_id or '-'}:{after_id or '-'}",
        deltas=[
            DeltaRow(
                position=position,
                metric=delta.metric,
                unit=delta.unit,
                before=delta.before,
                after=delta.after,
            )
            for position, delta in enumerate(change.deltas)
        ],
    )


def change_of(row: ChangeRow) -> Change:
    """The change a row holds, statements included."""
    return Change(
        kind=Kind(row.kind),
        basis=Basis(row.basis),
        region=row.region,
        before=None if row.before is None else statement_of(row.before),
        after=None if row.after is None else statement_of(row.after),
        deltas=tuple(Delta(item.metric, item.unit, item.before, item.after) for item in row.deltas),
        similarity=row.similarity,
    )


def summary(change: Change) -> str:
    """The deltas in words, for whoever reads the log in SQL: ``算力规模 160 → 190 Eflops``."""
    return "; ".join(
        f"{delta.metric} {_value(delta.before)} → {_value(delta.after)} {delta.unit}"
        for delta in change.deltas
    )


def _value(value: float | None) -> str:
    return "–" if value is None else f"{number(value):,}"
