"""Mistakes that people make on the command line: one line with the fix, and no harm."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fresh_database import fresh_sqlite

from monitor.atomic_file import replacement_of
from monitor.cli import app as app_module
from monitor.cli.app import main
from monitor.errors import UserError
from monitor.periods import start_of
from monitor.storage import engine
from monitor.storage.engine import Database, explain_fault

SAMPLES = Path(__file__).resolve().parents[2] / "monitor" / "demo" / "texts"
ZONE = ZoneInfo("Asia/Shanghai")
HUGE = 2**70


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """The bytes of a database with two reports, made once."""
    path = tmp_path_factory.mktemp("history") / "monitor.db"
    address = fresh_sqlite(path)
    reports = [str(SAMPLES / f"guizhou-{year}.txt") for year in (2025, 2026)]
    with pytest.raises(SystemExit) as left:
        main(["ingest", "-d", address, *reports])
    assert left.value.code == 0
    return path.read_bytes()


@pytest.fixture
def monitor(capsys, tmp_path, monkeypatch, history):
    """Run a command in a folder with a database; the exit code, what was printed, and the error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "monitor.db").write_bytes(history)
    for name in [name for name in os.environ if name.startswith("MONITOR_")]:
        monkeypatch.delenv(name)

    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return run


MISTAKES = [
    # Words that are nearly right.
    ("chnages", "did you mean monitor changes?"),
    ("rules chekc", "did you mean monitor rules check?"),
    ("version", "write monitor --version"),
    ("ls", "unknown command 'ls' – see monitor --help"),
    ("changes --sicne 90d", "did you mean --since?"),
    ("changes extra", "one word too many: extra – see monitor changes --help"),
    ("changes -f jsno", "--format: unknown 'jsno' – did you mean jsonl?"),
    ("changes --kind strengthend", "did you mean strengthened?"),
    ("changes --kind removed", "did you mean dropped?"),
    ("changes --kind 加码", "did you mean strengthened?"),
    ("changes --kind dropped,added", "one at a time: dropped or added"),
    ("changes --kind blue", "one of added, strengthened"),
    ("changes --theme computing", "unknown theme 'computing' – did you mean compute?"),
    ("changes --theme 芯片", "did you mean chips?"),
    ("changes --theme blue", "one of applications, chips, compute"),
    ("changes --region 贵洲", "did you mean 贵州?"),
    ("changes --region 四川成都", "did you mean 成都?"),
    ("changes --region 月亮", "unknown region '月亮' – such as 贵州"),
    ("changes --region 京津冀", "京津冀 is 3 regions – name one: 北京市、天津市、河北省"),
    ("export change-log", "did you mean change_log?"),
    ("export promises", "did you mean commitments_current?"),
    ("sources check 青海", "unknown source '青海' – did you mean qinghai?"),
    ("sources check nothing", "unknown source 'nothing' – see monitor sources list"),
    ("history --metric 算力", "--region is missing – see monitor history --help"),
    # Numbers and dates out of range.
    ("changes --since 0000-01-01", "is no date"),
    ("changes --since 0001-01-01", "is out of range"),
    ("changes --since 9999-12-31", "is out of range"),
    ("changes --since 99999-01-01", "is no date"),
    ("changes --since 2026-02-30", "is no date"),
    ("changes --since soon", "write YYYY-MM-DD, or a period: 90d"),
    ("export change_log --since 0001-01-01", "is out of range"),
    ("verify 0001-01-01", "is out of range"),
    ("verify 2999-01-01", "is in the future"),
    ("verify 2026-02-02 --until 2026-02-01", "--until: 2026-02-01 is before 2026-02-02"),
    ("changes --limit 0", "--limit: '0' is too small – at least 1"),
    ("changes --limit -1", "is too small"),
    (f"changes --limit {HUGE}", "is too large – at most 1000000"),
    ("fulfilment --year 0", "is too small – at least 1949"),
    ("show -1", "-1 is no id – ids are whole numbers from 1"),
    ("show abc", "ID: 'abc' is no whole number"),
    (f"show {HUGE}", "the log has no change"),
    (f"commitment {HUGE} --change", "is about no commitment"),
    (f"alerts list --chat {HUGE}", "is too large"),
    ("alerts list --chat @channel", "is no whole number"),
    (f"alerts retry {HUGE}", "is no id of an alert"),
    ("alerts drop 0", "is no id of an alert"),
    (f"db prune --older-than {HUGE}", "is too large – at most 36500"),
    # Nothing where something is needed.
    ("changes --text=", "--text: nothing is named"),
    ("history --region 贵州 --metric=", "--metric: nothing is named"),
    ("changes --text=\udcff", "--text: this is not UTF-8"),
    ("show \udcff", "ID: "),
    ("commitment  ", "ID|WORDS is missing"),
    # Databases that are none.
    ("changes -d monitor.db", "write sqlite:///monitor.db"),
    ("changes -d sqlite://monitor.db", "write sqlite:///monitor.db"),
    ("changes -d sqlite:///monitor.db?mode=ro", "options need file:"),
    ("changes -d postgres://u:hush@127.0.0.1/x", "write postgresql://"),
    ("changes -d mysql://u:hush@127.0.0.1/x", "mysql is no database this program knows"),
    ("changes -d postgresql://u:hush@127.0.0.1:x/y", "its port is no number"),
    ("changes -d sqlite:///mistyped.db", "mistyped.db: there is no database here yet"),
    ("export change_log -d sqlite:///no/folder/x.db", "there is no database here yet"),
    ("changes -c monitor.db", "monitor.db: this is not UTF-8"),
    # Outputs that would hurt.
    ("export change_log -o monitor.db --force", "this is the database itself"),
    ("export change_log -o linked.csv", "this is the database itself"),
    ("export change_log -o notes.txt", "there is another file already, which is no csv"),
    ("export change_log -o rules.csv", "there is another file already"),
    ("export change_log -o monitor.toml", "csv would be written, which .toml is not"),
    ("export change_log -f jsonl -o x.csv", "jsonl would be written, which .csv is not"),
    ("export change_log -o folder", "folder: this is a folder"),
    (f"export change_log -o {'x' * 300}.csv", "…: the file name is too long – 255 bytes"),
    (f"extract {'x' * 300}.txt", "…: the file name is too long – 255 bytes"),
    (f"changes -d sqlite:///{'x' * 300}.db", "…: the file name is too long – 255 bytes"),
    ("changes -d sqlite:monitor.db", "write sqlite:///monitor.db"),
    ("changes --db sqlite:///monitor.db", "did you mean --database?"),
    ("rules test notes.yaml --rules rules.yaml", "a file is named by --rules notes.yaml"),
    ("verify 2026-02-01 2026-02-02", "one word too many: 2026-02-02 – write --until 2026-02-02"),
    ("topics check rules.yaml", "this is a rule file: monitor rules check"),
    ("rules check topics.yaml", "this is a file of topics: monitor topics check reads it"),
    ("read -", "/dev/stdin is what comes through a pipe"),
    ("changes monitor.db", "a database is named by --database sqlite:///monitor.db"),
    ("export change_log -o none/x.csv", "its folder does not exist"),
    ("export change_log -o x.csv.gz", "csv would be written, which .gz is not – name it x.csv"),
    ("extract folder", "folder: this is no file"),
    ("read gopher://host/x", "it begins with http:// or https://"),
    ("links notes.txt --url host/list", "--url: 'host/list' is no address"),
    ("changes --region 贵州,甘肃", "one at a time: 贵州 or 甘肃"),
    ("changes --since 7", "write YYYY-MM-DD, or a period: 90d"),
    ("changes --since", "--since needs a value"),
]


