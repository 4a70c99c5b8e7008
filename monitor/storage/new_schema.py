"""The schema of a new SQLite database at once, and the version of the program a schema is of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

from monitor import __version__

_PROGRAM = "policy-monitor "
_SCALES = (1_000_000, 1_000, 1)


def schema_script(folder: Path, revision: str) -> Path:
    """Where the statements stand that make the schema of a revision on SQLite.

    ``tools/sqlite_schema.py`` writes them after the migrations; a test compares both.
    """
    return folder / f"sqlite-{revision}.sql"


def create_schema(connection: Connection, folder: Path, revision: str) -> bool:
    """Make the schema in an empty SQLite database, in the connection's transaction.

    All migrations one after the other take half of a first start, and Alembic stays in memory.

    Args:
        connection: a writing transaction.
        folder: the migrations.
        revision: the newest one.

    Returns:
        Whether it was done: the database is empty, and there is a script of the revision.
        Otherwise nothing was, and the migrations are to be applied.
    """
    if connection.dialect.name != "sqlite":
        return False
    script = schema_script(folder, revision)
    if connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first() or not script.is_file():
        return False
    for statement in _statements(script.read_text(encoding="utf-8")):
        connection.exec_driver_sql(statement)
    return True


def _statements(script: str) -> Iterator[str]:
    """The statements one by one: the driver's own way to run several commits first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        # The body of a trigger has semicolons of its own.
        if line.endswith(";\n") and sqlite3.complete_statement(statement):
            yield statement.rstrip().removesuffix(";")
            statement = ""


def note_version(connection: Connection) -> None:
    """Note which version of the program the schema is of, for older ones to name."""
    parts = [int(part) for part in __version__.split(".")[:3] if part.isdecimal()]
    if connection.dialect.name == "sqlite":
        number = sum(part * scale for part, scale in zip(parts, _SCALES, strict=False))
        connection.exec_driver_sql(f"PRAGMA user_version={number}")
    else:
        said = ".".join(map(str, parts))
        connection.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{_PROGRAM}{said}'")


def schema_version(connection: Connection) -> str | None:
    """The version of the program that ``note_version`` noted; None without one."""
    if connection.dialect.name == "sqlite":
        number = connection.exec_driver_sql("PRAGMA user_version").scalar() or 0
        parts = [number // scale % 1_000 for scale in _SCALES]
        return ".".join(map(str, parts)) if number else None
    said = connection.exec_driver_sql(
        "SELECT obj_description('alembic_version'::regclass, 'pg_class')"
    ).scalar()
    return said.removeprefix(_PROGRAM) if said and said.startswith(_PROGRAM) else None
