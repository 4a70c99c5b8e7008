"""Compare the statements of two texts: ``compare`` returns the changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from monitor.comparison.revision import compare_edited
from monitor.comparison.similarity import TextPair
from monitor.comparison.succession import compare_years
from monitor.model.changes import Basis, Change
from monitor.model.statements import Label, Statement

COMMITMENTS = frozenset({Label.COMMITMENT})


def compare(
    before: Sequence[Statement],
    after: Sequence[Statement],
    basis: Basis,
    *,
    labels: Collection[Label] = COMMITMENTS,
    texts: tuple[str, str] | None = None,
    plans: tuple[Sequence[Statement], Sequence[Statement]] = ((), ()),
) -> tuple[Change, ...]:
    """What became of each statement, in the order of the new text, dropped ones last.

    Args:
        before: statements of the earlier text; empty for a document that is new.
        after: statements of the later text.
        basis: a revision compares a text with itself after an edit; a succession compares a
            report with the one of the year before, where a rewording is not a change.
        labels: the labels that are compared, each with its own kind only.
        texts: the texts themselves, for a revision: sentences whose words stand in both texts,
            only split differently, then count as untouched.
        plans: the other sentences of both plans (``plan_sentences``), for a succession: a promise
            may go on in one of them, and a number that stands in one was not taken back.

    Returns:
        One change for every statement of these labels, *continued* ones too; for a succession one
        for every pair of sentences that are one promise. The statements in the changes are the
        objects that were passed in. A sentence that was split or merged is reported once, at its
        larger part or the one whose numbers changed; one whose words all stand in the other of
        ``texts`` without being a sentence there is not reported.
    """
    changes: list[Change] = []
    text_pair = TextPair(*texts) if texts and basis is Basis.REVISION else None
    groups = {(item.topic, item.label) for item in (*before, *after) if item.label in labels}
    for topic, label in sorted(groups):
        old = [item for item in before if item.topic == topic and item.label is label]
        new = [item for item in after if item.topic == topic and item.label is label]
        if basis is Basis.SUCCESSION and label is Label.COMMITMENT:
            changes.extend(compare_years(old, new, plans))
            continue
        others = _others(before, old), _others(after, new)
        changes.extend(compare_edited(old, new, basis, others=others, text_pair=text_pair))
    return tuple(sorted(changes, key=_order))


def _others(statements: Sequence[Statement], group: Sequence[Statement]) -> tuple[Statement, ...]:
    inside = {id(item) for item in group}
    return tuple(item for item in statements if id(item) not in inside)


def _order(change: Change) -> tuple[bool, int, str]:
    return change.after is None, change.statement.start, change.statement.topic
