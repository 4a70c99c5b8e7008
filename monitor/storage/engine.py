"""The one door to the database: engine, transactions, and the upgrade at start.

SQLite runs in WAL mode with ``synchronous=FULL``: readers never wait for the writer, and what
was committed survives a power cut. A writing transaction takes the write lock at its start
(``BEGIN IMMEDIATE``), so that it never fails half-way because another one was faster.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from monitor.errors import StorageError, UserError

_BUSY_TIMEOUT_MS = 30_000
# Any number serves, as long as nobody else on the server takes the same one: "policymo" in ASCII.
_REVISIONS = "alembic_version"


Transaction = Session
"""What ``Database.read`` and ``Database.write`` give, for those who only pass it on."""


def migrations_folder() -> Path:
    """The Alembic scripts: packed into the wheel, or at the top of a checkout."""
    package = Path(__file__).resolve().parents[1]
    packed = package / "_migrations"
    return packed if packed.is_dir() else package.parent / "migrations"


def newest_revision() -> str:
    """The revision this version's schema has: the number the last migration's file begins with."""
    return max(
        path.name.partition("_")[0] for path in (migrations_folder() / "versions").glob("[0-9]*.py")
    )


DATABASE_FAULTS = (OperationalError, InterfaceError, PoolTimeout)
"""Faults of the database, not of what is written: it is locked, full, or cannot be reached."""


class Database:
    """An engine with two kinds of transactions, reading and writing."""

    def __init__(self, url: str) -> None:
        """Make the engine; nothing is opened yet.

        Args:
            url: an SQLAlchemy address, ``sqlite:///monitor.db`` or ``postgresql+psycopg://…``.

        Raises:
            UserError: the address is no address, or its driver is not installed.
        """
        try:
            parsed = make_url(url)
            if parsed.drivername == "postgresql":
                parsed = parsed.set(drivername="postgresql+psycopg")
            self.engine = create_engine(parsed)
        except (ArgumentError, NoSuchModuleError, ValueError) as error:
            raise UserError(
                f"the database address cannot be read: {error}",
                hint="write sqlite:///monitor.db or postgresql://user@host/name",
            ) from None
        except ModuleNotFoundError as error:
            raise UserError(
                f"the database driver {error.name} is not installed",
                hint="pip install 'policy-monitor[postgres]'",
            ) from None
        self.url = parsed
        if self.is_sqlite:
            _prepare_sqlite(self.engine)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, the default."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def shown(self) -> str:
        """The address without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads; it sees one state of the database to its end."""
        with self._session(writing=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that is committed at the end of the block, or leaves no trace."""
        with self._session(writing=True) as session:
            yield session
            session.commit()

    @contextmanager
    def _session(self, *, writing: bool) -> Iterator[Session]:
        bound = self.engine.execution_options(writing=writing)
        with Session(bound, expire_on_commit=False) as session:
            yield session

    def upgrade(self) -> list[str]:
        """Bring the schema to this version's; several processes may try at once.

        Returns:
            The revisions that were applied, oldest first; empty when there was nothing to do.

        Raises:
            StorageError: the database cannot be opened, or is newer than this program.
        """
        try:
            _create_for_owner(self.url)
            if self.revision() == newest_revision():
                return []
            # Needed at a first start only, and heavier than most of what runs.
            from monitor.storage.migrate import upgrade_schema

            with self.engine.execution_options(writing=True).begin() as connection:
                return upgrade_schema(connection, migrations_folder(), self.shown)
        except SQLAlchemyError as error:
            raise StorageError(f"{self.shown} cannot be opened: {_first_line(error)}") from error

    def revision(self) -> str | None:
        """The schema revision the database is at; None for an empty one."""
        with self.engine.connect() as connection:
            if not inspect(connection).has_table(_REVISIONS):
                return None
            return connection.execute(text(f"SELECT version_num FROM {_REVISIONS}")).scalar()  # noqa: S608

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _create_for_owner(url: URL) -> None:
    """Make the file of a new SQLite database and its folder, for its owner only.

    The log holds what users subscribe to. Files beside it (WAL) take the mode of the database.
    """
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        return
    file = Path(str(url.database))
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
    lock would wait for each other for ever.
    """
    deadline = monotonic() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if monotonic() > deadline:
                raise
            sleep(0.01)
        else:
            return


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
