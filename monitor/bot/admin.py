"""The operators' commands: ``/status``, ``/sources``, ``/broadcast``, ``/pause``, and access."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.bot.access import deny_access
from monitor.bot.context import MAX_LIST_TEXT, BotContext, Reply, Request, parse_number, text_reply
from monitor.messages.i18n import alert_texts, fill
from monitor.messages.richtext import (
    Button,
    CallbackPrefix,
    Message,
    Span,
    callback_data,
    one_line,
    short_hash,
    trim,
    utf16_length,
)
from monitor.model.alerts import Access, NoticeKind
from monitor.model.documents import Health, Outcome
from monitor.outbox import admin as outbox_admin
from monitor.outbox.queue import enqueue_notice
from monitor.storage import recipients
from monitor.storage import status as storage_status
from monitor.storage.subscriptions import custom_rules_version

_MAX_BROADCAST = 3_000
_MAX_DRAFTS = 50
_MAX_LINE = 200
_SEND, _CANCEL = "yes", "no"
_ON = {"", "on", "开", "暂停"}
_OFF = {"off", "resume", "关", "关闭", "取消", "继续", "恢复"}


def status(context: BotContext, request: Request) -> Reply:
    """Counts of sources, changes, outbox, chats and rules; mistakes and a pause first."""
    bot = context.texts(request.recipient_id)
    wording, zone, now = bot.status_lines, context.timezone(request.recipient_id), context.now()
    with context.database.read() as connection:
        found = storage_status.overview(connection, since=now - timedelta(days=1))
        waiting = outbox_admin.count_alerts(connection)
        paused = outbox_admin.paused_since(connection)
        own, _ = custom_rules_version(connection)
    lines = []
    if paused is not None:
        lines.append(fill(wording.paused, time=f"{paused.astimezone(zone):%Y-%m-%d %H:%M}"))
    if context.rules.broken is not None:
        lines.append(fill(wording.broken, reason=one_line(str(context.rules.broken), _MAX_LINE)))
    if context.started_at is not None:
        lines.append(fill(wording.up, time=_span(context.started_at, now)))
    counts = {name: waiting.get(name, 0) for name in outbox_admin.COUNTED}
    lines += [
        fill(wording.sources, total=sum(found.health.values()), **found.health),
        fill(wording.changes, total=found.changes, day=found.new_changes),
        fill(wording.outbox, **counts),
    ]
    if found.oldest is not None:
        lines.append(fill(wording.oldest, time=f"{found.oldest.astimezone(zone):%Y-%m-%d %H:%M}"))
    lines += [
        fill(wording.chats, active=found.active, gone=found.gone, asked=found.asked),
        fill(wording.rules, files=len(context.rules.files.rules), own=own),
    ]
    return Reply(
        Message((Span(bot.status_title, bold=True), *(Span(f"\n{line}") for line in lines)))
    )


def sources(context: BotContext, request: Request) -> Reply:
    """The sources that fail or are quiet, longest first."""
    bot, table = (
        context.texts(request.recipient_id),
        alert_texts(context.settings(request.recipient_id).language),
    )
    zone = context.timezone(request.recipient_id)
    with context.database.read() as connection:
        unwell = storage_status.unhealthy_sources(connection)
    if not unwell:
        return text_reply(bot.sources_none)
    spans = [Span(bot.sources_title, bold=True)]
    room = MAX_LIST_TEXT
    for source in unwell:
        line = fill(
            bot.source_line,
            name=one_line(source.name, _MAX_LINE),
            id=source.id,
            health=_HEALTH[source.health],
            since=f"{source.since.astimezone(zone):%Y-%m-%d}",
            outcome=table.outcomes.get(Outcome(source.outcome), source.outcome)
            if source.outcome
            else "",
            reason=one_line(source.reason, _MAX_LINE),
        )
        room -= utf16_length(line) + 1
        if room < 0:
            spans.append(Span("\n…"))
            break
        spans.append(Span("\n" + line.rstrip(" ；;")))
    return Reply(Message(tuple(spans)))


_HEALTH = {Health.FAILING: "⚠️", Health.QUIET: "🔇", Health.OK: "✅"}


def broadcast(context: BotContext, request: Request) -> Reply:
    """Show the broadcast and ask for confirmation."""
    bot = context.texts(request.recipient_id)
    text = trim(request.args.strip(), _MAX_BROADCAST)
    if not text:
        return text_reply(bot.which_broadcast)
    with context.database.read() as connection:
        count = len(recipients.active_chats(connection))
    if len(context.drafts) >= _MAX_DRAFTS:
        context.drafts.clear()
    context.drafts[request.recipient_id] = text
    draft = short_hash(text)
    row = (
        Button(bot.broadcast_send, callback_data(CallbackPrefix.BROADCAST, _SEND, draft)),
        Button(bot.broadcast_cancel, callback_data(CallbackPrefix.BROADCAST, _CANCEL, draft)),
    )
    title = Span(fill(bot.broadcast_ask, count=count) + "\n\n", bold=True)
    return Reply(Message((title, Span(fill(bot.notices[NoticeKind.BROADCAST], text=text))), (row,)))


def decide_broadcast(context: BotContext, request: Request) -> Reply:
    """The buttons under a broadcast: send it to all active chats, or discard it.

    The buttons hold for their own draft only: there may be a later one by now.
    """
    bot = context.texts(request.recipient_id)
    choice, _, draft = request.args.partition(":")
    text = context.drafts.get(request.recipient_id)
    if (
        text is None
        or short_hash(text) != draft
        or context.drafts.pop(request.recipient_id, None) != text
    ):
        return Reply(toast=bot.expired)
    if choice != _SEND:
        return Reply(edit=text_reply(bot.broadcast_cancelled).message)
    with context.database.write() as connection:
        chats = recipients.active_chats(connection)
        count = enqueue_notice(connection, NoticeKind.BROADCAST, text, chats, now=context.now())
    return Reply(edit=text_reply(fill(bot.broadcast_done, count=count)).message)


def pause(context: BotContext, request: Request) -> Reply:
    """Pause delivery, or resume it; any other argument changes nothing."""
    bot = context.texts(request.recipient_id)
    if request.normalized_args not in _ON | _OFF:
        return text_reply(bot.which_pause)
    with context.database.write() as connection:
        if request.normalized_args in _OFF:
            outbox_admin.resume(connection)
            return text_reply(bot.resumed)
        outbox_admin.pause(connection, by=str(request.recipient.chat_id), now=context.now())
    return text_reply(bot.paused)


def decide_access(context: BotContext, request: Request, *, granted: bool) -> Reply:
    """The buttons under a chat's request for access."""
    bot = context.texts(request.recipient_id)
    sign = -1 if request.args.startswith("-") else 1
    number = parse_number(request.args.removeprefix("-"))
    with context.database.write() as connection:
        if number is None or not recipients.is_known(connection, sign * number):
            return Reply(toast=bot.expired)
        chat_id = sign * number
        if not granted:
            deny_access(connection, chat_id)
        else:
            recipients.set_access(connection, chat_id, Access.GRANTED)
            enqueue_notice(connection, NoticeKind.ACCESS_GRANTED, "", [chat_id], now=context.now())
    decided = bot.decided_granted if granted else bot.decided_refused
    return Reply(edit=text_reply(fill(decided, chat=chat_id)).message)


def _span(since: datetime, now: datetime) -> str:
    hours, rest = divmod(int((now - since).total_seconds()), 3_600)
    return f"{hours // 24}d {hours % 24}h {rest // 60}m"
