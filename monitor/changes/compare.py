"""Statements then and now to changes: the one function the rest of the product calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from monitor.changes.align import align
from monitor.changes.intact import Sides
from monitor.changes.normal import normalise
from monitor.changes.targets import Move, direction, moves
from monitor.changes.thresholds import ALIKE, BY_BASIS, PART, PART_GAIN, PARTS
from monitor.changes.wording import says_something_else, turn
from monitor.model import Basis, Change, Delta, Kind, Label, Statement, Target

COMMITMENTS = frozenset({Label.COMMITMENT})


@dataclass(slots=True)
class _Match:
    """A commitment then and now, with the parts it was split into or merged from."""

    before: Statement
    after: Statement
    similarity: float
    more_before: list[Statement] = field(default_factory=list)
    more_after: list[Statement] = field(default_factory=list)


def compare(
    before: Sequence[Statement],
    after: Sequence[Statement],
    basis: Basis,
    *,
    labels: Collection[Label] = COMMITMENTS,
    texts: tuple[str, str] | None = None,
) -> tuple[Change, ...]:
    """What became of each statement, in the order of the new text, dropped ones last.

    Args:
        before: statements of the earlier text; empty for a document that is new.
        after: statements of the later text.
        basis: a revision compares a text with itself after an edit; a succession compares a
            report with the one of the year before, where other words are no news.
        labels: the labels that are compared, each with its own kind only.
        texts: the texts themselves, for a revision: sentences that stand in both, only cut
            another way, are then known to be untouched.

    Returns:
        Every statement of these labels in one change: *continued* ones too. The statements in
        the changes are the very objects that were passed in. A sentence that was split or
        merged is told once, at its larger part; one whose words all stand in the other of
        ``texts`` without being a sentence of its own there is told not at all.
    """
    changes: list[Change] = []
    sides = Sides(*texts) if texts and basis is Basis.REVISION else None
    groups = {(item.topic, item.label) for item in (*before, *after) if item.label in labels}
    for topic, label in sorted(groups):
        old = [item for item in before if item.topic == topic and item.label is label]
        new = [item for item in after if item.topic == topic and item.label is label]
        told = _compare_group(
            old,
            new,
            basis,
            other_old=_others(before, old),
            other_new=_others(after, new),
            sides=sides,
        )
        changes.extend(told)
    return tuple(sorted(changes, key=_order))


def _compare_group(
    old: Sequence[Statement],
    new: Sequence[Statement],
    basis: Basis,
    *,
    other_old: Collection[str],
    other_new: Collection[str],
    sides: Sides | None,
) -> Iterable[Change]:
    matches = [
        _Match(old[pair.before], new[pair.after], pair.similarity)
        for pair in align(old, new, BY_BASIS[basis])
    ]
    matched = {id(match.before) for match in matches} | {id(match.after) for match in matches}
    came = [item for item in new if id(item) not in matched]
    went = [item for item in old if id(item) not in matched]
    # A sentence that is whole as it is has no other part.
    torn = [match for match in matches if match.similarity < 1]
    if (len(came) + len(went)) * len(torn) <= PARTS:
        came = [item for item in came if not _joins(item, torn, after=True)]
        went = [item for item in went if not _joins(item, torn, after=False)]
    for match in matches:
        yield _judge(match, basis, sides)
    for item in came:
        if sides is not None and sides.before.holds(item.text):
            continue
        # The same words were there under another label: a heading was edited, no promise made.
        if basis is Basis.SUCCESSION or normalise(item.text) not in other_old:
            yield Change(Kind.ADDED, basis, item.region, None, item, _all(item.targets, new=True))
    for item in went:
        if sides is not None and sides.after.holds(item.text):
            continue
        if basis is Basis.SUCCESSION or normalise(item.text) not in other_new:
            yield Change(
                Kind.DROPPED, basis, item.region, item, None, _all(item.targets, new=False)
            )


def _judge(match: _Match, basis: Basis, sides: Sides | None) -> Change:
    if sides is not None and sides.untouched(match.before.text, match.after.text):
        return _change(Kind.CONTINUED, basis, match, ())
    alike = match.similarity
    if match.more_before or match.more_after:
        alike = (
            fuzz.ratio(
                _joined([match.before, *match.more_before]),
                _joined([match.after, *match.more_after]),
            )
            / 100
        )
    old_targets = _targets([match.before, *match.more_before])
    new_targets = _targets([match.after, *match.more_after])
    if alike == 1 and basis is Basis.REVISION:
        # What a number means may hang on the sentences around it; the promise is the same words.
        return _change(Kind.CONTINUED, basis, match, ())
    found = moves(
        old_targets,
        new_targets,
        alike=alike >= ALIKE,
        years=(match.before.year, match.after.year),
    )
    if sides is not None:
        # 培训人才10万人 cut off into a sentence that names no topic is promised as before.
        gone = [t for t in old_targets if sides.after.holds_clause(match.before.text, t.raw)]
        come = [t for t in new_targets if sides.before.holds_clause(match.after.text, t.raw)]
        found = [move for move in found if not (_lost(move, gone) or _won(move, come))]
    way = direction(found)
    if not found:
        way = turn(match.before.text, match.after.text)
    if way:
        kind = Kind.STRENGTHENED if way > 0 else Kind.WEAKENED
    elif found or not _carried_on(match, alike, basis, numbers=bool(new_targets)):
        kind = Kind.REWORDED
    else:
        kind = Kind.CONTINUED
    return _change(kind, basis, match, tuple(move.delta for move in found))


def _change(kind: Kind, basis: Basis, match: _Match, deltas: tuple[Delta, ...]) -> Change:
    region = match.after.region or match.before.region
    return Change(kind, basis, region, match.before, match.after, deltas, match.similarity)


def _lost(move: Move, standing: Sequence[Target]) -> bool:
    """Whether a target went from its sentence only: its clause stands in the new text."""
    return move.delta.after is None and any(_of(move, target) for target in standing)


def _won(move: Move, standing: Sequence[Target]) -> bool:
    """Whether a target came into its sentence only: its clause stood in the old text."""
    return move.delta.before is None and any(_of(move, target) for target in standing)


def _of(move: Move, target: Target) -> bool:
    value = move.delta.before if move.delta.after is None else move.delta.after
    return (move.delta.metric, value) == (target.metric, target.value)


def _carried_on(match: _Match, alike: float, basis: Basis, *, numbers: bool) -> bool:
    """Whether a commitment whose targets all stayed, ``numbers`` telling if it has any, stayed."""
    limits = BY_BASIS[basis]
    if alike < (limits.same_numbers if numbers else limits.continued):
        return False
    if alike >= 1 or match.more_before or match.more_after:
        return True
    return not says_something_else(match.before, match.after)


def _joins(item: Statement, matches: Sequence[_Match], *, after: bool) -> bool:
    """Whether a sentence without a partner is a part of one that has one; then it joins it.

    ``after``: the sentence stands in the new text, so a sentence of the old one was split.
    """
    key = normalise(item.text)
    best: tuple[float, _Match] | None = None
    for match in matches:
        whole = normalise((match.before if after else match.after).text)
        part = [match.after, *match.more_after] if after else [match.before, *match.more_before]
        if len(key) >= len(whole) or fuzz.partial_ratio(key, whole) / 100 < PART:
            continue
        gain = fuzz.ratio(whole, _joined([*part, item])) - fuzz.ratio(whole, _joined(part))
        if gain / 100 >= PART_GAIN and (best is None or gain > best[0]):
            best = gain, match
    if best is None:
        return False
    (best[1].more_after if after else best[1].more_before).append(item)
    return True


def _joined(parts: Sequence[Statement]) -> str:
    return "".join(normalise(part.text) for part in sorted(parts, key=lambda part: part.start))


def _targets(parts: Sequence[Statement]) -> list[Target]:
    return [target for part in parts for target in part.targets]


def _others(statements: Sequence[Statement], group: Sequence[Statement]) -> frozenset[str]:
    inside = {id(item) for item in group}
    return frozenset(normalise(item.text) for item in statements if id(item) not in inside)


def _all(targets: Sequence[Target], *, new: bool) -> tuple[Delta, ...]:
    return tuple(
        Delta(
            target.metric,
            target.unit,
            None if new else target.value,
            target.value if new else None,
        )
        for target in targets
    )


def _order(change: Change) -> tuple[bool, int, str]:
    return change.after is None, change.statement.start, change.statement.topic
