"""Fulfilment: what became of the targets, by region and the year they were due in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.errors import UserError
from monitor.extraction.regions import gazetteer
from monitor.folding import simplify
from monitor.messages.change_text import format_amount, target_text
from monitor.messages.i18n import AlertTexts, alert_texts, short_metric, verdict_symbol
from monitor.model.changes import Verdict
from monitor.model.statements import Op, Target
from monitor.storage.fulfilment import (
    FulfilmentCount,
    FulfilmentCursor,
    FulfilmentLine,
    count_fulfilments,
    list_fulfilments,
    metrics_due,
    years_due,
)
from monitor.web.filters import member_of, region_of, text_of, theme_of
from monitor.web.preferences import preferences_of
from monitor.web.site import render, site_of
from monitor.web.templates import Texts, texts_of

PAGE = 40
YEARS = 5
_BAR = 44
_METRICS = 60
_FIRST_YEAR, _LAST_YEAR = 1949, 2100
_MAINLAND = "65"  # begins the codes of the last of the 31 provinces whose reports are watched


@dataclass(frozen=True, slots=True)
class FulfilmentFilter:
    """The targets that an address asks for; ``until`` is the last year that the grid shows."""

    region: str | None = None
    year: int | None = None
    verdict: Verdict | None = None
    theme: str | None = None
    metric: str | None = None
    until: int | None = None

    @property
    def is_list(self) -> bool:
        """Whether single targets are asked for, rather than the grid alone."""
        return any(one is not None for one in (self.region, self.year, self.verdict))

    def parameters(self) -> dict[str, object]:
        """As it stands in an address."""
        return {
            "region": self.region,
            "year": self.year,
            "verdict": self.verdict,
            "theme": self.theme,
            "metric": self.metric,
            "until": self.until,
        }


@dataclass(frozen=True, slots=True)
class BarSegment:
    """A verdict in a cell: how many, and its part of the bar, in units of the drawing."""

    verdict: Verdict
    symbol: str
    name: str
    count: int
    x: float = 0
    width: float = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """The targets of a region, or of all, that were due in a year, or in all that are shown."""

    parts: tuple[BarSegment, ...]
    words: str
    short: str
    region: str | None = None
    year: int | None = None

    @property
    def total(self) -> int:
        """How many targets."""
        return sum(part.count for part in self.parts)


@dataclass(frozen=True, slots=True)
class Row:
    """A region in the grid."""

    region: str
    cells: tuple[Cell, ...]
    total: Cell


@dataclass(frozen=True, slots=True)
class Grid:
    """All regions with targets, by years; ``without`` are the provinces that have none."""

    years: tuple[int, ...]
    rows: tuple[Row, ...]
    totals: tuple[Cell, ...]
    total: Cell
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A target with what became of it, in the reader's language."""

    statement_id: int
    region: str
    due: int | None
    verdict: Verdict
    symbol: str
    verdict_name: str
    metric: str
    promised: str
    reached: str
    promise: str
    review: str
    report: str
    report_id: int
    review_title: str
    review_id: int | None


@dataclass(frozen=True, slots=True)
class LastYear:
    """What became of the targets of the last year, as an answer in a few lines.

    ``judged`` is the year itself, or the newest before it that any report has reviewed.
    """

    year: int
    judged: int
    cell: Cell


