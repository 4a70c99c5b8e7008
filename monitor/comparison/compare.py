"""Compare the statements of two texts: ``compare`` returns the changes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from monitor.comparison.align import align
from monitor.comparison.cues import (
    counting_spans,
    cue_pattern,
    cue_table,
    deadline_shift,
    differs_in_substance,
    everywhere_shift,
    hedging,
    is_benefit_ceiling,
    list_context_direction,
    places,
    qualifier_direction,
    rank_direction,
    retraction,
    same_values_respelled,
)
from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import (
    ClauseIndex,
    TextPair,
    longest_common_length,
    partial_ratio,
    ratio,
    sentence_similarity,
)
from monitor.comparison.targets import (
    TargetMove,
    is_measured,
    keeps_value,
    overall_direction,
    pair_targets,
    target_moves,
)
from monitor.comparison.thresholds import (
    BY_BASIS,
    MAX_PART_PAIRS,
    NEARLY_IDENTICAL,
    PART,
    PART_GAIN,
    SHARED_METRIC,
)
from monitor.comparison.year_links import (
    FEATURES,
    LinkModel,
    PlanSentence,
    YearLink,
    find_links,
    link_model,
)
from monitor.extraction.quantities import comparable, counts_things
from monitor.extraction.targets import counted_things, figures_beside, parse_targets
from monitor.extraction.text import normalize_characters
from monitor.extraction.vocabulary import alternation, quantity_words
from monitor.model.changes import Basis, Certainty, Change, Delta, Kind
from monitor.model.statements import Label, Op, Statement, Target

_MAX_LINES = 30
_MAX_LENGTH = 60
_MAX_TITLE_LENGTH = 24
_COLON = ("：", ":")


@cache
def _written_pattern() -> re.Pattern[str]:
    return re.compile("[，。；！？]")


def list_context(text: str, start: int) -> str:
    """The context line of the list that contains a sentence, or an empty string.

    Args:
        text: the whole text.
        start: where the sentence begins.

    Returns:
        The nearest line above that ends in a colon, or that is as short as a heading: a year or a
        place alone heads a list too. Of a list without full stops the other items are no context.
    """
    end = text.rfind("\n", 0, start)
    own = text[end + 1 : text.find("\n", start) if "\n" in text[start:] else len(text)].strip()
    item = None if _written_pattern().search(own) else _marker_form(own)
    for _ in range(_MAX_LINES):
        if end < 0:
            return ""
        begin = text.rfind("\n", 0, end) + 1
        line = text[begin:end].strip()
        if line.endswith(_COLON) and len(line) <= _MAX_LENGTH:
            return line
        heads = line and len(line) <= _MAX_TITLE_LENGTH and _written_pattern().search(line) is None
        if heads and (_marker_form(line) != item or _when_or_where(line)):
            return line
        end = begin - 1
    return ""


def _marker_form(line: str) -> str:
    """What a line begins with, its number aside: 3. and 4. are one form, as are two bare lines."""
    marker = _marker_pattern().match(line)
    return "" if marker is None else _marker_number_pattern().sub("", marker[0])


def _when_or_where(line: str) -> bool:
    """Whether a line names a year or a place and nothing more."""
    rest = _year_line_pattern().sub("", line.rstrip("市省区县州"))
    return not rest or rest in places(rest)


@cache
def _marker_pattern() -> re.Pattern[str]:
    return re.compile(
        "(?:[0-9]{1,2}[.、）]|[（(]?[一二三四五六七八九十]{1,3}(?:[）)、]|是)|[-—•·●■▲◆]+)"
    )


@cache
def _marker_number_pattern() -> re.Pattern[str]:
    return re.compile("[0-9一二三四五六七八九十]+")


@cache
def _year_line_pattern() -> re.Pattern[str]:
    return re.compile("(?:到|至)?(?:20[0-9]{2}年?|今年|明年)(?:底|末|上半年|下半年)?(?:之?前)?")


COMMITMENTS = frozenset({Label.COMMITMENT})
_MIN_SHARED_METRIC = 3
_KIND_BY_DIRECTION = {1: Kind.STRENGTHENED, 0: Kind.REWORDED, -1: Kind.WEAKENED}


@dataclass(slots=True)
class _Match:
    """A commitment before and after, with the parts it was split into or merged from."""

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
        objects that were passed in. A sentence that was split or merged is
        reported once, at its larger part; one whose words all stand in the other of ``texts``
        without being a sentence there is not reported.
    """
    changes: list[Change] = []
    text_pair = TextPair(*texts) if texts and basis is Basis.REVISION else None
    groups = {(item.topic, item.label) for item in (*before, *after) if item.label in labels}
    for topic, label in sorted(groups):
        old = [item for item in before if item.topic == topic and item.label is label]
        new = [item for item in after if item.topic == topic and item.label is label]
        if basis is Basis.SUCCESSION and label is Label.COMMITMENT:
            changes.extend(_compare_years(old, new, plans))
            continue
        found = _compare_group(
            old,
            new,
            basis,
            other_old=_others(before, old),
            other_new=_others(after, new),
            text_pair=text_pair,
        )
        changes.extend(found)
    return tuple(sorted(changes, key=_order))


