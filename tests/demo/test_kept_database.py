"""``monitor demo --keep``: what it leaves, and what it does not overwrite."""

from __future__ import annotations

import errno
import os
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy.exc import OperationalError

from monitor.demo.run import is_demo_database, run_demo
from monitor.errors import MonitorError, StorageError, UserError


def run(keep: Path) -> str:
    out = StringIO()
    run_demo(keep, Console(file=out, width=80))
    return out.getvalue()


def test_a_file_is_kept_and_the_next_commands_name_it(tmp_path: Path) -> None:
    database = tmp_path / "new" / "play.db"
    said = run(database)
    assert is_demo_database(database)
    assert [path.name for path in database.parent.iterdir()] == ["play.db"]
    commands = [line for line in said.splitlines() if f"--database sqlite:///{database}" in line]
    assert [command.split()[1] for command in commands] == ["changes", "fulfilment", "history"]
    assert f"export MONITOR_DATABASE=sqlite:///{database}" in said
    run(database)  # a demo replaces a demo


@pytest.mark.parametrize(
    ("there", "keep"),
    [
        ("play.db", "play.db"),
        ("notes", "notes"),
        ("folder/demo.db", "folder"),
        ("folder/rules.yaml", "folder"),
    ],
)
def test_what_no_demo_wrote_is_not_overwritten(tmp_path: Path, there: str, keep: str) -> None:
    file = tmp_path / there
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=r"not written by a demo.*--keep"):
        run(tmp_path / keep)
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("keep", ["new/play.db", "folder"])
@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OSError),
        (OperationalError("INSERT", {}, Exception("database or disk is full")), StorageError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_a_demo_that_fails_leaves_no_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    keep: str,
    failure: BaseException,
    raised: type[BaseException],
) -> None:
    async def half(folder: Path, database: Path, _: object) -> None:
        for path in (database, database.with_name(database.name + "-wal"), folder / "rules.yaml"):
            path.write_text("half", encoding="utf-8")
        raise failure

    monkeypatch.setattr("monitor.demo.run._run", half)
    with pytest.raises(raised):
        run(tmp_path / keep)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(("number", "code"), [(errno.EROFS, 1), (errno.EACCES, 2)])
def test_a_read_only_disk_is_no_mistake_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(MonitorError) as caught:
        run(tmp_path / "new" / "play.db")
    assert caught.value.exit_code == code
