"""What a year made of a promise beside its targets: kinds told from words and counts."""

from __future__ import annotations

import pytest

from monitor.comparison.compare import compare
from monitor.comparison.cues import effort_direction
from monitor.comparison.deadlines import clause_deadline_shift
from monitor.comparison.numbers_beside import counted_names, numbers_of_kin
from monitor.extraction.extract import extract, plan_sentences
from monitor.extraction.targets import parse_targets
from monitor.extraction.topics import load_topics
from monitor.model.changes import Basis, Kind
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Label, Op, Speaker, Statement


def told(old: str, new: str):
    """The changes between two plans, each given by its sentences."""
    sides, plans = [], []
    for year, text in ((2025, old), (2026, new)):
        known = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "江西省", year)
        full = f"二、{year}年工作安排\n{text}\n"
        sides.append(extract(full, known, load_topics()))
        plans.append(plan_sentences(full, known, sides[-1]))
    return compare(*sides, Basis.SUCCESSION, plans=(plans[0], plans[1]))


def said(text: str, year: int) -> Statement:
    return Statement(
        text=text,
        start=0,
        end=len(text),
        label=Label.COMMITMENT,
        speaker=Speaker.GOVERNMENT,
        region="江西省",
        year=year,
        targets=parse_targets(text),
    )


def test_some_of_a_thing_that_became_a_number_is_stronger():
    old = "加快建设赣江智算港，培育一批数字产业示范园区。"
    new = "加快建设赣江智算港，新增数字产业示范园区7个。"
    (change,) = told(old, new)
    assert change.kind is Kind.STRENGTHENED
    assert [(d.before, d.after, d.unit) for d in change.deltas] == [(None, 7, "个")]
    (change,) = told(new, old)
    assert change.kind is Kind.WEAKENED


def test_a_number_of_another_matter_does_not_count():
    old = said("加快建设赣江智算港，修建高速公路。", 2025)
    assert numbers_of_kin(said("加快建设赣江智算港，修建高速公路7条。", 2026), old) == ()


def test_a_number_that_counts_names_stands_where_they_are_named():
    old = "推进人工智能产业，建好赣东、赣西、赣南3个算力产业园，壮大机器人企业。"
    new = "壮大机器人企业，推进人工智能产业。\n高标准建设赣东、赣西、赣南算力产业园。"
    assert Kind.WEAKENED not in {change.kind for change in told(old, new)}
    fewer = new.replace("赣西、", "")
    assert Kind.WEAKENED in {change.kind for change in told(old, fewer)}


def test_the_names_that_a_number_counts_are_known():
    text = "建好赣东、赣西、赣南3个算力产业园。"
    assert counted_names(text, parse_targets(text)[0]) == ("赣东", "赣西", "赣南")
    text = "建好赣东、赣西算力产业园30个。"
    assert counted_names(text, parse_targets(text)[0]) == ()


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("争创国家智能体先行区。", "高标准建设国家智能体先行区。", 1),
        ("申报国家级算力枢纽。", "加快国家级算力枢纽建设。", 1),
        ("建设国家智能体先行区。", "争创国家智能体先行区。", -1),
        ("争创国家智能体先行区。", "积极争创国家智能体先行区。", 0),
        ("争创国家智能体先行区。", "建设省级机器人园区。", 0),
    ],
)
def test_what_was_tried_for_and_is_built_is_stronger(before, after, direction):
    assert effort_direction(before, after) == direction


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (
            "培育企业，到2027年底建成赣江智算港二期。",
            "做强产业，到2028年底建成赣江智算港二期。",
            -1,
        ),
        ("培育企业，到2028年底建成赣江智算港二期。", "做强产业，到2027年底建成赣江智算港二期。", 1),
        ("培育企业，到2027年底建成赣江智算港二期。", "做强产业，到2028年底建成高铁新城。", 0),
    ],
)
def test_a_deadline_moves_within_a_clause(before, after, direction):
    assert clause_deadline_shift(said(before, 2025), said(after, 2026)) == direction


