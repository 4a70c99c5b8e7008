"""``/rules``, ``/subscribe``, ``/unsubscribe``, ``/mine``: what a chat hears of."""

from __future__ import annotations

import difflib
from collections.abc import Container
from datetime import timedelta

from monitor.bot.context import (
    DESCRIPTION,
    NAME,
    ROOM,
    Answer,
    Asked,
    Office,
    number_of,
    press_of,
    say,
)
from monitor.bot.settings import settings_line
from monitor.messages.i18n import BotTexts, fill
from monitor.messages.richtext import Button, Message, Span, one_line, utf16_length
from monitor.rules.custom import OwnWish, WishError, own_id_of, own_wish
from monitor.rules.loader import parse_rule
from monitor.rules.matcher import RuleSet
from monitor.rules.model import Rule
from monitor.storage import recipients, subscriptions
from monitor.storage.changes import walk_changes

_PAGE = 8
_MOST_MINE = 24
_DAYS = 90
_LOOK_BACK = 2_000
_BUTTON_BYTES = 60
_NEAR = 0.7
_WISH = 1_000


def list_rules(office: Office, asker: Asked) -> Answer:
    """The rules a chat may choose from, each a button that subscribes or unsubscribes."""
    return Answer(_rules_page(office, asker.key, 0))


def turn_rules(office: Office, asker: Asked) -> Answer:
    """Another page of the rules."""
    return Answer(edit=_rules_page(office, asker.key, number_of(asker.said, most=10_000) or 0))


def subscribe(office: Office, asker: Asked) -> Answer:
    """Subscribe to a rule by its id or name, or to regions and words; without any, show rules."""
    wanted = asker.words
    if not wanted:
        return list_rules(office, asker)
    rule = _find(office, wanted)
    if rule is not None:
        return say(_subscribe(office, asker, rule))
    near = None if " " in wanted else _near(office, wanted)
    if near is not None:
        return _did_you_mean(office, asker, near)
    return _subscribe_to_words(office, asker)


def subscribe_to_words(office: Office, asker: Asked) -> Answer:
    """The button for words that looked like the name of a rule."""
    answer = _subscribe_to_words(office, asker)
    return Answer(edit=answer.message)


def toggle(office: Office, asker: Asked, *, on: bool) -> Answer:
    """The buttons of the list of rules."""
    bot = office.words(asker.key)
    page, _, pressed = asker.said.partition(":")
    rule = next((rule for rule in office.offered() if press_of(rule.id) == pressed), None)
    if rule is None:
        return Answer(toast=bot.expired)
    toast = _subscribe(office, asker, rule) if on else _unsubscribe(office, asker, rule.id)
    shown = _rules_page(office, asker.key, number_of(page, most=10_000) or 0)
    return Answer(edit=shown, toast=toast)


def subscribe_by_button(office: Office, asker: Asked) -> Answer:
    """The button under a suggestion."""
    bot = office.words(asker.key)
    rule = next((rule for rule in office.offered() if press_of(rule.id) == asker.said), None)
    if rule is None:
        return Answer(toast=bot.expired)
    return Answer(edit=say(_subscribe(office, asker, rule)).message)


def unsubscribe(office: Office, asker: Asked) -> Answer:
    """End a subscription by the rule's id or name, even of a rule that is no more."""
    wanted = asker.words
    if not wanted:
        return list_mine(office, asker)
    bot = office.words(asker.key)
    names = _names_of_mine(office, asker.key)
    folded = wanted.casefold()
    found = next(
        (i for i, name in names.items() if folded in {i.casefold(), name.casefold()}), None
    )
    found = found or next((i for i in names if i == own_id_of(wanted)), None)
    if found is not None:
        return say(_unsubscribe(office, asker, found))
    rule = _find(office, wanted)
    if rule is None:
        near = difflib.get_close_matches(wanted, [*names, *names.values()], n=1, cutoff=_NEAR)
        hint = f"\n{fill(bot.did_you_mean, rule=one_line(near[0], NAME))}" if near else ""
        return say(fill(bot.unknown, rule=wanted) + hint)
    return say(fill(bot.not_subscribed, rule=_shown(rule.name, rule.id)))


def list_mine(office: Office, asker: Asked) -> Answer:
    """A chat's subscriptions, each a button that ends it; its mutes and its hours."""
    return Answer(_mine(office, asker))


