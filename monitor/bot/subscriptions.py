"""``/rules``, ``/subscribe``, ``/unsubscribe``, ``/mine``: the rules of a chat."""

from __future__ import annotations

import difflib
import re
from collections.abc import Container
from dataclasses import replace
from datetime import timedelta

from monitor.bot.context import (
    EVERYTHING,
    MAX_DESCRIPTION,
    MAX_LIST_TEXT,
    MAX_NAME,
    BotContext,
    Reply,
    Request,
    parse_number,
    text_reply,
)
from monitor.bot.in_force import MatchesInForce, words_beside
from monitor.bot.settings import delivery_lines
from monitor.extraction.regions import regions_spelt
from monitor.folding import fold
from monitor.messages.i18n import BotTexts, alert_texts, fill, short_region
from monitor.messages.richtext import (
    Button,
    CallbackPrefix,
    Message,
    Span,
    callback_data,
    fits_callback_data,
    one_line,
    short_hash,
    utf16_length,
)
from monitor.model.alerts import CUSTOM_RULE_PREFIX
from monitor.rules.custom import (
    CustomRuleDraft,
    CustomRuleError,
    UnknownPlace,
    custom_rule_ids,
    parse_custom_rule,
    translate_terms,
    unknown_places,
    with_place,
)
from monitor.rules.matcher import RuleSet
from monitor.rules.model import Rule
from monitor.storage import recipients, subscriptions
from monitor.storage.changes import walk_changes

_PAGE_SIZE = 8
_MAX_LISTED = 24
_PREVIEW_DAYS = 90
_MAX_PREVIEWED_CHANGES = 2_000
_MIN_NAME_SIMILARITY = 0.7
_MAX_CUSTOM_RULE_TEXT = 1_000
_MAX_PAGE = 10_000
_MAX_SAMPLES = 3
_MAX_SAMPLE = 80
_MIN_PHRASE = 5
_BUTTONS_IN_ROW = 3
_ID_SEPARATORS = re.compile(r"[\s_-]+")


def list_rules(context: BotContext, request: Request) -> Reply:
    """The rules a chat may choose from, each a button that subscribes or unsubscribes."""
    return Reply(_rules_page(context, request.recipient_id, 0))


def rules_page(context: BotContext, request: Request) -> Reply:
    """Another page of the rules."""
    return Reply(
        edit=_rules_page(
            context, request.recipient_id, parse_number(request.args, most=_MAX_PAGE) or 0
        )
    )


def subscribe(context: BotContext, request: Request) -> Reply:
    """Subscribe to a rule by id or name, or to regions and words; without arguments list rules."""
    wanted = request.short_args
    if not wanted:
        return list_rules(context, request)
    rule = find_rule(context, wanted)
    if rule is not None:
        return Reply(subscribe_rule(context, request, rule))
    if request.normalized_args in EVERYTHING:
        return list_rules(context, request)
    # Suzhou is a place, if not one: it is no misspelt guizhou.
    is_words = " " in wanted or bool(regions_spelt(wanted))
    near = None if is_words else similar_rule(context, wanted)
    if near is not None:
        return _did_you_mean(context, request, near)
    return _subscribe_to_known(context, replace(request, args=translate_terms(request.args)))


def subscribe_words(context: BotContext, request: Request) -> Reply:
    """The button that takes a misspelt rule name, or a place nobody knows, as words."""
    return Reply(edit=_subscribe_to_words(context, request).message)


def subscribe_place(context: BotContext, request: Request) -> Reply:
    """The button that takes the place that was meant."""
    return Reply(edit=_subscribe_to_known(context, request).message)


def add_word(context: BotContext, request: Request) -> Reply:
    """The button that adds a word or a place to a custom rule: the narrower rule replaces it."""
    bot = context.texts(request.recipient_id)
    number, _, word = request.args.partition(":")
    with context.database.read() as connection:
        mine = subscriptions.rules_of(connection, request.recipient_id)
        known = subscriptions.custom_rules(connection, mine)
    old = next((rule for rule in known if rule.id == f"{CUSTOM_RULE_PREFIX}{number}"), None)
    if old is None:
        return Reply(toast=bot.expired)
    wider = replace(request, args=f"{old.name} {word}")
    return Reply(edit=_subscribe_to_words(context, wider, instead_of=old.id).message)