def test_a_mistake_is_one_line_with_the_fix_and_changes_nothing(monitor, tmp_path):
    (tmp_path / "notes.txt").write_text("Dear colleague, thank you.\n", encoding="utf-8")
    (tmp_path / "rules.csv").write_text("rules:\n  - id: a\n", encoding="utf-8")
    (tmp_path / "linked.csv").symlink_to(tmp_path / "monitor.db")
    (tmp_path / "folder").mkdir()
    rule = "rules:\n  - {id: a, name: a, themes: [compute]}\n"
    (tmp_path / "rules.yaml").write_text(rule, encoding="utf-8")
    (tmp_path / "topics.yaml").write_text("topics:\n  - {id: a, words: [甲]}\n", encoding="utf-8")
    before = {path.name: path.is_file() and path.read_bytes() for path in tmp_path.iterdir()}
    wrong = []
    for line, expected in MISTAKES:
        code, _, err = monitor(*line.split())
        if code != 2 or expected not in err or err.count("\n") != 1 or "hush" in err:
            wrong.append((line, expected, code, err))
    assert not wrong
    left = {path.name for path in tmp_path.iterdir()} - {"monitor.db-wal", "monitor.db-shm"}
    assert left == set(before)
    for name in ("notes.txt", "rules.csv"):
        assert (tmp_path / name).read_bytes() == before[name]
    assert (tmp_path / "monitor.db").read_bytes()[:15] == b"SQLite format 3"


