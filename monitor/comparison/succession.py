"""The comparison of two years' plans: what became of each promise in the plan of the year after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.comparison.cues import (
    counting_spans,
    counts_otherwise,
    differs_in_substance,
    effort_direction,
    everywhere_shift,
    is_benefit_ceiling,
    rank_direction,
    retraction,
)
from monitor.comparison.deadlines import clause_deadline_shift, deadline_shift
from monitor.comparison.headings import bare_headings
from monitor.comparison.normalize import normalize
from monitor.comparison.numbers_beside import (
    counted_names,
    has_rival,
    moves_beside,
    named_in_full,
    namesakes,
    numbers_of_kin,
    with_names_before,
)
from monitor.comparison.similarity import longest_common_length, sentence_similarity
from monitor.comparison.targets import (
    TargetMove,
    is_measured,
    keeps_value,
    one_sided_deltas,
    only_in_number,
    overall_direction,
    target_moves,
    without_relocated,
)
from monitor.comparison.thresholds import BY_BASIS, NEARLY_IDENTICAL, SHARED_METRIC
from monitor.comparison.year_links import (
    FEATURES,
    LinkModel,
    PlanSentence,
    YearLink,
    find_links,
    link_model,
)
from monitor.extraction.units import counts_things
from monitor.model.changes import Basis, Certainty, Change, Kind
from monitor.model.statements import Label, Statement, Target

_MIN_SHARED_METRIC = 3
_MIN_SHARED_WORDS = 4


def compare_years(
    old: Sequence[Statement],
    new: Sequence[Statement],
    plans: tuple[Sequence[Statement], Sequence[Statement]],
) -> Iterator[Change]:
    """What became of the promises of a plan in the plan of the year after it.

    Args:
        old: the commitments of the earlier plan about one topic.
        new: those of the later plan.
        plans: the other sentences of both plans (``plan_sentences``): a promise may go on in one
            of them, and a number that stands in one was not taken back.

    Returns:
        One change for every pair of sentences that are one promise, *continued* ones too, and one
        for every commitment without a link.
    """
    before, after = _plan(old, plans[0]), _plan(new, plans[1])
    found = find_links(before, after, link_model())
    old_context = _PlanContext(before)
    new_context = _PlanContext(after)
    heads = _heads(found.links, before, after)
    for link in found.links:
        pair = _LinkedPair(
            before[link.before].statement,
            after[link.after].statement,
            link.probability,
            is_head=link is heads[link.before],
        )
        yield _classify(pair, old_context, new_context)
    linked_before = {link.before for link in found.links}
    linked_after = {link.after for link in found.links}
    # What a heading names is told of the sentences below it.
    bare = bare_headings(old) | bare_headings(new)
    for j, sentence in enumerate(after):
        if sentence.in_scope and j not in linked_after and id(sentence.statement) not in bare:
            certainty = Certainty.SURE if j in found.alone_after else Certainty.UNSURE
            nearest = found.nearest_before.get(j)
            other = None if nearest is None else before[nearest.before].statement
            yield _alone(Kind.ADDED, sentence.statement, nearest, other, certainty)
    for i, sentence in enumerate(before):
        if sentence.in_scope and i not in linked_before and id(sentence.statement) not in bare:
            certainty = Certainty.SURE if i in found.alone_before else Certainty.UNSURE
            nearest = found.nearest_after.get(i)
            other = None if nearest is None else after[nearest.after].statement
            yield _alone(Kind.DROPPED, sentence.statement, nearest, other, certainty)


def _heads(
    links: Sequence[YearLink], before: Sequence[PlanSentence], after: Sequence[PlanSentence]
) -> dict[int, YearLink]:
    """For each earlier sentence the link in which its first words go on.

    The numbers at the end of a sentence measure what it promises first: of 开展A和B行动，规模达到
    1亿元 that goes on in a sentence on A and one on B, neither with a number, the one on A is less.
    """

    def order(link: YearLink) -> tuple[int, float]:
        old = normalize(before[link.before].statement.text)
        new = normalize(after[link.after].statement.text)
        shared = (k for k in range(len(old)) if old[k : k + _MIN_SHARED_WORDS] in new)
        return next(shared, len(old)), -link.probability

    heads: dict[int, YearLink] = {}
    for link in sorted(links, key=order):
        heads.setdefault(link.before, link)
    return heads


def _plan(commitments: Sequence[Statement], others: Sequence[Statement]) -> list[PlanSentence]:
    """The sentences of a plan in text order, those in scope once."""
    known = {one.start for one in commitments}
    sentences = [PlanSentence(one, True) for one in commitments]
    sentences += [PlanSentence(one, False) for one in others if one.start not in known]
    return sorted(sentences, key=lambda one: one.statement.start)


def _alone(
    kind: Kind,
    item: Statement,
    nearest: YearLink | None,
    other: Statement | None,
    certainty: Certainty,
) -> Change:
    """A promise without a link: what it is nearest to, and whether it surely stands alone."""
    added = kind is Kind.ADDED
    return Change(
        kind,
        Basis.SUCCESSION,
        item.region,
        None if added else item,
        item if added else None,
        one_sided_deltas(item.targets, new=added),
        score=0.0 if nearest is None else nearest.probability,
        nearest_text=None if other is None else other.text,
        certainty=certainty,
    )


class _PlanContext:
    """The numbers of a whole plan: one that stands in another sentence has not gone."""

    def __init__(self, sentences: Sequence[PlanSentence]) -> None:
        self._targets = [
            named_in_full(sentence.statement, target)
            for sentence in sentences
            for target in sentence.statement.targets
        ]
        self._sentences = [sentence.statement.text for sentence in sentences]
        self._text = normalize("\n".join(one.statement.text for one in sentences))

    def holds(self, target: Target, statement: Statement) -> bool:
        """Whether the plan names this number of ``statement`` for this metric somewhere.

        A number that only counts a list of names stands where these are named.
        """
        if normalize(target.raw) in self._text or is_measured(target, self._targets):
            return True
        names = counted_names(statement.text, target)
        return bool(names) and any(
            all(name in sentence for name in names) for sentence in self._sentences
        )


@dataclass(frozen=True, slots=True)
class _LinkedPair:
    """A promise of one plan and a sentence of the next in which it goes on.

    ``probability`` is that of the link. ``is_head``: its first words go on in this sentence of that
    plan, so that a number that is missing here is missing.
    """

    old: Statement
    new: Statement
    probability: float
    is_head: bool


def _classify(pair: _LinkedPair, before: _PlanContext, after: _PlanContext) -> Change:
    """The change of a promise that goes on in a sentence of the next year's plan."""
    old, new = pair.old, pair.new
    similarity = sentence_similarity(old.text, new.text)
    nearly_identical = similarity >= NEARLY_IDENTICAL
    old_targets = [*with_names_before(old, old.targets, new.targets), *numbers_of_kin(old, new)]
    new_targets = [*with_names_before(new, new.targets, old.targets), *numbers_of_kin(new, old)]
    of_old = namesakes(new, new_targets, old_targets)
    of_new = namesakes(old, old_targets, new_targets)
    new_targets += of_old
    old_targets += of_new
    moves = target_moves(
        old_targets,
        new_targets,
        nearly_identical=nearly_identical,
        years=(old.year, new.year),
        granted=lambda target: is_benefit_ceiling(target, old, new),
    )
    moves = without_relocated(
        moves,
        left=[target for target in old_targets if after.holds(target, old)],
        entered=[target for target in new_targets if before.holds(target, new)],
    )
    known = (*old_targets, *new_targets)
    beside = moves_beside(old, new, known, nearly_identical=nearly_identical)
    direction = retraction(old.text, new.text) or _direction_of_numbers(pair, moves, beside)
    moves += beside
    if direction:
        kind = Kind.STRENGTHENED if direction > 0 else Kind.WEAKENED
    elif moves or not _is_continued(old, new, similarity):
        kind = Kind.REWORDED
    else:
        kind = Kind.CONTINUED
    return Change(
        kind,
        Basis.SUCCESSION,
        new.region or old.region,
        old,
        new,
        tuple(move.delta for move in moves),
        similarity,
        score=pair.probability,
    )


