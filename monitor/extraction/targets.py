"""Targets: the quantities of a sentence that belong to its topic, with their metric and year.

The metric is what a quantity measures: the noun phrase before it or the one after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from monitor.extraction.quantities import Quantity, counts_things, quantities
from monitor.extraction.text import normalize_characters
from monitor.extraction.vocabulary import alternation, quantity_words
from monitor.model.statements import Op, Target

_ORDINALS = {"十": 10, "十一": 11, "十二": 12, "十三": 13, "十四": 14, "十五": 15, "十六": 16}
_ORDINALS |= {"十七": 17, "十八": 18}
_RELATIVE = {
    "今年": 0,
    "本年": 0,
    "年内": 0,
    "年底": 0,
    "年末": 0,
    "明年": 1,
    "后年": 2,
    "去年": -1,
    "上年": -1,
    "前年": -2,
}


@cache
def _back_pattern() -> re.Pattern[str]:
    # Refers to the year of the sentence before: 到2030年…。届时，算力突破….
    return re.compile("届时|到那时|到时")


@cache
def _year_pattern() -> re.Pattern[str]:
    return re.compile(
        r"(?P<year>(?:19|20)[0-9]{2})年(?!代|[0-9]|来|以来|[初底末]?以来|起|至今|到现在|启动|开始|[省市]?政府工作报告|全国两会|世界|中国)"
        r"|“?(?P<plan>十[一二三四五六七八]?)五”?(?:规划)?(?:时期(?=末|结束|收官)|期(?=末))?(?P<end>末|期末|收官|结束|期间|期内|时期)"
        r"|(?P<relative>今年|本年|(?<![0-9一二两三四五六七八九十几])年内"
        # 年底 alone is that of this year where something is still to come.
        r"|(?:(?<=[，、。；]到)|(?<![0-9一二两三四五六七八九十几去上前明后今本每当全近到至])|^到)年[底末](?=[^，。；]{0,24}将|前)"
        r"|明年|后年|去年|上年|前年)"
    )


# What is promised for the time of a plan is due at its end.
_DURING = frozenset({"期间", "期内", "时期"})


@cache
def _not_for_pattern() -> re.Pattern[str]:
    # Right before a year these make it the start of a span or the other side of a comparison.
    return re.compile(r"(?:比|较|自|从|由|与|是|为|超|同比)$")


@dataclass(frozen=True, slots=True)
class NamedYear:
    """A year and its span in the sentence; ``relative`` for 今年, 明年 and the like."""

    start: int
    end: int
    year: int
    relative: bool


def last_year_of_plan(ordinal: int) -> int:
    """The n-th five-year plan ends in 1955 + 5n: 十四五 in 2025, 十五五 in 2030."""
    return 1955 + 5 * ordinal


def named_years(sentence: str, this_year: int | None, earlier: str = "") -> list[NamedYear]:
    """All years that the sentence names for what follows them, in order.

    Args:
        sentence: text for analysis.
        this_year: the year that 今年 means; None when it is not known.
        earlier: the text before the sentence; its last year is what 届时 means.
    """
    found: list[NamedYear] = []
    back = _back_pattern().search(sentence) if earlier else None
    if back is not None and (named := named_years(earlier, this_year)):
        found.append(NamedYear(*back.span(), named[-1].year, relative=True))
    for match in _year_pattern().finditer(sentence):
        if _not_for_pattern().search(sentence, max(0, match.start() - 2), match.start()):
            continue
        if match["year"]:
            year: int | None = int(match["year"])
        elif match["plan"]:
            year = last_year_of_plan(_ORDINALS[match["plan"]])
            if match["end"] in _DURING and this_year is not None and year < this_year:
                # What was reached in a period that is over may have been reached in any year.
                continue
        else:
            year = None if this_year is None else this_year + _RELATIVE[match["relative"]]
        if year is not None:
            found.append(NamedYear(*match.span(), year, match["relative"] is not None))
    return sorted(found, key=lambda year: year.start)


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


@cache
def _listed_pattern() -> re.Pattern[str]:
    return re.compile("[、]|(?<=[^、])(?:和|与|及|以及)(?=[^、])")


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
        what = what if mixed else _named(sentence, quantity, what, ceiling, result)
        first, last = _whole_quotes(what.metric)
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
        before, before_start, verb = _before(sentence, left, clause[0] - 1)
    else:
        before, before_start, verb = _before(sentence, left, quantity.cue_start)
    after, after_start = _after(sentence, quantity, ceiling)
    predicated = bool(quantity.cue) and quantity.cue not in _verbs_set() and bool(before)
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
        and not _verb().search(verb)
        and earlier[-1].clause[0] <= left <= earlier[-1].clause[1] + 1
    ):
        return Measurement(earlier[-1].metric, earlier[-1].start, earlier[-1].end, clause)
    else:
        metric, start = _subject(sentence, clause[0], left) or (verb, before_start)
    if metric in _TOTALS and floor < clause[0] and sentence[clause[0] - 1] == "，":
        # 培育人工智能企业，总数达到400家: the total is that of what is named before.
        earlier_clause = clause_of(sentence, clause[0] - 1, clause[0] - 1)
        thing, at, done = _before(sentence, max(earlier_clause[0], floor), clause[0] - 1)
        if _verb().search(done) and is_generic(thing[-2:]):
            metric, start = thing, at
    return Measurement(metric, start, start + len(metric), clause, verb)


def _ends_before_number(sentence: str, quantity: Quantity, before: str) -> bool:
    """Whether what stands before a number is another item: 子基金和3亿元的…, 甲、乙等逾百家企业."""
    if quantity.counted and before.endswith("等"):
        return True
    joined = before.endswith(("和", "及", "与")) and not quantity.cue
    return joined and sentence[quantity.end : quantity.end + 1] == "的"


def _named(
    sentence: str,
    quantity: Quantity,
    what: Measurement,
    ceiling: int,
    earlier: list[Measurement],
) -> Measurement:
    """The metric by a noun: 三年安排60亿元 and 全省有近10家 only say that there is a number."""
    if not _says_nothing().fullmatch(what.metric):
        return what
    metric, start = _after(sentence, quantity, ceiling)
    if not metric:
        metric, start = _purpose(sentence, quantity.end)
    if metric:
        return replace(what, metric=metric, start=start, end=start + len(metric))
    if earlier and earlier[-1].clause[1] + 1 >= what.clause[0]:
        last = earlier[-1]
        return replace(what, metric=last.metric, start=last.start, end=last.end)
    return what


@cache
def _says_nothing() -> re.Pattern[str]:
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


def _purpose(sentence: str, end: int) -> tuple[str, int]:
    """What money is for: 安排60亿元支持智能产业发展."""
    found = _purpose_pattern().match(sentence, end)
    return (found["noun"], found.start("noun")) if found else ("", end)


def _subject(sentence: str, start: int, end: int) -> tuple[str, int] | None:
    """The subject of a clause whose number follows later: 算力总规模再上台阶、确保12万P以上."""
    if end <= start:
        return None
    phrase, at, _ = _before(sentence, start, end)
    predicate = _predicate().search(phrase)
    if predicate is None or predicate.start() < 2:
        return None
    return phrase[: predicate.start()], at


@cache
def _predicate() -> re.Pattern[str]:
    return re.compile(alternation(quantity_words().predicates))


@cache
def _verbs_set() -> frozenset[str]:
    words = quantity_words()
    return frozenset(words.verbs) | {"新增", "净增", "增加", "新增加", "再增", "共", "完成", "拥有"}


@cache
def _verb() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().verbs)})(?:了|起)?")


@cache
def _peel() -> re.Pattern[str]:
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
def _trailing() -> re.Pattern[str]:
    # 规模比去年增长, 较2020年提高: the comparison is no part of the metric.
    # 占比 and 比例 are not comparisons.
    compared = "(?:(?<!占)比(?![例重率值])|较|相比|相较于?|是)[^，、]{1,14}"
    until = "(?:(?:到|至)?[0-9]{4}年(?:底|末)?)"
    return re.compile(
        f"(?:{compared})?(?:每(?:个|家|款|项|户|名)[^，、]{{0,6}}(?=每年$))?(?:{until}|每年|{alternation(quantity_words().trailing)}){{0,4}}(?:(?<=[值率度])在|(?<=[模额量值入产])年)?$"
    )


@cache
def _spending() -> re.Pattern[str]:
    """What money is for or who gets it: 算力三年安排, 对算力企业按 (30%补贴)."""
    words = quantity_words()
    times = "(?:未来|今后)?(?:[一二两三四五]|[0-9]{1,2})年(?:内|间)?|每年|年内|全年|合计|累计"
    return re.compile(
        f"对?(?P<noun>(?!{times}|未来|今后)[^，。；]{{2,}}?)"
        f"(?:(?:{times})+(?:{alternation(words.spending)})+|(?:{alternation(words.granting)})+)"
    )


@cache
def _inner() -> re.Pattern[str]:
    return re.compile(
        f"[^“”]*[^“”、](?<!城镇)(?:{alternation(quantity_words().inner)})(?![区的地期型力率])(?=[^，。]{{2}})"
    )


@cache
def _cut() -> re.Pattern[str]:
    words = quantity_words()
    # 通用大模型在制造业深度应用: where it is used is no part of the metric.
    places = f"在[^，。；：、]{{2,14}}?(?:{alternation(words.cuts)}|应用|使用)"
    return re.compile(f"{alternation(words.cuts)}|{places}")


@cache
def _ending() -> re.Pattern[str]:
    # 应用场景等目标 names the scenes.
    return re.compile(
        f"(?<=..)(?:{alternation(quantity_words().endings)}"
        "|(?:的?“[^“”]{1,8}”|[等的])(?:目标|指标))$"
    )


@cache
def _conjunctions_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:[、及与以，]|和{_PLACES_IN_HE})+")


@cache
def _item_marker() -> re.Pattern[str]:
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
def _share_of() -> re.Pattern[str]:
    # 新增算力占全国新增算力的60%: a share of what is added is no increment.
    return re.compile("占(?![比地])")


def _before(sentence: str, left: int, right: int) -> tuple[str, int, str]:
    """The noun phrase that ends at ``right``, its start, and the verbs in front of it."""
    start = left
    if sentence[start : start + 1] == "“" and "”" not in sentence[start:right]:
        start += 1
    conjunctions = _conjunctions_pattern().match(sentence, start, right)
    start = conjunctions.end() if conjunctions else start
    marker = _item_marker().match(sentence, start, right) if _begins_item(sentence, start) else None
    start = marker.end() if marker else start
    whole = last = start
    while start < right:
        peeled = _peel().match(sentence, start, right)
        if peeled is None or 0 < right - peeled.end() < 2:
            break
        last, start = start, peeled.end()
    phrase = sentence[start:right]
    inner = None if _share_of().search(phrase) else _inner().match(phrase)
    if inner is not None:
        start += inner.end()
        phrase = phrase[inner.end() :]
    phrase = _trailing().sub("", phrase, count=1)
    spent = _spending().fullmatch(phrase)
    if spent is not None:
        start, phrase = start + spent.start("noun"), spent["noun"]
    if phrase.startswith("“") and phrase.find("”") == len(phrase) - 1:
        start, phrase = start + 1, phrase[1:-1]
    if len(phrase) < 2 or all(character in _EMPTY for character in phrase):
        return "", last, sentence[last:right]
    return phrase, start, sentence[whole:start]


def _after(sentence: str, quantity: Quantity, ceiling: int) -> tuple[str, int]:
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
    cut = _cut().search(phrase, _end_of_relative_clause(phrase))
    if cut is not None and cut.start() >= 2:
        phrase = phrase[: cut.start()]
    elif cut is not None and cut.start() == 0:
        # 600平方公里实现车路协同覆盖: the metric is what was achieved there.
        attained = phrase.startswith("实现")
        phrase = phrase[2:] if attained else ""
        start += 2 if attained else 0
    phrase = _ending().sub("", _listed_nouns(phrase), count=1)
    area = _acting_area().match(phrase)
    # 在5个县开展试点, 突破1000家大关
    phrase = area[0] if area else "" if _threshold().fullmatch(phrase) else phrase
    if not phrase or phrase[0] in "、，）”》（":
        return "", start
    return phrase.rstrip("、和与及等的"), start


def _end_of_relative_clause(phrase: str) -> int:
    """Where the noun begins that a phrase describes first: 具有较强带动能力的企业."""
    found = _relative_clause().match(phrase)
    return found.end() if found else 0


@cache
def _relative_clause() -> re.Pattern[str]:
    return re.compile("(?:具有|具备|拥有|掌握|可以?|能够?)[^，。；：、“”]*的(?=[^的]{2})")


@cache
def _acting_area() -> re.Pattern[str]:
    """Where or by whom something is done, right before the verb: 市州 in 16个市州布局."""
    words = quantity_words()
    return re.compile(f"(?:{alternation(words.areas)})(?=(?:{alternation(words.verbs)}))")


@cache
def _threshold() -> re.Pattern[str]:
    return re.compile(alternation(quantity_words().thresholds))


@cache
def _gloss_pattern() -> re.Pattern[str]:
    return re.compile("（[^（）]{1,20}）(?![，。；、])")


def _listed_nouns(phrase: str) -> str:
    """The phrase up to the first item of its list that starts with a verb."""
    at = 0
    while (comma := phrase.find("、", at)) >= 0:
        if _verb().match(phrase, comma + 1):
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


def parse_targets(
    sentence: str,
    spans: Sequence[tuple[int, int]] | None = None,
    *,
    this_year: int | None = None,
    under_topic_lead: bool = False,
    earlier: str = "",
    mixed: bool = True,
) -> tuple[Target, ...]:
    """The targets in ``sentence``, in order.

    Args:
        sentence: text for analysis (see ``text.normalize_characters``).
        spans: the spans of the topic's words; only quantities about them are returned. None
            returns every quantity that measures something.
        this_year: the year that 今年 means.
        under_topic_lead: whether the paragraph opens with a run-in heading on the topic, so that
            a generic metric (应用落地3000个) belongs to the topic anywhere in the sentence.
        earlier: the text before it, for the year that 届时 means.
        mixed: whether a sentence may go through several subjects, as those of reports do; a
            number then needs a word of the topic beside it.
    """
    found = quantities(sentence)
    if not found:
        return ()
    years = named_years(sentence, this_year, earlier)
    targets: list[Target] = []
    for quantity, what in zip(found, measurements(sentence, found, mixed=mixed), strict=True):
        if (
            not what.metric
            or _counts_no_result(sentence, quantity, what.metric)
            or (
                spans is not None
                and not belongs(
                    sentence,
                    quantity,
                    what,
                    spans,
                    under_topic_lead=under_topic_lead,
                    mixed=mixed,
                )
            )
        ):
            continue
        year = _year_of(sentence, quantity, years)
        start = min(quantity.cue_start, what.start)
        raw = _unquoted(sentence, start, max(quantity.end, what.end))
        if len(raw) > 80:
            raw = _unquoted(sentence, quantity.cue_start, quantity.end)
        op = quantity.op
        added = any(word in what.verbs for word in quantity_words().increments)
        if (
            added
            and not (quantity.unit == "%" and what.metric.endswith(_SHARES))
            and not _share_of().search(what.metric)
            and (not quantity.cue or op in {Op.REACH, Op.AT_LEAST})
        ):
            # 新增算力达到1.7万P is as much an increment as 新增算力1.7万P.
            op = Op.INCREASE_BY
        target = Target(what.metric, op, _number(quantity.value), quantity.unit, year, raw)
        if not (quantity.both and target in targets):
            targets.append(target)
        if quantity.high is not None:
            targets.append(replace(target, value=_number(quantity.high)))
    return tuple(targets)


def _year_of(sentence: str, quantity: Quantity, years: Sequence[NamedYear]) -> int | None:
    """The year that a quantity is for: the last one before it.

    None for what comes in each year of a span: 2026—2028年，每年安排1亿元.
    """
    last = next((year for year in reversed(years) if year.end <= quantity.start), None)
    if last is None:
        return None
    spanned = _span_start_pattern().search(sentence, 0, last.start) is not None
    if spanned and "每年" in sentence[last.end : quantity.start]:
        return None
    return last.year


@cache
def _span_start_pattern() -> re.Pattern[str]:
    return re.compile("20[0-9]{2}年?(?:-|—{1,2}|~|～|至|到)$")


def counted_things(sentence: str, this_year: int | None = None) -> tuple[Target, ...]:
    """The quantities of a sentence that count things (9个, 20家), about the topic or not."""
    found = parse_targets(normalize_characters(sentence), this_year=this_year)
    return tuple(target for target in found if counts_things(target.unit))


def figures_beside(sentence: str, this_year: int | None = None) -> tuple[Target, ...]:
    """The quantities of a sentence that are of no known other matter (粮食, 外贸, 5G)."""
    text = normalize_characters(sentence)
    found = parse_targets(text, this_year=this_year)
    return tuple(target for target in found if _other_matter().search(target.metric) is None)


def _unquoted(sentence: str, start: int, end: int) -> str:
    """The text at ``start:end`` with both marks of each quotation in it, or with none."""
    raw = sentence[start:end]
    if raw.count("“") == raw.count("”") + 1 and sentence[end : end + 1] == "”":
        return raw + "”"
    if raw.count("”") == raw.count("“") + 1 and sentence[start - 1 : start] == "“":
        return "“" + raw
    first, last = _whole_quotes(raw)
    return raw[first:last]


def _whole_quotes(text: str) -> tuple[int, int]:
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
def _no_result_pattern() -> re.Pattern[str]:
    words = quantity_words()
    actors, acts = alternation(words.actors), alternation(words.acts)
    return re.compile(
        f"(?:行业|重点|具体|主要|关键|省级)?(?:{alternation(words.plan_parts)})(?!化|数据集)"
        f"|(?:{actors})[^，。；、]{{0,6}}?(?:{acts})"
    )


@cache
def _companions_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().companions)})$")


@cache
def _event_pattern() -> re.Pattern[str]:
    words = quantity_words()
    return re.compile(f"(?:{alternation((*words.events, *words.plan_steps))})$")


@cache
def _forecast_pattern() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().forecasts)})[^，。；、]*$")


@cache
def _set_before_pattern() -> re.Pattern[str]:
    # 超额完成规划确定的5万P目标: what was set before is only the measure of what is reached.
    return re.compile(
        "(?:超[过额出]?|远超|高于|提前)[^，。；、]{0,8}[^，。；]*(?:规划|计划|方案|设定|确定|定下|提出|下达)"
    )


def _counts_no_result(sentence: str, quantity: Quantity, metric: str) -> bool:
    """Whether a number counts who acts (23个省份提出), the parts of a plan (4个方面) or events.

    Forecasts and prices are no results either.
    Nor is a time without a cue: 24小时不间断, 在5毫秒内接入.
    """
    if quantity.unit in _TIMES and not quantity.cue:
        return True
    if metric in quantity_words().sites:
        return True
    clause = clause_of(sentence, quantity.cue_start, quantity.cue_start)[0]
    if sentence.startswith(("的目标", "目标", "的要求"), quantity.end) and (
        _set_before_pattern().search(sentence, clause, quantity.cue_start) is not None
    ):
        return True
    if _forecast_pattern().search(sentence, clause, quantity.cue_start):
        return True
    if quantity.unit in _MONEY:
        return not quantity.cue and abs(quantity.value) < _SMALLEST_SUM
    before = max(0, quantity.cue_start - 4)
    return quantity.counted and (
        _no_result_pattern().match(sentence, quantity.end) is not None
        or _event_pattern().search(metric) is not None
        or _companions_pattern().search(sentence, before, quantity.cue_start) is not None
    )


_MONEY = frozenset({"元", "美元", "欧元", "港元"})
_TIMES = frozenset({"毫秒", "分钟", "小时"})
_SHARES = ("占比", "比例", "比重")
"""新增设施国产化比例60% is a share of what is added, and no increment."""
_SMALLEST_SUM = 1000
"""Less money than this, without a cue, is a price and no budget."""


def _number(value: float) -> float:
    return int(value) if value == int(value) else value


def belongs(
    sentence: str,
    quantity: Quantity,
    what: Measurement,
    spans: Sequence[tuple[int, int]],
    *,
    under_topic_lead: bool = False,
    mixed: bool = True,
) -> bool:
    """Whether a quantity is about the words at ``spans``.

    It is when its metric names the topic, or when the metric is generic (企业, 规模) and the topic
    is named in the same clause or in the one right before. In a text that is not ``mixed`` it is
    also when nothing else is named since the topic was.
    """
    listed = _counts_its_list(sentence, quantity, what)
    if not quantity.unit and any(word in what.metric for word in quantity_words().unitless):
        return True  # only data centres have a PUE
    if not mixed and _sizes_another(sentence, quantity):
        return False
    if any(start < what.end and end > what.start for start, end in spans):
        return not listed or any(what.start <= start for start, end in spans)
    if mixed:
        return not listed and _stands_beside(
            sentence, quantity, what, spans, under_topic_lead=under_topic_lead
        )
    left, right = what.clause
    another = what.item and any(start < right and end > left for start, end in spans)
    return not (listed or another) and _goes_on_about(
        sentence, what, spans, under_topic_lead=under_topic_lead
    )


def _stands_beside(
    sentence: str,
    quantity: Quantity,
    what: Measurement,
    spans: Sequence[tuple[int, int]],
    *,
    under_topic_lead: bool,
) -> bool:
    """Whether a generic metric, or what the topic's things went to, is named with the topic."""
    left, right = what.clause
    if _deployed().search(sentence, left, quantity.cue_start):
        return any(left <= start < right for start, _ in spans)
    if not is_generic(what.metric):
        return False
    if quantity.unit == "元" and sentence.startswith(quantity_words().purposes, right + 1):
        right = clause_of(sentence, right + 1, right + 1)[1]
    if under_topic_lead or any(start < right and end > left for start, end in spans):
        return True
    if left == 0:
        return False
    before = clause_of(sentence, left - 1, left - 1)
    return any(start < before[1] and end > before[0] for start, end in spans)


