"""Copies of the database, and what restores them.

A PostgreSQL server has programs of its own for copies (``pg_dump_command``).
"""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL

from monitor.atomic_file import replacement_of, write_error
from monitor.errors import StorageError, UserError
from monitor.storage.engine import REVISION_TABLE, Database, known_revisions, newest_revision
from monitor.storage.sqlite_files import (
    DUMP_MAGIC,
    JOURNALS,
    SIDE_FILES,
    SQLITE_MAGIC,
    beside,
    explained_faults,
    file_of,
    first_bytes,
    integrity_faults,
    leave_wal_mode,
    open_sqlite,
    options_at_rest,
    options_in_place,
    own_tables,
    remove_side_files,
)

_OWNER_ONLY = 0o600
# A command ends within this time; who holds the file for longer is the daemon.
_HELD_SECONDS = 2.0
_PAGES_AT_ONCE = 4_000
# A database without any of these has nothing to lose: the rest is made again at the next start.
_KEPT_TABLES = ("document", "change", "recipient", "alert")
_SECRET_OPTIONS = ("password", "sslpassword")


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
        explained_faults(file, "cannot be copied"),
        closing(open_sqlite(file, options_in_place(file))) as source,
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
            explained_faults(source, "cannot be restored"),
            closing(open_sqlite(source, options_at_rest(source))) as copy,
        ):
            _copy(copy, new)
            contents = _examine(new, source)
        applied = _upgrade(new)
        _give_to_owner(new, file)
        kept = _set_aside(file, now) if keep else None
        if not keep:
            remove_side_files(file)
    return Restored(contents, applied, kept)


def refuse_dump(source: Path) -> None:
    """Tell what a file is that no server restores.

    Raises:
        UserError: it is not there, an SQLite database, or nothing that pg_restore reads.
    """
    if not source.is_file():
        what = "this is no file" if source.exists() else "there is no such file"
        raise UserError(what, file=source, hint="pg_dump --format=custom writes one")
    start = first_bytes(source)
    if start == SQLITE_MAGIC:
        raise UserError(
            "this is an SQLite database",
            file=source,
            hint=f"monitor db copy sqlite:///{source} TO, into an empty database",
        )
    if not start.startswith(DUMP_MAGIC):
        raise UserError(
            "this is nothing that pg_restore reads",
            file=source,
            hint="pg_dump --format=custom writes one",
        )


@contextmanager
def _written_beside(target: Path, *, mode: int) -> Iterator[Path]:
    """A new file that takes the place of ``target``; SQLite's own files beside it are removed."""
    try:
        with replacement_of(target, mode=mode) as new:
            try:
                yield new
            finally:
                remove_side_files(new)
    except OSError as error:
        raise write_error(error, target) from None


def _copy(
    source: sqlite3.Connection,
    new: Path,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    with closing(open_sqlite(new, "mode=rw")) as target:
        source.backup(
            target,
            pages=_PAGES_AT_ONCE,
            progress=lambda _status, left, total: progress(total - left, total),
        )
        leave_wal_mode(target)


def _contents_of(connection: sqlite3.Connection, file: Path) -> Contents:
    names = own_tables(connection, file)
    rows = {name: _count(connection, name) for name in names}
    return Contents(_revision_of(connection, file), rows)


def _revision_of(connection: sqlite3.Connection, file: Path) -> str:
    if not own_tables(connection, file):
        raise StorageError(f"{file}: this database is empty: it has no tables")
    found = connection.execute(f"SELECT version_num FROM {REVISION_TABLE}").fetchone()  # noqa: S608
    return str(found[0]) if found else ""


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608


def _examine(file: Path, origin: Path) -> Contents:
    """Check a copy; the messages name what it was made of."""
    with closing(open_sqlite(file, "mode=ro")) as connection:
        contents = _contents_of(connection, origin)
        faults = integrity_faults(connection)
    if faults:
        raise StorageError(f"{origin} is damaged: {faults[0]}")
    return contents


def _refuse_target(target: Path, file: Path, *, force: bool) -> None:
    if target.is_dir():
        raise UserError("this is a folder", file=target, hint="name a file in it")
    if not target.exists():
        return
    used = [file, *(beside(file, ending) for ending in SIDE_FILES)]
    if any(one.exists() and target.samefile(one) for one in used):
        raise UserError("this is the database itself", file=target, hint="name another file")
    if not target.is_file():
        raise UserError("this is no file", file=target, hint="name another one")
    if any(beside(target.resolve(), ending).exists() for ending in JOURNALS):
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
        with closing(open_sqlite(file, "immutable=1")) as connection:
            return bool(own_tables(connection, file))
    except (sqlite3.Error, StorageError):
        return False


def _refuse_source(source: Path, file: Path) -> None:
    if not source.is_file():
        what = "this is no file" if source.exists() else "there is no such file"
        raise UserError(what, file=source, hint="monitor db backup FILE writes one")
    if file.exists() and source.samefile(file):
        raise UserError("this is the database itself", file=source, hint="name its copy")
    if first_bytes(source).startswith(DUMP_MAGIC):
        raise UserError(
            "this is a copy of a PostgreSQL database",
            file=source,
            hint="pg_restore puts it into one, and monitor db copy copies that one here",
        )
    newest, known = newest_revision(), known_revisions()
    with (
        explained_faults(source, "cannot be restored"),
        closing(open_sqlite(source, options_at_rest(source))) as connection,
    ):
        revision = _revision_of(connection, source)
    if revision not in known:
        raise StorageError(
            f"{source} was written by a newer version of this program (schema {revision}); this "
            f"one knows schema {newest} at most – upgrade it: pip install --upgrade policy-monitor"
        )


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
        explained_faults(file, "cannot be replaced"),
        closing(open_sqlite(file, "mode=rw")) as connection,
    ):
        connection.execute(f"PRAGMA busy_timeout={int(_HELD_SECONDS * 1000)}")
        try:
            filled = (
                bool(own_tables(connection, file)) and not _contents_of(connection, file).is_empty
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
            leave_wal_mode(connection)
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
    with (
        explained_faults(new, "cannot be upgraded"),
        closing(open_sqlite(new, "mode=rw")) as connection,
    ):
        leave_wal_mode(connection)
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
    for ending in JOURNALS:
        with suppress(FileNotFoundError):
            beside(file, ending).rename(beside(kept, ending))
    remove_side_files(file)
    return kept