def _is_continued(old: Statement, new: Statement, similarity: float) -> bool:
    """Whether a promise whose targets all stayed is only worded anew."""
    has_numbers = bool(old.targets and new.targets)
    if not BY_BASIS[Basis.SUCCESSION].keeps_wording(similarity, has_numbers=has_numbers):
        return False
    return similarity >= 1 or not differs_in_substance(old, new)


def _direction_of_numbers(
    pair: _LinkedPair, moves: Sequence[TargetMove], beside: Sequence[TargetMove]
) -> float:
    """The direction of the numbers of a promise that goes on, else of its dates and ranks."""
    old, new = pair.old, pair.new
    given_up = pair.is_head and not new.targets and bool(set(old.themes) & set(new.themes))
    comparable_moves = [
        move
        for move in moves
        if _has_counterpart(move, old, new) or (given_up and move.delta.after is None)
        if not (_is_one(move) or has_rival(move, old, new))
    ]
    if all(keeps_value(move) for move in moves):
        # Firmness weighs less than a number that moved, be it of another matter.
        comparable_moves += beside
    direction = overall_direction(comparable_moves)
    if not direction:
        return 0.0 if moves else _direction_of_words(old, new)
    for_all = everywhere_shift(old.text, new.text)
    if only_in_number(comparable_moves) and for_all * direction < 0:
        return 0.0
    # 每年1万人 and 三年3万人 are not to be compared.
    otherwise = counting_spans(old.text) ^ counting_spans(new.text)
    return 0.0 if otherwise or counts_otherwise(old.text, new.text) else direction


