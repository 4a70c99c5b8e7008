"""``copy_database`` between real databases of both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from filled_tables import fill_empty_tables
from fresh_database import fresh_sqlite
from postgres import in_postgres
from small_history import write_history
from sqlalchemy import select, text

from monitor.errors import StorageError, UserError
from monitor.storage.copying import copy_database
from monitor.storage.engine import Database
from monitor.storage.statement_tables import ALL_TABLES
from monitor.storage.word_index import statements_with

ODD = "反斜\\x00杠\t'引号'\n𠀀\\N"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that has a row in every table, made once."""
    path = tmp_path_factory.mktemp("filled") / "monitor.db"
    store = Database(fresh_sqlite(path))
    write_history(store)
    with store.engine.execution_options(writing=True).begin() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        fill_empty_tables(connection, ALL_TABLES)
        # A row that names a later one, and characters that COPY has to escape.
        connection.execute(text("UPDATE alert SET digest_id = 2 WHERE id = 1"))
        connection.execute(text("UPDATE alert SET text = :odd"), {"odd": ODD})
        # COPY's own mark of its end.
        connection.execute(text("UPDATE notice SET text = '\\.'"))
    store.close()
    return path


@pytest.fixture
def source(filled: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "source.db"
    path.write_bytes(filled.read_bytes())
    store = Database(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture
def empty_postgres(postgres_server: str) -> Iterator[Database]:
    """A PostgreSQL database without a schema."""
    name = f"copy_{uuid4().hex}"
    in_postgres(postgres_server, f"CREATE DATABASE {name}")
    database = Database(postgres_server.replace("/postgres?", f"/{name}?"))
    yield database
    database.close()
    in_postgres(postgres_server, f"DROP DATABASE {name}")


@pytest.fixture
def sqlite_target(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'target.db'}")
    yield database
    database.close()


def execute(database: Database, statement: str) -> None:
    with database.engine.execution_options(writing=True).begin() as connection:
        connection.exec_driver_sql(statement)


def rows_of(database: Database) -> dict[str, list[str]]:
    """All rows of all tables, in one order on both databases."""
    with database.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in ALL_TABLES.sorted_tables
        }


def is_empty(database: Database) -> bool:
    return not any(rows for name, rows in rows_of(database).items() if name != "reference_day")


def test_a_history_goes_to_postgresql_and_comes_back(source, empty_postgres, tmp_path):
    expected = rows_of(source)
    assert {name for name, rows in expected.items() if not rows} == set()
    seen = []
    copied = copy_database(
        source, empty_postgres, progress=lambda _, done, total: seen.append((done, total))
    )
    assert copied == {name: len(rows) for name, rows in expected.items()}
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
    assert rows_of(empty_postgres) == expected
    with empty_postgres.read() as connection:
        found = connection.scalars(statements_with(connection, ["算力"])).all()
        assert found
    # The next row gets a number of its own.
    with empty_postgres.write() as connection:
        insert = "INSERT INTO notice (at, kind, text) VALUES (now(), 'x', '') RETURNING id"
        assert connection.scalar(text(insert)) == copied["notice"] + 1
        connection.rollback()
    with closing(Database(f"sqlite:///{tmp_path / 'back.db'}")) as back:
        copy_database(empty_postgres, back)
        assert rows_of(back) == expected
        with back.read() as connection:
            assert connection.scalars(statements_with(connection, ["算力"])).all() == found


def test_what_is_written_meanwhile_is_not_copied(source, tmp_path):
    expected = rows_of(source)

    def mute(what: str, done: int, _total: int) -> None:
        if what.startswith("copying"):
            execute(source, f"INSERT INTO mute (recipient_id, rule_id) VALUES (7, 'r{done}')")

    with closing(Database(f"sqlite:///{tmp_path / 'copy.db'}")) as target:
        copy_database(source, target, progress=mute)
        assert rows_of(target) == expected
    assert rows_of(source) != expected


@pytest.mark.parametrize("moment", ["copying snapshot", "indexing words", "comparing alert"])
def test_a_copy_that_is_interrupted_leaves_the_target_empty(source, tmp_path, moment):
    def interrupt(what: str, _done: int, _total: int) -> None:
        if what == moment:
            raise KeyboardInterrupt

    with closing(Database(fresh_sqlite(tmp_path / "copy.db"))) as target:
        with pytest.raises(KeyboardInterrupt):
            copy_database(source, target, progress=interrupt)
        assert is_empty(target)


def test_rows_that_are_not_what_was_read_are_named(source, tmp_path):
    with closing(Database(fresh_sqlite(tmp_path / "copy.db"))) as target:
        for number, change in enumerate(
            (
                "UPDATE notice SET text = 'other' WHERE id = new.id AND id = 2",
                "DELETE FROM mute WHERE rowid = new.rowid AND recipient_id = 1",
            )
        ):
            table = change.split()[1 + change.startswith("DELETE")]
            execute(
                target,
                f"CREATE TRIGGER meddle{number} AFTER INSERT ON {table} BEGIN {change}; END",
            )
        with pytest.raises(StorageError) as raised:
            copy_database(source, target)
        assert "nothing is kept: " in str(raised.value)
        assert "notice 2 differs" in str(raised.value)
        assert "mute 1, id1 is missing" in str(raised.value)
        assert is_empty(target)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "UPDATE notice SET text = 'a' || char(0) || 'b' WHERE id = 2",
            r"notice 2 has a NUL character \(U\+0000\) in text, which PostgreSQL does not take",
        ),
        (
            "UPDATE notice SET kind = 'a word of more than sixteen letters' WHERE id = 2",
            r"value too long for type .*\(COPY notice, line 2, column kind",
        ),
        ("DELETE FROM source_health_event WHERE id = 2", r'is not present in table "source_health'),
    ],
)
def test_a_row_that_postgresql_does_not_take_is_named(source, empty_postgres, change, expected):
    with source.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql(change)
        connection.exec_driver_sql("BEGIN")
    with pytest.raises(StorageError, match=expected):
        copy_database(source, empty_postgres)
    assert is_empty(empty_postgres)


