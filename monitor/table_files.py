"""Rows as CSV, JSON lines and Parquet: what ``monitor export`` writes and the site sends.

All is written row by row or batch by batch, so that a table of any length needs little memory.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from importlib.util import find_spec
from itertools import chain, islice
from typing import Any

from monitor.errors import UserError
from monitor.printable import escape_json, printable

_BATCH = 10_000  # rows of a group in Parquet
_CHUNK = 500  # rows of text
_FORMULA_SIGNS = tuple("=+-@\t\n＝＋－＠")
"""What begins a formula in some spreadsheet (OWASP, CSV injection)."""


class FileFormat(StrEnum):
    """What ``monitor export --format`` takes, and how the names of downloads end."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class CellType(StrEnum):
    """What stands in a column."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DAY = "day"
    TIME = "time"


def json_object(
    row: Mapping[str, Any], default: Callable[[Any], str] | None = None, *, ascii_only: bool = False
) -> str:
    """An object as a line of JSON, with its line feed.

    Args:
        row: the object.
        default: writes values that JSON has not.
        ascii_only: escape all other characters.
    """
    return escape_json(json.dumps(row, ensure_ascii=ascii_only, default=default)) + "\n"


def plain_cell(cell: object) -> str:
    """A value that JSON has not: a time or a day as ISO 8601 has it."""
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def csv_chunks(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """CSV (RFC 4180) with a header; a quote goes before a leading ``=``, ``+``, ``-``, ``@``.

    Spreadsheets run cells that begin so, also with a full-width sign, and the cells come from web
    pages.
    """
    lines = chain((columns,), ([_harmless(cell) for cell in row] for row in rows))
    while some := list(islice(lines, _CHUNK)):
        buffer = io.StringIO(newline="")
        csv.writer(buffer).writerows(some)
        yield buffer.getvalue()


def jsonl_chunks(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """JSON lines: an object for each row, keyed by column."""
    lines = (json_object(dict(zip(columns, row, strict=True)), plain_cell) for row in rows)
    while some := list(islice(lines, _CHUNK)):
        yield "".join(some)


def refuse_without_pyarrow() -> None:
    """Say what to install where Parquet cannot be written.

    Raises:
        UserError: pyarrow is missing.
    """
    if find_spec("pyarrow") is None:
        raise UserError(
            "Parquet needs pyarrow, which is not installed",
            hint="pip install 'policy-monitor[parquet]'",
        )


def parquet_chunks(
    columns: Mapping[str, CellType], rows: Iterable[Sequence[Any]]
) -> Iterator[bytes]:
    """Parquet, whose columns have the same types whatever stands in them.

    Args:
        columns: the type of each, in the order of the cells.
        rows: cells.

    Raises:
        UserError: pyarrow is not installed.
    """
    refuse_without_pyarrow()
    import pyarrow as pa
    from pyarrow import parquet

    arrow = {
        CellType.TEXT: pa.string(),
        CellType.INTEGER: pa.int64(),
        CellType.NUMBER: pa.float64(),
        CellType.BOOLEAN: pa.bool_(),
        CellType.DAY: pa.date32(),
        CellType.TIME: pa.timestamp("us", tz="UTC"),
    }
    types = [arrow[kind] for kind in columns.values()]
    flags = [index for index, kind in enumerate(columns.values()) if kind is CellType.BOOLEAN]
    schema = pa.schema(list(zip(columns, types, strict=True)))
    rest, written = iter(rows), _Written()
    with parquet.ParquetWriter(pa.PythonFile(written, mode="w"), schema) as writer:
        while some := list(islice(rest, _BATCH)):
            cells = [list(column) for column in zip(*some, strict=True)]
            for index in flags:  # SQLite has numbers for them
                cells[index] = [None if one is None else bool(one) for one in cells[index]]
            arrays = [pa.array(one, kind) for one, kind in zip(cells, types, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            yield written.taken()
    yield written.taken()


class _Written(io.RawIOBase):
    """A file that keeps what is written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        copied = bytes(part)
        self._parts.append(copied)
        self._size += len(copied)
        return len(copied)

    def tell(self) -> int:
        return self._size

    def taken(self) -> bytes:
        """What was written since the last call."""
        parts, self._parts = b"".join(self._parts), []
        return parts


def _harmless(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    cell = printable(cell)
    return "'" + cell if cell.startswith(_FORMULA_SIGNS) else cell
