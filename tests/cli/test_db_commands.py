"""``monitor db backup|restore|check|vacuum`` on real SQLite files."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from alembic import command
from alembic.config import Config
from alert_story import plant, raised
from fresh_database import fresh_sqlite
from sqlalchemy import text

from monitor.cli.app import main
from monitor.ingest.projection import project_documents
from monitor.storage import backup, maintenance, sqlite_files
from monitor.storage.backup import back_up
from monitor.storage.engine import Database, migrations_folder, newest_revision

SERVER = "postgresql://u:hush@h:5432/n?sslmode=require&sslpassword=hush"
HELD = "1 document, 2 changes, 0 recipients, 1 alert"


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a database that holds something, made once."""
    path = tmp_path_factory.mktemp("history") / "monitor.db"
    store = Database(fresh_sqlite(path))
    plant(store, [raised(), raised(5, 6)], chats=[7])
    with store.write() as connection:
        connection.execute(text("UPDATE document SET snapshot_id = (SELECT max(id) FROM snapshot)"))
        project_documents(connection, [1])
    store.close()
    return path.read_bytes()


@pytest.fixture
def monitor(capsys, tmp_path, monkeypatch, history) -> Callable[..., tuple[int, str, str]]:
    """Run a command in a folder with a database; the exit code, and what was printed."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("MONITOR_")]:
        monkeypatch.delenv(name)
    (tmp_path / "monitor.db").write_bytes(history)

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(one) for one in arguments])
        out, err = capsys.readouterr()
        return left.value.code, out, err  # type: ignore[return-value]

    return run


def execute(path: Path | str, *statements: str) -> list[tuple[object, ...]]:
    """The rows of the last statement."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(one).fetchall() for one in statements][-1]


def count(path: Path | str, table: str = "document") -> int:
    return execute(path, f"SELECT count(*) FROM {table}")[0][0]  # type: ignore[return-value]


def write(path: Path | str, kind: str, history: bytes) -> None:
    """A file that is no whole copy of this version."""
    path = Path(path)
    path.write_bytes(
        {"text": b"Dear all\n" * 999, "torn": history[:9000], "foreign": b""}.get(kind, history)
    )
    if kind == "foreign":
        execute(path, "CREATE TABLE customers (id INTEGER)")
    elif kind == "newer":
        execute(path, "UPDATE alembic_version SET version_num = '9999'")
    elif kind == "orphans":
        execute(path, "PRAGMA foreign_keys=OFF", "DELETE FROM document")


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_backup_is_one_private_file_with_what_the_log_holds(monitor, tmp_path):
    with closing(sqlite3.connect("monitor.db", isolation_level=None)) as daemon:
        daemon.execute("PRAGMA journal_mode=WAL")
        daemon.execute("INSERT INTO mute (recipient_id, rule_id) VALUES (7, 'a')")
        assert Path("monitor.db-wal").stat().st_size > 0
        code, out, err = monitor("db", "backup", "copy.db")
    assert (code, out) == (0, "")
    assert err == f"copy.db: {HELD}, schema {newest_revision()}; checked\n"
    assert count("copy.db", "mute") == 1
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert files(tmp_path) == ["copy.db", "monitor.db"]
    assert monitor("db", "backup", "copy.db")[0] == 0, "an older copy is replaced"


