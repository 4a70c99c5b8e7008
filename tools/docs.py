"""Writes the generated parts of ``docs/`` again and checks every link.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``. With
``--check`` nothing is written, and what would be different is a mistake.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from rich.console import Console
from typer.main import get_command

from monitor.catalogue.loader import evidence, families
from monitor.cli.app import LazyCommand, app
from monitor.cli.app import main as run_command
from monitor.config.settings import Settings
from monitor.demo.run import run_demo
from monitor.rules.schema import RuleEntry, TargetEntry, json_schema

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "monitor"
# In the order of the data flow, then what drives it and what shows it.
PACKAGES = (
    *("model", "config", "catalogue", "discovery", "fetching", "documents", "extraction"),
    *("comparison", "rules", "ingest", "outbox", "channels", "messages", "bot", "storage", "web"),
    *("cli", "daemon", "roles", "demo"),
)
sys.path.insert(0, str(ROOT / "tools"))
datasette_metadata: Any = import_module("datasette_metadata")
sys.path.pop(0)
PART = re.compile(r"(<!-- generated: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
FENCE = re.compile(r"^( *)(```+).*?^\1\2 *$", re.DOTALL | re.MULTILINE)


def pages() -> list[Path]:
    """All Markdown pages of the project."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def written_anew(text: str) -> str:
    """A page with its generated parts as they should be."""
    return PART.sub(lambda part: f"{part[1]}{PARTS[part[2]]()}\n{part[3]}", text)


def broken_links(page: Path) -> Iterator[str]:
    """Links of a page that lead to no file, or to no heading of it. Web addresses are not asked."""
    text = page.read_text(encoding="utf-8")
    prose = FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    for number, line in enumerate(prose.splitlines(), start=1):
        for target in LINK.findall(line):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists():
                yield f"{page.relative_to(ROOT)}:{number}: {target} leads nowhere"
            elif anchor and anchor not in anchors(file):
                yield f"{page.relative_to(ROOT)}:{number}: {target}: no such heading"


def anchors(page: Path) -> set[str]:
    """What can stand behind ``#`` for a page: its headings, as the usual renderers write them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    words = (re.sub(r"[^\w\- ]", "", heading).strip() for heading in HEADING.findall(text))
    return {word.lower().replace(" ", "-") for word in words}


def settings_part() -> str:
    """The settings: key, environment name, default, meaning."""
    rows = ["| key | environment | default | meaning |", "|---|---|---|---|"]
    rows += [
        f"| `{key}` | `MONITOR_{key.upper().replace('.', '__')}` | {_value(default)} | {meaning} |"
        for key, default, meaning in _fields(Settings)
    ]
    return "\n".join(rows)


def commands_part() -> str:
    """Every command with its arguments and options, from the command line itself."""
    return "\n\n".join(_command(path, found) for path, found in _commands(get_command(app)))


def modules_part() -> str:
    """All modules by package, each with the first sentence of its docstring."""
    folders = [PACKAGE / name for name in PACKAGES]
    missing = {path.parent for path in PACKAGE.glob("*/__init__.py")} - set(folders)
    if missing:
        raise ValueError(f"name these packages in PACKAGES: {sorted(missing)}")
    return "\n\n".join(map(_package, (*folders, PACKAGE)))


def _package(folder: Path) -> str:
    rows = ["| module | what it has |", "|---|---|"]
    for file in sorted(folder.glob("*.py")):
        if file.stem != "__init__":
            rows.append(f"| `{file.name}` | {_first_sentence(file)} |")
    name = "monitor/" if folder == PACKAGE else f"monitor/{folder.name}/"
    return "\n".join((f"## {name}", "", _first_sentence(folder / "__init__.py"), "", *rows))


def _first_sentence(file: Path) -> str:
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(said.split("\n\n")[0].split()).replace("``", "`").replace("|", "\\|")


def families_part() -> str:
    """The page families a source may name."""
    rows = ["| family | what | links look like |", "|---|---|---|"]
    rows += [
        f"| `{name}` | {family.what} | {_code(family.link_pattern)} |"
        for name, family in families().items()
    ]
    return "\n".join(rows)


def rules_part() -> str:
    """The fields of a rule; those of a nested one as ``keywords.any``."""
    rows = ["| field | default | meaning |", "|---|---|---|"]
    rows += [
        f"| `{key}` | {_value(default)} | {meaning} |"
        for key, default, meaning in _fields(RuleEntry)
        if not key.startswith("targets")
    ]
    rows += [
        f"| `targets.{key}` | {_value(default)} | {meaning} |"
        for key, default, meaning in _fields(TargetEntry)
    ]
    return "\n".join(rows)


def faults_part() -> str:
    """What a site may do and what a visit makes of it: the table the tests play."""
    sys.path.insert(0, str(ROOT / "tests" / "faults"))
    try:
        table: str = import_module("fault_cases").faults_table()
    finally:
        sys.path.pop(0)
    return table


def evidence_part() -> str:
    """What the words under ``seen`` of built-in sources stand for."""
    rows = ["| word | evidence |", "|---|---|"]
    return "\n".join([*rows, *(f"| `{word}` | {what} |" for word, what in evidence().items())])


def alert_part() -> str:
    """A part of the alert of the demo: three of its paragraphs."""
    output, _ = demo()
    boxes = re.split(r"[╭╰]─+[╮╯]\n", output)
    text = next(box for box in boxes if "贵州 算力规模" in box)
    lines = [re.sub(r"^│ (.*?) *│$", r"\1", line) for line in text.strip().splitlines()]
    paragraphs = "\n".join(lines).replace("~~", "").split("\n\n")
    wanted = ("贵州 算力规模", "贵州 省级人工智能开放创新平台", "贵州省政府 · 承诺")
    shown = [found for start in wanted for found in paragraphs if found.startswith(start)]
    # The address has the port of the sample site, another one each time.
    shown[-1] = re.sub(r" · [^·]*\n?http\S+$", "", shown[-1])
    return fenced("\n\n".join(shown))


def fulfilment_part() -> str:
    """What `monitor fulfilment` prints of the demo's history."""
    return sample("fulfilment", "--region", "贵州", "--year", "2025", "--verdict", "met")


