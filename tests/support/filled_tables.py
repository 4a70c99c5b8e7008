"""Rows for every table of a schema, whatever it means: each value is one of a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    func,
    select,
)

NOW = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

Chosen = Mapping[tuple[str, str], Sequence[object]]
"""By table and column: the values that its rows take in turn."""


def value_of(table: Table, column: Column[Any], number: int, chosen: Chosen) -> object:
    """A value that no other row of the table has, if the type has so many."""
    if (table.name, column.name) in chosen:
        values = chosen[table.name, column.name]
        return values[(number - 1) % len(values)]
    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    aware = isinstance(column.type, TypeDecorator) or getattr(kind, "timezone", False)
    if isinstance(kind, String):
        name = "id" if column.primary_key or column.foreign_keys else column.name
        return f"{name[: (kind.length or 99) - 2]}{number}"
    makers: tuple[tuple[type, Callable[[], object]], ...] = (
        (Boolean, lambda: number % 2 == 0),
        (DateTime, lambda: NOW.replace(tzinfo=UTC if aware else None) + number * HOUR),
        (Date, lambda: NOW.date() + number * 24 * HOUR),
        (Float, lambda: float(number)),
        (LargeBinary, lambda: bytes([number])),
        (Integer, lambda: number),
    )
    return next(make() for sort, make in makers if isinstance(kind, sort))


def row_of(table: Table, number: int, chosen: Chosen) -> dict[str, object]:
    """A row whose keys are all the same number, as are those of the rows it names."""
    return {column.name: value_of(table, column, number, chosen) for column in table.columns}


def fill_empty_tables(connection: Connection, tables: MetaData, *, rows: int = 2) -> list[str]:
    """Give rows to the tables that have none; their names."""
    filled = []
    for table in tables.sorted_tables:
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            continue
        there = {
            (table.name, key.parent.name): connection.scalars(
                select(key.column).order_by(key.column).limit(rows)
            ).all()
            for key in table.foreign_keys
            if key.column.table is not table
        }
        connection.execute(
            table.insert(), [row_of(table, number, there) for number in range(1, rows + 1)]
        )
        filled.append(table.name)
    return filled
