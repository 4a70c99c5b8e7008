"""The comparison of a text with itself after an edit: its sentences are paired one to one.

Opinions and proposals are paired so from one year to the next too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from monitor.comparison.align import align
from monitor.comparison.cues import (
    differs_in_substance,
    everywhere_shift,
    hedging,
    is_benefit_ceiling,
    names_of_matters,
    qualifier_direction,
    rank_direction,
    retraction,
    same_values_respelled,
    with_one_word_a_matter,
)
from monitor.comparison.deadlines import deadline_shift
from monitor.comparison.headings import bare_headings
from monitor.comparison.list_context import (
    is_heading,
    list_context,
    list_context_direction,
)
from monitor.comparison.normalize import normalize
from monitor.comparison.numbers_beside import (
    is_generic,
    missing_numbers,
    moves_beside,
    namesakes,
    numbers_split_off,
)
from monitor.comparison.similarity import (
    ClauseIndex,
    TextPair,
    partial_ratio,
    ratio,
    same_region,
)
from monitor.comparison.stages import stage_direction
from monitor.comparison.targets import (
    TargetMove,
    counterparts,
    one_sided_deltas,
    only_in_number,
    overall_direction,
    target_moves,
    without_relocated,
)
from monitor.comparison.thresholds import (
    BY_BASIS,
    EQUAL_METRIC,
    MAX_PART_PAIRS,
    NEARLY_IDENTICAL,
    PART,
    PART_GAIN,
)
from monitor.model.changes import Basis, Change, Delta, Kind
from monitor.model.statements import Label, Statement, Target

# The statements of the text before and after.
_Known = tuple[Sequence[Statement], Sequence[Statement]]
_KIND_BY_DIRECTION = {1: Kind.STRENGTHENED, 0: Kind.REWORDED, -1: Kind.WEAKENED}


@dataclass(slots=True)
class _Match:
    """A commitment before and after, with the parts it was split into or merged from.

    ``moved_in`` and ``moved_out`` are the old targets that went on here from another sentence, and
    from here in another one.
    """

    before: Statement
    after: Statement
    similarity: float
    more_before: list[Statement] = field(default_factory=list)
    more_after: list[Statement] = field(default_factory=list)
    moved_in: list[Target] = field(default_factory=list)
    moved_out: list[Target] = field(default_factory=list)


def compare_edited(
    old: Sequence[Statement],
    new: Sequence[Statement],
    basis: Basis,
    *,
    others: tuple[Sequence[Statement], Sequence[Statement]],
    text_pair: TextPair | None,
) -> Iterator[Change]:
    """What became of the sentences of one topic and label, each paired with one at most.

    Args:
        old: the sentences before.
        new: the sentences after.
        basis: what the two are to each other.
        others: the statements of both texts that have another topic or label.
        text_pair: the texts themselves, for a revision: what stands in both is untouched.

    Returns:
        One change for every pair, *continued* ones too, and one for every sentence without a
        partner that is no part of a pair. A sentence that was split or merged is reported once,
        at its larger part, or at the one whose numbers changed.
    """
    other_old, other_new = others
    known = (*old, *other_old), (*new, *other_new)
    (old, bare_old), (new, bare_new) = _without_bare_headings(old), _without_bare_headings(new)
    matches = _matches(old, new, basis)
    added, dropped = _unmatched(old, new, matches)
    # What a heading names stands below it. One that promised something may do so no longer.
    headings = _matches([*bare_old, *dropped], bare_new, basis)
    headings += _matches(_unmatched(bare_old, (), headings)[1], added, basis)
    for heading in headings:
        change = _classify(heading, basis, text_pair, known)
        yield replace(change, kind=Kind.CONTINUED) if change.kind is Kind.REWORDED else change
    added, dropped = _unmatched(dropped, added, headings)
    # An identical sentence has no other part.
    reworded = [match for match in matches if match.similarity < 1]
    if (len(added) + len(dropped)) * len(reworded) <= MAX_PART_PAIRS:
        added = [item for item in added if not _joins_as_part(item, reworded, after=True)]
        dropped = [item for item in dropped if not _joins_as_part(item, reworded, after=False)]
        added = [item for item in added if not _takes_up_number(item, reworded, after=True)]
        dropped = [item for item in dropped if not _takes_up_number(item, reworded, after=False)]
        _note_moved_numbers(reworded)
    for match in matches:
        yield _classify(match, basis, text_pair, known)
    for item in added:
        # The same words were there: split differently, or under an edited heading.
        if text_pair is not None and _unchanged_elsewhere(
            item, text_pair.after, text_pair.before, other_new, other_old
        ):
            continue
        if basis is Basis.SUCCESSION or text_pair or not _relabelled(item, other_old):
            deltas = one_sided_deltas(item.targets, new=True)
            yield Change(Kind.ADDED, basis, item.region, None, item, deltas)
    for item in dropped:
        if text_pair is not None and _unchanged_elsewhere(
            item, text_pair.before, text_pair.after, other_old, other_new
        ):
            continue
        if basis is Basis.SUCCESSION or text_pair or not _relabelled(item, other_new):
            deltas = one_sided_deltas(item.targets, new=False)
            yield Change(Kind.DROPPED, basis, item.region, item, None, deltas)


def _matches(old: Sequence[Statement], new: Sequence[Statement], basis: Basis) -> list[_Match]:
    return [
        _Match(old[pair.before], new[pair.after], pair.similarity)
        for pair in align(old, new, BY_BASIS[basis])
    ]


def _unmatched(
    old: Sequence[Statement], new: Sequence[Statement], matches: Sequence[_Match]
) -> tuple[list[Statement], list[Statement]]:
    """The sentences of the new text and of the old one that are in no match."""
    matched = {id(match.before) for match in matches} | {id(match.after) for match in matches}
    return (
        [item for item in new if id(item) not in matched],
        [item for item in old if id(item) not in matched],
    )


def _without_bare_headings(
    statements: Sequence[Statement],
) -> tuple[list[Statement], list[Statement]]:
    """The sentences that promise something, and the headings that say no more than these."""
    bare = bare_headings(statements)
    return (
        [one for one in statements if id(one) not in bare],
        [one for one in statements if id(one) in bare],
    )


def _unchanged_elsewhere(
    item: Statement,
    here: ClauseIndex,
    there: ClauseIndex,
    others_here: Sequence[Statement],
    others_there: Sequence[Statement],
) -> bool:
    """Whether the words of a sentence stand in the other text just as they do here.

    They do beside the same neighbours. Elsewhere they do too, unless they occur less often there,
    or as an achievement: a promise that moved into the review is no longer a promise.
    """
    if there.holds_beside(item.text, here.neighbours(item.start, item.end)):
        return True
    count = there.count(item.text)
    if not count or count < here.count(item.text):
        return False
    return _count_achieved(item, others_there) <= _count_achieved(item, others_here)


def _count_achieved(item: Statement, others: Sequence[Statement]) -> int:
    """How many achievements contain the words of ``item``."""
    key = normalize(item.text)
    done = (one for one in others if one.label is Label.ACHIEVEMENT)
    return sum(key in normalize(one.text) for one in done)


def _relabelled(item: Statement, others: Sequence[Statement]) -> bool:
    """Whether one of ``others``, of another label, has the same words."""
    key = normalize(item.text)
    return any(key == normalize(one.text) for one in others)


def _classify(match: _Match, basis: Basis, text_pair: TextPair | None, known: _Known) -> Change:
    change = _classify_by_own_words(match, basis, text_pair, known)
    if text_pair is None:
        return change
    if change.kind is Kind.REWORDED and not change.deltas and _are_headings(match, text_pair):
        # What is promised stands below it.
        return replace(change, kind=Kind.CONTINUED)
    if change.kind is not Kind.CONTINUED:
        return change
    leads = (
        list_context(text_pair.before.text, match.before.start),
        list_context(text_pair.after.text, match.after.start),
    )
    direction = list_context_direction(*leads, (match.before.year, match.after.year))
    return change if direction is None else replace(change, kind=_KIND_BY_DIRECTION[direction])


def _are_headings(match: _Match, texts: TextPair) -> bool:
    before, after = match.before, match.after
    return is_heading(texts.before.text, before.text, before.start) and is_heading(
        texts.after.text, after.text, after.start
    )


def _classify_by_own_words(
    match: _Match, basis: Basis, text_pair: TextPair | None, known: _Known
) -> Change:
    """The change of a commitment by its own words, its context aside."""
    before, after = match.before, match.after
    if text_pair is not None and text_pair.untouched(before.text, after.text):
        return _change(Kind.CONTINUED, basis, match, ())
    similarity = match.similarity
    if match.more_before or match.more_after:
        similarity = ratio(
            _joined([before, *match.more_before]), _joined([after, *match.more_after])
        )
    old_targets = [*_targets([before, *match.more_before]), *match.moved_in]
    new_targets = _targets([after, *match.more_after])
    if similarity == 1 and basis is Basis.REVISION:
        # The sentences around it may change how a number is read; the words are the same.
        return _change(Kind.CONTINUED, basis, match, ())
    if text_pair is not None:
        old_targets, new_targets = _with_numbers_near(
            match, (old_targets, new_targets), text_pair, known
        )
    found = target_moves(
        old_targets,
        new_targets,
        nearly_identical=similarity >= NEARLY_IDENTICAL,
        years=(before.year, after.year),
        granted=lambda target: is_benefit_ceiling(target, before, after),
    )
    if text_pair is not None:
        # 培训人才10万人, split off into a sentence that names no topic, is still promised.
        left = _targets_standing(old_targets, before.text, text_pair.before, text_pair.after)
        entered = _targets_standing(new_targets, after.text, text_pair.after, text_pair.before)
        found = without_relocated(found, left, entered)
    found = without_relocated(found, match.moved_out, ())
    beside = moves_beside(
        before,
        after,
        (*old_targets, *new_targets),
        nearly_identical=similarity >= NEARLY_IDENTICAL,
    )
    direction: float = retraction(before.text, after.text) or _direction(
        match, found, beside, basis
    )
    if only_in_number(found) and everywhere_shift(before.text, after.text) * direction < 0:
        # 覆盖率达到80% is no more than 全覆盖.
        direction = 0.0
    found += beside
    if direction:
        kind = Kind.STRENGTHENED if direction > 0 else Kind.WEAKENED
    elif found or not _is_continued(match, similarity, basis, numbers=bool(new_targets)):
        kind = Kind.REWORDED
    else:
        kind = Kind.CONTINUED
    return _change(kind, basis, match, tuple(move.delta for move in found))


def _direction(
    match: _Match, found: Sequence[TargetMove], beside: Sequence[TargetMove], basis: Basis
) -> float:
    """The direction of a promise that was not taken back: > 0 stronger, < 0 weaker."""
    before, after = match.before, match.after
    stage = 0 if basis is Basis.SUCCESSION else stage_direction(before.text, after.text)
    numbers = overall_direction(found or beside)
    if stage:
        # To begin more than was to be finished is neither more nor less.
        return 0.0 if numbers * stage < 0 else stage
    return numbers if found else numbers or _polarity(before, after, basis)


def _with_numbers_near(
    match: _Match,
    targets: tuple[list[Target], list[Target]],
    texts: TextPair,
    known: _Known,
) -> tuple[list[Target], list[Target]]:
    """The targets of both sides with the numbers that the other side's stand for.

    These stand beside words that do not name the topic: in the sentence, or in one near it.
    """
    old, new = targets
    before, after = match.before, match.after
    old = old + [one for item in (before, *match.more_before) for one in namesakes(item, old, new)]
    new = new + [one for item in (after, *match.more_after) for one in namesakes(item, new, old)]
    gone = missing_numbers(old, before, new, after)
    came = missing_numbers(new, after, old, before)
    split_off = numbers_split_off(gone, after, texts.after.text, known[1], texts.before)
    split_off += [
        (number, target)
        for target, number in numbers_split_off(
            came, before, texts.before.text, known[0], texts.after
        )
    ]
    # A number that names no topic counts where it stands in both texts.
    return (
        [*old, *(one for one, _ in split_off if one not in old)],
        [*new, *(one for _, one in split_off if one not in new)],
    )


def _polarity(before: Statement, after: Statement, basis: Basis) -> int:
    """1 if a promise whose targets all stayed got stronger by its words, -1 weaker, else 0."""
    direction = deadline_shift(before.text, after.text, (before.year, after.year), basis)
    if direction or basis is Basis.SUCCESSION:
        return direction
    return (
        hedging(before.text, after.text)
        or qualifier_direction(before.text, after.text)
        or rank_direction(before.text, after.text)
    )


def _targets_standing(
    targets: Sequence[Target], sentence: str, here: ClauseIndex, there: ClauseIndex
) -> list[Target]:
    """The targets whose clause occurs in the other text as often as in its own."""
    return [
        target
        for target in targets
        if (count := there.count_clause(sentence, target.raw))
        and count >= here.count_clause(sentence, target.raw)
    ]


def _change(kind: Kind, basis: Basis, match: _Match, deltas: tuple[Delta, ...]) -> Change:
    before = _part_of_moves(
        match.before, match.more_before, {(delta.metric, delta.before) for delta in deltas}
    )
    after = _part_of_moves(
        match.after, match.more_after, {(delta.metric, delta.after) for delta in deltas}
    )
    region = after.region or before.region
    return Change(kind, basis, region, before, after, deltas, match.similarity)


def _part_of_moves(
    larger: Statement, smaller: Sequence[Statement], moved: Collection[tuple[str, float | None]]
) -> Statement:
    """The part of a split sentence that a change shows: the one in which its numbers stand."""
    counts = [
        sum((target.metric, target.value) in moved for target in part.targets)
        for part in (larger, *smaller)
    ]
    return (larger, *smaller)[0 if counts[0] else counts.index(max(counts))]


def _is_continued(match: _Match, similarity: float, basis: Basis, *, numbers: bool) -> bool:
    """Whether a commitment whose targets all stayed is continued; ``numbers``: it has targets."""
    merged = bool(match.more_before or match.more_after)
    if basis is Basis.REVISION:
        return similarity >= 1 or (not merged and same_values_respelled(match.before, match.after))
    if not BY_BASIS[basis].keeps_wording(similarity, has_numbers=numbers):
        return False
    if similarity >= 1 or merged:
        return True
    return not differs_in_substance(match.before, match.after)


def _joins_as_part(item: Statement, matches: Sequence[_Match], *, after: bool) -> bool:
    """Add an unmatched sentence to the match it is a part of; False if there is none.

    ``after``: the sentence is in the new text, so that a sentence of the old one was split.
    """
    key = normalize(item.text)
    best: tuple[float, _Match] | None = None
    for match in matches:
        whole = normalize((match.before if after else match.after).text)
        part = [match.after, *match.more_after] if after else [match.before, *match.more_before]
        if len(key) >= len(whole) or partial_ratio(key, whole) < PART:
            continue
        if _names_another_thing(item, whole):
            continue
        gain = ratio(whole, _joined([*part, item])) - ratio(whole, _joined(part))
        if gain >= PART_GAIN and (best is None or gain > best[0]):
            best = gain, match
    if best is None:
        return False
    (best[1].more_after if after else best[1].more_before).append(item)
    return True


def _takes_up_number(item: Statement, matches: Sequence[_Match], *, after: bool) -> bool:
    """Add an unmatched sentence to the one match whose missing number it gives, with any value.

    培育企业40家，开放场景 became 开放场景 and 培育企业60家. ``after``: it is in the new text.
    """
    holders = []
    for match in matches:
        before, now = (match.before, *match.more_before), (match.after, *match.more_after)
        whole, parts = (before, now) if after else (now, before)
        if not same_region(item, whole[0]):
            continue
        given = _targets(parts)
        missing = [one for one in _targets(whole) if not counterparts(one, given)]
        if any(
            counterparts(one, item.targets, EQUAL_METRIC) and not is_generic(one) for one in missing
        ):
            holders.append(match)
    if len(holders) != 1:
        return False
    (holders[0].more_after if after else holders[0].more_before).append(item)
    return True


def _note_moved_numbers(matches: Sequence[_Match]) -> None:
    """Note which numbers left one sentence and came into another one, with any value."""
    gone, came = [], []
    for match in matches:
        old = _targets([match.before, *match.more_before])
        new = _targets([match.after, *match.more_after])
        gone += [(match, one) for one in old if not counterparts(one, new) and not is_generic(one)]
        came += [(match, one) for one in new if not counterparts(one, old) and not is_generic(one)]
    for match, target in gone:
        takers = [(other, one) for other, one in came if counterparts(target, [one], EQUAL_METRIC)]
        if len(takers) != 1:
            continue
        (other, number), *_ = takers
        rivals = [one for _, one in gone if counterparts(number, [one], EQUAL_METRIC)]
        if len(rivals) == 1 and same_region(match.before, other.after):
            match.moved_out.append(target)
            other.moved_in.append(target)


def _names_another_thing(item: Statement, whole: str) -> bool:
    """Whether a sentence measures what the whole it may be a part of does not name.

    大模型产业规模达到200亿元 is no part of 做大机器人产业，规模达到100亿元.
    """
    whole = with_one_word_a_matter(whole)
    return any(
        with_one_word_a_matter(word) not in whole
        for target in item.targets
        for word in names_of_matters(normalize(target.metric))
    )


def _joined(parts: Sequence[Statement]) -> str:
    return "".join(normalize(part.text) for part in sorted(parts, key=lambda part: part.start))


def _targets(parts: Sequence[Statement]) -> list[Target]:
    return [target for part in parts for target in part.targets]
