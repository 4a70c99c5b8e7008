"""Sample alerts of every kind, with which templates are validated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

from monitor.model.alerts import AlertChange, AlertDocument, OutboxAlert
from monitor.model.changes import Basis, Certainty, Change, Delta, Kind
from monitor.model.documents import DocumentKind
from monitor.model.statements import Label, Op, Speaker, Statement, Target

_AT = datetime(2026, 2, 3, 10, 0, tzinfo=UTC)
_MANY = 30
_HOSTILE = "<b>\"'&amp;</a> {{ x }} \U0001f680"

DOCUMENT = AlertDocument(
    title="2026年贵州省政府工作报告",
    url="https://www.example.gov.cn/a.html?x=1&y=2",
    kind=DocumentKind.REPORT,
    region="贵州省",
    published=date(2026, 1, 28),
    source_name="贵州省人民政府",
)


def sample_alert(
    *changes: Change, document: AlertDocument = DOCUMENT, language: str = "zh"
) -> OutboxAlert:
    """An alert with these changes."""
    alert_changes = tuple(
        AlertChange(number, change, ("sample",), "贵州算力规模目标提高")
        for number, change in enumerate(changes, start=1)
    )
    return OutboxAlert(1, 1, 1, _AT, False, document, alert_changes, language)


def sample_change(kind: Kind, *, figures: bool = True) -> Change:
    """A change of a kind, with or without numbers."""
    before = None if kind is Kind.ADDED else _statement(160, 2025, figures=figures)
    gone = kind in {Kind.DROPPED, Kind.NOT_REPORTED}
    after = None if gone else _statement(190, 2026, figures=figures)
    if kind in {Kind.WEAKENED, Kind.MISSED}:
        before, after = after, before
    delta = Delta(
        "算力规模",
        "Eflops",
        None if before is None else before.targets[0].value if before.targets else None,
        None if after is None else after.targets[0].value if after.targets else None,
    )
    basis = Basis.REVISION if kind is Kind.ADDED else Basis.SUCCESSION
    if kind in {Kind.MET, Kind.MISSED, Kind.NOT_REPORTED}:
        basis = Basis.FULFILMENT
    return Change(kind, basis, "贵州省", before, after, (delta,) if figures else (), 0.9)


def unsure_change(kind: Kind) -> Change:
    """A commitment that may have been added or dropped, with the nearest sentence."""
    return replace(
        sample_change(kind),
        basis=Basis.SUCCESSION,
        score=0.31,
        nearest_text="加快算力枢纽建设，算力总规模再上一个台阶。",
        certainty=Certainty.UNSURE,
    )


def sample_alerts() -> Iterator[tuple[str, OutboxAlert]]:
    """Pairs of a description, for error messages, and an alert."""
    bare = AlertDocument("", None, DocumentKind.PAGE, None, None, None)
    odd = replace(DOCUMENT, title=_HOSTILE, source_name=_HOSTILE, kind=DocumentKind.NEWS)
    many = tuple(_long(number) for number in range(_MANY))
    for language in ("zh", "en"):
        for kind in Kind:
            yield f"a change: {kind}", sample_alert(sample_change(kind), language=language)
            plain = sample_change(kind, figures=False)
            yield f"a change without numbers: {kind}", sample_alert(plain, language=language)
        change = sample_change(Kind.STRENGTHENED)
        yield (
            "a document without address and date",
            sample_alert(change, document=bare, language=language),
        )
        unnamed = replace(
            change, region=None, after=_plain_opinion(), before=_plain_opinion(), deltas=()
        )
        for kind in (Kind.ADDED, Kind.DROPPED):
            alone = sample_alert(unsure_change(kind), language=language)
            yield f"a change that is not sure: {kind}", replace(alone, unsure=2)
        yield "a change that names no region", sample_alert(unnamed, language=language)
        yield "a title with < and & in it", sample_alert(change, document=odd, language=language)
        yield f"{_MANY} changes at once", sample_alert(*many, language=language)


def _statement(value: float, year: int, *, figures: bool = True) -> Statement:
    target_text = (
        f"超过{value:g}Eflops" if figures else "再上一个台阶" if value > 160 else "稳步扩大"
    )
    text = f"{year}年全省算力总规模{target_text}，把枢纽节点做实。"
    target = Target("算力规模", Op.AT_LEAST, value, "Eflops", None, f"{value:g}Eflops")
    return Statement(
        text=text,
        start=0,
        end=len(text),
        label=Label.COMMITMENT,
        speaker=Speaker.GOVERNMENT,
        region="贵州省",
        year=year,
        themes=("compute", "data"),
        targets=(target,) if figures else (),
        section="二、2026年工作安排",
    )


def _plain_opinion() -> Statement:
    plain = replace(_statement(1, 2026, figures=False), region=None, year=None, section="")
    return replace(plain, label=Label.OPINION, speaker=Speaker.EXPERT, themes=(), text=_HOSTILE)


def _long(number: int) -> Change:
    """A change whose sentences have the maximum length of a message."""
    change = sample_change(Kind.STRENGTHENED)
    deltas = tuple(Delta(f"指标{n}" * 8, "Eflops", number + n, number + n + 1) for n in range(6))
    before, after = _statement(160 + number, 2025), _statement(190 + number, 2026)
    return replace(
        change,
        before=replace(before, text=before.text * 20),
        after=replace(after, text=after.text * 20),
        deltas=deltas,
    )
