"""Text of one change: region and number first, then the sentence with its inline diff.

Text from outside is shortened before it becomes a span, so no cut can fall into markup.
``alert_message`` joins the texts of changes to messages.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor.messages.i18n import (
    AlertTexts,
    alert_texts,
    kind_rank,
    kind_symbol,
    short_metric,
    short_region,
    speaker_name,
)
from monitor.messages.number_format import format_amount, format_change, format_growth
from monitor.messages.richtext import Span, one_line
from monitor.messages.text_diff import inline_diff
from monitor.model.alerts import AlertDocument
from monitor.model.changes import Change, Delta, Kind
from monitor.model.statements import Label, Op, Statement, Target

_SENTENCE = 280
_METRIC = 40
_REGION = 24
_TITLE = 120
_SOURCE = 40
_MAX_MORE_DELTAS = 3


def change_spans(change: Change, language: str = "zh", *, speaker: bool = True) -> tuple[Span, ...]:
    """A change: a headline with region and number, then the sentence with its inline diff.

    Args:
        change: any change.
        language: of the labels; the sentence stays in its own language.
        speaker: whether to append the speaker.
    """
    texts = alert_texts(language)
    spans = [Span(headline(change, language), bold=True)]
    for delta in change.deltas[1 : 1 + _MAX_MORE_DELTAS]:
        spans.append(Span(f"\n{_figure(delta, change, texts)}"))
    spans.append(Span(f"\n{kind_symbol(change.kind)} {texts.kinds[change.kind]}{texts.colon}"))
    spans += sentence_spans(change, texts)
    if speaker:
        spans.append(Span(f"\n— {speaker_and_label(change, language)}"))
    return tuple(spans)


def headline(change: Change, language: str = "zh") -> str:
    """``贵州 算力规模 160 → 190 Eflops ▲18.75%``; without numbers kind, label and themes."""
    texts = alert_texts(language)
    region = one_line(short_region(change.region or change.statement.region), _REGION)
    if change.deltas:
        return f"{region} {_figure(change.deltas[0], change, texts)}".strip()
    label = texts.labels[change.statement.label]
    themes = "、" if language == "zh" else ", "
    named = themes.join(texts.themes.get(theme, theme) for theme in change.statement.themes[:3])
    gap = "" if language == "zh" else " "
    what = f"{texts.kinds[change.kind]}{gap}{label}"
    return one_line(f"{region} {what}{texts.colon + named if named else ''}", 2 * _METRIC)


def change_rank(change: Change) -> tuple[int, int, float]:
    """Sort key: commitments first, then by kind, then by the relative change of the number."""
    moved = max((_relative_step(delta) for delta in change.deltas), default=-1.0)
    label = change.statement.label
    return (0 if label is Label.COMMITMENT else 1, kind_rank(change.kind), -moved)


def _relative_step(delta: Delta) -> float:
    if delta.before is None or delta.after is None:
        return 0.0
    value_change = abs(delta.after - delta.before) / max(abs(delta.before), 1e-9)
    return value_change if value_change == value_change else 0.0  # noqa: PLR0124 - a NaN is not equal to itself


def _figure(delta: Delta, change: Change, texts: AlertTexts) -> str:
    shown = f"{value_change(delta, change, texts)} {relative_change(delta, texts)}".strip()
    return f"{metric_name(delta)} {shown}".strip()


def metric_name(delta: Delta) -> str:
    """The name of the metric, without 全省 and the like, shortened."""
    return one_line(short_metric(delta.metric), _METRIC)


def value_change(delta: Delta, change: Change, texts: AlertTexts) -> str:
    """The number before and after: ``160 → 190 Eflops``, or one of them: ``≥190 Eflops``."""
    if delta.before is not None and delta.after is not None:
        return format_change(delta.before, delta.after, delta.unit, texts)
    if delta.after is not None:
        return _amount_with_op(delta, delta.after, change.after, texts)
    if delta.before is not None:
        return f"{_amount_with_op(delta, delta.before, change.before, texts)} → {texts.dropped}"
    return ""


def relative_change(delta: Delta, texts: AlertTexts) -> str:
    """The change of the number in percent: ``▲18.75%``; empty if there is only one number."""
    if delta.before is None or delta.after is None:
        return ""
    return format_growth(delta.before, delta.after, delta.unit, texts)


def _amount_with_op(
    delta: Delta, value: float, statement: Statement | None, texts: AlertTexts
) -> str:
    """``≥190 Eflops``: the number with the operator of the statement's target."""
    targets: Iterable[Target] = statement.targets if statement is not None else ()
    ops = (t.op for t in targets if t.metric == delta.metric and t.unit == delta.unit)
    return texts.ops[next(ops, Op.REACH)] + format_amount(value, delta.unit, texts)


def sentence_spans(change: Change, texts: AlertTexts) -> list[Span]:
    """The sentence: an inline diff if there are two that resemble each other, else both."""
    before, after = change.before, change.after
    if before is None or after is None or before.text == after.text:
        dropped = change.kind is Kind.DROPPED
        return [Span(one_line(change.statement.text, _SENTENCE), strike=dropped)]
    old = " ".join(before.text.split())
    new = " ".join(after.text.split())
    both = inline_diff(old, new, limit=2 * _SENTENCE)
    if both is not None:
        return list(both)
    return [
        Span("\n" + texts.was),
        Span(one_line(old, _SENTENCE)),
        Span("\n" + texts.now),
        Span(one_line(new, _SENTENCE)),
    ]


def same_speaker(changes: list[Change]) -> bool:
    """Whether all changes have the same speaker, region and label."""
    speakers = {(c.statement.speaker, c.statement.region, c.statement.label) for c in changes}
    return len(speakers) == 1


def speaker_and_label(change: Change, language: str) -> str:
    """Speaker and label: 贵州省政府 · 承诺."""
    statement = change.statement
    region = one_line(statement.region or change.region, _REGION)
    name = speaker_name(statement.speaker, region, language)
    return f"{name} · {alert_texts(language).labels[statement.label]}"


def document_footer(
    document: AlertDocument, changes: list[Change], texts: AlertTexts, language: str
) -> list[Span]:
    """Speaker, document, day, source: 贵州省政府 · 承诺 / 《…政府工作报告》 2026-01-28 · 来源."""
    opening, closing = texts.quote
    title = one_line(document.title, _TITLE) or one_line(document.url, _TITLE) or "?"
    spans = []
    if same_speaker(changes):
        spans.append(Span(speaker_and_label(changes[0], language) + "\n"))
    spans += [Span(opening), Span(title, link=document.url), Span(closing)]
    rest = [
        "" if document.published is None else document.published.isoformat(),
        one_line(document.source_name, _SOURCE),
    ]
    if any(rest):
        spans.append(Span(" " + " · ".join(part for part in rest if part)))
    return spans
