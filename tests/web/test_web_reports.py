"""The pages of reports, commitments, changes, documents and texts, on a small history."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import httpx
import pytest
from fresh_database import fresh_sqlite
from small_history import GUIZHOU, HAINAN, TODAY, write_history
from sqlalchemy import insert, select

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import IngestRequest
from monitor.model.changes import Basis, Certainty, Change, Kind
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import Label, Speaker, Statement
from monitor.rate_limiter import RateLimiter
from monitor.rules.matcher import RuleSet
from monitor.storage.base import get_row
from monitor.storage.engine import Database
from monitor.storage.provenance import LoggedRow
from monitor.storage.statement_tables import alert_change_table, change_table, statement_table
from monitor.storage.tables import alert_table, recipient_table, snapshot_table
from monitor.web.app import build_site
from monitor.web.documents import paragraphs
from monitor.web.reports import compare_rows
from monitor.web.security import Access
from monitor.web.site import Site

Get = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    found = Database(fresh_sqlite(tmp_path_factory.mktemp("reports") / "history.db"))
    write_history(found)
    with found.write() as connection:
        told = _change(found, Kind.STRENGTHENED)
        document_id = get_row(connection, change_table, told).document_id
        connection.execute(
            insert(recipient_table).values(id=7, title="编辑部密室", added_at=TODAY, telegram_id=7)
        )
        connection.execute(
            insert(alert_table).values(
                id=1,
                recipient_id=7,
                document_id=document_id,
                state="sent",
                created_at=TODAY,
                not_before=TODAY,
                sent_at=TODAY,
            )
        )
        connection.execute(
            insert(alert_change_table).values(alert_id=1, change_id=told, rule_id="computing")
        )
    yield found
    found.close()


@pytest.fixture(scope="module")
def get(database: Database) -> Get:
    site = Site(database, zone=ZoneInfo("Asia/Shanghai"), themes=("compute",), now=lambda: TODAY)
    app = build_site(site, Access(), limiter=RateLimiter(burst=1_000, refill=0.001))

    def asked(address: str) -> httpx.Response:
        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", headers={"accept-language": "en"}
            ) as client:
                return await client.get(address)

        return asyncio.run(one())

    return asked


def _change(database: Database, kind: Kind) -> int:
    """The newest change of 贵州's report of a kind."""
    with database.read() as connection:
        found = connection.scalar(
            select(change_table.c.id)
            .where(
                change_table.c.kind == kind,
                change_table.c.basis == Basis.SUCCESSION,
                change_table.c.region == GUIZHOU,
            )
            .order_by(change_table.c.id.desc())
        )
    assert found is not None
    return found


def seen(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text.partition("<main")[2]).split())


def test_reports_stand_side_by_side(get: Get) -> None:
    page = seen(get(f"/reports?region={GUIZHOU}&year=2026"))
    assert "2026年贵州省政府工作报告" in page
    assert "against 2025年贵州省政府工作报告" in page
    assert "算力规模 90 → 120 Eflops" in page
    assert page.index("遵义") < page.index("改造提升贵安") < page.index("培育行业智能体")
    assert page.count("Not repeated this year") == 1


def test_only_what_changed_or_one_kind_is_shown(get: Get) -> None:
    everything = get(f"/reports?region={GUIZHOU}&year=2026").text
    changed = get(f"/reports?region={GUIZHOU}&year=2026&changed=1").text
    assert "row kind-continued" in everything
    assert "row kind-continued" not in changed
    assert "row kind-strengthened" in changed
    dropped = seen(get(f"/reports?region={GUIZHOU}&year=2026&kind=dropped"))
    assert "改造提升贵安" in dropped
    assert "黔云一号" not in dropped


