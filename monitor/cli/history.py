"""``monitor history``: targets and results of a region over the years, as a chart."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.console import Console

from monitor.cli.amounts import amount_cell
from monitor.cli.options import (
    ConfigOption,
    DatabaseOption,
    FormatOption,
    open_database,
    region_of,
    stated,
)
from monitor.cli.output import Format, print_status, write_rows
from monitor.extraction.metric_history import metric_history, search_terms
from monitor.extraction.text import normalize_characters
from monitor.model.statements import Figure, Op, number
from monitor.storage.views import figures_of
from monitor.table import print_table

_COLUMNS = ("plan", "year", "label", "metric", "op", "value", "unit", "text", "document")


def history(
    region: Annotated[str, typer.Option("--region", help="A region, short or official.")],
    metric: Annotated[
        str, typer.Option("--metric", help="A piece of the metric's name, such as 算力规模.")
    ],
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print what a region's reports promised and reached of a metric, year by year.

    Names of one metric (算力规模, 算力总规模) are one, and numbers are given in the most frequent
    unit where they convert; the table has a bar for each of these.
    """
    name = region_of(region) or region
    metric = normalize_characters(stated(metric, "--metric") or "").replace(" ", "")
    with (
        open_database(config, database, existing=True) as (_, store),
        store.read() as connection,
    ):
        figures = figures_of(connection, name, *search_terms(metric))
    found = metric_history(figures, metric)
    if not found:
        print_status(
            f"no report of {name} gives a number for {metric}: try a shorter piece of its name, "
            "or import reports (monitor ingest)"
        )
    if form is Format.TABLE:
        if found:
            _draw(found)
    else:
        cells = (
            (f.plan_year, f.year, f.label, f.metric, f.op, number(f.value), f.unit, f.text, title)
            for f in found
            for title in (f.document_title,)
        )
        write_rows(form, _COLUMNS, cells)


def _draw(found: list[Figure]) -> None:
    units = Counter(figure.unit for figure in found)
    unit = max(units, key=units.__getitem__, default="")
    values = [_level(figure, unit) for figure in found]
    most = max((value for value in values if value is not None), default=0.0)
    console = Console(highlight=False)
    print_table(
        console,
        ("year", "what", "metric", "value", f"in {unit}" if unit else "in all", "report"),
        [
            (
                figure.year,
                "reached" if figure.label == "achievement" else "promised",
                figure.metric,
                amount_cell(Format.TABLE, figure.value, figure.unit, figure.op),
                _bar(value, most, width=console.width // 6),
                figure.plan_year,
            )
            for figure, value in zip(found, values, strict=True)
        ],
    )


_EIGHTHS = "▏▎▍▌▋▊▉█"


def _bar(value: float | None, most: float, *, width: int) -> str:
    """A bar of eighths of a character; empty where there is no value."""
    if value is None or most <= 0:
        return ""
    whole, rest = divmod(max(round(value / most * width * 8), 1), 8)
    return _EIGHTHS[-1] * whole + (_EIGHTHS[rest - 1] if rest else "")


def _level(figure: Figure, unit: str) -> float | None:
    return figure.value if figure.op != Op.INCREASE_BY and figure.unit == unit else None
