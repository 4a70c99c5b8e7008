"""An alert, and a hostile one, for channels."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from alert_story import NOW, goal, raised

from monitor.messages.alert_message import render_alert
from monitor.messages.richtext import Message, Span
from monitor.model.alerts import AlertChange, AlertDocument, OutboxAlert, Recipient
from monitor.model.changes import Change, LoggedChange
from monitor.model.documents import DocumentKind

TO = Recipient(0, 0, "team")
HOSTILE = (
    "<b>x</b> & ]]> <script>alert(1)</script> \x00\x0b\ufffe\u202e"
    '<!channel> @everyone <at user_id="all">'
)


def alert_of(
    change: Change | None = None, *, number: int = 7, title: str = "政府工作报告"
) -> OutboxAlert:
    document = AlertDocument(
        title,
        "https://www.guizhou.gov.cn/a?b=1&c=2",
        DocumentKind.REPORT,
        "贵州省",
        date(2026, 1, 28),
        "贵州省人民政府",
    )
    item = AlertChange(31, change or raised(), ("guizhou",), "160 → 190", 2, document)
    return OutboxAlert(number, 1, 1, NOW, False, document, (item,), to=TO)


def message_of(alert: OutboxAlert | None = None) -> Message:
    alert = alert or alert_of()
    return replace(render_alert(alert), alert=alert)


def hostile(number: int = 8) -> Message:
    change = replace(raised(), after=goal(190, HOSTILE))
    return message_of(alert_of(change, number=number, title=HOSTILE))


def long_message(lines: int = 200) -> Message:
    spans = (
        Span("标题", bold=True),
        *(Span(f"\n第{n}行：算力总规模超过{n}Eflops。") for n in range(lines)),
    )
    return Message(spans, alert=alert_of())


def line_of(alert: OutboxAlert) -> LoggedChange:
    item = alert.changes[0]
    document = alert.document
    assert document is not None
    return LoggedChange(
        item.change_id,
        NOW,
        item.change,
        item.summary,
        5,
        document.title,
        document.url,
        document.published,
        "guizhou",
    )
