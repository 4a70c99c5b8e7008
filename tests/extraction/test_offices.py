"""Names of offices: short ones become official, local ones get their region."""

from __future__ import annotations

import pytest

from monitor.extraction.offices import (
    government_of,
    office_table,
    offices_in,
    offices_in_regions,
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
        ("数据局", "国家数据局"),
        ("国家林草局", "国家林业和草原局"),
        ("民航局", "中国民用航空局"),
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


@pytest.mark.parametrize("name", ["", "政府", "工信厅", "贵州", "算力", "贵州省算力", "教育部门"])
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
        ("湖南能源局", None, ["湖南省能源局"]),
    ],
)
def test_offices_in_a_text(text, home, names):
    assert [office.name for office in offices_in(text, home, bare=True)] == names


def test_a_name_that_local_offices_share_is_central_only_where_a_ministry_speaks():
    assert offices_in("发改委", None) == ()
    assert [office.name for office in offices_in("发改委", None, bare=True)] == [
        "国家发展和改革委员会"
    ]


def test_a_kind_of_office_means_that_of_each_region():
    found = offices_in_regions("發改委", ("贵州省", "贵阳市", "全国"))
    assert {"贵州省发展和改革委员会", "贵阳市发展和改革局"} <= set(found)
    assert not any(name.startswith(("全国", "国家")) for name in found)
    assert offices_in_regions("政府", ("贵州省",)) == offices_in_regions("算力", ("贵州省",)) == ()


def test_the_departments_of_the_state_council_are_known():
    ministries = (
        "外交部 国防部 国家发改委 教育部 科技部 工信部 国家民委 公安部 国家安全部 民政部 "
        "司法部 财政部 人社部 自然资源部 生态环境部 住建部 交通运输部 水利部 农业农村部 "
        "商务部 文旅部 国家卫健委 退役军人部 应急管理部 央行 审计署"
    )
    others = (
        "国务院国资委 海关总署 税务总局 市场监管总局 金融监管总局 证监会 广电总局 体育总局 "
        "国家信访局 国家统计局 国家知识产权局 国际发展合作署 国家医保局 国务院参事室 国管局 "
        "国务院研究室 中国气象局 国家粮储局 国家能源局 国家数据局 国防科工局 国家烟草专卖局 "
        "国家移民管理局 国家林草局 国家铁路局 民航局 国家邮政局 国家文物局 国家中医药局 "
        "国家疾控局 国家矿山安监局 国家消防救援局 国家外汇局 国家药监局 国家密码局 "
        "国家保密局 国家档案局 国家网信办 国家航天局"
    )
    assert len(ministries.split()) == 26
    unknown = [name for name in (ministries + " " + others).split() if not offices_named(name)]
    assert unknown == []


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
