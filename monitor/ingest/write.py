"""Third step of ingest: write a plan, in the transaction its state was read in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from monitor.ingest.plan import (
    IngestPlan,
    IngestRequest,
    IngestResult,
    PlannedChange,
    PlannedVerdict,
    StatementRef,
)
from monitor.ingest.projection import project_documents
from monitor.model.alerts import Match
from monitor.model.changes import Change
from monitor.model.documents import DocumentKind, StoredSnapshot
from monitor.model.statements import Statement
from monitor.outbox.enqueue import AlertRequest, enqueue
from monitor.storage.change_log import add_corroborations, log_changes
from monitor.storage.commitments import write_commitment_years
from monitor.storage.documents import (
    add_document,
    add_fingerprint,
    documents_of_statements,
    link_successor,
    set_current_snapshot,
    set_home,
)
from monitor.storage.fulfilment import FulfilmentRecord, add_fulfilments, new_verdicts
from monitor.storage.recipients import ensure_recipients
from monitor.storage.reference_day import set_reference_day
from monitor.storage.snapshots import add_other_sentences, add_snapshot
from monitor.storage.subscriptions import inactive, muted, subscribers_of_rules

_RowId = Callable[[StatementRef], int]


def write_plan(
    connection: Connection,
    plan: IngestPlan,
    request: IngestRequest,
    *,
    terminal_chat: int | None,
    now: datetime,
) -> IngestResult:
    """Write a plan: snapshot, statements, changes, fulfilment and alerts, all or nothing.

    Args:
        connection: the transaction the plan's state was read in; the caller commits it.
        plan: what was decided.
        request: the page it was decided for.
        terminal_chat: the recipient that stands for all Telegram chats where there is no bot.
        now: the time of the visit.
    """
    document_id = plan.document_id
    if plan.new_document is not None:
        document_id = _add_document(connection, plan, request, now)
    alerts = 0
    logged: list[tuple[int, Change, tuple[Match, ...]]] = []
    if plan.snapshot is not None and document_id is not None:
        snapshot = add_snapshot(
            connection,
            document_id,
            request.document,
            request.statements if plan.current else (),
            fetch=request.fetch,
            now=now,
            outcome=plan.snapshot.outcome,
            reason=plan.snapshot.reason,
            versions=dict(plan.versions),
            is_first=plan.new_document is not None,
            origin=plan.origin,
        )
        if plan.current is not None:
            set_current_snapshot(
                connection,
                document_id,
                snapshot.id,
                title=plan.current.title,
                published=plan.current.published,
            )
        logged = _log_findings(connection, plan, document_id, snapshot, now)
        if request.provenance.kind is DocumentKind.REPORT:
            write_commitment_years(connection, [document_id])
        found = [(change_id, match) for change_id, _, matches in logged for match in matches]
        wanted = find_recipients(connection, found, terminal_chat=terminal_chat, now=now)
        if wanted:
            alerts = enqueue(
                connection,
                snapshot_id=snapshot.id,
                document_id=document_id,
                matches=wanted,
                now=now,
            )
    if plan.move_home and document_id is not None:
        set_home(connection, document_id, url=request.fetch.url, source_id=request.source_id)
    if plan.current is not None and document_id is not None:
        projected = _projected(connection, plan, document_id)
        is_new = plan.new_document is not None and projected == {document_id}
        project_documents(connection, projected, new=is_new)
    set_reference_day(connection, now.date())
    return IngestResult(
        document_id,
        plan.outcome,
        plan.reason,
        is_new=plan.new_document is not None,
        changes=tuple(change for _, change, _ in logged),
        alerts=alerts,
        suspect=plan.suspect,
        successor_changes=len(plan.successor_changes.changes) if plan.successor_changes else 0,
    )


def _projected(connection: Connection, plan: IngestPlan, document_id: int) -> set[int]:
    """The documents whose current statements a plan changes, in the views."""
    known = {
        one.statement.row_id for one in plan.corroborations if one.statement.row_id is not None
    }
    return {document_id, *documents_of_statements(connection, known)}


def find_recipients(
    connection: Connection,
    found: Sequence[tuple[int, Match]],
    *,
    terminal_chat: int | None,
    now: datetime,
) -> list[AlertRequest]:
    """The recipients of each match, except those that are inactive or muted the rule.

    Args:
        connection: a writing transaction.
        found: ids of changes, and the rules that match them.
        terminal_chat: the recipient that stands for all Telegram chats where there is no bot.
        now: the time of the visit.
    """
    if not found:
        return []
    rules = {match.rule_id for _, match in found}
    named = ensure_recipients(
        connection,
        {
            to
            for _, match in found
            for to in match.recipients
            if terminal_chat is None or to.channel
        },
        now=now,
    )
    subscribed = subscribers_of_rules(connection, rules) if terminal_chat is None else {}
    wanted = [
        AlertRequest(change_id, match.rule_id, recipient_id, match.priority, match.delivery)
        for change_id, match in found
        for recipient_id in dict.fromkeys(
            (
                *([] if terminal_chat is None else [terminal_chat]),
                *(named[to] for to in match.recipients if to in named),
                *subscribed.get(match.rule_id, ()),
            )
        )
    ]
    gone = inactive(connection, {one.recipient_id for one in wanted})
    mutes = muted(connection, rules, now=now)
    return [
        one
        for one in wanted
        if one.recipient_id not in gone and (one.recipient_id, one.rule_id) not in mutes
    ]


def _add_document(
    connection: Connection, plan: IngestPlan, request: IngestRequest, now: datetime
) -> int | None:
    if plan.new_document is None:
        return None
    document = add_document(
        connection,
        provenance=plan.new_document.provenance,
        source_id=request.source_id,
        url=request.fetch.url,
        baseline=plan.new_document.baseline,
        now=now,
    )
    add_fingerprint(connection, document.id, plan.new_document.fingerprint)
    if plan.predecessor_id is not None:
        link_successor(connection, plan.predecessor_id, document.id)
    if plan.successor_id is not None:
        link_successor(connection, document.id, plan.successor_id)
    return document.id


def _log_findings(
    connection: Connection,
    plan: IngestPlan,
    document_id: int,
    snapshot: StoredSnapshot,
    now: datetime,
) -> list[tuple[int, Change, tuple[Match, ...]]]:
    """Write what was found with the new snapshot.

    Returns:
        The changes it brings: their ids and the rules that match them. Verdicts come first, so that
        what the new plan says is newest in the log.
    """
    others = _keep_others(connection, plan, document_id, snapshot.id, now=now)

    def row_id(ref: StatementRef) -> int:
        if ref.row_id is not None:
            return ref.row_id
        if ref.other is not None:
            return others[ref.snapshot or (document_id, snapshot.id)][ref.other.start]
        return snapshot.statement_ids[ref.position or 0]

    verdicts = _write_verdicts(connection, plan, (document_id, snapshot.id), row_id=row_id, now=now)
    successor = plan.successor_changes
    if successor is not None:
        log_changes(
            connection,
            _logged(successor.changes, row_id),
            document_id=successor.document_id,
            snapshot_id=successor.snapshot_id,
            now=now,
            origin=plan.origin,
        )
    add_corroborations(
        connection,
        [(row_id(one.statement), row_id(one.commitment), one.share) for one in plan.corroborations],
        now=now,
    )
    ids = log_changes(
        connection,
        _logged(plan.changes, row_id),
        document_id=document_id,
        snapshot_id=snapshot.id,
        now=now,
        origin=plan.origin,
    )
    changes = zip(ids, plan.changes, strict=True)
    return [*verdicts, *((change_id, one.change, one.matches) for change_id, one in changes)]


def _keep_others(
    connection: Connection, plan: IngestPlan, document_id: int, snapshot_id: int, *, now: datetime
) -> dict[tuple[int, int], dict[int, int]]:
    """Keep the sentences about other subjects that changes and verdicts refer to.

    Returns:
        Their rows by where they start, for each document and snapshot.
    """
    successor = plan.successor_changes
    wanted: defaultdict[tuple[int, int], list[Statement]] = defaultdict(list)
    changes = (*plan.changes, *(successor.changes if successor else ()))
    refs = [ref for one in changes for ref in (one.before, one.after)]
    refs += [one.achievement for one in plan.verdicts]
    for ref in refs:
        if ref is not None and ref.other is not None:
            wanted[ref.snapshot or (document_id, snapshot_id)].append(ref.other)
    return {
        place: add_other_sentences(connection, *place, some, now=now, origin=plan.origin)
        for place, some in wanted.items()
    }


def _logged(
    changes: Iterable[PlannedChange], row_id: _RowId
) -> list[tuple[Change, int | None, int | None]]:
    return [
        (
            one.change,
            None if one.before is None else row_id(one.before),
            None if one.after is None else row_id(one.after),
        )
        for one in changes
    ]


def _write_verdicts(
    connection: Connection,
    plan: IngestPlan,
    own: tuple[int, int],
    *,
    row_id: _RowId,
    now: datetime,
) -> list[tuple[int, Change, tuple[Match, ...]]]:
    """Write the verdicts; each that was not given before is logged for the report of its review.

    Args:
        connection: a writing transaction.
        plan: what was decided.
        own: the document and its new snapshot.
        row_id: the row of a statement.
        now: the time of the visit.

    Returns:
        The logged changes of the new snapshot's review.
    """
    by_review: defaultdict[tuple[int, int], list[PlannedVerdict]] = defaultdict(list)
    for one in plan.verdicts:
        if one.review_id is None or one.review_document_id is None:
            by_review[own].append(one)
        else:
            by_review[one.review_document_id, one.review_id].append(one)
    logged: list[tuple[int, Change, tuple[Match, ...]]] = []
    for (review_document_id, review_id), verdicts in by_review.items():
        records = [_record(one, row_id) for one in verdicts]
        is_new = new_verdicts(connection, records)
        add_fulfilments(connection, records, snapshot_id=review_id, now=now)
        new = [
            (one, record) for one, record, new in zip(verdicts, records, is_new, strict=True) if new
        ]
        ids = log_changes(
            connection,
            [(one.change, record.commitment_id, record.achievement_id) for one, record in new],
            document_id=review_document_id,
            snapshot_id=review_id,
            now=now,
            positions=[one.position for one, _ in new],
            origin=plan.origin,
        )
        if (review_document_id, review_id) == own:
            logged += [
                (change_id, one.change, one.matches)
                for change_id, (one, _) in zip(ids, new, strict=True)
            ]
    return logged


def _record(one: PlannedVerdict, row_id: _RowId) -> FulfilmentRecord:
    return FulfilmentRecord(
        commitment_id=row_id(one.commitment),
        position=one.position,
        due=one.due,
        verdict=one.verdict,
        achievement_id=None if one.achievement is None else row_id(one.achievement),
        achieved=one.achieved,
        unit=one.unit,
    )
