"""Names of offices: short ones become official, local ones get their region."""

from __future__ import annotations

import pytest

from monitor.extraction.offices import (
    government_of,
    office_table,
    offices_in,
    offices_named,
    suggest_office,
)
from monitor.extraction.regions import find_region


@pytest.mark.parametrize(
    ("written", "official"),
    [
        ("工信部", "工业和信息化部"),
        ("工业和信息化部", "工业和信息化部"),
        ("國家數據局", "国家数据局"),
        ("国家发改委", "国家发展和改革委员会"),
        ("发改委", "国家发展和改革委员会"),
        ("中央网信办", "中央网络安全和信息化委员会办公室"),
        ("贵州省大数据局", "贵州省大数据局"),
        ("贵州大数据发展管理局", "贵州省大数据局"),
        ("贵州工信厅", "贵州省工业和信息化厅"),
        ("广西通信管理局", "广西壮族自治区通信管理局"),
        ("上海市经信委", "上海市经济和信息化委员会"),
        ("广东省深圳市科技局", "深圳市科学技术局"),
        ("贵州省政府", "贵州省人民政府"),
        ("贵州省委", "中共贵州省委员会"),
        ("中共贵州省委员会", "中共贵州省委员会"),
    ],
)
def test_a_name_becomes_the_official_one(written, official):
    assert offices_named(written)[0] == official
    # The official name stands for the same offices.
    assert set(offices_named(official)) == set(offices_named(written))


@pytest.mark.parametrize("name", ["", "政府", "数据局", "贵州", "算力", "贵州省算力", "教育部门"])
def test_what_is_no_office_has_no_name(name):
    assert offices_named(name) == ()


def test_offices_that_do_the_same_work_in_a_region_belong_together():
    assert "贵州省大数据局" in offices_named("贵州省数据局")
    assert "云南省大数据局" not in offices_named("贵州省数据局")
    assert "中央网络安全和信息化委员会办公室" in offices_named("国家网信办")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("工新部", "did you mean 工信部?"),
        ("国家数居局", "did you mean 国家数据局?"),
        ("贵洲大数据局", "did you mean 贵州大数据局?"),
        ("qqq", None),
    ],
)
def test_an_unknown_name_gets_the_nearest_one(name, hint):
    assert suggest_office(name) == hint


@pytest.mark.parametrize(
    ("text", "home", "names"),
    [
        ("工信部、教育部等八部门印发", None, ["工业和信息化部", "教育部"]),
        ("国家发展改革委高技术司", None, ["国家发展和改革委员会"]),
        ("省工信厅和省财政厅", "遵义市", ["贵州省工业和信息化厅", "贵州省财政厅"]),
        ("市数据局", "合肥市", ["合肥市数据局"]),
        ("市数据局", "安徽省", []),
        ("市科委", "上海市", ["上海市科学技术委员会"]),
        ("省委书记", "江西省", ["中共江西省委员会"]),
        ("江西省委网信办", None, ["江西省互联网信息办公室"]),
        ("萧山区发展和改革局", "杭州市", ["萧山区发展和改革局"]),
        ("杭州市萧山区发改局", None, ["萧山区发展和改革局"]),
        ("贵州省算力工作专班办公室", None, ["贵州省算力工作专班办公室"]),
        ("两江新区管委会", None, ["两江新区管理委员会"]),
        ("财政部门", "贵州省", []),
        ("贵州省委托第三方", "贵州省", []),
        ("各地发改委", None, []),
    ],
)
def test_offices_in_a_text(text, home, names):
    assert [office.name for office in offices_in(text, home, bare=True)] == names


def test_a_name_that_local_offices_share_is_central_only_where_a_ministry_speaks():
    assert offices_in("发改委", None) == ()
    assert [office.name for office in offices_in("发改委", None, bare=True)] == [
        "国家发展和改革委员会"
    ]


def test_the_government_of_a_region():
    assert government_of("贵州省") == "贵州省人民政府"
    assert government_of("全国") == "国务院"
    assert government_of(None) is None


def test_every_name_of_the_table_means_one_office():
    table = office_table()
    central = [name for office in table.central for name in (office.name, *office.short)]
    assert len(central) == len(set(central))
    official = {office.name for office in table.central}
    assert all(name in official for same in table.same for name in same)
    local = [name for office in table.local for name in (office.name, *office.short)]
    assert len(local) == len(set(local))
    assert not set(local) & set(central)
    assert not any(find_region(name) for name in (*central, *local))