def fulfilment(request: Request) -> Response:
    """The page: the grid, above it last year's targets, or those that the address asks for."""
    site, language = site_of(request), preferences_of(request).language
    t, texts = texts_of("fulfilment", language), alert_texts(language)
    wanted = read_fulfilment_filter(request.query_params, site.themes)
    after = read_cursor(request.query_params.get("after", ""))
    this_year = site.now().astimezone(site.zone).year
    about: dict[str, Any] = {"theme": wanted.theme, "metric": wanted.metric}
    kept, now = site.answers, site.now()
    with site.database.read() as connection:
        bounds = kept.get(connection, "years due", now, lambda: years_due(connection))
        years = shown_years(bounds, wanted.until, this_year)
        if wanted.year is not None:
            years = tuple(year for year in years or () if year == wanted.year) or (wanted.year,)
        counts: list[FulfilmentCount] = []
        metrics: list[str] = []
        if years:
            asked = {"first": years[0], "last": years[-1], "region": wanted.region, **about}
            counts = kept.get(
                connection,
                ("counts", *asked.values()),
                now,
                lambda: count_fulfilments(connection, **asked),
            )
            metrics = kept.get(
                connection,
                ("metrics", this_year),
                now,
                lambda: metrics_due(connection, this_year - 1, limit=_METRICS),
            )
        is_grid = wanted.is_list or wanted.until is not None
        answer = None if is_grid else last_year(counts, this_year - 1, t)
        if wanted.is_list:
            found = list_fulfilments(
                connection,
                region=wanted.region,
                due=wanted.year,
                verdict=wanted.verdict,
                after=after,
                limit=PAGE + 1,
                **about,
            )
        elif answer is not None:
            found = list_fulfilments(
                connection, due=answer.judged, verdict=Verdict.MET, limit=PAGE + 1, **about
            )
        else:
            found = []
    lines = [line_of(one, texts, t) for one in found[:PAGE]]
    values = {
        "wanted": wanted,
        "parameters": wanted.parameters(),
        "grid": grid_of(counts, years, t),
        "bounds": bounds,
        "answer": answer,
        "lines": lines,
        "after": ".".join(map(str, found[PAGE - 1].cursor)) if len(found) > PAGE else None,
        "metrics": metrics,
        "verdicts": [(one, verdict_symbol(one), t["verdict_" + one]) for one in Verdict],
        "regions": [one.name for one in gazetteer().regions if one.level in {"nation", "province"}],
        "bar": _BAR,
        "words": texts,
    }
    return render(request, "fulfilment", values)


def read_fulfilment_filter(parameters: QueryParams, themes: Sequence[str]) -> FulfilmentFilter:
    """The targets that an address asks for.

    Raises:
        UserError: a value is none that is known.
    """
    metric = text_of(parameters, "metric")
    return FulfilmentFilter(
        region=region_of(text_of(parameters, "region")),
        year=_year(parameters, "year"),
        verdict=member_of(Verdict, parameters, "verdict"),
        theme=theme_of(parameters, themes),
        metric=None if metric is None else simplify(metric),
        until=_year(parameters, "until"),
    )


def _year(parameters: QueryParams, name: str) -> int | None:
    text = text_of(parameters, name)
    if text is None:
        return None
    digits = text.removesuffix("年")
    if not (digits.isascii() and digits.isdigit() and len(digits) == len("2026")):
        raise UserError(f"{name}: {text[:40]} is no year", hint="such as 2026")
    if not _FIRST_YEAR <= int(digits) <= _LAST_YEAR:
        raise UserError(f"{name}: {digits} is out of range", hint=f"{_FIRST_YEAR} to {_LAST_YEAR}")
    return int(digits)


def read_cursor(text: str) -> FulfilmentCursor | None:
    """The place in an address, after which the list goes on.

    Raises:
        UserError: it is none.
    """
    if not text:
        return None
    year, _, rest = text[:200].partition(".")
    region, _, numbers = rest.partition(".")
    statement, _, position = numbers.partition(".")
    known = region == "" or region in gazetteer().by_name
    every = (year, statement, position)
    if not known or not all(one.isascii() and one.isdigit() and len(one) < 18 for one in every):
        raise UserError("after: this is no place in the list", hint="leave it out")
    return FulfilmentCursor(int(year), region, int(statement), int(position))


def shown_years(
    bounds: tuple[int, int] | None, until: int | None, this_year: int
) -> tuple[int, ...]:
    """The years of the grid, the newest first: those that end with a year, else with the next one.

    Args:
        bounds: the first and the last year that there is.
        until: the last year that is asked for; None for the next one.
        this_year: the current one.
    """
    if bounds is None:
        return ()
    first, last = bounds
    end = max(first, min(last, this_year + 1 if until is None else until))
    return tuple(range(max(first, end - YEARS + 1), end + 1))


