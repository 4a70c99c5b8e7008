"""Cues: the words, names and numbers that strengthen, weaken or retract a promise.

A year later the same promise is worded differently, which is not a change. It is one when the
only difference is a digit, a place name, or a 不. ``targets`` compares targets; the functions here
find what changes a promise while its targets stay, or in spite of them; ``deadlines`` has the
dates. A direction is 1 for stronger, -1 for weaker, 0 for neither.

Qualifiers are numbers that are not targets (千亿级, 30个工作日内, 全国前三, 20—30家, 三分之二).
Where two sentences differ in one such number only, and its sense is known, the change has a
direction; a number of unknown sense (年营收5亿元以上的企业) has none.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import ahocorasick

from monitor.comparison.normalize import normalize
from monitor.comparison.similarity import ratio
from monitor.comparison.thresholds import SAME_BUT_CUE
from monitor.extraction.numerals import chinese_number
from monitor.extraction.regions import gazetteer
from monitor.extraction.text import normalize_characters
from monitor.extraction.units import to_base
from monitor.extraction.vocabulary import WordTable, alternation, quantity_words, read_table
from monitor.model.statements import Op, Statement, Target

_TABLE = Path(__file__).parent / "cues.yaml"
_BESIDE = 8
# Words for the topic as a whole, which tell no matter of it from another.
_BROAD = {"人工智能", "ai", "智能", "算力"}


@cache
def _name_pattern() -> re.Pattern[str]:
    # Quoted names, titles of documents, and names in Latin letters (DeepSeek, C919).
    return re.compile(
        r"[“\"「《]([^“”\"「」《》]{2,20})[”\"」》]|(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9-]{2,20})"
    )


@cache
def _general_action_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:[“\"‘](?P<quoted>\w{2,8}?)[+＋十×][”\"’](?=[，。；：、“和及与]|(?:专项|创新)?(?:行动|计划|工程)|$)"
        r"|(?P<bare>人工智能|AI|数据要素)[+＋×](?:专项|创新)?(?:行动|计划|工程))"
    )


@cache
def _figure_pattern() -> re.Pattern[str]:
    return re.compile(r"\d+(?:[.]\d+)?%?")


@cache
def _value_pattern() -> re.Pattern[str]:
    # A value with its unit, in a phrase that has words around it; 2025 in 比2025年翻一番 is none.
    numeral = "[一二两三四五六七八九十百千]+"
    return re.compile(
        rf"百分之(?:{numeral}|[\d.]+)"
        rf"|(?<![\d.])(?!(?:19|20)\d\d年)(?:\d[\d.,，]*|{numeral})"
        r"\s*[十百千]?万?亿?\s*(?:元|人民币|%|[A-Za-z/]+)?"
    )


@cache
def _clause_end_pattern() -> re.Pattern[str]:
    return re.compile("[，。；]")


@cache
def _year_pattern() -> re.Pattern[str]:
    # The next report says the next year and, every five years, the next plan: that is no news.
    return re.compile(r"20\d\d|十[一二三四五六七八九]五")


@dataclass(frozen=True)
class CueTable(WordTable):
    """``cues.yaml``; the file says what each list is for."""

    retractions: tuple[str, ...]
    reversals: tuple[str, ...]
    negation_exceptions: tuple[str, ...]
    burdens: tuple[str, ...]
    hedges: tuple[str, ...]
    assurances: tuple[str, ...]
    lower_is_better: tuple[str, ...]
    benefits: tuple[str, ...]
    attempts: tuple[str, ...]
    builds: tuple[str, ...]
    some: tuple[str, ...]
    everywhere: tuple[str, ...]
    uncounted: tuple[str, ...]
    sums: tuple[str, ...]
    outputs: tuple[str, ...]
    people: tuple[str, ...]
    vague_units: tuple[str, ...]
    planned: tuple[str, ...]
    begun: tuple[str, ...]
    finished: tuple[str, ...]
    beside_stages: tuple[str, ...]
    founding: tuple[str, ...]
    same_matters: tuple[tuple[str, ...], ...]
    topic_words: tuple[str, ...]


def names(text: str) -> frozenset[str]:
    """Names that a sentence quotes or writes in Latin letters, normalised."""
    return frozenset(normalize(a or b) for a, b in _name_pattern().findall(text))


def with_one_word_a_matter(key: str) -> str:
    """A normalised text with one word for what has several: 语料库 and 数据集 become one."""
    first_words = _first_words()
    return _matter_pattern().sub(lambda found: first_words[found[0]], key)


def names_of_matters(key: str) -> list[str]:
    """The words of a normalised text that name a matter of the topic: 大模型, 机器人."""
    return _topic_word_pattern().findall(key)


@cache
def _topic_word_pattern() -> re.Pattern[str]:
    words = {word for words in cue_table().same_matters for word in words}
    return re.compile(alternation({*words, *cue_table().topic_words} - _BROAD))


@cache
def _first_words() -> dict[str, str]:
    return {word: words[0] for words in cue_table().same_matters for word in words}


@cache
def _matter_pattern() -> re.Pattern[str]:
    latin = "[a-z]"
    words = sorted(_first_words(), key=len, reverse=True)
    return re.compile(
        "|".join(
            (f"(?<!{latin})" if word[0].isascii() else "")
            + re.escape(word)
            + (f"(?!{latin})" if word[-1].isascii() else "")
            for word in words
        )
    )


def general_actions(text: str) -> frozenset[str]:
    """The actions named with a plus or times sign whose own, general sentence this is.

    实施“人工智能+”行动 is, “人工智能+医疗” and “人工智能+”产品 promise something of one field.
    Scanned reports have 十 for the plus sign.
    """
    return frozenset(
        (match["quoted"] or match["bare"]).replace("AI", "人工智能")
        for match in _general_action_pattern().finditer(text)
    )


def differs_in_substance(before: Statement, after: Statement) -> bool:
    """Whether a number, a name, a place or a reversal is in one of two sentences only.

    Targets are ignored: ``target_moves`` compares them after unit conversion. So are the region
    that speaks, years, and the names of plans, which change with every year.
    """
    old, new = _rest(before), _rest(after)
    if Counter(_figure_pattern().findall(old)) != Counter(_figure_pattern().findall(new)):
        return True
    if _reversals(old) != _reversals(new):
        return True
    # A name may stand in the other sentence without its quotes.
    return any(name not in new for name in _names_and_places(before, old)) or any(
        name not in old for name in _names_and_places(after, new)
    )


def same_values_respelled(before: Statement, after: Statement) -> bool:
    """Whether two sentences differ only in how their numbers are written: 3000亿元, 0.3万亿元."""
    if [_target_key(target) for target in before.targets] != [
        _target_key(one) for one in after.targets
    ]:
        return False
    return normalize(_without_values(before)) == normalize(_without_values(after))


def _target_key(target: Target) -> tuple[object, ...]:
    value, unit = to_base(target.value, target.unit)
    return normalize(target.metric), target.op, float(f"{value:.9g}"), unit, target.year


def _without_values(statement: Statement) -> str:
    """A sentence with the values of its targets replaced by a mark."""
    text = normalize_characters(statement.text)
    for target in statement.targets:
        if len(_value_pattern().findall(target.raw)) == 1:
            text = text.replace(target.raw, _value_pattern().sub("#", target.raw), 1)
    return text


def is_benefit_ceiling(target: Target, *statements: Statement) -> bool:
    """Whether a target is the ceiling of a benefit: 不超过300万元补助."""
    if target.op is not Op.AT_MOST:
        return False
    for statement in statements:
        at = statement.text.find(target.raw)
        if at >= 0:
            end = at + len(target.raw)
            around = statement.text[max(0, at - _BESIDE) : at + len(target.raw)]
            around += _clause_end_pattern().split(statement.text[end : end + _BESIDE])[0]
            return cue_pattern("benefits").search(around) is not None
    return False


def _reversals(text: str) -> Counter[str]:
    return Counter(cue_pattern("reversals").findall(text) + negation_pattern().findall(text))


def _rest(statement: Statement) -> str:
    """A normalised sentence without the phrases of its targets and without years."""
    return _year_pattern().sub(" ", normalize(_without_targets(statement)))


def _without_targets(statement: Statement) -> str:
    text = statement.text
    for target in statement.targets:
        text = text.replace(target.raw, " ", 1)
    return text


def _names_and_places(statement: Statement, rest: str) -> frozenset[str]:
    """The quoted names and the places of a sentence, except the region that speaks."""
    quoted = {name for name in map(_undated, names(_without_targets(statement))) if name}
    home = statement.region or ""
    return frozenset(quoted | {name for name in places(rest) if name not in home})


def _undated(name: str) -> str:
    """A name, or nothing if it contains a year."""
    return "" if _year_pattern().search(name) else name


def places(text: str) -> frozenset[str]:
    """The short names of the regions that a text names."""
    return frozenset(name for _, name in _places().iter(text))


@cache
def _places() -> ahocorasick.Automaton:
    """Short names, which are contained in the official ones."""
    automaton = ahocorasick.Automaton(ahocorasick.STORE_ANY)
    for region in gazetteer().regions:
        automaton.add_word(region.short, region.short)
    automaton.make_automaton()
    return automaton


@cache
def cue_pattern(
    name: Literal[
        "retractions",
        "reversals",
        "burdens",
        "hedges",
        "assurances",
        "benefits",
        "everywhere",
        "sums",
    ],
) -> re.Pattern[str]:
    """A pattern for the words of one list of the table, the longest first."""
    return re.compile(alternation(getattr(cue_table(), name)))


def lower_is_better(metric: str) -> bool:
    """Whether a lower value of a metric is better: a cost, a delay, PUE."""
    return _lower_is_better_pattern().search(metric) is not None


@cache
def negation_pattern() -> re.Pattern[str]:
    """Matches 不 as the negation of a verb, not as a part of a word: 不推动, but not 不断推动."""
    return re.compile(f"不(?!{alternation(cue_table().negation_exceptions)})")


@cache
def _lower_is_better_pattern() -> re.Pattern[str]:
    words = alternation(cue_table().lower_is_better)
    return re.compile(f"(?:{words})(?:水平|值|率|强度|指标)?$")


@cache
def cue_table() -> CueTable:
    """The cue words of ``cues.yaml``."""
    return read_table(_TABLE, CueTable)


_SCALE = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}


@cache
def _qualifying_pattern() -> re.Pattern[str]:
    return re.compile(r"\d+(?:[.]\d+)?[十百千万亿]*|[一二两三四五六七八九十百千万亿]+")


@cache
def _parts_pattern() -> re.Pattern[str]:
    return re.compile(r"(\d+(?:[.]\d+)?|[一二两三四五六七八九十]*)([十百千万亿]*)")


@cache
def _more_after_pattern() -> re.Pattern[str]:
    # What stands before (<) and after (>) a number of which more is more, or less.
    return re.compile(r"^(?:元级|级|卡级|卡(?:智算)?集群)")


@cache
def _more_before_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:\d-|超|突破|分之)$")


@cache
def _less_before_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?:(?:全国|全球|世界|全省)[一-鿿]{0,4}|行业|进入|跻身|保持|位居|位列|排名)前$"
    )


@cache
def _less_after_pattern() -> re.Pattern[str]:
    return re.compile(r"^个?(?:工作日|天|小时|分钟|个?月|年)(?:之?内|以内|完成|办结)")


@cache
def _pressed_pattern() -> re.Pattern[str]:
    return re.compile(r"(?:时限|时间|周期|审批|办理|办结)[^，。；]{0,8}$")


@cache
def _span_pattern() -> re.Pattern[str]:
    return re.compile(r"^个?(?:工作日|天|小时|分钟|月)")


def qualifier_direction(before: str, after: str) -> int:
    """1 where the only number in which two sentences differ got stronger, -1 weaker, else 0."""
    old, new = normalize(before), normalize(after)
    then, now = (
        list(_qualifying_pattern().finditer(old)),
        list(_qualifying_pattern().finditer(new)),
    )
    if len(then) != len(now) or _qualifying_pattern().sub("#", old) != _qualifying_pattern().sub(
        "#", new
    ):
        return 0
    other = [(a, b) for a, b in zip(then, now, strict=True) if a[0] != b[0]]
    if len(other) != 1:
        return 0
    first, second = _value(other[0][0][0]), _value(other[0][1][0])
    if first is None or second is None or first == second:
        return 0
    sense = _sense(new[: other[0][1].start()], new[other[0][1].end() :])
    return sense if second > first else -sense


@cache
def _rank_patterns() -> tuple[tuple[re.Pattern[str], int], ...]:
    """Ranks, classes and counts in Chinese numerals, and whether more is more (1) or less (-1)."""
    numeral = "[一二两三四五六七八九十]{1,3}"
    words = quantity_words()
    # 十项措施 and 三场对接会 are no more than 八项 and 两场.
    uncounted = alternation(
        (*words.plan_parts, *words.plan_steps, *words.events, *cue_table().uncounted)
    )
    return (
        (
            re.compile(
                rf"(?P<of>(?:全国|全球|世界|全省|国际|行业|进入|跻身|保持|位居|位列|排名)前)"
                rf"(?P<number>{numeral}|[0-9]{{1,3}})(?![0-9]|个月|半|期|沿|景|年)"
            ),
            -1,
        ),
        (re.compile(r"(?P<number>[十百千万亿]{1,3})(?:元)?级的?(?P<of>[\u4e00-\u9fff]{2})"), 1),
        (
            re.compile(
                r"(?P<number>[一二两三四五六七八九]?[十百千万]{1,3})(?P<of>卡)(?=级|集群|智算|国产|规模)"
            ),
            1,
        ),
        (
            re.compile(
                rf"(?P<number>{numeral})[个家座所项条款](?![^，。；]{{0,8}}(?:{uncounted}))"
                rf"(?P<of>[\u4e00-\u9fff“]{{2}}(?:[\u4e00-\u9fff”]{{2}})?)"
            ),
            1,
        ),
    )


def rank_direction(before: str, after: str) -> int:
    """1 where the rank, class or count in words that both sentences give got stronger, -1 weaker.

    全国前八 for 全国前十, 万亿级产业 for 千亿级产业, 五个智算集群 for 三个智算集群; 0 where one of
    them is missing, or there are several.
    """
    directions = set()
    for pattern, sense in _rank_patterns():
        then = {found["of"]: _value(found["number"]) for found in pattern.finditer(before)}
        now = {found["of"]: _value(found["number"]) for found in pattern.finditer(after)}
        # Which of 百亿级企业、千亿级集群 became 千亿级集群 nobody can tell.
        for what in then.keys() & now.keys() if len(then) == len(now) else ():
            old, new = then[what], now[what]
            if old is not None and new is not None and old != new:
                directions.add(sense if new > old else -sense)
    return directions.pop() if len(directions) == 1 else 0


@cache
def _years_pattern() -> re.Pattern[str]:
    return re.compile(
        # 2025年 is a year, 十四五年均 no five years; 连续三年 and 三年大变样 count nothing.
        "(?<![0-9十四五近第前])(?<!连续)(?<!过去)(?:[2-5]|[两二三四五])年"
        "(?![级制期来前度龄月底末均]|行动|计划|攻坚|规划|滚动|倍增|以上|大变样|跃升|会战|工程|专项)"
    )


def counting_spans(text: str) -> bool:
    """Whether the numbers of a sentence count what comes in several years (三年培养3万人)."""
    return _years_pattern().search(text) is not None


@cache
def _limited_pattern() -> re.Pattern[str]:
    """A cost or a delay right before its number: 时延不超过 5毫秒."""
    metrics = alternation(cue_table().lower_is_better)
    words = quantity_words()
    limits = alternation((*words.before["at_most"], *words.before["reach"], *words.before["about"]))
    return re.compile(f"(?:{metrics})(?:值|水平)?(?:稳定|力争|平均)?(?:{limits})$")


def _sense(left: str, right: str) -> int:
    if _limited_pattern().search(left):
        return -1
    if _less_before_pattern().search(left) or _less_after_pattern().match(right):
        return -1
    if _pressed_pattern().search(left) and _span_pattern().match(right):
        return -1
    return int(bool(_more_after_pattern().match(right) or _more_before_pattern().search(left)))


def _value(text: str) -> float | None:
    """The value of a number, also of 千亿 and 三; None when it is not a number."""
    parts = _parts_pattern().fullmatch(text)
    if parts is None:
        return chinese_number(text)
    head, scale = parts[1], parts[2]
    number = 1.0 if not head else float(head) if head[0].isdigit() else chinese_number(head)
    if number is None:
        return None
    for letter in scale:
        number *= _SCALE[letter]
    return number


_OBJECT = 20
# Of what was tried for: the characters of its name, and those before it in which a verb is sought.
_SHORTEST_TRIED = 4
_BESIDE_VERB = 8


@cache
def _number_pattern() -> re.Pattern[str]:
    return re.compile(r"\d+(?:[.]\d+)?")


def retraction(before: str, after: str) -> int:
    """-1 where a sentence gained a word that retracts its promise, 1 where it lost one, else 0.

    暂缓建设 for 建设, 不推动 for 推动. The sentences must be nearly the same otherwise, numbers
    aside, because such words may also come with another subject. To retract a burden (取消收费) is
    a benefit: then the sign is reversed, if only that word was inserted.
    """
    old, new = _skeleton(before), _skeleton(after)
    retractions = cue_pattern("retractions")
    gained = len(retractions.findall(new)) - len(retractions.findall(old))
    if gained and differs_in_cue_only(_without_cues(old), _without_cues(new)):
        without, having = (old, new) if gained > 0 else (new, old)
        return _retraction_effect(without, having) * (1 if gained > 0 else -1)
    denying = negation_pattern()
    if any(_equal_without(old, new, found) for found in denying.finditer(new)):
        return -1
    if any(_equal_without(new, old, found) for found in denying.finditer(old)):
        return 1
    return 0


def _without_cues(text: str) -> str:
    """A sentence without the words that retract its promise or make it less certain."""
    return cue_pattern("hedges").sub("", cue_pattern("retractions").sub("", text))


def differs_in_cue_only(first: str, second: str) -> bool:
    """Whether two normalised sentences are the same but for a cue, which was left out of both."""
    return ratio(first, second) >= SAME_BUT_CUE


def everywhere_shift(before: str, after: str) -> int:
    """1 where the later sentence is more often for all (全覆盖, 全面推行), -1 where the earlier."""
    pattern = cue_pattern("everywhere")
    now, then = len(pattern.findall(after)), len(pattern.findall(before))
    return (now > then) - (now < then)


def counts_otherwise(before: str, after: str) -> bool:
    """Whether one sentence counts all there are (累计建成120家), the other new ones (新建30家)."""
    in_all, new_ones = _in_all_pattern(), _new_ones_pattern()
    found = {(bool(in_all.search(one)), bool(new_ones.search(one))) for one in (before, after)}
    return found == {(True, False), (False, True)}


@cache
def _in_all_pattern() -> re.Pattern[str]:
    return re.compile("累计|总数|总量")


@cache
def _new_ones_pattern() -> re.Pattern[str]:
    return re.compile("新建|新增|新打造|新培育|新创建|新认定|新招引|再建|再增|再打造|再培育")


def hedging(before: str, after: str) -> int:
    """-1 where only the certainty of a promise fell, 1 where only it rose, else 0.

    It falls when a hedge (力争) is inserted or an assurance (确保) removed, and when one takes the
    place of the other.
    """
    old, new = normalize(before), normalize(after)
    hedges, assurances = cue_pattern("hedges"), cue_pattern("assurances")
    for words, sense in ((hedges, -1), (assurances, 1)):
        if any(_cut(new, found) == old for found in words.finditer(new)):
            return sense
        if any(_cut(old, found) == new for found in words.finditer(old)):
            return -sense
    return _assured(old, new) - _assured(new, old)


def _assured(before: str, after: str) -> int:
    """1 where an assurance took the place of a hedge, else 0."""
    hedges, assurances = cue_pattern("hedges"), cue_pattern("assurances")
    rests = {_cut(before, found) for found in hedges.finditer(before)}
    return int(any(_cut(after, found) in rests for found in assurances.finditer(after)))


def effort_direction(before: str, after: str) -> int:
    """1 where a thing that was only tried for (争创) is now built, -1 the other way, else 0."""
    old, new = normalize(before), normalize(after)
    return int(_tried_then_built(old, new)) - int(_tried_then_built(new, old))


def _retraction_effect(without: str, having: str) -> int:
    """The effect of a retraction cue that only ``having`` contains: -1 a promise retracted."""
    for found in cue_pattern("retractions").finditer(having):
        inserted = _equal_without(without, having, found)
        around = having[max(0, found.start() - 4) : found.end() + _OBJECT]
        if not cue_pattern("burdens").search(around):
            continue
        return 1 if inserted else 0
    return -1


def _equal_without(without: str, having: str, found: re.Match[str]) -> bool:
    """Whether removing ``found`` from ``having`` gives ``without``, at least around that place."""
    left = having[max(0, found.start() - 3) : found.start()]
    right = having[found.end() : found.end() + 3]
    if not right or not differs_in_cue_only(without, _cut(having, found)):
        return False
    return without.startswith(right) if not left else left + right in without


def _cut(text: str, found: re.Match[str]) -> str:
    return text[: found.start()] + text[found.end() :]


def _skeleton(text: str) -> str:
    return _number_pattern().sub("#", normalize(text))


def _tried_then_built(tried: str, built: str) -> bool:
    for attempt in _attempt_pattern().finditer(tried):
        thing = attempt["thing"].removesuffix("建设")
        at = built.find(thing) if len(thing) >= _SHORTEST_TRIED else -1
        if at < 0:
            continue
        verbs = built[max(0, at - _BESIDE_VERB) : at]
        end = at + len(thing)
        if _attempt_verb_pattern().search(verbs):
            continue
        if _build_pattern().search(verbs) or built.startswith("建设", end):
            return True
    return False


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
