"""A command loads what it needs: asserted on the modules in a new process, not on times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from fresh_database import fresh_sqlite
from typer.main import get_command

from monitor.cli.app import LazyCommand, app, main

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import json, sys
from monitor.cli.app import main
try:
    main(sys.argv[1:])
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""

DATABASE = {"sqlalchemy", "alembic"}
NETWORK = {"httpcore", "telegram", "apprise", "uvicorn"}
DAEMON = {"apscheduler", "monitor.daemon", "monitor.app", "monitor.bot", "monitor.outbox"}
PICTURES = {"pygal", "resvg_py"}
PARSERS = {"pypdfium2", "lxml"}
READING = {
    *("monitor.extraction.extract", "monitor.comparison", "monitor.documents.reader"),
    *("monitor.discovery.list_pages", "monitor.ingest.pages", "monitor.ingest.decide"),
    *("monitor.ingest.write", "monitor.documents.body", "monitor.messages.i18n", "rapidfuzz"),
    *("monitor.storage.statement_tables", "monitor.storage.changes", "monitor.outbox.load"),
    "monitor.model.status",
}
TEXT = {"ahocorasick", "rapidfuzz", "jinja2", "selectolax"}


@cache
def loaded(*arguments: str) -> frozenset[str]:
    """The modules that a command has loaded when it ends."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(json.loads(done.stderr.splitlines()[-1]))


def found(modules: frozenset[str], names: set[str]) -> set[str]:
    return {name for name in names if name in modules}


@pytest.mark.parametrize("arguments", [("--version",), ("--help",)])
def test_the_root_loads_no_command(arguments):
    modules = loaded(*arguments)
    own = {name for name in modules if name.startswith("monitor.")}
    assert own == {"monitor.cli", "monitor.cli.app", "monitor.errors"}
    assert not found(modules, DATABASE | NETWORK | TEXT | {"pydantic", "yaml", "asyncio"})


def test_the_version_is_printed_without_rich():
    assert "rich.console" not in loaded("--version")


def test_the_http_client_is_loaded_without_its_command_line():
    probe = "import sys, monitor.__main__, httpx; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    modules = frozenset(done.stdout.split())
    assert "httpx._client" in modules
    assert not found(modules, {"click", "rich", "pygments"})


def test_no_installed_package_is_searched_for_plugins():
    probe = (
        "import importlib.metadata, monitor.__main__\n"
        "importlib.metadata.distributions = None\n"
        "import monitor.config.settings, monitor.rules.schema"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYDANTIC_DISABLE_PLUGINS", None)
    subprocess.run([sys.executable, "-c", probe], cwd=ROOT, env=environment, check=True)


def test_rules_check_needs_no_database_and_no_network():
    modules = loaded("rules", "check", "rules/computing.yaml")
    assert "monitor.rules.loader" in modules
    assert not found(modules, DATABASE | NETWORK | DAEMON | PICTURES | PARSERS)


def test_sources_list_needs_no_database_and_no_extraction():
    modules = loaded("sources", "list")
    assert "monitor.catalogue.loader" in modules
    assert not found(modules, DATABASE | NETWORK | DAEMON | PICTURES | PARSERS)
    assert not found(modules, {"monitor.extraction", "monitor.rules", "ahocorasick"})


def test_extract_of_a_file_needs_no_database_and_no_network():
    modules = loaded("extract", "monitor/demo/texts/guizhou-2026.txt")
    assert "monitor.extraction.extract" in modules
    assert not found(modules, DATABASE | NETWORK | DAEMON | PICTURES | PARSERS | {"rapidfuzz"})


def test_changes_needs_no_network_and_no_extraction(tmp_path):
    modules = loaded("changes", "--database", fresh_sqlite(tmp_path / "monitor.db"))
    assert "sqlalchemy" in modules
    assert not found(modules, NETWORK | DAEMON | PICTURES | PARSERS | {"monitor.extraction"})


def test_a_round_with_nothing_new_does_without_the_reading_half(tmp_path):
    (tmp_path / "catalogue.yaml").write_text("builtin: false\nsources: []\n", encoding="utf-8")
    (tmp_path / "rules").mkdir()
    settings = tmp_path / "monitor.toml"
    settings.write_text('catalogue = ["catalogue.yaml"]\n', encoding="utf-8")
    database = fresh_sqlite(tmp_path / "monitor.db")
    modules = loaded("run", "--once", "--config", str(settings), "--database", database)
    assert {"monitor.ingest.visit", "monitor.ingest.entries"} <= modules
    assert not found(modules, READING | PARSERS | PICTURES | {"telegram", "apprise", "uvicorn"})
    # No line was written, and no loop of the daemon runs beside a round.
    assert not found(modules, {"structlog", "monitor.daemon.run"})
    # All storage is SQLAlchemy Core.
    assert not found(modules, {"sqlalchemy.orm"})


def test_every_listed_command_is_there_and_its_help_line_begins_its_help():
    for name, listed in get_command(app).commands.items():
        assert isinstance(listed, LazyCommand)
        command = listed.load()
        assert command.name == name
        first, line = command.help.split("\n\n")[0], listed.help.removesuffix(".")
        assert " ".join(first.split()).startswith(line), name


def test_no_help_loses_what_stands_in_brackets(capsys):
    with pytest.raises(SystemExit):
        main(["db", "prune", "--help"])
    assert "()" not in capsys.readouterr().out
