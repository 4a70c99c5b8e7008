"""What ``rules check`` says a rule matches on."""

from __future__ import annotations

import pytest

from monitor.rules.describe import describe_rule
from monitor.rules.loader import parse_rule


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{}", "all commitments of governments and ministries"),
        (
            "keywords: {any: [算網, ＩＤＣ], none: [试点]}",
            "with 算网 or idc; without 试点",
        ),
        ("regex: ['算力（.*）']", r"found by 算力\(.*\)"),
        (r"regex: ['\d+\s*(个|款)\s?算力']", r"found by \d+(个|款)算力"),
        (
            "{regions: [贵阳, 贵州], themes: [compute], years: [2026]}",
            "in 贵州省, 贵阳市; theme compute; year 2026",
        ),
        ("targets: {metric: 产值, at_least: 2, unit: 亿元}", "产值 ≥ 200000000 元"),
        ("targets: {unit: 万张}", "a number in 张"),
        (
            "{speakers: [delegate, 工信部], labels: [proposal]}",
            "proposals of delegate, 工业和信息化部",
        ),
        (
            "{basis: fulfilment, certainty: any}",
            "kinds met, missed; basis fulfilment; also",
        ),
    ],
)
def test_a_rule_is_described_as_it_is_compared(body, said):
    described = describe_rule(parse_rule(body, rule_id="own-1", name="一"))
    assert described.startswith(said)
