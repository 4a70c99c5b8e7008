"""``/digest``, ``/quiet``, ``/mute``, ``/timezone``, ``/language``, ``/stop``: chat settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from monitor.bot.context import (
    EVERYTHING,
    MAX_NAME,
    BotContext,
    Reply,
    Request,
    name_to_type,
    text_reply,
)
from monitor.extraction.regions import regions_named
from monitor.folding import simplify
from monitor.messages.i18n import BotTexts, bot_texts, fill, timezone_aliases
from monitor.messages.richtext import one_line
from monitor.model.delivery_times import (
    DEFAULT_ZONE,
    Digest,
    find_zone,
    parse_digest,
    parse_duration,
    parse_quiet,
    parse_until,
    zone_label,
    zone_of,
)
from monitor.outbox import admin as outbox_admin
from monitor.outbox import chats
from monitor.outbox.digest import set_digest, set_muted, set_quiet, set_timezone
from monitor.rules.custom import custom_rule_ids, translate_terms
from monitor.storage import recipients, subscriptions

_OFF = {
    *("off", "none", "no", "stop", "disable", "never"),
    *("关", "关闭", "关掉", "取消", "不要", "停", "停止", "解除", "恢复"),
}
_ON = {"on", "yes", "开", "开启", "打开"}
_NO_RULE = _ON | {"forever", "always", "永远", "永久", "weekend", "the weekend", "周末"}
"""What people write after /mute that is no rule; the hint says how to write a time."""
_RECENT = timedelta(days=7)
_LANGUAGES = {
    **dict.fromkeys(("zh", "zh-cn", "中文", "汉语", "chinese"), "zh"),
    **dict.fromkeys(("en", "en-us", "英文", "英语", "english"), "en"),
}


class SilenceReason(StrEnum):
    """Why a chat is sent nothing now, or was not until now; the bot has a line for each."""

    RETURNED = "returned"
    STOPPED = "stopped"
    PAUSED = "paused"
    MUTED = "muted"
    RULES_MUTED = "rules_muted"
    QUIET = "quiet"
    DIGEST = "digest"
    RATE_LIMIT = "rate_limit"


class Refusal(StrEnum):
    """Why Telegram did not take a chat's alerts; the bot has a line for each."""

    BLOCKED = "blocked"
    REMOVED = "removed"
    NO_RIGHT = "no_right"


def delivery_lines(
    context: BotContext,
    request: Request,
    chat: recipients.RecipientSettings,
    *,
    all_muted: bool = False,
) -> list[str]:
    """A chat's settings in one line, and then one for each reason why nothing is sent now.

    Args:
        context: what handlers work with.
        request: the chat's; ``returned`` tells that it was given up on until now.
        chat: its settings.
        all_muted: each of its rules is muted.
    """
    bot = bot_texts(chat.language)
    now, zone = context.now(), zone_of(chat.timezone)
    with context.database.read() as connection:
        paused = outbox_admin.paused_since(connection)
        alerts = outbox_admin.waiting_alerts(connection, chat.id, since=now - _RECENT)
    line = fill(
        bot.settings,
        digest=_digest_label(chat.digest, bot),
        quiet=bot.quiet_off if chat.quiet is None else chat.quiet,
        timezone=zone_label(chat.timezone),
    )
    found: list[tuple[SilenceReason, datetime | None]] = []
    if request.returned:
        found.append((SilenceReason.RETURNED, None))
    if not chat.active:
        found.append((SilenceReason.STOPPED, None))
    if paused is not None:
        found.append((SilenceReason.PAUSED, paused))
    if chat.muted_until is not None and chat.muted_until > now:
        found.append((SilenceReason.MUTED, chat.muted_until))
    if all_muted:
        found.append((SilenceReason.RULES_MUTED, None))
    quiet_until = None if chat.quiet is None else chat.quiet.ends_after(now, zone)
    if quiet_until is not None:
        found.append((SilenceReason.QUIET, quiet_until))
    if chat.digest is not None:
        found.append((SilenceReason.DIGEST, chat.digest.next_after(now, zone)))
    if chat.defer_until is not None and chat.defer_until > now:
        found.append((SilenceReason.RATE_LIMIT, chat.defer_until))
    lines = [
        fill(bot.silence[reason], until="" if at is None else _format_time(at, zone))
        for reason, at in found
    ]
    if alerts.waiting:
        lines.append(fill(bot.waiting, count=alerts.waiting))
    return [line, *lines, *_given_up_lines(alerts.given_up, bot)]


