"""Statements then and now to changes: the one function the rest of the product calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz

from monitor.comparison.align import align
from monitor.comparison.cues import is_granted, respelled, says_something_else
from monitor.comparison.list_context import lead_of
from monitor.comparison.normalize import normalise
from monitor.comparison.polarity import hedged, lead_turned, put_off, taken_back
from monitor.comparison.qualifiers import figure_turned
from monitor.comparison.targets import Move, direction, moves
from monitor.comparison.thresholds import ALIKE, BY_BASIS, PART, PART_GAIN, PARTS
from monitor.comparison.untouched import Intact, Sides
from monitor.model.changes import Basis, Change, Delta, Kind
from monitor.model.statements import Label, Statement, Target

COMMITMENTS = frozenset({Label.COMMITMENT})
_WAYS = {1: Kind.STRENGTHENED, 0: Kind.REWORDED, -1: Kind.WEAKENED}


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
    other_old: Sequence[Statement],
    other_new: Sequence[Statement],
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
        # The same words were there: cut another way, or under a heading that was edited.
        if sides is not None and _stood(item, sides.after, sides.before, other_new, other_old):
            continue
        if basis is Basis.SUCCESSION or sides or not _relabelled(item, other_old):
            yield Change(Kind.ADDED, basis, item.region, None, item, _all(item.targets, new=True))
    for item in went:
        if sides is not None and _stood(item, sides.before, sides.after, other_old, other_new):
            continue
        if basis is Basis.SUCCESSION or sides or not _relabelled(item, other_new):
            yield Change(
                Kind.DROPPED, basis, item.region, item, None, _all(item.targets, new=False)
            )


def _stood(
    item: Statement,
    here: Intact,
    there: Intact,
    others_here: Sequence[Statement],
    others_there: Sequence[Statement],
) -> bool:
    """Whether what a sentence says in one text stands in the other one as it does here.

    It does beside the same words. Elsewhere it does too, unless it stands there less often, or
    as what is done already: a promise that went into the review is a promise no more.
    """
    if there.holds_beside(item.text, here.neighbours(item.start, item.end)):
        return True
    count = there.count(item.text)
    if not count or count < here.count(item.text):
        return False
    return _done(item, others_there) <= _done(item, others_here)


def _done(item: Statement, others: Sequence[Statement]) -> int:
    """How many statements call done what ``item`` says."""
    key = normalise(item.text)
    done = (one for one in others if one.label is Label.ACHIEVEMENT)
    return sum(key in normalise(one.text) for one in done)


def _relabelled(item: Statement, others: Sequence[Statement]) -> bool:
    """Whether the same words stand there under another label."""
    key = normalise(item.text)
    return any(key == normalise(one.text) for one in others)


def _judge(match: _Match, basis: Basis, sides: Sides | None) -> Change:
    change = _judge_alone(match, basis, sides)
    if sides is None or change.kind is not Kind.CONTINUED:
        return change
    leads = (
        lead_of(sides.before.text, match.before.start),
        lead_of(sides.after.text, match.after.start),
    )
    way = lead_turned(*leads, (match.before.year, match.after.year))
    return change if way is None else replace(change, kind=_WAYS[way])


def _judge_alone(match: _Match, basis: Basis, sides: Sides | None) -> Change:
    """What became of a promise by its own words."""
    before, after = match.before, match.after
    if sides is not None and sides.untouched(before.text, after.text):
        return _change(Kind.CONTINUED, basis, match, ())
    alike = match.similarity
    if match.more_before or match.more_after:
        alike = (
            fuzz.ratio(
                _joined([before, *match.more_before]),
                _joined([after, *match.more_after]),
            )
            / 100
        )
    old_targets = _targets([before, *match.more_before])
    new_targets = _targets([after, *match.more_after])
    if alike == 1 and basis is Basis.REVISION:
        # What a number means may hang on the sentences around it; the promise is the same words.
        return _change(Kind.CONTINUED, basis, match, ())
    found = moves(
        old_targets,
        new_targets,
        alike=alike >= ALIKE,
        years=(before.year, after.year),
        granted=lambda target: is_granted(target, before, after),
    )
    if sides is not None:
        # 培训人才10万人 cut off into a sentence that names no topic is promised as before.
        gone = _elsewhere(old_targets, before.text, sides.before, sides.after)
        come = _elsewhere(new_targets, after.text, sides.after, sides.before)
        found = [move for move in found if not (_lost(move, gone) or _won(move, come))]
    way: float = taken_back(before.text, after.text)
    if not way:
        way = direction(found) if found else _turned(before, after, basis)
    if way:
        kind = Kind.STRENGTHENED if way > 0 else Kind.WEAKENED
    elif found or not _carried_on(match, alike, basis, numbers=bool(new_targets)):
        kind = Kind.REWORDED
    else:
        kind = Kind.CONTINUED
    return _change(kind, basis, match, tuple(move.delta for move in found))


def _turned(before: Statement, after: Statement, basis: Basis) -> int:
    """Which way a promise went whose targets all stayed."""
    way = put_off(before.text, after.text, (before.year, after.year), basis)
    if way or basis is Basis.SUCCESSION:
        return way
    return hedged(before.text, after.text) or figure_turned(before.text, after.text)


def _elsewhere(
    targets: Sequence[Target], sentence: str, here: Intact, there: Intact
) -> list[Target]:
    """The targets whose clause stands in the other text as often as in its own."""
    return [
        target
        for target in targets
        if (count := there.count_clause(sentence, target.raw))
        and count >= here.count_clause(sentence, target.raw)
    ]


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
    merged = bool(match.more_before or match.more_after)
    if basis is Basis.REVISION:
        return alike >= 1 or (not merged and respelled(match.before, match.after))
    limits = BY_BASIS[basis]
    if alike < (limits.same_numbers if numbers else limits.continued):
        return False
    if alike >= 1 or merged:
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


def _others(statements: Sequence[Statement], group: Sequence[Statement]) -> tuple[Statement, ...]:
    inside = {id(item) for item in group}
    return tuple(item for item in statements if id(item) not in inside)


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
