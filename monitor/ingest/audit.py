"""Audit: read, extract and compare stored bytes again, and compare the results with the log.

Each step is checked on its own: the bytes against their hash, the text against the bytes, the
statements against the text, the log against the statements. A finding names the first mismatch.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from monitor.catalogue.model import Source
from monitor.comparison.compare import compare
from monitor.comparison.fulfilment import assess_fulfilment, verdict_change
from monitor.documents.multipart import BUNDLE_TYPE, Part, read_parts, unbundle
from monitor.extraction.extract import extract
from monitor.extraction.identify import infer_provenance
from monitor.extraction.topics import Topics
from monitor.ingest.decide import has_commitments
from monitor.ingest.dedup import LOGGED, known_changes
from monitor.ingest.pages import provenance_of
from monitor.ingest.plan import FULFILMENT_HORIZON, stored_plan, stored_review
from monitor.ingest.projection import projection_fault
from monitor.ingest.withdrawal import withdrawal_changes
from monitor.model.changes import Basis, Change, Kind
from monitor.model.documents import (
    Document,
    DocumentKind,
    Outcome,
    Provenance,
    StoredSnapshot,
    sha256_hex,
)
from monitor.model.statements import Statement
from monitor.parser_process import ParserError, ParserProcess
from monitor.storage.change_log import corroborations_of
from monitor.storage.fulfilment import assessed_plans, unlogged_verdicts
from monitor.storage.provenance import (
    AuditedSnapshot,
    LoggedRow,
    load_audited_snapshot,
    logged_changes_of,
    report_before,
    snapshot_before,
    snapshot_of,
)
from monitor.storage.snapshots import load_snapshot, other_sentences

_Line = tuple[Kind, int | None, int | None, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A mismatch: in which snapshot, at which step, and what."""

    snapshot_id: int
    url: str | None
    step: str
    what: str


def verify_snapshot(
    connection: Connection,
    snapshot_id: int,
    *,
    sources: Mapping[str, Source],
    topics: Topics,
    parser: ParserProcess,
) -> list[Finding]:
    """Recompute a snapshot and its lines of the log.

    Args:
        connection: a reading transaction.
        snapshot_id: a believed snapshot.
        sources: the catalogue, by id: how its pages are read.
        topics: the topics in force.
        parser: reads stored bytes that may be costly.

    Returns:
        The mismatches. Statements also differ when the extractor or a topic has changed since.
    """
    try:
        found = load_audited_snapshot(connection, snapshot_id)
    except zlib.error as error:
        return [Finding(snapshot_id, None, "bytes", f"they cannot be unpacked: {error}")]
    if found.outcome is not Outcome.OK:
        what = _withdrawal(connection, found)
        return [Finding(snapshot_id, found.url, "log", what)] if what else []
    source = sources.get(found.source_id or "")
    stored = load_snapshot(connection, snapshot_id)
    steps = (
        ("bytes", _bytes(found)),
        ("text", _text(found, source, parser)),
        ("statements", _statements(found, source, stored, topics)),
        ("log", _log(connection, found, stored)),
        ("in force", _in_force(connection, found)),
    )
    return [Finding(snapshot_id, found.url, step, what) for step, what in steps if what]


def _in_force(connection: Connection, found: AuditedSnapshot) -> str:
    is_current = found.document.snapshot_id == found.snapshot_id
    return projection_fault(connection, found.document.id) if is_current else ""


def _bytes(found: AuditedSnapshot) -> str:
    if found.body is not None and sha256_hex(found.body) != found.blob_hash:
        return "the stored bytes are not those that were fetched"
    return ""


def _text(found: AuditedSnapshot, source: Source | None, parser: ParserProcess) -> str:
    if sha256_hex(found.text) != found.text_hash:
        return "the stored text is not the one that was read"
    if found.body is None or (source is None and found.source_id is not None):
        return ""  # no bytes, or the source is no longer in the catalogue
    if found.content_type == BUNDLE_TYPE:
        parts = unbundle(found.body)
    else:
        parts = [Part(found.url or "", found.content_type, found.body)]
    try:
        again = parser.call(
            [part.body for part in parts],
            read_parts,
            parts,
            selectors=source.selectors if source else None,
            encoding=source.encoding if source else None,
        )
    except ParserError as error:
        return f"the bytes cannot be read again: {error}"
    return "" if again.text == found.text else "the bytes are read differently today"


