"""How results reach the terminal: tables for people, JSON lines and CSV for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Any

from monitor.cli.streams import writes_all
from monitor.printable import printable
from monitor.table_files import csv_chunks, json_object

if TYPE_CHECKING:
    # rich is loaded by what prints with it: JSON lines and CSV do without.
    from rich.progress import Progress


class Format(StrEnum):
    """What ``--format`` takes."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"


def print_error(message: str) -> None:
    """Print an error on standard error: one line, red on a terminal."""
    _print_line(message, style="red")


def print_status(message: str) -> None:
    """Print progress or a result on standard error: one line, dim on a terminal."""
    _print_line(message, style="dim")


def write_text(text: str) -> None:
    """Print a text as it is but for control characters: offsets into it must hold."""
    sys.stdout.write(printable(text))
    if not text.endswith("\n"):
        sys.stdout.write("\n")


def write_jsonl(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object a line."""
    for row in rows:
        sys.stdout.write(json_line(row, file=sys.stdout))


def json_line(
    row: Mapping[str, Any],
    default: Callable[[Any], str] | None = None,
    *,
    file: IO[str] | None = None,
) -> str:
    """An object as a line of JSON.

    Args:
        row: the object.
        default: writes values that JSON has not.
        file: where it goes; characters that its encoding has not are escaped.
    """
    return json_object(row, default, ascii_only=file is not None and not writes_all(file))


def write_csv(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, file: IO[str] | None = None
) -> None:
    """Write CSV with a header, as ``monitor.table_files`` does."""
    (file or sys.stdout).writelines(csv_chunks(columns, rows))


def write_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    leave_out: Collection[str] = (),
    spare: Collection[str] = (),
) -> None:
    """Print a table as wide as the terminal; rows that do not fit are printed as blocks."""
    from rich.console import Console

    from monitor.table import print_table

    shown = [index for index, column in enumerate(columns) if column not in leave_out]
    print_table(
        Console(highlight=False),
        [columns[index] for index in shown],
        [[row[index] for index in shown] for row in rows],
        spare=spare,
    )


def write_rows(
    form: Format,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    objects: Iterable[Mapping[str, Any]] | None = None,
    leave_out: Collection[str] = (),
    spare: Collection[str] = (),
    empty: str = "",
) -> None:
    """Print rows in the requested format.

    Args:
        form: what ``--format`` said.
        columns: the header.
        rows: cells, as many as there are columns.
        objects: printed as JSON lines instead of the rows keyed by column.
        leave_out: columns that a table omits, such as one that was asked for and is in each row.
        spare: columns that a table omits where the terminal is too narrow for them.
        empty: printed on standard error instead of a table without rows: what was looked for,
            and what to try.
    """
    if form is Format.JSONL:
        if objects is None:
            objects = (dict(zip(columns, row, strict=True)) for row in rows)
        write_jsonl(objects)
    elif form is Format.CSV:
        write_csv(columns, rows)
    elif (cells := list(rows)) or not empty:
        write_table(columns, cells, leave_out=leave_out, spare=spare)
    else:
        print_status(empty)


def print_more(order: str, number: int) -> None:
    """Say below a table that there are more rows, and how to get them.

    Args:
        order: which of the rows are shown, such as ``newest``.
        number: how many.
    """
    print_status(f"the {order} {number}: there are more; see --limit, or --format csv for all")


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: 1 change, 2 changes, 1,200 entries."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def progress() -> Progress:
    """A progress bar on standard error; silent where standard error is no terminal.

    What is printed meanwhile stays on standard output, and above the bar on a terminal.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),
        disable=not console.is_terminal,
    )


@contextmanager
def progress_of(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A progress bar of ``total`` steps; yields what is called after each of them."""
    if not _may_style():
        yield lambda: None
        return
    with progress() as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def print_above(bar: Progress, message: str) -> None:
    """Print a line like ``print_status`` while a progress bar is shown: above the bar."""
    from rich.text import Text

    bar.console.print(Text(printable(message), style="dim"), soft_wrap=True, highlight=False)


def _print_line(message: str, *, style: str) -> None:
    if not _may_style():
        with suppress(BrokenPipeError):  # nobody reads it; the exit code says what matters
            sys.stderr.write(f"{printable(message).expandtabs()}\n")
        return
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, soft_wrap=True, highlight=False).print(
        Text(printable(message), style=style)
    )


def _may_style() -> bool:
    """Whether rich would print styles on standard error: it is loaded where it might."""
    return sys.stderr.isatty() or bool({"FORCE_COLOR", "TTY_COMPATIBLE"} & os.environ.keys())