def _compare_years(
    old: Sequence[Statement],
    new: Sequence[Statement],
    plans: tuple[Sequence[Statement], Sequence[Statement]],
) -> Iterable[Change]:
    """What became of the promises of a plan in the plan of the year after it."""
    before, after = _plan(old, plans[0]), _plan(new, plans[1])
    found = find_links(before, after, link_model())
    old_context = _PlanContext(before)
    new_context = _PlanContext(after)
    for link in found.links:
        match = _Match(
            before[link.before].statement,
            after[link.after].statement,
            sentence_similarity(
                before[link.before].statement.text, after[link.after].statement.text
            ),
        )
        is_best = link is found.nearest_after[link.before]
        change = _classify_succession(match, old_context, new_context, is_best=is_best)
        yield replace(change, score=link.probability)
    linked_before = {link.before for link in found.links}
    linked_after = {link.after for link in found.links}
    for j, sentence in enumerate(after):
        if sentence.in_scope and j not in linked_after:
            certainty = Certainty.SURE if j in found.alone_after else Certainty.UNSURE
            nearest = found.nearest_before.get(j)
            other = None if nearest is None else before[nearest.before].statement
            yield _alone(Kind.ADDED, sentence.statement, nearest, other, certainty)
    for i, sentence in enumerate(before):
        if sentence.in_scope and i not in linked_before:
            certainty = Certainty.SURE if i in found.alone_before else Certainty.UNSURE
            nearest = found.nearest_after.get(i)
            other = None if nearest is None else after[nearest.after].statement
            yield _alone(Kind.DROPPED, sentence.statement, nearest, other, certainty)


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
        _all_deltas(item.targets, new=added),
        score=0.0 if nearest is None else nearest.probability,
        nearest_text=None if other is None else other.text,
        certainty=certainty,
    )


class _PlanContext:
    """The numbers of a whole plan: one that stands in another sentence has not gone."""

    def __init__(self, sentences: Sequence[PlanSentence]) -> None:
        self._targets = [target for sentence in sentences for target in sentence.statement.targets]
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


def _classify_succession(
    match: _Match, before: _PlanContext, after: _PlanContext, *, is_best: bool
) -> Change:
    """The change of a promise that goes on in a sentence of the next year's plan.

    ``is_best``: no other sentence of that plan is more probably its continuation, so that a number
    that is missing in this one is missing.
    """
    old, new = match.before, match.after
    old_targets = [*old.targets, *numbers_of_kin(old, new)]
    new_targets = [*new.targets, *numbers_of_kin(new, old)]
    of_old, of_new = (
        namesakes(new, new_targets, old_targets),
        namesakes(old, old_targets, new_targets),
    )
    new_targets += of_old
    old_targets += of_new
    moves = target_moves(
        old_targets,
        new_targets,
        nearly_identical=match.similarity >= NEARLY_IDENTICAL,
        years=(old.year, new.year),
        granted=lambda target: is_benefit_ceiling(target, old, new),
    )
    gone = [target for target in old_targets if not after.holds(target, old)]
    came = [target for target in new_targets if not before.holds(target, new)]
    moves = [
        move
        for move in moves
        if not (_only_left_sentence(move, _without_targets(old_targets, gone)))
        and not (_only_entered_sentence(move, _without_targets(new_targets, came)))
    ]
    known = (*old_targets, *new_targets)
    beside = moves_beside(old, new, known, nearly_identical=match.similarity >= NEARLY_IDENTICAL)
    direction = retraction(old.text, new.text) or _direction_of_numbers(
        match, moves, beside, is_best=is_best
    )
    moves += beside
    if direction:
        kind = Kind.STRENGTHENED if direction > 0 else Kind.WEAKENED
    elif moves or not _is_continued(
        match, match.similarity, Basis.SUCCESSION, numbers=bool(old.targets and new.targets)
    ):
        kind = Kind.REWORDED
    else:
        kind = Kind.CONTINUED
    return _change(kind, Basis.SUCCESSION, match, tuple(move.delta for move in moves))


