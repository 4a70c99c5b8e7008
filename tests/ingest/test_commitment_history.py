"""A commitment has one identity over the reports of several years, and over edits of each."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from monitor.extraction.extract import extract
from monitor.extraction.metric_history import growth_of
from monitor.extraction.topics import load_topics
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import IngestRequest, IngestResult
from monitor.messages.i18n import short_metric
from monitor.model.changes import CommitmentYear, Kind
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Speaker
from monitor.rules.matcher import RuleSet
from monitor.storage import commitments
from monitor.storage.commitments import (
    commitment_of_change,
    commitment_of_statement,
    commitment_years,
    find_commitments,
)
from monitor.storage.engine import Database

NOW = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
REGION = "贵州省"

SPACE = "推进“黔算一号”智算中心建设，全省算力规模突破{}Eflops。"
TALENT = "实施人工智能人才培育计划，培养人工智能工程师{}名。"
ROBOTS = "支持机器人企业在遵义建设中试基地。"
FARMS = "稳定粮食播种面积，抓好高标准农田建设。"


def report(
    database: Database,
    year: int,
    *sentences: str,
    region: str = REGION,
    document_id: int | None = None,
) -> IngestResult:
    """A report's plan is read; with ``document_id`` its page is read again."""
    body = "\n".join((f"{region}政府工作报告", f"二、{year}年重点工作", *sentences, FARMS))
    provenance = Provenance(
        DocumentKind.REPORT, Speaker.GOVERNMENT, region, year, title=f"{year}年{region}报告"
    )
    request = IngestRequest(
        Document(body),
        provenance,
        extract(body, provenance, load_topics()),
        FetchRecord(url=f"https://example.org/{region}/{year}"),
        document_id=document_id,
    )
    with database.write() as connection:
        return ingest(connection, request, rules=RuleSet(()), now=NOW)


def history(database: Database, *words: str) -> list[CommitmentYear]:
    """The one commitment with these words, over the years."""
    with database.read() as connection:
        found = find_commitments(connection, words=words)
    assert len(found) == 1, [[(one.year, one.text) for one in years] for years in found]
    return found[0]


def three_years(database: Database) -> None:
    report(database, 2024, SPACE.format(100), TALENT.format(500))
    report(database, 2025, SPACE.format(160), ROBOTS)
    report(database, 2026, SPACE.format(190), ROBOTS)


def test_a_promise_of_three_years_is_one_commitment(database: Database) -> None:
    three_years(database)
    years = history(database, "黔算一号")
    assert [(one.year, one.value, one.kind) for one in years] == [
        (2024, 100, Kind.ADDED),
        (2025, 160, Kind.STRENGTHENED),
        (2026, 190, Kind.STRENGTHENED),
    ]
    assert {(one.first_year, one.last_year, one.years) for one in years} == {(2024, 2026, 3)}
    assert years[0].statement_id == years[0].commitment_id
    growth = growth_of(years, short_metric)
    assert growth is not None
    assert [one.value for one in growth] == [100, 190]


def test_what_is_promised_no_longer_ends_and_what_is_new_begins(database: Database) -> None:
    three_years(database)
    (talent,) = history(database, "工程师")
    assert (talent.first_year, talent.last_year, talent.years) == (2024, 2024, 1)
    robots = history(database, "中试基地")
    assert [(one.year, one.kind) for one in robots] == [
        (2025, Kind.ADDED),
        (2026, Kind.CONTINUED),
    ]


@pytest.mark.parametrize("order", [(2026, 2025, 2024), (2025, 2026, 2024), (2024, 2026, 2025)])
def test_the_order_in_which_reports_arrive_changes_nothing(
    database: Database, order: tuple[int, ...]
) -> None:
    targets = {2024: 100, 2025: 160, 2026: 190}
    for year in order:
        report(database, year, SPACE.format(targets[year]), ROBOTS)
    years = history(database, "黔算一号")
    assert [one.value for one in years] == [100, 160, 190]
    # What the first report added to the years before it is unknown, if it was not the first read.
    assert years[0].kind is (Kind.ADDED if order[0] == 2024 else None)
    assert {(one.first_year, one.last_year) for one in years} == {(2024, 2026)}
    # The number that was its id before the older report came still finds it.
    with database.read() as connection:
        for one in years:
            assert commitment_of_statement(connection, one.statement_id) == years[0].commitment_id


