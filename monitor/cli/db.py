"""``monitor db``: the place and the schema of the database, its copies, and its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import (
    ConfigOption,
    DatabaseOption,
    FormatOption,
    open_database,
    refuse_other_schema,
)
from monitor.cli.output import (
    Format,
    counted,
    print_error,
    print_status,
    progress,
    write_rows,
    write_text,
)
from monitor.clock import utc_now
from monitor.config.settings import load_settings
from monitor.errors import UserError
from monitor.storage.backup import (
    back_up,
    pg_dump_command,
    pg_restore_command,
    refuse_dump,
    vacuumdb_command,
)
from monitor.storage.backup import restore as restore_copy
from monitor.storage.engine import Database, newest_revision
from monitor.storage.maintenance import (
    current_documents,
    file_faults,
    server_faults,
    table_sizes,
    vacuum_server,
)
from monitor.storage.maintenance import vacuum as vacuum_file
from monitor.storage.retention import RetentionPeriods, count_expired, delete_expired

_MAX_SHOWN = 10
_PASSWORD = "the password is that of PGPASSWORD or ~/.pgpass"  # noqa: S105

db_app = typer.Typer(help="The database: its place, schema, copies and size.", no_args_is_help=True)


@db_app.command()
def upgrade(config: ConfigOption = None, database: DatabaseOption = None) -> None:
    """Upgrade the schema to this version; every command that needs it does so by itself."""
    store = Database(load_settings(config, database=database).database)
    try:
        with store.faults_told():
            applied = store.upgrade()
        print_status(f"{store.shown}: {', '.join(applied) if applied else 'nothing to do'}")
    finally:
        store.close()


@db_app.command()
def path(config: ConfigOption = None, database: DatabaseOption = None) -> None:
    """Print where the database is: a file for SQLite, an address (without password) otherwise.

    If there is no file yet, a second line says so, on standard error.
    """
    store = Database(load_settings(config, database=database).database)
    write_text(store.shown if store.file is None else str(store.file))
    if not store.exists:
        print_status("there is no database yet: monitor run makes it")


@db_app.command()
def prune(
    days: Annotated[
        int | None,
        typer.Option(
            "--older-than",
            min=0,
            max=36_500,
            metavar="DAYS",
            show_default=False,
            help="Delete the raw bytes of pages older than this many days, and nothing else.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how much would be deleted.")
    ] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Delete what is older than the settings keep it, as the daemon does every day.

    That is raw bytes (raw_retention_days), and by the section retention of the settings addresses
    of no use and texts of alerts. The log and its texts stay.
    """
    with open_database(config, database, existing=True) as (settings, store):
        periods = RetentionPeriods.of_days(
            **(settings.retention_days() if days is None else {"raw_bytes": days})
        )
        found = (count_expired if dry_run else delete_expired)(store, periods, utc_now())
    parts = [f"the raw bytes of {counted(found.pages, 'page')}"]
    if days is None:
        parts += [
            counted(found.addresses, "address", "addresses"),
            f"the texts of {counted(found.alert_texts, 'alert')}",
            counted(found.notices, "notice"),
        ]
    print_status(f"{', '.join(parts)} {'would be' if dry_run else 'were'} deleted")


@db_app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; an older one is replaced.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is something else.")
    ] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Copy the database while the daemon writes to it; the copy is checked. SQLite.

    The copy is one file, open to its owner alone. The schema is left as it is.
    """
    with _unopened(config, database) as store:
        _sqlite_only(store, "copies its databases itself", lambda: pg_dump_command(store.url, file))
        with progress() as bar:
            task = bar.add_task("copying pages", total=None)
            contents = back_up(
                store,
                file,
                force=force,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    print_status(f"{file}: {_said(contents.rows)}, schema {contents.revision}; checked")


@db_app.command()
def copy(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The address of the database to copy.")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="The address of an empty one; its schema is made.")
    ],
) -> None:
    """Copy all rows into an empty database, from and to SQLite and PostgreSQL.

    Each row is read back and compared before anything is kept. A daemon may write to FROM
    meanwhile: what it writes then is not copied. A password is taken from PGPASSWORD or ~/.pgpass.
    """
    from monitor.storage.copying import copy_database

    with _closed(Database(source)) as old, _closed(Database(target)) as new:
        with old.faults_told(), new.faults_told(), progress() as bar:
            task = bar.add_task("", total=None)

            def tell(what: str, done: int, total: int) -> None:
                bar.update(task, description=what, completed=done, total=total)

            try:
                copied = copy_database(old, new, progress=tell)
            except (KeyboardInterrupt, SystemExit):
                print_error(f"{new.shown}: nothing was copied; it is empty: copy again")
                raise
        rows = counted(sum(copied.values()), "row")
        print_status(
            f"{new.shown}: {_said(copied)}; {rows} of {counted(len(copied), 'table')}, each read "
            "back and compared"
        )


@db_app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A copy that monitor db backup wrote.")],
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a database that holds something; it is kept beside."),
    ] = False,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Put a copy where the database is, with the schema of this version. SQLite.

    The copy is checked first. Stop the daemon before: it is refused while a program has the
    database open.
    """
    with _unopened(config, database) as store:
        if not store.is_sqlite:
            refuse_dump(file)
        _sqlite_only(
            store, "restores its databases itself", lambda: pg_restore_command(store.url, file)
        )
        done = restore_copy(store, file, now=utc_now(), force=force)
        applied = f", upgraded to schema {done.applied[-1]}" if done.applied else ""
        kept = f"; the old one is {done.kept}" if done.kept else ""
        print_status(f"{store.file}: {_said(done.contents.rows)}{applied}{kept}")


