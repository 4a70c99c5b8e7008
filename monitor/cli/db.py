"""``monitor db``: the place and the schema of the database, and its size."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from monitor.cli.options import ConfigOption, DatabaseOption, open_database
from monitor.cli.output import counted, print_status, write_text
from monitor.clock import utc_now
from monitor.config.settings import load_settings
from monitor.storage.engine import Database
from monitor.storage.provenance import delete_raw_bytes

db_app = typer.Typer(help="The database: its place and its schema.", no_args_is_help=True)


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
