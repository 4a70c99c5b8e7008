"""A database copied into another one, from and to SQLite and PostgreSQL, and compared row by row.

What is read is one state of the source, whoever writes to it meanwhile. What is written is one
transaction: it is committed when each row was read back from the target and is the source's, so
that a copy is whole or the target stays empty. The index of words is made anew: it is a table of
another sort on each database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.types import TypeEngine

from monitor.errors import StorageError, UserError
from monitor.storage.engine import Database, known_revisions, newest_revision
from monitor.storage.statement_tables import ALL_TABLES
from monitor.storage.word_index import add_words

_BATCH = 500
_DIGEST_BYTES = 16
_MODULUS = 1 << (8 * _DIGEST_BYTES)
_MAX_NAMED = 5
_SHOWN = 60
_WORDS = "statement_words"
_NOT_UTF8 = "Could not decode to UTF-8"
# A new schema has its row; that of the source takes its place.
_REFERENCE_DAY = "reference_day"
_NO_CONTENTS = {_REFERENCE_DAY, "alembic_version"}
# The index of words, and the task queue of several processes.
_NOT_OURS = (_WORDS, "procrastinate_")

Row = tuple[Any, ...]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, the rows that are done, and all of them."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """The rows of a table, whatever their order: their number, and the sum of their hashes."""

    rows: int = 0
    total: int = 0

    def with_rows(self, lines: Iterable[str]) -> TableDigest:
        """The digest with more rows, each as ``_canonical`` writes it."""
        rows, total = self.rows, self.total
        for line in lines:
            rows += 1
            total += _number(line)
        return TableDigest(rows, total % _MODULUS)


def copy_database(
    source: Database, target: Database, *, progress: Progress = lambda _what, _done, _total: None
) -> Mapping[str, int]:
    """Copy all rows of a database into an empty one.

    Args:
        source: of this version's schema; a running daemon may write to it.
        target: without a schema or without a row; its schema is made, or upgraded.
        progress: told what is being done.

    Returns:
        The rows that were copied, by table.

    Raises:
        UserError: there is no source, its schema is older, both are one database, or the target
            holds something.
        StorageError: a text of the source is not UTF-8, or the target does not take a row, or does
            not give it back as it was.
    """
    _refuse_one_database(source, target)
    _refuse_source(source)
    _refuse_filled(target)
    target.upgrade()
    writing = target.engine.execution_options(writing=True)
    with (
        _snapshot_of(source) as reader,
        _refusals_told(source, target),
        writing.begin() as writer,
    ):
        copied = _copy(reader, writer, (source.shown, target.shown), progress)
    _settle(target)
    return copied


def _copy(
    reader: Connection, writer: Connection, names: tuple[str, str], progress: Progress
) -> Mapping[str, int]:
    tables = ALL_TABLES.sorted_tables
    counts = {table.name: _count(reader, table) for table in tables}
    words = counts["statement"]
    work = _CopyJob(progress, 2 * sum(counts.values()) + words)
    _hold_empty(writer, names[1])
    digests = {}
    for table in tables:
        digests[table.name] = _copy_table(reader, writer, table, work)
        _count_on(writer, table)
    add_words(writer, work.counted("indexing words", _texts(writer)))
    _check_words(writer, words)
    differences = []
    for table in tables:
        found = _digest(writer, table, work)
        if found != digests[table.name]:
            differences += _differences(reader, writer, table)
    if differences:
        raise StorageError(
            f"{names[1]}: what was written is not what was read, and nothing is kept: "
            f"{'; '.join(differences[:_MAX_NAMED])}"
        )
    return {name: digest.rows for name, digest in digests.items()}


class _CopyJob:
    """Counts rows and tells of them."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def add(self, what: str, rows: int) -> None:
        """Some more rows are done."""
        self._done += rows
        self._progress(what, self._done, self._total)

    def counted(self, what: str, rows: Iterable[Any]) -> Iterator[Any]:
        """The rows, counted as they are taken."""
        every = iter(rows)
        while some := list(islice(every, _BATCH)):
            yield from some
            self.add(what, len(some))


