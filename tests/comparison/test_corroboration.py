"""An article that tells what a report says is linked to it; what it adds is news."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.comparison.corroboration import corroborate
from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Speaker

REPORT = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "青海省", 2026)
PRESS = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026)
PLAN = (
    "二、2026年重点工作\n打造绿色算力基地，智算规模突破2万P。\n"
    "培育人工智能企业50家以上，发布行业大模型5个。\n推动盐湖产业与人工智能融合，建设10个应用场景。\n"
)


def linked(article, plan=PLAN):
    known = extract(plan, REPORT, load_topics())
    statements = extract(article, PRESS, load_topics())
    return [
        (item.statement.text, item.commitment.text[:6]) for item in corroborate(statements, known)
    ]


@pytest.mark.parametrize(
    ("article", "source"),
    [
        ("青海省政府工作报告提出，2026年将打造绿色算力基地，智算规模突破20000P。", "打造绿色算力"),
        ("青海今年将培育人工智能企业50家以上。", "培育人工智能"),
        ("青海省政府工作报告提出，推动盐湖产业与人工智能融合。", "推动盐湖产业"),
        ("青海省提出，智算规模突破2万P，培育人工智能企业50家以上。", "培育人工智能"),
    ],
)
def test_a_reported_commitment_is_linked_to_its_source(article, source):
    assert linked(article) == [(article, source)]


@pytest.mark.parametrize(
    "article",
    [
        "青海省政府工作报告提出，2026年将打造绿色算力基地，智算规模突破3万P。",  # another number
        "青海省提出，到2028年智算规模突破2万P。",  # another year
        "四川省政府工作报告提出，打造绿色算力基地，智算规模突破2万P。",  # another region
        "青海省提出，建设国际算力交易中心，引进脑机接口企业。",  # other words
        "青海省政协委员王某建议，打造绿色算力基地，智算规模突破2万P。",  # no commitment
    ],
)
def test_what_the_report_does_not_say_is_news(article):
    assert linked(article) == []


@given(st.text(alphabet="算力智能建设提升突破2万P家，。", max_size=60))
def test_any_article_is_survived(text):
    assert len(linked(f"青海省提出，{text}")) <= 60
