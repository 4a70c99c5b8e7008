"""``monitor db``: the place and the schema of the database, its copies, and its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import ConfigOption, DatabaseOption, FormatOption, open_database
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
from monitor.storage.engine import Database
from monitor.storage.maintenance import (
    Contents,
    back_up,
    current_documents,
    file_faults,
    pg_dump_command,
    pg_restore_command,
    table_sizes,
    vacuumdb_command,
)
from monitor.storage.maintenance import restore as restore_copy
from monitor.storage.maintenance import vacuum as vacuum_file
from monitor.storage.raw_bytes import delete_raw_bytes

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
    """Print where the database is: a file for SQLite, an address (without password) otherwise."""
    store = Database(load_settings(config, database=database).database)
    write_text(str(store.url.database) if store.is_sqlite else store.shown)


@db_app.command()
def prune(
    days: Annotated[
        int,
        typer.Option(
            "--older-than", min=0, max=36_500, metavar="DAYS", help="Raw bytes older than this."
        ),
    ],
    config: ConfigOption = None,
    database: DatabaseOption = None,
) -> None:
    """Delete the raw bytes of old pages. Texts, statements and the log stay."""
    with open_database(config, database, existing=True) as (_, store), store.write() as session:
        count = delete_raw_bytes(session, utc_now() - timedelta(days=days))
    print_status(f"the raw bytes of {counted(count, 'page')} were deleted")


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
    print_status(f"{file}: {_said(contents)}, schema {contents.revision}; checked")


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
        _sqlite_only(
            store, "restores its databases itself", lambda: pg_restore_command(store.url, file)
        )
        done = restore_copy(store, file, now=utc_now(), force=force)
        applied = f", upgraded to schema {done.applied[-1]}" if done.applied else ""
        kept = f"; the old one is {done.kept}" if done.kept else ""
        print_status(f"{store.file}: {_said(done.contents)}{applied}{kept}")


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
    """Look for damage (pages, indexes, references), and print the sizes of the tables.

    The exit code is 1 if anything is wrong. monitor verify checks what the log says.
    """
    with _unopened(config, database) as store:
        faults = file_faults(store) if store.is_sqlite else []
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
    """Write the file anew without its free pages, so that it takes less of the disk. SQLite.

    The disk needs twice the size of the database for a while; the daemon waits meanwhile.
    """
    with _unopened(config, database) as store:
        _sqlite_only(
            store, "gives space back by itself (autovacuum)", lambda: vacuumdb_command(store.url)
        )
        before, after = vacuum_file(store)
        print_status(f"{store.file}: {before:,} bytes before, {after:,} after")


@contextmanager
def _unopened(config: Path | None, url: str | None) -> Iterator[Database]:
    """The database as it is: its schema is not upgraded."""
    store = Database(load_settings(config, database=url).database)
    try:
        yield store
    finally:
        store.close()


def _sqlite_only(store: Database, what: str, command: Callable[[], str]) -> None:
    if not store.is_sqlite:
        raise UserError(f"PostgreSQL {what}: {command()}", hint=_PASSWORD)


def _said(contents: Contents) -> str:
    """What a copy holds, in a few words."""
    rows = contents.rows
    return ", ".join(
        counted(rows.get(table, 0), table) for table in ("document", "change", "recipient", "alert")
    )


def _projection_faults(store: Database) -> list[str]:
    # It needs the rules by which texts are compared.
    from monitor.ingest.projection import projection_fault

    faults = []
    with store.read() as session, progress() as bar:
        for number in bar.track(current_documents(session), description="checking documents"):
            if fault := projection_fault(session, number):
                faults.append(f"document {number}: {fault}")
            session.expunge_all()
    return faults