def _sizes_another(sentence: str, quantity: Quantity) -> bool:
    """Whether a number without a verb is the size of another matter: 50万千瓦光伏电站."""
    bare = not quantity.counted and not quantity.cue
    return bare and _other_matter().match(sentence, quantity.end) is not None


def _goes_on_about(
    sentence: str,
    what: Measurement,
    spans: Sequence[tuple[int, int]],
    *,
    under_topic_lead: bool,
) -> bool:
    """Whether the topic is what a sentence speaks of where a quantity stands.

    Its clause decides and, when it names nothing, those before; a number in front of everything
    is about what follows.
    """
    generic = is_generic(what.metric)
    if generic and under_topic_lead:
        return True
    if not generic and _other_matter().search(what.metric):
        return False
    left, right = what.clause
    while True:
        other = _other_matter().search(sentence, left, right) is not None
        if any(start < right and end > left for start, end in spans):
            # 新能源、算力等基地: what follows such a list is about all of it.
            listed = other and "、" in sentence[left:right]
            return not listed or left == what.clause[0]
        if other:
            return False
        if left == 0:
            break
        left, right = clause_of(sentence, left - 1, left - 1)
    right = what.clause[1]
    after = clause_of(sentence, right + 1, right + 1)
    return any(start < after[1] and end > after[0] for start, end in spans)


@cache
def _other_matter() -> re.Pattern[str]:
    # 智能船舶 and AI药物 are matters of the topic.
    return re.compile(f"(?<!智能)(?<!AI)(?:{alternation(quantity_words().other_matters)})")


@cache
def _generic() -> re.Pattern[str]:
    words = quantity_words()
    neutral = alternation(words.modifiers + words.generic)
    return re.compile(f"(?:(?:{neutral}|[、和及的])*(?:{alternation(words.generic)}))")


def is_generic(metric: str) -> bool:
    """Whether a metric is generic, that is names no topic by itself (特色企业, 产业规模)."""
    return len(metric) <= 16 and _generic().fullmatch(metric) is not None


@cache
def _deployed() -> re.Pattern[str]:
    return re.compile(f"(?:{alternation(quantity_words().deployed)})(?:了)?$")


def _counts_its_list(sentence: str, quantity: Quantity, what: Measurement) -> bool:
    """甲、乙、丙等3个产业: the number only counts the items listed before it."""
    return (
        what.start >= quantity.end
        and sentence[quantity.start - 1 : quantity.start] == "等"
        and quantity.value <= 20
    )
