"""What extraction loses when a report comes damaged: headings lost, columns, stray spaces.

python benchmarks/damage.py            # needs ../shared/gold

Each labelled report is damaged in one way at a time and scored again (see quality.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import quality

from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Speaker

_MARKER = re.compile(
    r"^\s*(?:[一二三四五六七八九十]{1,3}、|（[一二三四五六七八九十]{1,3}）|[0-9]{1,2}[.、]"
    r"|第[一二三四五六七八九十]+部分)\s*"
)
_TOP = re.compile(r"^\s*[一二三四五六七八九十]{1,3}、")
_HEADING = 40
_COLUMN = 23
_GAP = re.compile(r"(.{7})")


def _without(text: str, marker: re.Pattern[str]) -> str:
    lines = text.split("\n")
    return "\n".join(x for x in lines if len(x) >= _HEADING or not marker.match(x))


DAMAGE: dict[str, Callable[[str], str]] = {
    "heading numbers lost": lambda text: "\n".join(_MARKER.sub("", x) for x in text.split("\n")),
    "headings lost": lambda text: _without(text, _MARKER),
    "main headings lost": lambda text: _without(text, _TOP),
    "all in one line": lambda text: text.replace("\n", ""),
    "a space after every seventh character": lambda text: _GAP.sub(r"\1 ", text),
    "a column of 23 characters": lambda text: "\n".join(
        text[at : at + _COLUMN].replace("\n", "\n\n") for at in range(0, len(text), _COLUMN)
    ),
}


def damaged_scores(shared: Path) -> list[quality.Score]:
    """One score for each damage, over all labelled reports."""
    scores = {name: quality.Score(name) for name in DAMAGE}
    for name, region, year, rows in quality.labelled_reports(shared):
        text = (shared / "corpus" / name).read_text(encoding="utf-8")
        provenance = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, region, year)
        quoted = [{**row, "quote": row["text"]} for row in rows]
        for kind, damage in DAMAGE.items():
            scores[kind].add(quality.score_passages(name, damage(text), provenance, quoted))
    return list(scores.values())


if __name__ == "__main__":
    if (quality.SHARED / "gold").is_dir():
        print(quality.table(damaged_scores(quality.SHARED)))
        print("\nReal reports, damaged by this script.")
    else:
        print("no labelled texts beside the checkout (../shared/gold)")
