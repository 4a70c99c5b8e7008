"""The database: its engine, its transactions, and the upgrade at start.

SQLite runs in WAL mode with ``synchronous=FULL``: readers never wait for the writer, and what
was committed survives a power cut. A writing transaction takes the write lock at its start
(``BEGIN IMMEDIATE``), so that it never fails half-way because another one was faster.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from monitor.errors import StorageError, UserError
from monitor.storage.new_schema import create_schema, note_version

_BUSY_TIMEOUT_MS = 30_000
# A server, or a network on the way to it, that is gone is noticed in a minute, not in hours.
_CONNECT_ARGUMENTS = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
REVISION_TABLE = "alembic_version"
"""Alembic's own, by which a database of this program is known."""
_HINT = "write sqlite:///monitor.db or postgresql://user@host/name"
_POSTGRESQL = "postgresql+psycopg"

# What SQLite and PostgreSQL say, and what a person can do about it.
_HINTS = (
    ("database is locked", "another program holds it: wait, or stop the other one"),
    ("database or disk is full", "free some space; what was written before is safe"),
    ("no space left", "free some space; what was written before is safe"),
    ("readonly database", "the file, its folder or the disk is read-only for this user"),
    ("file is not a database", "the address names another file; nothing was changed"),
    ("malformed", "the file is damaged: take a copy of it, then restore a backup"),
    ("disk i/o error", "the disk fails, or the file was replaced while in use"),
    *(
        (said, "end some connections, or raise max_connections of the server")
        for said in ("too many clients", "too many connections", "remaining connection slots")
    ),
    ("connection refused", "is the server running, and are host and port right?"),
    ("failed to resolve host", "is the name of the host right?"),
    ("password authentication failed", "the user or the password is wrong"),
    ("timeout expired", "is the server reachable from here?"),
    ("already exists", "another program has tables of these names here: use another database"),
    ("does not exist", "createdb makes a database, createuser a user"),
)


Transaction = Connection
"""What ``Database.read`` and ``Database.write`` give, for those who only pass it on."""