def _direction_of_numbers(
    match: _Match, moves: Sequence[TargetMove], beside: Sequence[TargetMove], *, is_best: bool
) -> float:
    """The direction of the numbers of a promise that goes on, else of its dates and ranks."""
    old, new = match.before, match.after
    given_up = is_best and not new.targets and bool(set(old.themes) & set(new.themes))
    comparable_moves = [
        move
        for move in moves
        if _has_counterpart(move, old, new) or (given_up and move.delta.after is None)
        if not (_is_one(move) or _has_rival(move, old, new))
    ]
    if all(keeps_value(move) for move in moves):
        # Firmness weighs less than a number that moved, be it of another matter.
        comparable_moves += beside
    direction = overall_direction(comparable_moves)
    if not direction:
        return 0.0 if moves else _year_polarity(old, new)
    for_all = everywhere_shift(old.text, new.text)
    if _only_in_number(comparable_moves) and for_all * direction < 0:
        return 0.0
    # 每年1万人 and 三年3万人 are not to be compared.
    return 0.0 if counting_spans(old.text) ^ counting_spans(new.text) else direction


def _is_one(move: TargetMove) -> bool:
    """Whether a number that came or went is one: 建设1个平台 is no more than 建设平台."""
    delta = move.delta
    return {delta.before, delta.after} == {None, 1} and counts_things(delta.unit)


def namesakes(item: Statement, own: Sequence[Target], others: Sequence[Target]) -> list[Target]:
    """The numbers of a sentence outside the topic that measure a target of the other sentence.

    推动5000家规上工业企业应用人工智能 goes on in 推动6000家规上工业企业“智改数转”, where the
    words for the topic stand apart from the number. They carry the metric of that target.

    Args:
        item: the sentence.
        own: the targets that are known of it.
        others: those of the other sentence; only one without a counterpart is looked for.
    """
    pairs = pair_targets(others, own, nearly_identical=False)
    paired = {id(other) for other, _ in pairs}
    numbers = [one for one in _numbers_beside(item, own) if not _is_condition(item.text, one)]
    found: list[Target] = []
    for other in others:
        if id(other) in paired:
            continue
        alike = [one for one in numbers if _counts_the_same(one, other)]
        rivals = [one for one in others if alike and _counts_the_same(alike[0], one)]
        if len(alike) == 1 and len(rivals) == 1:
            found.append(replace(alike[0], metric=other.metric))
    return found


def _numbers_beside(item: Statement, known: Sequence[Target]) -> list[Target]:
    """The numbers of a sentence that are none of its known targets."""
    return [
        one
        for one in parse_targets(normalize_characters(item.text), this_year=item.year)
        if not _is_known(one, known)
    ]


def _counts_the_same(one: Target, other: Target) -> bool:
    """Whether two numbers of one dimension are of things that share a name."""
    if not comparable(one.unit, other.unit):
        return False
    if (one.op is Op.INCREASE_BY) != (other.op is Op.INCREASE_BY):
        return False
    # 农业产业园区 and 人工智能产业园区 end alike and are of different matters.
    names = normalize(one.metric), normalize(other.metric)
    shorter, longer = sorted(names, key=len)
    if longer.endswith(shorter) and shorter.endswith(_OUTPUTS):
        return len(shorter) >= _SHORTEST_NAME
    least = min(_SHORTEST_THING, max(len(shorter), _SHORTEST_NAME))
    return len(shorter) >= least and longer.startswith(shorter[:least])