def test_a_report_without_one_before_says_so(get: Get) -> None:
    assert "2026" in seen(get(f"/reports?region={HAINAN}"))
    assert 'class="news"' in get(f"/reports?region={HAINAN}").text


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/reports?year=26", 400),
        ("/reports?kind=gone", 400),
        (f"/reports?region={GUIZHOU}&year=1999", 404),
        ("/changes/999999", 404),
        ("/changes/99999999999999999999", 404),
        ("/commitments/999999", 404),
        ("/documents/999999", 404),
        ("/documents/99999999999999999999", 404),
        ("/snapshots/999999", 404),
        ("/snapshots/1?start=a&end=2", 400),
        ("/snapshots/1?start=5&end=2", 400),
        ("/snapshots/1?start=0&end=9999999", 400),
    ],
)
def test_a_wrong_address_is_answered_as_one(get: Get, address: str, status: int) -> None:
    assert get(address).status_code == status


def test_a_commitment_is_shown_over_the_years(get: Get, database: Database) -> None:
    change = get(f"/changes/{_change(database, Kind.STRENGTHENED)}")
    assert "编辑部密室" not in change.text
    assert "private chat × 1" in seen(change)
    found = re.search(r'href="(/commitments/\d+)"', change.text)
    assert found is not None
    page = get(found[1])
    text = seen(page)
    assert "until the next report of the region" in text or "until 20" in text
    assert re.search(r"2024 .* 2025 .* 2026 ", text)
    assert "编辑部密室" not in page.text


def test_the_number_of_a_sentence_leads_to_its_commitment(get: Get, database: Database) -> None:
    with database.read() as connection:
        after = get_row(connection, change_table, _change(database, Kind.STRENGTHENED)).after_id
    answer = get(f"/commitments/{after}")
    assert answer.status_code == 303
    assert get(answer.headers["location"]).status_code == 200


def test_both_sentences_lead_to_their_texts(get: Get, database: Database) -> None:
    page = get(f"/changes/{_change(database, Kind.STRENGTHENED)}").text
    places = re.findall(r'href="(/snapshots/\d+\?start=\d+&amp;end=\d+)#at"', page)
    assert len({one.partition("?")[0] for one in places}) == 2
    for place in places:
        text = get(place.replace("&amp;", "&")).text
        assert re.search(r'<mark id="at"[^>]*>[^<]+</mark>', text)


def test_a_document_lists_its_statements_and_versions(get: Get, database: Database) -> None:
    with database.read() as connection:
        row = get_row(connection, change_table, _change(database, Kind.STRENGTHENED))
        document_id, snapshot_id = row.document_id, row.snapshot_id
    page = get(f"/documents/{document_id}").text
    assert f'href="/snapshots/{snapshot_id}"' in page
    assert page.index("培育行业智能体") < page.index("人工智能产业加快发展")


def test_markup_of_a_text_is_shown_as_text(get: Get, database: Database) -> None:
    text = "<b>题</b>\n甘肃省政府提出，今年建设<script>alert(1)</script>智算中心3个。"
    provenance = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026, title="<b>题</b>")
    statements = extract(text, provenance, load_topics())
    document = Document(text, title="<b>题</b>")
    request = IngestRequest(document, provenance, statements, FetchRecord(url="javascript:1"))
    with database.write() as connection:
        ingest(connection, request, rules=RuleSet(()), now=TODAY)
        row = connection.execute(
            select(snapshot_table).order_by(snapshot_table.c.id.desc())
        ).first()
        assert row is not None
        addresses = [f"/documents/{row.document_id}", f"/snapshots/{row.id}"]
        said = connection.scalars(
            select(statement_table.c.id).where(statement_table.c.snapshot_id == row.id)
        )
        addresses += [f"/commitments/{number}" for number in said]
    assert len(addresses) > 2
    for page in (get(address).text for address in addresses):
        assert "&lt;b&gt;" in page
        assert "<b>" not in page
        assert "<script>" not in page
        assert 'href="javascript:' not in page


def test_a_text_is_cut_at_its_statements_and_the_wanted_place() -> None:
    text = "甲乙丙丁\n戊己庚"
    found = paragraphs(text, [(2, 6, 9), (3, 5, 10)], 1, 6)
    assert "\n".join("".join(one.text for one in line) for line in found) == text
    marked = [one for line in found for one in line if one.is_wanted]
    assert "".join(one.text for one in marked) == "乙丙丁戊"
    assert [one.is_first for one in marked] == [True, False, False]
    assert {one.statement_id for line in found for one in line} == {None, 9}


