"""Near-duplicates: is a page a copy of a known document, and what of it was reported already?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from monitor.comparison.compare import compare
from monitor.comparison.corroboration import corroborate
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import (
    reprinted_statements,
    retracts_known_text,
    sentence_similarity,
)
from monitor.ingest.plan import IngestRequest, IngestState, KnownDocument, series_key
from monitor.model.changes import Basis, Change, Kind
from monitor.model.documents import DocumentKind, Outcome
from monitor.model.statements import Label, Statement

LOGGED = frozenset({Label.COMMITMENT, Label.PROPOSAL, Label.OPINION})
"""Labels that are compared and logged; proposals and opinions alert only rules that name them."""

REPRINT_OVERLAP = 0.8
"""Overlap of an article and its reprint; articles share agency phrases, so it has to be high."""

# Two texts of one report on two sites differ by editor's lines and lost paragraphs, seldom by
# more; two reports of one region and year (a part, a draft of another body) by nearly all.
_MIRROR_OVERLAP = 0.5
# An article is reprinted within days; the same words a season later are another occasion.
_SAME_OCCASION = timedelta(days=45)
_HEAD_LENGTH = 300
_NEW_CONTENT = frozenset({Kind.ADDED, Kind.STRENGTHENED, Kind.WEAKENED})


@cache
def _draft_pattern() -> re.Pattern[str]:
    return re.compile("征求意见|草案|送审稿|公开征集意见")


@dataclass(frozen=True, slots=True)
class Repeated:
    """A new statement that repeats ``share`` of a stored one."""

    statement: Statement
    source: Statement
    share: float = 1.0


def find_duplicate(
    request: IngestRequest, state: IngestState
) -> tuple[KnownDocument | None, IngestRequest]:
    """The known document that a page at a new address shows, if there is one.

    Returns:
        The document or None, and the request: the second of two different reports for one region
        and year is ingested as a page, outside of the series.
    """
    key = series_key(request.provenance)
    if key is None:
        return _reprinted_article(request, state), request
    report = state.reports.get(key)
    if report is None:
        return None, request
    if report.shingles.overlap(request.shingles) >= _MIRROR_OVERLAP:
        return report, request
    outside = replace(request.provenance, kind=DocumentKind.PAGE)
    return None, replace(request, provenance=outside)


def revision_changes(known: KnownDocument, request: IngestRequest) -> tuple[Change, ...]:
    """The comparison of a known document with a newer text of it, continued statements included."""
    changes = compare(
        known.snapshot.statements,
        request.statements,
        Basis.REVISION,
        labels=LOGGED,
        texts=(known.snapshot.text, request.document.text),
    )
    return known_changes(changes, known.snapshot.outcome, request.document.outcome)


def known_changes(changes: Iterable[Change], before: Outcome, after: Outcome) -> tuple[Change, ...]:
    """The changes that two texts prove, of which one may be partial.

    What a partial text lacks was not dropped; what is read beside a partial text for the first time
    was not added.

    Args:
        changes: the comparison.
        before: how the older text was read.
        after: how the newer one was.
    """
    unknown: set[Kind] = set()
    if after is Outcome.PARTIAL:
        unknown.add(Kind.DROPPED)
    elif before is Outcome.PARTIAL:
        unknown.add(Kind.ADDED)
    return tuple(change for change in changes if change.kind not in unknown)


def has_new_content(known: KnownDocument, changes: Iterable[Change]) -> bool:
    """Whether a copy contains all statements of the known document and others besides.

    So does the whole report after its excerpt, or a corrected copy. A copy that omits statements is
    an abridgement; what any text of this document contained before is not new.

    Args:
        known: the document.
        changes: its comparison with the copy.
    """
    changes = tuple(changes)
    if any(change.kind is Kind.DROPPED for change in changes):
        return False
    news = [change.statement for change in changes if change.kind in _NEW_CONTENT]
    if not news:
        return False
    said = {normalize(statement.text) for statement in known.snapshot.statements}
    said |= {normalize(text) for text in known.earlier_sentences}
    return any(normalize(statement.text) not in said for statement in news)


def find_reprinted(
    statements: Sequence[Statement], request: IngestRequest, state: IngestState
) -> list[Repeated]:
    """The statements of a new article that similar documents contained before."""
    found: dict[int, Repeated] = {}
    for known in _reprint_candidates(request, state):
        for item in reprinted_statements(statements, known.clauses):
            source = None if id(item) in found else _source(item, known)
            if source is not None:
                found[id(item)] = Repeated(item, source)
    return list(found.values())


def find_corroborated(statements: Sequence[Statement], state: IngestState) -> list[Repeated]:
    """The statements of an article that only repeat the report of their region and year."""
    found: list[Repeated] = []
    for key in sorted({(s.region, s.year) for s in statements if s.region and s.year}):
        report = state.reports.get(key)
        if report is not None:
            mine = [s for s in statements if (s.region, s.year) == key]
            found += [
                Repeated(item.statement, item.commitment, item.share)
                for item in corroborate(mine, report.snapshot.statements)
            ]
    return found


def _reprinted_article(request: IngestRequest, state: IngestState) -> KnownDocument | None:
    """The article that a page reprints, perhaps abridged or with an editor's line."""
    logged = [item for item in request.statements if item.label in LOGGED]
    for known in _reprint_candidates(request, state):
        if retracts_known_text(request.document.text, known.clauses):
            continue
        again = reprinted_statements(logged, known.clauses)
        if len(again) == len(logged) and all(_candidates(item, known) for item in again):
            return known
    return None


def _reprint_candidates(request: IngestRequest, state: IngestState) -> Iterable[KnownDocument]:
    return (known for known in state.similar if _is_same_occasion(known, request))


def _is_same_occasion(known: KnownDocument, request: IngestRequest) -> bool:
    """Whether two similar texts may be one article: the same region, days and stage."""
    document, provenance = known.document, request.provenance
    if document.region != provenance.region and document.region and provenance.region:
        return False
    published = request.document.published or provenance.published
    if document.published and published:
        if abs(document.published - published) > _SAME_OCCASION:
            return False
    elif document.year != provenance.year and document.year and provenance.year:
        return False
    return _is_draft(document.title, known.snapshot.text) == _is_draft(
        request.document.title, request.document.text
    )


def _is_draft(title: str, text: str) -> bool:
    return _draft_pattern().search(title + text[:_HEAD_LENGTH]) is not None


def _candidates(item: Statement, known: KnownDocument) -> list[Statement]:
    """The statements of a known text that may be the source of ``item``."""
    kind = (item.topic, item.label, item.region)
    return [one for one in known.snapshot.statements if (one.topic, one.label, one.region) == kind]


def _source(item: Statement, known: KnownDocument) -> Statement | None:
    """The statement of a known text that is most like ``item``."""
    candidates, key = _candidates(item, known), normalize(item.text)
    for one in candidates:
        if normalize(one.text) == key:
            return one
    return max(candidates, key=lambda one: sentence_similarity(one.text, item.text), default=None)