def _may_be_one_sum(one: Target, other: Target) -> bool:
    """Whether two sums of money may be one: 营业收入 is no 基金."""
    pattern = cue_pattern("sums")
    kinds = [set(pattern.findall(target.raw.replace("投资", "投入"))) for target in (one, other)]
    return not all(kinds) or bool(kinds[0] & kinds[1])


def _has_rival(move: TargetMove, old: Statement, new: Statement) -> bool:
    """Whether the other sentence counts something else in the unit of a number that came or went.

    推广智能机器人进养老院500家 may be what became 服务养老机构800家: nobody can tell that the
    number was given up.
    """
    if move.delta.before is not None and move.delta.after is not None:
        return False
    other = old if move.delta.before is None else new
    value = move.delta.before if move.delta.after is None else move.delta.after
    return any(
        (
            comparable(one.unit, move.delta.unit)
            and (one.unit not in _VAGUE_UNITS or one.value == value)
        )
        or {one.unit, move.delta.unit} <= _PEOPLE
        for one in _numbers_beside(other, other.targets)
    )


def _only_in_number(moves: Sequence[TargetMove]) -> bool:
    """Whether the numbers of a promise only came or only went."""
    return bool(moves) and all(
        move.delta.before is None or move.delta.after is None for move in moves
    )


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


def _year_polarity(before: Statement, after: Statement) -> int:
    """1 if a promise whose targets all stayed got stronger by its words, -1 weaker, else 0."""
    years = before.year, after.year
    return (
        deadline_shift(before.text, after.text, years, Basis.SUCCESSION)
        or clause_deadline_shift(before, after)
        or effort_direction(before.text, after.text)
        or rank_direction(before.text, after.text)
    )


def _without_targets(targets: Sequence[Target], some: Sequence[Target]) -> list[Target]:
    left_out = {id(target) for target in some}
    return [target for target in targets if id(target) not in left_out]


