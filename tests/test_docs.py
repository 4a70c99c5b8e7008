"""The documents hold what they promise: nothing missing, nothing stale, no dead link."""

from __future__ import annotations

import ast
import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel
from typer.main import get_command

from monitor.catalogue.loader import load_catalogue
from monitor.catalogue.schema import known_fields
from monitor.cli.app import app
from monitor.config.channels import ChannelKind
from monitor.config.settings import Settings
from monitor.messages.i18n import alert_texts
from monitor.rules.loader import load_rules
from monitor.rules.schema import RuleEntry, TargetEntry

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
LEVELS = {
    "log.debug": "debug",
    "log.info": "info",
    "log.warning": "warning",
    "log.error": "error",
    "log.exception": "error",
}


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_tool", ROOT / "tools" / "docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_link_leads_nowhere(tool: ModuleType) -> None:
    assert [wrong for page in tool.pages() for wrong in tool.broken_links(page)] == []


def test_a_dead_link_and_a_dead_heading_are_found(tool: ModuleType, tmp_path: Path) -> None:
    tool.ROOT = tmp_path
    page = tmp_path / "page.md"
    page.write_text("# One two\n[a](none.md) [b](#three) [c](#one-two)\n```\n[d](x.md)\n```\n")
    try:
        assert list(tool.broken_links(page)) == [
            "page.md:2: none.md leads nowhere",
            "page.md:2: #three: no such heading",
        ]
    finally:
        tool.ROOT = ROOT


def test_generated_parts_are_up_to_date(tool: ModuleType) -> None:
    stale = [
        str(page.relative_to(ROOT))
        for page in tool.pages()
        if tool.written_anew(text := page.read_text(encoding="utf-8")) != text
    ]
    assert stale == [], "run make docs"


def test_every_generated_part_stands_on_a_page(tool: ModuleType) -> None:
    pages = [page.read_text(encoding="utf-8") for page in tool.pages()]
    assert {name for text in pages for _, name, _ in tool.PART.findall(text)} == set(tool.PARTS)


def test_every_command_argument_and_option_is_described(tool: ModuleType) -> None:
    found = list(tool._commands(get_command(app)))
    silent = [path for path, command in found if not command.help]
    silent += [
        f"{path} {parameter.name}"
        for path, command in found
        for parameter in command.params
        if parameter.name != "help" and not parameter.help
    ]
    assert silent == []


@pytest.mark.parametrize("model", [Settings, RuleEntry, TargetEntry])
def test_every_setting_and_rule_field_is_described(
    tool: ModuleType, model: type[BaseModel]
) -> None:
    assert [name for name, _, meaning in tool._fields(model) if not meaning] == []


def test_every_kind_of_channel_is_documented() -> None:
    text = (DOCS / "how-to" / "other-channels.md").read_text(encoding="utf-8")
    missing = [kind for kind in ChannelKind if not re.search(rf"^{kind}(_file)? = ", text, re.M)]
    assert missing == []


def test_every_field_of_a_source_is_documented() -> None:
    text = (DOCS / "reference" / "catalogue.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text.partition("## Families")[0], re.MULTILINE) == list(
        known_fields()
    )


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md", "docs/explanation/design.md"])
def test_paths_that_a_page_names_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    paths = re.findall(
        r"`((?:monitor|tests|tools|migrations|benchmarks|docs|\.ci)/[\w./-]*)`", text
    )
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_modules_that_a_page_names_are_there(tool: ModuleType) -> None:
    folders = ("monitor", "tests", "tools", "benchmarks", "migrations")
    known = {file.name for folder in folders for file in (ROOT / folder).rglob("*.py")}
    named = {
        (page.relative_to(ROOT).as_posix(), name)
        for page in tool.pages()
        for name in re.findall(r"`(?:\w+/)*(\w+\.py)`", page.read_text(encoding="utf-8"))
    }
    assert {(page, name) for page, name in named if name not in known} == set()


def logged_events() -> set[tuple[str, str, str]]:
    """Event, level and fields of every ``log.LEVEL("event", extra={…})`` in the code."""
    found = set()
    for file in sorted((ROOT / "monitor").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) not in LEVELS:
                continue
            (event,) = node.args
            assert isinstance(event, ast.Constant), f"{file}:{node.lineno}: no constant event"
            extra = next((word.value for word in node.keywords if word.arg == "extra"), None)
            keys = extra.keys if isinstance(extra, ast.Dict) else []
            names = [key.value for key in keys if isinstance(key, ast.Constant)]
            fields = ", ".join(f"`{name}`" for name in names)
            found.add((str(event.value), LEVELS[ast.unparse(node.func)], fields))
    return found


def test_every_log_event_is_documented_with_its_fields() -> None:
    text = (DOCS / "reference" / "logs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \| (\w+) \| ?(.*?) ?\| \S", text, re.MULTILINE)
    events = logged_events()
    # One event may be logged in two places, with fewer fields in one.
    most = {
        name: max((e for e in events if e[0] == name), key=lambda e: len(e[2]))
        for name, *_ in events
    }
    assert rows == sorted(most.values())


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        requirements += extra
    text = (DOCS / "dependencies.md").read_text(encoding="utf-8").lower()
    names = {re.split(r"[\[<>=;]", requirement)[0].lower() for requirement in requirements}
    assert [name for name in sorted(names) if name not in text] == []


def test_pins_name_versions_and_hashes_and_no_addresses() -> None:
    pin = re.compile(r"[a-z0-9._-]+==[\w.]+( ; .+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n")
    for name in (f"requirements{which}.txt" for which in ("", "-web", "-build", "-dev")):
        rest = pin.sub("", (ROOT / name).read_text(encoding="utf-8"))
        assert rest == "", f"{name}: run make lock"


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {
        line.partition("==")[0]
        for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    }
    names = {re.split(r"[\[<>=;]", line)[0].lower() for line in project["dependencies"]}
    assert names - pinned == set(), "run make lock"


def examples(key: str) -> list[tuple[str, str]]:
    """YAML blocks of the documents, in fences or here-documents, that begin with ``key``."""
    found = []
    for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"```yaml\n(.*?)```|<<'YAML'\n(.*?)YAML\n", text, re.DOTALL)
        found += [
            (page.name, fenced or heredoc)
            for fenced, heredoc in blocks
            if re.search(rf"^{key}:", fenced or heredoc, re.MULTILINE)
        ]
    return found


@pytest.mark.parametrize(("page", "block"), examples("rules"))
def test_example_rules_are_rules(page: str, block: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(block, encoding="utf-8")
    assert load_rules([file]).rules, page


@pytest.mark.parametrize(("page", "block"), examples("sources"))
def test_example_sources_are_sources(page: str, block: str, tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text(block, encoding="utf-8")
    assert load_catalogue([file]).sources, page


def test_the_documents_have_examples() -> None:
    assert len(examples("rules")) >= 2
    assert len(examples("sources")) >= 2


def test_each_theme_is_documented_with_its_name_in_messages() -> None:
    text = (DOCS / "reference" / "labels.md").read_text(encoding="utf-8")
    for theme, name in alert_texts("zh").themes.items():
        assert f"| `{theme}` | {name} |" in text
