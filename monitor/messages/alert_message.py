"""Paginated message of an alert: strongest changes first, as many as Telegram's limits allow.

Pages are split between changes, so no cut can fall into markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.messages.change_text import (
    change_rank,
    change_spans,
    document_footer,
    same_speaker,
    target_text,
)
from monitor.messages.i18n import BotTexts, alert_texts, bot_texts, fill, short_region
from monitor.messages.richtext import (
    ENTITY_LIMIT,
    TEXT_LIMIT,
    Button,
    CallbackPrefix,
    Message,
    Span,
    callback_data,
    entity_count,
    one_line,
    trim,
    utf16_length,
)
from monitor.model.alerts import AlertChange, AlertDocument, Notice, NoticeKind, OutboxAlert
from monitor.model.delivery_times import zone_of
from monitor.model.documents import Health
from monitor.model.feedback import FeedbackSummary

MAX_CHANGES = 12
"""Changes on one page: nobody reads more at once."""

TEMPLATE_PAGE = -1
"""Stands for the page of an alert whose message a template made."""

_SENTENCE = 280
_TITLE = 120
_NOTICE = 3_000
_TARGET = 60
# Room for the number of remaining changes, the note of a possible duplicate and empty lines.
_RESERVE = 160

_Buttons = tuple[tuple[Button, ...], ...]
_NONE: _Buttons = ()


def render_alert(alert: OutboxAlert, page: int = 0) -> Message:
    """One page of an alert in the language of its chat.

    Args:
        alert: any alert.
        page: 0 is the message that is sent, with the strongest changes; a number beyond the last
            page gives the last page.
    """
    if alert.event is not None:
        spans, buttons = _health_spans(alert), _NONE
    elif alert.notice is not None:
        spans, buttons = _notice(alert, alert.notice)
    else:
        spans, buttons = _changes_page(alert, page)
    return Message((*spans, *duplicate_note(alert)), buttons, alert)


def duplicate_note(alert: OutboxAlert) -> tuple[Span, ...]:
    """The note under a message that may have been delivered before; else nothing."""
    if not alert.possibly_delivered:
        return ()
    return Span("\n"), Span(alert_texts(alert.language).possibly_delivered, italic=True)


def unsure_count(alert: OutboxAlert) -> tuple[Span, ...]:
    """The line that counts what may have been dropped or added; nothing if all is sure."""
    if not alert.unsure:
        return ()
    line = alert_texts(alert.language).unsure.format(count=alert.unsure)
    return Span("\n" if alert.document else "\n\n"), Span(line, italic=True)


def _targets_due(alert: OutboxAlert) -> tuple[Span, ...]:
    """How many targets are due this year, and the first of them; of most alerts nothing."""
    if alert.due is None:
        return ()
    texts = alert_texts(alert.language)
    lines = [
        f"· {one_line(f'{short_region(region)} {target_text(target, texts)}', _TARGET)}"
        for region, target in alert.due.first
    ]
    rest = alert.due.count - len(lines)
    if rest:
        lines.append(texts.more.format(count=rest))
    title = texts.targets_due.format(year=alert.due.year, count=alert.due.count)
    region = short_region(alert.due.first[0][0])
    where = texts.see_targets_due.format(year=alert.due.year, region=region)
    return Span(f"\n\n{title}", bold=True), Span("\n" + "\n".join((*lines, where)))


def ranked_changes(alert: OutboxAlert) -> list[AlertChange]:
    """The changes of an alert by the priority of their rules, then the strongest first."""
    return sorted(alert.changes, key=lambda item: (-item.priority, *change_rank(item.change)))


def page_changes(alert: OutboxAlert, page: int) -> list[tuple[int, AlertChange]]:
    """The changes on a page of an alert, each with its number in the order of ``ranked_changes``.

    Args:
        alert: an alert with changes.
        page: as for ``render_alert``; ``TEMPLATE_PAGE`` is a message made by a template.
    """
    items = ranked_changes(alert)
    begin, end = (0, MAX_CHANGES) if page == TEMPLATE_PAGE else _page(alert, items, page).bounds
    return list(enumerate(items[begin:end], begin + 1))


@dataclass(frozen=True, slots=True)
class _Page:
    """The text of a page: changes ``begin`` to ``end``; ``number`` is that of the page."""

    number: int
    bounds: tuple[int, int]
    head: list[Span]
    body: list[Span]
    foot: list[Span]
    tail: tuple[Span, ...]


def _page(alert: OutboxAlert, items: Sequence[AlertChange], page: int) -> _Page:
    texts = alert_texts(alert.language)
    changes = [item.change for item in items]
    foot = document_footer(alert.document, changes, texts, alert.language) if alert.document else []
    head = [] if alert.document else _digest_head(alert)
    tail = (*unsure_count(alert), *_targets_due(alert))
    several = alert.document is None or not same_speaker(changes)
    around = (*head, *foot, *tail)
    frame = utf16_length("".join(span.text for span in around))
    begin = number = 0
    while True:
        room, styles = (
            TEXT_LIMIT - _RESERVE - frame,
            ENTITY_LIMIT - entity_count(around) - 1,
        )
        body: list[Span] = []
        end = begin
        for item in items[begin : begin + MAX_CHANGES]:
            shown = [*_item(item, alert, several=several, numbered=number > 0), Span("\n\n")]
            room -= utf16_length("".join(span.text for span in shown))
            styles -= entity_count(shown)
            if body and (room < 0 or styles < 0):
                break
            body += shown
            end += 1
        if number == page or end >= len(items):
            return _Page(number, (begin, end), head, body, foot, tail)
        begin, number = end, number + 1


def _changes_page(alert: OutboxAlert, page: int) -> tuple[list[Span], _Buttons]:
    texts = alert_texts(alert.language)
    items = ranked_changes(alert)
    found = _page(alert, items, page)
    body, foot = found.body, found.foot
    rest = len(items) - found.bounds[1]
    if rest:
        body.append(Span(texts.more.format(count=rest) + "\n\n"))
    if body and not foot:
        body[-1] = Span(body[-1].text.rstrip("\n"))
    buttons = _paging(alert, found.number, rest) + alert_actions(alert, found.number)
    return [*found.head, *body, *foot, *found.tail], buttons


def _item(
    item: AlertChange, alert: OutboxAlert, *, several: bool, numbered: bool
) -> Sequence[Span]:
    spans = list(change_spans(item.change, alert.language, speaker=several))
    if item.correction is not None:
        correction = bot_texts(alert.language).corrections[item.correction]
        spans.append(Span(f"\n⚠️ {correction}", italic=True))
    if alert.document is None and item.document is not None:
        spans += [Span("\n"), *document_line(item.document)]
    if numbered:
        spans.append(Span(f"\n/commitment_{item.change_id}"))
    return spans


def document_line(document: AlertDocument) -> tuple[Span, ...]:
    """The document of a change on one line: its title as a link, and its day."""
    title = one_line(document.title, _TITLE) or one_line(document.url, _TITLE) or "?"
    day = "" if document.published is None else f" {document.published.isoformat()}"
    return (Span(title, link=document.url), Span(day))


def _digest_head(alert: OutboxAlert) -> list[Span]:
    day = alert.created_at.astimezone(zone_of(alert.timezone)).date()
    title = alert_texts(alert.language).digest.format(day=day.isoformat(), count=len(alert.changes))
    return [Span(title, bold=True), Span("\n\n")]


def _paging(alert: OutboxAlert, page: int, rest: int) -> _Buttons:
    bot = bot_texts(alert.language)
    paging = []
    if page:
        paging.append(
            Button(bot.previous, callback_data(CallbackPrefix.ALERT_PAGE, alert.id, page - 1))
        )
    if rest:
        paging.append(
            Button(
                fill(bot.more_changes, count=rest),
                callback_data(CallbackPrefix.ALERT_PAGE, alert.id, page + 1),
            )
        )
    return (tuple(paging),) if paging else ()


def page_buttons(alert: OutboxAlert, page: int) -> _Buttons:
    """The buttons under a page of an alert, or under a message that a template made of it."""
    if page != TEMPLATE_PAGE:
        return _changes_page(alert, page)[1]
    # The first page of the built-in message shows what a short template leaves out.
    data = callback_data(CallbackPrefix.ALERT_PAGE, alert.id, 0)
    expand = Button(bot_texts(alert.language).expand, data)
    return ((expand,), *alert_actions(alert, page))


def alert_actions(alert: OutboxAlert, page: int = 0) -> _Buttons:
    """The buttons of an alert without those that turn its pages."""
    bot = bot_texts(alert.language)
    shown = 0 if page == TEMPLATE_PAGE else page
    actions = [Button(bot.evidence, callback_data(CallbackPrefix.ALERT_EVIDENCE, alert.id, shown))]
    if any(item.change.deltas for item in alert.changes):
        actions.append(Button(bot.chart, callback_data(CallbackPrefix.ALERT_CHART, alert.id)))
    actions += [
        Button(bot.mute_rule, callback_data(CallbackPrefix.MUTE_RULE, alert.id, shown)),
        Button(bot.feedback, callback_data(CallbackPrefix.FEEDBACK, alert.id, page)),
    ]
    if not alert.unsure:
        return (tuple(actions),)
    data = callback_data(CallbackPrefix.ALERT_UNSURE, alert.id, 0)
    return ((Button(fill(bot.unsure_changes, count=alert.unsure), data),), tuple(actions))


def _health_spans(alert: OutboxAlert) -> list[Span]:
    """A health transition of a source, for operators: state, duration and reason."""
    event, texts = alert.event, alert_texts(alert.language)
    if event is None:  # pragma: no cover - called for alerts with an event only
        return [Span("?")]
    days = max((event.at - event.since).total_seconds() / 86_400, 0.0)
    state = texts.health[event.health].format(
        was=texts.outcomes[event.outcome], days=f"{days:.1f}".removesuffix(".0")
    )
    spans = [Span(f"{one_line(event.name, _TITLE)} ({event.source_id})", bold=True), Span("\n")]
    spans.append(Span(state))
    if event.reason and event.health is Health.FAILING:
        spans.append(Span("\n" + one_line(event.reason, _SENTENCE)))
    return spans


def _notice(alert: OutboxAlert, notice: Notice) -> tuple[list[Span], _Buttons]:
    bot = bot_texts(alert.language)
    if notice.item is not None and notice.feedback is not None:
        if notice.kind is NoticeKind.FEEDBACK:
            message = feedback_message(notice.item, notice.feedback, alert.language)
            decided = () if message.buttons else (Span(f"\n\n{bot.feedback_decided}", bold=True),)
            return [*message.spans, *decided], message.buttons
        return _correction_spans(notice.item, notice.feedback, alert.language), _NONE
    text = trim(notice.text, _NOTICE)
    spans = [Span(fill(bot.notices[notice.kind], about=notice.about or "", text=text))]
    return spans, _access_buttons(notice, bot)


def feedback_message(item: AlertChange, feedback: FeedbackSummary, language: str) -> Message:
    """A change and what people say is wrong with it, for operators, with the buttons to decide."""
    bot = bot_texts(language)
    counts = feedback_counts(feedback, bot)
    spans = [
        Span(bot.notices[NoticeKind.FEEDBACK], bold=True),
        Span(f"\n{counts}\n\n" if counts else "\n\n"),
        *_change_with_document(item, language),
    ]
    rows = [
        (
            Button(
                fill(bot.feedback_confirm, kind=bot.feedback_kinds[kind]),
                callback_data(CallbackPrefix.FEEDBACK_CONFIRM, item.change_id, kind),
            ),
        )
        for kind, _ in feedback.counts
    ]
    if rows:
        data = callback_data(CallbackPrefix.FEEDBACK_REJECT, item.change_id)
        rows.append((Button(bot.feedback_reject, data),))
    return Message(tuple(spans), tuple(rows))


def feedback_counts(feedback: FeedbackSummary, bot: BotTexts) -> str:
    """How many people say what, of what waits for a decision."""
    return bot.separator.join(
        fill(bot.feedback_count, kind=bot.feedback_kinds[kind], count=count)
        for kind, count in feedback.counts
    )


def _correction_spans(item: AlertChange, feedback: FeedbackSummary, language: str) -> list[Span]:
    bot = bot_texts(language)
    title = bot.notices[NoticeKind.CORRECTION]
    if feedback.correction is not None:
        title = f"✎ {bot.corrections[feedback.correction]}"
    spans = [Span(title, bold=True)]
    if feedback.note:
        spans.append(Span(f"\n{one_line(feedback.note, _SENTENCE)}"))
    return [*spans, Span("\n\n"), *_change_with_document(item, language)]


def _change_with_document(item: AlertChange, language: str) -> list[Span]:
    spans = list(change_spans(item.change, language))
    if item.document is not None:
        spans += [Span("\n"), *document_line(item.document)]
    return [*spans, Span(f"\n/commitment_{item.change_id}")]


def _access_buttons(notice: Notice, bot: BotTexts) -> _Buttons:
    """The buttons with which an operator grants or refuses access to a chat."""
    if notice.kind is not NoticeKind.ACCESS_REQUESTED or notice.about is None:
        return _NONE
    return (
        (
            Button(bot.allow, callback_data(CallbackPrefix.GRANT_ACCESS, notice.about)),
            Button(bot.refuse, callback_data(CallbackPrefix.DENY_ACCESS, notice.about)),
        ),
    )