@pytest.mark.parametrize("edited", [2024, 2025, 2026])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_edit_of_a_report_does_not_cut_the_chain(
    database: Database, edited: int, when: str
) -> None:
    """Neither the sentence that was edited nor one that stayed loses its years."""
    targets = {2024: 100, 2025: 160, 2026: 190}
    pages: dict[int, int | None] = {}

    def edit(year: int) -> None:
        report(
            database,
            year,
            f"加快发展数字经济。{SPACE.format(targets[year] + 5)}",
            ROBOTS,
            document_id=pages[year],
        )

    for year, target in targets.items():
        pages[year] = report(database, year, SPACE.format(target), ROBOTS).document_id
        if when == "before" and year == edited:
            edit(year)
    if when == "after":
        edit(edited)
    space, robots = history(database, "黔算一号"), history(database, "中试基地")
    assert [one.value for one in space] == [
        value + 5 * (year == edited) for year, value in targets.items()
    ]
    assert [one.year for one in robots] == [2024, 2025, 2026]
    assert len({one.commitment_id for one in (*space, *robots)}) == 2


def test_a_page_that_is_only_set_anew_keeps_the_identity(database: Database) -> None:
    page = report(database, 2025, SPACE.format(160), ROBOTS).document_id
    # Half-width punctuation and another place in the text: no change is logged.
    again = report(
        database,
        2025,
        ROBOTS.replace("，", ","),
        SPACE.format(160).replace("，", ","),
        document_id=page,
    )
    assert again.changes == ()
    report(database, 2026, SPACE.format(190), ROBOTS)
    assert [one.year for one in history(database, "黔算一号")] == [2025, 2026]


def test_a_sentence_taken_out_of_the_page_was_promised_and_is_dropped(database: Database) -> None:
    page = report(database, 2025, SPACE.format(160), ROBOTS).document_id
    report(database, 2025, SPACE.format(160), document_id=page)
    (robots,) = history(database, "中试基地")
    assert (robots.year, robots.kind) == (2025, Kind.DROPPED)
    # It is put in again: the same commitment, and no longer dropped.
    report(database, 2025, SPACE.format(160), ROBOTS, document_id=page)
    (back,) = history(database, "中试基地")
    assert back.commitment_id == robots.commitment_id
    assert back.kind is not Kind.DROPPED


def test_a_commitment_that_splits_keeps_its_id_in_both_branches(database: Database) -> None:
    report(database, 2024, "建设“黔算一号”智算中心和“数谷”高质量数据集，服务人工智能产业。")
    report(
        database, 2025, "加快建设“黔算一号”智算中心。", "建成“数谷”高质量数据集，服务人工智能产业。"
    )
    report(database, 2026, "扩建“黔算一号”智算中心。", "扩大“数谷”高质量数据集，服务人工智能产业。")
    computing, data = history(database, "黔算一号"), history(database, "数谷")
    assert computing == data
    assert [one.year for one in computing] == [2024, 2025, 2025, 2026, 2026]


def test_merged_commitments_go_on_under_the_oldest_id(database: Database) -> None:
    report(database, 2024, "建设“黔算一号”智算中心，发展人工智能。")
    report(
        database,
        2025,
        "加快建设“黔算一号”智算中心，发展人工智能。",
        "建成“数谷”高质量数据集，服务人工智能产业。",
    )
    report(database, 2026, "建好“黔算一号”智算中心、“数谷”高质量数据集，发展人工智能产业。")
    years = {one.year: one for one in history(database, "黔算一号") if "黔算一号" in one.text}
    with database.read() as connection:
        found = find_commitments(connection, words=["数谷"])
    data = next(some for some in found if some[0].first_year == 2025)
    assert {one.commitment_id for one in years.values()} == {years[2024].commitment_id}
    # The younger one is not told as ended: it goes on in the older one.
    assert [one.year for one in data] == [2025]
    assert data[0].merged_into == years[2024].commitment_id
    assert (data[0].first_year, data[0].last_year, data[0].years) == (2025, 2026, 2)


def test_a_promise_whose_ai_word_goes_away_for_a_year_is_one_commitment(
    database: Database,
) -> None:
    platform = "建设全省算力调度平台。"
    report(database, 2024, "实施“百企登云”行动，推动人工智能进入制造业企业。", platform)
    report(database, 2025, "深入实施“百企登云”行动，推动制造业企业转型。", platform)
    report(database, 2026, "继续实施“百企登云”行动，推动人工智能进入制造业企业。", platform)
    years = history(database, "百企登云")
    assert [(one.year, one.in_scope) for one in years] == [
        (2024, True),
        (2025, False),
        (2026, True),
    ]


