"""One article at many addresses: reprints are known, and only what they add is reported."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import IngestRequest
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Speaker
from monitor.rules.matcher import RuleSet

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PARAGRAPHS = [
    "3月1日，全省数字经济工作会议在长沙召开，部署新一年的算力和人工智能工作，各市州负责人参加。",
    "会议听取了去年工作情况的汇报。去年全省建成数据中心项目12个，机架利用率继续提高，运营企业普遍盈利。",
    "湖南省政府提出，今年将新建智算中心3座，全省算力规模突破9000P，并建立统一的算力调度平台。",
    "湖南省工信厅厅长介绍，将培育人工智能企业50家以上，遴选典型应用场景30个，组织供需对接活动。",
    "与会企业代表围绕电价、人才、融资作了发言，省直有关部门逐一回应，会议还交流了县域数字化的做法。",
    "会议要求，各地要结合实际抓好落实，及时总结经验，按季度报送进展情况，避免重复建设和资源闲置。",
]


def take(database, lines, url):
    provenance = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026, title="新闻")
    body = "\n".join(lines)
    request = IngestRequest(
        Document(body, title="新闻"),
        provenance,
        extract(body, provenance, load_topics()),
        FetchRecord(url=url),
    )
    with database.write() as connection:
        return ingest(connection, request, rules=RuleSet(()), now=NOW)


def documents(database):
    with database.read() as connection:
        return connection.execute(text("SELECT COUNT(*) FROM document")).scalar()


def test_a_reprint_with_an_editors_line_or_less_text_is_the_same_article(database):
    first = take(database, PARAGRAPHS, "http://a.example/1")
    assert len(first.changes) >= 2
    for number, lines in enumerate(
        (
            ["来源：省工信厅网站", *PARAGRAPHS, "（责任编辑：某某）"],
            PARAGRAPHS[:4],
            [line.replace("，", ", ") for line in PARAGRAPHS],
        )
    ):
        again = take(database, lines, f"http://b.example/{number}")
        assert (again.reason, again.changes) == ("mirror", ())
        assert again.document_id == first.document_id
    assert documents(database) == 1


def test_only_the_additions_of_a_longer_version_are_reported(database):
    take(database, PARAGRAPHS, "http://a.example/1")
    more = "湖南省数据局表示，今年将开放高质量数据集20个，建设可信数据空间。"
    longer = take(database, [*PARAGRAPHS, more], "http://b.example/1")
    assert [change.after.text for change in longer.changes] == [more]
    with database.read() as connection:
        linked = connection.execute(text("SELECT share FROM corroborations")).all()
        current = connection.execute(text("SELECT text FROM commitments_current")).all()
    assert len(linked) >= 2
    assert {share for (share,) in linked} == {1.0}
    assert len(current) == len(set(current))


def test_an_edited_number_in_a_reprint_is_news(database):
    take(database, PARAGRAPHS, "http://a.example/1")
    edited = [line.replace("9000P", "12000P") for line in PARAGRAPHS]
    again = take(database, edited, "http://b.example/1")
    assert ["12000P" in change.after.text for change in again.changes] == [True]


def test_another_article_with_the_same_opening_is_another(database):
    take(database, PARAGRAPHS, "http://a.example/1")
    other = [PARAGRAPHS[0]] + [
        f"湖南省政府提出，今年将在第{n}个园区建设智算中心{n}座，培育人工智能企业{n * 10}家。"
        for n in range(2, 9)
    ]
    assert take(database, other, "http://b.example/1").reason != "mirror"
    assert documents(database) == 2


def arrived(database, body, url, provenance, *, known=None):
    request = IngestRequest(
        Document(body, title=provenance.title),
        provenance,
        extract(body, provenance, load_topics()),
        FetchRecord(url=url),
        document_id=known,
    )
    with database.write() as connection:
        return ingest(connection, request, rules=RuleSet(()), now=NOW)


REPORT = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "江苏省", 2026, title="政府工作报告")
PLAN = (
    "政府工作报告\n各位代表：\n现在，我代表省人民政府，向大会报告工作，请予审议。\n"
    "一、2026年重点工作\n今年要重点做好以下工作。\n新建智算中心2座，培育人工智能企业100家以上。\n"
)
MORE = "到2027年，人工智能核心产业规模达到3000亿元。\n支持高校开设人工智能专业10个。\n"


def reported(taken):
    return [(change.kind.value, change.statement.text) for change in taken.changes]


def test_the_full_report_after_its_excerpt_is_the_same_document_and_its_rest_is_reported(database):
    excerpt = arrived(database, PLAN, "http://paper.example/1", REPORT)
    whole = arrived(database, PLAN + MORE, "http://province.example/1", REPORT)
    assert whole.document_id == excerpt.document_id
    assert reported(whole) == [
        ("added", "到2027年，人工智能核心产业规模达到3000亿元。"),
        ("added", "支持高校开设人工智能专业10个。"),
    ]
    # The excerpt is a copy now: to see it again, or a third copy, is no news.
    for url in ("http://paper.example/1", "http://third.example/1"):
        known = whole.document_id if "paper" in url else None
        again = arrived(database, PLAN + "（摘要）\n", url, REPORT, known=known)
        assert (again.reason, again.changes) == ("mirror", ())
    assert documents(database) == 1


def test_a_corrected_copy_is_reported_once(database):
    first = arrived(database, PLAN + MORE, "http://paper.example/1", REPORT)
    corrected = (PLAN + MORE).replace("2座", "1座")
    second = arrived(database, corrected, "http://province.example/1", REPORT)
    assert reported(second) == [("weakened", "新建智算中心1座，培育人工智能企业100家以上。")]
    # The copy that was not corrected changes its dress: what it says was said before.
    old = (PLAN + MORE).replace("各位代表", "各位 代表")
    again = arrived(database, old, "http://paper.example/1", REPORT, known=first.document_id)
    assert (again.reason, again.changes) == ("mirror", ())


POLICY = (
    "江苏省推动人工智能产业高质量发展若干措施\n各设区市人民政府，省各有关部门：\n"
    "现将有关措施印发给你们，请认真贯彻执行。\n一、新建智算中心3座，算力规模达到9000P。\n"
    "二、培育人工智能企业100家以上，遴选典型应用场景50个。\n"
    "三、发放算力券2亿元，支持中小企业使用公共算力平台。\n"
)


def policy(region="江苏省", year=2026):
    return Provenance(DocumentKind.PAGE, Speaker.GOVERNMENT, region, year, title="若干措施")


def test_the_same_words_another_year_or_for_another_region_are_promised_anew(database):
    first = arrived(database, POLICY, "http://a.example/1", policy(year=2025))
    again = arrived(database, POLICY + "2026年2月8日\n", "http://a.example/2", policy())
    other = POLICY.replace("江苏省", "浙江省")
    elsewhere = arrived(database, other, "http://b.example/1", policy("浙江省"))
    assert documents(database) == 3
    assert len(first.changes) == len(again.changes) == len(elsewhere.changes) >= 3


def test_what_takes_a_policy_back_is_no_copy_of_it_and_promises_nothing(database):
    arrived(database, POLICY, "http://a.example/1", policy())
    back = POLICY.replace("现将有关措施印发给你们，请认真贯彻执行", "以下措施自即日起停止执行")
    repeal = arrived(database, back, "http://a.example/2", policy())
    assert (repeal.reason, repeal.changes) == ("", ())
    assert documents(database) == 2