def _compare_group(
    old: Sequence[Statement],
    new: Sequence[Statement],
    basis: Basis,
    *,
    other_old: Sequence[Statement],
    other_new: Sequence[Statement],
    text_pair: TextPair | None,
) -> Iterable[Change]:
    matches = [
        _Match(old[pair.before], new[pair.after], pair.similarity)
        for pair in align(old, new, BY_BASIS[basis])
    ]
    matched = {id(match.before) for match in matches} | {id(match.after) for match in matches}
    added = [item for item in new if id(item) not in matched]
    dropped = [item for item in old if id(item) not in matched]
    # An identical sentence has no other part.
    reworded = [match for match in matches if match.similarity < 1]
    if (len(added) + len(dropped)) * len(reworded) <= MAX_PART_PAIRS:
        added = [item for item in added if not _joins_as_part(item, reworded, after=True)]
        dropped = [item for item in dropped if not _joins_as_part(item, reworded, after=False)]
    for match in matches:
        yield _classify(match, basis, text_pair)
    for item in added:
        # The same words were there: split differently, or under an edited heading.
        if text_pair is not None and _unchanged_elsewhere(
            item, text_pair.after, text_pair.before, other_new, other_old
        ):
            continue
        if basis is Basis.SUCCESSION or text_pair or not _relabelled(item, other_old):
            yield Change(
                Kind.ADDED, basis, item.region, None, item, _all_deltas(item.targets, new=True)
            )
    for item in dropped:
        if text_pair is not None and _unchanged_elsewhere(
            item, text_pair.before, text_pair.after, other_old, other_new
        ):
            continue
        if basis is Basis.SUCCESSION or text_pair or not _relabelled(item, other_new):
            yield Change(
                Kind.DROPPED, basis, item.region, item, None, _all_deltas(item.targets, new=False)
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


def _classify(match: _Match, basis: Basis, text_pair: TextPair | None) -> Change:
    change = _classify_by_own_words(match, basis, text_pair)
    if text_pair is None or change.kind is not Kind.CONTINUED:
        return change
    leads = (
        list_context(text_pair.before.text, match.before.start),
        list_context(text_pair.after.text, match.after.start),
    )
    direction = list_context_direction(*leads, (match.before.year, match.after.year))
    return change if direction is None else replace(change, kind=_KIND_BY_DIRECTION[direction])


def _classify_by_own_words(match: _Match, basis: Basis, text_pair: TextPair | None) -> Change:
    """The change of a commitment by its own words, its context aside."""
    before, after = match.before, match.after
    if text_pair is not None and text_pair.untouched(before.text, after.text):
        return _change(Kind.CONTINUED, basis, match, ())
    similarity = match.similarity
    if match.more_before or match.more_after:
        similarity = ratio(
            _joined([before, *match.more_before]), _joined([after, *match.more_after])
        )
    old_targets = _targets([before, *match.more_before])
    new_targets = _targets([after, *match.more_after])
    if similarity == 1 and basis is Basis.REVISION:
        # The sentences around it may change how a number is read; the words are the same.
        return _change(Kind.CONTINUED, basis, match, ())
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
        found = [
            move
            for move in found
            if not (_only_left_sentence(move, left) or _only_entered_sentence(move, entered))
        ]
    beside = moves_beside(
        before,
        after,
        (*old_targets, *new_targets),
        nearly_identical=similarity >= NEARLY_IDENTICAL,
    )
    direction: float = retraction(before.text, after.text)
    if not direction:
        direction = (
            overall_direction(found)
            if found
            else overall_direction(beside) or _polarity(before, after, basis)
        )
    found += beside
    if direction:
        kind = Kind.STRENGTHENED if direction > 0 else Kind.WEAKENED
    elif found or not _is_continued(match, similarity, basis, numbers=bool(new_targets)):
        kind = Kind.REWORDED
    else:
        kind = Kind.CONTINUED
    return _change(kind, basis, match, tuple(move.delta for move in found))


def _polarity(before: Statement, after: Statement, basis: Basis) -> int:
    """1 if a promise whose targets all stayed got stronger by its words, -1 weaker, else 0."""
    direction = deadline_shift(before.text, after.text, (before.year, after.year), basis)
    if direction or basis is Basis.SUCCESSION:
        return direction
    return hedging(before.text, after.text) or qualifier_direction(before.text, after.text)


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
    region = match.after.region or match.before.region
    return Change(kind, basis, region, match.before, match.after, deltas, match.similarity)


def _only_left_sentence(move: TargetMove, standing: Sequence[Target]) -> bool:
    """Whether a target left its sentence only: its clause is in the new text."""
    return move.delta.after is None and any(_concerns(move, target) for target in standing)


def _only_entered_sentence(move: TargetMove, standing: Sequence[Target]) -> bool:
    """Whether a target entered its sentence only: its clause was in the old text."""
    return move.delta.before is None and any(_concerns(move, target) for target in standing)


def _concerns(move: TargetMove, target: Target) -> bool:
    value = move.delta.before if move.delta.after is None else move.delta.after
    return (move.delta.metric, value) == (target.metric, target.value)


def _is_continued(match: _Match, similarity: float, basis: Basis, *, numbers: bool) -> bool:
    """Whether a commitment whose targets all stayed is continued; ``numbers``: it has targets."""
    merged = bool(match.more_before or match.more_after)
    if basis is Basis.REVISION:
        return similarity >= 1 or (not merged and same_values_respelled(match.before, match.after))
    limits = BY_BASIS[basis]
    if similarity < (limits.same_numbers if numbers else limits.continued):
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
        gain = ratio(whole, _joined([*part, item])) - ratio(whole, _joined(part))
        if gain >= PART_GAIN and (best is None or gain > best[0]):
            best = gain, match
    if best is None:
        return False
    (best[1].more_after if after else best[1].more_before).append(item)
    return True


def _joined(parts: Sequence[Statement]) -> str:
    return "".join(normalize(part.text) for part in sorted(parts, key=lambda part: part.start))


def _targets(parts: Sequence[Statement]) -> list[Target]:
    return [target for part in parts for target in part.targets]


def _others(statements: Sequence[Statement], group: Sequence[Statement]) -> tuple[Statement, ...]:
    inside = {id(item) for item in group}
    return tuple(item for item in statements if id(item) not in inside)


def _all_deltas(targets: Sequence[Target], *, new: bool) -> tuple[Delta, ...]:
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


_SHORTEST_THING, _SHORTEST_NAME = 4, 3
# Of what is named before, or in another clause.
_OUTPUTS = ("产能", "产量")
# Two numbers in one of these may well count things of different kinds.
_PEOPLE = frozenset({"人", "名", "位", "人次"})
_VAGUE_UNITS = frozenset({"个", "项", "元", "%", "倍", ""})
_KIN = 2
_BESIDE_VERB = 8
_SOME_REACH = 20
_SHORTEST_CLAUSE = 6


def numbers_of_kin(item: Statement, other: Statement) -> tuple[Target, ...]:
    """The things a sentence counts outside the topic that belong to what both sentences promise.

    They do when the other sentence promises some of the same thing (创建一批试验区, 新增试验区9个),
    or when targets of both sentences are of its kind (数据集, 数据产业集群).
    """
    own = {(target.value, target.unit) for target in item.targets}
    kinds = {_thing(one.metric)[:_KIN] for one in item.targets}
    kinds &= {_thing(one.metric)[:_KIN] for one in other.targets}
    found = []
    for target in counted_things(item.text, item.year):
        thing = _thing(target.metric)
        if (target.value, target.unit) in own or len(thing) < _SHORTEST_THING:
            continue
        if thing[:_KIN] in kinds or _promises_some(other.text, thing):
            found.append(target)
    return tuple(found)


def moves_beside(
    old: Statement, new: Statement, known: Sequence[Target], *, nearly_identical: bool
) -> list[TargetMove]:
    """The moves of numbers that are no targets of the topic and stand in both sentences.

    推动人工智能与制造业融合，新增智能工厂100家 names no topic beside its number; of a promise that
    goes on with another number it is the difference all the same. They say what became of a
    promise where its targets stayed, and only where both sentences give one number for the same
    metric in the same words.

    Args:
        old: the sentence then.
        new: the sentence now.
        known: the targets of both, which are compared by themselves.
        nearly_identical: whether the sentences differ in a word or a number only.
    """
    pairs = []
    then, now = (
        [
            one
            for one in figures_beside(item.text, item.year)
            if not (_is_known(one, known) or _is_limit(one) or _is_condition(item.text, one))
        ]
        for item in (old, new)
    )
    for target in then:
        rivals = [one for one in then if _measures_alike(one, target)]
        found = [one for one in now if _measures_alike(one, target)]
        if len(rivals) == len(found) == 1:
            pairs.append((target, found[0]))
    if nearly_identical and not pairs and len(then) == len(now) == 1:
        # 投入3亿元建设平台, 投入2亿元升级平台: the only sum is the same one, whatever it is called.
        (first,), (second,) = then, now
        if first.unit == second.unit == "元" and _may_be_one_sum(first, second):
            pairs = [(replace(first, metric=second.metric), second)]
    if not nearly_identical:
        pairs = [pair for pair in pairs if len(normalize(pair[0].metric)) >= _SHORTEST_THING]
    return [
        move
        for before, after in pairs
        for move in target_moves(
            [before],
            [after],
            nearly_identical=False,
            years=(old.year, new.year),
            granted=lambda target: is_benefit_ceiling(target, old, new),
        )
        if move.delta.before != move.delta.after
    ]


def _is_known(target: Target, known: Sequence[Target]) -> bool:
    return any(
        one.unit == target.unit and (one.metric == target.metric or one.value == target.value)
        for one in known
    )


def _is_limit(target: Target) -> bool:
    """Whether a number is a ceiling or a reduction, which a statement's targets alone can tell."""
    return target.op is Op.AT_MOST or target.value < 0


def _is_condition(sentence: str, target: Target) -> bool:
    """Whether a number only says of which things: 对年营收1亿元以上的企业给予奖励."""
    at = sentence.find(target.raw)
    return at < 0 or sentence.startswith("的", at + len(target.raw))


def _measures_alike(one: Target, other: Target) -> bool:
    return (
        normalize(one.metric) == normalize(other.metric)
        and comparable(one.unit, other.unit)
        and (one.op is Op.INCREASE_BY) == (other.op is Op.INCREASE_BY)
    )


def counted_names(sentence: str, target: Target) -> tuple[str, ...]:
    """The names that a number only counts: of 甲、乙、丙3个园区 the three; empty if it does not.

    The first one follows the verb without a mark between, so that its last two characters stand
    for it.
    """
    at = sentence.find(target.raw)
    if at <= 0 or not 2 <= target.value <= 20 or target.value != int(target.value):
        return ()
    clause = _clause_end_pattern().split(sentence[:at])[-1].rstrip("等")
    names = [name for name in _list_mark_pattern().split(clause) if name]
    if len(names) < target.value:
        return ()
    names = names[-int(target.value) :]
    return (names[0][-2:], *names[1:]) if _number_first(target) else ()


def _promises_some(text: str, thing: str) -> bool:
    """Whether a sentence promises some of a thing, without saying how many."""
    at = text.find(thing)
    while at >= 0:
        if _some_pattern().search(text, max(0, at - _SOME_REACH), at):
            return True
        at = text.find(thing, at + 1)
    return False


@cache
def _some_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(cue_table().some)})[^，。；：]{{0,8}}$")


