"""What every table is made of: times in UTC, numbers that count up, names of constraints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Executable,
    Insert,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    TypeDecorator,
    Update,
    bindparam,
    func,
    insert,
    select,
    update,
)

T = TypeVar("T")


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with U+FFFD for what no database takes: half characters (JSON has them) and NUL."""
    return _UNSTORABLE.sub("\ufffd", text)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite has no time zones, so it is kept naive there."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times: they would be read back as another moment."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All tables. Every constraint has a name, for migrations to speak of on both databases."""

# SQLite counts up by itself only for INTEGER; PostgreSQL wants room for years of rows.
Id = BigInteger().with_variant(Integer, "sqlite")


def batches(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """Values in pieces for ``IN``: SQLite takes 32,766 variables, and far fewer plan faster."""
    every = sorted(set(values))  # type: ignore[type-var]  # numbers and names
    for start in range(0, len(every), size):
        yield every[start : start + size]


def is_in(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a column has one of the values of a parameter, for a statement that is built once."""
    return column.in_(bindparam(name, expanding=True))


@cache
def update_by_id(table: Table, names: tuple[str, ...]) -> Update:
    """An UPDATE of some columns; the parameter ``id_of`` says of which row.

    To build a statement takes longer than to run it.
    """
    values: dict[str, BindParameter[object]] = {name: bindparam(name) for name in names}
    return update(table).where(table.c.id == bindparam("id_of")).values(values)


def get_row(connection: Connection, table: Table, *key: object) -> Row[Any] | None:
    """The row of a table with this primary key; None without one."""
    values = dict(zip(table.primary_key.columns.keys(), key, strict=True))
    return connection.execute(_select_by_key(table), values).first()


def get_known_row(connection: Connection, table: Table, *key: object) -> Row[Any]:
    """The row of a table with this primary key.

    Raises:
        NoResultFound: there is none.
    """
    values = dict(zip(table.primary_key.columns.keys(), key, strict=True))
    return connection.execute(_select_by_key(table), values).one()


@cache
def _select_by_key(table: Table) -> Select[Any]:
    return select(table).where(*(one == bindparam(one.name) for one in table.primary_key))


def update_row(connection: Connection, table: Table, *key: object, **values: object) -> None:
    """Set columns of the row of a table with this primary key."""
    where = (one == value for one, value in zip(table.primary_key, key, strict=True))
    connection.execute(update(table).where(*where).values(values))


def insert_into(connection: Connection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT; both databases do, each in a dialect of its own.

    Only the dialect in use is loaded: the other one is megabytes.
    """
    return insert_for(connection.dialect.name, table)


def insert_for(dialect: str, table: Table) -> Any:
    """The same for a dialect by its name, for a statement that is built once."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def insert_rows(
    connection: Connection,
    table: Table,
    values: Sequence[Mapping[str, object]],
    *,
    wanted: bool = True,
) -> list[int]:
    """Insert many rows of a table at once.

    Args:
        connection: a writing transaction.
        table: the table.
        values: the columns of each row.
        wanted: whether the ids are wanted.

    Returns:
        The ids in the order of ``values``.
    """
    if not values:
        return []
    if not wanted:
        connection.execute(_insert_into(table), values)
        return []
    if len(values) > 1 and connection.dialect.name == "sqlite":
        return _insert_numbered(connection, table, values)
    return list(connection.execute(_insert_with_ids(table), values).scalars())


def _insert_numbered(
    connection: Connection, table: Table, values: Sequence[Mapping[str, object]]
) -> list[int]:
    """Insert rows with ids that are given here: those that SQLite would give them.

    SQLite cannot say which row got which id, so that SQLAlchemy would insert them one by one. The
    ids are free until the commit: a writing transaction has the database for itself.
    """
    first = (connection.execute(_newest_id(table)).scalar() or 0) + 1
    ids = list(range(first, first + len(values)))
    rows = [{**one, "id": row_id} for row_id, one in zip(ids, values, strict=True)]
    connection.execute(_insert_into(table), rows)
    return ids


# To build a statement takes longer than to run it.
@cache
def _insert_into(table: Table) -> Insert:
    return insert(table)


@cache
def _insert_with_ids(table: Table) -> Executable:
    return insert(table).returning(table.c.id, sort_by_parameter_order=True)


@cache
def _newest_id(table: Table) -> Select[Any]:
    return select(func.max(table.c.id))
