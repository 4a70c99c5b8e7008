"""``/digest``, ``/quiet``, ``/mute``, ``/timezone``, ``/language``, ``/stop``: chat settings."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from monitor.bot.context import MAX_DESCRIPTION, MAX_NAME, BotContext, Reply, Request, text_reply
from monitor.folding import simplify
from monitor.messages.i18n import BotTexts, bot_texts, fill, timezone_aliases
from monitor.messages.richtext import one_line
from monitor.model.delivery_times import MAX_MUTE, parse_digest, parse_quiet, zone_of
from monitor.outbox import admin as outbox_admin
from monitor.outbox.digest import set_digest, set_muted, set_quiet, set_timezone
from monitor.rules.custom import custom_rule_id
from monitor.storage import recipients, subscriptions

_DURATION = r"(\d{1,4})\s*(m|h|d|w|分钟|小时|天|周)"
_UNITS = {
    **dict.fromkeys(("m", "分钟"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "小时"), timedelta(hours=1)),
    **dict.fromkeys(("d", "天"), timedelta(days=1)),
    **dict.fromkeys(("w", "周"), timedelta(weeks=1)),
}
_OFF = {"off", "关", "关闭", "取消"}
_LANGUAGES = {
    **dict.fromkeys(("zh", "zh-cn", "中文", "汉语", "chinese"), "zh"),
    **dict.fromkeys(("en", "en-us", "英文", "英语", "english"), "en"),
}


@cache
def zone_names() -> dict[str, str]:
    """Time zones by their names and cities, case-folded, and aliases such as 北京."""
    names = sorted(available_timezones())
    cities = Counter(name.rpartition("/")[2].casefold() for name in names)
    known = {name.casefold(): name for name in names}
    for name in names:
        city = name.rpartition("/")[2].casefold()
        if cities[city] == 1:
            known.setdefault(city, name)
    return known | timezone_aliases()


def settings_line(chat: recipients.RecipientSettings, bot: BotTexts, now: datetime) -> str:
    """A chat's digest, quiet hours and time zone in one line; a second one while it is muted."""
    line = fill(
        bot.settings,
        digest=bot.digest_off if chat.digest is None else chat.digest,
        quiet=bot.quiet_off if chat.quiet is None else chat.quiet,
        timezone=chat.timezone,
    )
    if chat.muted_until is not None and chat.muted_until > now:
        until = _format_time(chat.muted_until, zone_of(chat.timezone))
        line += "\n" + fill(bot.muted_all, until=until)
    return line


def digest(context: BotContext, request: Request) -> Reply:
    """When the chat gets its alerts: at once, daily or weekly."""
    bot = context.texts(request.recipient_id)
    try:
        chosen = parse_digest("off" if request.normalized_args in _OFF else request.normalized_args)
    except ValueError:
        return text_reply(bot.which_digest)
    with context.database.write() as session:
        context.remember(session, request)
        set_digest(session, request.recipient_id, chosen, now=context.now())
    return text_reply(fill(bot.digest, digest=bot.digest_off if chosen is None else chosen))


def quiet(context: BotContext, request: Request) -> Reply:
    """Quiet hours."""
    bot = context.texts(request.recipient_id)
    try:
        chosen = parse_quiet("off" if request.normalized_args in _OFF else request.normalized_args)
    except ValueError:
        return text_reply(bot.which_quiet)
    with context.database.write() as session:
        context.remember(session, request)
        set_quiet(session, request.recipient_id, chosen, now=context.now())
    return text_reply(fill(bot.quiet, quiet=bot.quiet_off if chosen is None else chosen))


def mute(context: BotContext, request: Request) -> Reply:
    """Mute the chat for a while, with a digest at the end; or mute one rule."""
    bot = context.texts(request.recipient_id)
    words = simplify(request.short_args)
    if request.normalized_args in _OFF:
        with context.database.write() as session:
            context.remember(session, request)
            set_muted(session, request.recipient_id, None, now=context.now())
            subscriptions.unmute(session, request.recipient_id)
        return text_reply(bot.mute_off)
    duration = _parse_duration(request.normalized_args)
    if duration is not None:
        until = context.now() + duration
        with context.database.write() as session:
            context.remember(session, request)
            set_muted(session, request.recipient_id, until, now=context.now())
        return text_reply(
            fill(bot.mute_until, until=_format_time(until, context.timezone(request.recipient_id)))
        )
    name, rest = _name_and_rest(words)
    found = _find_rule(context, request, name)
    if found is None:
        return text_reply(bot.which_mute_time if not words else fill(bot.unknown, rule=name))
    return text_reply(_mute_rule(context, request, *found, rest))