def _statements(
    found: AuditedSnapshot, source: Source | None, stored: StoredSnapshot, topics: Topics
) -> str:
    if source is None and found.source_id is not None:
        return ""
    again = tuple(
        statement
        for statement in extract(found.text, _provenance(found, source), topics)
        if source is None or not source.topics or statement.topic in source.topics
    )
    if not any(one.source_name or one.person for one in stored.statements):
        # Statements of before migration 0015 have no names.
        again = tuple(
            replace(one, source_name=None, person=None, person_title=None) for one in again
        )
    if again == stored.statements:
        return ""
    gone = sum(statement not in again for statement in stored.statements)
    new = sum(statement not in stored.statements for statement in again)
    return f"{gone} of {len(stored.statements)} are not found today, {new} others are"


def _provenance(found: AuditedSnapshot, source: Source | None) -> Provenance:
    document = Document(found.text, found.title, found.published)
    if source is not None:
        guess = provenance_of(
            source, document, title=found.listed_title, listed=found.listed, url=found.url
        )
    else:
        title = found.title or found.document.title
        guess = infer_provenance(found.text, title=title, published=found.published)
    known = found.document
    if known.kind is DocumentKind.REPORT or guess.kind is DocumentKind.REPORT:
        guess = replace(guess, kind=known.kind)
    # A page may name its day at one visit and not at another, and its document has one year.
    year = known.year if source is None or guess.year is None else guess.year
    return replace(guess, region=known.region, year=year)


def _log(connection: Connection, found: AuditedSnapshot, stored: StoredSnapshot) -> str:
    every = logged_changes_of(connection, found.snapshot_id)
    logged = [row for row in every if row.change.basis is not Basis.FULFILMENT]
    wanted: list[_Line] = []
    for basis, before in _comparisons(connection, found, stored, logged):
        plans: tuple[tuple[Statement, ...], tuple[Statement, ...]] = ((), ())
        if basis is Basis.SUCCESSION and before is not None:
            year_before = replace(found.document, year=(found.document.year or 0) - 1)
            plans = stored_plan(year_before, before), stored_plan(found.document, stored)
        changes = compare(
            before.statements if before else (),
            stored.statements,
            basis,
            labels=LOGGED,
            texts=(before.text, stored.text) if before else None,
            plans=plans,
        )
        if before is not None:
            changes = known_changes(changes, before.outcome, stored.outcome)
        rows = _rows_of_others(connection, zip((before, stored), plans, strict=True))
        wanted += [
            _line(change, before, stored, rows)
            for change in changes
            if basis is Basis.SUCCESSION or change.kind is not Kind.CONTINUED
        ]
    corroborated = corroborations_of(connection, found.snapshot_id)
    wanted = [line for line in wanted if line[0] is not Kind.ADDED or line[2] not in corroborated]
    wanted += _verdicts(connection, found, stored)
    have = [(r.change.kind, r.before_id, r.after_id, r.change.deltas) for r in every]
    lacking = sum(line not in have for line in wanted)
    extra = sum(line not in wanted for line in have)
    if not lacking and not extra:
        return ""
    return f"{lacking} changes are not in the log, {extra} of {len(have)} do not follow"


def _withdrawal(connection: Connection, found: AuditedSnapshot) -> str:
    """What is wrong with the log of a visit that found a document withdrawn, or back."""
    kind = Kind.DROPPED if found.outcome is Outcome.GONE else Kind.ADDED
    document_id, snapshot_id = found.document.id, found.snapshot_id
    text_id = snapshot_before(connection, document_id, snapshot_id)
    if text_id is None:
        return "the document has no text that could be withdrawn"
    told: set[str] = set()
    gone_id = snapshot_before(connection, document_id, snapshot_id, outcomes=(Outcome.GONE,))
    if kind is Kind.ADDED and gone_id is not None and text_id > gone_id:
        # It came back with another text: what is new in that was told with it.
        rows = logged_changes_of(connection, text_id)
        told = {row.change.after.text for row in rows if row.change.after is not None}
    wanted = {
        row_id
        for change, row_id in withdrawal_changes(load_snapshot(connection, text_id), kind)
        if change.statement.text not in told
    }
    have = [
        row.before_id if kind is Kind.DROPPED else row.after_id
        for row in logged_changes_of(connection, snapshot_id)
        if (row.change.kind, row.change.basis) == (kind, Basis.WITHDRAWAL)
    ]
    lacking, extra = len(wanted.difference(have)), len(set(have) - wanted)
    if not lacking and not extra:
        return ""
    return f"{lacking} changes are not in the log, {extra} of {len(have)} do not follow"


