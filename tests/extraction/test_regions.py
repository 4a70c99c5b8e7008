"""Regions: names, short names, codes; and the words that only look like them."""

from __future__ import annotations

import pytest

from monitor.extraction.regions import districts, find_region, gazetteer, region_names


@pytest.mark.parametrize(
    ("name", "official", "code"),
    [
        ("贵州", "贵州省", "520000"),
        ("贵州省", "贵州省", "520000"),
        ("520000", "贵州省", "520000"),
        ("内蒙古", "内蒙古自治区", "150000"),
        ("恩施", "恩施土家族苗族自治州", "422800"),
        ("黔西南", "黔西南布依族苗族自治州", "522300"),
        ("克孜勒苏", "克孜勒苏柯尔克孜自治州", "653000"),
        ("大兴安岭", "大兴安岭地区", "232700"),
        ("神农架", "神农架林区", "429021"),
        ("深圳", "深圳市", "440300"),
        ("吉林", "吉林省", "220000"),
        ("吉林市", "吉林市", "220200"),
        ("海南", "海南省", "460000"),
        ("香港", "香港特别行政区", "810000"),
        ("全国", "全国", "100000"),
    ],
)
def test_a_region_is_found_by_any_of_its_names(name, official, code):
    region = find_region(name)
    assert region is not None
    assert (region.name, region.code) == (official, code)


def test_the_table_is_complete():
    levels = [region.level for region in gazetteer().regions]
    assert levels.count("province") == 34
    assert levels.count("prefecture") == 333
    assert len({region.code for region in gazetteer().regions}) == len(levels)


def test_prefectures_know_their_province():
    shenzhen = find_region("深圳市")
    assert shenzhen is not None
    assert gazetteer().province_of(shenzhen) == find_region("广东省")


def test_districts_and_counties_know_the_region_they_lie_in():
    homes = {name: districts()[name].name for name in ("官渡区", "徐汇区", "博兴县")}
    assert homes == {"官渡区": "昆明市", "徐汇区": "上海市", "博兴县": "滨州市"}
    # A name that several cities use says nothing.
    assert "鼓楼区" not in districts()


def test_a_misspelled_region_gets_a_suggestion():
    assert find_region("贵洲省") is None
    assert gazetteer().suggest("贵洲省") == "did you mean 贵州省?"
    assert "贵州" in region_names()
