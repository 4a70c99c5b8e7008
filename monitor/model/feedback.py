"""Feedback: what people say is wrong with a change they were told, and what operators decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FeedbackKind(StrEnum):
    """What is wrong with a change."""

    NOT_A_PROMISE = "not_a_promise"
    WRONG_PLACE = "wrong_place"
    WRONG_NUMBER = "wrong_number"
    NOT_NEW = "not_new"
    SAME_PROMISE = "same_promise"  # as one that is known: no change of it


class FeedbackState(StrEnum):
    """What operators decided about it."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class FeedbackResult(StrEnum):
    """What became of a person's feedback."""

    STORED = "stored"
    REPLACED = "replaced"  # the person's own feedback on the change, which still waited
    CORRECTED = "corrected"  # operators have confirmed a correction of the change before
    REJECTED = "rejected"  # operators have rejected this kind of the person's feedback before


@dataclass(frozen=True, slots=True)
class Feedback:
    """One person's feedback on a change.

    Attributes:
        person: a Telegram user, or a chat where Telegram names no user.
        recipient_id: the chat that was sent the alert.
        operator: who decided: a chat's id, or ``cli``.
    """

    id: int
    change_id: int
    kind: FeedbackKind
    state: FeedbackState
    recipient_id: int
    person: int
    at: datetime
    before_text: str | None
    after_text: str | None
    operator: str | None = None
    decided_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class FeedbackSummary:
    """The feedback on one change: how many people say what, and what was decided.

    ``counts`` has the kinds that wait for a decision, the most frequent first.
    """

    change_id: int
    counts: tuple[tuple[FeedbackKind, int], ...] = ()
    correction: FeedbackKind | None = None
    note: str | None = None

    @property
    def people(self) -> int:
        """How many people's feedback waits for a decision."""
        return sum(count for _, count in self.counts)