def _verdicts(
    connection: Connection, found: AuditedSnapshot, stored: StoredSnapshot
) -> list[_Line]:
    """The verdicts of the snapshot's review that must be in the log.

    They are on the plans that were known then, and on those that came or were edited later.
    """
    known = found.document
    if known.kind is not DocumentKind.REPORT or not known.region or not known.year:
        return []
    if not has_commitments(stored.statements):
        return []
    plans = assessed_plans(connection, found.snapshot_id)
    for year in range(known.year - FULFILMENT_HORIZON, known.year):
        plan_id = report_before(connection, known.region, year + 1, found.snapshot_id)
        if plan_id is not None:
            plans.add(plan_id)
    others = stored_review(known, stored)
    rows = _rows_of_others(connection, [(stored, others)])
    unlogged = unlogged_verdicts(connection, found.snapshot_id)
    lines: list[_Line] = []
    for plan_id in sorted(plans):
        plan = load_snapshot(connection, plan_id)
        for one in assess_fulfilment(
            plan.statements, stored.statements, due=known.year - 1, others=others
        ):
            line = _line(verdict_change(one), plan, stored, rows)
            target = line[1], one.position
            if not unlogged & {(*target, one.verdict.value), (*target, None)}:
                lines.append(line)
    return lines


def _comparisons(
    connection: Connection,
    found: AuditedSnapshot,
    stored: StoredSnapshot,
    logged: Sequence[LoggedRow],
) -> list[tuple[Basis, StoredSnapshot | None]]:
    """The snapshots that this one must have been compared with, and on which basis."""
    known = found.document
    result: list[tuple[Basis, StoredSnapshot | None]] = []
    earlier = snapshot_before(connection, known.id, found.snapshot_id)
    if earlier is not None:
        result.append((Basis.REVISION, load_snapshot(connection, earlier)))
    older = None
    if known.kind is DocumentKind.REPORT and known.region and known.year and not earlier:
        older = report_before(connection, known.region, known.year, found.snapshot_id)
    if older is not None:
        if not has_commitments(stored.statements):
            return []  # a report that was not read well is not compared with the year before
        return [(Basis.SUCCESSION, load_snapshot(connection, older))]
    if earlier is None and not known.baseline:
        result.append((Basis.REVISION, None))
    if any(row.change.basis is Basis.SUCCESSION for row in logged):
        # An older report came later; it was compared with the snapshot that was current then.
        result.append((Basis.SUCCESSION, _compared_with(connection, logged)))
    return result


def _compared_with(connection: Connection, logged: Sequence[LoggedRow]) -> StoredSnapshot | None:
    """The earlier snapshot of a logged succession."""
    for row in logged:
        if row.change.basis is Basis.SUCCESSION and row.before_id is not None:
            return load_snapshot(connection, snapshot_of(connection, row.before_id))
    return None


def _rows_of_others(
    connection: Connection, plans: Iterable[tuple[StoredSnapshot | None, tuple[Statement, ...]]]
) -> dict[int, int]:
    """The rows of sentences about other subjects, by identity; -1 for one that has none."""
    rows: dict[int, int] = {}
    for snapshot, sentences in plans:
        if snapshot is not None and sentences:
            known = other_sentences(connection, snapshot.id)
            rows |= {id(one): known.get(one.start, -1) for one in sentences}
    return rows


def _line(
    change: Change,
    before: StoredSnapshot | None,
    after: StoredSnapshot,
    rows: Mapping[int, int],
) -> _Line:
    ids = dict(rows) | {
        id(statement): row_id
        for snapshot in (before, after)
        if snapshot is not None
        for statement, row_id in zip(snapshot.statements, snapshot.statement_ids, strict=True)
    }
    return (
        change.kind,
        None if change.before is None else ids[id(change.before)],
        None if change.after is None else ids[id(change.after)],
        change.deltas,
    )
