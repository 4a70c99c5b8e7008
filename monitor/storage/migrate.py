"""The schema brought to this version's by Alembic, loaded only when there is any to do."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text

from monitor import __version__
from monitor.errors import StorageError
from monitor.storage.new_schema import schema_version

# Any number serves, as long as nobody else on the server takes the same one: "policymo" in ASCII.
_UPGRADE_LOCK = 0x706F6C6963796D6F


def upgrade_schema(connection: Connection, folder: Path, shown: str) -> list[str]:
    """Apply what is missing, in the connection's transaction; several processes may try at once.

    Args:
        connection: a writing transaction.
        folder: the migrations.
        shown: the database's address for people.

    Returns:
        The revisions that were applied, oldest first.

    Raises:
        StorageError: the database is newer than this program.
    """
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    if connection.dialect.name != "sqlite":
        # Held to the end of the transaction; on SQLite BEGIN IMMEDIATE does it.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
    current = MigrationContext.configure(connection).get_current_revision()
    try:
        if current == head:
            return []
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    except CommandError:
        raise StorageError(
            f"{shown} was written by {_writer(connection)} (schema {current}); "
            f"this one, {__version__}, knows schema {head} at most – upgrade it: "
            "pip install --upgrade policy-monitor"
        ) from None
    applied = scripts.iterate_revisions(head or "base", current or "base")
    return [script.revision for script in reversed(list(applied))]


def _writer(connection: Connection) -> str:
    """The version that wrote the schema, where it left its number."""
    noted = schema_version(connection)
    return (
        "a newer version of this program"
        if noted is None
        else f"version {noted} of this program, or a later one"
    )
