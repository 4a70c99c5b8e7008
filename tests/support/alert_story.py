"""A history to take alerts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from logged_changes import add_changes

from monitor.model.changes import Basis, Certainty, Change, Delta, Kind
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Label, Op, Speaker, Statement, Target
from monitor.outbox.enqueue import AlertRequest, enqueue
from monitor.storage.documents import add_document
from monitor.storage.engine import Database
from monitor.storage.snapshots import add_snapshot

NOW = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A time that moves when a test says so."""

    time: datetime = NOW

    def __call__(self) -> datetime:
        return self.time


def goal(number: float, text: str = "", **overrides: object) -> Statement:
    """A government's sentence with a computing target in it."""
    text = text or f"今年全省算力总规模要超过{number:g}Eflops，把枢纽节点做实。"
    fields: dict[str, object] = {
        "text": text,
        "start": 0,
        "end": len(text),
        "label": Label.COMMITMENT,
        "speaker": Speaker.GOVERNMENT,
        "region": "贵州省",
        "year": 2026,
        "themes": ("compute",),
        "targets": (Target("算力规模", Op.AT_LEAST, number, "Eflops", None, f"{number:g}Eflops"),),
        "section": "二、今年工作",
    }
    return Statement(**(fields | overrides))  # type: ignore[arg-type]


def raised(before: float = 160, after: float = 190) -> Change:
    return Change(
        Kind.STRENGTHENED,
        Basis.SUCCESSION,
        "贵州省",
        goal(before, year=2025),
        goal(after),
        (Delta("算力规模", "Eflops", before, after),),
        0.9,
    )


def added() -> Change:
    return Change(
        Kind.ADDED,
        Basis.REVISION,
        "贵州省",
        None,
        goal(190),
        (Delta("算力规模", "Eflops", None, 190),),
    )


def unsure(number: int = 1, kind: Kind = Kind.DROPPED, region: str = "贵州省") -> Change:
    """A commitment that may have been dropped, or added, with the nearest sentence."""
    said = goal(number, f"建成第{number}个智算中心。", region=region, targets=())
    return Change(
        kind,
        Basis.SUCCESSION,
        region,
        said if kind is Kind.DROPPED else None,
        None if kind is Kind.DROPPED else said,
        score=0.31,
        nearest_text=f"推进第{number}个算力枢纽建设。",
        certainty=Certainty.UNSURE,
    )


def plant(
    database: Database,
    changes: Sequence[Change] = (),
    *,
    chats: Sequence[int] = (),
    unmatched: Sequence[Change] = (),
    title: str = "2026年贵州省政府工作报告",
    priority: int = 0,
    now: datetime = NOW,
) -> list[int]:
    """Write a report and its changes; with ``chats`` put alerts into the outbox too.

    The alerts tell of ``changes``; no rule matches those of ``unmatched``.

    Returns the ids of the changes.
    """
    changes = list(changes) or [raised()]
    every = [*changes, *unmatched]
    with database.write() as connection:
        document = add_document(
            connection,
            provenance=Provenance(
                DocumentKind.REPORT,
                Speaker.GOVERNMENT,
                "贵州省",
                2026,
                date(2026, 1, 28),
                title,
            ),
            source_id=None,
            url="https://www.example.gov.cn/report.html",
            baseline=False,
            now=now,
        )
        before, after = (
            add_snapshot(
                connection,
                document.id,
                Document(text=f"{title} {side}"),
                [s for change in every if (s := getattr(change, side)) is not None],
                fetch=FetchRecord(),
                now=now,
            )
            for side in ("before", "after")
        )
        ids = add_changes(
            connection, every, document_id=document.id, before=before, after=after, now=now
        )
        enqueue(
            connection,
            snapshot_id=after.id,
            document_id=document.id,
            matches=[
                AlertRequest(i, "guizhou", chat, priority)
                for chat in chats
                for i in ids[: len(changes)]
            ],
            now=now,
        )
    return ids