def _number_first(target: Target) -> bool:
    """Whether the phrase of a target begins with its number: 3个省级园区."""
    return re.match(r"[\d一二两三四五六七八九十]", target.raw) is not None


def effort_direction(before: str, after: str) -> int:
    """1 where a thing that was only tried for (争创) is now built, -1 the other way, else 0."""
    old, new = normalize(before), normalize(after)
    return int(_tried_then_built(old, new)) - int(_tried_then_built(new, old))


def clause_deadline_shift(before: Statement, after: Statement) -> int:
    """-1 where a clause of both sentences is due later than before, 1 where sooner, else 0."""
    years = before.year, after.year
    found = 0
    for old in _clauses(before.text):
        for new in _clauses(after.text):
            found += deadline_shift(old, new, years, Basis.SUCCESSION)
    return (found > 0) - (found < 0)


def _tried_then_built(tried: str, built: str) -> bool:
    for attempt in _attempt_pattern().finditer(tried):
        thing = attempt["thing"].removesuffix("建设")
        at = built.find(thing) if len(thing) >= _SHORTEST_THING else -1
        if at < 0:
            continue
        verbs = built[max(0, at - _BESIDE_VERB) : at]
        end = at + len(thing)
        if _attempt_verb_pattern().search(verbs):
            continue
        if _build_pattern().search(verbs) or built.startswith("建设", end):
            return True
    return False


