"""Rules that chats make for themselves out of a few words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import UserError
from monitor.model.changes import Basis, Change, Kind
from monitor.model.statements import Label, Speaker, Statement
from monitor.rules.custom import (
    parse_alternatives,
    parse_custom_rule,
    parse_query,
    resolve_regions,
    suggest_region_name,
)
from monitor.rules.loader import parse_rule
from monitor.rules.matcher import RuleSet
from monitor.rules.provider import RuleFiles, RuleProvider
from monitor.storage.engine import Database
from monitor.storage.recipients import save_chat
from monitor.storage.subscriptions import (
    CustomRule,
    custom_rules,
    custom_rules_reader,
    save_custom_rule,
    subscribe,
    unsubscribe,
)

NOW = datetime(2026, 2, 3, tzinfo=UTC)


def change(text: str, region: str = "贵州省", label: Label = Label.COMMITMENT) -> Change:
    said = Statement(text, 0, len(text), label, Speaker.GOVERNMENT, region, 2026, ("compute",))
    return Change(Kind.ADDED, Basis.REVISION, region, None, said)


def wants(words: str, found: Change) -> bool:
    draft = parse_custom_rule(words)
    rule = parse_rule(draft.body, rule_id=draft.id, name=draft.name)
    return bool(RuleSet((rule,)).match(found))


@pytest.mark.parametrize(
    ("words", "text", "region", "wanted"),
    [
        ("贵州 液冷", "推广液冷数据中心。", "贵州省", True),
        ("贵州 液冷", "推广液冷数据中心。", "甘肃省", False),
        ("贵州 液冷", "推广数据中心。", "贵州省", False),
        ("贵州", "推广数据中心。", "贵阳市", True),
        ("京津冀", "推广数据中心。", "河北省", True),
        ("算力券|模型券", "发放模型券。", "浙江省", True),
        ("算力券|模型券", "发放语料券。", "浙江省", False),
        ("模型 -机器人|无人机", "模型用于机器人。", "浙江省", False),
        ("模型 -机器人|无人机", "模型用于无人机。", "浙江省", False),
        ("模型 -机器人|无人机", "模型用于养老。", "浙江省", True),
        ("模型 -机器人、无人机", "模型用于无人机。", "浙江省", False),
        ("模型 -机器人、无人机", "模型用于养老。", "浙江省", True),
        ("模型 -机器人、", "模型用于养老。", "浙江省", True),
        ("模型 -机器人、-无人机", "模型用于无人机。", "浙江省", False),
        ("模型 -机器人,无人机", "模型用于无人机。", "浙江省", False),
        ("模型 -机器人/无人机", "模型用于无人机。", "浙江省", False),
        ("10,000P 算力", "算力规模达到10,000P。", "浙江省", True),
        ("10,000P 算力", "算力规模达到10P。", "浙江省", False),
        ("亿元/平方公里 算力", "算力产值5亿元。", "浙江省", False),
        ("亿元/平方公里 算力", "算力产值5亿元/平方公里。", "浙江省", True),
        ("算力/智算", "智算规模扩大。", "浙江省", True),
        ("浙江/算力", "算力规模扩大。", "浙江省", True),
        ("浙江/算力", "算力规模扩大。", "湖北省", False),
        ("模型 -机器人, 养老", "模型用于养老。", "浙江省", True),
        ("算力 -机器人", "算力和机器人并举。", "浙江省", False),
        ("算力，智算", "智算和算力并举。", "浙江省", True),
        ("ＡＩ", "发展ai产业。", "浙江省", True),
        ("貴\u200b州 數\u200b據集", "建设数 据集。", "贵州省", True),
        ("数据集", "建設數\u200b據集。", "浙江省", True),
    ],
)
def test_words_say_what_is_wanted(words: str, text: str, region: str, wanted: bool) -> None:
    assert wants(words, change(text, region)) is wanted


def test_the_name_of_an_office_asks_for_what_it_says() -> None:
    found = change("推广液冷数据中心。", "全国")
    assert found.after is not None
    bureau = replace(found, after=replace(found.after, source_name="国家数据局"))
    assert wants("国家数据局", bureau)
    assert wants("國家數據局 液冷", bureau)
    assert not wants("国家数据局 芯片", bureau)
    assert not wants("工信部", bureau)
    # The words of the sentence are not asked: 国家数据局 is who speaks, no keyword.
    assert not wants("国家数据局", change("按国家数据局要求推广液冷。"))
    assert parse_custom_rule("工信部").name == "工业和信息化部"
    assert parse_custom_rule("工信部").id == parse_custom_rule("工业和信息化部").id


def test_an_office_alone_is_the_central_one_and_beside_a_region_that_of_the_region() -> None:
    found = change("推广液冷数据中心。", "贵州省")
    assert found.after is not None
    local = replace(found, after=replace(found.after, source_name="贵州省大数据局"))
    assert wants("贵州 数据局", local)
    assert not wants("数据局", local)
    assert parse_custom_rule("数据局").id == parse_custom_rule("国家数据局").id
    assert parse_custom_rule("贵州 数据局").name == "贵州 数据局"


def test_non_government_statements_are_not_sent_by_default() -> None:
    assert not wants("算力", change("建议多建算力。", label=Label.PROPOSAL))


def test_equal_texts_are_one_rule_however_they_are_written() -> None:
    assert parse_custom_rule("液冷 贵州").id == parse_custom_rule(" 贵州省、液冷 ").id
    assert parse_custom_rule("液冷 贵州").id != parse_custom_rule("液冷 甘肃").id


@pytest.mark.parametrize(
    "words", ["", " ，, ", "云", "-机器人", "a" * 31, "a|b c|d", "一个 " * 20, "算力|", "||"]
)
def test_what_cannot_be_looked_for_is_refused_with_a_hint(words: str) -> None:
    with pytest.raises(UserError):
        parse_custom_rule(words)


@given(st.text(max_size=200))
def test_whatever_a_chat_writes_is_a_rule_or_a_mistake(words: str) -> None:
    try:
        draft = parse_custom_rule(words)
    except UserError:
        return
    assert len(draft.id) <= 64
    assert isinstance(json.loads(draft.body), dict)
    # The stored body is read again as the same rule.
    assert parse_rule(draft.body, rule_id=draft.id, name=draft.name) == draft.rule


def test_regions_of_a_province_are_those_that_lie_in_it() -> None:
    assert {"贵州省", "贵阳市"} <= set(resolve_regions("贵州"))
    assert "兰州市" not in resolve_regions("贵州")
    assert resolve_regions("贵洲") == ()
    assert suggest_region_name("贵洲") == "贵州"


def put(database: Database, chat: int, words: str, minute: int = 0) -> str:
    draft = parse_custom_rule(words)
    with database.write() as connection:
        save_chat(connection, chat, title="", now=NOW)
        now = NOW.replace(minute=minute)
        save_custom_rule(connection, CustomRule(draft.id, draft.name, draft.body), now=now)
        subscribe(connection, chat, draft.id, now=now)
    return draft.id


def test_a_custom_rule_goes_with_the_last_chat_that_wants_it(database: Database) -> None:
    rule_id = put(database, 7, "贵州 液冷")
    put(database, 8, "液冷 贵州", 1)
    with database.write() as connection:
        assert unsubscribe(connection, 7, rule_id)
        assert [rule.id for rule in custom_rules(connection)] == [rule_id]
        assert unsubscribe(connection, 8, rule_id)
        assert custom_rules(connection) == []


def test_custom_rules_are_in_force_as_soon_as_they_are_kept(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n  - {id: a, name: 甲, regions: [甘肃]}\n", encoding="utf-8")
    rules = RuleProvider(RuleFiles([file]), custom=custom_rules_reader(database))
    found = change("推广液冷数据中心。")
    assert rules.current().match(found) == ()
    rule_id = put(database, 7, "液冷")
    assert [match.rule_id for match in rules.current().match(found)] == [rule_id]
    assert rules.current() is rules.current()
    file.write_text("rules:\n  - {id: b, name: 乙, regions: [贵州]}\n", encoding="utf-8")
    assert {match.rule_id for match in rules.current().match(found)} == {"b", rule_id}
    # One comes and another goes, so that there are as many as before.
    with database.write() as connection:
        unsubscribe(connection, 7, rule_id)
    other = put(database, 7, "数据中心", 2)
    assert {match.rule_id for match in rules.current().match(found)} == {"b", other}


def test_a_custom_rule_that_means_nothing_any_more_matches_nothing(
    sqlite_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite_database.write() as connection:
        save_custom_rule(
            connection, CustomRule("own-x", "坏", '{"regions": ["亚特兰蒂斯"]}'), now=NOW
        )
    file = tmp_path / "rules.yaml"
    file.write_text("rules: []\n", encoding="utf-8")
    rules = RuleProvider(RuleFiles([file]), custom=custom_rules_reader(sqlite_database))
    assert rules.current().match(change("推广液冷数据中心。")) == ()
    assert "rules.custom_broken" in caplog.text


@pytest.mark.parametrize("comma", [",", "，", "、", " , ", "；", "，、", "/", "／", " / "])
def test_of_the_words_of_a_list_one_is_enough(comma: str) -> None:
    assert wants(f"液冷{comma}风冷", change("推广液冷。"))
    assert not wants("液冷 风冷", change("推广液冷。"))
    assert parse_custom_rule(f"液冷{comma}风冷").id == parse_custom_rule("风冷|液冷").id


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("贵州,液冷", "贵州 液冷"),
        ("贵州、甘肃、液冷、风冷", "贵州 甘肃 液冷|风冷"),
        ("工信部，液冷", "工信部 液冷"),
        ("贵州，交通厅、液冷、风冷", "贵州 交通厅 液冷|风冷"),
        ("液冷、风冷，-机器人", "液冷|风冷 -机器人"),
        ("液冷|风冷,算力", "液冷|风冷|算力"),
        ("AI/大模型", "AI|大模型"),
    ],
)
def test_places_offices_and_exclusions_of_a_list_are_conditions_of_their_own(
    words: str, same: str
) -> None:
    assert parse_custom_rule(words).id == parse_custom_rule(same).id


@pytest.mark.parametrize(
    ("words", "other"),
    [
        ("贵州 液冷、风冷", "贵州 液冷 风冷"),
        ("贵州 液冷 风冷 -机器人", "贵州 液冷|风冷 -机器人"),
        ("贵州 液冷", None),
        ("液冷、风冷 算力", None),
    ],
)
def test_a_rule_can_be_said_with_its_words_combined_otherwise(
    words: str, other: str | None
) -> None:
    draft = parse_custom_rule(words)
    combined = draft.combination
    if other is None:
        assert combined.other is None
        return
    assert combined.other is not None
    turned = parse_custom_rule(combined.other)
    assert turned.id == parse_custom_rule(other).id
    assert combined.other.endswith("-机器人") == ("-机器人" in words)
    back = turned.combination.other
    assert back is not None
    assert parse_custom_rule(back).id == draft.id


def test_a_search_finds_either_word_of_a_list() -> None:
    assert [one.words for one in parse_alternatives("液冷、风冷")] == [("液冷",), ("风冷",)]
    # Where one query is asked for, all of its words are.
    assert parse_query("液冷、风冷").words == ("液冷", "风冷")
