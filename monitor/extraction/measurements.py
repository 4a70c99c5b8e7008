"""What each quantity of a sentence measures: its metric.

The metric is the noun phrase before the quantity or the one after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from monitor.extraction.quantities import Quantity
from monitor.extraction.vocabulary import alternation, quantity_words

_PHRASE_LIMIT = 60
# 和林格尔 and 和田 are places.
_PLACES_IN_HE = "(?!林格尔|田|县|平区|龙|政)"
_TOTALS = frozenset({"总数", "总量", "数量", "总数量"})
_SIZES = frozenset({"规模", "总规模", "额度", "总额", "首期规模", "目标规模"})
_EMPTY = frozenset("的了着等各其和与及、（）“”‘’《》 ")


@cache
def _break_pattern() -> re.Pattern[str]:
    return re.compile("[，。；：！？\n]")


@cache
def _following_pattern() -> re.Pattern[str]:
    return re.compile("[^，。；：！？\n]*")


@dataclass(frozen=True, slots=True)
class Measurement:
    """The metric of a quantity, its span, and the span of its clause."""

    metric: str
    start: int
    end: int
    clause: tuple[int, int]
    verbs: str = ""
    """The verbs and adverbs in front of it (力争新增), which are no part of the metric."""
    item: bool = False
    """Whether it is one item of a list whose numbers follow in the same order."""


def measurements(sentence: str, found: list[Quantity], *, mixed: bool = True) -> list[Measurement]:
    """What each of ``found`` measures, in the same order; for ``mixed`` see ``parse_targets``."""
    result: list[Measurement] = []
    for index, quantity in enumerate(found):
        floor = _subject_between(sentence, found, index) or found[index - 1].end if index else 0
        ceiling = found[index + 1].cue_start if index + 1 < len(found) else len(sentence)
        ceiling = _subject_between(sentence, found, index + 1) or ceiling
        what = _measurement(sentence, quantity, floor, ceiling, result)
        what = what if mixed else _metric_by_noun(sentence, quantity, what, ceiling, result)
        first, last = whole_quotes(what.metric)
        result.append(
            replace(
                what,
                metric=what.metric[first:last],
                start=what.start + first,
                end=what.start + last,
            )
        )
    return _distributed(sentence, found, result)


def _subject_between(sentence: str, found: Sequence[Quantity], index: int) -> int:
    """Where what a number is said of begins, behind what the number before it counts.

    In 投放500辆配送车、配送率超50% the rate is the second number's; 0 where nothing parts them.
    """
    if not 0 < index < len(found):
        return 0
    last, here = found[index - 1], found[index]
    between = sentence[last.end : here.cue_start]
    # 1家实验室、湖滨超算中心等2类平台: the list is the second number's.
    listed = here.counted and not here.cue and between.endswith("等")
    if not last.counted or not (listed or (here.cue and not here.counted)):
        return 0
    at = (between.find("、") if listed else between.rfind("、")) + 1
    parted = at > 1 and len(between) - at > 1 and _break_pattern().search(between) is None
    return last.end + at if parted else 0


def clause_of(sentence: str, start: int, end: int) -> tuple[int, int]:
    """The span of the clause, between commas, that contains ``start:end``."""
    left = max((m.end() for m in _break_pattern().finditer(sentence, 0, start)), default=0)
    right = _break_pattern().search(sentence, end)
    return left, right.start() if right else len(sentence)


def _measurement(
    sentence: str, quantity: Quantity, floor: int, ceiling: int, earlier: list[Measurement]
) -> Measurement:
    clause = clause_of(sentence, quantity.cue_start, quantity.end)
    left = max(clause[0], floor, quantity.cue_start - _PHRASE_LIMIT)
    if not quantity.cue and not quantity.counted and not quantity.both:
        # A size without a verb (甲、乙公司12吉瓦时电池) belongs to the last item named.
        left = max(left, sentence.rfind("、", left, quantity.cue_start) + 1)
    if quantity.cue and clause[0] == quantity.cue_start > max(floor, 1):
        # 算力规模，突破5万P: a comma parts the subject from its verb.
        left = max(clause_of(sentence, clause[0] - 1, clause[0] - 1)[0], floor)
        before, before_start, verb = _phrase_before(sentence, left, clause[0] - 1)
    else:
        before, before_start, verb = _phrase_before(sentence, left, quantity.cue_start)
    after, after_start = _phrase_after(sentence, quantity, ceiling)
    predicated = bool(quantity.cue) and quantity.cue not in _verb_words() and bool(before)
    if before in _SIZES and sentence[quantity.end : quantity.end + 1] == "的" and after:
        # 设立规模200亿元的产业基金: the metric is the fund.
        metric, start = after, after_start
    elif after and (
        _ends_before_number(sentence, quantity, before)
        or (not predicated and (quantity.counted or not before))
    ):
        metric, start = after, after_start
    elif before:
        metric, start = before, before_start
    elif (
        earlier
        and not _verb_pattern().search(verb)
        and earlier[-1].clause[0] <= left <= earlier[-1].clause[1] + 1
    ):
        return Measurement(earlier[-1].metric, earlier[-1].start, earlier[-1].end, clause)
    else:
        metric, start = _earlier_subject(sentence, clause[0], left) or (verb, before_start)
    if metric in _TOTALS and floor < clause[0] and sentence[clause[0] - 1] == "，":
        # 培育人工智能企业，总数达到400家: the total is that of what is named before.
        earlier_clause = clause_of(sentence, clause[0] - 1, clause[0] - 1)
        thing, at, done = _phrase_before(sentence, max(earlier_clause[0], floor), clause[0] - 1)
        if _verb_pattern().search(done) and is_generic(thing[-2:]):
            metric, start = thing, at
    return Measurement(metric, start, start + len(metric), clause, verb)


def _ends_before_number(sentence: str, quantity: Quantity, before: str) -> bool:
    """Whether what stands before a number is another item: 子基金和3亿元的…, 甲、乙等逾百家企业."""
    if quantity.counted and before.endswith("等"):
        return True
    joined = before.endswith(("和", "及", "与")) and not quantity.cue
    return joined and sentence[quantity.end : quantity.end + 1] == "的"


def _metric_by_noun(
    sentence: str,
    quantity: Quantity,
    what: Measurement,
    ceiling: int,
    earlier: list[Measurement],
) -> Measurement:
    """The metric by a noun: 三年安排60亿元 and 全省有近10家 only say that there is a number."""
    if not _nameless_pattern().fullmatch(what.metric):
        return what
    metric, start = _phrase_after(sentence, quantity, ceiling)
    if not metric:
        metric, start = _purpose_of_money(sentence, quantity.end)
    if metric:
        return replace(what, metric=metric, start=start, end=start + len(metric))
    if earlier and earlier[-1].clause[1] + 1 >= what.clause[0]:
        last = earlier[-1]
        return replace(what, metric=last.metric, start=last.start, end=last.end)
    return what


@cache
def _nameless_pattern() -> re.Pattern[str]:
    """Verbs, times and places: what stands before a number without naming what it counts."""
    words = quantity_words()
    years = "(?:在|用)?(?:未来)?(?:[一二两三四五六七八九十]|[0-9]{1,2}|每)年(?:来|内|间)?"
    said = alternation((*words.leading, *words.verbs, *words.trailing, *words.places))
    return re.compile(f"(?:{years}|[上下]半年|{said})+")


@cache
def _purpose_pattern() -> re.Pattern[str]:
    purposes = alternation(quantity_words().purposes)
    return re.compile(
        f"(?:资金|专项资金)?，?(?:{purposes})+(?P<noun>(?:[^，。；：、“”]|“[^“”]*”){{2,30}})"
    )


def _purpose_of_money(sentence: str, end: int) -> tuple[str, int]:
    """What money is for: 安排60亿元支持智能产业发展."""
    found = _purpose_pattern().match(sentence, end)
    return (found["noun"], found.start("noun")) if found else ("", end)


def _earlier_subject(sentence: str, start: int, end: int) -> tuple[str, int] | None:
    """The subject of a clause whose number follows later: 算力总规模再上台阶、确保12万P以上."""
    if end <= start:
        return None
    phrase, at, _ = _phrase_before(sentence, start, end)
    predicate = _predicate_pattern().search(phrase)
    if predicate is None or predicate.start() < 2:
        return None
    return phrase[: predicate.start()], at


@cache
def _predicate_pattern() -> re.Pattern[str]:
    return re.compile(alternation(quantity_words().predicates))


@cache
def _verb_words() -> frozenset[str]:
    words = quantity_words()
    return frozenset(words.verbs) | {"新增", "净增", "增加", "新增加", "再增", "共", "完成", "拥有"}


@cache
def _verb_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().verbs)})(?:了|起)?")


@cache
def _leading_pattern() -> re.Pattern[str]:
    words = quantity_words()
    plans = "“?十[一二三四五六]五”?(?:期?末|时期|期间|期内)?(?:以来)?"
    years = f"(?:到|至|截至)?(?:[0-9]{{4}}年(?:底|末)?前?|{plans})"
    # 湖北今年将培育…, 深圳已经集聚…: the agent is no part of the metric.
    doers = f"[^，。、]{{0,12}}?(?:将|已经|已)(?=(?:{alternation(words.verbs)}))"
    # 贵州今年算力规模: so is a place before the year.
    doers += "|[^，。、的]{2,8}?(?:今年|年内)(?=[^，。、的]{2})"
    done = alternation(words.verbs)
    places = f"在[^，]{{1,30}}?(?:等领域|等方面|领域|方面|(?=(?:{done})))"
    areas = f"(?:{alternation(words.areas)})(?=(?:{done}))"
    each = f"对?每(?:(?:个|家|款|项|户|名|台|张)(?:{areas})?|{areas})"
    spans = "(?:未来|今后|用)?(?:[0-9]{1,2}|[一二两三四五])年(?:内|左右|时间)|[上下]半年"
    said = alternation([word for word in words.leading + words.verbs if word != "和"])
    # 推动和林格尔集群…: not every 和 joins.
    joins = f"和{_PLACES_IN_HE}"
    return re.compile(
        f"(?:{years}|{spans}|{places}|{areas}|{doers}|{each}|{joins}|(?:{said})(?:了|起)?)"
    )


@cache
def _trailing_pattern() -> re.Pattern[str]:
    # 规模比去年增长, 较2020年提高: the comparison is no part of the metric.
    # 占比 and 比例 are not comparisons.
    compared = "(?:(?<!占)比(?![例重率值])|较|相比|相较于?|是)[^，、]{1,14}"
    until = "(?:(?:到|至)?[0-9]{4}年(?:底|末)?)"
    return re.compile(
        f"(?:{compared})?(?:每(?:个|家|款|项|户|名)[^，、]{{0,6}}(?=每年$))?(?:{until}|每年|{alternation(quantity_words().trailing)}){{0,4}}(?:(?<=[值率度])在|(?<=[模额量值入产])年)?$"
    )


@cache
def _spending_pattern() -> re.Pattern[str]:
    """What money is for or who gets it: 算力三年安排, 对算力企业按 (30%补贴)."""
    words = quantity_words()
    times = "(?:未来|今后)?(?:[一二两三四五]|[0-9]{1,2})年(?:内|间)?|每年|年内|全年|合计|累计"
    return re.compile(
        f"对?(?P<noun>(?!{times}|未来|今后)[^，。；]{{2,}}?)"
        f"(?:(?:{times})+(?:{alternation(words.spending)})+|(?:{alternation(words.granting)})+)"
    )


@cache
def _inner_pattern() -> re.Pattern[str]:
    return re.compile(
        f"[^“”]*[^“”、](?<!城镇)(?:{alternation(quantity_words().inner)})(?![区的地期型力率])(?=[^，。]{{2}})"
    )


@cache
def _cut_pattern() -> re.Pattern[str]:
    words = quantity_words()
    # 通用大模型在制造业深度应用: where it is used is no part of the metric.
    places = f"在[^，。；：、]{{2,14}}?(?:{alternation(words.cuts)}|应用|使用)"
    return re.compile(f"{alternation(words.cuts)}|{places}")


@cache
def _ending_pattern() -> re.Pattern[str]:
    # 应用场景等目标 names the scenes.
    return re.compile(
        f"(?<=..)(?:{alternation(quantity_words().endings)}"
        "|(?:的?“[^“”]{1,8}”|[等的])(?:目标|指标))$"
    )


@cache
def _conjunction_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:[、及与以，]|和{_PLACES_IN_HE})+")


@cache
def _item_marker_pattern() -> re.Pattern[str]:
    """The number of a list's item: 3．新增人工智能企业100家, （三）算力规模达到3万P."""
    count = "[一二三四五六七八九十]{1,3}"
    return re.compile(
        f"(?:[0-9]{{1,2}}[.．、](?![0-9])|[（(](?:[0-9]{{1,2}}|{count})[）)]|[①-⑳]"
        f"|第?{count}(?:、|是(?!否))|第{count}，)\\s*"
    )


