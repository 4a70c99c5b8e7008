"""Names of places as people type them: pinyin, English, short forms, and misspelt ones."""

from __future__ import annotations

import pytest

from monitor.extraction.fuzzy_place_names import (
    latin_names,
    likely_names,
    names_a_place,
    split_place,
)
from monitor.extraction.regions import gazetteer, regions_named, regions_spelt, spellings


@pytest.mark.parametrize(
    ("typed", "official"),
    [
        ("Guizhou", "贵州省"),
        ("ＧＵＩＺＨＯＵ", "贵州省"),
        ("guizhou sheng", "贵州省"),
        ("Guizhou Province", "贵州省"),
        ("Beijing", "北京市"),
        ("beijing shi", "北京市"),
        ("Peking", "北京市"),
        ("Shanxi", "山西省"),
        ("Shaanxi", "陕西省"),
        ("shan xi", "山西省"),
        ("inner mongolia", "内蒙古自治区"),
        ("Inner Mongolia Autonomous Region", "内蒙古自治区"),
        ("neimenggu", "内蒙古自治区"),
        ("Tibet", "西藏自治区"),
        ("Hong Kong", "香港特别行政区"),
        ("Xi'an", "西安市"),
        ("Ürümqi", "乌鲁木齐市"),
        ("hohhot", "呼和浩特市"),
        ("Chongqing", "重庆市"),
        ("Xiamen", "厦门市"),
        ("Lu'an", "六安市"),
        ("Jilin", "吉林省"),
        ("Jilin City", "吉林市"),
        ("Hainan", "海南省"),
        ("China", "全国"),
        ("黔", "贵州省"),
        ("内蒙", "内蒙古自治区"),
    ],
)
def test_a_name_in_any_spelling_is_one_region(typed: str, official: str) -> None:
    assert [region.name for region in regions_named(typed)] == [official]


def test_every_region_is_found_by_its_pinyin_alone_or_with_its_namesakes() -> None:
    found = {one for name in spellings() for group in regions_spelt(name) for one in group}
    # As in Chinese, the province goes before.
    assert {one.name for one in set(gazetteer().regions) - found} == {"吉林市", "海南藏族自治州"}
    assert {one.name for group in regions_spelt("yichun") for one in group} == {"宜春市", "伊春市"}
    assert len(regions_named("Yangtze River Delta")) == 4


@pytest.mark.parametrize(
    ("typed", "likely"),
    [
        ("贵洲", ("贵州",)),
        ("贵洲省", ("贵州",)),
        ("成督", ("成都",)),
        ("哈尔宾", ("哈尔滨",)),
        ("呼和浩待", ("呼和浩特",)),
        ("京津翼", ("京津冀",)),
        ("Guizou", ("贵州",)),
        ("beijng", ("北京",)),
        ("Suzhou", ("苏州", "宿州")),
        ("fuzhou", ("福州", "抚州")),
        ("昆山", ("苏州",)),
        ("蜀山区", ("合肥",)),
        ("云州省", ()),
        ("亚特兰蒂斯市", ()),
    ],
)
def test_an_unknown_place_is_known_to_be_one(typed: str, likely: tuple[str, ...]) -> None:
    assert likely_names(typed) == likely
    assert names_a_place(typed)


@pytest.mark.parametrize(
    "word",
    [
        *("算力", "液冷", "背景", "程度", "实验", "新型", "智慧城市", "全省", "百强县"),
        "省市区县",
        *(
            "开发区",
            "联盟",
            "合作",
            "GPU",
            "DeepSeek",
            "token",
            "model",
            "算力券",
            "-贵洲",
            "",
            "|",
        ),
        *("贵州", "x" * 4000, "市" * 4000, "\x00", "((((", "a b " * 50),
    ],
)
def test_a_word_is_no_place(word: str) -> None:
    assert not names_a_place(word)


def test_names_of_several_words_are_found_in_a_text() -> None:
    text = "inner mongolia 液冷, Suzhou -beijing shanghai|x AI"
    found = [(text[start:end], meant) for start, end, meant in latin_names(text)]
    assert found == [("inner mongolia", ("内蒙古",)), ("Suzhou", ("苏州", "宿州"))]


@pytest.mark.parametrize(
    ("word", "apart"),
    [
        ("甘肃液冷", ("甘肃", "液冷")),
        ("甘肃省的液冷", ("甘肃省", "液冷")),
        ("甘肃和宁夏", ("甘肃", "宁夏")),
        ("甘肃兰州", ("兰州",)),
        ("甘肃省兰州市液冷", ("兰州市", "液冷")),
        ("合肥市蜀山区", ("合肥市",)),
        ("西部芯片", ("西部", "芯片")),
        *(
            (word, ())
            for word in ("甘肃", "液冷", "合作机制", "甘肃人", "gansu液冷", "", "北" * 4000)
        ),
    ],
)
def test_a_place_and_the_words_behind_it_are_told_apart(word: str, apart: tuple[str, ...]) -> None:
    assert split_place(word) == apart
