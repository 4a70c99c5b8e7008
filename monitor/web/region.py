"""A region at a glance: what it promises, its numbers over the years, which targets it met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from monitor.errors import UserError
from monitor.messages.change_text import format_amount, format_short, target_text
from monitor.messages.i18n import AlertTexts, alert_texts
from monitor.model.changes import Verdict
from monitor.model.statements import Op, Statement
from monitor.storage.changes import ChangeConditions, list_changes
from monitor.storage.document_list import report_series
from monitor.storage.statement_tables import current_target_table
from monitor.storage.statements import commitments_of_region
from monitor.web.charts import Plot, Series, Value, plot
from monitor.web.filters import region_of
from monitor.web.metric_years import MetricYear, metric_label, metric_years
from monitor.web.preferences import preferences_of
from monitor.web.site import render, site_of
from monitor.web.templates import path_part
from monitor.web.timeline import entry

_CHARTS = 6
_COMMITMENTS = 60
_OTHER_NUMBERS, _OTHER_YEARS = 40, 3
_FIRST = ("算力", "智算")  # the metrics of the topic, before others
_CHANGES = 6
_CHART_WIDTH, _CHART_HEIGHT = 400, 220


@dataclass(frozen=True, slots=True)
class Promise:
    """A commitment in force."""

    id: int
    text: str
    year: int | None
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class YearLine:
    """A year of a metric: what was promised and what was reached, as people write it."""

    year: int
    promised: str
    promised_id: int | None
    reached: str
    reached_id: int | None


@dataclass(frozen=True, slots=True)
class MetricLines:
    """A metric of the region over the years; ``plot`` where there is more than one number.

    ``label`` names it with its unit, as the page of metrics takes it.
    """

    metric: str
    label: str
    unit: str
    plot: Plot | None
    years: tuple[YearLine, ...]


def region(request: Request) -> Response:
    """The page of a region; other names than the official one lead to it."""
    site, language = site_of(request), preferences_of(request).language
    asked = request.path_params["name"]
    try:
        name = region_of(asked) or ""
    except UserError as error:
        raise HTTPException(404, str(error)) from None
    if name != asked:
        return RedirectResponse(f"/regions/{path_part(name)}", status_code=303)
    words = alert_texts(language)
    after = read_place(request.query_params.get("after", ""))
    with site.database.read() as connection:
        commitments, more = commitments_of_region(connection, name, limit=_COMMITMENTS, after=after)
        years = report_series(connection).get(name, [])
        numbers, verdicts, changes = [], {}, []
        if after is None:
            numbers = metric_years(connection, regions=[name])
            verdicts = count_by_year(connection, name)
            changes = list_changes(connection, ChangeConditions(region=name), limit=_CHANGES)
    metrics = metric_lines(numbers, words)
    charts = [one for one in metrics if one.plot is not None][:_CHARTS]
    others = metrics[len(charts) :]
    values = {
        "region": name,
        "themes": by_theme(commitments, words),
        "after": after,
        "more": place_of(*commitments[-1]) if more else None,
        "charts": charts,
        "others": others[:_OTHER_NUMBERS],
        "other_years": _OTHER_YEARS,
        "more_numbers": len(others) > _OTHER_NUMBERS,
        "verdicts": verdicts,
        "kinds": list(Verdict),
        "entries": [entry(item, site, language) for item in changes],
        "years": years,
        "words": words,
    }
    return render(request, "region", values)


def place_of(number: int, statement: Statement) -> str:
    """The place of a commitment in the list, as it stands in an address."""
    return f"{statement.year or 0}.{number}"


def read_place(text: str) -> tuple[int, int] | None:
    """The place after which the list of commitments goes on; None for its beginning.

    Raises:
        UserError: it is none.
    """
    if not text:
        return None
    year, _, number = text.partition(".")
    if not all(one.isascii() and one.isdigit() and len(one) < 18 for one in (year, number)):
        raise UserError("after: this is no place in the list", hint="leave it out")
    return int(year), int(number)


def count_by_year(connection: Connection, name: str) -> dict[int, dict[Verdict, int]]:
    """How many targets were due in each year, by verdict, newest year first."""
    target = current_target_table.c
    query = (
        select(target.due, target.verdict, func.count())
        .where(target.region == name, target.plan_year.is_not(None), target.due.is_not(None))
        .group_by(target.due, target.verdict)
    )
    found: dict[int, dict[Verdict, int]] = {}
    for due, verdict, count in connection.execute(query):
        if due is not None and verdict is not None:
            found.setdefault(due, {})[Verdict(verdict)] = count
    return dict(sorted(found.items(), reverse=True))


def by_theme(
    commitments: Sequence[tuple[int, Statement]], words: AlertTexts
) -> dict[str, list[Promise]]:
    """Commitments under their first theme, by its name; the theme with most comes first."""
    found: dict[str, list[Promise]] = {}
    for number, statement in commitments:
        theme = statement.themes[0] if statement.themes else ""
        found.setdefault(words.themes.get(theme, theme or "–"), []).append(
            Promise(
                number,
                statement.text.strip(),
                statement.year,
                tuple(target_text(target, words) for target in statement.targets),
            )
        )
    return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))


def metric_lines(numbers: Sequence[MetricYear], words: AlertTexts) -> list[MetricLines]:
    """The metrics of one region with their charts: computing, then those with most numbers."""
    grouped: dict[tuple[str, str], list[MetricYear]] = {}
    for one in numbers:
        grouped.setdefault((one.metric, one.unit), []).append(one)
    found = [_metric(metric, unit, years, words) for (metric, unit), years in grouped.items()]
    order = {name: place for place, name in enumerate(_FIRST)}
    return sorted(
        found,
        key=lambda one: (
            one.plot is None,
            order.get(one.metric, len(order)),
            -len(one.years),
            one.metric,
        ),
    )


def _metric(metric: str, unit: str, years: Sequence[MetricYear], words: AlertTexts) -> MetricLines:
    series = [one for one in promised_and_reached(years, words) if one.values]
    drawn = None
    if sum(len(one.values) for one in series) > 1:
        drawn = plot(
            series,
            shown=lambda value: format_short(value, words),
            width=_CHART_WIDTH,
            height=_CHART_HEIGHT,
        )
    return MetricLines(
        metric,
        metric_label(metric, unit),
        words.units.get(unit, unit),
        drawn,
        tuple(
            YearLine(
                one.year,
                shown(one.promised, one.promised_op, unit, words),
                one.promised_id,
                shown(one.reached, one.reached_op, unit, words),
                one.reached_id,
            )
            for one in years
        ),
    )


def promised_and_reached(
    years: Sequence[MetricYear], words: AlertTexts, *, name: str = "", group: int = 0
) -> list[Series]:
    """What was promised and what was reached as two series.

    Args:
        years: of one metric and region.
        words: in the reader's language.
        name: of the region, where there are several.
        group: the number of the region among several.
    """

    def values(numbers: Iterable[tuple[int, float | None, str | None, int | None]]) -> list[Value]:
        return [
            Value(
                year,
                number,
                statement_id,
                shown(number, op, unit, words),
                format_short(number, words),
            )
            for year, number, op, statement_id in numbers
            if number is not None
        ]

    unit = years[0].unit if years else ""
    promised = values((one.year, one.promised, one.promised_op, one.promised_id) for one in years)
    reached = values((one.year, one.reached, one.reached_op, one.reached_id) for one in years)
    return [
        Series(name, tuple(promised), is_promise=True, group=group),
        Series(name, tuple(reached), group=group),
    ]


def shown(value: float | None, op: str | None, unit: str, words: AlertTexts) -> str:
    """A number with how it is meant: ≥190 Eflops; empty for none."""
    if value is None:
        return ""
    return (words.ops[Op(op)] if op else "") + format_amount(value, unit, words)


routes = (Route("/regions/{name}", region),)