def test_a_backup_holds_one_moment_while_others_write(monkeypatch, monitor, tmp_path):
    monkeypatch.setattr(backup, "_PAGES_AT_ONCE", 20)
    store = Database("sqlite:///monitor.db")
    writer = sqlite3.connect("monitor.db", isolation_level=None)
    written = []

    def mute(done: int, total: int) -> None:
        writer.execute(f"INSERT INTO mute (recipient_id, rule_id) VALUES (7, 'r{done}')")
        writer.execute(f"UPDATE document SET title = 'after {done}'")
        written.append(total)

    with closing(writer), closing(store):
        writer.execute("PRAGMA journal_mode=WAL")
        contents = back_up(store, tmp_path / "copy.db", progress=mute)
    assert len(written) > 3
    assert count("monitor.db", "mute") == len(written)
    assert (contents.rows["mute"], count("copy.db", "mute")) == (0, 0)
    assert not execute("copy.db", "SELECT title FROM document WHERE title LIKE 'after%'")
    assert execute("copy.db", "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize(
    ("target", "arguments", "outcome"),
    [
        ("monitor.db", ["--force"], (2, "this is the database itself")),
        ("linked.db", ["--force"], (2, "this is the database itself")),
        ("folder", ["--force"], (2, "this is a folder")),
        ("notes.txt", [], (2, "which is no copy of a database of this program")),
        ("notes.txt", ["--force"], (0, HELD)),
        ("foreign.db", [], (2, "which is no copy of a database of this program")),
        ("used.db", ["--force"], (2, "that a program uses, or used when it crashed")),
        ("none/copy.db", [], (2, "its folder does not exist")),
        ("copy.db", ["-d", "sqlite:///none.db"], (2, "there is no database here yet")),
        ("copy.db", ["-d", "sqlite://"], (2, "a database in memory has no file")),
        ("copy.db", ["-d", "sqlite:///foreign.db"], (1, "another program (tables customers)")),
        ("copy.db", ["-d", "sqlite:///torn.db"], (1, "the file is damaged")),
        (
            "copy.db",
            ["-d", "sqlite:///orphans.db"],
            (1, "name a row of document that is not there"),
        ),
    ],
)
def test_a_backup_replaces_nothing_else(monitor, history, target, arguments, outcome):
    (code, expected), here = outcome, Path()
    Path("linked.db").symlink_to("monitor.db")
    Path("folder").mkdir()
    for name, kind in (("notes.txt", "text"), ("used.db", ""), ("used.db-wal", "text")):
        write(name, kind, history)
    for kind in ("foreign", "torn", "orphans"):
        write(f"{kind}.db", kind, history)
    before = {path: path.read_bytes() for path in here.iterdir() if path.is_file()}
    names = files(here)
    left, _, err = monitor("db", "backup", target, *arguments)
    assert (left, err.count("\n")) == (code, 1)
    assert expected in err
    if code:
        assert files(here) == names
        assert {path: path.read_bytes() for path in before} == before


def test_a_restore_keeps_the_old_database_beside(monitor, tmp_path):
    assert monitor("db", "backup", "copy.db")[0] == 0
    execute("monitor.db", "INSERT INTO mute (recipient_id, rule_id) VALUES (7, 'a')")
    code, _, err = monitor("db", "restore", "copy.db")
    assert code == 2
    assert "which holds something – --force replaces it and keeps it beside" in err
    assert count("monitor.db", "mute") == 1
    code, _, err = monitor("db", "restore", "copy.db", "--force")
    assert code == 0, err
    (kept,) = tmp_path.glob("monitor.db.before-restore-*")
    assert err == f"monitor.db: {HELD}; the old one is {kept}\n"
    assert (count("monitor.db", "mute"), count(kept, "mute")) == (0, 1)
    assert files(tmp_path) == ["copy.db", "monitor.db", kept.name]
    assert kept.stat().st_nlink == 1


@pytest.mark.parametrize("there", ["nothing", "empty file", "no rows", "empty database"])
def test_a_restore_needs_no_force_where_nothing_is_lost(monitor, tmp_path, there):
    Path("monitor.db").rename("copy.db")
    if there == "empty file":
        Path("monitor.db").touch()
    elif there == "no rows":
        fresh_sqlite(tmp_path / "monitor.db")
    elif there == "empty database":
        execute("monitor.db", "PRAGMA journal_mode=WAL")
    code, _, err = monitor("db", "restore", "copy.db")
    assert (code, err) == (0, f"monitor.db: {HELD}\n")
    assert files(tmp_path) == ["copy.db", "monitor.db"]
    if there == "nothing":
        assert (tmp_path / "monitor.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        ("text", 1, "file is not a database"),
        ("torn", 1, "the file is damaged"),
        ("orphans", 1, "name a row of document that is not there"),
        ("foreign", 1, "another program (tables customers)"),
        ("newer", 1, "a newer version of this program (schema 9999)"),
        ("missing", 2, "there is no such file – monitor db backup FILE writes one"),
        ("itself", 2, "this is the database itself"),
    ],
)
def test_what_is_no_copy_is_not_restored(monitor, history, kind, code, expected):
    if kind == "itself":
        Path("copy.db").symlink_to("monitor.db")
    elif kind != "missing":
        write("copy.db", kind, history)
    names = files(Path())
    left, _, err = monitor("db", "restore", "copy.db", "--force")
    assert (left, err.count("\n")) == (code, 1)
    assert expected in err
    assert files(Path()) == names
    assert count("monitor.db") == 1


def test_a_database_in_use_is_not_replaced(monitor, monkeypatch, tmp_path, history):
    monkeypatch.setattr(backup, "_HELD_SECONDS", 0)
    (tmp_path / "copy.db").write_bytes(history)
    daemon = Database("sqlite:///monitor.db")
    with closing(daemon):
        assert daemon.revision() == newest_revision()
        code, _, err = monitor("db", "restore", "copy.db", "--force")
    assert (code, err.count("\n")) == (1, 1)
    assert "is in use by another program: stop monitor run" in err
    assert files(tmp_path) == ["copy.db", "monitor.db"]