def _is_one(move: TargetMove) -> bool:
    """Whether a number that came or went is one: 建设1个平台 is no more than 建设平台."""
    delta = move.delta
    return {delta.before, delta.after} == {None, 1} and counts_things(delta.unit)


def _has_counterpart(move: TargetMove, old: Statement, new: Statement) -> bool:
    """Whether a number that came or went was given for something that both sentences name.

    一批示范场景 became 60个示范场景, which is more; a target beside a promise that goes on is news,
    and no strength of that promise.
    """
    if move.delta.before is not None and move.delta.after is not None:
        return True
    other = old if move.delta.before is None else new
    metric = normalize(move.delta.metric)
    length = longest_common_length(metric, normalize(other.text))
    return length >= max(_MIN_SHARED_METRIC, SHARED_METRIC * len(metric))


def _direction_of_words(before: Statement, after: Statement) -> int:
    """1 if a promise whose targets all stayed got stronger by its words, -1 weaker, else 0."""
    years = before.year, after.year
    return (
        deadline_shift(before.text, after.text, years, Basis.SUCCESSION)
        or clause_deadline_shift(before, after)
        or effort_direction(before.text, after.text)
        or rank_direction(before.text, after.text)
    )


@dataclass(frozen=True, slots=True)
class LinkEvidence:
    """Why two sentences of two years' plans are one promise or not, by the link model.

    ``weighed`` has the name of each feature, its value and what it adds to the log odds, the
    strongest first; it is empty where the words are the same.
    """

    probability: float
    weighed: tuple[tuple[str, float, float], ...]


def link_evidence(
    changes: Sequence[Change],
    before: Sequence[Statement],
    after: Sequence[Statement],
    plans: tuple[Sequence[Statement], Sequence[Statement]],
) -> list[LinkEvidence | None]:
    """The evidence for each change of a succession that ``compare`` found in the same statements.

    For a promise that stands alone it is that of the nearest sentence; None if there is none.
    """
    model = link_model()
    known: dict[tuple[int | None, int | None], LinkEvidence] = {}
    for topic in {change.statement.topic for change in changes}:
        old, new = (
            _plan([x for x in some if x.topic == topic and x.label is Label.COMMITMENT], others)
            for some, others in zip((before, after), plans, strict=True)
        )
        found = find_links(old, new, model)
        for sides, links in (
            ((True, True), found.links),
            ((True, False), found.nearest_after.values()),
            ((False, True), found.nearest_before.values()),
        ):
            for one in links:
                first = id(old[one.before].statement) if sides[0] else None
                second = id(new[one.after].statement) if sides[1] else None
                known[first, second] = _evidence(one, model)
    return [known.get((_id(change.before), _id(change.after))) for change in changes]


def _id(statement: Statement | None) -> int | None:
    return None if statement is None else id(statement)


def _evidence(link: YearLink, model: LinkModel) -> LinkEvidence:
    if not link.features:
        return LinkEvidence(link.probability, ())
    weighed = zip(FEATURES, link.features, model.contributions(link.features), strict=True)
    strongest_first = sorted(weighed, key=lambda one: -abs(one[2]))
    return LinkEvidence(link.probability, tuple(strongest_first))