def toggle(context: BotContext, request: Request, *, on: bool) -> Reply:
    """The buttons of the list of rules."""
    bot = context.texts(request.recipient_id)
    page, _, hashed = request.args.partition(":")
    rule = next(
        (rule for rule in context.subscribable_rules() if short_hash(rule.id) == hashed), None
    )
    if rule is None:
        return Reply(toast=bot.expired)
    change = _subscribe if on else _unsubscribe
    toast = change(context, request, rule.id)
    shown = _rules_page(context, request.recipient_id, parse_number(page, most=_MAX_PAGE) or 0)
    return Reply(edit=shown, toast=toast)


def subscribe_suggestion(context: BotContext, request: Request) -> Reply:
    """The button that accepts a suggested rule."""
    bot = context.texts(request.recipient_id)
    rule = next(
        (rule for rule in context.subscribable_rules() if short_hash(rule.id) == request.args), None
    )
    if rule is None:
        return Reply(toast=bot.expired)
    return Reply(edit=subscribe_rule(context, request, rule))


def unsubscribe(context: BotContext, request: Request) -> Reply:
    """End a subscription by the rule's id or name, even of a rule that no longer exists."""
    wanted = request.short_args
    if not wanted:
        return list_mine(context, request)
    bot = context.texts(request.recipient_id)
    names = _subscriptions_of(context, request.recipient_id)
    folded = wanted.casefold()
    found = next(
        (i for i, name in names.items() if folded in {i.casefold(), name.casefold()}), None
    )
    found = found or next((i for i in custom_rule_ids(translate_terms(wanted)) if i in names), None)
    if found is not None:
        return text_reply(_unsubscribe(context, request, found))
    if request.normalized_args in EVERYTHING:
        return list_mine(context, request)
    rule = find_rule(context, wanted)
    if rule is None:
        near = difflib.get_close_matches(
            wanted, [*names, *names.values()], n=1, cutoff=_MIN_NAME_SIMILARITY
        )
        hint = f"\n{fill(bot.did_you_mean, rule=one_line(near[0], MAX_NAME))}" if near else ""
        return text_reply(fill(bot.unknown, rule=wanted) + hint)
    return text_reply(fill(bot.not_subscribed, rule=_display_name(rule.name, rule.id)))


def list_mine(context: BotContext, request: Request) -> Reply:
    """A chat's subscriptions, each a button that ends it; its mutes and its settings."""
    return Reply(_mine(context, request))


def end_subscription(context: BotContext, request: Request) -> Reply:
    """The buttons under ``/mine``."""
    bot = context.texts(request.recipient_id)
    known = {
        short_hash(rule_id): rule_id for rule_id in _subscriptions_of(context, request.recipient_id)
    }
    rule_id = known.get(request.args)
    toast = bot.expired if rule_id is None else _unsubscribe(context, request, rule_id)
    return Reply(edit=_mine(context, request), toast=toast)


