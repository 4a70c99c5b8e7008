"""How wide the columns of a table are; rows that fit beside each other in no width become blocks.

Widths are in cells. No number or word is broken where the terminal has room for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.line_breaks import broken_lines, widest_piece
from monitor.printable import printable

_LONG = 24
"""What is wider is a text, which may take several lines."""
_COMFORTABLE = 14
"""A text in less than this is not read."""
_ADDRESS = 30
"""A piece that is wider, such as an address, is broken."""
_MOST_LINES = 4
"""A table whose texts take more lines than this on average is not read either."""
_BORDER = 3


@dataclass(frozen=True, slots=True)
class _Column:
    """The widths of a column: of its widest line, of its widest piece, and of a text on average."""

    name: str
    widest: int
    least: int
    average: float

    @property
    def comfortable(self) -> int:
        return max(self.least, min(self.widest, _COMFORTABLE))

    @property
    def is_long(self) -> bool:
        return self.widest > _LONG


def print_table(
    console: Console,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    spare: Collection[str] = (),
) -> None:
    """Print rows as a table where they fit into the width, else as a block each.

    Args:
        console: where to print.
        columns: the header.
        rows: cells, as many as there are columns; columns without a value are left out.
        spare: columns that are left out of a table that fits without them only.
    """
    cells = [[_shown(cell) for cell in row] for row in rows]
    filled = [i for i in range(len(columns)) if not cells or any(row[i] for row in cells)]
    names = [columns[i] for i in filled]
    cells = [[row[i] for i in filled] for row in cells]
    measured = [_measured(name, [row[i] for row in cells]) for i, name in enumerate(names)]
    widths = _widths(measured, console.width)
    kept = [i for i, name in enumerate(names) if name not in spare]
    if widths is None and 0 < len(kept) < len(names):
        widths = _widths([measured[i] for i in kept], console.width)
        if widths is not None:
            names = [names[i] for i in kept]
            cells = [[row[i] for i in kept] for row in cells]
    if widths is None:
        _print_blocks(console, measured, cells)
        return
    table = Table(expand=False)
    for name, width in zip(names, widths, strict=True):
        table.add_column(name, no_wrap=True, width=width)
    for row in cells:
        table.add_row(
            *(Text("\n".join(broken_lines(c, w))) for c, w in zip(row, widths, strict=True))
        )
    console.print(table)


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    # A time of ISO 8601 may be broken between day and hour.
    return _time_pattern().sub(r"\1 \2", printable(str(cell)))


@cache
def _time_pattern() -> re.Pattern[str]:
    return re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?:[+-]\d\d:\d\d)?)$")


def _measured(name: str, cells: Sequence[str]) -> _Column:
    lines = [line for cell in cells for line in cell.split("\n")]
    header = cell_len(name)
    sizes = [cell_len(line) for line in lines]
    pieces = (min(widest_piece(line), _ADDRESS) for line in lines)
    return _Column(
        name, max([header, *sizes]), max([header, *pieces]), sum(sizes) / max(len(cells), 1)
    )


def _widths(columns: Sequence[_Column], terminal: int) -> list[int] | None:
    """The width of each column in a terminal; None if the texts would get too little.

    What is left after each column has what it needs goes to names first, which then stay in a line,
    then to the text that takes the most lines.
    """
    room = terminal - _BORDER * len(columns) - 1
    if sum(column.widest for column in columns) <= room:
        return [column.widest for column in columns]
    widths = [column.comfortable for column in columns]
    left = room - sum(widths)
    if left < 0:
        return None
    for _ in range(left):
        hungry = [i for i, column in enumerate(columns) if widths[i] < column.widest]
        if not hungry:
            break
        most = max(hungry, key=lambda i: (not columns[i].is_long, columns[i].average / widths[i]))
        widths[most] += 1
    lines = max(column.average / width for column, width in zip(columns, widths, strict=True))
    return widths if lines <= _MOST_LINES else None


def _print_blocks(
    console: Console, columns: Sequence[_Column], rows: Sequence[Sequence[str]]
) -> None:
    """A line with the short cells of a row, and one or more for each of its texts."""
    margin = max((cell_len(column.name) for column in columns if column.is_long), default=0) + 4
    for row in rows:
        pairs = [(column, cell) for column, cell in zip(columns, row, strict=True) if cell]
        console.print(_heading([(c.name, cell) for c, cell in pairs if not c.is_long], console))
        texts = [(column.name, cell) for column, cell in pairs if column.is_long]
        for name, cell in texts:
            label = f"  {name}".ljust(margin)
            for line in broken_lines(cell, max(console.width - margin, _COMFORTABLE)):
                console.print(
                    Text(label, style="dim") + Text(line, style="default"), soft_wrap=True
                )
                label = " " * margin


def _heading(pairs: Sequence[tuple[str, str]], console: Console) -> Text:
    heading = Text()
    used = 0
    for name, cell in pairs:
        size = cell_len(f"{name} {cell}")
        if used and used + 3 + size > console.width:
            heading.append("\n")
            used = 0
        elif used:
            heading.append("   ")
            used += 3
        heading.append(f"{name} ", style="dim").append(cell, style="bold")
        used += size
    return heading
