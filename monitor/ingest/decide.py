"""Second step of ingest: which document a page is, what changed in it, and what is to be written.

Pure: the same request, state and time give the same plan. Nothing is read and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import MappingProxyType

from monitor.comparison.compare import compare
from monitor.comparison.corroboration import corroborate
from monitor.comparison.fulfilment import (
    TargetFulfilment,
    assess_fulfilment,
    has_targets_due,
    verdict_change,
)
from monitor.comparison.similarity import suspect_reason
from monitor.ingest.dedup import (
    LOGGED,
    Repeated,
    find_corroborated,
    find_duplicate,
    find_reprinted,
    has_new_content,
    known_changes,
    revision_changes,
)
from monitor.ingest.plan import (
    FULFILMENT_HORIZON,
    MIRROR,
    NO_COMMITMENT,
    REMOVED,
    CurrentSnapshot,
    IngestPlan,
    IngestRequest,
    IngestState,
    KnownDocument,
    NewDocument,
    NewSnapshot,
    PlannedChange,
    PlannedCorroboration,
    PlannedVerdict,
    StatementRef,
    SuccessorChanges,
    is_elsewhere,
    lacks_address,
    series_key,
    stored_plan,
    stored_review,
)
from monitor.ingest.policy import SuspectPolicy
from monitor.model.alerts import Match
from monitor.model.changes import Basis, Change, Kind
from monitor.model.documents import DocumentKind, Origin, Outcome, StoredDocument, sha256_hex
from monitor.model.statements import Label, Statement
from monitor.rules.matcher import RuleSet

_Match = Callable[[Change], tuple[Match, ...]]


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """What a decision depends on besides the page: rules in force, limits, and the time."""

    rules: RuleSet
    now: datetime
    policy: SuspectPolicy = field(default_factory=SuspectPolicy)


def decide(request: IngestRequest, state: IngestState, context: DecisionContext) -> IngestPlan:
    """What is to be written for a page.

    Args:
        request: the page.
        state: what ``load_state`` found for it.
        context: rules, limits, time.
    """
    if state.removed is not None:
        return IngestPlan(document_id=state.removed.id, reason=REMOVED)
    if state.document is not None:
        return _decide_known(request, state, state.document, context)
    if state.same_text is not None:
        return _decide_copy(request, state, state.same_text)
    return _decide_new(request, state, context)


def _decide_new(request: IngestRequest, state: IngestState, context: DecisionContext) -> IngestPlan:
    """The page has a text that nobody has seen before, perhaps that of a known document."""
    duplicate, request = find_duplicate(request, state)
    if duplicate is None:
        return create_document(request, state, context)
    if lacks_address(duplicate.document, request.fetch.url):
        return attach_address(request, state, duplicate.document, known=duplicate)
    changes = revision_changes(duplicate, request)
    if not has_new_content(duplicate, changes):
        return IngestPlan(document_id=duplicate.document.id, reason=MIRROR)
    return update_document(
        request, state, duplicate.document, context, known=duplicate, changes=changes
    )


def attach_address(
    request: IngestRequest,
    state: IngestState,
    document: StoredDocument,
    *,
    known: KnownDocument | None = None,
) -> IngestPlan:
    """A document that came from a file gets an address: its text there is compared from now on.

    Args:
        request: the page.
        state: the loaded state.
        document: the document it shows.
        known: the document with its snapshot, if the page has other words.
    """
    changes = () if known is None else revision_changes(known, request)
    refs = _StatementRefs(
        request.statements, [*([known] if known else []), *state.reports.values()]
    )
    return IngestPlan(
        reason=MIRROR,
        document_id=document.id,
        snapshot=_snapshot(request),
        current=CurrentSnapshot(document.title, request.document.published),
        versions=refs.versions(changes),
        verdicts=_verdicts(request, document, state, refs, None),
        corroborations=refs.corroborations(
            ()
            if document.kind is DocumentKind.REPORT
            else find_corroborated(request.statements, state)
        ),
        move_home=True,
        origin=_origin(request, baseline=False),
    )


def update_document(
    request: IngestRequest,
    state: IngestState,
    document: StoredDocument,
    context: DecisionContext,
    *,
    known: KnownDocument | None,
    changes: Sequence[Change] | None = None,
) -> IngestPlan:
    """A known document has another text than at the last visit.

    Args:
        request: the page.
        state: the loaded state.
        document: the document it belongs to.
        context: rules, limits, time.
        known: the document with its snapshot; None if it has none.
        changes: the comparison with that snapshot, if it was computed already.
    """
    if known is not None and (doubted := _suspect_plan(request, known, context)) is not None:
        return doubted
    if changes is None:
        changes = (
            revision_changes(known, request)
            if known is not None
            else compare((), request.statements, Basis.REVISION, labels=LOGGED)
        )
    refs = _StatementRefs(
        request.statements, [*([known] if known else []), *state.reports.values()]
    )
    versions = refs.versions(changes)
    kept = [change for change in changes if change.kind is Kind.CONTINUED]
    changes = [change for change in changes if change.kind is not Kind.CONTINUED]
    repeated: list[Repeated] = []
    if document.kind is not DocumentKind.REPORT:
        repeated = find_corroborated(request.statements, state)
        changes = _without(changes, repeated)
    match = _match(request, context)
    return IngestPlan(
        outcome=request.document.outcome,
        reason=_reason(request, unread=_lacks_commitments(document.kind, request.statements)),
        document_id=document.id,
        snapshot=_snapshot(request),
        current=CurrentSnapshot(request.document.title, request.document.published),
        versions=versions,
        move_home=is_elsewhere(document, request),
        verdicts=_verdicts(request, document, state, refs, match),
        corroborations=refs.corroborations(repeated, kept=kept, before=state.repeated),
        changes=refs.planned(changes, match),
        origin=_origin(request, baseline=False),
    )


def create_document(
    request: IngestRequest, state: IngestState, context: DecisionContext
) -> IngestPlan:
    """A page is a document that nobody has seen before."""
    provenance, key = request.provenance, series_key(request.provenance)
    older = newer = None
    if key is not None:
        older = state.reports.get((key[0], key[1] - 1))
        newer = state.reports.get((key[0], key[1] + 1))
    baseline = request.baseline or newer is not None
    refs = _StatementRefs(request.statements, state.reports.values(), state.similar)
    refs.add_rows(state.told, state.told_ids)
    changes: Sequence[Change] = ()
    repeated = _repeated(request, state)
    unread = _lacks_commitments(provenance.kind, request.statements)
    if older is not None and not unread:
        plans = (stored_plan(older.document, older.snapshot), request.plan)
        changes = compare(
            older.snapshot.statements,
            request.statements,
            Basis.SUCCESSION,
            labels=LOGGED,
            plans=plans,
        )
        changes = known_changes(changes, older.snapshot.outcome, request.document.outcome)
        refs.add_others(plans[0], (older.document.id, older.snapshot.id))
        refs.add_others(plans[1], None)
    elif older is None and not baseline:
        changes = compare((), request.statements, Basis.REVISION, labels=LOGGED)
        changes = _without(changes, repeated)
    match = None if baseline else _match(request, context)
    return IngestPlan(
        outcome=request.document.outcome,
        reason=_reason(request, unread=unread),
        new_document=NewDocument(provenance, baseline, request.shingles.fingerprint),
        snapshot=_snapshot(request),
        current=CurrentSnapshot(provenance.title, request.document.published),
        predecessor_id=None if older is None else older.document.id,
        successor_id=None if newer is None else newer.document.id,
        successor_changes=_successor_changes(request, newer, state, refs),
        verdicts=_verdicts(request, None, state, refs, match),
        corroborations=refs.corroborations(repeated),
        changes=refs.planned(changes, match),
        origin=_origin(request, baseline=baseline),
    )


def _repeated(request: IngestRequest, state: IngestState) -> list[Repeated]:
    """What a new document only repeats; of a report, what the articles before it told of it."""
    if request.provenance.kind is DocumentKind.REPORT:
        return [
            Repeated(one.statement, one.commitment, one.share)
            for one in corroborate(state.told, request.statements)
        ]
    logged = [one for one in request.statements if one.label in LOGGED]
    reprinted = find_reprinted(logged, request, state)
    known = {id(one.statement) for one in reprinted}
    rest = [one for one in request.statements if id(one) not in known]
    return [*reprinted, *find_corroborated(rest, state)]


def _origin(request: IngestRequest, *, baseline: bool) -> Origin:
    """How what is new in a document came into the log; without an address it came from a file."""
    if request.origin is not None:
        return request.origin
    if request.fetch.url is None:
        return Origin.INGESTED
    return Origin.BASELINE if baseline else Origin.LIVE


def _snapshot(request: IngestRequest) -> NewSnapshot:
    document = request.document
    partial = document.outcome is Outcome.PARTIAL
    return NewSnapshot(document.outcome, document.reason if partial else "")


def _reason(request: IngestRequest, *, unread: bool) -> str:
    """What there is to say of a document that is taken in."""
    if unread:
        return NO_COMMITMENT
    return request.document.reason if request.document.outcome is Outcome.PARTIAL else ""


def _lacks_commitments(kind: DocumentKind, statements: Iterable[Statement]) -> bool:
    """Whether a report promises nothing, which says more of how it was read than of the report.

    Next to the report of the year before, all its promises would be told dropped.
    """
    return kind is DocumentKind.REPORT and not any(
        statement.label is Label.COMMITMENT for statement in statements
    )


class _StatementRefs:
    """Finds a statement of a comparison by identity: two sentences of one text may be equal."""

    def __init__(self, new: Sequence[Statement], *known: Iterable[KnownDocument]) -> None:
        self._refs = {
            id(statement): StatementRef(row_id=row_id)
            for documents in known
            for one in documents
            for statement, row_id in zip(
                one.snapshot.statements, one.snapshot.statement_ids, strict=True
            )
        }
        self._refs |= {
            id(statement): StatementRef(position=position) for position, statement in enumerate(new)
        }

    def add_others(self, sentences: Iterable[Statement], snapshot: tuple[int, int] | None) -> None:
        """Know sentences about other subjects of a stored document, or of the new one."""
        self._refs |= {id(one): StatementRef(other=one, snapshot=snapshot) for one in sentences}

    def add_rows(self, statements: Iterable[Statement], row_ids: Iterable[int]) -> None:
        """Know stored statements of any documents."""
        self._refs |= {
            id(one): StatementRef(row_id=row_id)
            for one, row_id in zip(statements, row_ids, strict=True)
        }

    def of(self, statement: Statement) -> StatementRef:
        return self._refs[id(statement)]

    def of_optional(self, statement: Statement | None) -> StatementRef | None:
        return None if statement is None else self._refs[id(statement)]

    def versions(self, changes: Iterable[Change]) -> tuple[tuple[int, int], ...]:
        """The positions of new statements, and the rows that a revision found them in before."""
        pairs = (
            (self.of(change.after).position, self.of(change.before).row_id)
            for change in changes
            if change.before is not None and change.after is not None
        )
        return tuple((new, old) for new, old in pairs if new is not None and old is not None)

    def planned(
        self, changes: Iterable[Change], match: _Match | None = None
    ) -> tuple[PlannedChange, ...]:
        return tuple(
            PlannedChange(
                change,
                self.of_optional(change.before),
                self.of_optional(change.after),
                () if match is None else match(change),
            )
            for change in changes
        )

    def corroborations(
        self,
        repeated: Iterable[Repeated],
        *,
        kept: Iterable[Change] = (),
        before: Mapping[int, tuple[int, float]] = MappingProxyType({}),
    ) -> tuple[PlannedCorroboration, ...]:
        """What is repeated, and of sentences that an edit kept, what was repeated before it."""
        found = {
            self.of(one.statement): PlannedCorroboration(
                self.of(one.statement), self.of(one.source), one.share
            )
            for one in repeated
        }
        for change in kept:
            old, new = self.of_optional(change.before), self.of_optional(change.after)
            known = None if old is None else before.get(old.row_id or 0)
            if new is not None and known is not None:
                commitment_id, share = known
                linked = PlannedCorroboration(new, StatementRef(row_id=commitment_id), share)
                found.setdefault(new, linked)
        return tuple(found.values())


def _decide_copy(
    request: IngestRequest, state: IngestState, document: StoredDocument
) -> IngestPlan:
    """The page has exactly the text of a known document."""
    if lacks_address(document, request.fetch.url):
        return attach_address(request, state, document)
    return IngestPlan(document_id=document.id, reason=MIRROR)


def _decide_known(
    request: IngestRequest, state: IngestState, document: StoredDocument, context: DecisionContext
) -> IngestPlan:
    """The address showed a known document before, perhaps as a copy of it."""
    known = state.known
    if not is_elsewhere(document, request):
        return update_document(request, state, document, context, known=known)
    mirror = IngestPlan(document_id=document.id, reason=MIRROR)
    if known is None or known.snapshot.text == request.document.text:
        return mirror
    changes = revision_changes(known, request)
    if not has_new_content(known, changes):
        return mirror
    return update_document(request, state, document, context, known=known, changes=changes)


def _suspect_plan(
    request: IngestRequest, known: KnownDocument, context: DecisionContext
) -> IngestPlan | None:
    """The plan for a text that is suspect and not confirmed yet; None for one to believe."""
    reason = suspect_reason(
        known.snapshot.text, request.document.text, shrink=context.policy.shrink
    )
    if not reason:
        return None
    suspect = request.suspect.seen(sha256_hex(request.document.text), context.now)
    emptied = bool(known.snapshot.statements) and not request.statements
    if suspect.is_confirmed(context.policy, context.now, emptied=emptied):
        return None
    return IngestPlan(
        outcome=Outcome.SHRUNK,
        reason=reason,
        document_id=known.document.id,
        snapshot=NewSnapshot(Outcome.SHRUNK, reason) if suspect.count == 1 else None,
        suspect=suspect,
    )


def _match(request: IngestRequest, context: DecisionContext) -> _Match:
    return partial(context.rules.match, source_id=request.source_id)


def _added(changes: Iterable[Change]) -> list[Statement]:
    return [c.after for c in changes if c.kind is Kind.ADDED and c.after is not None]


def _without(changes: Iterable[Change], repeated: Iterable[Repeated]) -> list[Change]:
    """The changes except statements that were added and only repeat known ones."""
    known = {id(one.statement) for one in repeated}
    return [c for c in changes if c.kind is not Kind.ADDED or id(c.after) not in known]


def _successor_changes(
    request: IngestRequest, newer: KnownDocument | None, state: IngestState, refs: _StatementRefs
) -> SuccessorChanges | None:
    """The comparison of a report that comes late with the one of the year after it."""
    if newer is None or newer.snapshot.id in state.compared:
        return None
    if _lacks_commitments(newer.document.kind, newer.snapshot.statements):
        return None
    plans = (request.plan, stored_plan(newer.document, newer.snapshot))
    changes = compare(
        request.statements,
        newer.snapshot.statements,
        Basis.SUCCESSION,
        labels=LOGGED,
        plans=plans,
    )
    changes = known_changes(changes, request.document.outcome, newer.snapshot.outcome)
    refs.add_others(plans[0], None)
    refs.add_others(plans[1], (newer.document.id, newer.snapshot.id))
    return SuccessorChanges(newer.document.id, newer.snapshot.id, refs.planned(changes))


def _verdicts(
    request: IngestRequest,
    document: StoredDocument | None,
    state: IngestState,
    refs: _StatementRefs,
    match: _Match | None,
) -> tuple[PlannedVerdict, ...]:
    """Verdicts of this report's review on earlier targets, and of later reviews on its own.

    Reports come in any order: a target is assessed when the second of two reports is there, and
    again when either was edited. What a stored review says is history and alerts nobody.
    """
    key = series_key(request.provenance if document is None else document)
    if key is None:
        return ()
    first = state.reports.get(key)
    if first is not None and (document is None or first.document.id != document.id):
        return ()  # the series has another report for this year
    region, year = key
    found: list[PlannedVerdict] = []
    if has_commitments(request.statements):
        for plan_year in range(year - FULFILMENT_HORIZON, year):
            plan = state.reports.get((region, plan_year))
            if plan is not None:
                promised = plan.snapshot.statements
                others = request.review if has_targets_due(promised, year - 1) else ()
                refs.add_others(others, None)
                verdicts = assess_fulfilment(
                    promised, request.statements, due=year - 1, others=others
                )
                found += _planned_verdicts(verdicts, year - 1, None, refs, match)
    for review_year in range(year + 1, year + FULFILMENT_HORIZON + 1):
        review = state.reports.get((region, review_year))
        if review is not None and has_commitments(review.snapshot.statements):
            due = review_year - 1
            later: tuple[Statement, ...] = ()
            snapshot = review.snapshot
            if has_targets_due(request.statements, due):
                later = stored_review(review.document, snapshot)
            refs.add_others(later, (review.document.id, snapshot.id))
            verdicts = assess_fulfilment(
                request.statements, snapshot.statements, due=due, others=later
            )
            found += _planned_verdicts(verdicts, due, review, refs, None)
    return tuple(found)


def has_commitments(statements: Iterable[Statement]) -> bool:
    """Whether a report is read well enough to be compared and to judge: its plan was found.

    In a report whose halves were not recognised, what is planned would pass for what was reached.
    """
    return not _lacks_commitments(DocumentKind.REPORT, statements)


def _planned_verdicts(
    verdicts: Iterable[TargetFulfilment],
    due: int,
    review: KnownDocument | None,
    refs: _StatementRefs,
    match: _Match | None,
) -> Iterator[PlannedVerdict]:
    for one in verdicts:
        change = verdict_change(one)
        yield PlannedVerdict(
            review_id=None if review is None else review.snapshot.id,
            review_document_id=None if review is None else review.document.id,
            commitment=refs.of(one.commitment),
            position=one.position,
            due=due,
            verdict=one.verdict,
            achievement=refs.of_optional(one.achievement),
            achieved=None if one.achieved is None else one.achieved.value,
            unit=None if one.achieved is None else one.achieved.unit,
            change=change,
            matches=() if match is None else match(change),
        )
