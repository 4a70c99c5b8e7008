"""``monitor export``: a view as CSV, JSON lines or Parquet."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import IO, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from monitor.atomic_file import replacement_of
from monitor.cli.options import ConfigOption, DatabaseOption, date_of, open_database
from monitor.cli.output import json_line, print_status, write_csv
from monitor.errors import UserError
from monitor.storage.views import View, columns_of, has_time, read_view

_BATCH = 10_000


class FileFormat(StrEnum):
    """What ``monitor export --format`` takes."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def export(
    view: Annotated[View, typer.Argument(help="A view; docs/reference/sql.md has the columns.")],
    form: Annotated[FileFormat, typer.Option("--format", "-f", help="How to write.")] = (
        FileFormat.CSV
    ),
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; standard output otherwise.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Logged on this day or later.")
    ] = None,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write one of the public views into a file, such as the change log."""
    day = date_of(since, "--since")
    if day is not None and not has_time(view):
        raise UserError(f"--since: the rows of {view.value} have no time of their own")
    if form is FileFormat.PARQUET and output is None:
        raise UserError("Parquet is written into a file", hint="add --output FILE")
    with open_database(config, database) as (settings, store), store.read() as session:
        zone = ZoneInfo(settings.timezone)
        start = None if day is None else datetime.combine(day, time.min, zone).astimezone(UTC)
        columns = columns_of(session, view)
        rows = _Counted(read_view(session, view, since=start))
        if form is FileFormat.PARQUET and output is not None:
            _write_parquet(columns, rows, output)
        else:
            with _opened(output) as file:
                if form is FileFormat.CSV:
                    write_csv(columns, rows, file=file)
                else:
                    for row in rows:
                        cells = dict(zip(columns, row, strict=True))
                        file.write(json_line(cells, _plain))
    if output is not None:
        print_status(f"{rows.count} rows written to {output}")


class _Counted:
    """An iterator that counts its rows."""

    def __init__(self, rows: Iterable[Sequence[object]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Sequence[object]]:
        for row in self._rows:
            self.count += 1
            yield row


def _plain(cell: object) -> str:
    return cell.isoformat() if isinstance(cell, date) else str(cell)


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    try:
        with (
            replacement_of(output) as new,
            new.open("w", encoding="utf-8", newline="") as file,
        ):
            yield file
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", file=output) from None


def _write_parquet(columns: Sequence[str], rows: Iterable[Sequence[object]], output: Path) -> None:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise UserError(
            "Parquet needs pyarrow, which is not installed",
            hint="pip install 'policy-monitor[parquet]'",
        ) from None
    parts = []
    batch: list[Sequence[object]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            parts.append(_arrow(pa, columns, batch))
            batch = []
    parts.append(_arrow(pa, columns, batch))
    # A column may be empty in one batch and text in the next.
    whole = pa.concat_tables(parts, promote_options="permissive")
    try:
        with replacement_of(output) as new:
            parquet.write_table(whole, new)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror}", file=output) from None


def _arrow(pa: ModuleType, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Any:
    cells = zip(*rows, strict=True) if rows else ([] for _ in columns)
    return pa.table({name: list(cell) for name, cell in zip(columns, cells, strict=True)})
