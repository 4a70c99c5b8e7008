"""What a reader got wrong is told in the language of the page."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import httpx
import pytest
from small_history import write_history

from monitor.errors import UserError, UserErrors
from monitor.rules.model import RuleVocabulary
from monitor.storage.engine import Database
from monitor.web.app import build_site
from monitor.web.mistakes import in_language
from monitor.web.rules import read_rule
from monitor.web.security import Access
from monitor.web.site import Site

VOCABULARY = RuleVocabulary(
    topics=frozenset({"ai"}), themes=frozenset({"compute"}), sources=frozenset({"gov"})
)
WRONG_RULES = """
then: [甲]
x
a：b
- a
keywords: 液冷
keywords:
keywords: 3
keywords: {}
keywords: {any: 液冷，风冷}
keywords: {any: []}
keywords: {regions: [贵州]}
keywords: {any: ["*算力*"]}
keywords: {any: [1.2]}
keywords: {any: [yes]}
keywords: {any: [2026-01-01]}
keywords: {any: [[a]]}
keywords: {any: [{a: b}]}
keywords: {any: [""]}
keywords: {any: [算力], none: [算]}
kyes: 1
any: [a]
kinds: [grown]
kinds: []
labels: [achievement]
basis: [x]
certainty: 3
regions: [贵洲]
regions: [xyzzy]
regions: 贵州、甘肃
regions: []
regions: {a: b}
regions: 3.5
regions: [贵州
regions: ['贵州]
regions: !!python/x a
regions： 贵州
regions:贵州
themes: [comput]
topics: [q]
sources: [q]
speakers: [q]
years: [2026年]
years: [2024-2026]
years: [1800]
years: [0123]
regex: ['(']
regex: ['/算力/']
regex: ['.*']
regex: ['(?=a)']
regex: ['[z-a]']
regex: ['a**']
targets: {}
targets: 5
targets: {at_least: 150}
targets: {at_least: 一百, unit: P}
targets: {at_least: 5, at_most: 3, unit: P}
targets: {relative_change: 0.1}
targets: {relative_change: -1}
targets: {at_least: 1, unit: foo}
targets: {at_least: 1, unit: 万}
priority: 1000
priority: hoch
then: x
then: {delivery: soon}
then: {chat: 1}
then: {chats: [x]}
then: {subscribable: perhaps}
description: [a]
regions: all
regions: [*]
regions：[贵州]
targets: {at_least: 100P}
kinds: [加码]
keywords: {not: [液冷]}
not: [液冷]
name: 乙
? [a]
""".strip().splitlines()


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
            "rule.yaml:1:1: rules: keys with values stand where a list is wanted – "
            "write - id: … for each rule, one below the other",
            "rule.yaml:1:1: rules：这里要列表，不是键和值。每条规则写 - id: …，一条一条往下写",
        ),
        (
            "rule.yaml:1:1: rules: nothing stands below it – "
            "write - id: … for each rule, one below the other",
            "rule.yaml:1:1: rules：下面什么也没写。每条规则写 - id: …，一条一条往下写",
        ),
        (
            "rule.yaml:2:4: an empty item is no rule – "
            "a rule begins with - id: and a name: below it",
            "rule.yaml:2:4: 空的一项不是规则。规则以 - id: 开头，下面是 name:",
        ),
        (
            "rule.yaml:2:4: a list is no rule – a rule begins with - id: and a name: below it",
            "rule.yaml:2:4: 列表不是规则。规则以 - id: 开头，下面是 name:",
        ),
        (
            "rule.yaml:3:9: *x stands for nothing yet – put a text that begins with * in quotes",
            "rule.yaml:3:9: *x 还没有指代的内容。以 * 开头的文字请加引号",
        ),
        (
            "rule.yaml: there is no rule – begin with id: and name:",
            "rule.yaml: 这里没有规则，请从 id: 和 name: 写起",
        ),
        (
            "rule.yaml:1:3: id is missing – add id: a short one such as guizhou-computing",
            "rule.yaml:1:3: 缺少 id，请加上 id:，例如 guizhou-computing",
        ),
        (
            "rule.yaml:3:1: unknown key 'kyes' – one of id, name",
            "rule.yaml:3:1: 没有“kyes”这个字段。可以是：id, name",
        ),
        (
            "rule.yaml:3:9: years: '2026年' is no whole number – digits only, such as 2026",
            "rule.yaml:3:9: years：'2026年' 不是整数。只写数字，例如 2026",
        ),
        (
            "show: q is unknown – metric, or one of met, due",
            "show：不认识“q”。可以是：metric, met, due",
        ),
        ("there is no change 7" + " of a long text" * 60, None),
        ("没有这个来源", "没有这个来源"),
        ("something rare", "说明是英文的：something rare"),
        ("", ""),
    ],
)
def test_a_chinese_page_tells_a_mistake_in_chinese(message, told):
    # A text that is too long to be searched is told as it is.
    assert in_language(message, "zh") == (f"说明是英文的：{message}" if told is None else told)
    assert in_language(message, "en") == message


@pytest.mark.parametrize("line", WRONG_RULES)
def test_what_is_wrong_in_a_rule_is_told_in_chinese(line: str) -> None:
    with pytest.raises(UserError) as raised:
        read_rule(f"id: a\nname: 甲\n{line}", VOCABULARY)
    error = raised.value
    for one in error.errors if isinstance(error, UserErrors) else (error,):
        told = in_language(str(one), "zh")
        # In brackets stands what the libraries say; after it only names and values are English.
        plain = re.sub("（.*）", "", told)
        assert re.search("[a-z]+ [a-z]+ [a-z]+", plain) is None, told


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/documents/99", "没有文件 99"),
        ("/snapshots/99", "没有版本 99"),
        ("/snapshots/1?start=a&end=2", "请写两个数字"),
        ("/commitments/99", "没有承诺 99"),
        ("/changes/99", "没有第 99 条"),
        ("/map?show=q", "不认识“q”"),
        ("/map?side=q", "不认识“q”"),
        ("/map?year=26", "请写四位数字"),
        ("/regions/云州", "不认识“云州”"),
        ("/sources/q", "没有"),
        ("/downloads/q.csv", "没有这个下载"),
        ("/downloads/metric_series.csv?since=7d", "没有时间"),
        ("/nowhere", "没有这个页面"),
        ("/?since=2026-13-01", "不是日期"),
        ("/reports?region=贵州&year=1999", ""),
    ],
)
async def test_a_wrong_address_is_told_in_chinese(
    sqlite_database: Database, address: str, told: str
) -> None:
    write_history(sqlite_database)
    site = Site(sqlite_database, zone=ZoneInfo("Asia/Shanghai"), themes=("compute",))
    transport = httpx.ASGITransport(build_site(site, Access(frozenset())))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        page = await client.get(address, headers={"accept-language": "zh"})
    said = re.search('role="alert">(.*)</p>', page.text)
    assert said is not None
    assert told in said[1]
    assert re.search("[a-z]+ [a-z]+ [a-z]+", said[1]) is None, said[1]
