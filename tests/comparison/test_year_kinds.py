"""What a year made of a promise beside its targets: kinds told from words and counts."""

from __future__ import annotations

import pytest

from monitor.comparison.compare import (
    clause_deadline_shift,
    compare,
    counted_names,
    effort_direction,
    numbers_of_kin,
)
from monitor.extraction.extract import extract, plan_sentences
from monitor.extraction.targets import parse_targets
from monitor.extraction.topics import load_topics
from monitor.model.changes import Basis, Kind
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Op, Speaker, Statement


def told(old: str, new: str):
    """The changes between two plans, each given by its sentences."""
    sides, plans = [], []
    for year, text in ((2025, old), (2026, new)):
        known = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "江西省", year)
        full = f"二、{year}年工作安排\n{text}\n"
        sides.append(extract(full, known, load_topics()))
        plans.append(plan_sentences(full, known, sides[-1]))
    return compare(*sides, Basis.SUCCESSION, plans=(plans[0], plans[1]))


def said(text: str, year: int) -> Statement:
    return Statement(
        text=text,
        start=0,
        end=len(text),
        label=Label.COMMITMENT,
        speaker=Speaker.GOVERNMENT,
        region="江西省",
        year=year,
        targets=parse_targets(text),
    )


def test_some_of_a_thing_that_became_a_number_is_stronger():
    old = "加快建设赣江智算港，培育一批数字产业示范园区。"
    new = "加快建设赣江智算港，新增数字产业示范园区7个。"
    (change,) = told(old, new)
    assert change.kind is Kind.STRENGTHENED
    assert [(d.before, d.after, d.unit) for d in change.deltas] == [(None, 7, "个")]
    (change,) = told(new, old)
    assert change.kind is Kind.WEAKENED


def test_a_number_of_another_matter_does_not_count():
    old = said("加快建设赣江智算港，修建高速公路。", 2025)
    assert numbers_of_kin(said("加快建设赣江智算港，修建高速公路7条。", 2026), old) == ()


def test_a_number_that_counts_names_stands_where_they_are_named():
    old = "推进人工智能产业，建好赣东、赣西、赣南3个算力产业园，壮大机器人企业。"
    new = "壮大机器人企业，推进人工智能产业。\n高标准建设赣东、赣西、赣南算力产业园。"
    assert Kind.WEAKENED not in {change.kind for change in told(old, new)}
    fewer = new.replace("赣西、", "")
    assert Kind.WEAKENED in {change.kind for change in told(old, fewer)}


def test_the_names_that_a_number_counts_are_known():
    text = "建好赣东、赣西、赣南3个算力产业园。"
    assert counted_names(text, parse_targets(text)[0]) == ("赣东", "赣西", "赣南")
    text = "建好赣东、赣西算力产业园30个。"
    assert counted_names(text, parse_targets(text)[0]) == ()


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("争创国家智能体先行区。", "高标准建设国家智能体先行区。", 1),
        ("申报国家级算力枢纽。", "加快国家级算力枢纽建设。", 1),
        ("建设国家智能体先行区。", "争创国家智能体先行区。", -1),
        ("争创国家智能体先行区。", "积极争创国家智能体先行区。", 0),
        ("争创国家智能体先行区。", "建设省级机器人园区。", 0),
    ],
)
def test_what_was_tried_for_and_is_built_is_stronger(before, after, direction):
    assert effort_direction(before, after) == direction


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (
            "培育企业，到2027年底建成赣江智算港二期。",
            "做强产业，到2028年底建成赣江智算港二期。",
            -1,
        ),
        ("培育企业，到2028年底建成赣江智算港二期。", "做强产业，到2027年底建成赣江智算港二期。", 1),
        ("培育企业，到2027年底建成赣江智算港二期。", "做强产业，到2028年底建成高铁新城。", 0),
    ],
)
def test_a_deadline_moves_within_a_clause(before, after, direction):
    assert clause_deadline_shift(said(before, 2025), said(after, 2026)) == direction


def test_an_increment_is_no_total():
    (added,) = parse_targets("新增智能算力规模达到1.7万P。")
    assert added.op is Op.INCREASE_BY
    old = "加快建设赣江算力网，智能算力规模达到2万P。"
    new = "加快建设赣江算力网，新增智能算力规模达到1.7万P。"
    (change,) = told(old, new)
    assert change.kind is not Kind.WEAKENED
    assert not any(delta.before and delta.after for delta in change.deltas)