def _begins_item(sentence: str, at: int) -> bool:
    """Whether a list's item may begin here: a sentence, or one of 一是…，二是…."""
    return at == 0 or sentence[at - 1] in "，；："


@cache
def share_of_pattern() -> re.Pattern[str]:
    """What makes a phrase a share: 新增算力占全国新增算力的60% is no increment."""
    return re.compile("占(?![比地])")


def _phrase_before(sentence: str, left: int, right: int) -> tuple[str, int, str]:
    """The noun phrase that ends at ``right``, its start, and the verbs in front of it."""
    start = left
    if sentence[start : start + 1] == "“" and "”" not in sentence[start:right]:
        start += 1
    conjunctions = _conjunction_pattern().match(sentence, start, right)
    start = conjunctions.end() if conjunctions else start
    marker = (
        _item_marker_pattern().match(sentence, start, right)
        if _begins_item(sentence, start)
        else None
    )
    start = marker.end() if marker else start
    whole = last = start
    while start < right:
        peeled = _leading_pattern().match(sentence, start, right)
        if peeled is None or 0 < right - peeled.end() < 2:
            break
        last, start = start, peeled.end()
    phrase = sentence[start:right]
    inner = None if share_of_pattern().search(phrase) else _inner_pattern().match(phrase)
    if inner is not None:
        start += inner.end()
        phrase = phrase[inner.end() :]
    phrase = _trailing_pattern().sub("", phrase, count=1)
    spent = _spending_pattern().fullmatch(phrase)
    if spent is not None:
        start, phrase = start + spent.start("noun"), spent["noun"]
    if phrase.startswith("“") and phrase.find("”") == len(phrase) - 1:
        start, phrase = start + 1, phrase[1:-1]
    if len(phrase) < 2 or all(character in _EMPTY for character in phrase):
        return "", last, sentence[last:right]
    return phrase, start, sentence[whole:start]


