"""``/digest``, ``/quiet``, ``/mute``, ``/timezone``, ``/language``, ``/stop``: a chat's hours."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from monitor.bot.context import DESCRIPTION, NAME, Answer, Asked, Office, say
from monitor.messages.i18n import BotTexts, bot_texts, fill, timezone_aliases
from monitor.messages.richtext import one_line
from monitor.model.schedule import parse_digest, parse_quiet, zone_of
from monitor.outbox import admin as outbox_admin
from monitor.outbox.digest import set_digest, set_muted, set_quiet, set_timezone
from monitor.rules.custom import own_id_of, plain
from monitor.storage import recipients, subscriptions

_SPAN = re.compile(r"(\d{1,4})\s*(m|h|d|w|分钟|小时|天|周)")
_UNITS = {
    **dict.fromkeys(("m", "分钟"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "小时"), timedelta(hours=1)),
    **dict.fromkeys(("d", "天"), timedelta(days=1)),
    **dict.fromkeys(("w", "周"), timedelta(weeks=1)),
}
_LONGEST = timedelta(days=366)
_OFF = {"off", "关", "关闭", "取消"}
_LANGUAGES = {
    **dict.fromkeys(("zh", "zh-cn", "中文", "汉语", "chinese"), "zh"),
    **dict.fromkeys(("en", "en-us", "英文", "英语", "english"), "en"),
}


@cache
def zone_names() -> dict[str, str]:
    """Time zones by what people call them: their names, their cities, in any case; 北京."""
    names = sorted(available_timezones())
    cities = Counter(name.rpartition("/")[2].casefold() for name in names)
    known = {name.casefold(): name for name in names}
    for name in names:
        city = name.rpartition("/")[2].casefold()
        if cities[city] == 1:
            known.setdefault(city, name)
    return known | timezone_aliases()


def settings_line(chat: recipients.RecipientSettings, bot: BotTexts, now: datetime) -> str:
    """A chat's hours in one line."""
    line = fill(
        bot.settings,
        digest=bot.digest_off if chat.digest is None else chat.digest,
        quiet=bot.quiet_off if chat.quiet is None else chat.quiet,
        timezone=chat.timezone,
    )
    if chat.muted_until is not None and chat.muted_until > now:
        until = _moment(chat.muted_until, zone_of(chat.timezone))
        line += "\n" + fill(bot.muted_all, until=until)
    return line


def digest(office: Office, asker: Asked) -> Answer:
    """When the chat is told: at once, daily or weekly."""
    bot = office.words(asker.key)
    try:
        chosen = parse_digest("off" if asker.plain in _OFF else asker.plain)
    except ValueError:
        return say(bot.which_digest)
    with office.database.write() as session:
        office.remember(session, asker)
        set_digest(session, asker.key, chosen, now=office.now())
    return say(fill(bot.digest, digest=bot.digest_off if chosen is None else chosen))


def quiet(office: Office, asker: Asked) -> Answer:
    """Hours in which the chat is not disturbed."""
    bot = office.words(asker.key)
    try:
        chosen = parse_quiet("off" if asker.plain in _OFF else asker.plain)
    except ValueError:
        return say(bot.which_quiet)
    with office.database.write() as session:
        office.remember(session, asker)
        set_quiet(session, asker.key, chosen, now=office.now())
    return say(fill(bot.quiet, quiet=bot.quiet_off if chosen is None else chosen))


def mute(office: Office, asker: Asked) -> Answer:
    """Silence for a while, after which all is told at once; or silence about one rule."""
    bot = office.words(asker.key)
    words = plain(asker.words)
    if asker.plain in _OFF:
        with office.database.write() as session:
            office.remember(session, asker)
            set_muted(session, asker.key, None, now=office.now())
            subscriptions.unmute(session, asker.key)
        return say(bot.mute_off)
    span = _span(asker.plain)
    if span is not None:
        until = office.now() + span
        with office.database.write() as session:
            office.remember(session, asker)
            set_muted(session, asker.key, until, now=office.now())
        return say(fill(bot.mute_until, until=_moment(until, office.zone(asker.key))))
    name, rest = _name_and_rest(words)
    found = _rule(office, asker, name)
    if found is None:
        return say(bot.which_mute_time if not words else fill(bot.unknown, rule=name))
    return say(_mute_rule(office, asker, *found, rest))