def _make(path: Path, kind: str, history: bytes) -> None:
    if kind in {"newer", "noted"}:
        path.write_bytes(history)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.execute(f"PRAGMA user_version = {1_004_000 if kind == 'noted' else 0}")
    elif kind == "foreign":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE customers (id INTEGER)")
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_bytes({"text": b"no database\n" * 99, "torn": history[:3000]}[kind])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("newer", "was written by a newer version of this program (schema 9999)"),
        ("noted", "was written by version 1.4.0 of this program, or a later one"),
        ("foreign", "is the database of another program (tables customers)"),
        ("folder", "this is a folder"),
        ("text", "file is not a database"),
        ("torn", "the file is damaged"),
    ],
)
def test_a_file_that_is_no_database_of_ours_is_left_alone(
    monitor, tmp_path, history, kind, expected
):
    path = tmp_path / "other.db"
    _make(path, kind, history)
    before = path.is_file() and path.read_bytes()
    code, out, err = monitor("changes", "-d", f"sqlite:///{path}")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert expected in err
    assert (path.is_file() and path.read_bytes()) == before


def test_a_locked_and_a_full_database_fail_in_one_line(monitor, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "_BUSY_TIMEOUT_MS", 1)
    with closing(sqlite3.connect(tmp_path / "monitor.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        code, _, err = monitor("db", "prune", "--older-than", "0")
        other.execute("ROLLBACK")
    assert (code, err.count("\n")) == (1, 1)
    assert "database is locked – another program holds it" in err
    upgrade = Database.upgrade

    def upgrade_and_fill(database):
        upgrade(database)
        engine.event.listen(database.engine, "checkout", _fill)
        return []

    monkeypatch.setattr(Database, "upgrade", upgrade_and_fill)
    code, _, err = monitor("ingest", SAMPLES / "gansu-2026.txt")
    assert (code, err.splitlines()[-1].count("\n")) == (1, 0)
    assert "database or disk is full – free some space" in err


@pytest.mark.parametrize(
    "said",
    [
        'FATAL:  too many connections for role "monitor"',
        "FATAL:  sorry, too many clients already",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
    ],
)
def test_a_server_without_room_is_told_with_what_helps(said):
    told = str(explain_fault("postgresql://h/m", "cannot be opened", Exception(said)))
    assert told.endswith("end some connections, or raise max_connections of the server")


def _fill(connection, *_):
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")


def test_an_empty_database_says_so(monitor, tmp_path):
    address = fresh_sqlite(tmp_path / "empty.db")
    commands = {
        ("changes",): "the change log is empty",
        ("fulfilment",): "no report with targets is known yet",
        ("history", "--region", "贵州", "--metric", "算力"): "no report of 贵州省",
        ("commitment", "算力"): "no commitment of a report",
        ("verify",): "no snapshot of",
    }
    for command, said in commands.items():
        code, _, err = monitor(*command, "-d", address)
        assert (code, said in err) == (0, True), (command, err)


def test_an_export_replaces_what_an_export_wrote(monitor, tmp_path):
    for name, start in (("x.csv", b"change_id,"), ("x.jsonl", b'{"change_id"'), ("x.pq", b"PAR1")):
        for _ in range(2):
            assert monitor("export", "change_log", "-o", name)[0] == 0
        assert (tmp_path / name).read_bytes().startswith(start)
    notes = tmp_path / "notes.txt"
    notes.write_text("Dear colleague\n", encoding="utf-8")
    assert monitor("export", "change_log", "-o", notes, "--force")[0] == 0
    assert notes.read_bytes().startswith(b"change_id,")
    for name in ("-", "/dev/stdout"):
        assert monitor("export", "change_log", "-o", name)[1].startswith("change_id,")


def test_an_export_that_is_stopped_leaves_nothing(monitor, tmp_path, monkeypatch):
    (tmp_path / "x.csv").write_text("change_id,kind\n", encoding="utf-8")

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("monitor.cli.export.write_csv", stop)
    code, _, err = monitor("export", "change_log", "-o", "x.csv")
    assert (code, err) == (130, "")
    assert (tmp_path / "x.csv").read_text(encoding="utf-8") == "change_id,kind\n"
    assert not list(tmp_path.glob(".x.csv*"))


def test_a_full_device_is_a_failure(monitor):
    code, _, err = monitor("export", "change_log", "-o", "/dev/full")
    assert (code, err) == (1, "/dev/full: cannot be written: No space left on device\n")
    with replacement_of(Path("/dev/full")) as new:
        assert new == Path("/dev/full")


def test_programs_get_all_changes_and_people_hear_of_more(monitor, monkeypatch):
    monkeypatch.setattr("monitor.cli.changes._IN_TABLE", 3)
    monkeypatch.setattr("monitor.cli.changes._PAGE", 4)
    _, everything, err = monitor("changes", "-f", "jsonl")
    ids = [json.loads(line)["id"] for line in everything.splitlines()]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) > 8
    assert err == ""
    assert monitor("changes", "-f", "csv")[1].count("\n") == len(ids) + 1
    assert "the newest 3: there are more" in monitor("changes")[2]
    assert monitor("changes", "-f", "jsonl", "--limit", 5)[1].count("\n") == 5


class Bytes(io.BytesIO):
    """A standard output whose bytes are kept."""

    def fileno(self):
        raise io.UnsupportedOperation


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
def test_an_output_that_is_not_utf_8_loses_nothing_in_silence(monitor, monkeypatch, encoding):
    def printed(*arguments):
        kept = Bytes()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(kept, encoding=encoding))
        code, _, err = monitor(*arguments)
        assert code == 0
        return kept.getvalue().decode(encoding), err

    text, err = printed("changes", "-f", "jsonl", "--limit", "1")
    assert json.loads(text)["region"] == "贵州省"
    assert err == ""
    text, err = printed("changes", "-f", "csv")
    assert ("贵州省" in text) == (encoding == "gbk")
    assert (f"characters that {encoding} does not have were printed as ?" in err) == ("?" in text)
    monkeypatch.setenv("COLUMNS", "160")
    assert "|" in printed("changes")[0]


