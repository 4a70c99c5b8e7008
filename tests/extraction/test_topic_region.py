"""Which region a sentence is about: one invented example for each rule."""

from __future__ import annotations

import pytest

from monitor.extraction.extract import extract
from monitor.extraction.identify import infer_provenance
from monitor.extraction.speakers import attribute_sentences, with_full_names
from monitor.extraction.text import split_sentences
from monitor.extraction.topic_region import own_place, region_of_topic
from monitor.extraction.topics import load_topics
from monitor.extraction.toponyms import places_in
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Speaker

PRESS = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026)


def voices(text):
    """Speaker and region of each sentence of a text of one line a paragraph."""
    paragraphs = [
        [line[start:end] for start, end in split_sentences(line)] for line in text.split("\n")
    ]
    found = attribute_sentences(with_full_names(paragraphs), PRESS)
    return [(one.speaker.value, one.region) for paragraph in found for one in paragraph]


def regions(text):
    return [region for _, region in voices(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("浙江德清的机房扩容", ["湖州市"]),
        ("河北正定县的机房扩容", ["石家庄市"]),
        ("四川新都的机房扩容", ["成都市"]),
        # A county's name that is an ordinary word names nothing.
        ("江西新建智算中心", ["江西省"]),
        ("湖北公安用上大模型", ["湖北省"]),
        # A province behind another is itself.
        ("天津河北两地共建", ["天津市", "河北省"]),
        # Of a city whose name is a word too, its province or its rank tells.
        ("辽宁朝阳的机房扩容", ["朝阳市"]),
        ("朝阳市的机房扩容", ["朝阳市"]),
        ("朝阳产业", []),
        # Words that only contain the name of a city.
        ("大同的机房扩容", ["大同市"]),
        ("做法大同小异", []),
        ("海口的机房扩容", ["海口市"]),
        ("大江的出海口", []),
    ],
)
def test_a_place_is_read_behind_its_province(text, names):
    assert [region.name for _, _, region in places_in(text)] == names


def test_a_county_named_in_full_once_is_known_without_its_rank():
    text = "青田县政府出台算力措施。\n山下的青田，机房已经满载。\n“青田一号”是智算服务器。"
    lines = with_full_names([[line] for line in text.split("\n")])
    assert lines[1:] == [["山下的青田县，机房已经满载。"], ["“青田一号”是智算服务器。"]]
    assert regions(text)[1] == "丽水市"


@pytest.mark.parametrize(
    ("text", "region"),
    [
        # What the subject is, or goes by, is told before it.
        ("作为广西的算力门户，柳州建成3座智算中心。", "柳州市"),
        ("按照山西省的部署，阳泉建成3座智算中心。", "阳泉市"),
        # Whoever does something is the subject, whomever it concerns.
        ("长春在算力上追赶的是沈阳和大连。", "长春市"),
        ("长春、沈阳和大连共建智算中心。", "全国"),
        # A province's matter that only happens in a city.
        ("山西省算力调度平台在太原揭牌。", "山西省"),
        ("山西太原的算力调度平台揭牌。", "太原市"),
        # A range of comparison is no place of the matter.
        ("这座智算中心成为甘肃首个国产集群。", None),
        ("甘肃首个国产集群上线。", "甘肃省"),
    ],
)
def test_the_subject_tells_whose_matter_it_is(text, region):
    assert region_of_topic(text) == region


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A rank in the country is the place's own.
        (
            "在长春，智算中心投用。\n在遵义，智算中心扩容。\n在柳州，智算中心投用。建成全国首个集群。",
            ["长春市", "遵义市", "柳州市", "柳州市"],
        ),
        (
            "江苏省提速算力建设\n近年来，无锡加快布局。算力规模位居全省前列。",
            ["江苏省", "无锡市", "无锡市"],
        ),
        # The matter as such is nobody's, also in an article about a place.
        (
            "柳州算力提速\n柳州建成3座智算中心。\n算力是数字经济的底座。",
            ["柳州市", "柳州市", "全国"],
        ),
        ("柳州算力提速\n放眼全球，大模型竞争激烈。", ["柳州市", "全国"]),
        ("柳州算力提速\n随着大模型在各行各业兴起，近期各地争相建设机房。", ["柳州市", "全国"]),
        # 这里 is the place named last.
        (
            "广西算力提速\n在柳州，智算中心投用。\n这里的机房满载。",
            ["广西壮族自治区", "柳州市", "柳州市"],
        ),
        # Where the reporter is, or the page comes from, is no matter.
        ("中央某网柳州9月1日消息 广西建成3座智算中心。", ["广西壮族自治区"]),
        ("柳州广电讯（记者晏明）广西建成3座智算中心。", ["广西壮族自治区"]),
        # A crosshead with a place, though it ends with a quotation.
        (
            "算力行\n宁夏中卫：云上经济\n机房已经满载。\n贵州贵安：山里有“云”\n机房已经满载。",
            ["中卫市", "中卫市", "中卫市", "贵州省", "贵州省"],
        ),
    ],
)
def test_what_the_newspaper_tells_has_the_region_of_its_matter(text, expected):
    assert regions(text) == expected


