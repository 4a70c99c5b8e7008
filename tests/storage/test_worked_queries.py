"""The worked queries of docs/reference/sql.md, asked of a small history, have the right answers."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest
from small_history import write_history
from sqlalchemy import text

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "sql.md"
QUERIES = dict(
    re.findall(
        r"^### (.*)\n(?:.*\n)*?```sql\n((?:.*\n)*?)```", REFERENCE.read_text("utf-8"), re.MULTILINE
    )
)
GUIZHOU, GANSU, ZHEJIANG, HAINAN = "贵州省", "甘肃省", "浙江省", "海南省"
CLOUD = "推进“黔云一号”智算中心建设，全省算力规模达到120Eflops。"
ROBOTS = "支持遵义建设人工智能机器人中试基地。"
VOUCHERS = "安排算力券资金2亿元，支持中小企业使用人工智能大模型。"
AGENTS = "培育行业智能体50个，推动人工智能进车间。"
SERVICES = "海南省政府提出，今年投入资金6000万元，建设人工智能公共服务平台3个。"
DATASETS = "国家数据局提出，今年建设高质量数据集1000个，支持人工智能发展。"
DELEGATE = "省人大代表王某建议，加快建设国际数据中心，推动人工智能出海。"
GANSU_REPORT = "2026年甘肃省政府工作报告"
ANSWERS: dict[str, list[tuple[object, ...]]] = {
    "Who raised computing targets?": [
        (GUIZHOU, 2026, "全省算力规模", 90_000, 120_000, "https://example.org/8.html"),
        (GANSU, 2026, "智能算力规模", 30_000, 45_000, "https://example.org/6.html"),
        (GUIZHOU, 2025, "全省算力规模", 60_000, 90_000, "https://example.org/3.html"),
    ],
    "Which promises of 2025 on data centres were not repeated in 2026?": [
        (ZHEJIANG, "新建绿色数据中心，智能算力规模达到12000P。"),
        (GUIZHOU, "改造提升贵安绿色数据中心集群，数据中心标准机架达到20万架。"),
    ],
    "Which numbers does each province give for 智算?": [
        (ZHEJIANG, "智算", "P", 2025, 12_000, "reach", None),
        (GANSU, "智算", "P", 2025, 30_000, "at_least", 32_000),
        (GANSU, "智算", "P", 2026, 45_000, "at_least", None),
        (GANSU, "智算芯片", "张", 2026, 2_000, "increase_by", None),
    ],
    "What changed last week?": [
        (
            "2026-03-05",
            "全国",
            "added",
            "高质量数据集 – → 1,000 个",
            DATASETS,
        ),
        ("2026-03-04", HAINAN, "added", "", DELEGATE),
        (
            "2026-03-04",
            HAINAN,
            "added",
            "资金 – → 60,000,000 元; 人工智能公共服务平台 – → 3 个",
            SERVICES,
        ),
    ],
    "How often did the press repeat a promise?": [
        (GUIZHOU, 2026, CLOUD, 2),
        (GUIZHOU, 2026, AGENTS, 1),
    ],
    "Which sources are silent, and since when?": [
        ("never", "午报", "ok", "2024-01-01", None),
        ("silent", "晚报", "quiet", "2025-09-01", None),
        ("gov", "政府门户", "ok", "2026-01-27", None),
    ],
    "What was promised and what was reached, year by year?": [
        (2024, 60_000, 62_000, "P"),
        (2025, 90_000, 85_000, "P"),
        (2026, 120_000, None, "P"),
    ],
    "Which provinces have no computing number?": [(ZHEJIANG, 2026), (HAINAN, 2026)],
    "When did each province first promise an agent (智能体)?": [
        (
            ZHEJIANG,
            2025,
            "打造之江智能体应用高地，建设智能体创新平台10个。",
            "https://example.org/1.html",
        ),
        (GUIZHOU, 2026, AGENTS, "https://example.org/8.html"),
    ],
    "How much money does each province promise?": [
        (ZHEJIANG, 1, 30),
        (GUIZHOU, 1, 2),
        (HAINAN, 1, 0.6),
    ],
    "By how much did computing targets grow since last year?": [
        (GUIZHOU, "算力", 90_000, 120_000, 30_000),
        (GANSU, "智算", 30_000, 45_000, 15_000),
    ],
    "Which promises are made for three years or more?": [
        (GUIZHOU, 2024, 3, VOUCHERS),
        (GUIZHOU, 2024, 3, ROBOTS),
        (GUIZHOU, 2024, 3, CLOUD),
    ],
    "Which promises were missed?": [
        (
            *(GUIZHOU, 2025, "全省算力规模", 90, "Eflops", 85, "Eflops"),
            "推进“黔云一号”智算中心建设，全省算力规模达到90Eflops。",
            "全省算力规模达到85Eflops，人工智能产业加快发展。",
        )
    ],
    "How reliable are each region's targets?": [
        (ZHEJIANG, 1, 0, 1),
        (GANSU, 1, 0, 1),
        (GUIZHOU, 1, 1, 3),
        (HAINAN, 0, 0, 0),
    ],
    "Which targets of computing are due this year?": [
        (GANSU, "智能算力规模", "at_least", 45, "Eflops", GANSU_REPORT),
        (GUIZHOU, "全省算力规模", "reach", 120, "Eflops", "2026年贵州省政府工作报告"),
    ],
    "Which promises end this year?": [
        ("全国", "2026-12-31", "news", DATASETS),
        (HAINAN, "2026-12-31", "news", SERVICES),
    ],
    "What does a region promise in the press alone?": [
        ("2026-03-04", SERVICES, "海南省人民政府", None, "https://example.org/11.html"),
    ],
    "Which promises of a report did no article repeat?": [(ROBOTS,), (VOUCHERS,)],
    "How does a region stand?": [(2026, 4, 3, 1, 2, 0, 1, 0, 1, 2, 0, 0)],
    "What has each central office promised?": [("国家数据局", 1)],
    "What do delegates ask for?": [(HAINAN, DELEGATE, "海南布局算力新赛道")],
}
# Ordered by region: databases sort Chinese names each in their own way.
BY_NAME = {
    "Which promises of 2025 on data centres were not repeated in 2026?",
    "Which numbers does each province give for 智算?",
    "What changed last week?",
    "Which provinces have no computing number?",
    "How reliable are each region's targets?",
    "Which targets of computing are due this year?",
    "Which promises end this year?",
}
# Not what the question is about.
LEFT_OUT = {"Which promises of 2025 on data centres were not repeated in 2026?": (0, 1)}


@pytest.fixture
def history(database):
    write_history(database)
    return database


def _plain(value: object) -> object:
    """Times and days as the day they are on; SQLite has them as text, PostgreSQL does not."""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, str) and re.match(r"20\d\d-\d\d-\d\d \d\d:", value):
        return value[:10]
    return value


def test_each_question_has_the_right_answer(history):
    assert len(ANSWERS) >= 20
    found, wanted = {}, {}
    with history.read() as connection:
        for question, rows in ANSWERS.items():
            columns = LEFT_OUT.get(question)
            answers = [
                tuple(map(_plain, row)) for row in connection.execute(text(QUERIES[question]))
            ]
            if columns is not None:
                answers = [tuple(row[one] for one in columns) for row in answers]
            by_name = question in BY_NAME
            found[question] = sorted(answers, key=str) if by_name else answers
            wanted[question] = sorted(rows, key=str) if by_name else rows
    assert found == wanted