@pytest.mark.parametrize("target", ["sqlite_target", "empty_postgres"])
def test_a_text_that_is_not_utf8_is_named(source, target, request):
    execute(source, "UPDATE notice SET text = CAST(x'e7ae97ff41' AS TEXT) WHERE id = 2")
    target = request.getfixturevalue(target)
    with pytest.raises(StorageError) as raised:
        copy_database(source, target)
    told = "notice 2 has bytes in text that are not UTF-8: nothing was copied"
    assert str(raised.value) == told
    assert is_empty(target)


def test_a_row_without_what_it_names_is_not_copied(source, tmp_path):
    with source.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("DELETE FROM source_health_event WHERE id = 2")
        connection.exec_driver_sql("BEGIN")
    with (
        closing(Database(f"sqlite:///{tmp_path / 'copy.db'}")) as target,
        pytest.raises(StorageError, match="name rows which are not there; nothing was copied"),
    ):
        copy_database(source, target)


def test_only_an_empty_database_is_copied_into(source, tmp_path):
    with closing(Database(fresh_sqlite(tmp_path / "used.db"))) as target:
        execute(target, "INSERT INTO mute (recipient_id, rule_id) VALUES (7, 'r')")
        with pytest.raises(UserError, match=r"holds something already \(rows in mute\)"):
            copy_database(source, target)
    with pytest.raises(UserError, match="this is one database"):
        copy_database(source, source)
    execute(source, "UPDATE alembic_version SET version_num = '0020'")
    with (
        closing(Database(f"sqlite:///{tmp_path / 'new.db'}")) as target,
        pytest.raises(UserError, match=r"has schema 0020.* – monitor db upgrade --database"),
    ):
        copy_database(source, target)
    assert not (tmp_path / "new.db").exists()