def _given_up_lines(given_up: Mapping[str, int], bot: BotTexts) -> list[str]:
    """Why alerts of the last days were not delivered, and what to do about it."""
    counts: Counter[Refusal] = Counter()
    for error, count in given_up.items():
        refusal = _refusal_of(error.casefold())
        if refusal is not None:
            counts[refusal] += count
    return [fill(bot.refusals[refusal], count=counts[refusal]) for refusal in counts]


def _refusal_of(error: str) -> Refusal | None:
    """What Telegram refused; None for alerts that somebody withdrew."""
    signs = {
        Refusal.BLOCKED: ("blocked by the user", "user is deactivated", "can't initiate"),
        Refusal.REMOVED: ("kicked", "removed from the chat", "not a member", "not found"),
        Refusal.NO_RIGHT: ("rights", "write_forbidden", "restricted", "topic_closed"),
    }
    return next(
        (refusal for refusal, words in signs.items() if any(word in error for word in words)), None
    )


def digest(context: BotContext, request: Request) -> Reply:
    """When the chat gets its alerts: at once, daily or weekly."""
    bot = context.texts(request.recipient_id)
    try:
        chosen = parse_digest(_plain_digest(request.normalized_args))
    except ValueError:
        return text_reply(bot.which_digest)
    with context.database.write() as connection:
        context.remember(connection, request)
        set_digest(connection, request.recipient_id, chosen, now=context.now())
    return text_reply(fill(bot.digest, digest=_digest_label(chosen, bot)))


def _plain_digest(words: str) -> str:
    return "off" if words in _OFF else "daily" if words in _ON else words


def _digest_label(digest: Digest | None, bot: BotTexts) -> str:
    """A digest's days and time as people write them: 每天 09:00, 周一至周五 08:30."""
    if digest is None:
        return bot.digest_off
    if len(digest.weekdays) == len(bot.weekdays):
        return f"{bot.every_day} {digest.at:%H:%M}"
    runs = (
        bot.weekdays[first]
        if first == last
        else f"{bot.weekdays[first]}{bot.until}{bot.weekdays[last]}"
        for first, last in digest.runs
    )
    return f"{bot.enumeration.join(runs)} {digest.at:%H:%M}"


def quiet(context: BotContext, request: Request) -> Reply:
    """Quiet hours."""
    bot = context.texts(request.recipient_id)
    try:
        chosen = parse_quiet("off" if request.normalized_args in _OFF else request.normalized_args)
    except ValueError:
        return text_reply(bot.which_quiet)
    with context.database.write() as connection:
        context.remember(connection, request)
        set_quiet(connection, request.recipient_id, chosen, now=context.now())
    return text_reply(fill(bot.quiet, quiet=bot.quiet_off if chosen is None else chosen))


def mute(context: BotContext, request: Request) -> Reply:
    """Mute the chat for a while, with a digest at the end; or mute one rule."""
    bot = context.texts(request.recipient_id)
    words = simplify(request.short_args)
    if request.normalized_args in _OFF:
        with context.database.write() as connection:
            context.remember(connection, request)
            set_muted(connection, request.recipient_id, None, now=context.now())
            subscriptions.unmute(connection, request.recipient_id)
        return text_reply(bot.mute_off)
    now, zone = context.now(), context.timezone(request.recipient_id)
    until = _end_of_mute(words, now, zone)
    if until is not None:
        with context.database.write() as connection:
            context.remember(connection, request)
            set_muted(connection, request.recipient_id, until, now=now)
        return text_reply(fill(bot.mute_until, until=_format_time(until, zone)))
    name, rest = _name_and_rest(words, now, zone)
    found = _find_rule(context, request, name)
    if found is None and name.casefold() in EVERYTHING:
        return mute(context, replace(request, args=rest))
    if found is None:
        return text_reply(f"{_hint_to_mute(words, name, now, zone, bot)}{bot.which_mute_time}")
    return text_reply(_mute_rule(context, request, *found, rest))


def _hint_to_mute(words: str, name: str, now: datetime, zone: ZoneInfo, bot: BotTexts) -> str:
    """A line for words that are neither a time nor a rule; empty where the usual hint will do."""
    if not words or words[0].isnumeric() or words[0] in "半到" or words.casefold() in _NO_RULE:
        return ""
    # 明天 may be until it begins, or all of it.
    day = words.removeprefix("for ")
    until = f"until {day}" if day.isascii() else f"到{day}"
    if parse_until(until, now, zone) is not None:
        return f"{fill(bot.mute_until_then, command=f'/mute {until}')}\n"
    return f"{fill(bot.unknown, rule=name)}\n"


