"""``rules check``, ``rules test``, ``rules schema``: rules tried before they are in force."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from fresh_database import fresh_sqlite

from monitor.cli.app import main
from monitor.rules.schema import json_schema

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "monitor" / "demo" / "texts"
UNSET = ("MONITOR_TELEGRAM__TOKEN", "MONITOR_DATABASE", "MONITOR_CONFIG")


@pytest.fixture
def monitor(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, code=0):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert left.value.code == code, err
        return out if code == 0 else err

    return run


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    """A folder that ``monitor init`` filled, and a database with two reports, made once."""
    folder = tmp_path_factory.mktemp("ingested")
    fresh_sqlite(folder / "monitor.db")
    reports = (SAMPLES / "guizhou-2025.txt", SAMPLES / "guizhou-2026.txt")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in UNSET:
            patch.delenv(name, raising=False)
        for arguments in (("init",), ("ingest", *map(str, reports))):
            with pytest.raises(SystemExit) as left:
                main(list(arguments))
            assert left.value.code == 0
    return folder


@pytest.fixture
def history(monitor, tmp_path, ingested):
    shutil.copytree(ingested, tmp_path, dirs_exist_ok=True)
    return monitor


def test_the_log_is_replayed_through_a_rule(history):
    out = history("rules", "test", "computing-targets", "--format", "jsonl")
    found = [json.loads(line) for line in out.splitlines()]
    assert found
    assert {item["rule"] for item in found} == {"computing-targets"}
    assert all(item["matches"] and item["why"] is None for item in found)
    assert any(d["after"] == 190 for item in found for d in item["deltas"])


def test_explain_names_the_condition_that_failed(history):
    out = history("rules", "test", "central", "--explain", "--format", "jsonl")
    found = [json.loads(line) for line in out.splitlines()]
    assert found
    assert not any(item["matches"] for item in found)
    assert "regions: 贵州省 is none of 全国" in {item["why"] for item in found}


def test_only_changes_since_a_day_are_replayed(history):
    assert history("rules", "test", "--since", "2999-01-01", "--format", "jsonl") == ""


def test_an_unknown_rule_has_a_nearest_one(history):
    assert "did you mean computing-jumps?" in history("rules", "test", "computing-jump", code=2)
    said = history("rules", "test", "算力大幅加码", code=2)
    assert "that is its name, the id is computing-jumps" in said


def test_a_rule_is_tried_on_the_statements_that_stand(history, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "rules:\n  - {id: mine, name: x, kinds: [met], keywords: {any: [算力規模]}}\n",
        encoding="utf-8",
    )
    on = ("rules", "test", "mine", "--rules", mine, "--on", "statements", "--format", "jsonl")
    found = [json.loads(line) for line in history(*on).splitlines()]
    assert found
    assert {item["statement"]["year"] for item in found} == {2026}
    assert all("算力规模" in item["statement"]["text"] for item in found)
    explained = [json.loads(line) for line in history(*on, "--explain").splitlines()]
    assert {item["matches"] for item in explained} == {True, False}
    assert history(*on, "--since", "2999-01-01") == ""


def test_the_check_shows_what_rules_match_on_and_all_mistakes(monitor, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("rules:\n  - {id: a, name: x, keywords: {any: [ＡＩ]}}\n", encoding="utf-8")
    (shown,) = monitor("rules", "check", mine, "--format", "jsonl").splitlines()
    assert "with ai" in json.loads(shown)["matches"]
    mine.write_text(
        "rules:\n  - {id: a, name: x, years: [5]}\n  - {id: b, kinds: [x]}\n", encoding="utf-8"
    )
    said = monitor("rules", "check", mine, code=2).splitlines()
    assert [line.split(":")[1] for line in said if "mine.yaml" in line] == ["2", "3", "3"]


def test_an_unknown_theme_is_an_error(monitor, tmp_path):
    monitor("init")
    rule = "rules:\n  - {id: one, name: x, themes: [conpute]}\n"
    (tmp_path / "rules" / "mine.yaml").write_text(rule, encoding="utf-8")
    said = monitor("rules", "check", code=2)
    assert "mine.yaml:2:" in said
    assert "did you mean compute?" in said


def test_the_schema_is_printed_and_lies_beside_the_examples(monitor, tmp_path):
    schema = json.loads(monitor("rules", "schema"))
    assert schema == json_schema()
    monitor("init")
    assert json.loads((tmp_path / "rules" / "rules.schema.json").read_text("utf-8")) == schema
    for file in (tmp_path / "rules").glob("*.yaml"):
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=rules.schema.json"
        assert yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]
