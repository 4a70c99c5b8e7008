"""Text of one change: region and number first, then the sentence with its inline diff.

In the diff removed text is struck out and added text is bold.

Text from outside is shortened before it becomes a span, so no cut can fall into markup.
``alert_message`` joins the texts of changes to messages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from monitor.messages.i18n import (
    AlertTexts,
    alert_texts,
    kind_rank,
    kind_symbol,
    short_metric,
    short_region,
    speaker_name,
)
from monitor.messages.richtext import Span, one_line, trim, utf16_length
from monitor.model.alerts import AlertDocument
from monitor.model.changes import Basis, Certainty, Change, Delta, Kind
from monitor.model.statements import Label, Op, Statement, Target

_UNIT_LIMIT = 12
_EXACT = 1e15


def format_amount(value: float, unit: str, texts: AlertTexts) -> str:
    """A number with its unit.

    Args:
        value: in ``unit``, 万 and 亿 multiplied out.
        unit: as targets carry it; empty for a ratio.
        texts: in the reader's language.
    """
    number, scale = _scaled(value, unit, texts)
    return number + scale + _unit(unit, texts)


def format_change(before: float, after: float, unit: str, texts: AlertTexts) -> str:
    """From one number to another: ``160 → 190 Eflops``, ``15万P → 18万P``.

    A unit that both have is written once, but for numbers with 万 or 亿: 15 → 18万P could begin
    at fifteen.
    """
    old, old_scale = _scaled(before, unit, texts)
    new, new_scale = _scaled(after, unit, texts)
    if not (old_scale + new_scale).isascii():
        return f"{format_amount(before, unit, texts)} → {format_amount(after, unit, texts)}"
    left = old if old_scale == new_scale else old + old_scale
    return f"{left} → {new}{new_scale}{_unit(unit, texts)}"


def format_deltas(deltas: Iterable[Delta], texts: AlertTexts) -> str:
    """``算力规模 15万P → 18万P; …``: a dash stands for a number that is new or gone."""

    def shown(delta: Delta) -> str:
        if delta.before is not None and delta.after is not None:
            return format_change(delta.before, delta.after, delta.unit, texts)
        before, after = (
            "–" if value is None else format_amount(value, delta.unit, texts)
            for value in (delta.before, delta.after)
        )
        return f"{before} → {after}"

    return "; ".join(f"{delta.metric} {shown(delta)}".strip() for delta in deltas)


def format_growth(
    before: float, after: float, unit: str, texts: AlertTexts, *, direction: float | None = None
) -> str:
    """▲18.75% or ▼5%, in points for shares; empty where a percentage is meaningless.

    A number that grows and is the weaker promise for it has no arrow, which would contradict
    the number or the promise: a ceiling that rises is ``+4.17%（减码）``.

    Args:
        before: the number before, in ``unit``.
        after: the number after.
        unit: of both.
        texts: in the reader's language.
        direction: above 0 if the promise became stronger, below if weaker, 0 if nobody knows.
            That of the number if not given.
    """
    step = after - before
    if not math.isfinite(step) or step == 0:
        return ""
    way = step if direction is None else direction
    size = _step_size(before, step, unit, texts)
    if way * step > 0:
        return ("▲" if step > 0 else "▼") + size
    signed = f"{'+' if step > 0 else '-'}{size}" if size else ""
    if way == 0:
        return signed
    meaning = texts.kinds[Kind.STRENGTHENED if way > 0 else Kind.WEAKENED]
    return texts.growth_meaning.format(growth=signed, meaning=meaning).strip()


def _step_size(before: float, step: float, unit: str, texts: AlertTexts) -> str:
    if unit == "%":
        return f"{_plain(round(abs(step), 2), texts)}{texts.points}"
    percent = abs(step) / before * 100 if before > 0 else math.inf
    return f"{_plain(round(percent, 2), texts)}%" if math.isfinite(percent) else ""


def format_short(value: float, texts: AlertTexts) -> str:
    """A number in three significant digits or whole, for narrow places: 190, 1250, 12.3万."""
    for name, size in texts.short_scales.items():
        if abs(value) >= max(size, 1e4):
            return _three_digits(value / size) + name
    if abs(value) < 1000:
        return _three_digits(value)
    return f"{value:,.0f}" if abs(value) >= texts.comma_from else f"{value:.0f}"


def _three_digits(value: float) -> str:
    if value == 0 or not math.isfinite(value):
        return "0"
    decimals = min(max(0, 2 - math.floor(math.log10(abs(value)))), 4)
    digits = f"{value:.{decimals}f}"
    shown = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return "0" if shown == "-0" else shown


def _scaled(value: float, unit: str, texts: AlertTexts) -> tuple[str, str]:
    """The digits, and 万 or 亿 where that leaves at most two decimals.

    P, MW and Eflops have prefixes of their own, so that no *million* goes before them; but 15万P
    is what people write.
    """
    if unit and unit != "%" and math.isfinite(value):
        for name, size in texts.scales.items():
            if name.isascii() and _is_latin(unit):
                continue
            part = value / size
            if 1 <= abs(part) < _EXACT and math.isclose(part, round(part, 2), rel_tol=1e-12):
                return _plain(round(part, 2), texts), name
    return _plain(value, texts), ""


def _plain(value: float, texts: AlertTexts) -> str:
    if not math.isfinite(value):
        return "?"
    if abs(value) >= _EXACT or 0 < abs(value) < 1e-4:
        return f"{value:.4g}"
    digits = f"{value:,.4f}" if abs(value) >= texts.comma_from else f"{value:.4f}"
    return digits.rstrip("0").rstrip(".")


def _unit(unit: str, texts: AlertTexts) -> str:
    known = texts.units.get(unit)
    name = one_line(known or unit, _UNIT_LIMIT)
    apart = known is not None or (len(name) > 1 and _is_latin(name))
    return f" {name}" if apart else name


def _is_latin(unit: str) -> bool:
    return "!" <= unit[:1] <= "~"


_READ_LIMIT = 800
_CONTEXT_LENGTH = 40
_MIN_SIMILARITY = 0.5
_MAX_PARTS = 24


def inline_diff(before: str, after: str, *, limit: int) -> tuple[Span, ...] | None:
    """One text that shows both; None if they have too little in common to be read as one.

    Long unchanged parts are shortened to ``…``.

    Args:
        before: the old sentence.
        after: the new one.
        limit: UTF-16 units of the result, which is cut at its end.
    """
    old = _token_pattern().findall(before[:_READ_LIMIT])
    new = _token_pattern().findall(after[:_READ_LIMIT])
    parts = list(_parts(old, new))
    same = sum(len(kept) for kept, _, _ in parts)
    total = min(len(before), _READ_LIMIT) + min(len(after), _READ_LIMIT)
    if 2 * same < _MIN_SIMILARITY * total or len(parts) > _MAX_PARTS:
        return None
    spans: list[Span] = []
    last = len(parts) - 1
    for index, (kept, removed, added) in enumerate(parts):
        ending = index == last and not removed and not added
        spans.append(Span(_shortened(kept, first=index == 0, last=ending)))
        # The arrow serves readers who see no styles: notifications, plain text, pipes.
        arrow = Span("→" if removed and added else "")
        spans += [Span(removed, strike=True), arrow, Span(added, bold=True)]
    return _cut([span for span in spans if span.text], limit)


def marked_sides(
    before: Sequence[str], after: Sequence[str]
) -> tuple[list[tuple[Span, ...]], list[tuple[Span, ...]]] | None:
    """Sentences that stand for one promise, each with what only its side says marked.

    A promise that was split or merged has several on a side: they are compared as one text.

    Args:
        before: the old sentences, in their order.
        after: the new ones.

    Returns:
        Their spans; None if the sides have too little in common, or are too long.
    """
    left, right = "".join(before), "".join(after)
    if max(len(left), len(right)) > _READ_LIMIT:
        return None
    parts = list(_parts(_token_pattern().findall(left), _token_pattern().findall(right)))
    same = sum(len(kept) for kept, _, _ in parts)
    if 2 * same < _MIN_SIMILARITY * (len(left) + len(right)) or len(parts) > _MAX_PARTS:
        return None
    old, new = [], []
    for kept, removed, added in parts:
        old += [Span(kept), Span(removed, strike=True)]
        new += [Span(kept), Span(added, bold=True)]
    return list(_of_each(old, before)), list(_of_each(new, after))


def _of_each(spans: Iterable[Span], sentences: Sequence[str]) -> Iterator[tuple[Span, ...]]:
    """The spans of a text, cut where its sentences end."""
    rest = [span for span in spans if span.text]
    for sentence in sentences:
        missing, found = len(sentence), []
        while missing:
            span = rest.pop(0)
            if len(span.text) > missing:
                rest.insert(0, replace(span, text=span.text[missing:]))
                span = replace(span, text=span.text[:missing])
            missing -= len(span.text)
            found.append(span)
        yield tuple(found)


def _parts(old: list[str], new: list[str]) -> Iterator[tuple[str, str, str]]:
    """Triples of unchanged, removed and added text.

    A single unchanged token between two changes is joined to them.
    """
    # Loaded with the first diff: it takes 20 ms.
    from rapidfuzz.distance import Levenshtein

    kept, removed, added = "", "", ""
    for step in Levenshtein.opcodes(old, new):
        left = "".join(old[step.src_start : step.src_end])
        right = "".join(new[step.dest_start : step.dest_end])
        if step.tag != "equal":
            removed, added = removed + left, added + right
        elif not removed and not added:
            kept += left
        elif step.src_end - step.src_start == 1 and step.src_end < len(old):
            removed, added = removed + left, added + right
        else:
            yield kept, removed, added
            kept, removed, added = left, "", ""
    yield kept, removed, added


def _shortened(text: str, *, first: bool, last: bool) -> str:
    if len(text) <= 2 * _CONTEXT_LENGTH + 10:
        return text
    head = "" if first else text[:_CONTEXT_LENGTH]
    tail = "" if last and not first else text[-_CONTEXT_LENGTH:]
    return f"{head}…{tail}"


def _cut(spans: list[Span], limit: int) -> tuple[Span, ...]:
    result: list[Span] = []
    for span in spans:
        size = utf16_length(span.text)
        if size > limit:
            if limit > 1:
                result.append(Span(trim(span.text, limit), bold=span.bold, strike=span.strike))
            break
        result.append(span)
        limit -= size
    return tuple(result)


@cache
def _token_pattern() -> re.Pattern[str]:
    # Numbers and Latin words are replaced whole: 160 → 190, never 1<60→90>.
    return re.compile(r"\d+(?:[.,]\d+)*%?|[A-Za-z]+|\s+|.", re.DOTALL)


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
    spans.append(Span(f"\n{kind_symbol(change.kind)} {kind_name(change, texts)}{texts.colon}"))
    spans += sentence_spans(change, texts)
    note = unsure_note(change, texts)
    if note:
        spans.append(Span(f"\n{note}", italic=True))
    if speaker:
        spans.append(Span(f"\n— {speaker_and_label(change, language)}"))
    return tuple(spans)


def headline(
    change: Change, language: str = "zh", *, has_region: bool = True, has_kind: bool = True
) -> str:
    """``贵州 算力规模 160 → 190 Eflops ▲18.75%``; without numbers kind, label and themes.

    Of a verdict ``贵州 met: 算力规模 ≥20,000P promised, 22,000P reached``.

    Args:
        change: any change.
        language: of the words.
        has_region: False where the region stands beside it.
        has_kind: False where the kind of change stands beside it.
    """
    texts = alert_texts(language)
    region = one_line(short_region(change.region or change.statement.region), _REGION)
    region = region if has_region else ""
    if change.deltas:
        figure = _figure(change.deltas[0], change, texts)
        if change.basis is Basis.FULFILMENT and has_kind:
            figure = f"{texts.kinds[change.kind]}{texts.colon}{figure}"
        return f"{region} {figure}".strip()
    label = texts.labels[change.statement.label]
    themes = "、" if language == "zh" else ", "
    named = themes.join(texts.themes.get(theme, theme) for theme in change.statement.themes[:3])
    gap = "" if language == "zh" else " "
    what = f"{kind_name(change, texts)}{gap}{label}" if has_kind else label
    return one_line(f"{region} {what}{texts.colon + named if named else ''}".strip(), 2 * _METRIC)


def kind_name(change: Change, texts: AlertTexts) -> str:
    """The kind of a change in words; of a document that is gone or back, that it is."""
    if change.basis is Basis.WITHDRAWAL:
        return texts.withdrawal.get(change.kind, texts.kinds[change.kind])
    return texts.kinds[change.kind]


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
    shown = value_change(delta, change, texts)
    if change.basis is not Basis.FULFILMENT:  # a target that was met has not grown
        shown = f"{shown} {relative_change(delta, change, texts)}".strip()
    return f"{metric_name(delta)} {shown}".strip()


def metric_name(delta: Delta) -> str:
    """The name of the metric, without 全省 and the like, shortened."""
    return one_line(short_metric(delta.metric), _METRIC)


def target_text(target: Target, texts: AlertTexts) -> str:
    """A target in words: ``算力规模 ≥190 Eflops``."""
    metric = one_line(short_metric(target.metric), _METRIC)
    amount = format_amount(target.value, target.unit, texts)
    return f"{metric} {_sign_of(target.op, target.value, texts)}{amount}"


def _sign_of(op: Op, value: float, texts: AlertTexts) -> str:
    """The sign before a number; a decrease has its own minus: -30%, not +-30%."""
    return "" if op is Op.INCREASE_BY and value < 0 else texts.ops[op]


def value_change(delta: Delta, change: Change, texts: AlertTexts) -> str:
    """The number before and after: ``160 → 190 Eflops``, or one of them: ``≥190 Eflops``.

    Of a verdict what was promised and what was reached.
    """
    if change.basis is Basis.FULFILMENT and delta.before is not None:
        promised = _amount_with_op(delta, delta.before, change.before, texts)
        if delta.after is None:
            return texts.promised_number.format(promised=promised)
        reached = format_amount(delta.after, delta.unit, texts)
        return texts.reached_number.format(promised=promised, reached=reached)
    if delta.before is not None and delta.after is not None:
        return format_change(delta.before, delta.after, delta.unit, texts)
    if delta.after is not None:
        return _amount_with_op(delta, delta.after, change.after, texts)
    if delta.before is not None:
        return f"{_amount_with_op(delta, delta.before, change.before, texts)} → {texts.dropped}"
    return ""


def relative_change(delta: Delta, change: Change, texts: AlertTexts) -> str:
    """The change of the number in percent: ``▲18.75%``; empty if there is only one number.

    ▲ is a larger number and a stronger promise, ▼ a smaller and weaker one. Where they differ the
    number has its sign and the promise its word: of PUE 1.2 → 1.25 it is ``+4.17%（减码）``.
    """
    if delta.before is None or delta.after is None:
        return ""
    # Loaded with the first pair of numbers: messages without one do not need the cue words.
    from monitor.comparison.targets import delta_direction

    direction = delta_direction(delta, change.before, change.after)
    return format_growth(delta.before, delta.after, delta.unit, texts, direction=direction)


def _amount_with_op(
    delta: Delta, value: float, statement: Statement | None, texts: AlertTexts
) -> str:
    """``≥190 Eflops``: the number with the operator of the statement's target."""
    targets: Iterable[Target] = statement.targets if statement is not None else ()
    ops = (t.op for t in targets if t.metric == delta.metric and t.unit == delta.unit)
    sign = _sign_of(next(ops, Op.REACH), value, texts)
    return sign + format_amount(value, delta.unit, texts)


