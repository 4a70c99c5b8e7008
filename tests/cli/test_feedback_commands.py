"""``feedback list|confirm|reject`` and the export: operators without Telegram."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alert_story import NOW, plant, raised
from fresh_database import fresh_sqlite
from sqlalchemy import text

from monitor.cli.app import main
from monitor.model.feedback import FeedbackKind
from monitor.storage.engine import Database
from monitor.storage.feedback import add_feedback


@pytest.fixture
def called(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    url = fresh_sqlite(tmp_path / "m.db")
    store = Database(url)
    plant(store, [raised(), raised(5, 6)], chats=[0, 7])
    with store.write() as connection:
        connection.execute(text("UPDATE alert SET state = 'sent'"))
        for person, kind in enumerate(("not_new", "not_new", "wrong_place"), 50):
            add_feedback(connection, 1, FeedbackKind(kind), recipient_id=7, person=person, now=NOW)
    yield lambda *args: _run(capsys, url, *args)
    store.close()


def _run(capsys: pytest.CaptureFixture[str], url: str, *args: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main([*args, "--database", url])
    captured = capsys.readouterr()
    return ended.value.code, captured.out + " ".join(captured.err.split())  # type: ignore[return-value]


def test_an_operator_decides_without_telegram(called) -> None:
    assert called("feedback", "confirm", "1") == (
        2,
        "change 1: people say different things: not_new, wrong_place – name one with --kind",
    )
    assert called("feedback", "confirm", "1", "--kind", "wrong_number")[0] == 2
    code, said = called("feedback", "confirm", "1", "--kind", "not_new", "--note", "2025年已有")
    # Of chat 7 nothing is stored: no rule names it, so it has deleted its settings.
    assert (code, said) == (0, "change 1 is marked as not_new; 1 recipient will be told")
    assert "corrected  not_new 2025年已有" in called("show", "1")[1]
    assert "corrected" not in called("show", "2")[1]
    for line in (("confirm", "1"), ("reject", "1"), ("confirm", "2"), ("reject", "9")):
        assert called("feedback", *line)[0] == 2
    assert called("feedback", "confirm", "99999999999999999999")[0] == 2
    code, said = called("feedback", "list", "--state", "confirmed", "--format", "jsonl")
    lines = [json.loads(line) for line in said.splitlines()]
    assert [(line["person"], line["operator"], line["note"]) for line in lines] == [
        (51, "cli", "2025年已有"),
        (50, "cli", "2025年已有"),
    ]
    assert "nothing is said to be wrong" in called("feedback", "list", "--state", "open")[1]


def test_feedback_is_exported_with_the_sentence(called) -> None:
    assert called("feedback", "reject", "1")[1] == (
        "change 1 stays as it is; it was called wrong by 3 people"
    )
    exported = called("export", "feedback", "--format", "jsonl", "--since", "2026-02-03")[1]
    lines = [json.loads(line) for line in exported.splitlines()]
    assert {line["state"] for line in lines} == {"rejected"}
    assert {line["after_text"] for line in lines} == {raised().statement.text}
    assert called("export", "feedback", "--since", "2026-02-04")[1].count("\n") == 1
    assert '"corrected": null' in called("export", "change_log", "--format", "jsonl")[1]
