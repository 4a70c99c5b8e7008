"""What each threshold of the comparison does, measured: the table of docs/explanation/comparing.md.

    python benchmarks/thresholds.py            # a few minutes; needs ../shared/corpus

Revision: the share of right answers in mutations.py when one threshold is moved and the others
stay. The limits of successions are learned from judged pairs, see tools/train_links.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import mutations

from monitor.comparison.thresholds import BY_BASIS
from monitor.model.changes import Basis

_REVISION = sys.modules["monitor.comparison.revision"]
_CUES = sys.modules["monitor.comparison.cues"]
_TARGETS = sys.modules["monitor.comparison.targets"]
REVISION: tuple[tuple[str, object, tuple[float, ...]], ...] = (
    ("NEARLY_IDENTICAL", _REVISION, (0.3, 0.5, 0.7, 0.9)),
    ("PART", _REVISION, (0.5, 0.65, 0.8, 0.95)),
    ("SAME_BUT_CUE", _CUES, (0.7, 0.8, 0.9, 0.97)),
    ("METRIC", _TARGETS, (0.3, 0.45, 0.6, 0.75, 0.9)),
)
PAIRS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


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


def main() -> None:
    """Print the table."""
    print("| threshold | value | right |\n|---|---|---|")
    for name, value, share in revision():
        print(f"| {name} | {value} | {share} |")
    print("\nMeasured on texts that we edited ourselves.")


if __name__ == "__main__":
    main()