def test_two_sentences_with_the_same_words_are_two(database: Database) -> None:
    page = report(database, 2025, ROBOTS, SPACE.format(160), ROBOTS).document_id
    report(database, 2025, ROBOTS, SPACE.format(165), ROBOTS, document_id=page)
    with database.read() as connection:
        assert len(find_commitments(connection, words=["中试基地"])) == 2


def test_regions_have_their_own(database: Database) -> None:
    for region in (REGION, "甘肃省"):
        report(database, 2025, SPACE.format(160), region=region)
        report(database, 2026, SPACE.format(190), region=region)
    with database.read() as connection:
        assert len(find_commitments(connection, words=["黔算一号"])) == 2
        (found,) = find_commitments(connection, words=["黔算一号"], regions=["甘肃省"])
    assert {one.region for one in found} == {"甘肃省"}


def test_a_change_of_the_log_leads_to_its_commitment(database: Database) -> None:
    three_years(database)
    with database.read() as connection:
        dropped = connection.execute(
            text("SELECT change_id FROM change_log WHERE kind = 'dropped'")
        ).scalar_one()
        found = commitment_of_change(connection, dropped)
        assert found is not None
        assert "工程师" in commitment_years(connection, found)[0].text
        for change_id in (0, -1, 9_999, 1 << 70):
            assert commitment_of_change(connection, change_id) is None
            assert commitment_of_statement(connection, change_id) is None


def test_the_evidence_of_a_verdict_is_no_commitment(database: Database) -> None:
    """A sentence of a review about another subject is kept for the verdict that refers to it."""
    plan = "深化“人工智能+”，数字产业增加值增长10%。"
    review = (
        f"{REGION}政府工作报告\n一、2025年工作回顾\n数字产业增加值增长12%。\n"
        f"二、2026年重点工作\n{SPACE.format(190)}"
    )
    report(database, 2025, plan)
    provenance = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, REGION, 2026, title="报告")
    statements = extract(review, provenance, load_topics())
    request = IngestRequest(Document(review), provenance, statements, FetchRecord(url="2026"))
    with database.write() as connection:
        ingest(connection, request, rules=RuleSet(()), now=NOW)
    with database.read() as connection:
        assert list(
            connection.execute(text("SELECT text, in_scope FROM statement WHERE text LIKE '%12%'"))
        ) == [("数字产业增加值增长12%。", False)]
    assert [one.text for one in history(database, "增加值")] == [plan]


def test_what_is_kept_is_what_all_reports_together_say(database: Database) -> None:
    """Every line, of merged and of edited ones, too; and it is found by any of its statements."""
    pages = {}
    for year, number in ((2023, 60), (2024, 100), (2025, 160), (2026, 190)):
        two = (TALENT.format(number), ROBOTS) if year != 2025 else (TALENT.format(number) + ROBOTS,)
        page = report(database, year, SPACE.format(number), *two)
        pages[year] = page.document_id
        report(database, year, SPACE.format(number), *two, region="云南省")
    report(database, 2025, SPACE.format(165), ROBOTS, document_id=pages[2025])
    with database.read() as connection:
        lines = connection.execute(
            text(
                "SELECT commitment_id, statement_id, year, kind, merged_into, last_year, value"
                " FROM commitment_history ORDER BY year, statement_id"
            )
        ).all()
        assert len(lines) > 15
        query = Path(commitments.__file__).with_name("commitment_history.sql").read_text("utf-8")
        every = connection.execute(text(query.format(scope="", changes="change"))).all()
        kept = connection.execute(text("SELECT * FROM commitment_history")).all()
        assert set(map(tuple, kept)) == set(map(tuple, every))
        for commitment_id in {line.commitment_id for line in lines}:
            assert [
                (
                    one.commitment_id,
                    one.statement_id,
                    one.year,
                    one.kind,
                    one.merged_into,
                    one.last_year,
                    one.value,
                )
                for one in commitment_years(connection, commitment_id)
            ] == [tuple(line) for line in lines if line.commitment_id == commitment_id]
        for line in lines:
            assert commitment_of_statement(connection, line.statement_id) == line.commitment_id
