"""SQLite files and what lies beside them: opened to be read, copied or checked."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import StorageError, UserError
from monitor.storage.engine import REVISION_TABLE, Database, explain_fault

_BUSY_SECONDS = 30.0
_MAX_FAULTS = 20
DUMP_MAGIC = b"PGDMP"
SQLITE_MAGIC = b"SQLite format 3\0"
JOURNALS = ("-wal", "-journal")
SIDE_FILES = (*JOURNALS, "-shm")


def file_of(database: Database, action: str) -> Path:
    """The file of an SQLite database, where links lead to.

    Args:
        database: not opened.
        action: what cannot be done without a file, for the message.

    Raises:
        UserError: it is in memory, or not there.
    """
    file = database.file
    if file is None:
        raise UserError(f"a database in memory has no file to {action}", hint="name a file")
    if not file.exists():
        raise UserError(
            "there is no database here yet", file=file, hint="--database names another one"
        )
    return file.resolve()


def first_bytes(file: Path) -> bytes:
    """As many as tell what kind of file it is: ``SQLITE_MAGIC``, ``DUMP_MAGIC``."""
    with file.open("rb") as opened:
        return opened.read(len(SQLITE_MAGIC))


def open_sqlite(file: Path, options: str) -> sqlite3.Connection:
    """A connection in autocommit mode.

    Args:
        file: the database.
        options: of its URI (``mode=rw``; sqlite.org/uri.html).
    """
    return sqlite3.connect(
        f"{file.absolute().as_uri()}?{options}",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_SECONDS,
    )


@contextmanager
def explained_faults(file: Path, what: str) -> Iterator[None]:
    """Raise SQLite's errors as errors of this program that say ``what`` failed."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain_fault(str(file), what, error, file=file) from error


def beside(file: Path, ending: str) -> Path:
    """The file of SQLite's own that belongs to a database: ``-wal``, ``-shm``."""
    return file.with_name(file.name + ending)


def remove_side_files(file: Path) -> None:
    """Remove what SQLite keeps beside a database."""
    for ending in SIDE_FILES:
        beside(file, ending).unlink(missing_ok=True)


def leave_wal_mode(connection: sqlite3.Connection) -> None:
    """Move what is in the write-ahead log into the file, and do without a log.

    Raises:
        sqlite3.OperationalError: another program has the file open: it keeps its log.
    """
    if connection.execute("PRAGMA journal_mode=DELETE").fetchone() != ("delete",):
        raise sqlite3.OperationalError("database is locked")


def own_tables(connection: sqlite3.Connection, file: Path) -> list[str]:
    """The tables of a database of this program; none of an empty one.

    Raises:
        StorageError: it is another program's.
    """
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' "
        "ESCAPE '~' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    )
    names = [name for (name,) in found]
    if names and REVISION_TABLE not in names:
        raise StorageError(
            f"{file} is the database of another program (tables {', '.join(names[:3])}): "
            "name another file"
        )
    return names


def integrity_faults(connection: sqlite3.Connection) -> list[str]:
    """What is wrong with pages, indexes and references; empty if nothing is."""
    found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_MAX_FAULTS})")]
    faults = [" ".join(str(one).split()) for one in found if one != "ok"]
    lost: dict[tuple[str, str], int] = {}
    for table, _row, parent, _key in connection.execute("PRAGMA foreign_key_check"):
        lost[table, parent] = lost.get((table, parent), 0) + 1
    faults += [
        f"{number:,} of {table} name a row of {parent} that is not there"
        for (table, parent), number in lost.items()
    ]
    return faults


def text_faults(connection: sqlite3.Connection, tables: Sequence[str]) -> list[str]:
    """Columns with text that is not UTF-8; empty if there is none.

    SQLite stores whatever bytes it is given as text, and finds nothing wrong with them; whoever
    reads the row fails. A changed byte in a page looks like that.

    Args:
        connection: of a file whose pages are sound.
        tables: their names.
    """
    faults = []
    for table in tables:
        columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        texts = [str(name) for _, name, kind, *_ in columns if not _is_number(kind)]
        listed = ", ".join(f'"{name}"' for name in texts)
        if not texts or _is_readable(connection, f'SELECT {listed} FROM "{table}"'):  # noqa: S608
            continue
        keys = [str(name) for _, name, *_, part in columns if part]
        faults += [
            fault
            for name in texts
            if (fault := _column_fault(connection, table, name, keys)) is not None
        ]
    return faults


def _is_number(kind: str) -> bool:
    return kind.upper() in {"INTEGER", "FLOAT", "BOOLEAN", "BLOB"}


def _is_readable(connection: sqlite3.Connection, query: str) -> bool:
    """Whether every text of a query is UTF-8; the driver decodes each."""
    try:
        for _ in connection.execute(query):
            pass
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
        return False
    return True


def _column_fault(
    connection: sqlite3.Connection, table: str, column: str, keys: Sequence[str]
) -> str | None:
    listed = "".join(f', CAST("{key}" AS BLOB)' for key in keys)
    wrong: list[tuple[bytes, ...]] = []
    for text, *key in connection.execute(
        f'SELECT CAST("{column}" AS BLOB){listed} FROM "{table}" '  # noqa: S608
        f"WHERE typeof(\"{column}\") = 'text'"
    ):
        try:
            text.decode()
        except UnicodeDecodeError:
            wrong.append(tuple(key))
    if not wrong:
        return None
    named = ", ".join(
        f"{key} {value.decode(errors='replace')}" for key, value in zip(keys, wrong[0], strict=True)
    )
    return f"{len(wrong):,} of {table} have a {column} that is not UTF-8; the first is {named}"


def options_in_place(file: Path) -> str:
    """How to read the database itself: to write is to clear away the log that reading makes."""
    return "mode=rw" if os.access(file.parent, os.W_OK) else options_at_rest(file)


def options_at_rest(file: Path) -> str:
    """How to open a copy: one without a log is at rest, and opened without making one."""
    used = any(beside(file.resolve(), ending).exists() for ending in JOURNALS)
    return "mode=ro" if used else "immutable=1"
