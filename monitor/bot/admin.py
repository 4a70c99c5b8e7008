"""``/status``, ``/sources``, ``/broadcast``, ``/pause`` and the buttons that let chats in."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.bot import access
from monitor.bot.context import ROOM, Answer, Asked, Office, number_of, press_of, say
from monitor.messages.i18n import alert_texts, fill
from monitor.messages.richtext import Button, Message, Span, one_line, trim, utf16_length
from monitor.model.alerts import Access, NoticeKind
from monitor.model.documents import Health, Outcome
from monitor.outbox import admin as outbox_admin
from monitor.outbox.queue import enqueue_notice
from monitor.storage import recipients
from monitor.storage import status as storage_status
from monitor.storage.subscriptions import custom_rules_version

_DRAFT = 3_000
_MOST_DRAFTS = 50
_LINE = 200
_ON = {"", "on", "开", "暂停"}
_OFF = {"off", "resume", "关", "关闭", "取消", "继续", "恢复"}


def status(office: Office, asker: Asked) -> Answer:
    """How it is going: sources, outbox, chats, rules, and what needs somebody."""
    bot = office.words(asker.key)
    lines, zone, now = bot.status_lines, office.zone(asker.key), office.now()
    with office.database.read() as session:
        found = storage_status.overview(session, since=now - timedelta(days=1))
        waiting = outbox_admin.count_alerts(session)
        paused = outbox_admin.paused_since(session)
        own, _ = custom_rules_version(session)
    told = []
    if paused is not None:
        told.append(fill(lines.paused, time=f"{paused.astimezone(zone):%Y-%m-%d %H:%M}"))
    if office.rules.broken is not None:
        told.append(fill(lines.broken, reason=one_line(str(office.rules.broken), _LINE)))
    if office.started is not None:
        told.append(fill(lines.up, time=_span(office.started, now)))
    counts = {name: waiting.get(name, 0) for name in outbox_admin.COUNTED}
    told += [
        fill(lines.sources, total=sum(found.health.values()), **found.health),
        fill(lines.changes, total=found.changes, day=found.new_changes),
        fill(lines.outbox, **counts),
    ]
    if found.oldest is not None:
        told.append(fill(lines.oldest, time=f"{found.oldest.astimezone(zone):%Y-%m-%d %H:%M}"))
    told += [
        fill(lines.chats, active=found.active, gone=found.gone, asked=found.asked),
        fill(lines.rules, files=len(office.rules.files.rules), own=own),
    ]
    return Answer(Message((Span(bot.status_title, bold=True), *(Span(f"\n{t}") for t in told))))


def sources(office: Office, asker: Asked) -> Answer:
    """The sources that are not well, longest first."""
    bot, table = office.words(asker.key), alert_texts(office.chat(asker.key).language)
    zone = office.zone(asker.key)
    with office.database.read() as session:
        unwell = storage_status.unhealthy_sources(session)
    if not unwell:
        return say(bot.sources_none)
    spans = [Span(bot.sources_title, bold=True)]
    room = ROOM
    for source in unwell:
        line = fill(
            bot.source_line,
            name=one_line(source.name, _LINE),
            id=source.id,
            health=_HEALTH[source.health],
            since=f"{source.since.astimezone(zone):%Y-%m-%d}",
            outcome=table.outcomes.get(Outcome(source.outcome), source.outcome)
            if source.outcome
            else "",
            reason=one_line(source.reason, _LINE),
        )
        room -= utf16_length(line) + 1
        if room < 0:
            spans.append(Span("\n…"))
            break
        spans.append(Span("\n" + line.rstrip()))
    return Answer(Message(tuple(spans)))


_HEALTH = {Health.FAILING: "⚠️", Health.QUIET: "🔇", Health.OK: "✅"}


def broadcast(office: Office, asker: Asked) -> Answer:
    """Show what all chats are to read, and ask whether it shall go out."""
    bot = office.words(asker.key)
    text = trim(asker.said.strip(), _DRAFT)
    if not text:
        return say(bot.which_broadcast)
    with office.database.read() as session:
        count = len(recipients.active_chats(session))
    if len(office.drafts) >= _MOST_DRAFTS:
        office.drafts.clear()
    office.drafts[asker.key] = text
    draft = press_of(text)
    row = (
        Button(bot.broadcast_send, f"bc:yes:{draft}"),
        Button(bot.broadcast_cancel, f"bc:no:{draft}"),
    )
    title = Span(fill(bot.broadcast_ask, count=count) + "\n\n", bold=True)
    return Answer(
        Message((title, Span(fill(bot.notices[NoticeKind.BROADCAST], text=text))), (row,))
    )


def decide_broadcast(office: Office, asker: Asked) -> Answer:
    """The buttons below: into the outbox, once, or nowhere.

    A draft is sent by the buttons under it only: a later one may wait by now.
    """
    bot = office.words(asker.key)
    said, _, draft = asker.said.partition(":")
    text = office.drafts.get(asker.key)
    if text is None or press_of(text) != draft or office.drafts.pop(asker.key, None) != text:
        return Answer(toast=bot.expired)
    if said != "yes":
        return Answer(edit=say(bot.broadcast_cancelled).message)
    with office.database.write() as session:
        everybody = recipients.active_chats(session)
        count = enqueue_notice(session, NoticeKind.BROADCAST, text, everybody, now=office.now())
    return Answer(edit=say(fill(bot.broadcast_done, count=count)).message)


def pause(office: Office, asker: Asked) -> Answer:
    """Keep everything in the outbox, or go on; for any other word nothing is switched."""
    bot = office.words(asker.key)
    if asker.plain not in _ON | _OFF:
        return say(bot.which_pause)
    with office.database.write() as session:
        if asker.plain in _OFF:
            outbox_admin.resume(session)
            return say(bot.resumed)
        outbox_admin.pause(session, by=str(asker.to.chat_id), now=office.now())
    return say(bot.paused)


def decide_access(office: Office, asker: Asked, *, granted: bool) -> Answer:
    """The buttons of a chat's wish to use the bot."""
    bot = office.words(asker.key)
    sign = -1 if asker.said.startswith("-") else 1
    number = number_of(asker.said.removeprefix("-"))
    with office.database.write() as session:
        if number is None or not recipients.is_known(session, sign * number):
            return Answer(toast=bot.expired)
        chat_id = sign * number
        if not granted:
            access.refuse(session, chat_id)
        else:
            recipients.set_access(session, chat_id, Access.GRANTED)
            enqueue_notice(session, NoticeKind.ACCESS_GRANTED, "", [chat_id], now=office.now())
    said = bot.decided_granted if granted else bot.decided_refused
    return Answer(edit=say(fill(said, chat=chat_id)).message)


def _span(since: datetime, now: datetime) -> str:
    hours, rest = divmod(int((now - since).total_seconds()), 3_600)
    return f"{hours // 24}d {hours % 24}h {rest // 60}m"
