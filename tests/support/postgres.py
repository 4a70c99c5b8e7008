"""What the tests ask of their PostgreSQL server itself."""

from __future__ import annotations


def in_postgres(address: str, statement: str) -> None:
    """Run a statement that no transaction may hold."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement.encode())