def test_an_increment_is_no_total():
    (added,) = parse_targets("新增智能算力规模达到1.7万P。")
    assert added.op is Op.INCREASE_BY
    old = "加快建设赣江算力网，智能算力规模达到2万P。"
    new = "加快建设赣江算力网，新增智能算力规模达到1.7万P。"
    (change,) = told(old, new)
    assert change.kind is not Kind.WEAKENED
    assert not any(delta.before and delta.after for delta in change.deltas)


def test_a_number_whose_topic_word_moved_away_was_not_given_up():
    old = "推动4000家规上工业企业应用人工智能实现转型。"
    new = "推动4800家规上工业企业“智改数转”，实现人工智能深度应用。"
    (change,) = told(old, new)
    assert change.kind is Kind.STRENGTHENED
    assert [(d.before, d.after, d.unit) for d in change.deltas] == [(4000, 4800, "家")]
    (change,) = told(new, old)
    assert change.kind is Kind.WEAKENED


def test_a_number_beside_another_one_in_its_unit_has_no_direction():
    old = "推广智能机器人进养老院300家。"
    new = "支持养老服务机器人进社区、进家庭，服务养老机构700家。"
    assert [change.kind for change in told(old, new)] == [Kind.REWORDED]
    assert [change.kind for change in told(new, old)] == [Kind.REWORDED]


def test_a_pilot_that_became_a_measure_for_all_is_not_weaker():
    pilot = "在12个县（市、区）试点人工智能辅助审批。"
    everywhere = "全面推行人工智能辅助审批。"
    assert [change.kind for change in told(pilot, everywhere)] == [Kind.REWORDED]
    assert [change.kind for change in told(everywhere, pilot)] == [Kind.REWORDED]


def test_a_pilot_cut_down_is_weaker_although_a_ceiling_is_named():
    wide = "社区智能养老机器人试点扩大到90个社区。"
    narrow = "社区智能养老机器人试点减至40个社区。"
    assert [change.kind for change in told(wide, narrow)] == [Kind.WEAKENED]
    assert [change.kind for change in told(narrow, wide)] == [Kind.STRENGTHENED]


def test_a_number_that_went_against_one_that_rose_has_no_direction():
    old = "建设15所特色人工智能学院，引进人工智能领军人才90名。"
    new = "支持高校建设人工智能学院，引进人工智能领军人才180名。"
    assert [change.kind for change in told(old, new)] == [Kind.REWORDED]


def test_the_firmness_of_a_growth_and_of_a_number_beside_others():
    firm = "推进赣江集成电路工程二期，集成电路产量增长18%以上。"
    loose = "推进赣江集成电路工程二期，集成电路产量增长18%左右。"
    assert [change.kind for change in told(firm, loose)] == [Kind.WEAKENED]
    assert [change.kind for change in told(loose, firm)] == [Kind.STRENGTHENED]
    old = "招引人工智能顶尖人才20名、青年博士800名。"
    new = "招引人工智能顶尖人才20名左右、青年博士1300名。"
    assert [change.kind for change in told(old, new)] == [Kind.STRENGTHENED]


def test_the_marker_of_an_item_is_no_part_of_what_it_counts():
    (target,) = parse_targets("3．智能网联新能源汽车产量达到70万辆。")
    assert target.metric == "智能网联新能源汽车产量"
    (target,) = parse_targets("推动和林格尔集群建设智算集群3个。")
    assert target.metric.startswith("和林格尔")
    (target,) = parse_targets("力争全省算力规模年底前达到6EFLOPS。")
    assert target.metric == "全省算力规模"


