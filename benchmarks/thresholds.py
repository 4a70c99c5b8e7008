"""What each threshold of the comparison does, measured: the table of docs/explanation/comparing.md.

    python benchmarks/thresholds.py            # a few minutes; needs ../shared/corpus

Revision: the share of right answers in mutations.py when one threshold is moved and the others
stay. Succession: every report is rewritten as its successor would be (all verbs exchanged, a
clause left out, order shuffled, a tenth of the sentences gone and as many new ones come), and the
pairs that are found are counted against those that were made.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from unittest.mock import patch

import mutations
from edits import SYNONYMS

from monitor.comparison.align import align
from monitor.comparison.thresholds import BY_BASIS, Thresholds
from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.model.changes import Basis
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Speaker, Statement

_COMPARE = sys.modules["monitor.comparison.compare"]
_POLARITY = sys.modules["monitor.comparison.cues"]
_TARGETS = sys.modules["monitor.comparison.targets"]
REVISION: tuple[tuple[str, object, tuple[float, ...]], ...] = (
    ("NEARLY_IDENTICAL", _COMPARE, (0.3, 0.5, 0.7, 0.9)),
    ("PART", _COMPARE, (0.5, 0.65, 0.8, 0.95)),
    ("SAME_BUT_CUE", _POLARITY, (0.7, 0.8, 0.9, 0.97)),
    ("METRIC", _TARGETS, (0.3, 0.45, 0.6, 0.75, 0.9)),
)
PAIRS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_GONE = 0.1


def _right() -> str:
    results = mutations.substantive(mutations.CORPUS, 4)
    cases, right = sum(r.cases for r in results), sum(r.right for r in results)
    return f"{right / cases:.2%}"


def revision() -> Iterator[tuple[str, float, str]]:
    """Name, value and share of right answers."""
    base = BY_BASIS[Basis.REVISION]
    for value in PAIRS:
        with patch.dict(BY_BASIS, {Basis.REVISION: replace(base, pair=value)}):
            yield "pair (revision)", value, _right()
    for name, module, values in REVISION:
        for value in values:
            with patch.object(module, name, value):
                yield name, value, _right()


def _rewritten(rng: Random, sentence: str) -> str:
    for old, new in SYNONYMS:
        sentence = sentence.replace(old, new)
    clauses = sentence.rstrip("。；").split("，")
    if len(clauses) > 2:
        clauses.pop(rng.randrange(1, len(clauses)))
    return "，".join(clauses) + "。"


Pairing = tuple[Sequence[Statement], Sequence[Statement], set[tuple[str, str]]]


def successors() -> Iterator[Pairing]:
    """Statements then, statements of the rewritten report, and which text became which."""
    reports = [one for one in mutations.texts(mutations.CORPUS) if one.provenance.region]
    for number, one in enumerate(reports):
        rng = Random(number)
        old = [s for s in one.statements if s.label is Label.COMMITMENT]
        kept = [s for s in old if rng.random() >= _GONE]
        strangers = [s for s in reports[number - 1].statements if s.label is Label.COMMITMENT]
        came = rng.sample(strangers, min(len(strangers), len(old) - len(kept)))
        pairs = [(s.text, _rewritten(rng, s.text)) for s in kept]
        lines = [new for _, new in pairs] + [s.text for s in came]
        rng.shuffle(lines)
        year = (one.provenance.year or 2026) + 1
        text = f"二、{year}年重点任务\n" + "\n".join(lines)
        provenance = Provenance(
            DocumentKind.REPORT, Speaker.GOVERNMENT, one.provenance.region, year
        )
        found = extract(text, provenance, load_topics())
        new = [s for s in found if s.label is Label.COMMITMENT]
        there = {s.text for s in new}
        yield old, new, {pair for pair in pairs if pair[1] in there}


def succession() -> Iterator[tuple[float, float, float]]:
    """Threshold, precision and recall of the pairs."""
    made = list(successors())
    base = BY_BASIS[Basis.SUCCESSION]
    for value in PAIRS:
        limits: Thresholds = replace(base, pair=value)
        right = found = wanted = 0
        for old, new, truth in made:
            pairs = {(old[p.before].text, new[p.after].text) for p in align(old, new, limits)}
            right += len(pairs & truth)
            found += len(pairs)
            wanted += len(truth)
        yield value, right / max(found, 1), right / max(wanted, 1)


def main() -> None:
    """Print both tables."""
    print("| pair (succession) | precision | recall |\n|---|---|---|")
    for value, precision, recall in succession():
        print(f"| {value} | {precision:.3f} | {recall:.3f} |")
    print("\n| threshold | value | right |\n|---|---|---|")
    for name, value, share in revision():
        print(f"| {name} | {value} | {share} |")
    print("\nMeasured on texts that we edited or rewrote ourselves.")


if __name__ == "__main__":
    main()