def _refuse_one_database(source: Database, target: Database) -> None:
    files = source.file, target.file
    one = source.url == target.url
    if files[0] is not None and files[1] is not None:
        one = files[0].resolve() == files[1].resolve()
    if one:
        raise UserError(f"{source.shown}: this is one database", hint="name two")


def _refuse_source(source: Database) -> None:
    if source.is_sqlite and source.file is None:
        raise UserError("a database in memory cannot be copied", hint="name a file")
    if not source.exists:
        raise UserError("there is no database here", file=source.file, hint="FROM is copied to TO")
    source.refuse_foreign()
    revision, newest = source.revision(), newest_revision()
    if revision == newest:
        return
    if revision is None:
        raise UserError(f"{source.shown} is empty: it has no tables", hint="FROM is copied to TO")
    if revision in known_revisions():
        raise UserError(
            f"{source.shown} has schema {revision}, and this version copies schema {newest}",
            hint=f"monitor db upgrade --database {source.shown}",
        )
    raise StorageError(
        f"{source.shown} was written by a newer version of this program (schema {revision}) – "
        "upgrade it: pip install --upgrade policy-monitor"
    )


def _refuse_filled(target: Database) -> None:
    """Leave the schema of a database alone that holds something."""
    target.refuse_foreign()
    if target.file is not None and not target.exists:
        return
    with target.engine.connect() as connection:
        old = MetaData()
        old.reflect(connection, only=lambda name, _: not name.startswith(_NOT_OURS))
        ours = "alembic_version" in old.tables
        filled = [
            table.name
            for table in old.sorted_tables
            if ours and table.name not in _NO_CONTENTS and _has_row(connection, table)
        ]
    if filled:
        raise _filled(target.shown, filled)


def _filled(shown: str, tables: Sequence[str]) -> UserError:
    return UserError(
        f"{shown} holds something already (rows in {', '.join(tables[:3])})",
        hint="name an empty database",
    )


def _has_row(connection: Connection, table: Table) -> bool:
    return connection.execute(select(text("1")).select_from(table).limit(1)).first() is not None