def test_what_comes_each_year_is_not_compared_with_what_comes_in_several():
    old = "每年培养人工智能人才2万人。"
    new = "三年培养人工智能人才6万人。"
    assert [change.kind for change in told(old, new)] == [Kind.REWORDED]
    assert [change.kind for change in told(new, old)] == [Kind.REWORDED]


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("算力规模进入全国前十。", "算力规模进入全国前八。"),
        ("打造千亿级人工智能产业。", "打造万亿级人工智能产业。"),
        ("打造三个智能算力集群。", "打造五个智能算力集群。"),
        ("加快建设赣江万卡智算集群。", "加快建设赣江十万卡智算集群。"),
        ("推动企业用算成本降低15%。", "推动企业用算成本降低25%。"),
    ],
)
def test_ranks_classes_and_written_counts_have_a_direction(lower, higher):
    assert [change.kind for change in told(lower, higher)] == [Kind.STRENGTHENED]
    assert [change.kind for change in told(higher, lower)] == [Kind.WEAKENED]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("发放算力券5000万元。", "发放算力券、模型券各5000万元。"),
        ("组织90名人工智能专家服务企业。", "组织人工智能专家服务企业，全年不少于150人次。"),
        ("建设1个全省统一的算力调度平台。", "建设全省统一的算力调度平台。"),
    ],
)
def test_what_only_stands_otherwise_was_not_given_up(old, new):
    assert all(change.kind in {Kind.REWORDED, Kind.CONTINUED} for change in told(old, new))
    assert all(change.kind in {Kind.REWORDED, Kind.CONTINUED} for change in told(new, old))


def test_a_total_and_an_increment_of_one_count_have_no_direction():
    (change,) = told("累计建设人工智能示范园区30个。", "新建人工智能示范园区8个。")
    assert change.kind not in {Kind.STRENGTHENED, Kind.WEAKENED}


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("培育智能体企业70家。", "引育智能体企业，总数突破110家。"),
        ("建设万卡级国产智算集群。", "建成四万卡国产智算集群。"),
        ("推动智能算力规模增长40%。", "推动智能算力规模翻一番。"),
        ("智算中心绿色化改造提速，PUE降到1.3以下。", "智算中心PUE降到1.2以下。"),
    ],
)
def test_what_is_counted_in_other_words_is_compared(lower, higher):
    (change,) = told(lower, higher)
    assert change.kind is Kind.STRENGTHENED
    (change,) = told(higher, lower)
    assert change.kind is Kind.WEAKENED


def test_a_number_of_computing_is_the_same_under_another_name():
    old = "建设赣江人工智能计算中心，算力规模达到900P。"
    new = "赣江人工智能计算中心算力扩容到900P。"
    (change,) = told(old, new)
    assert change.deltas == ()


def test_a_count_with_another_classifier_is_the_same():
    old = "打造“人工智能+旅游”示范景区15家。"
    assert [c.kind for c in told(old, old.replace("家", "个"))] == [Kind.CONTINUED]
    assert [c.kind for c in told(old, "打造“人工智能+旅游”示范景区18个。")] == [Kind.STRENGTHENED]


def test_a_range_around_a_number_is_no_change():
    old = "新增人工智能领域省级重点实验室4家左右。"
    new = "新增人工智能领域省级重点实验室2—4家。"
    assert [c.kind for c in told(old, new)] == [Kind.CONTINUED]
    assert [c.kind for c in told(new, old)] == [Kind.CONTINUED]


def test_a_number_whose_thing_is_named_in_another_clause_is_compared():
    old = "完成芯片封测二期项目建设，形成月产能20万片。"
    new = "芯片封测二期项目月产能达到25万片。"
    assert [c.kind for c in told(old, new)] == [Kind.STRENGTHENED]
    assert [c.kind for c in told(new, old)] == [Kind.WEAKENED]


def test_a_target_of_a_year_is_not_exceeded_by_a_little_more_five_years_later():
    yearly = "人工智能产业规模达到900亿元。"
    distant = "到2030年，人工智能产业规模达到1000亿元。"
    assert [change.kind for change in told(yearly, distant)] == [Kind.REWORDED]
    far_more = "到2030年，人工智能产业规模达到3000亿元。"
    assert [change.kind for change in told(yearly, far_more)] == [Kind.STRENGTHENED]


