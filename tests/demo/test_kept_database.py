"""``monitor demo --keep``: what it leaves, and what it does not overwrite."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from monitor.demo.run import is_demo_database, run_demo
from monitor.errors import UserError


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
