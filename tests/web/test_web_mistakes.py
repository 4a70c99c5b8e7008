"""What a reader got wrong is told in the language of the page."""

from __future__ import annotations

import pytest

from monitor.web.mistakes import in_language


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("region: 贵洲省 is unknown – did you mean 贵州?", "region：不认识“贵洲省”。是不是 贵州？"),
        (
            "certainty: q is unknown – one of sure, unsure",
            "certainty：不认识“q”。可以是：sure, unsure",
        ),
        (
            "until: '2026-13-01' is no date – write YYYY-MM-DD",
            "until：'2026-13-01' 不是日期。请写 YYYY-MM-DD",
        ),
        ("words: at most 200 characters", "words：最多 200 个字"),
        (
            "rule.yaml:3:13: unknown region '贵洲' – did you mean 贵州?",
            "rule.yaml:3:13: 不认识地区“贵洲”。是不是 贵州？",
        ),
        (
            "rule.yaml: there is no rule – begin with id: and name:",
            "rule.yaml: 这里没有规则，请从 id: 和 name: 写起",
        ),
        (
            "rule.yaml:1:3: id is missing – add id: a short one such as guizhou-computing",
            "rule.yaml:1:3: 缺少 id，请加上 id:，例如 guizhou-computing",
        ),
        ("something rare", "说明是英文的：something rare"),
        ("", ""),
    ],
)
def test_a_chinese_page_tells_a_mistake_in_chinese(message, told):
    assert in_language(message, "zh") == told
    assert in_language(message, "en") == message