def test_the_only_sum_of_a_promise_is_compared_whatever_it_is_called():
    old = "投入3亿元建设智慧教育平台，推动人工智能助教进课堂。"
    new = "投入9000万元升级智慧教育平台，推动人工智能助教进课堂。"
    assert [change.kind for change in told(old, new)] == [Kind.WEAKENED]
    assert [change.kind for change in told(new, old)] == [Kind.STRENGTHENED]


@pytest.mark.parametrize(
    "old",
    [
        "2025年培育智能体平台企业500家。",
        "连续三年加力，培育智能体平台企业500家。",
        "三年大变样，培育智能体平台企业500家。",
    ],
)
def test_a_year_is_no_span_of_several(old):
    assert [c.kind for c in told(old, "培育智能体平台企业700家。")] == [Kind.STRENGTHENED]
    assert [c.kind for c in told(old, "培育智能体平台企业400家。")] == [Kind.WEAKENED]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("建设人工智能产业园区10个。", "推进人工智能发展，建设农业产业园区20个。"),
        ("培育人工智能重点企业100家。", "推进人工智能发展，整治重点企业50家。"),
        ("培养人工智能专业技术人才5000人。", "推进人工智能发展，培养农业专业技术人才8000人。"),
        (
            "推动人工智能助教进课堂、进教研，加强师生素养培养，建好智慧教育平台，带动教育消费3亿元。",
            "推动人工智能助教进课堂、进教研，加强师生素养培养，建好智慧教育平台，发放补助2亿元。",
        ),
        ("实施人工智能三项行动。", "实施人工智能五项行动。"),
        ("破解人工智能企业三个难题。", "破解人工智能企业两个难题。"),
        ("培育百亿级人工智能企业、千亿级产业集群。", "培育千亿级人工智能产业集群。"),
    ],
)
def test_numbers_of_different_matters_have_no_direction(old, new):
    assert all(change.kind in {Kind.REWORDED, Kind.CONTINUED} for change in told(old, new))
    assert all(change.kind in {Kind.REWORDED, Kind.CONTINUED} for change in told(new, old))


def test_a_range_binds_less_than_its_upper_end_at_least():
    firm, loose = "新增机器人企业5家以上。", "新增机器人企业3—5家。"
    assert [c.kind for c in told(firm, loose)] == [Kind.WEAKENED]


def test_the_numbers_of_a_split_promise_are_missed_where_its_first_words_go_on():
    old = "开展“人工智能+”和“数据要素×”行动，建设赣江智能计算先导区，产业规模突破3000亿元。"
    on_ai = "实施“人工智能+”行动，遴选标杆企业，打造应用场景，探索新模式。"
    on_data = "推进“数据要素×”行动，建设赣江数据标注基地，开展公共数据授权运营。"
    for new in (on_ai + on_data, on_data + on_ai):
        kinds = {one.after.text: one.kind for one in told(old, new) if one.before and one.after}
        assert kinds == {on_ai: Kind.WEAKENED, on_data: Kind.REWORDED}


def test_a_number_whose_thing_is_named_before_a_general_word_goes_on():
    old = "壮大数字经济，建设赣江智算中心，发放算力券4000万元，办好数字经济展。"
    new = "办好数字经济展。\n加快赣江智算中心建设。\n算力券发放规模扩大到6000万元。"
    changes = told(old, new)
    assert Kind.WEAKENED not in {change.kind for change in changes}
    (deltas,) = (change.deltas for change in changes if change.kind is Kind.STRENGTHENED)
    assert [(one.before, one.after) for one in deltas] == [(4e7, 6e7)]


def test_a_heading_that_names_what_stands_below_it_is_neither_dropped_nor_added():
    bare = "新建智算中心2座，算力规模达到3万P。"
    headed = f"（一）筑牢算力底座\n{bare}"
    for old, new in ((bare, headed), (headed, bare)):
        assert {change.kind for change in told(old, new)} == {Kind.CONTINUED}
