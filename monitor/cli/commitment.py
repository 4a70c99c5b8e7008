"""``monitor commitment``: a commitment over the years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

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
    stated,
)
from monitor.cli.output import Format, print_status, write_rows
from monitor.errors import UserError
from monitor.extraction.metric_history import growth_of, metric_core
from monitor.extraction.units import to_base
from monitor.model.changes import CommitmentYear, Kind
from monitor.model.statements import number
from monitor.storage.commitments import (
    commitment_of_change,
    commitment_of_statement,
    commitment_years,
    find_commitments,
)

_IN_TABLE = 20


def commitment(
    which: Annotated[
        str,
        typer.Argument(
            metavar="ID|WORDS",
            help="A commitment_id or statement_id of the view commitment_history, or words that "
            "stand in the commitment.",
        ),
    ],
    change: Annotated[
        bool, typer.Option("--change", help="ID is a change, as `monitor changes` prints it.")
    ] = False,
    region: RegionOption = None,
    limit: LimitOption = None,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Print what the report of each year said of a commitment: sentence, number, kind.

    Words list the commitments that contain them, those promised longest first.
    """
    name = region_of(region)
    which = stated(which, "ID|WORDS") or ""
    with (
        open_database(config, database, existing=True) as (_, store),
        store.read() as connection,
    ):
        if not which.isdecimal():
            if change:
                raise UserError(f"--change: {which} is no number", hint="see monitor changes")
            most = limit_of(limit, form, _IN_TABLE)
            found = find_commitments(
                connection,
                words=which.split(),
                regions=None if name is None else [name],
                limit=most + 1,
            )
            _print_list(form, found[:most], which, name)
            if len(found) > most:
                print_status(f"the first {most}: there are more; see --limit")
            return
        find = commitment_of_change if change else commitment_of_statement
        commitment_id = find(connection, int(which))
        years = [] if commitment_id is None else commitment_years(connection, commitment_id)
    if not years:
        what = f"change {which} is about" if change else f"statement {which} is"
        raise UserError(f"{what} no commitment of a report", hint="monitor commitment WORDS")
    write_rows(
        form,
        ("year", "kind", "number", "text"),
        ((one.year, one.kind, _number(form, one), one.text) for one in years),
        objects=map(_object, years),
    )
    print_status(summary(years))


def summary(years: Sequence[CommitmentYear]) -> str:
    """First promised in, repeated in, grew from … to …, in one line.

    Args:
        years: of one commitment, oldest first; at least one.
    """
    first = years[0]
    parts = [f"commitment {first.commitment_id}, {first.region or '?'}"]
    parts.append(f"first promised in {first.first_year}")
    again = sorted({one.year for one in years if one.kind is not Kind.DROPPED} - {first.first_year})
    if again:
        parts.append(f"repeated in {', '.join(map(str, again))}")
    merged = next((one for one in reversed(years) if one.merged_into is not None), None)
    if merged is not None:
        parts.append(f"goes on in commitment {merged.merged_into} after {merged.year}")
    growth = growth_of(years, metric_core)
    if growth is not None:
        old, new = (to_base(one.value or 0, one.unit or "")[0] for one in growth)
        verb = "grew" if new > old else "fell" if new < old else "stayed"
        before, after = (_number(Format.TABLE, one) for one in growth)
        parts.append(f"{verb} from {before} to {after}")
    return ", ".join(parts)


def _print_list(
    form: Format, found: Sequence[Sequence[CommitmentYear]], words: str, region: str | None
) -> None:
    where = "" if region is None else f" of {region}"
    write_rows(
        form,
        ("id", "region", "first", "last", "number", "text"),
        (
            (
                years[0].commitment_id,
                years[0].region,
                years[0].first_year,
                years[0].last_year,
                _number(form, years[-1]),
                years[-1].text,
            )
            for years in found
        ),
        objects=(_object(one) for years in found for one in years),
        leave_out=() if region is None else ("region",),
        empty=f"no commitment of a report{where} contains {words}: try fewer or shorter words",
    )


def _object(one: CommitmentYear) -> dict[str, Any]:
    return asdict(one) | {"value": number(one.value)}


def _number(form: Format, one: CommitmentYear) -> str:
    return amount_cell(form, one.value, one.unit, one.op)
