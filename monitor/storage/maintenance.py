"""Copies of the database, what restores them, and the care of its file.

A PostgreSQL server has programs of its own for copies (``pg_dump_command``).
"""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, func, select, text
from sqlalchemy.orm import Session

from monitor.atomic_file import replacement_of, write_error
from monitor.errors import StorageError, UserError
from monitor.storage.engine import Database, explain_fault, known_revisions, newest_revision
from monitor.storage.statement_tables import METADATA
from monitor.storage.tables import DocumentRow

_OWNER_ONLY = 0o600
_BUSY_SECONDS = 30.0
# A command ends within this time; who holds the file for longer is the daemon.
_HELD_SECONDS = 2.0
_PAGES_AT_ONCE = 4_000
_MAX_FAULTS = 20
_REVISIONS = "alembic_version"
_DUMP_MAGIC = b"PGDMP"
_SQLITE_MAGIC = b"SQLite format 3\0"
_JOURNALS = ("-wal", "-journal")
_SIDE_FILES = (*_JOURNALS, "-shm")
# A database without any of these has nothing to lose: the rest is made again at the next start.
_KEPT_TABLES = ("document", "change", "recipient", "alert")
_SECRET_OPTIONS = ("password", "sslpassword")
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
class Contents:
    """What a database of this program holds: the revision of its schema, and rows by table."""

    revision: str
    rows: Mapping[str, int]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be lost with it."""
        return not any(self.rows.get(table) for table in _KEPT_TABLES)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: what the copy held, the revisions that were applied, the old file."""

    contents: Contents
    applied: Sequence[str]
    kept: Path | None


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table: its rows, and its bytes with its indexes; None where SQLite cannot tell."""

    table: str
    rows: int
    size: int | None


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


def pg_dump_command(url: URL, target: Path) -> str:
    """The command that copies a PostgreSQL database; without a password."""
    return shlex.join(
        ["pg_dump", "--format=custom", f"--file={target}", f"--dbname={_without_password(url)}"]
    )


def pg_restore_command(url: URL, source: Path) -> str:
    """The command that restores what ``pg_dump_command`` wrote; without a password."""
    name = f"--dbname={_without_password(url)}"
    return shlex.join(["pg_restore", "--clean", "--if-exists", "--no-owner", name, str(source)])


def vacuumdb_command(url: URL) -> str:
    """The command that gives space back to the disk of a PostgreSQL server; without a password."""
    return shlex.join(["vacuumdb", "--full", "--analyze", f"--dbname={_without_password(url)}"])


def _without_password(url: URL) -> str:
    return URL.create(
        "postgresql",
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query=url.difference_update_query(_SECRET_OPTIONS).query,
    ).render_as_string()


def back_up(
    database: Database,
    target: Path,
    *,
    force: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Contents:
    """Copy a database that others may write to meanwhile, as it was at one moment.

    The copy is one file that needs nothing beside it, open to its owner alone. It is checked
    before it takes its name.

    Args:
        database: SQLite; its schema may be older than this program's.
        target: where the copy goes; an older copy is replaced.
        force: replace a file that is something else.
        progress: called with the pages copied so far and all pages.

    Raises:
        UserError: there is no database, or something else has the name.
        StorageError: the database cannot be read, is another program's, or the copy is not whole.
    """
    file = file_of(database, "back up")
    _refuse_target(target, file, force=force)
    with (
        _written_beside(target, mode=_OWNER_ONLY) as new,
        _faults_of(file, "cannot be copied"),
        closing(_connect(file, _in_place(file))) as source,
    ):
        # The transaction sees one state to its end, whoever writes.
        source.execute("BEGIN")
        before = _contents_of(source, file)
        _copy(source, new, progress)
        after = _examine(new, file)
        if after != before:
            raise StorageError(f"{target}: the copy has not the rows of {file}: nothing is kept")
    return after


def restore(database: Database, source: Path, *, now: datetime, force: bool = False) -> Restored:
    """Put a copy where the database is, with the schema of this version.

    The copy is checked and upgraded beside the database and takes its place in one step, while no
    other program can open the old one.

    Args:
        database: SQLite; its file may be missing or damaged.
        source: what ``back_up`` wrote, or any database of this program.
        now: names the old file.
        force: replace a database that holds something; it is kept beside.

    Raises:
        UserError: there is no such copy, it is the database itself, or that holds something.
        StorageError: the copy is damaged, another program's or newer than this program; or the
            database is in use.
    """
    if database.file is None:
        raise UserError("a database in memory cannot be restored", hint="name a file")
    file = database.file.resolve()
    _refuse_source(source, file)
    with _held(file, force=force) as keep, _written_beside(file, mode=_mode_of(file)) as new:
        with (
            _faults_of(source, "cannot be restored"),
            closing(_connect(source, _at_rest(source))) as copy,
        ):
            _copy(copy, new)
            contents = _examine(new, source)
        applied = _upgrade(new)
        _give_to_owner(new, file)
        kept = _set_aside(file, now) if keep else None
        if not keep:
            _remove_side_files(file)
    return Restored(contents, applied, kept)


def file_faults(database: Database) -> list[str]:
    """What SQLite finds wrong in the file: pages, indexes, references; empty if nothing is.

    Raises:
        UserError: there is no file.
        StorageError: it is no database of this program, or too damaged to be looked at.
    """
    file = file_of(database, "check")
    with (
        _faults_of(file, "cannot be checked"),
        closing(_connect(file, _in_place(file))) as connection,
    ):
        _refuse_foreign(connection, file)
        return _faults(connection)


def table_sizes(database: Database) -> list[TableSize]:
    """The tables of this program, the largest first.

    Args:
        database: either kind, with the schema of this version.
    """
    names = sorted(METADATA.tables)
    with database.read() as session:
        rows = {
            name: session.scalar(select(func.count()).select_from(METADATA.tables[name])) or 0
            for name in names
        }
        if database.is_sqlite:
            sizes = _sqlite_sizes(session.connection().exec_driver_sql)
        else:
            size = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
            sizes = {name: session.scalar(size, {"name": f'"{name}"'}) for name in names}
    found = [TableSize(name, rows[name], sizes.get(name)) for name in names]
    return sorted(found, key=lambda one: (-(one.size or 0), -one.rows, one.table))


def current_documents(session: Session) -> list[int]:
    """The ids of the documents that have a snapshot, which the projection shows."""
    found = select(DocumentRow.id).where(DocumentRow.snapshot_id.is_not(None))
    return list(session.scalars(found.order_by(DocumentRow.id)))


def server_faults(database: Database) -> list[str]:
    """What a PostgreSQL server knows to be wrong; empty if nothing is.

    Damaged pages that checksums found, indexes and constraints that do not hold, triggers that
    were switched off, numbers that would be given twice.
    """
    with database.read() as session:
        query = text(_SERVER_FAULTS)
        faults = [str(one) for one in session.scalars(query)]
        for table in METADATA.sorted_tables:
            column = table.autoincrement_column
            if column is None:
                continue
            name = text("SELECT pg_get_serial_sequence(:table, :column)")
            names = {"table": f'"{table.name}"', "column": column.name}
            last = text("SELECT pg_sequence_last_value(CAST(:name AS regclass))")
            counted = session.scalar(last, {"name": session.scalar(name, names)}) or 0
            highest = session.scalar(select(func.max(column))) or 0
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
        for table in METADATA.sorted_tables:
            connection.exec_driver_sql(f'VACUUM (ANALYZE) "{table.name}"')
    return before, database.size() or 0


def refuse_dump(source: Path) -> None:
    """Tell what a file is that no server restores.

    Raises:
        UserError: it is not there, an SQLite database, or nothing that pg_restore reads.
    """
    if not source.is_file():
        what = "this is no file" if source.exists() else "there is no such file"
        raise UserError(what, file=source, hint="pg_dump --format=custom writes one")
    start = _start_of(source)
    if start == _SQLITE_MAGIC:
        raise UserError(
            "this is an SQLite database",
            file=source,
            hint=f"monitor db copy sqlite:///{source} TO, into an empty database",
        )
    if not start.startswith(_DUMP_MAGIC):
        raise UserError(
            "this is nothing that pg_restore reads",
            file=source,
            hint="pg_dump --format=custom writes one",
        )


def _start_of(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(len(_SQLITE_MAGIC))


def vacuum(database: Database) -> tuple[int, int]:
    """Write the file anew without its free pages; the bytes before and after, with the log.

    Raises:
        UserError: there is no file.
        StorageError: another program holds it, the disk has not the space, or it is another
            program's.
    """
    file = file_of(database, "vacuum")
    with (
        _faults_of(file, "cannot be written anew"),
        closing(_connect(file, "mode=rw")) as connection,
    ):
        _refuse_foreign(connection, file)
        _empty_log(connection)
        before = _bytes_of(file)
        _refuse_small_disk(file, _used_bytes(connection))
        connection.execute("VACUUM")
        _empty_log(connection)
        return before, _bytes_of(file)


def _connect(file: Path, options: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{file.absolute().as_uri()}?{options}",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_SECONDS,
    )


@contextmanager
def _faults_of(file: Path, what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise explain_fault(str(file), what, error, file=file) from error


@contextmanager
def _written_beside(target: Path, *, mode: int) -> Iterator[Path]:
    """A new file that takes the place of ``target``; SQLite's own files beside it are removed."""
    try:
        with replacement_of(target, mode=mode) as new:
            try:
                yield new
            finally:
                _remove_side_files(new)
    except OSError as error:
        raise write_error(error, target) from None


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