@contextmanager
def _snapshot_of(source: Database) -> Iterator[Connection]:
    """A connection that sees one state of the database to its end."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    engine = source.engine if source.is_sqlite else source.engine.execution_options(**options)
    with engine.connect() as connection:
        yield connection


def _hold_empty(writer: Connection, shown: str) -> None:
    """Keep other writers out to the end of the transaction, and see that still nothing is there.

    On SQLite the transaction has the lock already.
    """
    if writer.dialect.name == "sqlite":
        # A row may name one that follows.
        writer.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    else:
        names = ", ".join(f'"{table.name}"' for table in ALL_TABLES.sorted_tables)
        writer.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
    writer.execute(ALL_TABLES.tables[_REFERENCE_DAY].delete())
    filled = [table.name for table in ALL_TABLES.sorted_tables if _has_row(writer, table)]
    if filled:
        raise _filled(shown, filled)


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _rows_of(connection: Connection, table: Table) -> Iterator[list[Row]]:
    """All rows, some at a time; the server keeps the rest."""
    # Of this statement alone: a server-side cursor runs nothing but what is fetched from it.
    options = {"stream_results": True, "max_row_buffer": _BATCH}
    try:
        with connection.execute(select(*table.columns), execution_options=options) as result:
            for some in result.partitions(_BATCH):
                yield [tuple(row) for row in some]
    except OperationalError as error:
        if connection.dialect.name != "sqlite" or _NOT_UTF8 not in str(error.orig):
            raise
        raise _undecodable(connection, table) from error


def _undecodable(connection: Connection, table: Table) -> StorageError:
    """Name the row whose text is not UTF-8: SQLite takes any bytes, and does not say where."""
    columns = list(table.columns)
    bytes_of = ", ".join(f'CAST("{column.name}" AS BLOB)' for column in columns)
    for row in connection.exec_driver_sql(f'SELECT {bytes_of} FROM "{table.name}"'):  # noqa: S608
        values = tuple(
            "" if value is None else value.decode("utf-8", "backslashreplace") for value in row
        )
        for column, value in zip(columns, row, strict=True):
            if isinstance(column.type, LargeBinary) or value is None or _is_utf8(value):
                continue
            return StorageError(
                f"{_named(table, values)} has bytes in {column.name} that are not UTF-8: "
                "nothing was copied"
            )
    return StorageError(f"{table.name} has bytes that are not UTF-8: nothing was copied")


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _copy_table(
    reader: Connection, writer: Connection, table: Table, work: _CopyJob
) -> TableDigest:
    sqlite = writer.dialect.name == "sqlite"
    digest, what = TableDigest(), f"copying {table.name}"
    with (_inserting if sqlite else _streaming)(writer, table) as write:
        for rows in _rows_of(reader, table):
            lines = list(_canonical(table, rows))
            if not sqlite:
                _refuse_nul(table, rows, lines)
            write(rows)
            digest = digest.with_rows(lines)
            work.add(what, len(rows))
    return digest


@contextmanager
def _inserting(writer: Connection, table: Table) -> Iterator[Callable[[list[Row]], None]]:
    """Write rows of a table in the form of the driver."""
    prepare = _binder(writer, table)
    marks = ", ".join("?" * len(table.columns))
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608
    yield lambda rows: _insert(writer, statement, prepare(rows))


def _insert(writer: Connection, statement: str, rows: list[Row]) -> None:
    if rows:
        writer.exec_driver_sql(statement, rows)


@contextmanager
def _streaming(writer: Connection, table: Table) -> Iterator[Callable[[list[Row]], None]]:
    """Write rows of a table by COPY, which is one statement: a row may name one that follows."""
    prepare = _binder(writer, table)
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = writer.connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as out:

        def write(rows: list[Row]) -> None:
            for row in prepare(rows):
                out.write_row(row)

        yield write


def _binder(writer: Connection, table: Table) -> Callable[[list[Row]], list[Row]]:
    """What turns values of Python into those of the driver."""
    dialect = writer.dialect
    processors: list[tuple[int, Callable[[Any], Any]]] = []
    for position, column in enumerate(table.columns):
        kind: TypeEngine[Any] = column.type.dialect_impl(dialect)
        processor = kind.bind_processor(dialect)
        if processor is not None:
            processors.append((position, processor))
    if not processors:
        return lambda rows: rows

    def bind(row: Row) -> Row:
        values = list(row)
        for position, processor in processors:
            values[position] = processor(values[position])
        return tuple(values)

    return lambda rows: [bind(row) for row in rows]


def _canonical(table: Table, rows: Iterable[Row]) -> Iterator[str]:
    """Each row as a text that is the same on both databases; bytes by their hash."""
    binary = [
        position
        for position, column in enumerate(table.columns)
        if isinstance(column.type, LargeBinary)
    ]
    for row in rows:
        if not binary:
            yield repr(row)
            continue
        values = list(row)
        for position in binary:
            if values[position] is not None:
                values[position] = blake2b(values[position]).digest()
        yield repr(tuple(values))


def _number(line: str) -> int:
    hashed = blake2b(line.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES)
    return int.from_bytes(hashed.digest(), "big")


def _refuse_nul(table: Table, rows: Sequence[Row], lines: Sequence[str]) -> None:
    """Name the row with a character that SQLite takes and PostgreSQL does not."""
    for row, line in zip(rows, lines, strict=True):
        if "\\x00" not in line:
            continue
        for column, value in zip(table.columns, row, strict=True):
            if isinstance(value, str) and "\0" in value:
                raise StorageError(
                    f"{_named(table, row)} has a NUL character (U+0000) in {column.name}, which "
                    "PostgreSQL does not take: nothing was copied"
                )


def _keys(table: Table) -> list[int]:
    columns = list(table.columns)
    return [columns.index(column) for column in table.primary_key.columns]


def _named(table: Table, row: Row) -> str:
    key = ", ".join(str(row[position])[:_SHOWN] for position in _keys(table))
    return f"{table.name} {key}"


def _count_on(writer: Connection, table: Table) -> None:
    """Let PostgreSQL count up from the last row; SQLite does by itself."""
    column: Column[Any] | None = table.autoincrement_column
    if writer.dialect.name == "sqlite" or column is None:
        return
    writer.exec_driver_sql(
        f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', '{column.name}'), "  # noqa: S608
        f'max("{column.name}")) FROM "{table.name}" HAVING count(*) > 0'
    )


def _texts(connection: Connection) -> Iterator[tuple[int, str]]:
    statement = ALL_TABLES.tables["statement"]
    last = 0
    query = (
        select(statement.c.id, statement.c.text)
        .where(statement.c.id > text(":last"))
        .order_by(statement.c.id)
        .limit(10 * _BATCH)
    )
    while rows := connection.execute(query, {"last": last}).all():
        yield from (tuple(row) for row in rows)
        last = rows[-1].id


def _check_words(writer: Connection, expected: int) -> None:
    if writer.dialect.name == "sqlite":
        # It raises an error if the index is not what it should be.
        writer.exec_driver_sql(f"INSERT INTO {_WORDS} ({_WORDS}) VALUES ('integrity-check')")  # noqa: S608
        return
    found = writer.exec_driver_sql(f"SELECT count(*) FROM {_WORDS}").scalar_one()  # noqa: S608
    if found != expected:
        raise StorageError(
            f"the index of words has {found:,} statements of {expected:,}: nothing is kept"
        )


def _digest(connection: Connection, table: Table, work: _CopyJob) -> TableDigest:
    digest = TableDigest()
    for rows in _rows_of(connection, table):
        digest = digest.with_rows(_canonical(table, rows))
        work.add(f"comparing {table.name}", len(rows))
    return digest


def _differences(reader: Connection, writer: Connection, table: Table) -> list[str]:
    """What the target has otherwise than the source, by row."""
    keys = _keys(table)

    def lines(connection: Connection) -> Iterator[tuple[Row, str]]:
        for rows in _rows_of(connection, table):
            yield from zip(rows, _canonical(table, rows), strict=True)

    expected = {tuple(row[key] for key in keys): _number(line) for row, line in lines(reader)}
    found = []
    for row, line in lines(writer):
        number = expected.pop(tuple(row[key] for key in keys), None)
        if number is None:
            found.append(f"{_named(table, row)} is not in the source")
        elif number != _number(line):
            found.append(f"{_named(table, row)} differs")
    missing = [f"{table.name} {', '.join(map(str, key))} is missing" for key in expected]
    return found + missing


@contextmanager
def _refusals_told(source: Database, target: Database) -> Iterator[None]:
    """Tell what the target says of a row that it does not take."""
    driver = target.engine.dialect.loaded_dbapi.Error
    try:
        yield
    except IntegrityError as error:
        raise StorageError(
            f"{source.shown} has rows that name rows which are not there; nothing was copied – "
            f"monitor db check --database {source.shown} names them"
        ) from error
    except driver as error:
        # COPY speaks with the driver itself.
        diagnosis: Any = getattr(error, "diag", None)
        context = (getattr(diagnosis, "context", None) or "").partition("\n")[0]
        detail = getattr(diagnosis, "message_detail", None) or context
        reason = str(error).strip().partition("\n")[0]
        raise StorageError(
            f"{target.shown} does not take what {source.shown} holds: {reason}"
            f"{f' ({detail})' if detail else ''}; nothing was copied"
        ) from error


def _settle(target: Database) -> None:
    """Bring the log of an SQLite file into it; let PostgreSQL look at its new rows."""
    statement = "PRAGMA wal_checkpoint(TRUNCATE)" if target.is_sqlite else "ANALYZE"
    with target.engine.connect() as connection:
        if target.is_sqlite:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql(statement).all()
            connection.exec_driver_sql("BEGIN")
            return
        own = connection.execution_options(isolation_level="AUTOCOMMIT")
        for table in ALL_TABLES.sorted_tables:
            own.exec_driver_sql(f'{statement} "{table.name}"')
        own.exec_driver_sql(f"{statement} {_WORDS}")