@pytest.mark.parametrize("damaged", [False, True])
def test_the_log_of_the_old_database_is_not_written_into_the_new_one(
    monitor, tmp_path, history, damaged
):
    with closing(sqlite3.connect("live.db", isolation_level=None)) as killed:
        (tmp_path / "live.db").write_bytes(history)
        killed.execute("PRAGMA journal_mode=WAL")
        killed.execute("INSERT INTO mute (recipient_id, rule_id) VALUES (7, 'a')")
        log = Path("live.db-wal").read_bytes()
        for ending in ("", "-wal", "-shm"):
            Path(f"monitor.db{ending}").write_bytes(Path(f"live.db{ending}").read_bytes())
    if damaged:
        write("monitor.db", "torn", history)
    (tmp_path / "copy.db").write_bytes(history)
    code, _, err = monitor("db", "restore", "copy.db", "--force")
    assert code == 0, err
    (kept,) = (path for path in tmp_path.glob("*before-restore-*") if path.name[-1] == "Z")
    assert not list(tmp_path.glob("monitor.db-*"))
    assert count("monitor.db", "mute") == 0
    if damaged:
        assert kept.with_name(f"{kept.name}-wal").read_bytes() == log
    else:
        assert count(kept, "mute") == 1


def test_a_copy_of_an_earlier_schema_is_upgraded(monitor, tmp_path):
    store = Database("sqlite:///copy.db")
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.set_main_option("path_separator", "os")
    with closing(store), store.engine.execution_options(writing=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0020")
    Path("monitor.db").unlink()
    code, _, err = monitor("db", "restore", "copy.db")
    assert code == 0
    assert f"upgraded to schema {newest_revision()}" in err
    assert monitor("db", "check")[0] == 0
    assert execute("copy.db", "SELECT version_num FROM alembic_version") == [("0020",)]


@pytest.mark.parametrize(
    ("change", "arguments", "expected"),
    [
        ("SELECT 1", ["--projection"], ""),
        ("DELETE FROM current_statement", [], ""),
        ("DELETE FROM current_statement", ["--projection"], "statements are not shown"),
        (
            "UPDATE document SET title = CAST(x'e8b4b5e5ff' AS TEXT)",
            [],
            "1 of document have a title that is not UTF-8; the first is id 1\n",
        ),
        ("DELETE FROM alert", [], "of alert_change name a row of alert that is not there"),
        ("DROP TABLE alembic_version", [], "is the database of another program"),
    ],
)
def test_a_check_tells_what_is_wrong(monitor, change, arguments, expected):
    execute("monitor.db", "PRAGMA foreign_keys=OFF", change)
    code, out, err = monitor("db", "check", "--format", "jsonl", *arguments)
    if expected:
        assert (code, expected in err) == (1, True)
    else:
        assert (code, err) == (0, "sqlite:///monitor.db: nothing is wrong\n")
        rows = {row["table"]: row for row in map(json.loads, out.splitlines())}
        assert rows["document"]["rows"] == 1


def test_a_damaged_page_is_found(monitor, tmp_path):
    path = tmp_path / "monitor.db"
    ((root,),) = execute(path, "SELECT rootpage FROM sqlite_master WHERE name = 'snapshot'")
    ((size,),) = execute(path, "PRAGMA page_size")
    with path.open("r+b") as file:
        file.seek((root - 1) * size)  # type: ignore[operator]
        file.write(b"\0" * 100)
    code, out, err = monitor("db", "check")
    assert (code, out) == (1, "")
    assert err


def test_a_vacuum_gives_space_back(monitor, tmp_path, monkeypatch):
    filler = "INSERT INTO notice (at, kind, text) SELECT '2026-01-01', 'x', hex(zeroblob(100000))"
    execute("monitor.db", filler, "DELETE FROM notice")
    size = (tmp_path / "monitor.db").stat().st_size
    disk = SimpleNamespace(free=1_000)
    with monkeypatch.context() as patch:
        patch.setattr(maintenance.shutil, "disk_usage", lambda _: disk)
        code, _, err = monitor("db", "vacuum")
        assert code == 1
        assert "has 1,000 bytes free, and" in err
        patch.setattr(sqlite_files, "_BUSY_SECONDS", 0)
        disk.free = 1_000_000_000
        with closing(sqlite3.connect("monitor.db", isolation_level=None)) as daemon:
            daemon.execute("BEGIN IMMEDIATE")
            code, _, err = monitor("db", "vacuum")
        assert (code, err.count("\n")) == (1, 1)
        assert "database is locked – another program holds it" in err
    assert (tmp_path / "monitor.db").stat().st_size == size
    code, _, err = monitor("db", "vacuum")
    after = (tmp_path / "monitor.db").stat().st_size
    assert (code, err) == (0, f"monitor.db: {size:,} bytes before, {after:,} after\n")
    assert after < size
    assert monitor("db", "check")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("backup", "a b.dump"), "pg_dump --format=custom '--file=a b.dump' "),
        (("restore", "b.dump"), "pg_restore --clean --if-exists --no-owner "),
    ],
)
def test_the_command_of_a_server_is_named_without_its_password(monitor, arguments, expected):
    Path("b.dump").write_bytes(b"PGDMP\x01\x0e")
    code, out, err = monitor("db", *arguments, "-d", SERVER)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{expected}'--dbname=postgresql://u@h:5432/n?sslmode=require'" in err
    assert "hush" not in err


