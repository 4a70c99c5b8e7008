"""Messages: number first, strongest first, and valid for Telegram whatever a source says."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest
from alert_story import NOW, added, goal, raised
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram_api import parse_html, utf16

from monitor.messages.alert_message import render_alert
from monitor.messages.change_text import (
    format_amount,
    format_change,
    format_growth,
    headline,
    inline_diff,
)
from monitor.messages.i18n import alert_texts, short_region
from monitor.messages.richtext import (
    ENTITY_LIMIT,
    TEXT_LIMIT,
    Message,
    Span,
    one_line,
    trim,
    utf16_length,
)
from monitor.model.alerts import AlertChange, AlertDocument, OutboxAlert
from monitor.model.changes import Basis, Certainty, Change, Delta, Kind
from monitor.model.documents import DocumentKind
from monitor.model.statements import Label, Op, Speaker, Statement, Target

DOCUMENT = AlertDocument(
    "2026年贵州省政府工作报告",
    "https://www.example.gov.cn/a.html?x=1&y=2",
    DocumentKind.REPORT,
    "贵州省",
    date(2026, 1, 28),
    "贵州省人民政府",
)


def alert(*changes: Change, document: AlertDocument = DOCUMENT, **fields: object) -> OutboxAlert:
    wanted = tuple(AlertChange(n, change, ("rule",)) for n, change in enumerate(changes))
    plain = OutboxAlert(1, 7, 1, NOW, False, document, wanted)
    return replace(plain, **fields)  # type: ignore[arg-type]


def dropped() -> Change:
    deltas = (Delta("算力规模", "Eflops", 160, None),)
    return Change(Kind.DROPPED, Basis.SUCCESSION, "贵州省", goal(160), None, deltas)


def test_region_and_number_come_first_then_the_sentence_with_its_difference() -> None:
    lines = render_alert(alert(raised())).html.splitlines()
    assert lines[0] == "<b>贵州 算力规模 160 → 190 Eflops ▲18.75%</b>"
    assert "<s>160</s>→<b>190</b>Eflops" in lines[1]
    assert lines[1].startswith("▲ 加码")


def test_an_alert_shows_issuer_region_date_and_link() -> None:
    shown = render_alert(alert(raised())).html
    assert "贵州省政府 · 承诺" in shown
    assert 'href="https://www.example.gov.cn/a.html?x=1&amp;y=2"' in shown
    assert "2026-01-28 · 贵州省人民政府" in shown


@pytest.mark.parametrize(
    ("fields", "zh", "en"),
    [
        ({}, "贵州省政府 · 承诺", "Government of 贵州省 · commitment"),
        (
            {"source_name": "贵州省人民政府"},
            "贵州省政府 · 承诺",
            "Government of 贵州省 · commitment",
        ),
        (
            {"source_name": "贵州省大数据局", "person": "陈某", "person_title": "局长"},
            "贵州省大数据局 局长陈某 · 承诺",
            "Government of 贵州省: 贵州省大数据局, 陈某 (局长) · commitment",
        ),
        (
            {
                "speaker": Speaker.MINISTRY,
                "region": "全国",
                "source_name": "工业和信息化部、国家数据局",
            },
            "工业和信息化部、国家数据局 · 承诺",
            "Central ministry: 工业和信息化部、国家数据局 · commitment",
        ),
        (
            {"source_name": "《贵州省算力方案》"},
            "《贵州省算力方案》 · 承诺",
            "《贵州省算力方案》 · commitment",
        ),
        (
            {"speaker": Speaker.EXPERT, "person": "李某", "person_title": "某大学教授"},
            "专家 某大学教授李某 · 承诺",
            "Expert, 李某 (某大学教授) · commitment",
        ),
        (
            {"speaker": Speaker.MINISTRY, "region": "全国", "person": "李某"},
            "国家部委 李某 · 承诺",
            "Central ministry, 李某 · commitment",
        ),
    ],
)
def test_an_alert_names_who_speaks(fields: dict[str, object], zh: str, en: str) -> None:
    change = replace(raised(), after=goal(190, **fields))
    assert zh in render_alert(alert(change)).text
    assert en in render_alert(replace(alert(change), language="en")).text


def test_two_offices_are_named_with_what_each_says() -> None:
    first = replace(raised(), after=goal(190, source_name="贵州省数据局"))
    second = replace(raised(20, 21), after=goal(21, source_name="贵州省科学技术厅"))
    text = render_alert(alert(first, second)).text
    assert "— 贵州省数据局 · 承诺" in text
    assert "— 贵州省科学技术厅 · 承诺" in text


def test_the_strongest_change_is_first() -> None:
    text = render_alert(alert(added(), dropped(), raised(20, 21), raised())).text
    order = ["160 → 190", "20 → 21", "未再提", "≥190"]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


def test_commitments_go_before_what_others_propose() -> None:
    proposal = replace(raised(1, 99), after=goal(99, label=Label.PROPOSAL, speaker=Speaker.EXPERT))
    text = render_alert(alert(proposal, added())).text
    assert text.index("≥190") < text.index("1 → 99")
    assert "专家 · 建议" in text
    assert "贵州省政府 · 承诺" in text


def test_what_was_dropped_is_struck_out() -> None:
    shown = render_alert(alert(dropped())).html
    assert "<b>贵州 算力规模 ≥160 Eflops → 未再提</b>" in shown
    assert "<s>今年全省" in shown


def unsure(change: Change) -> Change:
    return replace(
        change,
        basis=Basis.SUCCESSION,
        score=0.31,
        nearest_text="推进算力枢纽\n建设。",
        certainty=Certainty.UNSURE,
    )


@pytest.mark.parametrize(
    ("change", "language", "note"),
    [
        (dropped(), "zh", "今年未见；最接近：推进算力枢纽 建设。"),
        (dropped(), "en", "not repeated; nearest: 推进算力枢纽 建设。"),
        (added(), "zh", "去年未见；最接近：推进算力枢纽 建设。"),
        (added(), "en", "not said last year; nearest: 推进算力枢纽 建设。"),
    ],
)
def test_what_is_not_sure_is_shown_with_the_nearest_sentence(
    change: Change, language: str, note: str
) -> None:
    shown = render_alert(alert(unsure(change), language=language)).text
    assert shown.splitlines()[2] == note
    sure = replace(unsure(change), certainty=Certainty.SURE)
    assert note not in render_alert(alert(sure, language=language)).text


def test_a_report_that_has_no_nearest_sentence_is_shown_without_one() -> None:
    change = replace(unsure(dropped()), nearest_text=None)
    assert "not repeated; nearest: –" in render_alert(alert(change, language="en")).text


def test_what_no_rule_asked_for_and_is_not_sure_is_one_line_with_a_button() -> None:
    message = render_alert(alert(raised(), unsure=3))
    assert message.text.endswith("\n另有 3 条承诺可能是新增或不再提，尚不能确定。")
    (button,), _ = message.buttons
    assert (button.text, button.callback_data) == ("？不确定 3 条", "u:1:0")
    message = render_alert(alert(raised(), unsure=1, language="en"))
    assert message.text.endswith("\nNot sure: 1 more may have been dropped or added.")
    assert message.buttons[0][0].text == "? 1 not sure"
    assert len(render_alert(alert(raised())).buttons) == 1


def test_every_page_of_an_alert_counts_what_is_not_sure() -> None:
    many = alert(*[raised(100 + n, 200 + n) for n in range(60)], unsure=3)
    for page in (0, 1, 99):
        message = render_alert(many, page)
        assert message.fits
        assert "另有 3 条" in message.text
        assert message.buttons[1][0].callback_data == "u:1:0"


def test_sentences_with_little_in_common_stand_one_below_the_other() -> None:
    change = replace(
        raised(),
        before=goal(1, "组建人工智能产业联盟，引来三十家伙伴。"),
        after=goal(1, "今后五年把智算中心的电费降下来。"),
    )
    shown = render_alert(alert(change)).text
    assert "原：组建" in shown
    assert "今：今后五年" in shown


def test_more_than_fits_is_counted_not_cut() -> None:
    many = [raised(100 + n, 200 + n) for n in range(60)]
    message = render_alert(alert(*many))
    assert message.fits
    assert "…还有 48 条" in message.text


def test_a_chat_may_read_english() -> None:
    text = render_alert(alert(raised(), language="en")).text
    assert "▲ strengthened" in text
    assert "Government of 贵州省 · commitment" in text


def test_a_message_that_may_be_a_repetition_says_so() -> None:
    assert "可能已经发过" in render_alert(alert(raised(), possibly_delivered=True)).text


def test_ghsa_q8xq_qg4x_wphg_markup_from_outside_stays_text() -> None:
    evil = '<a href="https://evil.example">点</a>&lt;b>\u202e'
    change = replace(added(), after=goal(190, evil))
    message = render_alert(alert(change, document=replace(DOCUMENT, title=evil, source_name=evil)))
    text, entities = parse_html(message.html)
    assert text.count('<a href="https://evil.example">点</a>&lt;b>') == 2
    assert [e["url"] for e in entities if e["type"] == "text_link"] == [DOCUMENT.url]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "tg://resolve", "https://a b", None, ""])
def test_only_web_addresses_are_links(url: str | None) -> None:
    assert "<a " not in render_alert(alert(raised(), document=replace(DOCUMENT, url=url))).html


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (200_000_000_000, "元", "2000亿元", "200 billion yuan"),
        (1_200_000_000_000, "元", "1.2万亿元", "1.2 trillion yuan"),
        (200_000, "张", "20万张", "200,000 cards"),
        (12_345, "人", "12,345人", "12,345 people"),
        (9_000, "家", "9000家", "9,000 firms"),
        (12_000, "P", "1.2万P", "12,000P"),
        (150_000, "P", "15万P", "150,000P"),
        (12_000, "个", "1.2万个", "12,000 items"),
        (12_000, "%", "12,000%", "12,000%"),
        (190, "Eflops", "190 Eflops", "190 Eflops"),
        (1.25, "", "1.25", "1.25"),
        (15, "%", "15%", "15%"),
        (0.00002, "元", "2e-05元", "2e-05 yuan"),
        (math.inf, "P", "?P", "?P"),
    ],
)
def test_numbers_are_written_for_people(value: float, unit: str, zh: str, en: str) -> None:
    assert format_amount(value, unit, alert_texts("zh")) == zh
    assert format_amount(value, unit, alert_texts("en")) == en


@pytest.mark.parametrize(
    ("before", "after", "unit", "wanted"),
    [
        (160, 190, "Eflops", "160 → 190 Eflops ▲18.75%"),
        (150_000_000_000, 200_000_000_000, "元", "1500亿元 → 2000亿元 ▲33.33%"),
        (80_000_000, 120_000_000, "元", "8000万元 → 1.2亿元 ▲50%"),
        (150_000, 180_000, "P", "15万P → 18万P ▲20%"),
        (9_000, 12_000, "个", "9000个 → 1.2万个 ▲33.33%"),
        (20, 15, "%", "20 → 15% ▼5个百分点"),
        (0, 5, "个", "0 → 5个 ▲"),
        (100, 50, "P", "100 → 50P ▼50%"),
    ],
)
def test_a_step_is_shown_with_its_size(before: float, after: float, unit: str, wanted: str) -> None:
    table = alert_texts()
    assert (
        f"{format_change(before, after, unit, table)} {format_growth(before, after, unit, table)}"
        == wanted
    )


@pytest.mark.parametrize(
    ("metric", "op", "step", "around", "wanted"),
    [
        ("算力规模", Op.AT_LEAST, (160, 190), "达到{}", "160 → 190 ▲18.75%"),
        (
            "数据中心电能利用效率",
            Op.AT_MOST,
            (1.2, 1.25),
            "控制在{}以下",
            "1.2 → 1.25 +4.17%（减码）",
        ),
        ("数据中心电能利用效率", Op.AT_MOST, (1.25, 1.2), "控制在{}以下", "1.25 → 1.2 -4%（加码）"),
        ("端到端时延", Op.REACH, (20, 10), "降到{}", "20 → 10 -50%（加码）"),
        ("审批事项", Op.AT_MOST, (40, 50), "不超过{}", "40 → 50 +25%（减码）"),
        ("算力券", Op.AT_MOST, (40, 50), "给予不超过{}补助", "40 → 50 ▲25%"),
        ("单位算力能耗", Op.INCREASE_BY, (-20, -30), "变动{}", "-20 → -30 （加码）"),
        ("算力券", Op.INCREASE_BY, (20, 10), "新增{}", "20 → 10 ▼50%"),
    ],
)
def test_an_arrow_contradicts_neither_the_number_nor_the_promise(
    metric: str, op: Op, step: tuple[float, float], around: str, wanted: str
) -> None:
    before, after = step
    old, new = (
        goal(
            value,
            text=around.format(f"{value:g}") + "。",
            targets=(Target(metric, op, value, "", None, f"{value:g}"),),
        )
        for value in (before, after)
    )
    deltas = (Delta(metric, "", before, after),)
    change = Change(Kind.REWORDED, Basis.REVISION, "贵州省", old, new, deltas)
    assert headline(change) == f"贵州 {metric} {wanted}"
    reverse = Change(
        Kind.REWORDED, Basis.REVISION, "贵州省", new, old, (Delta(metric, "", after, before),)
    )
    stronger = any(mark in wanted for mark in ("▲", "加码"))
    assert any(mark in headline(reverse) for mark in ("▲", "加码")) is not stronger


def test_a_decrease_has_one_sign() -> None:
    target = Target("网络时延", Op.INCREASE_BY, -30, "%", None, "降低三成")
    change = Change(
        Kind.ADDED,
        Basis.REVISION,
        "贵州省",
        None,
        goal(1, targets=(target,)),
        (Delta("网络时延", "%", None, -30),),
    )
    assert headline(change) == "贵州 网络时延 -30%"


@pytest.mark.parametrize(
    ("official", "short"),
    [
        ("贵州省", "贵州"),
        ("北京市", "北京"),
        ("新疆维吾尔自治区", "新疆"),
        ("内蒙古自治区", "内蒙古"),
        ("香港特别行政区", "香港"),
        ("全国", "全国"),
        ("沙市", "沙市"),
        (None, ""),
    ],
)
def test_regions_are_named_as_people_name_them(official: str | None, short: str) -> None:
    assert short_region(official) == short


def test_a_change_without_numbers_names_its_themes() -> None:
    change = Change(
        Kind.ADDED,
        Basis.REVISION,
        "四川省",
        None,
        goal(1, "办一批中试平台。", targets=(), themes=("models", "talent"), region="四川省"),
    )
    assert headline(change) == "四川 新增承诺：模型、人才"
    assert headline(change, "en") == "四川 new commitment: models, talent"


def test_the_plain_text_says_what_was_struck_out_and_where_to_read_on() -> None:
    plain = render_alert(alert(raised())).plain
    assert "~~160~~→190Eflops" in plain
    assert plain.splitlines()[-1] == (
        "《2026年贵州省政府工作报告》 2026-01-28 · 贵州省人民政府 "
        "https://www.example.gov.cn/a.html?x=1&y=2"
    )


def test_the_region_is_not_said_twice() -> None:
    deltas = (Delta("全省算力规模", "Eflops", 160, 190),)
    assert headline(replace(raised(), deltas=deltas)).startswith("贵州 算力规模 160 → 190")


def test_a_number_is_replaced_whole() -> None:
    spans = inline_diff("规模达到160Eflops", "规模达到190Eflops", limit=100)
    assert spans is not None
    assert [(s.text, s.strike, s.bold) for s in spans] == [
        ("规模达到", False, False),
        ("160", True, False),
        ("→", False, False),
        ("190", False, True),
        ("Eflops", False, False),
    ]


def test_long_unchanged_stretches_are_shortened() -> None:
    same = "甲" * 300
    spans = inline_diff(f"{same}一{same}", f"{same}二{same}", limit=500)
    assert spans is not None
    text = "".join(span.text for span in spans)
    assert text.startswith("…甲")
    assert text.endswith("甲…")
    assert len(text) < 100


anything = st.text(
    st.characters(codec=None, exclude_categories=())
    | st.sampled_from("<>&\"'/b算力𠀀🏳️\u202e\n\x00"),
    max_size=600,
)
numbers = st.none() | st.floats() | st.integers(-(10**14), 10**14).map(float)


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    text = draw(anything) * draw(st.sampled_from([1, 1, 40]))
    target = st.builds(
        Target,
        anything,
        st.sampled_from(Op),
        st.floats(),
        anything,
        st.none() | st.integers(1900, 2100),
        anything,
    )
    return Statement(
        text=text,
        start=0,
        end=len(text),
        label=draw(st.sampled_from(Label)),
        speaker=draw(st.sampled_from(Speaker)),
        region=draw(st.none() | anything),
        year=2026,
        themes=tuple(draw(st.lists(anything, max_size=3))),
        targets=tuple(draw(st.lists(target, max_size=2))),
    )


@st.composite
def changes(draw: st.DrawFn) -> Change:
    before = draw(st.none() | statements())
    after = draw(statements() if before is None else st.none() | statements())
    deltas = st.lists(st.builds(Delta, anything, anything, numbers, numbers), max_size=6)
    return Change(
        draw(st.sampled_from(Kind)),
        draw(st.sampled_from(Basis)),
        draw(st.none() | anything),
        before,
        after,
        tuple(draw(deltas)),
        score=draw(st.none() | st.floats(0, 1)),
        nearest_text=draw(st.none() | anything),
        certainty=draw(st.sampled_from(Certainty)),
    )


documents = st.builds(
    AlertDocument,
    anything,
    st.none() | anything | anything.map("https://{}".format),
    st.sampled_from(DocumentKind),
    st.none() | anything,
    st.none() | st.dates(),
    st.none() | anything,
)


@settings(deadline=None, max_examples=examples(150))
@given(
    st.lists(changes(), min_size=1, max_size=20),
    documents,
    st.booleans(),
    st.integers(0, 10**6),
    st.sampled_from(["zh", "en", "??"]),
)
def test_any_change_makes_a_message_telegram_takes(
    several: list[Change],
    document: AlertDocument,
    possibly_delivered: bool,
    count: int,
    language: str,
) -> None:
    wanted = alert(
        *several,
        document=document,
        possibly_delivered=possibly_delivered,
        unsure=count,
        language=language,
    )
    message = render_alert(wanted)
    text, entities = parse_html(message.html)
    assert text == message.text
    assert 0 < utf16(text.strip()) <= TEXT_LIMIT
    assert len(entities) <= ENTITY_LIMIT
    assert message.fits
    assert 0 < utf16(message.plain) <= TEXT_LIMIT
    message.html.encode()
    message.plain.encode()


@given(anything, st.integers(1, 50))
def test_trimming_keeps_the_limit_and_halves_no_character(text: str, limit: int) -> None:
    short = trim(one_line(text, 400), limit)
    assert utf16_length(short) <= limit
    short.encode("utf-16")
    if short != one_line(text, 400):
        assert short.endswith("…")


@given(st.lists(st.builds(Span, anything, st.booleans(), st.booleans(), st.booleans(), anything)))
def test_spans_are_valid_markup_in_every_combination(spans: list[Span]) -> None:
    message = Message(tuple(spans))
    text, _ = parse_html(message.html)
    assert text == message.text
    assert utf16(text) == utf16_length(text)


@given(anything, anything, st.integers(2, 300))
def test_a_difference_holds_both_sides_within_its_limit(
    before: str, after: str, limit: int
) -> None:
    spans = inline_diff(before, after, limit=limit)
    if spans is not None:
        assert utf16_length("".join(span.text for span in spans)) <= limit
