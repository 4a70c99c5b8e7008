"""``extract`` and ``diff`` print exactly the contract: checked against the schemas in docs."""

from __future__ import annotations

import csv
import io
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from monitor.cli.app import main
from monitor.cli.output import Format, print_error, write_csv, write_rows, write_text
from monitor.comparison import succession
from monitor.logs import log_formatter
from monitor.model.log import LogFormat

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
SAMPLES = Path(__file__).resolve().parents[2] / "monitor" / "demo" / "texts"


def validator(name):
    schema = json.loads((REFERENCE / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture
def monitor(capsys, tmp_path, monkeypatch):
    """Run a command in an empty folder; what it printed, as lines."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert left.value.code == code, err
        return out if code == 0 else err

    return run


def lines(out):
    return [json.loads(line) for line in out.splitlines()]


def test_extract_prints_the_contract(monitor):
    file = SAMPLES / "guizhou-2026.txt"
    found = lines(monitor("extract", file, "--format", "jsonl", "--all"))
    check = validator("extract")
    for item in found:
        check.validate(item)
    text = monitor("read", file)
    assert all(text[item["start"] : item["end"]] == item["text"] for item in found)
    assert {item["label"] for item in found} >= {"commitment", "achievement"}
    assert list(found[0]) == [
        "text",
        "start",
        "end",
        "label",
        "speaker",
        "region",
        "year",
        "themes",
        "targets",
        "section",
        "source_name",
        "person",
        "person_title",
    ]
    assert {item["source_name"] for item in found} == {"贵州省人民政府"}


def test_extract_without_all_prints_commitments_only(monitor):
    found = lines(monitor("extract", SAMPLES / "guizhou-2026.txt", "--format", "jsonl"))
    assert {item["label"] for item in found} == {"commitment"}
    assert {item["region"] for item in found} == {"贵州省"}
    (computing,) = [item for item in found if "算力规模" in item["text"]]
    assert computing["targets"][0]["value"] == 190
    assert computing["targets"][0]["unit"] == "Eflops"


def test_the_region_of_a_text_may_be_given(monitor, tmp_path):
    file = tmp_path / "plan.txt"
    file.write_text("今年将建成智算中心3个，算力规模突破5000P。\n", encoding="utf-8")
    (item,) = lines(monitor("extract", file, "--format", "jsonl", "--region", "甘肃", "--all"))
    assert item["region"] == "甘肃省"


def test_diff_prints_the_contract(monitor):
    old, new = SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt"
    changes = lines(monitor("diff", old, new, "--format", "jsonl"))
    check = validator("diff")
    for change in changes:
        check.validate(change)
    assert {change["basis"] for change in changes} == {"succession"}
    (raised,) = [c for c in changes if c["deltas"] and c["deltas"][0]["unit"] == "Eflops"]
    assert raised["kind"] == "strengthened"
    assert (raised["deltas"][0]["before"], raised["deltas"][0]["after"]) == (160, 190)
    kinds = {change["kind"] for change in changes}
    assert "continued" not in kinds
    everything = lines(monitor("diff", old, new, "--format", "jsonl", "--all"))
    assert kinds | {"continued"} == {change["kind"] for change in everything}


def test_diff_names_the_nearest_sentence_of_what_is_not_sure(monitor, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    old, new = SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt"
    model = succession.link_model()
    everything_is_sure = replace(model, alone=replace(model.alone, intercept=100.0))
    monkeypatch.setattr(succession, "link_model", lambda: everything_is_sure)
    assert "note" not in monitor("diff", old, new)
    nothing_is_sure = replace(model, alone=replace(model.alone, intercept=-100.0))
    monkeypatch.setattr(succession, "link_model", lambda: nothing_is_sure)
    alone = [
        change
        for change in lines(monitor("diff", old, new, "--format", "jsonl"))
        if change["kind"] in {"added", "dropped"}
    ]
    assert {change["certainty"] for change in alone} == {"unsure"}
    assert all(0 <= change["score"] <= 1 and change["nearest_text"] for change in alone)
    rows = list(csv.DictReader(io.StringIO(monitor("diff", old, new, "--format", "csv"))))
    notes = {row["before"] or row["after"]: row["note"] for row in rows if row["note"]}
    words = {"added": "not said last year; nearest: ", "dropped": "not repeated; nearest: "}
    assert notes == {
        (change["before"] or change["after"])["text"]: words[change["kind"]]
        + change["nearest_text"]
        for change in alone
    }
    assert "not repeated" in monitor("diff", old, new)


def test_a_text_does_not_differ_from_itself(monitor):
    file = SAMPLES / "gansu-2026.txt"
    assert monitor("diff", file, file, "--format", "jsonl") == ""


def test_real_reports_fit_the_contract(monitor, shared):
    check = validator("extract")
    for file in sorted((shared / "corpus").glob("*.txt")):
        text = file.read_text(encoding="utf-8")
        for item in lines(monitor("extract", file, "--format", "jsonl", "--all")):
            check.validate(item)
            assert text[item["start"] : item["end"]] == item["text"]
    check = validator("diff")
    old, new = (shared / "corpus" / f"100000_{year}.txt" for year in (2024, 2025))
    for change in lines(monitor("diff", old, new, "--format", "jsonl", "--all")):
        check.validate(change)


@pytest.mark.parametrize("sign", ["=", "＝", "+", "＋", "-", "－", "@", "＠", "\t"])
def test_a_cell_that_begins_like_a_formula_is_quoted(sign):
    out = io.StringIO()
    write_csv(["text"], [[f"{sign}cmd|calc!A1"], ["平均=3"]], file=out)
    rows = list(csv.reader(io.StringIO(out.getvalue())))
    assert rows == [["text"], [f"'{sign}cmd|calc!A1"], ["平均=3"]]


TERMINAL_COMMANDS = "\x1b\x07\x9b\r\u202e\u202c\u2066\u061c"


@pytest.mark.parametrize("form", Format)
def test_commands_to_a_terminal_reach_neither_it_nor_a_cell(form, capsys):
    row = f"算力规模{TERMINAL_COMMANDS}突破5万P"
    write_rows(form, ["text"], [[row]])
    print_error(row)
    out, err = capsys.readouterr()
    # The line ends of CSV are its own.
    assert not set(TERMINAL_COMMANDS) & set(out.replace("\r\n", "\n") + err)
    if form is Format.JSONL:
        assert json.loads(out) == {"text": row}


def test_a_text_without_commands_keeps_its_offsets(capsys):
    write_text(f"甲{TERMINAL_COMMANDS}乙")
    assert capsys.readouterr().out == "甲" + "\ufffd" * len(TERMINAL_COMMANDS) + "乙\n"


def test_csv_has_a_header_and_no_formulas(monitor, tmp_path):
    file = tmp_path / "odd.txt"
    file.write_text("今年将建成智算中心3个。\n", encoding="utf-8")
    out = monitor("extract", file, "--format", "csv", "--region", "贵州", "--all")
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == ["label", "region", "year", "speaker", "themes", "targets", "text"]
    assert rows[1][1] == "贵州省"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["extract", "none.txt"], "none.txt: no such file"),
        (["extract", "none.txt", "--format", "xml"], "'xml'"),
        (["extract"], "FILE|URL"),
        (["nonsense"], "nonsense"),
        (["changes", "--region", "贵洲"], "unknown region '贵洲' – did you mean 贵州?"),
        (["changes", "--region", "Suzhou"], "'Suzhou' – did you mean 苏州 or 宿州?"),
        (["changes", "--region", "京津冀"], "京津冀 is 3 regions – name one: 北京市、天津市"),
        (["changes", "-d", "sqlite://", "--since", "someday"], "write YYYY-MM-DD"),
        (["changes", "--kind", "raised"], "raised"),
        (["rules", "check", "none"], "none: no such file or folder – monitor init writes rules"),
        (["run", "--once"], "rules: no such file or folder"),
        (["sources", "check", "guizu"], "unknown source 'guizu' – did you mean guizhou?"),
        (["changes", "--config", "none.toml"], "none.toml: no such file"),
        (["ingest", "none"], "none: no such file"),
        (["db", "path", "--database", "nonsense"], "the database address cannot be read"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(monitor, arguments, message):
    said = monitor(*arguments, code=2)
    assert message in said
    assert len(said.strip().splitlines()) == 1
    assert "Traceback" not in said


def test_a_binary_file_is_a_mistake_not_a_crash(monitor, tmp_path):
    file = tmp_path / "x.bin"
    file.write_bytes(bytes(range(256)) * 40)
    assert "no text was found" in monitor("extract", file, code=2)


TOPIC = """topics:
  - id: low_altitude
    name: 低空经济
    default_theme: industry
    words: [低空经济, 无人机]
    themes:
      industry: {words: [产业]}
      infrastructure: {words: [起降点, 低空航线]}
"""


def test_diff_explains_which_features_decided(monitor, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    old, new = SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt"
    assert "both in scope" in monitor("diff", old, new, "--explain")
    explained = lines(monitor("diff", old, new, "--explain", "--format", "jsonl"))
    plain = lines(monitor("diff", old, new, "--format", "jsonl"))
    assert [{k: v for k, v in one.items() if k != "evidence"} for one in explained] == plain
    linked = [one for one in explained if one["before"] and one["after"]]
    assert all(one["evidence"]["probability"] == one["score"] for one in linked)
    assert any(one["evidence"]["weighed"] for one in linked)
    assert all({"feature", "value", "adds"} == set(x) for x in linked[0]["evidence"]["weighed"])
    edited = monitor("diff", old, old, "--explain", "--basis", "revision", "--format", "jsonl")
    assert edited == ""


def test_explain_says_what_decided(monitor):
    file = SAMPLES / "guizhou-2026.txt"
    said = monitor("extract", file, "--explain")
    assert "← heading '（二）数字产业优势更加突出'" in said
    assert "compute ← 算力" in said
    found = lines(monitor("extract", file, "--explain", "--format", "jsonl"))
    check = validator("extract")
    for item in found:
        assert item["section_reason"]
        if item["statement"]:
            check.validate(item["statement"])
    assert "text" in monitor("extract", file, "--explain", "--format", "csv").splitlines()[0]


def test_a_topic_file_is_tried_before_it_is_used(monitor, tmp_path):
    file = tmp_path / "low.yaml"
    file.write_text(TOPIC, encoding="utf-8")
    assert "low_altitude" in monitor("topics", "check", file)
    sentence = "新建低空航线50条，大力发展低空经济。"
    (found,) = lines(monitor("topics", "test", file, sentence, "--format", "jsonl"))
    assert found["topic"] == "low_altitude"
    assert {item["theme"] for item in found["themes"]} == {"infrastructure"}
    assert found["statement"]["label"] == "commitment"
    assert "低空航线 reach 50条" in monitor("topics", "test", file, sentence)
    file.write_text(
        TOPIC.replace("default_theme: industry", "default_theme: nothing"), encoding="utf-8"
    )
    assert "low.yaml:4:5: " in monitor("topics", "check", file, code=2)


def test_a_log_line_has_no_commands_to_a_terminal():
    record = logging.makeLogRecord({"msg": "visit.done", "reason": f"甲{TERMINAL_COMMANDS}\n乙"})
    record.exc_text = f"Traceback{TERMINAL_COMMANDS}"
    shown = log_formatter(LogFormat.CONSOLE).format(record)
    assert not set(TERMINAL_COMMANDS) & set(shown)
    first, second = shown.split("\n")
    assert "] visit.done reason=" in first
    assert second.startswith("    Traceback")
