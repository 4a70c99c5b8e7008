"""What a year changed in a promise beside its targets: things counted, attempts, deadlines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from monitor.comparison.cues import cue_table, deadline_shift
from monitor.comparison.normalize import normalize
from monitor.extraction.targets import counted_things
from monitor.extraction.vocabulary import alternation, quantity_words
from monitor.model.changes import Basis
from monitor.model.statements import Statement, Target

_SHORTEST_THING = 4
_KIN = 2
_BESIDE_VERB = 8
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
        if thing[:_KIN] in kinds or _some_pattern(thing).search(other.text):
            found.append(target)
    return tuple(found)


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


def _some_pattern(thing: str) -> re.Pattern[str]:
    """Matches a thing of which a sentence promises some, without saying how many."""
    return re.compile(f"(?:{alternation(cue_table().some)})[^，。；：]{{0,8}}{re.escape(thing)}")


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
