"""A new SQLite database without its migrations, which take longer than most tests.

And what of a schema differs from the tables in code.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from monitor.storage.engine import Database
from monitor.storage.statement_tables import ALL_TABLES


def fresh_sqlite(path: Path) -> str:
    """Put an empty database with the schema in it at ``path``, if none is there; give its URL."""
    if not path.exists():
        path.write_bytes(_empty())
    return f"sqlite:///{path}"


@cache
def _empty() -> bytes:
    with TemporaryDirectory(prefix="monitor-empty-") as folder:
        path = Path(folder) / "empty.db"
        database = Database(f"sqlite:///{path}")
        database.upgrade()
        database.close()
        return path.read_bytes()


def schema_differences(connection: Connection) -> list[object]:
    """What the migrations made otherwise than the tables in code.

    The index of words is left out: it is a table of another sort on each database. So are the
    indexes of the other database.
    """
    dialect = connection.dialect.name
    options = {
        "include_name": lambda name, *_: not str(name).startswith("statement_words"),
        "include_object": lambda one, *_: one.info.get("dialect", dialect) == dialect,
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), ALL_TABLES))