def _phrase_after(sentence: str, quantity: Quantity, ceiling: int) -> tuple[str, int]:
    start = quantity.end
    gloss = _gloss_pattern().match(sentence, start)
    # 12万PFLOPS（每秒千万亿次浮点运算）智能算力: the noun follows the explanation.
    start = gloss.end() if gloss else start
    while start < len(sentence) and sentence[start] in "的级":
        start += 1
    found = _following_pattern().match(sentence, start)
    end = found.end() if found else start
    end = min(end, max(ceiling, start), start + _PHRASE_LIMIT)
    phrase = sentence[start:end]
    cut = _cut_pattern().search(phrase, _end_of_relative_clause(phrase))
    if cut is not None and cut.start() >= 2:
        phrase = phrase[: cut.start()]
    elif cut is not None and cut.start() == 0:
        # 600平方公里实现车路协同覆盖: the metric is what was achieved there.
        attained = phrase.startswith("实现")
        phrase = phrase[2:] if attained else ""
        start += 2 if attained else 0
    phrase = _ending_pattern().sub("", _listed_nouns(phrase), count=1)
    area = _acting_area_pattern().match(phrase)
    # 在5个县开展试点, 突破1000家大关
    phrase = area[0] if area else "" if _threshold_pattern().fullmatch(phrase) else phrase
    if not phrase or phrase[0] in "、，）”》（":
        return "", start
    return phrase.rstrip("、和与及等的"), start