@db_app.command()
def check(
    projection: Annotated[
        bool,
        typer.Option(
            "--projection", help="Also make what the views show anew, and compare: it takes longer."
        ),
    ] = False,
    form: FormatOption = Format.TABLE,
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Look for damage (pages, indexes, references, texts), and print the sizes of the tables.

    The exit code is 1 if anything is wrong. monitor verify checks what the log says.
    """
    with _unopened(config, database) as store:
        with store.faults_told():
            faults = file_faults(store) if store.is_sqlite else _server_faults(store)
        shown = store.shown
    if not faults:
        # Nothing is upgraded in a damaged file.
        with open_database(config, database, existing=True) as (_, store):
            sizes = table_sizes(store)
            faults = _projection_faults(store) if projection else []
        rows = ((one.table, one.rows, one.size) for one in sizes)
        write_rows(form, ("table", "rows", "bytes"), rows)
    for fault in faults[:_MAX_SHOWN]:
        print_error(fault)
    if faults:
        print_error(f"{shown}: {counted(len(faults), 'fault')}: see docs/how-to/back-up.md")
        raise typer.Exit(1)
    print_status(f"{shown}: nothing is wrong")


@db_app.command()
def vacuum(config: ConfigOption = None, database: DatabaseOption = None) -> None:
    """Give the space of deleted rows back: to the disk on SQLite, to new rows on PostgreSQL.

    SQLite writes the file anew: the disk needs twice its size for a while, and the daemon waits.
    On PostgreSQL nothing waits, and the command that gives space back to the disk is named.
    """
    with _unopened(config, database) as store:
        if store.is_sqlite:
            before, after = vacuum_file(store)
            print_status(f"{store.file}: {before:,} bytes before, {after:,} after")
            return
        refuse_other_schema(store)
        with store.faults_told():
            before, after = vacuum_server(store)
        print_status(
            f"{store.shown}: {before:,} bytes before, {after:,} after; what was freed is for new "
            "rows. To give it back to the disk, which locks the tables meanwhile: "
            f"{vacuumdb_command(store.url)} ({_PASSWORD})"
        )


@contextmanager
def _unopened(config: Path | None, url: str | None) -> Iterator[Database]:
    """The database as it is: its schema is not upgraded."""
    with _closed(Database(load_settings(config, database=url).database)) as store:
        yield store


@contextmanager
def _closed(store: Database) -> Iterator[Database]:
    try:
        yield store
    finally:
        store.close()


def _server_faults(store: Database) -> list[str]:
    # What an older schema lacks cannot be looked at; the sizes bring it to this version.
    return server_faults(store) if store.revision() == newest_revision() else []


def _sqlite_only(store: Database, what: str, command: Callable[[], str]) -> None:
    if not store.is_sqlite:
        raise UserError(f"PostgreSQL {what}: {command()}", hint=_PASSWORD)


def _said(rows: Mapping[str, int]) -> str:
    """What a copy holds, in a few words."""
    return ", ".join(
        counted(rows.get(table, 0), table) for table in ("document", "change", "recipient", "alert")
    )


def _projection_faults(store: Database) -> list[str]:
    # It needs the rules by which texts are compared.
    from monitor.ingest.projection import projection_fault

    faults = []
    with store.read() as connection, progress() as bar:
        for number in bar.track(current_documents(connection), description="checking documents"):
            if fault := projection_fault(connection, number):
                faults.append(f"document {number}: {fault}")
    return faults
