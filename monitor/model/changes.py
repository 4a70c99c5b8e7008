"""Changes: a line of the change log, and the verdict on a target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from monitor.model.statements import Label, Statement


class Kind(StrEnum):
    """What happened to a commitment, or what became of one of its targets."""

    ADDED = "added"
    STRENGTHENED = "strengthened"
    WEAKENED = "weakened"
    REWORDED = "reworded"
    CONTINUED = "continued"
    DROPPED = "dropped"
    MET = "met"
    MISSED = "missed"
    NOT_REPORTED = "not_reported"


class Basis(StrEnum):
    """What was compared with what."""

    REVISION = "revision"  # a document with its own earlier text (none yet, for a new one)
    SUCCESSION = "succession"  # this year's report with last year's of the same series
    FULFILMENT = "fulfilment"  # a target with the review of the year it was due in
    WITHDRAWAL = "withdrawal"  # a document with its page, which is gone, or back


class Certainty(StrEnum):
    """Whether a promise surely stands alone, or the nearest sentence may be what became of it."""

    SURE = "sure"
    UNSURE = "unsure"


class Verdict(StrEnum):
    """What a later report's review says about a target that was due."""

    MET = "met"
    MISSED = "missed"
    NOT_REPORTED = "not_reported"
    PENDING = "pending"  # not due yet, or the report that would tell is missing


@dataclass(frozen=True, slots=True)
class Delta:
    """A target before and after; None where there was or is none. Both in ``unit``."""

    metric: str
    unit: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the change log. At least one of ``before`` and ``after`` is there.

    ``similarity`` is that of the wording; ``score`` is, from one year to the next, how probably the
    two sentences (or, for a promise that stands alone, its and the nearest one, ``nearest_text``)
    are one promise, 0 to 1.

    Of a document that was withdrawn every commitment is dropped, of one that is back every one is
    added, on the basis of withdrawal and without deltas.

    For a verdict on a target ``before`` is the commitment, ``after`` the sentence of the review or
    None, and the one delta is what was promised and what was achieved.
    """

    kind: Kind
    basis: Basis
    region: str | None
    before: Statement | None
    after: Statement | None
    deltas: tuple[Delta, ...] = ()
    similarity: float = 0.0
    score: float | None = None
    nearest_text: str | None = None
    certainty: Certainty = Certainty.SURE

    @property
    def statement(self) -> Statement:
        """The statement to show: what is said now, or what was said last.

        Where a promise goes on in a sentence about another subject, the one about the topic; of a
        verdict the commitment.
        """
        statement = self.after or self.before
        is_verdict = self.basis is Basis.FULFILMENT
        if (
            self.before is not None
            and statement is not None
            and (is_verdict or statement.label is Label.OTHER)
        ):
            statement = self.before
        if statement is None:  # pragma: no cover - nobody builds such a change
            raise ValueError("a change has a statement before or after")
        return statement


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """A line of the change log with the document it was found in."""

    id: int
    detected_at: datetime
    change: Change
    summary: str
    document_id: int
    document_title: str
    url: str | None
    published: date | None
    source_id: str | None


@dataclass(frozen=True, slots=True)
class CommitmentYear:
    """What one year's report says of a commitment; a line of ``commitment_history``.

    ``kind`` is what the comparison with the year before said, None in the first report that is
    known; *dropped* if an edit took the sentence out of the report. ``merged_into`` is the older
    commitment that this one goes on in.
    """

    commitment_id: int
    region: str | None
    themes: str
    first_year: int
    last_year: int
    years: int
    statement_id: int
    year: int
    text: str
    in_scope: bool
    metric: str | None
    op: str | None
    value: float | None
    unit: str | None
    kind: Kind | None
    change_id: int | None
    merged_into: int | None
    url: str | None
