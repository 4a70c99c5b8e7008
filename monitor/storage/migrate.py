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

_PROGRAM = "policy-monitor "
_SCALES = (1_000_000, 1_000, 1)
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


def note_version(connection: Connection) -> None:
    """Note which version of the program the schema is of, for older ones to name."""
    parts = [int(part) for part in __version__.split(".")[:3] if part.isdecimal()]
    if connection.dialect.name == "sqlite":
        number = sum(part * scale for part, scale in zip(parts, _SCALES, strict=False))
        connection.exec_driver_sql(f"PRAGMA user_version={number}")
    else:
        said = ".".join(map(str, parts))
        connection.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{_PROGRAM}{said}'")


def schema_version(connection: Connection) -> str | None:
    """The version of the program that ``note_version`` noted; None without one."""
    if connection.dialect.name == "sqlite":
        number = connection.exec_driver_sql("PRAGMA user_version").scalar() or 0
        parts = [number // scale % 1_000 for scale in _SCALES]
        return ".".join(map(str, parts)) if number else None
    said = connection.exec_driver_sql(
        "SELECT obj_description('alembic_version'::regclass, 'pg_class')"
    ).scalar()
    return said.removeprefix(_PROGRAM) if said and said.startswith(_PROGRAM) else None