def test_a_closed_output_is_told(monitor, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    code, _, err = monitor("changes")
    assert (code, err) == (
        1,
        "standard output: it is closed, and nothing was printed – name a file\n",
    )


def test_a_database_that_is_read_only_is_read(monitor, tmp_path):
    code, out, err = monitor(
        "changes", "-d", f"sqlite:///file:{tmp_path}/monitor.db?mode=ro&uri=true"
    )
    assert (code, err) == (0, "days as in Asia/Shanghai\n")
    assert "贵州" in out


def test_a_closed_pipe_ends_quietly(monitor, monkeypatch):
    for command in (("changes", "-f", "csv"), ("export", "change_log"), ("changes",), ("--help",)):
        read_end, write_end = os.pipe()
        os.close(read_end)
        with os.fdopen(write_end, "w", encoding="utf-8") as closed:
            monkeypatch.setattr(sys, "stdout", closed)
            code, _, err = monitor(*command)
        assert (code, err) == (0, "")


def test_a_defect_of_the_program_is_one_line_too(monitor, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("surprise")

    monkeypatch.setattr(app_module, "app", fail)
    code, _, err = monitor("changes")
    assert (code, err.count("\n")) == (1, 1)
    assert "RuntimeError: surprise – please report it; MONITOR_TRACEBACK=1 shows" in err
    monkeypatch.setenv("MONITOR_TRACEBACK", "1")
    with pytest.raises(RuntimeError, match="surprise"):
        main(["changes"])


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-02-01", "2026-02-01"),
        ("2026/2/1", "2026-02-01"),
        ("2026年2月1日", "2026-02-01"),
        ("２０２６－０２－０１", "2026-02-01"),
        ("2026-02", "2026-02-01"),
        ("2026年", "2026-01-01"),
        ("today", "2026-03-31"),
        ("昨天", "2026-03-30"),
        ("7d", "2026-03-24"),
        ("2w", "2026-03-17"),
        ("两周", "2026-03-17"),
        ("最近90天", "2025-12-31"),
        ("1m", "2026-02-28"),
        ("3个月", "2025-12-31"),
        ("半年", "2025-09-30"),
        ("2 years ago", "2024-03-31"),
        ("999999999d", "1900-01-01"),
        ("last week", "2026-03-23"),
        ("本周", "2026-03-30"),
        ("上个月", "2026-02-01"),
        ("去年", "2025-01-01"),
    ],
)
def test_a_period_begins_at_a_midnight(typed, day):
    # A quarter past midnight in Beijing, the day before in UTC.
    now = datetime(2026, 3, 30, 16, 15, tzinfo=UTC)
    start = start_of(typed, "--since", ZONE, now)
    assert start.astimezone(ZONE).replace(tzinfo=None).isoformat() == f"{day}T00:00:00"


@pytest.mark.parametrize(
    "typed", ["", "d", "90", "90x", "半天", "2026-13", "2026年13月1日", "明天"]
)
def test_what_is_no_period_is_refused(typed):
    with pytest.raises(UserError, match="is no date"):
        start_of(typed, "--since", ZONE, datetime(2026, 3, 30, tzinfo=UTC))