def migrations_folder() -> Path:
    """The Alembic scripts: packed into the wheel, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "_migrations"
    return packed if packed.is_dir() else package.parent / "migrations"


def newest_revision() -> str:
    """The revision this version's schema has: the number the last migration's file begins with."""
    return max(known_revisions())


def known_revisions() -> frozenset[str]:
    """The revisions this version can read: the older ones are upgraded."""
    files = (migrations_folder() / "versions").glob("[0-9]*.py")
    return frozenset(file.name.partition("_")[0] for file in files)


DATABASE_FAULTS = (OperationalError, InterfaceError, PoolTimeout)
"""Faults of the database, not of what is written: it is locked, full, or cannot be reached."""

# https://sqlite.org/rescode.html; OperationalError also has SQLITE_ERROR, a statement's mistake.
_PASSING_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
# Classes of SQLSTATE (PostgreSQL, appendix A): connection, rollback (deadlock), resources (disk,
# memory, connections), locks, operator intervention (timeouts, shutdown), system errors.
_PASSING_POSTGRESQL = frozenset({"08", "40", "53", "55", "57", "58"})

_QUERY_CANCELED = "57014"


def is_passing(error: BaseException) -> bool:
    """Whether the database could not do just now what it was asked: the same may work later.

    It is locked, full or away, a lock or a statement took too long, or two transactions waited for
    each other. What it refuses for what it is asked is none: that fails again.
    """
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _PASSING_SQLITE
    state = getattr(error.orig, "sqlstate", None)
    # Without a connection there is nobody who would give a code.
    return (
        isinstance(error, OperationalError) if state is None else state[:2] in _PASSING_POSTGRESQL
    )


def is_too_slow(error: BaseException) -> bool:
    """Whether a statement was ended because it took too long (``statement_timeout``).

    That passes where the server is busy, and never where the statement is too much for it.
    """
    orig = error.orig if isinstance(error, DBAPIError) else None
    return getattr(orig, "sqlstate", None) == _QUERY_CANCELED


class Database:
    """An engine with two kinds of transactions, reading and writing."""

    def __init__(self, url: str) -> None:
        """Make the engine; nothing is opened yet.

        Args:
            url: an SQLAlchemy address, ``sqlite:///monitor.db`` or ``postgresql+psycopg://…``.

        Raises:
            UserError: the address is no address, or its driver is not installed.
        """
        parsed = _parse(url)
        try:
            self.engine = create_engine(_readable(parsed), **_engine_options(parsed))
        except ModuleNotFoundError:
            raise UserError(
                "the database driver psycopg is not installed",
                hint="pip install 'policy-monitor[postgres]'",
            ) from None
        self.url = parsed
        self.fence: Callable[[], None] | None = None
        """Called before each writing transaction; raises where this process may not write."""
        if self.is_sqlite:
            _prepare_sqlite(self.engine)
        # A server would show a transaction what others commit meanwhile; SQLite never does.
        one_state = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reading = self.engine.execution_options(**one_state)
        self._writing = self.engine.execution_options(writing=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, the default."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None for one in memory, or on a server."""
        return _file_of(self.url)

    @property
    def exists(self) -> bool:
        """Whether there is something to open; a server may always have it.

        An empty file is no database: sqlite3 makes one where its user mistyped an address.
        """
        file = self.file
        return file is None or (file.exists() and file.stat().st_size > 0)

    @property
    def shown(self) -> str:
        """The address without its password."""
        if self.is_sqlite:
            return unquote(self.url.render_as_string())
        return self.url.render_as_string(hide_password=True)

    @property
    def connection_string(self) -> str:
        """The address as PostgreSQL's own libraries take it, with its password."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def connect_arguments(self) -> dict[str, int]:
        """What PostgreSQL's own libraries are to be told beside the address."""
        return _connect_arguments(self.url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; it sees one state of the database to its end."""
        with self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block, or leaves no trace."""
        if self.fence is not None:
            self.fence()
        with self._writing.connect() as connection:
            yield connection
            connection.commit()

    def upgrade(self) -> list[str]:
        """Bring the schema to this version's; several processes may try at once.

        Returns:
            The revisions that were applied, oldest first; empty when there was nothing to do.

        Raises:
            StorageError: the database cannot be opened, is another program's, or is newer than
                this program.
        """
        self.refuse_foreign()
        try:
            _create_for_owner(self.url)
            if self.revision() == newest_revision():
                return []
            with self._writing.begin() as connection:
                applied = self._upgrade(connection)
                note_version(connection)
                return applied
        except SQLAlchemyError as error:
            raise self._error("cannot be opened", error) from error

    def _upgrade(self, connection: Connection) -> list[str]:
        folder = migrations_folder()
        if create_schema(connection, folder, newest_revision()):
            return sorted(known_revisions())
        # Needed where there is a schema of an earlier version, and heavier than most of what runs.
        from monitor.storage.migrate import upgrade_schema

        return upgrade_schema(connection, folder, self.shown)

    def refuse_foreign(self) -> None:
        """Give another program's SQLite file no tables of ours, nor our way of writing.

        Raises:
            StorageError: this is such a file.
        """
        file = _file_of(self.url)
        if file is None or not file.is_file():
            return
        # Not by the engine, which switches the file to write-ahead logging.
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection,
        ):
            found = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            )
            tables = [name for (name,) in found]
            if tables and REVISION_TABLE not in tables:
                raise StorageError(
                    f"{self.shown} is the database of another program "
                    f"(tables {', '.join(tables[:3])}): name another file"
                )

    @contextmanager
    def faults_told(self) -> Iterator[None]:
        """Tell a fault of the database (locked, full, lost) in one line for a person.

        Raises:
            StorageError: for such a fault in the block.
        """
        try:
            yield
        except DATABASE_FAULTS as error:
            raise self._error("failed", error) from error
        except DBAPIError as error:
            # A damaged file is the base class itself; its subclasses are mistakes of a program.
            if type(error) is not DatabaseError:
                raise
            raise self._error("failed", error) from error

    def _error(self, what: str, error: SQLAlchemyError) -> StorageError:
        return explain_fault(self.shown, what, error, file=self.file)

    def revision(self) -> str | None:
        """The schema revision the database is at; None for an empty one."""
        with self.engine.connect() as connection:
            if not inspect(connection).has_table(REVISION_TABLE):
                return None
            return connection.execute(text(f"SELECT version_num FROM {REVISION_TABLE}")).scalar()  # noqa: S608

    def has_table(self, name: str) -> bool:
        """Whether the schema, of whatever version, has a table of this name."""
        with self.engine.connect() as connection:
            return inspect(connection).has_table(name)

    def size(self) -> int | None:
        """Bytes on disk, with what is not yet in the main file; None for one in memory."""
        if not self.is_sqlite:
            with self.engine.connect() as connection:
                said = connection.execute(text("SELECT pg_database_size(current_database())"))
                return said.scalar()
        file = _file_of(self.url)
        if file is None:
            return None
        parts = (file, file.with_name(f"{file.name}-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def explain_fault(
    shown: str, what: str, error: Exception, *, file: Path | None = None
) -> StorageError:
    """A fault of a database in one line: what it says, and what a person can do about it.

    Args:
        shown: the database, for people.
        what: failed.
        error: of the driver, or of SQLAlchemy.
        file: of the database, where it has one.
    """
    reason = _first_line(error)
    hint = next((hint for said, hint in _HINTS if said in reason.casefold()), None)
    if "unable to open" in reason:
        hint = _why_not_opened(file)
    return StorageError(f"{shown} {what}: {reason}" + (f" – {hint}" if hint else ""))


def _parse(url: str) -> URL:
    """The address a user wrote. Errors do not repeat it: it may hold a password."""
    try:
        parsed = make_url(url.strip())
    except (ArgumentError, ValueError) as error:
        port = isinstance(error, ValueError)
        reason = "its port is no number" if port else "it begins with no kind of database"
        if not url.strip():
            reason = "it is empty"
        hint = _HINT
        path = url.strip().removeprefix("sqlite:").removeprefix("//") or url
        if "://" not in path and "@" not in path and Path(path).suffix:
            hint = f"write sqlite:///{Path(path).expanduser() if path.startswith('~') else path}"
        raise UserError(f"the database address cannot be read: {reason}", hint=hint) from None
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername=_POSTGRESQL)
    if backend != "sqlite":
        hint = "write postgresql://" if backend == "postgres" else _HINT
        raise UserError(
            f"the database address cannot be read: {backend} is no database this program knows",
            hint=hint,
        )
    if parsed.host:
        raise UserError(
            "the database address cannot be read: three slashes go before a file",
            hint=f"write sqlite:///{parsed.host}{'/' + parsed.database if parsed.database else ''}",
        )
    if parsed.query and not str(parsed.database).startswith("file:"):
        raise UserError(
            "the database address cannot be read: options need file: before the name",
            hint="sqlite:///file:monitor.db?mode=ro&uri=true",
        )
    return parsed.set(drivername="sqlite")