def _end_of_relative_clause(phrase: str) -> int:
    """Where the noun begins that a phrase describes first: 具有较强带动能力的企业."""
    found = _relative_clause_pattern().match(phrase)
    return found.end() if found else 0


@cache
def _relative_clause_pattern() -> re.Pattern[str]:
    return re.compile("(?:具有|具备|拥有|掌握|可以?|能够?)[^，。；：、“”]*的(?=[^的]{2})")


@cache
def _acting_area_pattern() -> re.Pattern[str]:
    """Where or by whom something is done, right before the verb: 市州 in 16个市州布局."""
    words = quantity_words()
    return re.compile(f"(?:{alternation(words.areas)})(?=(?:{alternation(words.verbs)}))")


@cache
def _threshold_pattern() -> re.Pattern[str]:
    return re.compile(alternation(quantity_words().thresholds))


@cache
def _gloss_pattern() -> re.Pattern[str]:
    return re.compile("（[^（）]{1,20}）(?![，。；、])")


def _listed_nouns(phrase: str) -> str:
    """The phrase up to the first item of its list that starts with a verb."""
    at = 0
    while (comma := phrase.find("、", at)) >= 0:
        if _verb_pattern().match(phrase, comma + 1):
            return phrase[:comma]
        at = comma + 1
    return phrase


