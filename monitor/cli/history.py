"""``monitor history``: targets and results of a region over the years, as a chart."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.cli.options import ConfigOption, DatabaseOption, FormatOption, open_database, region_of
from monitor.cli.output import Format, print_status, write_rows
from monitor.extraction.quantities import comparable, to_base
from monitor.model.statements import Figure, number
from monitor.storage.views import figures_of

_COLUMNS = ("plan", "year", "label", "metric", "op", "value", "unit", "text", "document")
_SIGNS = {"at_least": "≥", "at_most": "≤", "about": "≈", "increase_by": "+"}


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

    The table has a bar for each number in the most frequent unit or one that converts to it;
    other numbers have no bar.
    """
    name = region_of(region) or region
    with open_database(config, database) as (_, store), store.read() as session:
        found = figures_of(session, name, metric)
    if form is Format.TABLE:
        _draw(found)
    else:
        cells = (
            (f.plan_year, f.year, f.label, f.metric, f.op, number(f.value), f.unit, f.text, title)
            for f in found
            for title in (f.document_title,)
        )
        write_rows(form, _COLUMNS, cells)
    if not found:
        print_status(f"no report of {name} gives a number for {metric}")


def _draw(found: list[Figure]) -> None:
    unit = _usual_unit(found)
    values = [_value_in(figure, unit) for figure in found]
    most = max((value for value in values if value is not None), default=0.0)
    table = Table("year", "", "metric", "value", f"in {unit}" if unit else "", "report")
    for figure, value in zip(found, values, strict=True):
        reached = figure.label == "achievement"
        shown = f"{_SIGNS.get(figure.op, '')}{number(figure.value):,}{figure.unit}"
        bar: Bar | Text = Text("")
        if value is not None and most > 0:
            bar = Bar(most, 0, value, width=30, color="green" if reached else "blue")
        table.add_row(
            str(figure.year or ""),
            "reached" if reached else "promised",
            figure.metric,
            shown,
            bar,
            str(figure.plan_year or ""),
        )
    Console().print(table)


def _usual_unit(found: list[Figure]) -> str:
    """The unit that most figures convert to; of several, the most frequent one."""
    units = Counter(figure.unit for figure in found)

    def reach(unit: str) -> tuple[int, int]:
        return sum(n for other, n in units.items() if comparable(unit, other)), units[unit]

    return max(units, key=reach, default="")


def _value_in(figure: Figure, unit: str) -> float | None:
    if figure.op == "increase_by" or not comparable(figure.unit, unit):
        return None
    return to_base(figure.value, figure.unit)[0] / to_base(1, unit)[0]
