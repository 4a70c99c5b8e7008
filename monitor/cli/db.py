"""``monitor db``: where the history lies, and its schema."""

from __future__ import annotations

import typer

from monitor.cli.options import ConfigOption, DatabaseOption
from monitor.cli.output import note, write_text
from monitor.config.settings import load_settings
from monitor.storage.engine import Database

db_app = typer.Typer(help="The database: where it is, and its schema.", no_args_is_help=True)


@db_app.command()
def upgrade(config: ConfigOption = None, database: DatabaseOption = None) -> None:
    """Bring the schema to this version's. Every command that needs it does so by itself."""
    store = Database(load_settings(config, database=database).database)
    try:
        applied = store.upgrade()
        note(f"{store.shown}: {', '.join(applied) if applied else 'nothing to do'}")
    finally:
        store.close()


@db_app.command()
def path(config: ConfigOption = None, database: DatabaseOption = None) -> None:
    """Print where the database is: a file for SQLite, an address (without password) otherwise."""
    store = Database(load_settings(config, database=database).database)
    write_text(str(store.url.database) if store.is_sqlite else store.shown)
