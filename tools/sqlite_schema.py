"""Writes ``migrations/sqlite-REVISION.sql`` again: what the migrations make of an empty database.

    python tools/sqlite_schema.py

To be run after a new migration; until then a new database goes through all migrations.
"""

from __future__ import annotations

import sys

from sqlalchemy import Connection, inspect

from monitor.storage.engine import Database, migrations_folder, newest_revision
from monitor.storage.migrate import upgrade_schema
from monitor.storage.new_schema import schema_script

# Rows that migrations put into tables. Any others have to be added here.
ROWS = {
    "alembic_version": f"INSERT INTO alembic_version SELECT '{newest_revision()}'",
    "reference_day": "INSERT INTO reference_day (id, day) SELECT 1, date('now')",
    # A setting of the index, kept in it.
    "statement_words": "INSERT INTO statement_words (statement_words, rank) "
    "VALUES ('automerge', 2)",
}
INDEX_OF_WORDS = "statement_words_"
"""How the tables begin that SQLite makes with a virtual one."""


def main() -> None:
    """Write the script, and delete the one of an earlier revision."""
    database = Database("sqlite://")
    with database.engine.execution_options(writing=True).begin() as connection:
        upgrade_schema(connection, migrations_folder(), database.shown)
        text = script(connection)
    for old in migrations_folder().glob("sqlite-*.sql"):
        old.unlink()
    file = schema_script(migrations_folder(), newest_revision())
    file.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{file.name} written\n")


def script(connection: Connection) -> str:
    """The statements that make the schema of a database, and the rows of its migrations."""
    found = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_master "  # noqa: S608 - a constant
        f"WHERE sql IS NOT NULL AND substr(name, 1, {len(INDEX_OF_WORDS)}) <> '{INDEX_OF_WORDS}' "
        "ORDER BY rowid"
    )
    statements = [*found.scalars(), *ROWS.values()]
    for table in inspect(connection).get_table_names():
        known = table in ROWS or table.startswith(INDEX_OF_WORDS)
        if not known and connection.exec_driver_sql(f'SELECT 1 FROM "{table}"').first():  # noqa: S608
            raise SystemExit(f"migrations put rows into {table}: add them to ROWS")
    head = "-- Written by tools/sqlite_schema.py: what the migrations make of an empty database.\n"
    return head + "".join(f"{statement};\n" for statement in statements)


if __name__ == "__main__":
    main()