def _distributed(
    sentence: str, found: list[Quantity], result: list[Measurement]
) -> list[Measurement]:
    """甲、乙出口增长30.4%、30.1%: assign each number to its own item of the list."""
    index = 0
    while index < len(found):
        size = 1
        while index + size < len(found) and found[index + size].follows:
            size += 1
        if size > 1:
            head = result[index]
            items = [m.span() for m in re.finditer("[^、和与]+", head.metric)]
            if len(items) == size:
                for offset, (start, end) in enumerate(items):
                    text = head.metric[start:end]
                    result[index + offset] = Measurement(
                        text, head.start + start, head.start + end, head.clause, item=True
                    )
        index += size
    return result


def whole_quotes(text: str) -> tuple[int, int]:
    """The span of ``text`` without a mark whose counterpart lies outside."""
    start, opened = 0, -1
    for index, character in enumerate(text):
        if character == "“":
            opened = index
        elif character == "”" and opened < 0:
            start = index + 1
        elif character == "”":
            opened = -1
    if opened < 0:
        return start, len(text)
    return (start, opened) if opened - start > 1 else (opened + 1, len(text))


@cache
def _generic_pattern() -> re.Pattern[str]:
    words = quantity_words()
    neutral = alternation(words.modifiers + words.generic)
    return re.compile(f"(?:(?:{neutral}|[、和及的])*(?:{alternation(words.generic)}))")


def is_generic(metric: str) -> bool:
    """Whether a metric is generic, that is names no topic by itself (特色企业, 产业规模)."""
    return len(metric) <= 16 and _generic_pattern().fullmatch(metric) is not None
