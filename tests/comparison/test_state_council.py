"""The State Council's reports of 2024 and 2025, as a reader with both on the desk compares them.

Named by a few words each; the sentences are in ``../shared/corpus``.
"""

from __future__ import annotations

import pytest

from monitor.comparison.compare import compare
from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.model.changes import Basis, Kind
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import NATION, Speaker

BY_HAND = [
    # Embodied AI is named for the first time, among the future industries of 2025.
    (Kind.ADDED, None, "具身智能"),
    # AI+ is "carried out" in 2024 and "pushed on" in 2025, with large models and AI terminals.
    (Kind.REWORDED, "开展“人工智能+”行动", "持续推进“人工智能+”行动"),
    # Computing: from forming one national system to improving where the capacity stands. No
    # words are shared but 算力; it is the one sentence on computing in either report.
    (Kind.REWORDED, "全国一体化算力体系", "优化全国算力资源布局"),
    # The lead in connected vehicles was a goal of its own; 2025 names them only in a list of
    # terminals under AI+.
    (Kind.DROPPED, "智能网联新能源汽车等产业领先优势", None),
    # Consumption of connected vehicles is not promoted by name any more.
    (Kind.DROPPED, "提振智能网联新能源汽车", None),
]


@pytest.fixture
def reports(shared):
    found = []
    for year in (2024, 2025):
        text = (shared / "corpus" / f"100000_{year}.txt").read_text(encoding="utf-8")
        provenance = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, NATION, year)
        found.append(extract(text, provenance, load_topics()))
    return found


def test_the_succession_is_what_a_reader_would_write_down(reports):
    changes = compare(*reports, Basis.SUCCESSION)
    assert len(changes) == len(BY_HAND)
    for kind, before, after in BY_HAND:
        (change,) = [
            change
            for change in changes
            if (before is None or (change.before and before in change.before.text))
            and (after is None or (change.after and after in change.after.text))
        ]
        assert change.kind is kind
        assert (change.before is None, change.after is None) == (before is None, after is None)


def test_a_swapped_comparison_yields_the_opposite_changes(reports):
    kinds = sorted(change.kind for change in compare(*reversed(reports), Basis.SUCCESSION))
    assert kinds == ["added", "added", "dropped", "reworded", "reworded"]
