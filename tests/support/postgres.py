"""What the tests ask of their PostgreSQL server itself."""

from __future__ import annotations

#: What a database is made of: its columns, views, triggers, indexes and revision, in one value.
_SHAPE = """
SELECT md5(string_agg(part, ',' ORDER BY part)) || (SELECT version_num FROM alembic_version)
FROM (
    SELECT format('%s.%s.%s.%s', c.relnamespace::regnamespace, c.relname, a.attname, a.atttypid)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    UNION ALL
    SELECT definition FROM pg_views WHERE schemaname = 'public'
    UNION ALL
    SELECT format('%s.%s', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT format('off %s', tgrelid::regclass) FROM pg_trigger WHERE tgenabled <> 'O'
    UNION ALL
    SELECT format('invalid %s', indexrelid::regclass) FROM pg_index WHERE NOT indisvalid
) AS parts(part)
"""
_EMPTY = """
DO $$
DECLARE name text;
BEGIN
    -- Foreign keys are triggers: without them the order of the tables does not matter.
    SET LOCAL session_replication_role = replica;
    FOR name IN
        SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    FOR name IN
        SELECT sequencename FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL
    LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', name);
    END LOOP;
END $$
"""


def in_postgres(address: str, statement: str) -> None:
    """Run a statement that no transaction may hold."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement.encode())


def shape(address: str) -> str:
    """What distinguishes the schema of a database that has one from any other schema."""
    import psycopg

    with psycopg.connect(address) as connection:
        row = connection.execute(_SHAPE.encode()).fetchone()
    assert row is not None
    return str(row[0])


def seeds(address: str) -> dict[str, bytes]:
    """What migrations put into the tables of a new database, by table."""
    import psycopg

    found = {}
    with psycopg.connect(address) as connection:
        tables = connection.execute(
            b"SELECT tablename FROM pg_tables"
            b" WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchall()
        for (name,) in tables:
            with connection.cursor().copy(f"COPY {name} TO STDOUT".encode()) as rows:
                found[name] = b"".join(bytes(part) for part in rows)
    return {name: rows for name, rows in found.items() if rows}


def emptied(address: str, expected: str, seeded: dict[str, bytes]) -> bool:
    """Make a database as if it were new, if its schema is still the expected one."""
    import psycopg

    try:
        with psycopg.connect(address, autocommit=True) as connection:
            row = connection.execute(_SHAPE.encode()).fetchone()
            if row is None or row[0] != expected:
                return False
            # A connection that a test left open in a transaction makes the test fail.
            connection.execute(b"SET lock_timeout = '20s'")
            connection.execute(_EMPTY.encode())
            for name, rows in seeded.items():
                with connection.cursor().copy(f"COPY {name} FROM STDIN".encode()) as copy:
                    copy.write(rows)
    except psycopg.Error:
        return False
    return True