def timezone(context: BotContext, request: Request) -> Reply:
    """The time zone of the chat's digest and quiet hours."""
    bot = context.texts(request.recipient_id)
    name = zone_names().get(request.short_args.casefold().replace(" ", "_"))
    if name is None:
        return text_reply(bot.which_timezone)
    zone = ZoneInfo(name)
    with context.database.write() as session:
        context.remember(session, request)
        set_timezone(session, request.recipient_id, name, now=context.now())
    return text_reply(fill(bot.timezone, timezone=name, time=_format_time(context.now(), zone)))


def language(context: BotContext, request: Request) -> Reply:
    """The language of the chat."""
    chosen = _LANGUAGES.get(request.short_args.casefold(), "")
    if not chosen:
        return text_reply(context.texts(request.recipient_id).which_language)
    with context.database.write() as session:
        context.remember(session, request)
        recipients.set_language(session, request.recipient_id, chosen)
    return text_reply(bot_texts(chosen).language)


def stop(context: BotContext, request: Request) -> Reply:
    """Delete the chat's data and withdraw its alerts.

    If a rule file names the chat, only its opt-out is kept.
    """
    reply = text_reply(context.texts(request.recipient_id).stopped)
    named = bool(context.rules_addressed_to(request.recipient))
    with context.database.write() as session:
        access = recipients.get_recipient(session, request.recipient_id).access
        outbox_admin.forget_chat(session, request.recipient_id)
        outbox_admin.withdraw_alerts(session, request.recipient_id, reason="the chat said /stop")
        if named or access:
            # The operators' decision holds, and rule files must not subscribe the chat again.
            recipients.save_chat(
                session, request.recipient_id, title="", now=context.now(), to=request.recipient
            )
            if access:
                recipients.set_access(session, request.recipient_id, access)
            recipients.deactivate_recipient(session, request.recipient_id)
    return reply


def _mute_rule(context: BotContext, request: Request, rule_id: str, name: str, rest: str) -> str:
    bot = context.texts(request.recipient_id)
    shown = one_line(name, MAX_NAME)
    duration = _parse_duration(rest)
    with context.database.write() as session:
        if rest.casefold() in _OFF:
            subscriptions.unmute(session, request.recipient_id, rule_id)
            return fill(bot.unmuted, rule=shown)
        until = None if duration is None else context.now() + duration
        subscriptions.mute(session, request.recipient_id, rule_id, until=until)
    return fill(bot.muted_now, rule=shown, rule_id=one_line(rule_id, MAX_DESCRIPTION))


def _name_and_rest(words: str) -> tuple[str, str]:
    """A rule's name, and the duration or the ``off`` after it; ``3 d`` may be two words."""
    for most in (2, 1):
        name, *last = words.rsplit(" ", most)
        rest = " ".join(last)
        if name and (_parse_duration(rest) is not None or rest.casefold() in _OFF):
            return name, rest
    return words, ""


def _find_rule(context: BotContext, request: Request, wanted: str) -> tuple[str, str] | None:
    """Id and name of a rule that concerns this chat: its own, one of the files, or a muted one."""
    folded = wanted.casefold()
    if not folded:
        return None
    own_id = custom_rule_id(wanted)
    with context.database.read() as session:
        mine = subscriptions.rules_of(session, request.recipient_id)
        own = {rule.id: rule.name for rule in subscriptions.custom_rules(session, mine)}
        muted = subscriptions.muted_rules(session, request.recipient_id, now=context.now())
    names = {
        rule.id: rule.name
        for rule in (*context.subscribable_rules(), *context.rules_addressed_to(request.recipient))
    }
    names |= {rule_id: names.get(rule_id, rule_id) for rule_id in (*mine, *muted)} | own
    for rule_id, name in names.items():
        if folded in {rule_id.casefold(), name.casefold()} or rule_id == own_id:
            return rule_id, name
    return None


def _parse_duration(text: str) -> timedelta | None:
    found = re.fullmatch(_DURATION, text.casefold())
    if found is None:
        return None
    duration = int(found[1]) * _UNITS[found[2]]
    return min(duration, MAX_MUTE) if duration else None


def _format_time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