def _clauses(sentence: str) -> Sequence[str]:
    """The clauses of a sentence; a short one, such as a date alone, belongs to the next."""
    clauses: list[str] = []
    for clause in _clause_end_pattern().split(sentence):
        if (
            clauses
            and len(clauses[-1]) < _SHORTEST_CLAUSE + 6
            and _date_pattern().fullmatch(clauses[-1])
        ):
            clauses[-1] += clause
        elif clause:
            clauses.append(clause)
    return [clause for clause in clauses if len(clause) >= _SHORTEST_CLAUSE]


def _thing(metric: str) -> str:
    """What a metric counts, without words such as 省级 in front."""
    return _modifiers_pattern().sub("", normalize(metric), count=1)


@cache
def _modifiers_pattern() -> re.Pattern[str]:
    return re.compile(f"^(?:{alternation(quantity_words().modifiers)})+(?=..)")


@cache
def _attempt_pattern() -> re.Pattern[str]:
    attempts = alternation(cue_table().attempts)
    return re.compile(rf"(?:{attempts})(?:创建|建设|打造|建成)?(?P<thing>\w{{4,30}})")


@cache
def _attempt_verb_pattern() -> re.Pattern[str]:
    return re.compile(alternation(cue_table().attempts))


@cache
def _build_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(cue_table().builds)})$")


@cache
def _clause_end_pattern() -> re.Pattern[str]:
    return re.compile("[，。；：！？\n]")


@cache
def _list_mark_pattern() -> re.Pattern[str]:
    return re.compile("[、和与及]")


@cache
def _date_pattern() -> re.Pattern[str]:
    return re.compile(
        "(?:到|至|在)?(?:20[0-9]{2}年|今年|明年|年)?(?:[0-9]{1,2}月)?[底末]?(?:之?前)?"
    )
