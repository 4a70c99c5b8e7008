"""Edits of our own: cosmetic ones must be no change, others the right one.

    python benchmarks/mutations.py            # needs ../shared/corpus; takes a minute
    python benchmarks/mutations.py --write    # the table into docs/explanation/comparing.md
    python benchmarks/mutations.py --misses   # each case that went wrong

Every report of the corpus is edited many times, on a seed. A case is right when the changes that
would be logged are exactly those a reader would name: their kinds, and the values of the delta
where a number was changed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from edits import COSMETIC, SUBSTANTIVE, Edit, page

from monitor.comparison.compare import compare
from monitor.comparison.headings import bare_headings
from monitor.documents.reader import read_document
from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.extraction.units import to_base
from monitor.model.changes import Basis, Change, Kind
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Speaker, Statement

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
OWN = ROOT / "tests" / "extraction" / "annotated"
_TRIES = 4
PAGE = ROOT / "docs" / "explanation" / "comparing.md"
_SEED = 20260101
_BETWEEN = re.compile(r"(?<=<!-- mutations -->\n).*(?=<!-- end of mutations -->)", re.DOTALL)


@dataclass
class Result:
    """How many cases of one kind of edit there were, how many right, and what went wrong."""

    name: str
    cases: int = 0
    right: int = 0
    wrong: list[str] = field(default_factory=list)

    def count(self, problem: str) -> None:
        self.cases += 1
        self.right += not problem
        if problem:
            self.wrong.append(f"{self.name}: {problem}")


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the corpus with its statements."""

    name: str
    text: str
    provenance: Provenance
    statements: tuple[Statement, ...]


@cache
def texts(corpus: Path | None) -> tuple[Text, ...]:
    """The project's annotated reports, and the texts of the corpus if there is one."""
    return (*_own_texts(), *(() if corpus is None else _corpus_texts(corpus)))


def _own_texts() -> Iterator[Text]:
    rows = [json.loads(line) for line in (OWN / "labels.jsonl").read_text("utf-8").splitlines()]
    for name in dict.fromkeys(row["doc"] for row in rows):
        row = next(row for row in rows if row["doc"] == name)
        provenance = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, row["region"], row["year"])
        text = (OWN / name).read_text(encoding="utf-8")
        yield Text(name, text, provenance, extract(text, provenance, load_topics()))


def _corpus_texts(corpus: Path) -> Iterator[Text]:
    for line in (corpus / "index.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        report = row["kind"] == "government_work_report"
        provenance = (
            Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, row["region"], row["year"])
            if report
            else Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, row["year"])
        )
        text = (corpus / row["file"]).read_text(encoding="utf-8")
        yield Text(row["file"], text, provenance, extract(text, provenance, load_topics()))


def changes_of(one: Text, text: str, *, before: str | None = None) -> list[Change]:
    """What would be logged if the text were found edited."""
    statements = one.statements
    if before is not None:
        statements = extract(before, one.provenance, load_topics())
    after = extract(text, one.provenance, load_topics())
    return [
        change
        for change in compare(
            statements,
            after,
            Basis.REVISION,
            texts=(one.text if before is None else before, text),
        )
        if change.kind is not Kind.CONTINUED
    ]


def cosmetic(corpus: Path | None, rounds: int) -> list[Result]:
    """Every cosmetic edit on every text, ``rounds`` times."""
    results = {name: Result(name) for name in (*COSMETIC, "the page with another layout")}
    for one in texts(corpus):
        dressed = read_document(page(Random(0), one.text)).text
        for number in range(rounds):
            rng = Random(f"{_SEED} {one.name} {number}")
            for name, edit in COSMETIC.items():
                found = changes_of(one, edit(rng, one.text))
                results[name].count(_reported(one, found))
            other = read_document(page(rng, one.text)).text
            found = changes_of(one, other, before=dressed)
            results["the page with another layout"].count(_reported(one, found))
    return list(results.values())


def substantive(corpus: Path | None, rounds: int) -> list[Result]:
    """Every other edit on ``rounds`` commitments of every report."""
    results = {name: Result(name) for name in SUBSTANTIVE}
    for one in texts(corpus):
        if one.provenance.kind is not DocumentKind.REPORT:
            continue
        rng = Random(f"{_SEED} {one.name}")
        promises = [s for s in one.statements if s.label is Label.COMMITMENT]
        # A heading that only names what stands below it is told by nobody.
        bare = bare_headings(promises)
        commitments = [s for s in promises if id(s) not in bare]
        for name, editor in SUBSTANTIVE.items():
            order = [s for _ in range(_TRIES) for s in rng.sample(commitments, len(commitments))]
            edits = (editor(rng, one.text, commitments, item) for item in order)
            done = {edit.text: edit for edit in edits if edit is not None}
            for edit in list(done.values())[:rounds]:
                found = changes_of(one, edit.text)
                results[name].count(_judged(one, edit, found))
    return list(results.values())


def _reported(one: Text, found: list[Change]) -> str:
    return "" if not found else f"{one.name}: " + "; ".join(_shown(change) for change in found[:3])


def _shown(change: Change) -> str:
    sides = [side.text if side else "–" for side in (change.before, change.after)]
    return f"{change.kind} {sides[0]} → {sides[1]} {[(d.before, d.after) for d in change.deltas]}"


def _judged(one: Text, edit: Edit, found: list[Change]) -> str:
    kinds = tuple(change.kind for change in found)
    if kinds != edit.kinds:
        return f"{one.name}: {kinds} for {edit.kinds}: " + "; ".join(map(_shown, found[:3]))
    if edit.delta is not None:
        deltas = [
            (_base(delta.before, delta.unit), _base(delta.after, delta.unit))
            for delta in found[0].deltas
        ]
        wanted = edit.delta
        if not any(_near(old, wanted[0]) and _near(new, wanted[1]) for old, new in deltas):
            return f"{one.name}: {deltas} for {wanted}: {_shown(found[0])}"
    return ""


def _base(value: float | None, unit: str) -> float:
    return 0.0 if value is None else to_base(value, unit)[0]


def _near(first: float, second: float) -> bool:
    # The benchmark knows values in the unit of the target; 1 P is the base of computing power.
    return any(abs(first - second * k) <= 1e-6 * max(abs(first), 1) for k in (1, 1e3, 1e-3))


def table(title: str, results: list[Result]) -> str:
    """The results as a Markdown table."""
    lines = [f"| {title} | cases | right |", "|---|---|---|"]
    lines += [f"| {r.name} | {r.cases} | {r.right} |" for r in results]
    cases, right = sum(r.cases for r in results), sum(r.right for r in results)
    lines.append(f"| **all** | {cases} | {right} ({right / max(cases, 1):.2%}) |")
    return "\n".join(lines)


def main() -> None:
    """Print the tables; see the head of this file."""
    parser = argparse.ArgumentParser(description="Edit reports and see what is reported.")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--misses", action="store_true", help="print what went wrong")
    options = parser.parse_args()
    if not CORPUS.is_dir():
        sys.exit("needs ../shared/corpus")
    quiet, telling = cosmetic(CORPUS, 5), substantive(CORPUS, 8)
    text = table("cosmetic edit", quiet) + "\n\n" + table("edit of a commitment", telling) + "\n"
    print(text + "\nMeasured on texts that we edited ourselves.")
    if options.misses:
        print("\n".join(problem for result in (*quiet, *telling) for problem in result.wrong))
    if options.write:
        page_text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(_BETWEEN.sub(lambda _: "\n" + text + "\n", page_text), encoding="utf-8")


if __name__ == "__main__":
    main()