def _rules_page(context: BotContext, recipient_id: int, page: int) -> Message:
    bot = context.texts(recipient_id)
    offered = context.subscribable_rules()
    if not offered:
        return Message((Span(bot.no_rules),))
    pages = -(-len(offered) // _PAGE_SIZE)
    page = min(max(page, 0), pages - 1)
    with context.database.read() as connection:
        mine = set(subscriptions.rules_of(connection, recipient_id))
    counts = context.in_force.counts(context.database, context.rules.files, context.now())
    spans = [Span(bot.rules, bold=True)]
    rows: list[tuple[Button, ...]] = []
    for rule in offered[page * _PAGE_SIZE : (page + 1) * _PAGE_SIZE]:
        tick = "✓ " if rule.id in mine else ""
        description = one_line(rule.description, MAX_DESCRIPTION)
        spans += [Span(f"\n\n{tick}"), Span(one_line(rule.name, MAX_NAME), bold=True)]
        spans.append(
            Span(f"  {one_line(rule.id, MAX_NAME)}" + (f"\n{description}" if description else ""))
        )
        if rule.id in counts:
            spans.append(Span(f"\n{fill(bot.in_force, count=counts[rule.id])}", italic=True))
        subscribed = rule.id in mine
        prefix = CallbackPrefix.UNSUBSCRIBE if subscribed else CallbackPrefix.SUBSCRIBE
        label = f"{tick or '＋ '}{one_line(rule.name, MAX_NAME)}"
        rows.append((Button(label, callback_data(prefix, page, short_hash(rule.id))),))
    if pages > 1:
        spans.append(Span("\n\n" + fill(bot.page, page=page + 1, pages=pages), italic=True))
        turns = (("‹", page - 1), ("›", page + 1))
        rows.append(
            tuple(
                Button(arrow, callback_data(CallbackPrefix.RULES_PAGE, to))
                for arrow, to in turns
                if 0 <= to < pages
            )
        )
    return Message(tuple(spans), tuple(rows))


def _mine(context: BotContext, request: Request) -> Message:
    bot = context.texts(request.recipient_id)
    now = context.now()
    with context.database.read() as connection:
        chat = recipients.get_recipient(connection, request.recipient_id)
        muted = subscriptions.muted_rules(connection, request.recipient_id, now=now)
    names = _subscriptions_of(context, request.recipient_id)
    named = [rule for rule in context.rules_addressed_to(request.recipient) if rule.id not in names]
    spans: list[Span] = []
    rows = []
    if names:
        spans.append(Span(bot.mine, bold=True))
        for rule_id, name in list(names.items())[:_MAX_LISTED]:
            spans.append(
                Span(f"\n✓ {_name_and_id(bot, name, rule_id)}{_muted_mark(bot, rule_id, muted)}")
            )
            data = callback_data(CallbackPrefix.END_SUBSCRIPTION, short_hash(rule_id))
            rows.append((Button(f"✕ {one_line(name, MAX_NAME)}", data),))
    else:
        spans.append(Span(bot.none_mine))
    if named:
        spans.append(Span("\n\n" + bot.named, bold=True))
        spans += [
            Span(f"\n· {_name_and_id(bot, rule.name, rule.id)}{_muted_mark(bot, rule.id, muted)}")
            for rule in named[:_MAX_LISTED]
        ]
    rules = {*names, *(rule.id for rule in named)}
    all_muted = bool(rules) and rules <= set(muted)
    lines = delivery_lines(context, request, chat, all_muted=all_muted)
    spans.append(Span("\n\n" + "\n".join(lines)))
    return Message(_cut_to_limit(spans), tuple(rows))


def _cut_to_limit(spans: list[Span]) -> tuple[Span, ...]:
    """As many of the spans as a message has room for; the last one always."""
    room = MAX_LIST_TEXT - utf16_length(spans[-1].text)
    kept = []
    for span in spans[:-1]:
        room -= utf16_length(span.text)
        if room < 0:
            break
        kept.append(span)
    return (*kept, spans[-1])


def _name_and_id(bot: BotTexts, name: str, rule_id: str) -> str:
    own = rule_id.startswith(CUSTOM_RULE_PREFIX)
    return f"{one_line(name, MAX_NAME)}  {bot.own if own else one_line(rule_id, MAX_NAME)}"


def _muted_mark(bot: BotTexts, rule_id: str, muted: Container[str]) -> str:
    return f" · {bot.muted_rule}" if rule_id in muted else ""


def _subscriptions_of(context: BotContext, recipient_id: int) -> dict[str, str]:
    """A chat's subscriptions: ids and names, oldest first."""
    with context.database.read() as connection:
        mine = subscriptions.rules_of(connection, recipient_id)
        own = {rule.id: rule.name for rule in subscriptions.custom_rules(connection, mine)}
    files = context.rules.files.by_id
    return {i: own.get(i) or (files[i].name if i in files else i) for i in mine}


def find_rule(context: BotContext, wanted: str) -> Rule | None:
    """A rule by its id or its name, whatever the case; in an id a space or _ counts as -."""
    folded = wanted.casefold()
    hyphenated = _ID_SEPARATORS.sub("-", folded)
    offered = context.subscribable_rules()
    exact = (rule for rule in offered if _ID_SEPARATORS.sub("-", rule.id.casefold()) == hyphenated)
    named = (rule for rule in offered if rule.name.casefold() == folded)
    return next(exact, None) or next(named, None)


def similar_rule(context: BotContext, wanted: str) -> Rule | None:
    """The rule whose id is most like a misspelt one."""
    if not wanted.isascii():
        return None
    offered = {rule.id: rule for rule in context.subscribable_rules()}
    found = difflib.get_close_matches(
        wanted.lower(), list(offered), n=1, cutoff=_MIN_NAME_SIMILARITY
    )
    return offered[found[0]] if found else None


def _did_you_mean(context: BotContext, request: Request, near: Rule) -> Reply:
    bot = context.texts(request.recipient_id)
    wanted = request.short_args
    # Guizou may be the rule guizhou-all, and the place.
    places = [place for one in unknown_places(wanted) for place in one.likely]
    meant = bot.enumeration.join([near.id, *places])
    text = f"{fill(bot.unknown, rule=wanted)}\n{fill(bot.did_you_mean, rule=meant)}"
    suggestion = callback_data(CallbackPrefix.SUBSCRIBE_SUGGESTION, short_hash(near.id))
    rows = [(Button(f"＋ {one_line(near.name, MAX_NAME)}", suggestion),)]
    rows += [
        (Button(f"＋ {place}", callback_data(CallbackPrefix.SUBSCRIBE_PLACE, place)),)
        for place in places
    ]
    if fits_callback_data(CallbackPrefix.SUBSCRIBE_WORDS, wanted):
        as_words = callback_data(CallbackPrefix.SUBSCRIBE_WORDS, wanted)
        rows.append((Button(fill(bot.as_words, words=wanted), as_words),))
    return Reply(Message((Span(text),), tuple(rows)))


def subscribe_rule(context: BotContext, request: Request, rule: Rule) -> Message:
    """Subscribe a chat to a rule of the files, and show what the rule matches today."""
    spans = [Span(_subscribe(context, request, rule.id))]
    found = context.in_force.matching(context.database, rule, context.now())
    if found.found:
        spans += _in_force_spans(context, request, found)
    return Message(tuple(spans))


def _subscribe(context: BotContext, request: Request, rule_id: str) -> str:
    bot = context.texts(request.recipient_id)
    with context.database.write() as connection:
        context.remember(connection, request)
        new = subscriptions.subscribe(connection, request.recipient_id, rule_id, now=context.now())
        subscriptions.unmute(connection, request.recipient_id, rule_id)
    files = context.rules.files.by_id
    name = files[rule_id].name if rule_id in files else rule_id
    return fill(bot.subscribed if new else bot.already, rule=_display_name(name, rule_id))


def _subscribe_to_known(context: BotContext, request: Request) -> Reply:
    """Subscribe to words, unless one of them is a place that nobody knows: ask which is meant."""
    unknown = unknown_places(one_line(request.args, _MAX_CUSTOM_RULE_TEXT))
    if unknown:
        return Reply(_which_place(context, request, unknown[0]))
    return _subscribe_to_words(context, request)


def _which_place(context: BotContext, request: Request, unknown: UnknownPlace) -> Message:
    bot = context.texts(request.recipient_id)
    wanted = one_line(request.args, _MAX_CUSTOM_RULE_TEXT)
    question = bot.joined_place if unknown.is_joined else bot.unknown_place
    text = fill(question, place=one_line(unknown.word, MAX_NAME))
    if unknown.likely:
        text += fill(bot.which_place, places=bot.enumeration.join(unknown.likely))
    choices = [(place, with_place(wanted, unknown.word, place)) for place in unknown.likely]
    rows = [
        (Button(f"＋ {words}", callback_data(CallbackPrefix.SUBSCRIBE_PLACE, words)),)
        for _, words in choices
        if fits_callback_data(CallbackPrefix.SUBSCRIBE_PLACE, words)
    ]
    if fits_callback_data(CallbackPrefix.SUBSCRIBE_WORDS, wanted):
        as_words = callback_data(CallbackPrefix.SUBSCRIBE_WORDS, wanted)
        rows.append((Button(fill(bot.as_words, words=wanted), as_words),))
    return Message((Span(text),), tuple(rows))


def _subscribe_to_words(
    context: BotContext, request: Request, *, instead_of: str | None = None
) -> Reply:
    """Subscribe to the custom rule of some words; ``instead_of`` is the rule that it replaces."""
    bot = context.texts(request.recipient_id)
    try:
        # Not ``short_args``: a word that is cut would never match.
        draft = parse_custom_rule(one_line(request.args, _MAX_CUSTOM_RULE_TEXT))
    except CustomRuleError as error:
        values = {**error.values, "word": one_line(str(error.values.get("word", "")), MAX_NAME)}
        reason = fill(bot.bad_wishes[error.problem], **values)
        return text_reply(fill(bot.bad_words, reason=reason))
    with context.database.write() as connection:
        context.remember(connection, request)
        mine = subscriptions.rules_of(connection, request.recipient_id)
        own = [rule_id for rule_id in mine if rule_id.startswith(CUSTOM_RULE_PREFIX)]
        if draft.id in own:
            return text_reply(fill(bot.already, rule=draft.name))
        if instead_of is not None:
            subscriptions.unsubscribe(connection, request.recipient_id, instead_of)
        elif len(own) >= context.policy.max_custom_rules:
            return text_reply(fill(bot.too_many, limit=context.policy.max_custom_rules))
        rule = subscriptions.CustomRule(draft.id, draft.name, draft.body)
        subscriptions.save_custom_rule(connection, rule, now=context.now())
        subscriptions.subscribe(connection, request.recipient_id, draft.id, now=context.now())
    return Reply(_preview(context, request, draft))


def _preview(context: BotContext, request: Request, draft: CustomRuleDraft) -> Message:
    """What a new custom rule would have matched, what it matches today, and what could be added."""
    bot = context.texts(request.recipient_id)
    count = _preview_matches(context, draft)
    recent = fill(
        bot.would_match if count else bot.would_match_none, days=_PREVIEW_DAYS, count=count
    )
    found = context.in_force.matching(context.database, draft.rule, context.now())
    lines = (fill(bot.subscribed, rule=draft.name), _how_combined(bot, draft), recent)
    spans = [Span("\n".join(filter(None, lines)))]
    spans += _in_force_spans(context, request, found)
    if not count and not found.found:
        if kinds := _kind_words(draft.rule):
            spans.append(Span(f"\n{fill(bot.kind_words, words=bot.enumeration.join(kinds))}"))
        elif latin := _latin_words(draft.rule):
            spans.append(Span(f"\n{fill(bot.latin_words, words=bot.enumeration.join(latin))}"))
        elif shorter := _shorter_words(context, draft.rule):
            word, parts = shorter
            spans.append(Span(f"\n{fill(bot.long_word, word=word, parts=' '.join(parts))}"))
    offered = words_beside(draft.rule, found.found, context.topics()) if found.found else []
    number = draft.id.removeprefix(CUSTOM_RULE_PREFIX)
    buttons = [
        Button(f"＋ {word} {times}", callback_data(CallbackPrefix.ADD_WORD, number, word))
        for word, times in offered
        if fits_callback_data(CallbackPrefix.ADD_WORD, number, word)
        and custom_rule_ids(f"{draft.name} {word}")
    ]
    if buttons:
        spans.append(Span(f"\n{bot.beside}"))
    rows = (
        tuple(buttons[at : at + _BUTTONS_IN_ROW]) for at in range(0, len(buttons), _BUTTONS_IN_ROW)
    )
    return Message(tuple(spans), tuple(rows))


def _how_combined(bot: BotTexts, draft: CustomRuleDraft) -> str:
    """Whether one of several words is enough or all are needed, and how to get the other."""
    found = draft.combination
    any_of, all_of = bot.enumeration.join(found.any), bot.enumeration.join(found.all)
    if found.any and found.all:
        return fill(bot.any_and_all, any=any_of, all=all_of)
    if found.other is None:
        return ""
    text = bot.any_is_enough if found.any else bot.all_are_needed
    return fill(text, words=any_of or all_of, other=found.other)


def _latin_words(rule: Rule) -> list[str]:
    """The words of a rule that no Chinese sentence is likely to have."""
    words = (*rule.keywords_all, *rule.keywords_any)
    # 算力>100 is no condition on a number, and stands in no sentence.
    return [word for word in words if word.isascii() or not set("<>=≥≤").isdisjoint(word)]


def _shorter_words(context: BotContext, rule: Rule) -> tuple[str, list[str]] | None:
    """A word of a rule that is a phrase, and the topics' words in it: 大模型 of 大模型备案数量."""
    words = (*rule.keywords_all, *rule.keywords_any)
    for word in (one for one in words if len(one) >= _MIN_PHRASE):
        hits = [hit for hit in context.topics().hits(word) if not hit.hidden_by]
        found = dict.fromkeys(word[hit.start : hit.end] for hit in hits)
        parts = [one for one in found if one != word]
        if parts and word not in found:
            return word, parts
    return None


def _kind_words(rule: Rule) -> list[str]:
    """The words of a rule that alerts say of a change, and sentences do not: 加码."""
    names = {fold(name) for one in ("zh", "en") for name in alert_texts(one).kinds.values()}
    return [word for word in (*rule.keywords_all, *rule.keywords_any) if word in names]


def _in_force_spans(context: BotContext, request: Request, found: MatchesInForce) -> list[Span]:
    """How many commitments in force a rule matches, and the newest of them."""
    bot = context.texts(request.recipient_id)
    if not found.found:
        return [Span(f"\n{bot.would_stand_none}")]
    spans = [Span(f"\n{fill(bot.would_stand, count=found.count)}")]
    for item in found.found[:_MAX_SAMPLES]:
        region = short_region(item.statement.region)
        spans.append(Span(f"\n· {region} " if region else "\n· "))
        spans.append(Span(one_line(item.statement.text, _MAX_SAMPLE), link=item.url))
    return spans


def _preview_matches(context: BotContext, draft: CustomRuleDraft) -> int:
    """How many recent changes a new rule would have matched; of a long log only the newest."""
    rules = RuleSet((draft.rule,))
    since = context.now() - timedelta(days=_PREVIEW_DAYS)
    with context.database.read() as connection:
        newest = zip(range(_MAX_PREVIEWED_CHANGES), walk_changes(connection, since), strict=False)
        return sum(bool(rules.match(item.change)) for _, item in newest)


def _unsubscribe(context: BotContext, request: Request, rule_id: str) -> str:
    bot = context.texts(request.recipient_id)
    name = _subscriptions_of(context, request.recipient_id).get(rule_id, rule_id)
    with context.database.write() as connection:
        ended = subscriptions.unsubscribe(connection, request.recipient_id, rule_id)
    text = bot.unsubscribed if ended else bot.not_subscribed
    return fill(text, rule=_display_name(name, rule_id))


def _display_name(name: str, rule_id: str) -> str:
    if rule_id.startswith(CUSTOM_RULE_PREFIX):
        return one_line(name, MAX_NAME)
    return f"{one_line(name, MAX_NAME)} ({one_line(rule_id, MAX_NAME)})"