def end_by_button(office: Office, asker: Asked) -> Answer:
    """The buttons under ``/mine``."""
    bot = office.words(asker.key)
    known = {press_of(rule_id): rule_id for rule_id in _names_of_mine(office, asker.key)}
    rule_id = known.get(asker.said)
    toast = bot.expired if rule_id is None else _unsubscribe(office, asker, rule_id)
    return Answer(edit=_mine(office, asker), toast=toast)


def _rules_page(office: Office, key: int, page: int) -> Message:
    bot = office.words(key)
    offered = office.offered()
    if not offered:
        return Message((Span(bot.no_rules),))
    pages = -(-len(offered) // _PAGE)
    page = min(max(page, 0), pages - 1)
    with office.database.read() as session:
        mine = set(subscriptions.rules_of(session, key))
    spans = [Span(bot.rules, bold=True)]
    rows: list[tuple[Button, ...]] = []
    for rule in offered[page * _PAGE : (page + 1) * _PAGE]:
        tick = "✓ " if rule.id in mine else ""
        description = one_line(rule.description, DESCRIPTION)
        spans += [Span(f"\n\n{tick}"), Span(one_line(rule.name, NAME), bold=True)]
        spans.append(
            Span(f"  {one_line(rule.id, NAME)}" + (f"\n{description}" if description else ""))
        )
        verb = "-" if rule.id in mine else "+"
        label = f"{tick or '＋ '}{one_line(rule.name, NAME)}"
        rows.append((Button(label, f"{verb}:{page}:{press_of(rule.id)}"),))
    if pages > 1:
        spans.append(Span("\n\n" + fill(bot.page, page=page + 1, pages=pages), italic=True))
        turns = (("‹", page - 1), ("›", page + 1))
        rows.append(tuple(Button(arrow, f"p:{to}") for arrow, to in turns if 0 <= to < pages))
    return Message(tuple(spans), tuple(rows))


def _mine(office: Office, asker: Asked) -> Message:
    bot = office.words(asker.key)
    now = office.now()
    with office.database.read() as session:
        chat = recipients.get_recipient(session, asker.key)
        muted = subscriptions.muted_rules(session, asker.key, now=now)
    names = _names_of_mine(office, asker.key)
    named = [rule for rule in office.named_for(asker.to) if rule.id not in names]
    spans: list[Span] = []
    rows = []
    if names:
        spans.append(Span(bot.mine, bold=True))
        for rule_id, name in list(names.items())[:_MOST_MINE]:
            spans.append(Span(f"\n✓ {_named(bot, name, rule_id)}{_muted(bot, rule_id, muted)}"))
            rows.append((Button(f"✕ {one_line(name, NAME)}", f"m:{press_of(rule_id)}"),))
    else:
        spans.append(Span(bot.none_mine))
    if named:
        spans.append(Span("\n\n" + bot.named, bold=True))
        spans += [
            Span(f"\n· {_named(bot, rule.name, rule.id)}{_muted(bot, rule.id, muted)}")
            for rule in named[:_MOST_MINE]
        ]
    spans.append(Span("\n\n" + settings_line(chat, bot, now)))
    return Message(_within(spans), tuple(rows))


def _within(spans: list[Span]) -> tuple[Span, ...]:
    """As many of some lines as a message has room for; the last one always."""
    room = ROOM - utf16_length(spans[-1].text)
    kept = []
    for span in spans[:-1]:
        room -= utf16_length(span.text)
        if room < 0:
            break
        kept.append(span)
    return (*kept, spans[-1])


def _named(bot: BotTexts, name: str, rule_id: str) -> str:
    own = rule_id.startswith(subscriptions.OWN)
    return f"{one_line(name, NAME)}  {bot.own if own else one_line(rule_id, NAME)}"


def _muted(bot: BotTexts, rule_id: str, muted: Container[str]) -> str:
    return f" · {bot.muted_rule}" if rule_id in muted else ""


def _names_of_mine(office: Office, key: int) -> dict[str, str]:
    """A chat's subscriptions: ids and names, longest standing first."""
    with office.database.read() as session:
        mine = subscriptions.rules_of(session, key)
        own = {rule.id: rule.name for rule in subscriptions.custom_rules(session, mine)}
    files = office.rules.files.by_id
    return {i: own.get(i) or (files[i].name if i in files else i) for i in mine}


def _find(office: Office, wanted: str) -> Rule | None:
    """A rule by its id or its name, whatever the case."""
    folded = wanted.casefold()
    offered = office.offered()
    exact = (rule for rule in offered if rule.id.casefold() == folded)
    named = (rule for rule in offered if rule.name.casefold() == folded)
    return next(exact, None) or next(named, None)


def _near(office: Office, wanted: str) -> Rule | None:
    """The rule somebody may have meant who wrote something like its id."""
    if not wanted.isascii():
        return None
    offered = {rule.id: rule for rule in office.offered()}
    found = difflib.get_close_matches(wanted.lower(), list(offered), n=1, cutoff=_NEAR)
    return offered[found[0]] if found else None


def _did_you_mean(office: Office, asker: Asked, near: Rule) -> Answer:
    bot = office.words(asker.key)
    wanted = asker.words
    text = f"{fill(bot.unknown, rule=wanted)}\n{fill(bot.did_you_mean, rule=near.id)}"
    rows = [(Button(f"＋ {one_line(near.name, NAME)}", f"n:{press_of(near.id)}"),)]
    if len(wanted.encode()) <= _BUTTON_BYTES:
        rows.append((Button(fill(bot.as_words, words=wanted), f"w:{wanted}"),))
    return Answer(Message((Span(text),), tuple(rows)))


def _subscribe(office: Office, asker: Asked, rule: Rule) -> str:
    bot = office.words(asker.key)
    with office.database.write() as session:
        office.remember(session, asker)
        new = subscriptions.subscribe(session, asker.key, rule.id, now=office.now())
        subscriptions.unmute(session, asker.key, rule.id)
    return fill(bot.subscribed if new else bot.already, rule=_shown(rule.name, rule.id))


def _subscribe_to_words(office: Office, asker: Asked) -> Answer:
    bot = office.words(asker.key)
    try:
        # Whole: of words that were cut short the last one would never be found.
        wish = own_wish(one_line(asker.said, _WISH))
    except WishError as error:
        values = {**error.values, "word": one_line(str(error.values.get("word", "")), NAME)}
        reason = fill(bot.bad_wishes[error.kind], **values)
        return say(fill(bot.bad_words, reason=reason))
    with office.database.write() as session:
        office.remember(session, asker)
        mine = subscriptions.rules_of(session, asker.key)
        own = [rule_id for rule_id in mine if rule_id.startswith(subscriptions.OWN)]
        if wish.id in own:
            return say(fill(bot.already, rule=wish.name))
        if len(own) >= office.policy.own_rules:
            return say(fill(bot.too_many, limit=office.policy.own_rules))
        rule = subscriptions.CustomRule(wish.id, wish.name, wish.body)
        subscriptions.save_custom_rule(session, rule, now=office.now())
        subscriptions.subscribe(session, asker.key, wish.id, now=office.now())
    count = _would_match(office, wish)
    told = bot.would_match if count else bot.would_match_none
    return say(f"{fill(bot.subscribed, rule=wish.name)}\n{fill(told, days=_DAYS, count=count)}")


def _would_match(office: Office, wish: OwnWish) -> int:
    """How many of the last changes a new rule would have told; of a long log only the newest."""
    rules = RuleSet((parse_rule(wish.body, rule_id=wish.id, name=wish.name),))
    since = office.now() - timedelta(days=_DAYS)
    with office.database.read() as session:
        newest = zip(range(_LOOK_BACK), walk_changes(session, since), strict=False)
        return sum(bool(rules.match(item.change)) for _, item in newest)


def _unsubscribe(office: Office, asker: Asked, rule_id: str) -> str:
    bot = office.words(asker.key)
    name = _names_of_mine(office, asker.key).get(rule_id, rule_id)
    with office.database.write() as session:
        ended = subscriptions.unsubscribe(session, asker.key, rule_id)
    said = bot.unsubscribed if ended else bot.not_subscribed
    return fill(said, rule=_shown(name, rule_id))


def _shown(name: str, rule_id: str) -> str:
    if rule_id.startswith(subscriptions.OWN):
        return one_line(name, NAME)
    return f"{one_line(name, NAME)} ({one_line(rule_id, NAME)})"
