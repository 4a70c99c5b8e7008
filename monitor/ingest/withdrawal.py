"""A document whose page is gone for good is withdrawn, and one that comes back is back.

One answer says little: it is doubted like a suspect text. A withdrawal is told when several visits
over ``suspects.hours`` found the page gone, other pages of its host were well in between, and the
document stands at no other address. A redirect to the home page is what some sites do instead of
404; it must last ``suspects.empty_confirm_hours``, like a text without statements. A notice with
status 200 proves nothing: it may stand for any fault of the site. Only documents that are watched
for years (reports, plans and pages) are told of: an article that leaves the web after some months
is no news.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from monitor.ingest.load import load_document
from monitor.ingest.plan import (
    IngestPlan,
    IngestRequest,
    IngestResult,
    NewSnapshot,
    PlannedChange,
    StatementRef,
    SuspectState,
)
from monitor.ingest.policy import SuspectPolicy
from monitor.ingest.write import write_plan
from monitor.model.changes import Basis, Change, Kind
from monitor.model.documents import (
    Document,
    DocumentKind,
    Fetched,
    FetchRecord,
    Outcome,
    Provenance,
    StoredDocument,
    StoredSnapshot,
)
from monitor.model.statements import Label, Speaker
from monitor.rules.matcher import RuleSet
from monitor.storage.documents import has_other_report, set_withdrawn
from monitor.storage.frontier import (
    GONE,
    FrontierEntry,
    host_is_well,
    recheck_neighbours,
    stands_elsewhere,
)
from monitor.storage.snapshots import load_snapshot

_GONE_STATUS = frozenset({404, 410})
_TOLD = frozenset({DocumentKind.REPORT, DocumentKind.PLAN, DocumentKind.PAGE})


@dataclass(frozen=True, slots=True)
class WithdrawalContext:
    """What a withdrawal is told with: source, rules, time, and who is told without a bot."""

    source_id: str
    rules: RuleSet
    now: datetime
    policy: SuspectPolicy
    terminal_chat: int | None


def ingest_gone(
    connection: Connection,
    entry: FrontierEntry,
    fetched: Fetched,
    context: WithdrawalContext,
) -> tuple[IngestResult, SuspectState]:
    """Count a visit that found a document's page gone, and log the withdrawal once it is sure.

    Args:
        connection: a writing transaction.
        entry: the address, which has a document.
        fetched: the answer; its reason says why the page counts as gone.
        context: rules and time.

    Returns:
        The result, and what the address is suspected of from now on.
    """
    document = load_document(connection, entry.document_id or 0)
    before = SuspectState(entry.suspect_hash, entry.suspect_count, entry.suspect_since)
    suspect = before.seen(GONE, context.now)
    nothing = IngestResult(document.id, fetched.outcome, fetched.reason), suspect
    if document.kind not in _TOLD or document.snapshot_id is None:
        return nothing
    if document.withdrawn_at is not None or document.successor_id:
        return nothing
    if suspect.count == 1:
        recheck_neighbours(connection, context.source_id, entry, context.now)
    if not _is_withdrawn(connection, document, entry, fetched, suspect=suspect, context=context):
        return nothing
    set_withdrawn(connection, document.id, context.now)
    snapshot = load_snapshot(connection, document.snapshot_id)
    plan = withdrawal_plan(document, snapshot, context.rules, context.source_id, fetched.reason)
    written = _write(connection, plan, document, entry=entry, fetched=fetched, context=context)
    return replace(written, outcome=fetched.outcome), suspect


def _is_withdrawn(
    connection: Connection,
    document: StoredDocument,
    entry: FrontierEntry,
    fetched: Fetched,
    *,
    suspect: SuspectState,
    context: WithdrawalContext,
) -> bool:
    policy, now = context.policy, context.now
    is_soft = fetched.status not in _GONE_STATUS
    if not suspect.is_confirmed(policy, now, emptied=is_soft):
        return False
    well = host_is_well(connection, context.source_id, entry, since=suspect.since or now)
    # A host of which nothing else is known may be down as a whole: that takes longer to tell.
    if well is False or not suspect.is_confirmed(policy, now, emptied=is_soft or well is None):
        return False
    if stands_elsewhere(connection, entry.id, document.id):
        return False
    return not has_other_report(connection, document)


def ingest_return(
    connection: Connection,
    document_id: int,
    entry: FrontierEntry,
    fetched: Fetched,
    *,
    context: WithdrawalContext,
    told: Iterable[Change] = (),
) -> IngestResult | None:
    """Log that a document is back if it was withdrawn.

    Args:
        connection: a writing transaction.
        document_id: the document.
        entry: the address that shows it, its old one or another.
        fetched: the answer.
        context: rules and time.
        told: changes that the same visit found in its text: their sentences are not told twice.
    """
    document = load_document(connection, document_id)
    if document.withdrawn_at is None:
        return None
    set_withdrawn(connection, document.id, None)
    snapshot = load_snapshot(connection, document.snapshot_id or 0)
    known = {change.after.text for change in told if change.after is not None}
    plan = return_plan(document, snapshot, context.rules, context.source_id, known)
    return _write(connection, plan, document, entry=entry, fetched=fetched, context=context)


def withdrawal_plan(
    document: StoredDocument,
    snapshot: StoredSnapshot,
    rules: RuleSet,
    source_id: str,
    reason: str,
) -> IngestPlan:
    """Every commitment of the last text is dropped, with the document it stood in. Pure."""
    return IngestPlan(
        outcome=Outcome.GONE,
        reason=reason,
        document_id=document.id,
        snapshot=NewSnapshot(Outcome.GONE, reason),
        changes=_planned(snapshot, rules, source_id, Kind.DROPPED),
    )


def return_plan(
    document: StoredDocument,
    snapshot: StoredSnapshot,
    rules: RuleSet,
    source_id: str,
    known: Collection[str],
) -> IngestPlan:
    """Every commitment of the text is there again, except the ``known`` sentences. Pure."""
    return IngestPlan(
        document_id=document.id,
        snapshot=NewSnapshot(Outcome.NOT_MODIFIED, "the page is back"),
        changes=tuple(
            one
            for one in _planned(snapshot, rules, source_id, Kind.ADDED)
            if one.change.statement.text not in known
        ),
    )


def withdrawal_changes(snapshot: StoredSnapshot, kind: Kind) -> list[tuple[Change, int]]:
    """The change of each commitment of a text that is withdrawn or back, and its row."""
    gone = kind is Kind.DROPPED
    return [
        (
            Change(
                kind,
                Basis.WITHDRAWAL,
                statement.region,
                statement if gone else None,
                None if gone else statement,
            ),
            row_id,
        )
        for statement, row_id in zip(snapshot.statements, snapshot.statement_ids, strict=True)
        if statement.label is Label.COMMITMENT
    ]


def _planned(
    snapshot: StoredSnapshot, rules: RuleSet, source_id: str, kind: Kind
) -> tuple[PlannedChange, ...]:
    gone = kind is Kind.DROPPED
    return tuple(
        PlannedChange(
            change,
            StatementRef(row_id=row_id) if gone else None,
            None if gone else StatementRef(row_id=row_id),
            rules.match(change, source_id=source_id),
        )
        for change, row_id in withdrawal_changes(snapshot, kind)
    )


def _write(
    connection: Connection,
    plan: IngestPlan,
    document: StoredDocument,
    *,
    entry: FrontierEntry,
    fetched: Fetched,
    context: WithdrawalContext,
) -> IngestResult:
    request = IngestRequest(
        document=Document("", title=document.title, published=document.published),
        provenance=Provenance(
            document.kind, Speaker.GOVERNMENT, document.region, document.year, title=document.title
        ),
        statements=(),
        fetch=FetchRecord(
            frontier_entry_id=entry.id, url=entry.url, status=fetched.status, fetched=fetched
        ),
        source_id=context.source_id,
        document_id=document.id,
    )
    return write_plan(
        connection, plan, request, terminal_chat=context.terminal_chat, now=context.now
    )