def timezone(office: Office, asker: Asked) -> Answer:
    """The time zone of the chat's digest and quiet hours."""
    bot = office.words(asker.key)
    name = zone_names().get(asker.words.casefold().replace(" ", "_"))
    if name is None:
        return say(bot.which_timezone)
    zone = ZoneInfo(name)
    with office.database.write() as session:
        office.remember(session, asker)
        set_timezone(session, asker.key, name, now=office.now())
    return say(fill(bot.timezone, timezone=name, time=_moment(office.now(), zone)))


def language(office: Office, asker: Asked) -> Answer:
    """The language of the chat."""
    chosen = _LANGUAGES.get(asker.words.casefold(), "")
    if not chosen:
        return say(office.words(asker.key).which_language)
    with office.database.write() as session:
        office.remember(session, asker)
        recipients.set_language(session, asker.key, chosen)
    return say(bot_texts(chosen).language)


def stop(office: Office, asker: Asked) -> Answer:
    """Forget the chat, and what still waits for it.

    Of a chat that a rule's file names nothing is kept but that it wants nothing.
    """
    answer = say(office.words(asker.key).stopped)
    named = bool(office.named_for(asker.to))
    with office.database.write() as session:
        access = recipients.get_recipient(session, asker.key).access
        outbox_admin.forget_chat(session, asker.key)
        outbox_admin.withdraw_alerts(session, asker.key, reason="the chat said /stop")
        if named or access:
            # What operators decided about it is theirs, and it must not begin anew unasked.
            recipients.save_chat(session, asker.key, title="", now=office.now(), to=asker.to)
            if access:
                recipients.set_access(session, asker.key, access)
            recipients.deactivate_recipient(session, asker.key)
    return answer


def _mute_rule(office: Office, asker: Asked, rule_id: str, name: str, rest: str) -> str:
    bot = office.words(asker.key)
    shown = one_line(name, NAME)
    span = _span(rest)
    with office.database.write() as session:
        if rest.casefold() in _OFF:
            subscriptions.unmute(session, asker.key, rule_id)
            return fill(bot.unmuted, rule=shown)
        until = None if span is None else office.now() + span
        subscriptions.mute(session, asker.key, rule_id, until=until)
    return fill(bot.muted_now, rule=shown, rule_id=one_line(rule_id, DESCRIPTION))


def _name_and_rest(words: str) -> tuple[str, str]:
    """The rule somebody names, and the time or the ``off`` after it; 3 d may be two words."""
    for most in (2, 1):
        name, *last = words.rsplit(" ", most)
        rest = " ".join(last)
        if name and (_span(rest) is not None or rest.casefold() in _OFF):
            return name, rest
    return words, ""


def _rule(office: Office, asker: Asked, wanted: str) -> tuple[str, str] | None:
    """A rule this chat may hear of, by id or name: its own, the files', or those it muted."""
    folded = wanted.casefold()
    if not folded:
        return None
    own_id = own_id_of(wanted)
    with office.database.read() as session:
        mine = subscriptions.rules_of(session, asker.key)
        own = {rule.id: rule.name for rule in subscriptions.custom_rules(session, mine)}
        muted = subscriptions.muted_rules(session, asker.key, now=office.now())
    names = {rule.id: rule.name for rule in (*office.offered(), *office.named_for(asker.to))}
    names |= {rule_id: names.get(rule_id, rule_id) for rule_id in (*mine, *muted)} | own
    for rule_id, name in names.items():
        if folded in {rule_id.casefold(), name.casefold()} or rule_id == own_id:
            return rule_id, name
    return None


def _span(text: str) -> timedelta | None:
    found = _SPAN.fullmatch(text.casefold())
    if found is None:
        return None
    span = int(found[1]) * _UNITS[found[2]]
    return min(span, _LONGEST) if span else None


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
