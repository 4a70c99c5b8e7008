"""The example rules do what their page says: sentences are read, compared and matched for real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.comparison.compare import compare
from monitor.comparison.fulfilment import assess_fulfilment, verdict_change
from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.model.changes import Basis
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Speaker
from monitor.rules.loader import load_rules
from monitor.rules.schema import VERDICT_KINDS

ROOT = Path(__file__).resolve().parents[2]
RULES = load_rules([ROOT / "rules"])
ROWS = [
    tuple(cell.strip() for cell in line.strip("|\n").split("|"))
    for line in (ROOT / "docs/reference/example-rules.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| [a-z]+(-[a-z]+)* \|", line) and not line.startswith("| rule ")
]


VERDICTS = {rule.id for rule in RULES.rules if set(rule.kinds) <= set(VERDICT_KINDS)}


def statements(text, region, *, article=False, year=2026, heading="二、{}年重点工作"):
    kind = DocumentKind.NEWS if article else DocumentKind.REPORT
    speaker = Speaker.MEDIA if article else Speaker.GOVERNMENT
    provenance = Provenance(kind, speaker, region, year, title="政府工作报告")
    lead = "" if article else heading.format(2026) + "\n"
    return extract("" if text == "–" else lead + text, provenance, load_topics())


@pytest.mark.parametrize(("rule", "region", "before", "after", "alert"), ROWS)
def test_what_the_page_says_of_a_rule_is_so(rule, region, before, after, alert):
    article = "代表" in after
    was = statements(before, region, article=article)
    if rule in VERDICTS:
        now = statements(after, region, year=2027, heading="一、{}年工作回顾")
        changes = [verdict_change(one) for one in assess_fulfilment(was, now, due=2026)]
    else:
        now = statements(after, region, article=article)
        changes = compare(was, now, Basis.REVISION, labels=frozenset(Label))
    assert now, "the sentence is in scope"
    matched = {match.rule_id for change in changes for match in RULES.match(change)}
    assert (rule in matched) == (alert == "yes"), changes


def test_every_example_has_a_change_it_wants_and_one_it_does_not():
    shown = {(row[0], row[4]) for row in ROWS}
    assert shown == {(rule.id, said) for rule in RULES.rules for said in ("yes", "no")}
    assert len(RULES.rules) >= 10