def sentence_spans(change: Change, texts: AlertTexts) -> list[Span]:
    """The sentence: an inline diff if there are two that resemble each other, else both.

    Of a verdict both, with what they are: a review is no new wording of the promise.
    """
    before, after = change.before, change.after
    if before is not None and after is not None and change.basis is Basis.FULFILMENT:
        return _both(texts.promised, before.text, texts.reviewed, after.text)
    if before is None or after is None or before.text == after.text:
        dropped = change.kind is Kind.DROPPED
        return [Span(one_line(change.statement.text, _SENTENCE), strike=dropped)]
    old = " ".join(before.text.split())
    new = " ".join(after.text.split())
    both = inline_diff(old, new, limit=2 * _SENTENCE)
    if both is not None:
        return list(both)
    return _both(texts.was, old, texts.now, new)


def _both(first: str, old: str, second: str, new: str) -> list[Span]:
    """Two sentences, each on its own line after its name."""
    return [
        Span("\n" + first),
        Span(one_line(old, _SENTENCE)),
        Span("\n" + second),
        Span(one_line(new, _SENTENCE)),
    ]


def unsure_note(change: Change, texts: AlertTexts) -> str:
    """``not repeated; nearest: …`` for a change that is not sure; else empty."""
    if change.certainty is Certainty.SURE or change.kind not in texts.not_repeated:
        return ""
    return texts.not_repeated[change.kind] + (one_line(change.nearest_text, _SENTENCE) or "–")


def same_speaker(changes: list[Change]) -> bool:
    """Whether all changes have the same speaker, by name, region and label."""
    said = [change.statement for change in changes]
    speakers = {(s.speaker, s.source_name, s.person, s.region, s.label) for s in said}
    return len(speakers) == 1


def speaker_and_label(change: Change, language: str) -> str:
    """Speaker and label: 贵州省政府 · 承诺, 国家数据局 局长张某 · 承诺."""
    statement = change.statement
    region = one_line(statement.region or change.region, _REGION)
    name = speaker_name(statement, region, language)
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