def timezone(context: BotContext, request: Request) -> Reply:
    """The time zone of the chat's digest and quiet hours."""
    bot = context.texts(request.recipient_id)
    name = _find_zone(request.short_args)
    if name is None:
        return text_reply(bot.which_timezone)
    zone = ZoneInfo(name)
    with context.database.write() as connection:
        context.remember(connection, request)
        set_timezone(connection, request.recipient_id, name, now=context.now())
    time = _format_time(context.now(), zone)
    return text_reply(fill(bot.timezone, timezone=zone_label(name), time=time))


def _find_zone(text: str) -> str | None:
    """A time zone by name, offset or city; all of China's places have that of China."""
    found = find_zone(text, timezone_aliases())
    return DEFAULT_ZONE if found is None and regions_named(text) else found


def language(context: BotContext, request: Request) -> Reply:
    """The language of the chat."""
    chosen = _LANGUAGES.get(request.short_args.casefold(), "")
    if not chosen:
        return text_reply(context.texts(request.recipient_id).which_language)
    with context.database.write() as connection:
        context.remember(connection, request)
        recipients.set_language(connection, request.recipient_id, chosen)
    return text_reply(bot_texts(chosen).language)


def stop(context: BotContext, request: Request) -> Reply:
    """Delete the chat's data and withdraw its alerts.

    If a rule file names the chat, only its opt-out is kept.
    """
    reply = text_reply(context.texts(request.recipient_id).stopped)
    named = bool(context.rules_addressed_to(request.recipient))
    with context.database.write() as connection:
        access = recipients.get_recipient(connection, request.recipient_id).access
        chats.forget_chat(connection, request.recipient_id)
        chats.withdraw_alerts(connection, request.recipient_id, reason="the chat said /stop")
        if named or access:
            # The operators' decision holds, and rule files must not subscribe the chat again.
            recipients.save_chat(
                connection, request.recipient_id, title="", now=context.now(), to=request.recipient
            )
            if access:
                recipients.set_access(connection, request.recipient_id, access)
            recipients.deactivate_recipient(connection, request.recipient_id)
    return reply


def _mute_rule(context: BotContext, request: Request, rule_id: str, name: str, rest: str) -> str:
    bot = context.texts(request.recipient_id)
    shown = one_line(name, MAX_NAME)
    zone = context.timezone(request.recipient_id)
    until = _end_of_mute(rest, context.now(), zone)
    with context.database.write() as connection:
        if rest.casefold() in _OFF:
            subscriptions.unmute(connection, request.recipient_id, rule_id)
            return fill(bot.unmuted, rule=shown)
        subscriptions.mute(connection, request.recipient_id, rule_id, until=until)
    values = {"rule": shown, "rule_id": name_to_type(rule_id, name)}
    if until is None:
        return fill(bot.muted_now, **values)
    time = _format_time(until, zone)
    return fill(bot.muted_rule_until, until=time, **values)


def _end_of_mute(words: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When a mute ends that is written as a duration or a moment; None for other words."""
    duration = parse_duration(words)
    if duration is not None:
        return now + duration
    return parse_until(words.removeprefix("for "), now, zone)


def _name_and_rest(words: str, now: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """A rule's name, and the time or the ``off`` after it, which may be some words: ``3 d``.

    An ``off`` may stand before the name, too.
    """
    first, _, behind = words.partition(" ")
    if behind and first.casefold() in _OFF:
        return behind, first
    for most in (4, 3, 2, 1):
        name, *last = words.rsplit(" ", most)
        rest = " ".join(last)
        if name and (_end_of_mute(rest, now, zone) is not None or rest.casefold() in _OFF):
            return name, rest
    return words, ""


def _find_rule(context: BotContext, request: Request, wanted: str) -> tuple[str, str] | None:
    """Id and name of a rule that concerns this chat: its own, one of the files, or a muted one."""
    folded = wanted.casefold()
    if not folded:
        return None
    own_ids = custom_rule_ids(translate_terms(wanted))
    with context.database.read() as connection:
        mine = subscriptions.rules_of(connection, request.recipient_id)
        own = {rule.id: rule.name for rule in subscriptions.custom_rules(connection, mine)}
        muted = subscriptions.muted_rules(connection, request.recipient_id, now=context.now())
    names = {
        rule.id: rule.name
        for rule in (*context.subscribable_rules(), *context.rules_addressed_to(request.recipient))
    }
    names |= {rule_id: names.get(rule_id, rule_id) for rule_id in (*mine, *muted)} | own
    for rule_id, name in names.items():
        if folded in {rule_id.casefold(), name.casefold()} or rule_id in own_ids:
            return rule_id, name
    return None


def _format_time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