@pytest.mark.parametrize(
    ("text", "speaker", "region"),
    [
        # A quotation has the region of its own words.
        ("贵州省数据局局长晏明介绍情况。“遵义已建成3座智算中心。”", "government", "遵义市"),
        # What a place in the speaker's region has done is that place's matter.
        ("贵州省数据局局长晏明表示，近年来遵义已建成3座智算中心。", "government", "遵义市"),
        # What his province has done is the province's.
        (
            "遵义市数据局局长晏明介绍，机房已扩容。此外，作为枢纽节点，贵州拥有6座智算中心。",
            "government",
            "贵州省",
        ),
        ("遵义市数据局局长晏明介绍，机房已扩容。我省还将发放算力券。", "government", "贵州省"),
        # He does not speak for the city beside his own.
        ("遵义市数据局局长晏明表示，将扩建机房。安顺将建设智算中心。", "government", "安顺市"),
        # What is said to have been made something of is no plan.
        ("此前，安顺将算力纳入产业规划，机房有了着落。", "media", "安顺市"),
    ],
)
def test_an_official_speaks_of_the_places_that_he_names(text, speaker, region):
    assert voices(text)[-1] == (speaker, region)


@pytest.mark.parametrize(
    ("sentence", "speaker"),
    [
        # What a place once did, or has built, is news.
        ("早在2020年前后，柳州就设立了算力专项。", "media"),
        ("柳州建成广西规模最大的智算中心。", "media"),
        ("柳州将建成广西规模最大的智算中心。", "government"),
        # A body that is named after a place does not govern it.
        ("柳州市算力产业联盟成员有108家，将围绕标准开展合作。", "media"),
        # 赛道 has no verb of saying in it.
        ("大模型带来工程师等全新职业赛道，岗位越来越多。", "media"),
    ],
)
def test_not_every_place_that_is_the_subject_plans(sentence, speaker):
    assert [one for one, _ in voices(sentence)] == [speaker]


def test_a_plan_of_other_places_does_not_move_what_the_newspaper_goes_on_to_say():
    text = "贵州怎样追赶\n成都、西安纷纷出台政策，支持智算中心。\n发展人工智能，也要整合省内资源。"
    paragraphs = [[line] for line in text.split("\n")]
    *_, (last,) = attribute_sentences(paragraphs, PRESS)
    assert (last.region, last.news_region) == ("全国", "贵州省")


def test_a_delegate_speaks_of_the_province_whose_city_is_an_example():
    text = "“应当让柳州的公交车先用上大模型。”广西壮族自治区人大代表晏明说。"
    assert voices(text)[0] == ("delegate", "广西壮族自治区")


def test_a_quotation_does_not_take_the_place_told_before():
    text = "在安顺，智算中心开工。“算力要用起来。”某大学教授晏明说。\n在长春，机房扩容。"
    assert voices(text)[1] == ("expert", "全国")


def test_a_delegate_who_governs_a_place_goes_on_about_it():
    text = "全国人大代表、遵义市市长晏明说，遵义有3座智算中心。我们的算力已达9000P。"
    assert regions(text) == ["遵义市", "遵义市"]
    text = "全国人大代表、某大学校长晏明说，遵义有3座智算中心。我们的算力已达9000P。"
    assert regions(text) == ["遵义市", "全国"]


def test_below_the_name_of_a_province_the_place_of_the_paragraph_counts():
    text = "今日要闻\n贵州：在遵义，智算中心投用。机房已经满载。"
    assert regions(text)[-1] == "遵义市"


def test_what_somebody_does_at_a_firm_says_nothing_of_who_he_is():
    text = "遵义市委书记晏明到某某科技有限公司调研算力。晏明指出，要用好算力。"
    assert voices(text)[-1] == ("government", "遵义市")


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        (["市委书记晏明到某某通信柳州分公司调研。", "我市算力已达900P。"], "柳州市"),
        (["来源：柳州日报", "市委召开算力专题会。"], "柳州市"),
        (["省委召开算力专题会。", "我省对在皖企业用算给予补贴。"], "安徽省"),
        # Nothing tells it, or nobody speaks of a place of his own.
        (["市委召开算力专题会。"], None),
        (["某某通信柳州分公司扩容。"], None),
        # More than one place could be it.
        (["市委书记晏明到柳州日报、桂林日报调研。"], None),
    ],
)
def test_a_place_that_speaks_of_itself_is_known_by_the_names_around_it(lines, place):
    assert own_place(lines) == place


def test_local_news_and_measures_without_a_name_are_of_the_place_that_speaks():
    news = (
        "市委召开人工智能专题会\n来源：柳州日报\n"
        "目前，全市建成智算中心3座。\n相关部门要用好人工智能。"
    )
    found = extract(news, PRESS, load_topics())
    assert {one.region for one in found} == {"柳州市"}

    plan = (
        "人工智能产业若干政策\n为推动我省人工智能发展，制定如下政策。\n"
        "1.建设智算中心。支持企业建设智算中心。\n2.发放算力券。对在皖企业给予不超过20%的补助。"
    )
    found = extract(plan, infer_provenance(plan), load_topics())
    assert {one.region for one in found} == {"安徽省"}


def test_an_answer_to_a_motion_is_the_offices_own():
    text = (
        "对市政协第0123号提案的答复\n晏明委员：\n"
        "您提出的关于建设智算中心的提案收悉。经与柳州市数据局研究，现答复如下：\n"
        "近年来，我市建成智算中心3座。"
    )
    found = extract(text, infer_provenance(text), load_topics())
    assert {(one.speaker.value, one.region) for one in found[1:]} == {("government", "柳州市")}


@pytest.mark.parametrize(
    ("sentence", "region"),
    [
        ("在柳州市，即将投产的智算中心让企业用上了算力。", "柳州市"),
        ("在柳州市，指导员上门帮企业用上大模型。", "柳州市"),
        ("所谓词元，即大模型处理文字的最小单位。", "全国"),
    ],
)
def test_only_what_says_what_a_word_means_is_of_the_nation(sentence, region):
    news = f"算力落地见成效\n{sentence}"
    (found,) = (one for one in extract(news, PRESS, load_topics()) if one.text == sentence)
    assert found.region == region
