"""The PostgreSQL schema of the jobs of several processes: the tables of the library procrastinate.

They are no part of our migrations. A job says nothing that the table ``source`` does not say, so a
release of the library with other tables gets new, empty ones: what was waiting is still due.
"""

from __future__ import annotations

import hashlib
from typing import Any, cast

from sqlalchemy import Connection, text

from monitor.errors import StorageError
from monitor.storage.engine import Database
from monitor.storage.locks import QUEUE_SCHEMA

_OWNER = "policy-monitor, jobs "
# Any number serves, as long as nobody else on the server takes the same one: "policymq" in ASCII.
_QUEUE_LOCK = 0x706F6C6963796D71


def queue_revision(tables: str) -> str:
    """The revision of a library's tables: a hash of the SQL that makes them."""
    return hashlib.sha256(tables.encode()).hexdigest()[:12]


def stored_queue_revision(database: Database) -> str | None:
    """The revision of the tables in the database; None without any.

    Raises:
        StorageError: the schema is another program's.
    """
    with database.engine.connect() as connection:
        return _stored(connection, database.shown)


def create_queue_schema(database: Database, tables: str) -> bool:
    """Make the tables, in place of those of another revision; several processes may try at once.

    Args:
        database: on PostgreSQL.
        tables: the SQL of the library.

    Returns:
        Whether anything was to be done.

    Raises:
        StorageError: the schema is another program's.
    """
    revision = queue_revision(tables)
    with database.faults_told(), database.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _QUEUE_LOCK})
        if _stored(connection, database.shown) == revision:
            return False
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {QUEUE_SCHEMA} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {QUEUE_SCHEMA}")
        connection.exec_driver_sql(f"COMMENT ON SCHEMA {QUEUE_SCHEMA} IS '{_OWNER}{revision}'")
        connection.exec_driver_sql(f"SET LOCAL search_path TO {QUEUE_SCHEMA}")
        # The driver itself: SQLAlchemy sends parameters, and many statements have none.
        cast("Any", connection.connection.driver_connection).execute(tables)
    return True


def _stored(connection: Connection, shown: str) -> str | None:
    query = text(
        "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace "
        "WHERE nspname = :name"
    )
    comment = connection.scalar(query, {"name": QUEUE_SCHEMA})
    if comment is None:
        return None
    if not comment.startswith(_OWNER):
        raise StorageError(f"{shown} has a schema {QUEUE_SCHEMA} of another program")
    return str(comment).removeprefix(_OWNER)