@pytest.mark.parametrize(
    ("file", "server", "expected"),
    [
        ("none.dump", SERVER, "there is no such file – pg_dump --format=custom writes one"),
        ("copy.db", SERVER, "this is an SQLite database – monitor db copy sqlite:///copy.db TO"),
        ("notes.txt", SERVER, "this is nothing that pg_restore reads"),
        ("b.dump", "sqlite:///none.db", "this is a copy of a PostgreSQL database – pg_restore"),
    ],
)
def test_a_copy_of_the_other_kind_is_not_restored(monitor, history, file, server, expected):
    write("copy.db", "", history)
    write("notes.txt", "text", history)
    Path("b.dump").write_bytes(b"PGDMP\x01\x0e")
    code, _, err = monitor("db", "restore", file, "-d", server)
    assert (code, err.count("\n")) == (2, 1)
    assert expected in err


def test_the_tables_of_a_server_are_checked(monitor, postgres_database):
    plant(postgres_database, [raised()], chats=[7])
    address = postgres_database.url.render_as_string(hide_password=False)
    code, out, err = monitor("db", "check", "--format", "jsonl", "-d", address)
    assert code == 0, err
    rows = {row["table"]: row for row in map(json.loads, out.splitlines())}
    assert rows["document"]["rows"] == 1
    assert rows["document"]["bytes"] > 0
    assert err == f"{postgres_database.shown}: nothing is wrong\n"

    with postgres_database.write() as connection:
        connection.execute(text("SELECT setval('document_id_seq', 1, false)"))
        connection.execute(text("ALTER TABLE change DISABLE TRIGGER change_append_only"))
        connection.execute(
            text("UPDATE pg_index SET indisvalid = false WHERE indrelid = 'mute'::regclass")
        )
    code, out, err = monitor("db", "check", "-d", address)
    assert (code, out) == (1, "")
    for fault in (
        "document counts up from 0 and has a row 1 already",
        "a trigger of change is switched off",
        "the index pk_mute is not valid",
        "3 faults",
    ):
        assert fault in err


def test_a_server_is_vacuumed(monitor, postgres_database):
    address = postgres_database.url.render_as_string(hide_password=False)
    code, _, err = monitor("db", "vacuum", "-d", address)
    assert (code, err.count("\n")) == (0, 1), err
    assert "bytes before" in err
    assert "vacuumdb --full --analyze" in err


def test_a_database_is_copied_and_each_row_compared(monitor, monkeypatch):
    code, out, err = monitor("db", "copy", "sqlite:///monitor.db", "sqlite:///copy.db")
    assert (code, out) == (0, "")
    assert err.startswith(f"sqlite:///copy.db: {HELD}; ")
    assert err.endswith(" tables, each read back and compared\n")
    assert count("copy.db", "change") == 2
    assert monitor("db", "check", "-d", "sqlite:///copy.db")[0] == 0

    code, _, err = monitor("db", "copy", "sqlite:///monitor.db", "sqlite:///copy.db")
    assert (code, err.count("\n")) == (2, 1)
    assert "holds something already (rows in " in err
    code, _, err = monitor("db", "copy", "sqlite:///none.db", "sqlite:///other.db")
    assert (code, err) == (2, "none.db: there is no database here – FROM is copied to TO\n")

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("monitor.storage.copying.copy_database", interrupt)
    code, _, err = monitor("db", "copy", "sqlite:///monitor.db", "sqlite:///other.db")
    assert (code, err) == (130, "sqlite:///other.db: nothing was copied; it is empty: copy again\n")
