"""``init``, ``ingest``, ``changes``, ``db``: a newcomer's first minutes."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from subprocess import run

import pytest
from pyarrow import parquet

from monitor.cli import init
from monitor.cli.init import examples_folder
from monitor.comparison import succession
from monitor.storage.views import View

SAMPLES = Path(__file__).resolve().parents[2] / "monitor" / "demo" / "texts"


def test_init_writes_the_examples_and_no_rule_that_stands_beside_them(
    monitor, tmp_path, monkeypatch
):
    checkout = tmp_path / "checkout"
    shutil.copytree(examples_folder(), checkout)
    (checkout / "mine.yaml").write_text("rules: []\n", encoding="utf-8")
    monkeypatch.setattr(init, "examples_folder", lambda: checkout)
    monitor("init", "new")
    new = tmp_path / "new" / "rules"
    assert not (new / "mine.yaml").exists()
    assert {str(path.relative_to(new)) for path in new.rglob("*.*")} == set(init.EXAMPLES)


def test_every_example_is_written():
    """A new one is named; a file that people keep there is not in the repository."""
    here = examples_folder()
    listed = run(["git", "ls-files", "."], cwd=here, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no checkout")
    assert sorted(listed.stdout.split()) == sorted(init.EXAMPLES)


def test_init_writes_what_run_needs_and_keeps_what_is_there(monitor, tmp_path):
    said = monitor("init")
    assert "written" in said
    assert (tmp_path / "monitor.toml").is_file()
    assert "no errors" in monitor("rules", "check")
    (tmp_path / "monitor.toml").write_text('database = "sqlite:///mine.db"\n', encoding="utf-8")
    assert "kept" in monitor("init")
    assert "mine.db" in monitor("db", "path")


def test_reports_of_several_years_become_a_series_in_any_order(monitor):
    monitor("init")
    monitor("ingest", SAMPLES / "guizhou-2026.txt")
    assert monitor("changes", "--format", "jsonl") == ""
    said = monitor("ingest", SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt")
    assert "already in the history" in said
    assert "1 of 2 documents imported" in said
    out = monitor("changes", "--format", "jsonl", "--region", "贵州", "--kind", "strengthened")
    found = [json.loads(line) for line in out.splitlines()]
    assert {item["basis"] for item in found} == {"succession"}
    assert any(
        delta["before"] == 160 and delta["after"] == 190
        for item in found
        for delta in item["deltas"]
    )
    assert {"id", "detected_at", "document", "summary"} <= set(found[0])
    assert monitor("changes", "--format", "jsonl", "--region", "甘肃") == ""
    assert monitor("changes", "--format", "jsonl", "--since", "2100-01-01") == ""
    assert len(monitor("changes", "--format", "jsonl", "--limit", "1").splitlines()) == 1
    assert "strengthened" in monitor("changes", "--theme", "compute")


def test_what_is_not_sure_is_shown_with_the_nearest_sentence(monitor, monkeypatch):
    model = succession.link_model()
    nothing_is_sure = replace(model, alone=replace(model.alone, intercept=-100.0))
    monkeypatch.setattr(succession, "link_model", lambda: nothing_is_sure)
    monitor("init")
    monitor("ingest", SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt")
    listed = ("changes", "--kind", "dropped", "--limit", "1")
    item = json.loads(monitor(*listed, "--format", "jsonl"))
    assert item["certainty"] == "unsure"
    (row,) = csv.DictReader(io.StringIO(monitor(*listed, "--format", "csv")))
    assert row["note"] == f"not repeated; nearest: {item['nearest_text']}"
    assert "note" in monitor(*listed)
    assert "note" not in monitor("changes", "--kind", "strengthened")
    shown = monitor("show", item["id"])
    assert f"{item['nearest_text']} ({item['score']:.2f}, unsure)" in shown


def test_a_change_is_shown_with_what_differs(monitor):
    monitor("init")
    monitor("ingest", SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt")
    (line,) = monitor(
        "changes", "--format", "jsonl", "--kind", "weakened", "--limit", "1"
    ).splitlines()
    item = json.loads(line)
    shown = monitor("show", item["id"])
    assert item["before"]["text"] in shown
    assert item["after"]["text"] in shown
    assert "~~" in shown
    assert "2026年贵州省政府工作报告" in shown
    assert json.loads(monitor("show", item["id"], "--json")) == item
    assert "the log has no change 99999999999999999999" in monitor(
        "show", "99999999999999999999", code=2
    )


def test_an_unknown_region_of_a_report_is_asked_for(monitor, tmp_path):
    text = (SAMPLES / "guizhou-2025.txt").read_text(encoding="utf-8")
    file = tmp_path / "report.txt"
    file.write_text(text.replace("贵州", ""), encoding="utf-8")
    assert "name it with --region" in monitor("ingest", file, code=2)
    assert "1 of 1 documents imported" in monitor("ingest", file, "--region", "贵州")


def test_db_upgrade_says_what_it_did(monitor, tmp_path):
    (tmp_path / "monitor.db").unlink()
    assert "0001" in monitor("db", "upgrade")
    assert "nothing to do" in monitor("db", "upgrade")


def test_db_path_says_that_there_is_no_database_yet(monitor, tmp_path):
    told = "there is no database yet"
    assert told not in monitor("db", "path")
    (tmp_path / "monitor.db").write_bytes(b"")  # as sqlite3 leaves it, asked before a first run
    assert told in monitor("db", "path")
    (tmp_path / "monitor.db").unlink()
    assert told in monitor("db", "path")
    monitor("db", "upgrade")
    assert told not in monitor("db", "path")


@pytest.mark.parametrize(
    "command",
    [
        *("alerts list", "changes", "db check", "documents list", "documents remove 1 --yes"),
        *("documents restore 1", "documents show 1", "feedback confirm 1", "feedback list"),
        *("feedback reject 1", "fulfilment", "show 1", "sources resume hunan", "status", "verify"),
    ],
)
def test_what_needs_a_history_makes_no_database(monitor, tmp_path, command):
    (tmp_path / "monitor.db").unlink()
    assert "there is no database here yet" in monitor(*command.split(), code=2)
    assert not (tmp_path / "monitor.db").exists()


def test_db_path_names_a_file_or_what_is_none(monitor):
    assert monitor("db", "path", "-d", "sqlite://") == "sqlite://\n"
    address = "sqlite:///file:monitor.db?mode=ro&uri=true"
    assert monitor("db", "path", "-d", address).splitlines()[0] == "monitor.db"


def test_sources_list_names_the_provinces(monitor):
    out = monitor("sources", "list", "--format", "jsonl")
    found = [json.loads(line) for line in out.splitlines()]
    assert len({item["region"] for item in found} - {None, "全国"}) == 31


def test_the_version_is_printed(monitor):
    assert monitor("--version").startswith("monitor 0.")


def test_without_arguments_there_is_help(monitor):
    assert "Usage" in monitor(code=2)


def test_a_day_is_verified_from_its_bytes_and_bytes_can_be_let_go(monitor):
    monitor("init")
    monitor("ingest", SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt")
    assert "2 snapshots verified, 0 findings" in monitor("verify")
    assert "no snapshot of 2020-01-01" in monitor("verify", "2020-01-01", "--until", "2020-12-31")
    assert "2 pages would be deleted" in monitor("db", "prune", "--older-than", "0", "--dry-run")
    assert "2 pages were deleted" in monitor("db", "prune", "--older-than", "0")
    assert monitor("db", "prune") == (
        "the raw bytes of 0 pages, 0 addresses, the texts of 0 alerts, 0 notices were deleted\n"
    )
    assert "2 snapshots verified, 0 findings" in monitor("verify", "--format", "jsonl")
    assert "YYYY-MM-DD" in monitor("verify", "yesterday", code=2)


def test_the_ledger_tells_which_promises_were_kept(monitor):
    monitor("init")
    assert "no report with targets is known yet" in monitor("fulfilment")
    monitor("ingest", SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt")
    out = monitor("fulfilment", "--region", "贵州", "--year", "2025", "--format", "jsonl")
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert [line["verdict"] for line in lines].count("met") == 2
    (compute,) = [line for line in lines if line["metric"] == "全省算力规模"]
    assert (compute["promised"], compute["reached"]) == ("≥160Eflops", "160Eflops")
    assert "2 met, 4 not_reported" in out
    assert "pending" in monitor("fulfilment", "--verdict", "pending")


def test_the_history_of_a_number_is_drawn_in_one_unit(monitor):
    monitor("init")
    monitor("ingest", SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt")
    drawn = monitor("history", "--region", "贵州", "--metric", "算力规模")
    rows = [line for line in drawn.splitlines() if "算力规模" in line]
    assert [("reached" in row, "promised" in row) for row in rows] == [
        (True, False),
        (False, True),
        (True, False),
        (False, True),
    ]
    # 93 of 190 is about half as long a bar.
    assert 0.4 < rows[0].count("█") / rows[3].count("█") < 0.55
    out = monitor("history", "--region", "贵州", "--metric", "算力规模", "--format", "jsonl")
    figures = [json.loads(line) for line in out.splitlines()]
    assert [(f["plan"], f["year"], f["value"]) for f in figures] == [
        (2025, 2024, 93),
        (2025, 2025, 160),
        (2026, 2025, 160),
        (2026, 2026, 190),
    ]
    assert "gives a number" in monitor("history", "--region", "贵州", "--metric", "没有")
    assert "unknown region" in monitor("history", "--region", "贵洲", "--metric", "算", code=2)


def test_a_commitment_is_followed_over_the_years(monitor):
    monitor("init")
    monitor("ingest", SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt")
    out = monitor("commitment", "算力规模", "--region", "贵州", "--format", "jsonl")
    years = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert [(one["year"], one["value"], one["kind"]) for one in years] == [
        (2025, 160, None),
        (2026, 190, "strengthened"),
    ]
    first, last = years
    said = monitor("commitment", last["statement_id"])
    assert (
        f"commitment {first['commitment_id']}, 贵州省, first promised in 2025, repeated in 2026, "
        "grew from ≥160 Eflops to ≥190 Eflops"
    ) in " ".join(said.split())
    assert monitor("commitment", last["change_id"], "--change") == said
    assert "算力" in monitor("commitment", "算力")
    assert "no commitment of a report contains" in monitor("commitment", "没有 的词")
    assert "monitor commitment WORDS" in monitor("commitment", "99999999999999999999", code=2)
    assert "is no number" in monitor("commitment", "算力", "--change", code=2)


def test_words_of_two_characters_are_found(monitor):
    monitor("init")
    monitor("ingest", SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt")
    out = monitor("changes", "--format", "jsonl", "--text", "算力")
    found = [json.loads(line) for line in out.splitlines()]
    assert found
    for item in found:
        assert "算力" in (item["after"] or item["before"])["text"]
    everything = monitor("changes", "--format", "jsonl").splitlines()
    assert len(found) < len(everything)
    assert monitor("changes", "--format", "jsonl", "--text", "100%_") == ""


@pytest.mark.parametrize("view", list(View))
def test_every_view_can_be_exported(monitor, tmp_path, view):
    monitor("init")
    monitor("ingest", SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt")
    lines = monitor("export", view, "--format", "jsonl").splitlines()
    header, *rows = csv.reader(io.StringIO(monitor("export", view)))
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        cells = json.loads(line)
        assert list(cells) == header
        assert row[0] == str(cells[header[0]])
    said = monitor("export", view, "--format", "parquet", "--output", tmp_path / "x.parquet")
    assert f"{len(rows)} row" in said
    table = parquet.read_table(tmp_path / "x.parquet")
    assert (table.num_rows, table.column_names) == (len(rows), header)


def test_an_export_says_what_it_cannot_do(monitor, tmp_path):
    monitor("init")
    assert "written into a file" in monitor("export", "change_log", "-f", "parquet", code=2)
    nowhere = tmp_path / "no" / "x.csv"
    assert "cannot be written" in monitor("export", "change_log", "-o", nowhere, code=2)
    said = monitor("export", "source_health", "--since", "2026-01-01", code=2)
    assert "no time of their own" in said
    assert monitor("export", "change_log", "--since", "2100-01-01").count("\n") == 1
