"""A text that lost what was promised is believed late: it may be a notice nobody knew for one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import IngestRequest, SuspectState
from monitor.model.changes import Kind
from monitor.model.documents import Document, DocumentKind, FetchRecord, Outcome, Provenance
from monitor.model.statements import Speaker
from monitor.rules.matcher import RuleSet

START = datetime(2026, 3, 1, tzinfo=UTC)
URL = "http://province.example/report"
REPORT = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "江苏省", 2026, title="政府工作报告")
PLAN = (
    "政府工作报告\n各位代表：\n现在，我代表省人民政府，向大会报告工作，请予审议。\n"
    "一、2026年重点工作\n今年要重点做好以下工作。\n新建智算中心2座，培育人工智能企业100家以上。\n"
    "加快建设现代化产业体系，促进高质量充分就业，守护绿水青山，织密社会保障网。\n"
)


def visit(database, body, at, known=None, suspect=None):
    request = IngestRequest(
        Document(body, title="政府工作报告"),
        REPORT,
        extract(body, REPORT, load_topics()),
        FetchRecord(url=URL),
        document_id=known,
        suspect=suspect or SuspectState(),
    )
    with database.write() as connection:
        return ingest(connection, request, rules=RuleSet(()), now=at)


@pytest.mark.parametrize(
    ("left", "hours"),
    [
        # Nothing of what was promised is left: a week.
        ("门户调整，内容陆续上线。", 168),
        # A promise is left: a day.
        ("政府工作报告\n一、2026年重点工作\n新建智算中心2座。", 24),
    ],
)
def test_how_long_a_text_that_shrank_is_doubted(database, left, hours):
    first = visit(database, PLAN, START)
    suspect = None
    for hour in range(1, hours + 9, 8):
        now = START + timedelta(hours=hour)
        taken = visit(database, left, now, first.document_id, suspect)
        suspect = taken.suspect
        if suspect is None:
            break
        assert taken.outcome is Outcome.SHRUNK
        assert not taken.changes
    assert now - START == timedelta(hours=hours + 1)
    assert {change.kind for change in taken.changes} <= {Kind.DROPPED, Kind.WEAKENED, Kind.REWORDED}
    assert taken.changes
