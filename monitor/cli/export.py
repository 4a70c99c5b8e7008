"""``monitor export``: a view as CSV, JSON lines or Parquet."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Annotated
from zoneinfo import ZoneInfo

import typer

from monitor.cli.options import ConfigOption, DatabaseOption, SinceOption, open_database
from monitor.cli.output import json_line, print_status, write_csv
from monitor.cli.output_file import (
    STANDARD_OUTPUT,
    format_of,
    refuse_other_file,
    written_beside,
)
from monitor.clock import utc_now
from monitor.errors import UserError
from monitor.periods import start_of
from monitor.storage.engine import Database
from monitor.storage.views import View, cell_types, columns_of, has_time, read_view
from monitor.table_files import (
    CellType,
    FileFormat,
    parquet_chunks,
    plain_cell,
    refuse_without_pyarrow,
)


def export(
    view: Annotated[View, typer.Argument(help="A view; docs/reference/sql.md has the columns.")],
    form: Annotated[
        FileFormat | None,
        typer.Option("--format", "-f", help="How to write; else as the file's name says, or csv."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file; standard output otherwise, as for -."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that holds something else.")
    ] = False,
    since: SinceOption = None,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write one of the public views into a file, such as the change log.

    The file is written beside its place and moved there when it is whole.
    """
    form = format_of(output, form)
    if form is FileFormat.PARQUET and output is None:
        raise UserError("Parquet is written into a file", hint="add --output FILE, or - for a pipe")
    if output is not None and str(output) in STANDARD_OUTPUT:
        output = None
    elif output is not None and not output.name:
        raise UserError("--output: the name is empty", hint="name a file")
    if since is not None and not has_time(view):
        raise UserError(f"--since: the rows of {view.value} have no time of their own")
    if form is FileFormat.PARQUET and output is None and sys.stdout.isatty():
        raise UserError("Parquet is not for a terminal", hint="name a file")
    with open_database(config, database, existing=True) as (settings, store):
        if output is not None:
            refuse_other_file(output, form, force=force, never=_files_of(store))
        zone = ZoneInfo(settings.timezone)
        start = None if since is None else start_of(since, "--since", zone, utc_now())
        with store.read() as connection:
            columns = columns_of(connection, view)
            rows = _Counted(read_view(connection, view, since=start))
            if form is FileFormat.PARQUET:
                _write_parquet(cell_types(columns, view), rows, output)
            else:
                with _opened(output) as file:
                    _write_text(form, columns, rows, file)
    if output is not None:
        print_status(f"{rows.count} row{'' if rows.count == 1 else 's'} written to {output}")


def _files_of(store: Database) -> list[Path]:
    if not store.is_sqlite or not store.url.database:
        return []
    name = store.url.database.removeprefix("file:").partition("?")[0]
    return [Path(name + ending) for ending in ("", "-wal", "-shm", "-journal")]


class _Counted:
    """An iterator that counts its rows."""

    def __init__(self, rows: Iterable[Sequence[object]]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Sequence[object]]:
        for row in self._rows:
            self.count += 1
            yield row


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    with written_beside(output) as new, new.open("w", encoding="utf-8", newline="") as file:
        yield file


def _write_text(
    form: FileFormat, columns: Sequence[str], rows: Iterable[Sequence[object]], file: IO[str]
) -> None:
    if form is FileFormat.CSV:
        write_csv(columns, rows, file=file)
        return
    for row in rows:
        file.write(json_line(dict(zip(columns, row, strict=True)), plain_cell, file=file))


def _write_parquet(
    columns: Mapping[str, CellType], rows: Iterable[Sequence[object]], output: Path | None
) -> None:
    refuse_without_pyarrow()
    if output is None:
        sys.stdout.buffer.writelines(parquet_chunks(columns, rows))
        return
    with written_beside(output) as new, new.open("wb") as file:
        file.writelines(parquet_chunks(columns, rows))