def _remove_side_files(file: Path) -> None:
    for ending in _SIDE_FILES:
        _beside(file, ending).unlink(missing_ok=True)


def _copy(
    source: sqlite3.Connection,
    new: Path,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    with closing(_connect(new, "mode=rw")) as target:
        source.backup(
            target,
            pages=_PAGES_AT_ONCE,
            progress=lambda _status, left, total: progress(total - left, total),
        )
        _one_file(target)


def _one_file(connection: sqlite3.Connection) -> None:
    """Move what is in the write-ahead log into the file, and do without a log.

    Raises:
        sqlite3.OperationalError: another program has the file open: it keeps its log.
    """
    if connection.execute("PRAGMA journal_mode=DELETE").fetchone() != ("delete",):
        raise sqlite3.OperationalError("database is locked")


def _contents_of(connection: sqlite3.Connection, file: Path) -> Contents:
    names = _refuse_foreign(connection, file)
    rows = {name: _count(connection, name) for name in names}
    return Contents(_revision_of(connection, file), rows)


def _revision_of(connection: sqlite3.Connection, file: Path) -> str:
    if not _refuse_foreign(connection, file):
        raise StorageError(f"{file}: this database is empty: it has no tables")
    found = connection.execute(f"SELECT version_num FROM {_REVISIONS}").fetchone()  # noqa: S608
    return str(found[0]) if found else ""


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608


def _refuse_foreign(connection: sqlite3.Connection, file: Path) -> list[str]:
    """The tables of a database of this program; none of an empty one.

    Raises:
        StorageError: it is another program's.
    """
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' "
        "ESCAPE '~' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    )
    names = [name for (name,) in found]
    if names and _REVISIONS not in names:
        raise StorageError(
            f"{file} is the database of another program (tables {', '.join(names[:3])}): "
            "name another file"
        )
    return names


def _examine(file: Path, origin: Path) -> Contents:
    """Check a copy; the messages name what it was made of."""
    with closing(_connect(file, "mode=ro")) as connection:
        contents = _contents_of(connection, origin)
        faults = _faults(connection)
    if faults:
        raise StorageError(f"{origin} is damaged: {faults[0]}")
    return contents


def _faults(connection: sqlite3.Connection) -> list[str]:
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


def _refuse_target(target: Path, file: Path, *, force: bool) -> None:
    if target.is_dir():
        raise UserError("this is a folder", file=target, hint="name a file in it")
    if not target.exists():
        return
    used = [file, *(_beside(file, ending) for ending in _SIDE_FILES)]
    if any(one.exists() and target.samefile(one) for one in used):
        raise UserError("this is the database itself", file=target, hint="name another file")
    if not target.is_file():
        raise UserError("this is no file", file=target, hint="name another one")
    if any(_beside(target.resolve(), ending).exists() for ending in _JOURNALS):
        raise UserError(
            "this is a database that a program uses, or used when it crashed",
            file=target,
            hint="name another file",
        )
    if not force and not _is_ours(target):
        raise UserError(
            "there is another file already, which is no copy of a database of this program",
            file=target,
            hint="name another file, or add --force",
        )


def _is_ours(file: Path) -> bool:
    if file.stat().st_size == 0:
        return True
    try:
        with closing(_connect(file, "immutable=1")) as connection:
            return bool(_refuse_foreign(connection, file))
    except (sqlite3.Error, StorageError):
        return False


def _refuse_source(source: Path, file: Path) -> None:
    if not source.is_file():
        what = "this is no file" if source.exists() else "there is no such file"
        raise UserError(what, file=source, hint="monitor db backup FILE writes one")
    if file.exists() and source.samefile(file):
        raise UserError("this is the database itself", file=source, hint="name its copy")
    if _start_of(source).startswith(_DUMP_MAGIC):
        raise UserError(
            "this is a copy of a PostgreSQL database",
            file=source,
            hint="pg_restore puts it into one, and monitor db copy copies that one here",
        )
    newest, known = newest_revision(), known_revisions()
    with (
        _faults_of(source, "cannot be restored"),
        closing(_connect(source, _at_rest(source))) as connection,
    ):
        revision = _revision_of(connection, source)
    if revision not in known:
        raise StorageError(
            f"{source} was written by a newer version of this program (schema {revision}); this "
            f"one knows schema {newest} at most – upgrade it: pip install --upgrade policy-monitor"
        )


def _in_place(file: Path) -> str:
    """How to read the database itself: to write is to clear away the log that reading makes."""
    return "mode=rw" if os.access(file.parent, os.W_OK) else _at_rest(file)


def _at_rest(file: Path) -> str:
    """How to open a copy: one without a log is at rest, and opened without making one."""
    used = any(_beside(file.resolve(), ending).exists() for ending in _JOURNALS)
    return "mode=ro" if used else "immutable=1"


@contextmanager
def _held(file: Path, *, force: bool) -> Iterator[bool]:
    """Keep other programs out of the database that is replaced; whether it is worth keeping.

    Nothing of the old file may be in a log when it is replaced: SQLite would write it into the
    new one.
    """
    if not file.exists():
        yield False
        return
    if not file.is_file():
        raise UserError("this is no file", file=file, hint="--database names another one")
    with (
        _faults_of(file, "cannot be replaced"),
        closing(_connect(file, "mode=rw")) as connection,
    ):
        connection.execute(f"PRAGMA busy_timeout={int(_HELD_SECONDS * 1000)}")
        try:
            filled = (
                bool(_refuse_foreign(connection, file))
                and not _contents_of(connection, file).is_empty
            )
        except sqlite3.DatabaseError as error:
            _refuse_locked(error, file)
            filled = True
        if filled and not force:
            raise UserError(
                "there is a database already, which holds something",
                file=file,
                hint="--force replaces it and keeps it beside",
            )
        try:
            # While another program has the file open, it keeps its write-ahead log.
            _one_file(connection)
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            # A damaged file is set aside with its log.
            _refuse_locked(error, file)
        yield filled


def _refuse_locked(error: sqlite3.DatabaseError, file: Path) -> None:
    """Raise what is no damage of the file: such an error hides nothing that is lost."""
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        raise StorageError(
            f"{file} is in use by another program: stop monitor run, then restore again"
        ) from None
    if isinstance(error, sqlite3.OperationalError) and "disk I/O" not in str(error):
        raise error


def _mode_of(file: Path) -> int:
    return file.stat().st_mode & 0o777 if file.exists() else _OWNER_ONLY


def _upgrade(new: Path) -> list[str]:
    store = Database(URL.create("sqlite", database=str(new)).render_as_string())
    try:
        applied = store.upgrade()
    finally:
        store.close()
    with _faults_of(new, "cannot be upgraded"), closing(_connect(new, "mode=rw")) as connection:
        _one_file(connection)
    return applied


def _give_to_owner(new: Path, file: Path) -> None:
    """Root restores for the user of the daemon: the owner of the old file, or of the folder."""
    if os.geteuid() == 0:
        owner = (file if file.exists() else file.parent).stat()
        os.chown(new, owner.st_uid, owner.st_gid)


def _set_aside(file: Path, now: datetime) -> Path:
    """Give the old file a second name; the first is about to be the new one's.

    Its log goes first: beside the new file it would be written into it.
    """
    kept = file.with_name(f"{file.name}.before-restore-{now:%Y%m%dT%H%M%SZ}")
    if kept.exists():
        raise UserError("this name is taken", file=kept, hint="try again in a second")
    try:
        os.link(file, kept)
    except OSError:
        # A file system without a second name: for a moment there is no database.
        file.rename(kept)
    for ending in _JOURNALS:
        with suppress(FileNotFoundError):
            _beside(file, ending).rename(_beside(kept, ending))
    _remove_side_files(file)
    return kept


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


def _empty_log(connection: sqlite3.Connection) -> None:
    """Bring the log into the file; a reader may need some of it for longer."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _bytes_of(file: Path) -> int:
    return sum(path.stat().st_size for path in (file, _beside(file, "-wal")) if path.exists())


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