def _engine_options(url: URL) -> dict[str, Any]:
    if url.drivername == _POSTGRESQL:
        return {"connect_args": _connect_arguments(url)}
    # The connection used last knows what it has read and prepared. Taken by turns, each would read
    # anew what another one has written. A database in memory has no such pool.
    return {"pool_use_lifo": True} if _file_of(url) is not None else {}


def _connect_arguments(url: URL) -> dict[str, int]:
    """How long a connection waits, unless its address says so."""
    return {name: value for name, value in _CONNECT_ARGUMENTS.items() if name not in url.query}


def _file_of(url: URL) -> Path | None:
    """The file of an SQLite database; None for one in memory, or on a server."""
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        return None
    name = str(url.database)
    if name.startswith("file:"):
        name = name.removeprefix("file:").partition("?")[0]
        return None if ":memory:" in name or "memory" in url.query.values() else Path(name)
    return Path(name)


def _readable(url: URL) -> URL:
    """The address by which a file in a read-only folder can be read.

    SQLite opens a file in write-ahead mode only where it can make files beside it, or where it is
    told that nobody writes: without a log beside it nobody does.
    """
    file = _file_of(url)
    if file is None or url.query or not file.is_file() or os.access(file.parent, os.W_OK):
        return url
    if file.with_name(f"{file.name}-wal").exists():
        return url
    name = quote(str(file.absolute()))
    return url.set(database=f"file:{name}", query={"immutable": "1", "uri": "true"})


def _why_not_opened(file: Path | None) -> str | None:
    if file is None:
        return None
    if file.is_dir():
        return "this is a folder: name a file in it"
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    if file.exists() and not os.access(file, os.R_OK):
        return "the file is not open to this user"
    if file.exists():
        return (
            "the file, its folder or the disk is read-only for this user: "
            f"sqlite:///file:{file}?immutable=1&uri=true reads it all the same"
        )
    return "the folder is not open to this user, or the disk is read-only"


def _create_for_owner(url: URL) -> None:
    """Make the file of a new SQLite database and its folder, for its owner only.

    The log holds what users subscribe to. Files beside it (WAL) take the mode of the database.
    """
    file = _file_of(url)
    if file is None:
        return
    # What fails here fails with a better message when the database is opened. One folder is made,
    # not a whole path: that would hide a mistake in it.
    with suppress(OSError):
        if not file.parent.exists():
            file.parent.mkdir(mode=0o700)
        if not file.exists() and "mode" not in url.query:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling opens none before DDL and SELECT; ours does.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        _write_ahead(cursor)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _write_ahead(cursor: Any) -> None:
    """Switch to write-ahead logging; of several that start at once on a new file one does.

    SQLite does not wait for the lock here, whatever the busy timeout: two that both hold a shared
    lock would wait for each other for ever. A file that can only be read stays as it is.
    """
    deadline = monotonic() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY:
                return
            if monotonic() > deadline:
                raise
            sleep(0.01)
        else:
            return


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
