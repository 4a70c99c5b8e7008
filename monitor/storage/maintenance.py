"""The care of a database: faults, sizes of tables, and space given back to the disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, text

from monitor.errors import StorageError
from monitor.storage.engine import Database
from monitor.storage.sqlite_files import (
    beside,
    explained_faults,
    file_of,
    integrity_faults,
    open_sqlite,
    options_in_place,
    own_tables,
    text_faults,
)
from monitor.storage.statement_tables import ALL_TABLES
from monitor.storage.tables import document_table

# Where SQLite puts what a VACUUM writes first (sqlite.org/tempfiles.html).
_TEMPORARY = ("SQLITE_TMPDIR", "TMPDIR")
_TEMPORARY_FOLDERS = ("/var/tmp", "/usr/tmp", "/tmp", ".")  # noqa: S108


_SERVER_FAULTS = """
SELECT 'checksums found ' || checksum_failures || ' damaged pages' FROM pg_stat_database
 WHERE datname = current_database() AND checksum_failures > 0
UNION ALL
SELECT 'the index ' || relname || ' is not valid: REINDEX INDEX ' || relname
  FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
 WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace
UNION ALL
SELECT 'the constraint ' || conname || ' was not checked: ALTER TABLE ' || conrelid::regclass
       || ' VALIDATE CONSTRAINT ' || conname
  FROM pg_constraint WHERE NOT convalidated AND connamespace = current_schema()::regnamespace
UNION ALL
SELECT 'a trigger of ' || tgrelid::regclass || ' is switched off: ALTER TABLE '
       || tgrelid::regclass || ' ENABLE TRIGGER ALL'
  FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
 WHERE tgenabled = 'D' AND relnamespace = current_schema()::regnamespace
 GROUP BY tgrelid
"""


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table: its rows, and its bytes with its indexes; None where SQLite cannot tell."""

    table: str
    rows: int
    size: int | None


def file_faults(database: Database) -> list[str]:
    """What is wrong in the file: pages, indexes, references, texts; empty if nothing is.

    Raises:
        UserError: there is no file.
        StorageError: it is no database of this program, or too damaged to be looked at.
    """
    file = file_of(database, "check")
    with (
        explained_faults(file, "cannot be checked"),
        closing(open_sqlite(file, options_in_place(file))) as connection,
    ):
        tables = own_tables(connection, file)
        # A damaged page is no place to read texts from.
        return integrity_faults(connection) or text_faults(connection, tables)


def table_sizes(database: Database) -> list[TableSize]:
    """The tables of this program, the largest first.

    Args:
        database: either kind, with the schema of this version.
    """
    names = sorted(ALL_TABLES.tables)
    with database.read() as connection:
        rows = {
            name: connection.scalar(select(func.count()).select_from(ALL_TABLES.tables[name])) or 0
            for name in names
        }
        if database.is_sqlite:
            sizes = _sqlite_sizes(connection.exec_driver_sql)
        else:
            size = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
            sizes = {name: connection.scalar(size, {"name": f'"{name}"'}) for name in names}
    found = [TableSize(name, rows[name], sizes.get(name)) for name in names]
    return sorted(found, key=lambda one: (-(one.size or 0), -one.rows, one.table))


def current_documents(connection: Connection) -> list[int]:
    """The ids of the documents that have a snapshot, which the projection shows."""
    found = select(document_table.c.id).where(document_table.c.snapshot_id.is_not(None))
    return list(connection.scalars(found.order_by(document_table.c.id)))


def server_faults(database: Database) -> list[str]:
    """What a PostgreSQL server knows to be wrong; empty if nothing is.

    Damaged pages that checksums found, indexes and constraints that do not hold, triggers that
    were switched off, numbers that would be given twice.
    """
    with database.read() as connection:
        query = text(_SERVER_FAULTS)
        faults = [str(one) for one in connection.scalars(query)]
        for table in ALL_TABLES.sorted_tables:
            column = table.autoincrement_column
            if column is None:
                continue
            name = text("SELECT pg_get_serial_sequence(:table, :column)")
            names = {"table": f'"{table.name}"', "column": column.name}
            last = text("SELECT pg_sequence_last_value(CAST(:name AS regclass))")
            counted = connection.scalar(last, {"name": connection.scalar(name, names)}) or 0
            highest = connection.scalar(select(func.max(column))) or 0
            if highest > counted:
                faults.append(
                    f"{table.name} counts up from {counted:,} and has a row {highest:,} already: "
                    f"select setval(pg_get_serial_sequence('{table.name}', '{column.name}'), "
                    f"{highest})"
                )
    return faults


def vacuum_server(database: Database) -> tuple[int, int]:
    """Free what deleted rows took in the tables of a PostgreSQL database, beside running writers.

    Returns:
        The bytes of the database before and after.
    """
    before = database.size() or 0
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for table in ALL_TABLES.sorted_tables:
            connection.exec_driver_sql(f'VACUUM (ANALYZE) "{table.name}"')
    return before, database.size() or 0


def vacuum(database: Database) -> tuple[int, int]:
    """Write the file anew without its free pages; the bytes before and after, with the log.

    Raises:
        UserError: there is no file.
        StorageError: another program holds it, the disk has not the space, or it is another
            program's.
    """
    file = file_of(database, "vacuum")
    with (
        explained_faults(file, "cannot be written anew"),
        closing(open_sqlite(file, "mode=rw")) as connection,
    ):
        own_tables(connection, file)
        _truncate_wal(connection)
        before = _bytes_of(file)
        _refuse_small_disk(file, _used_bytes(connection))
        connection.execute("VACUUM")
        _truncate_wal(connection)
        return before, _bytes_of(file)


def _sqlite_sizes(execute: Callable[[str], Any]) -> dict[str, int | None]:
    try:
        found = execute(
            "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s "
            "JOIN sqlite_master m ON m.name = s.name GROUP BY m.tbl_name"
        )
        return {name: int(size) for name, size in found}
    except Exception as error:
        # SQLite may be compiled without this table.
        if "dbstat" not in str(error):
            raise
        return {}


def _truncate_wal(connection: sqlite3.Connection) -> None:
    """Bring the log into the file; a reader may need some of it for longer."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _bytes_of(file: Path) -> int:
    return sum(path.stat().st_size for path in (file, beside(file, "-wal")) if path.exists())


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _refuse_small_disk(file: Path, needed: int) -> None:
    """SQLite writes all pages into a temporary file, then into the log beside the database."""
    folders = [file.parent, _temporary_folder()]
    one_disk = folders[0].stat().st_dev == folders[1].stat().st_dev
    for folder in folders:
        wanted = needed * 2 if one_disk else needed
        free = shutil.disk_usage(folder).free
        if free < wanted:
            raise StorageError(
                f"{folder} has {free:,} bytes free, and {wanted:,} are needed to write {file.name} "
                "anew: free some space; nothing was changed"
            )


def _temporary_folder() -> Path:
    named = [os.environ[name] for name in _TEMPORARY if name in os.environ]
    for folder in map(Path, (*named, *_TEMPORARY_FOLDERS)):
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
            return folder
    return Path()
