"""Makes ``deploy/datasette.yaml`` from docs/reference/sql.md: what Datasette shows of a history.

The public views have titles and the meaning of each column, the worked queries are canned ones.
Tables and private views can be opened by nobody, and no SQL of a reader's own is run: it could read
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from monitor.storage.statement_tables import ALL_TABLES
from monitor.storage.views import PRIVATE_VIEWS, View

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "deploy" / "datasette.yaml"
_HEAD = """\
# Datasette's metadata for a copy of the database that is named monitor.db:
# docs/how-to/datasette.md. Made from docs/reference/sql.md by tools/docs.py.
"""
_WORDS = "statement_words"
OTHER_TABLES = (
    *("alembic_version", "sqlite_stat1", "sqlite_stat4", "sqlite_sequence"),
    *(_WORDS, *(f"{_WORDS}_{part}" for part in ("config", "content", "data", "docsize", "idx"))),
)
"""Tables beside ours: of migrations, of SQLite, and of the index of words."""

TITLES = {
    View.CHANGES: "What changed",
    View.STATEMENTS: "All that was ever said",
    View.COMMITMENTS: "Commitments in force",
    View.COMMITMENT_HISTORY: "Commitments over the years",
    View.TARGETS: "Targets in force",
    View.METRIC_SERIES: "Numbers over the years",
    View.REGIONS: "Regions at a glance",
    View.FULFILMENT: "What became of targets",
    View.CORROBORATIONS: "Articles that repeat a commitment",
    View.SOURCES: "Sources",
    View.SOURCE_HEALTH_EVENTS: "Changes in the health of sources",
    View.PROVENANCE: "Snapshots",
}
_SORTED = {
    View.CHANGES: "change_id",
    View.STATEMENTS: "statement_id",
    View.COMMITMENTS: "statement_id",
}
_SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## )", re.DOTALL | re.MULTILINE)
_QUERY = re.compile(r"^### (.*?)\n(.*?)```sql\n(.*?)```", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r"^\| (`.*?) \| (.*) \|$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def metadata_file() -> str:
    """The file as it should be."""
    reference = (ROOT / "docs" / "reference" / "sql.md").read_text(encoding="utf-8")
    closed = {"hidden": True, "allow": False}
    names = sorted({*ALL_TABLES.tables, *OTHER_TABLES, *PRIVATE_VIEWS})
    tables: dict[str, Any] = dict(_views(reference))
    tables |= {str(name): closed for name in names}
    metadata = {
        "title": "Policy monitor",
        "description": "What China's governments promise about AI and computing. Read-only.",
        # A database of another name, whose tables are not named below, is open to nobody.
        "allow": False,
        "allow_sql": False,
        "databases": {
            "monitor": {
                "allow": True,
                "description": "The columns are those of docs/reference/sql.md. Times are UTC.",
                "allow_sql": False,
                "tables": tables,
                "queries": dict(_queries(reference)),
            }
        },
    }
    body = yaml.dump(
        metadata, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=100, indent=2
    )
    return _HEAD + body


class _Plain(yaml.SafeDumper):
    """Without anchors, and texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Plain.add_representer(str, _text)


def _views(reference: str) -> Iterator[tuple[str, dict[str, Any]]]:
    known: dict[str, str] = {}
    for name, body in _SECTION.findall(reference):
        columns = {}
        for cell, meaning in _ROW.findall(body):
            for column in re.findall(r"`(\w+)`", cell):
                said = _prose(meaning)
                if said.startswith(("as above", "as in")) and column in known:
                    said = known[column]
                columns[column] = known[column] = said
        if name not in set(View) - PRIVATE_VIEWS:
            continue
        view = View(name)
        description = _prose(body.partition("\n| ")[0])
        shown: dict[str, Any] = {"title": TITLES[view], "description": description}
        if view in _SORTED:
            shown["sort_desc"] = _SORTED[view]
        if view is View.PROVENANCE:
            shown["units"] = {"bytes": "byte"}
        yield name, {**shown, "columns": columns}


def _queries(reference: str) -> Iterator[tuple[str, dict[str, str]]]:
    for heading, prose, sql in _QUERY.findall(reference.partition("## Worked queries")[2]):
        if any(re.search(rf"\b{view}\b", sql) for view in PRIVATE_VIEWS):
            continue
        name = "-".join(re.findall(r"[a-z0-9]+", heading.lower()))[:60].rstrip("-")
        said = {"title": heading, "description": _prose(prose), "sql": sql.strip()}
        yield name, {key: value for key, value in said.items() if value}


def _prose(text: str) -> str:
    """Markdown as one line of plain text."""
    return " ".join(_LINK.sub(r"\1", text).replace("`", "").replace("*", "").split())
