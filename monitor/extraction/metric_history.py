"""The numbers of one metric over the years, under all its names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from monitor.extraction.units import GROWTH_UNITS, comparable, to_base
from monitor.model.changes import CommitmentYear, Kind
from monitor.model.statements import Figure, Op


def growth_of(
    years: Sequence[CommitmentYear], metric_of: Callable[[str], str]
) -> tuple[CommitmentYear, CommitmentYear] | None:
    """The first and the last year that give a number of one metric; of several the most frequent.

    Args:
        years: of one commitment, oldest first.
        metric_of: the metric without what does not change it (全省算力规模 is 算力规模).

    Returns:
        Two years whose numbers compare, or None. An increment is compared with nothing.
    """
    series: defaultdict[tuple[str, str], list[CommitmentYear]] = defaultdict(list)
    for one in years:
        if one.value is None or one.op == Op.INCREASE_BY or one.kind is Kind.DROPPED:
            continue
        series[metric_of(one.metric or ""), to_base(1, one.unit or "")[1]].append(one)
    longest = max(series.values(), key=lambda some: len({one.year for one in some}), default=[])
    if not longest or longest[0].year == longest[-1].year:
        return None
    return longest[0], longest[-1]


_SYNONYMS = {
    "规模以上": "规上",
    "智能算力": "智算",
    "智能计算": "智算",
    "智算算力": "智算",
    "比重": "占比",
    "营业收入": "营收",
}


@cache
def _neutral_pattern() -> re.Pattern[str]:
    # Words around a metric that do not change it.
    return re.compile(
        "^(?:全省|全市|全区|全国|我省|我市|我区|累计|力争|新增|建成|培育|打造|全年|完成|推出|发布|落地)+"
        "|(?:总)?(?:规模|总量|总数|数量|数|容量|总额)$"
    )


@cache
def _total_pattern() -> re.Pattern[str]:
    return re.compile("总(?=规模|量|数|算力|额)")


def metric_core(metric: str) -> str:
    """The metric without scope and totals: 全省算力总规模 is 算力, 智能算力 is 智算."""
    for words, same in _SYNONYMS.items():
        metric = metric.replace(words, same)
    return _neutral_pattern().sub("", _total_pattern().sub("", metric))


def search_terms(metric: str) -> tuple[str, ...]:
    """Pieces of which every name of a metric contains one: 智算规模 is found by 智能算力 too."""
    core = metric_core(metric)
    terms = [metric, core, *(core.replace(same, words) for words, same in _SYNONYMS.items())]
    return tuple(dict.fromkeys(term for term in terms if term))


def metric_history(
    figures: Sequence[Figure], metric: str, *, unit: str | None = None
) -> list[Figure]:
    """The figures of a metric under all its names, in one unit where they convert.

    Args:
        figures: of one region.
        metric: its name or, without ``unit``, a piece of it.
        unit: the unit of the result; figures of other metrics and dimensions are left out. None
            takes the most usual unit and keeps the others as they are.

    Returns:
        In the order of ``figures``. A growth (+20倍) is left out where there are levels: it is no
        value of the metric.
    """
    core, piece = metric_core(metric), metric.casefold()
    found = [
        figure
        for figure in figures
        if metric_core(figure.metric) == core
        or (unit is None and piece in figure.metric.casefold())
    ]
    levels = [figure for figure in found if not _is_growth(figure)]
    shown = levels or found
    wanted = _usual_unit(shown) if unit is None or (unit == "倍" and levels) else unit
    return [
        _in_unit(figure, wanted) if comparable(figure.unit, wanted) else figure
        for figure in shown
        if unit is None or comparable(figure.unit, wanted)
    ]


def _is_growth(figure: Figure) -> bool:
    return figure.op == Op.INCREASE_BY and figure.unit in GROWTH_UNITS


def _usual_unit(figures: Sequence[Figure]) -> str:
    """The unit that most figures convert to; of several, the most frequent one."""
    units = Counter(figure.unit for figure in figures)

    def reach(unit: str) -> tuple[int, int]:
        return sum(n for other, n in units.items() if comparable(unit, other)), units[unit]

    return max(units, key=reach, default="")


def _in_unit(figure: Figure, unit: str) -> Figure:
    if figure.unit == unit:
        return figure
    value = to_base(figure.value, figure.unit)[0] / to_base(1, unit)[0]
    return replace(figure, value=round(value, 9), unit=unit)