def grid_of(counts: Iterable[FulfilmentCount], years: Sequence[int], t: Texts) -> Grid:
    """The grid of some counts, the newest year first; regions as their codes order them."""
    newest_first = tuple(reversed(years))
    none: Counter[Verdict] = Counter()
    cells: defaultdict[tuple[str, int], Counter[Verdict]] = defaultdict(Counter)
    by_region: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    by_year: defaultdict[int, Counter[Verdict]] = defaultdict(Counter)
    total: Counter[Verdict] = Counter()
    for one in counts:
        for counter in (cells[one.region, one.due], by_region[one.region], by_year[one.due], total):
            counter[one.verdict] += one.targets
    rows = tuple(
        Row(
            region,
            tuple(
                cell_of(cells.get((region, year), none), t, region, year) for year in newest_first
            ),
            cell_of(by_region[region], t, region),
        )
        for region in sorted(by_region, key=_code_of)
    )
    provinces = (
        one.name
        for one in gazetteer().regions
        if one.level == "province" and one.code[:2] <= _MAINLAND
    )
    return Grid(
        newest_first,
        rows,
        tuple(cell_of(by_year[year], t, None, year) for year in newest_first),
        cell_of(total, t),
        tuple(name for name in provinces if name not in by_region),
    )


def _code_of(region: str) -> tuple[str, str]:
    known = gazetteer().find(region)
    return (known.code if known is not None else "~", region)


def cell_of(
    counts: Mapping[Verdict, int], t: Texts, region: str | None = None, year: int | None = None
) -> Cell:
    """A cell: the verdicts in their order, each with its part of a bar as wide as all of them."""
    total = sum(counts.values())
    parts: list[BarSegment] = []
    x = 0.0
    for verdict in Verdict:
        count = counts.get(verdict, 0)
        if not count:
            continue
        width = round(_BAR * count / total, 2)
        name = t["verdict_" + verdict]
        parts.append(BarSegment(verdict, verdict_symbol(verdict), name, count, round(x, 2), width))
        x += width
    words = t.comma.join(f"{part.count:,} {part.name}" for part in parts)
    short = " ".join(f"{part.symbol}{part.count}" for part in parts)
    return Cell(tuple(parts), words, short, region, year)


def last_year(counts: Sequence[FulfilmentCount], year: int, t: Texts) -> LastYear | None:
    """The answer about the last year; None if no report has reviewed any year that is shown."""
    judged = max(
        (one.due for one in counts if one.due <= year and one.verdict is not Verdict.PENDING),
        default=None,
    )
    if judged is None:
        return None
    of_year: Counter[Verdict] = Counter()
    for one in counts:
        if one.due == judged:
            of_year[one.verdict] += one.targets
    return LastYear(year, judged, cell_of(of_year, t, None, judged))


def line_of(line: FulfilmentLine, texts: AlertTexts, t: Texts) -> Line:
    """A line of the ledger as it is shown."""
    target = Target(line.metric, Op(line.op), line.promised, line.unit, line.due, line.raw)
    reached = ""
    if line.achieved is not None:
        reached = format_amount(line.achieved, line.achieved_unit or "", texts)
    return Line(
        statement_id=line.statement_id,
        region=line.region or "",
        due=line.due,
        verdict=line.verdict,
        symbol=verdict_symbol(line.verdict),
        verdict_name=t["verdict_" + line.verdict],
        metric=short_metric(line.metric),
        promised=target_text(replace(target, metric=""), texts).strip(),
        reached=reached,
        promise=line.commitment_text,
        review=line.review_text or "",
        report=line.report_title,
        report_id=line.report_id,
        review_title=line.review_title or "",
        review_id=line.review_id,
    )


routes = (Route("/fulfilment", fulfilment, name="fulfilment"),)
