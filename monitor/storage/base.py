"""What every table is made of: times in UTC, numbers that count up, names of constraints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib import import_module
from typing import Any, TypeVar, cast

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Executable,
    Float,
    Insert,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    TypeDecorator,
    Update,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Session

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


def insert_into(session: Session, table: type[Base]) -> Any:
    """An INSERT that knows ON CONFLICT; both databases do, each in a dialect of its own.

    Only the dialect in use is loaded: the other one is megabytes.
    """
    return insert_for(session.get_bind().dialect.name, table)


def insert_for(dialect: str, table: type[Base]) -> Any:
    """The same for a dialect by its name, for a statement that is built once."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def table_of(row: type[Base]) -> Table:
    """The table of a mapped class."""
    return cast("Table", row.__table__)


def insert_rows(
    session: Session,
    row: type[Base],
    values: Sequence[Mapping[str, object]],
    *,
    wanted: bool = True,
) -> list[int]:
    """Insert many rows of a table at once.

    Args:
        session: a writing transaction.
        row: the mapped class.
        values: the columns of each row.
        wanted: whether the ids are wanted.

    Returns:
        The ids in the order of ``values``.
    """
    if not values:
        return []
    table = table_of(row)
    if not wanted:
        session.connection().execute(_insert_into(table), values)
        return []
    if len(values) > 1 and session.get_bind().dialect.name == "sqlite":
        return _insert_numbered(session, table, values)
    return list(session.connection().execute(_insert_with_ids(table), values).scalars())


def _insert_numbered(
    session: Session, table: Table, values: Sequence[Mapping[str, object]]
) -> list[int]:
    """Insert rows with ids that are given here: those that SQLite would give them.

    SQLite cannot say which row got which id, so that SQLAlchemy would insert them one by one. The
    ids are free until the commit: a writing transaction has the database for itself.
    """
    connection = session.connection()
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


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can speak of it on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, date: Date, str: Text, float: Float}  # noqa: RUF012