def _said(text: str, start: int) -> Statement:
    return Statement(
        text=text, start=start, end=start + len(text), section="", label=Label.COMMITMENT,
        speaker=Speaker.GOVERNMENT, region=GUIZHOU, year=2026,
    )  # fmt: skip


def _line(
    number: int, kind: Kind, before: Statement | None, after: Statement | None, **more: object
) -> LoggedRow:
    change = Change(
        kind=kind, basis=Basis.SUCCESSION, region=GUIZHOU, before=before, after=after,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip
    return LoggedRow(change, number, number + 100, number)


def test_a_promise_that_split_is_one_row() -> None:
    old, one, two = _said("建两座中心。", 0), _said("建一座东中心。", 0), _said("建一座西中心。", 9)
    rows = compare_rows(
        [_line(1, Kind.REWORDED, old, two), _line(2, Kind.CONTINUED, old, one)], ("", "")
    )
    assert [(len(row.before), len(row.after), row.kind) for row in rows] == [(1, 2, Kind.REWORDED)]
    assert [sentence.start for sentence in rows[0].after] == [0, 9]


def test_a_split_promise_is_marked_on_both_sides() -> None:
    old = _said("建设东部智算中心，培养一百名工程师。", 0)
    one, two = _said("建设东部超算中心，", 0), _said("培养两百名工程师。", 9)
    (row,) = compare_rows(
        [_line(1, Kind.REWORDED, old, one), _line(2, Kind.REWORDED, old, two)], ("", "")
    )
    assert [span.text for span in row.before[0].spans if span.strike] == ["智", "一"]
    assert [[span.text for span in said.spans if span.bold] for said in row.after] == [
        ["超"],
        ["两"],
    ]
    assert ["".join(span.text for span in said.spans) for said in row.after] == [one.text, two.text]


def test_what_is_gone_stands_between_its_neighbours_of_last_year() -> None:
    first, second, third = (_said(f"第{n}条。", 10 * n) for n in range(3))
    gone, opening = _said("没有了。", 15), replace(_said("开头。", 28), section="二")
    last = replace(_said("下一节。", 30), section="二")
    log = [
        _line(1, Kind.DROPPED, gone, None),
        _line(2, Kind.CONTINUED, first, third),
        _line(3, Kind.CONTINUED, second, first),
        _line(4, Kind.DROPPED, opening, None),
        _line(5, Kind.CONTINUED, last, last),
        _line(6, Kind.ADDED, None, _said("新的。", 5)),
    ]
    shown = compare_rows(log, ("", ""))
    assert [row.change_id for row in shown] == [3, 1, 6, 2, 4, 5]
    assert [row.section for row in shown] == ["", "", "", "", "二", "二"]
    (alone,) = compare_rows([_line(1, Kind.DROPPED, gone, None)], ("", ""))
    assert alone.section is None


def test_what_an_edit_brought_back_is_not_gone() -> None:
    old, new = _said("建中心。", 0), _said("建成中心。", 0)
    log = [_line(1, Kind.DROPPED, old, None), _line(2, Kind.REWORDED, old, new)]
    assert [row.kind for row in compare_rows(log, ("建成中心。", "建中心。"))] == [Kind.REWORDED]
    assert [row.kind for row in compare_rows(log, ("别的。", "建中心。"))] == [Kind.DROPPED]


def test_only_an_unsure_row_shows_the_nearest_sentence() -> None:
    shown = [
        compare_rows(
            [_line(1, Kind.ADDED, None, _said("建站。", 0), nearest_text="近", certainty=sure)],
            ("", ""),
        )[0].nearest
        for sure in (Certainty.SURE, Certainty.UNSURE)
    ]
    assert shown == ["", "近"]
