"""The schema: upgraded once by whoever comes first, equal to the tables, and never altered."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest
from alembic.script import ScriptDirectory
from fresh_database import schema_differences
from logged_changes import add_changes
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from monitor import __version__
from monitor.errors import StorageError, UserError
from monitor.ingest.projection import project_documents
from monitor.model.changes import Basis, Change, Delta, Kind
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Label, Op, Speaker, Statement, Target
from monitor.storage import new_schema
from monitor.storage.changes import ChangeConditions, list_changes
from monitor.storage.documents import add_document, set_current_snapshot
from monitor.storage.engine import Database, known_revisions, migrations_folder, newest_revision
from monitor.storage.migrate import upgrade_schema
from monitor.storage.new_schema import schema_script, schema_version
from monitor.storage.recipients import save_chat
from monitor.storage.snapshots import add_snapshot, load_snapshot
from monitor.storage.subscriptions import rules_of, subscribe

NOW = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
STATEMENT = Statement(
    text="全省算力规模突破190Eflops。",
    start=0,
    end=17,
    label=Label.COMMITMENT,
    speaker=Speaker.GOVERNMENT,
    region="贵州省",
    year=2026,
    themes=("compute", "data"),
    targets=(Target("全省算力规模", Op.AT_LEAST, 190, "Eflops", None, "突破190Eflops"),),
    section="二、重点工作",
    source_name="贵州省大数据局",
    person="陈某",
    person_title="局长",
)


def write_a_change(database):
    with database.write() as connection:
        document = add_document(
            connection,
            provenance=Provenance(
                DocumentKind.REPORT, Speaker.GOVERNMENT, "贵州省", 2026, title="报告"
            ),
            source_id=None,
            url="https://example.org/a.html",
            baseline=False,
            now=NOW,
        )
        after = add_snapshot(
            connection,
            document.id,
            Document(STATEMENT.text, title="报告"),
            (STATEMENT,),
            fetch=FetchRecord(body=b"bytes"),
            now=NOW,
        )
        set_current_snapshot(connection, document.id, after.id, title="报告", published=None)
        change = Change(
            Kind.ADDED,
            Basis.REVISION,
            "贵州省",
            None,
            STATEMENT,
            (Delta("全省算力规模", "Eflops", None, 190),),
        )
        ids = add_changes(
            connection, [change], document_id=document.id, before=None, after=after, now=NOW
        )
        project_documents(connection, [document.id])
    return document, after, change, ids


def test_the_migrations_make_the_tables(database):
    assert database.upgrade() == []
    with database.engine.connect() as connection:
        assert schema_differences(connection) == []


def test_the_newest_revision_is_the_one_alembic_ends_at(database):
    assert database.revision() == newest_revision()
    known = ScriptDirectory(str(migrations_folder())).get_heads()
    assert known == [newest_revision()]


def contents(database):
    """Every object of an SQLite database, and every row; that of an index of words as stored."""
    with database.engine.connect() as connection:
        objects = connection.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master"))
        found = {one.name: (one.type, one.tbl_name, one.sql) for one in objects}
        rows = {
            name: connection.exec_driver_sql(f'SELECT * FROM "{name}"').all()
            for name, (kind, _, sql) in found.items()
            if kind == "table" and not sql.startswith("CREATE VIRTUAL")
        }
    return found, rows


def test_a_new_sqlite_database_is_what_the_migrations_make(tmp_path):
    new, migrated = (Database(f"sqlite:///{tmp_path / name}.db") for name in ("new", "migrated"))
    assert new.upgrade() == sorted(known_revisions())
    with migrated.engine.execution_options(writing=True).begin() as connection:
        upgrade_schema(connection, migrations_folder(), "")
    assert contents(new) == contents(migrated), "run tools/sqlite_schema.py"
    with new.engine.connect() as connection:
        assert schema_version(connection) == __version__
        assert schema_differences(connection) == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    new.close()
    migrated.close()


def test_there_is_a_script_of_the_newest_revision_alone():
    script = schema_script(migrations_folder(), newest_revision())
    assert list(migrations_folder().glob("*.sql")) == [script], "run tools/sqlite_schema.py"


def test_a_new_sqlite_database_needs_no_alembic(tmp_path):
    code = (
        "import sys; from monitor.storage.engine import Database; "
        f"Database('sqlite:///{tmp_path / 'm.db'}').upgrade(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_its_script_a_database_goes_through_the_migrations(tmp_path, monkeypatch):
    monkeypatch.setattr(new_schema, "schema_script", lambda *_: tmp_path / "none.sql")
    database = Database(f"sqlite:///{tmp_path / 'm.db'}")
    assert database.upgrade()[0] == "0001"
    assert database.revision() == newest_revision()
    database.close()


def test_a_start_that_dies_in_the_script_leaves_an_empty_database(tmp_path):
    file = tmp_path / "m.db"
    code = (
        "import os; from monitor.storage import new_schema; "
        "from monitor.storage.engine import Database; "
        "every = new_schema._statements; "
        "new_schema._statements = lambda script: (one if n < 50 else os.kill(os.getpid(), 9) "
        "for n, one in enumerate(every(script))); "
        f"Database('sqlite:///{file}').upgrade()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    database = Database(f"sqlite:///{file}")
    assert database.revision() is None
    assert database.upgrade()
    assert database.revision() == newest_revision()
    database.close()


def test_many_starters_upgrade_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'm.db'}"
    applied: list[list[str]] = []
    barrier = threading.Barrier(6)

    def start():
        database = Database(url)
        barrier.wait()
        applied.append(database.upgrade())
        database.close()

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    *idle, working = sorted(applied, key=len)
    assert idle == [[]] * 5
    assert working[0] == "0001"


def test_a_newer_schema_is_refused_with_the_version_that_wrote_it(database):
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="upgrade it") as caught:
        database.upgrade()
    assert f"was written by version {__version__} of this program, or a later" in str(caught.value)


def test_a_server_that_cannot_be_asked_is_said_without_the_password(postgres_server):
    for url, said in (
        (postgres_server.replace("/postgres?", "/none?"), "createdb makes a database"),
        ("postgresql://someone:hush@127.0.0.1:1/none", "is the server running"),
    ):
        database = Database(url)
        with pytest.raises(StorageError, match=said) as caught:
            database.upgrade()
        database.close()
        assert "hush" not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["nonsense", "sqlite:/x", "oracle+nothing://x/y"])
def test_a_wrong_address_is_the_users_mistake(url):
    with pytest.raises(UserError):
        Database(url)


def test_a_folder_that_is_not_there_is_said_in_one_line(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'm.db'}")
    with pytest.raises(StorageError, match="unable to open") as caught:
        database.upgrade()
    assert "\n" not in str(caught.value)


def test_what_was_written_comes_back_as_it_was(database):
    _document, after, change, ids = write_a_change(database)
    with database.read() as connection:
        stored = load_snapshot(connection, after.id)
        assert stored.statements == (STATEMENT,)
        (logged,) = list_changes(connection)
    assert logged.id == ids[0]
    assert logged.change == change
    assert logged.detected_at == NOW
    assert logged.summary == "全省算力规模 – → 190 Eflops"


def test_themes_are_found_whole_and_literally(database):
    write_a_change(database)
    with database.read() as connection:
        assert len(list_changes(connection, ChangeConditions(theme="data"))) == 1
        assert list_changes(connection, ChangeConditions(theme="dat")) == []
        assert list_changes(connection, ChangeConditions(theme="%")) == []
        assert list_changes(connection, ChangeConditions(region="甘肃省")) == []
        assert list_changes(connection, ChangeConditions(kinds=(Kind.DROPPED,))) == []


@pytest.mark.parametrize("table", ["change", "delta", "statement", "target", "snapshot"])
@pytest.mark.parametrize("deed", ["DELETE FROM {}", "UPDATE {} SET id = id + 1"])
def test_the_log_can_only_be_added_to(database, table, deed):
    write_a_change(database)
    with pytest.raises(DBAPIError, match="append-only"), database.write() as connection:
        connection.execute(text(deed.format(table)))


def test_the_same_change_cannot_be_written_twice(database):
    document, after, change, _ids = write_a_change(database)
    with pytest.raises(DBAPIError), database.write() as connection:
        add_changes(
            connection, [change], document_id=document.id, before=None, after=after, now=NOW
        )


class Stop(Exception):
    """The program dies here."""


def die_half_way(database):
    with database.write() as connection:
        add_document(
            connection,
            provenance=Provenance(DocumentKind.NEWS, Speaker.MEDIA, None),
            source_id=None,
            url=None,
            baseline=True,
            now=NOW,
        )
        raise Stop


def test_a_transaction_that_fails_leaves_no_trace(database):
    with pytest.raises(Stop):
        die_half_way(database)
    with database.read() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM document")).scalar_one() == 0


def test_who_reads_sees_one_state_to_the_end(database):
    with database.read() as connection:
        assert rules_of(connection, 7) == ()
        with database.write() as other:
            save_chat(other, 7, title="聊天", now=NOW)
            subscribe(other, 7, "a", now=NOW)
        assert rules_of(connection, 7) == ()
    with database.read() as connection:
        assert rules_of(connection, 7) == ("a",)


def test_the_public_views_answer(database):
    write_a_change(database)
    with database.read() as connection:
        row = connection.execute(text("SELECT * FROM change_log")).mappings().one()
        assert (row["kind"], row["region"], row["after_value"]) == ("added", "贵州省", 190)
        row = connection.execute(text("SELECT * FROM commitments_current")).mappings().one()
        assert (row["metric"], row["op"], row["value"]) == ("全省算力规模", "at_least", 190)
        for view in ("source_health", "alert_log", "targets_current"):
            connection.execute(text(f"SELECT * FROM {view}")).all()


def test_who_speaks_is_stored_and_shown_by_name(database):
    write_a_change(database)
    with database.read() as connection:
        row = connection.execute(text("SELECT * FROM change_log")).mappings().one()
        named = (row["statement_source_name"], row["person"], row["person_title"])
        assert named == ("贵州省大数据局", "陈某", "局长")
        row = connection.execute(text("SELECT * FROM commitments_current")).mappings().one()
        assert (row["source_name"], row["person"], row["person_title"]) == named


def test_a_time_without_a_zone_is_refused(sqlite_database):
    with pytest.raises(Exception, match="without a zone"), sqlite_database.write() as connection:
        add_document(
            connection,
            provenance=Provenance(DocumentKind.NEWS, Speaker.MEDIA, None),
            source_id=None,
            url=None,
            baseline=True,
            now=datetime(2026, 1, 1),  # noqa: DTZ001
        )


def test_a_new_database_and_its_folder_are_for_their_owner_only(tmp_path):
    folder = tmp_path / "data"
    database = Database(f"sqlite:///{folder / 'm.db'}")
    database.upgrade()
    with database.write() as connection:
        connection.execute(text("DELETE FROM mute"))
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    database.close()
    assert folder.stat().st_mode & 0o777 == 0o700
    # What somebody chose stays.
    (folder / "m.db").chmod(0o640)
    database.upgrade()
    database.close()
    assert (folder / "m.db").stat().st_mode & 0o777 == 0o640
