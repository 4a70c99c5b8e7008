"""Edits on purpose: a smaller run of benchmarks/mutations.py, pinned."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def mutations():
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("mutations")
    sys.path.remove(str(BENCHMARKS))


def wrong(results):
    return [problem for result in results for problem in result.wrong]


def test_a_cosmetic_edit_of_our_own_reports_is_no_change(mutations):
    results = mutations.cosmetic(None, 1)
    assert sum(result.cases for result in results) >= 90
    assert wrong(results) == []


@pytest.mark.slow
def test_an_edit_of_our_own_reports_yields_the_expected_changes(mutations):
    results = mutations.substantive(None, 4)
    cases = sum(result.cases for result in results)
    assert cases >= 250
    assert len(wrong(results)) <= cases / 100, wrong(results)


@pytest.mark.slow
def test_a_cosmetic_edit_of_a_real_report_is_no_change(mutations, shared):
    results = mutations.cosmetic(shared / "corpus", 1)
    assert sum(result.cases for result in results) >= 300
    assert wrong(results) == []


@pytest.mark.slow
def test_an_edit_of_a_real_report_yields_the_expected_changes(mutations, shared):
    results = mutations.substantive(shared / "corpus", 2)
    cases = sum(result.cases for result in results)
    assert cases >= 350
    assert len(wrong(results)) <= cases / 100, wrong(results)
