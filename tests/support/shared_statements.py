"""Compiled statements that all databases of a test run share."""

from __future__ import annotations

from typing import Any

from sqlalchemy.util import LRUCache


class SharedStatements(LRUCache[Any, Any]):
    """SQLAlchemy's cache of compiled statements, by the kind of database instead of its engine.

    A test opens a database of its own, and to compile the same statements for it takes longer
    than to run them. SQL, and how its results are read, depend on the kind of database alone.
    """

    __slots__ = ()

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_without_engine(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_without_engine(key), value)


def _without_engine(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *statement = key
    return (dialect.name, dialect.driver, *statement)
