"""``monitor fulfilment``: which targets were met."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli.amounts import amount_cell
from monitor.cli.options import (
    ConfigOption,
    DatabaseOption,
    FormatOption,
    LimitOption,
    RegionOption,
    limit_of,
    open_database,
    region_of,
)
from monitor.cli.output import Format, print_more, print_status, write_rows
from monitor.model.changes import Verdict
from monitor.storage.fulfilment import list_fulfilments

_IN_TABLE = 200


def fulfilment(
    form: FormatOption = Format.TABLE,
    region: RegionOption = None,
    year: Annotated[
        int | None, typer.Option(min=1949, max=2100, help="The year a target was due.")
    ] = None,
    verdict: Annotated[Verdict | None, typer.Option(help="One verdict.")] = None,
    limit: LimitOption = None,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print what became of the targets that governments set.

    The review half of each report is compared with the plans before it: a target is met, missed
    or not reported; it is pending while it is not due or the next report is not known.
    """
    name = region_of(region)
    most = limit_of(limit, form, _IN_TABLE)
    with (
        open_database(config, database, existing=True) as (_, store),
        store.read() as connection,
    ):
        lines = list_fulfilments(connection, region=name, due=year, verdict=verdict, limit=most + 1)
    more = len(lines) > most
    lines = lines[:most]
    write_rows(
        form,
        (
            "region",
            "plan",
            "due",
            "verdict",
            "metric",
            "promised",
            "reached",
            "commitment",
            "review",
        ),
        (
            (
                line.region,
                line.plan_year,
                line.due,
                line.verdict,
                line.metric,
                amount_cell(form, line.promised, line.unit, line.op),
                amount_cell(form, line.achieved, line.achieved_unit),
                line.commitment_text,
                line.review_text,
            )
            for line in lines
        ),
        leave_out=(
            "review",
            *(column for column, asked in (("region", name), ("due", year)) if asked is not None),
        ),
        spare=("commitment",),
        empty=_nothing_found(name, year, verdict),
    )
    counts = {one: sum(line.verdict is one for line in lines) for one in Verdict}
    if lines:
        print_status(", ".join(f"{n:,} {one}" for one, n in counts.items() if n))
    if more:
        print_more("first", most)


def _nothing_found(region: str | None, due: int | None, verdict: Verdict | None) -> str:
    """Which targets were looked for without success, and what to try."""
    asked = [
        *([] if region is None else [f"of {region}"]),
        *([] if due is None else [f"due in {due}"]),
        *([] if verdict is None else [f"with verdict {verdict}"]),
    ]
    if not asked:
        return "no report with targets is known yet: see monitor ingest"
    return f"no target {' '.join(asked)} is known: leave a condition out, or see monitor ingest"
