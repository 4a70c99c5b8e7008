"""Names for several regions at once, and rules that chats write for themselves."""

from __future__ import annotations

import pytest

from monitor.errors import UserError
from monitor.extraction.regions import region_groups, regions_named, suggest_region
from monitor.rules.loader import load_rules, parse_rule
from monitor.rules.model import RuleVocabulary


def names(name):
    return {region.name for region in regions_named(name)}


@pytest.mark.parametrize(
    ("name", "count", "one"),
    [
        ("贵州", 1, "贵州省"),
        ("520000", 1, "贵州省"),
        ("京津冀", 3, "河北省"),
        ("京津冀地区", 3, "北京市"),
        ("东部", 10, "海南省"),
        ("华东", 7, "山东省"),
        ("西北地区", 5, "新疆维吾尔自治区"),
        ("southwest china", 5, "西藏自治区"),
        ("东部地区", 10, "福建省"),
        ("粤港澳大湾区", 3, "广东省"),
        ("成渝地区双城经济圈", 2, "四川省"),
        ("珠三角", 9, "深圳市"),
        ("贵州各市州", 9, "贵阳市"),
        ("江苏省各市", 13, "南京市"),
    ],
)
def test_a_name_stands_for_its_regions(name, count, one):
    assert len(names(name)) == count
    assert one in names(name)


def test_the_four_parts_of_the_country_are_all_of_the_mainland_once():
    parts = [
        region.name for part in ("东部", "中部", "西部", "东北") for region in region_groups()[part]
    ]
    assert len(parts) == len(set(parts)) == 31


def test_the_geographic_parts_are_all_of_the_mainland_once():
    parts = [
        region.name
        for part in ("东北", "华北", "华东", "华中", "华南", "西南", "西北")
        for region in region_groups()[part]
    ]
    assert len(parts) == len(set(parts)) == 31


@pytest.mark.parametrize(
    ("name", "hint"), [("贵洲", "贵州"), ("京津翼", "京津冀"), ("长三脚", "长三角"), ("各市", None)]
)
def test_an_unknown_name_has_a_suggestion(name, hint):
    assert regions_named(name) == ()
    assert hint is None or hint in suggest_region(name)


def test_a_group_in_a_rule_is_its_regions(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("rules:\n  - {id: a, name: a, regions: [成渝, 贵阳]}\n", encoding="utf-8")
    (rule,) = load_rules([path]).rules
    assert rule.regions == {"重庆市", "四川省", "贵阳市"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("themes: [算力]", ":3:14: unknown theme '算力' – did you mean compute?"),
        ("themes: all", "unknown theme 'all' – leave themes out: that accepts all"),
        ("themes: [compute, chps]", ":3:23: unknown theme 'chps' – did you mean chips?"),
        ("sources: [hunna]", ":3:15: unknown source 'hunna' – did you mean hunan?"),
        ("topics: [x]", ":3:14: unknown topic 'x' – one of ai_computing"),
    ],
)
def test_an_unknown_value_is_an_error_with_its_place(tmp_path, body, message):
    known = RuleVocabulary(("compute", "chips"), ("ai_computing",), ("hunan",))
    path = tmp_path / "r.yaml"
    path.write_text("rules:\n  - {id: a, name: a}\n  - {id: b, name: b}\n", encoding="utf-8")
    assert load_rules([path], known).rules
    path.write_text(f"rules:\n  - id: b\n    {body}\n    name: b\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_rules([path], known)
    assert message in str(caught.value)


def test_a_custom_rule_is_offered_only_to_its_chat():
    rule = parse_rule(
        '{"regions": ["贵州"], "keywords": {"any": ["算力"]}}', rule_id="own-1", name="我的"
    )
    assert (rule.id, rule.name, rule.subscribable) == ("own-1", "我的", False)
    assert rule.recipients == ()
    assert rule.regions == {"贵州省"}


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "null",
        "5",
        '{"id": "taken", "then": {"chats": [1]}, "x": 1}',
        '{"regions": ["x"]}',
        "{",
    ],
)
def test_what_is_no_rule_is_refused_in_one_line(body):
    with pytest.raises(UserError) as caught:
        parse_rule(body, rule_id="own-1", name="我的")
    assert "\n" not in str(caught.value)