def history_part() -> str:
    """What `monitor history` prints of the demo's history."""
    return sample("history", "--region", "贵州", "--metric", "算力规模")


def sample(*arguments: str) -> str:
    """The standard output of a command on the demo's database, 100 columns wide."""
    _, database = demo()
    with redirected() as output, contextlib.suppress(SystemExit):
        run_command([*arguments, "--database", database])
    return fenced(output.getvalue())


@contextlib.contextmanager
def redirected() -> Iterator[io.StringIO]:
    """Standard output as text, as on a terminal of 100 columns."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "100"
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()) as output,
            contextlib.redirect_stderr(io.StringIO()),
        ):
            yield output
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


@cache
def demo() -> tuple[str, str]:
    """What the demo prints, and the address of the database that it leaves."""
    folder = tempfile.mkdtemp(prefix="monitor-docs-")
    atexit.register(shutil.rmtree, folder)
    output = io.StringIO()
    run_demo(Path(folder), Console(file=output, width=120))
    return output.getvalue(), f"sqlite:///{folder}/demo.db"


def fenced(text: str) -> str:
    """A text as a block of code, without spaces at the ends of lines."""
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    return "\n".join(["```text", *lines, "```"])


PARTS: dict[str, Callable[[], str]] = {
    "alert": alert_part,
    "commands": commands_part,
    "evidence": evidence_part,
    "families": families_part,
    "faults": faults_part,
    "fulfilment": fulfilment_part,
    "history": history_part,
    "modules": modules_part,
    "rules": rules_part,
    "settings": settings_part,
}


def _fields(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, Any, str]]:
    for name, field in model.model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from _fields(type(field.default), f"{before}{name}.")
        elif (section := _named_sections(field.annotation)) is not None:
            yield from _fields(section, f"{before}{name}.NAME.")
        else:
            default = None if field.is_required() else field.default
            yield f"{before}{name}", default, field.description or ""


def _named_sections(annotation: Any) -> type[BaseModel] | None:
    """The section of a table whose keys are names that users give."""
    last = get_args(annotation)[-1:]
    found = [kind for kind in last if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return found[0] if found else None


def _value(value: Any) -> str:
    if value is None or value in ((), ""):
        return "–"
    if isinstance(value, tuple):
        value = ", ".join(str(item) for item in value)
    return f"`{value}`"


def _code(text: str | None) -> str:
    return "–" if text is None else "`" + text.replace("|", "\\|") + "`"


def _commands(command: Any, path: str = "monitor") -> Iterator[tuple[str, Any]]:
    if isinstance(command, LazyCommand):
        command = command.load()
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, child in inner.items():
        yield from _commands(child, f"{path} {name}")


def _command(path: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join([path, "[OPTIONS]", *(p.metavar or p.name.upper() for p in arguments)])
    lines = [f"## {path}", "", f"`{usage}`", "", _one_line(command.help)]
    rows = [
        f"| {_names(parameter)} | {_default(parameter)} | {_one_line(parameter.help)} |"
        for parameter in command.params
        if parameter.name != "help"
    ]
    if rows:
        lines += ["", "| option | default | meaning |", "|---|---|---|", *rows]
    return "\n".join(lines)


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return _code(parameter.metavar or parameter.name.upper())
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    return f"{names} (`{parameter.envvar}`)" if parameter.envvar else names


def _default(parameter: Any) -> str:
    default = parameter.default
    if default is None or default is False or not isinstance(default, str | int | float | Path):
        return "required" if parameter.required else "–"
    return f"`{default}`"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def whole_files() -> Iterator[tuple[Path, str]]:
    """Files that are generated as a whole, and what should be in them."""
    schema = json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"
    yield ROOT / "rules" / "rules.schema.json", schema
    yield datasette_metadata.FILE, datasette_metadata.metadata_file()


def main(arguments: list[str]) -> int:
    """Write or check; 1 if something is wrong."""
    wrong = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        anew = written_anew(text)
        if anew != text and "--check" in arguments:
            wrong.append(f"{page.relative_to(ROOT)}: a generated part is out of date: make docs")
        elif anew != text:
            page.write_text(anew, encoding="utf-8")
            sys.stdout.write(f"written {page.relative_to(ROOT)}\n")
        wrong += broken_links(page)
    for file, wanted in whole_files():
        if not file.exists() or file.read_text(encoding="utf-8") != wanted:
            if "--check" in arguments:
                wrong.append(f"{file.relative_to(ROOT)} is out of date: make docs")
            else:
                file.write_text(wanted, encoding="utf-8")
    for line in wrong:
        sys.stderr.write(line + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
