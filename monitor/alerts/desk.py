"""What the bot answers: words in, messages out. Telegram itself is next door, in ``bot.py``.

Every function runs in a worker thread and opens its own transaction. What a chat writes is cut to
a bounded length before anything looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from typing import Protocol

from monitor.alerts.message import ENTITY_LIMIT, Button, Message, Span, entities, one_line, units
from monitor.alerts.render import describe
from monitor.alerts.words import BotWords, words
from monitor.storage import chats, outbox, subscriptions
from monitor.storage.database import Database
from monitor.storage.queries import LoggedChange, list_changes
from monitor.yamlfile import did_you_mean

_ARGUMENT = 64
_DESCRIPTION = 160
_NAME = 48
_PAGE = 8
_LATEST = 5
_MOST_LATEST = 10
_MOST_MINE = 24
_ROOM = 3900


class Rule(Protocol):
    """What the bot needs to know of a rule."""

    @property
    def id(self) -> str:
        """Its name in YAML and in SQL."""
        ...

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def description(self) -> str:
        """What it is for."""
        ...

    @property
    def subscribable(self) -> bool:
        """Whether any chat may ask for it."""
        ...


class RuleSet(Protocol):
    """The rules in force."""

    @property
    def rules(self) -> Sequence[Rule]:
        """All of them."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers the chats of a bot."""

    database: Database
    rules: Callable[[], RuleSet]
    now: Callable[[], datetime]

    def start(self, chat_id: int, title: str) -> Message:
        """Remember the chat, say what this is, and offer the first steps."""
        with self.database.write() as session:
            chats.remember_chat(session, chat_id, title=title, now=self.now())
        bot = self._words(chat_id)
        row = (Button(bot.button_rules, "p:0"), Button(bot.button_latest, "latest"))
        return Message((Span(bot.start),), (row,))

    def help(self, chat_id: int) -> Message:
        """All commands."""
        bot = self._words(chat_id)
        lines = [Span(f"\n/{name}  {what}") for name, what in bot.commands.items()]
        return Message((Span(bot.help_title, bold=True), *lines))

    def list_rules(self, chat_id: int, page: int = 0) -> Message:
        """One page of the rules, each a button that subscribes or unsubscribes."""
        bot = self._words(chat_id)
        offered = self._offered()
        if not offered:
            return Message((Span(bot.no_rules),))
        pages = -(-len(offered) // _PAGE)
        page = min(max(page, 0), pages - 1)
        mine = set(self._mine(chat_id))
        spans = [Span(bot.rules, bold=True)]
        rows: list[tuple[Button, ...]] = []
        for rule in offered[page * _PAGE : (page + 1) * _PAGE]:
            tick = "✓ " if rule.id in mine else ""
            description = one_line(rule.description, _DESCRIPTION)
            spans += [Span(f"\n\n{tick}"), Span(one_line(rule.name, _NAME), bold=True)]
            spans.append(Span(f"  {_asked(rule.id)}" + (f"\n{description}" if description else "")))
            verb = "-" if rule.id in mine else "+"
            label = f"{tick or '＋ '}{one_line(rule.name, _NAME)}"
            rows.append((Button(label, f"{verb}:{page}:{_press(rule.id)}"),))
        if pages > 1:
            spans.append(Span("\n\n" + bot.page.format(page=page + 1, pages=pages), italic=True))
            rows.append(
                tuple(
                    Button(arrow, f"p:{there}")
                    for arrow, there in (("‹", page - 1), ("›", page + 1))
                    if 0 <= there < pages
                )
            )
        return Message(tuple(spans), tuple(rows))

    def subscribe(self, chat_id: int, title: str, wanted: str) -> Message:
        """Subscribe the chat to a rule by its id; without one, show the rules."""
        if not wanted.strip():
            return self.list_rules(chat_id)
        bot = self._words(chat_id)
        rule = self._find(wanted)
        if rule is None:
            return self._unknown(bot, wanted)
        new = self._subscribe(chat_id, title, rule)
        return _said(bot.subscribed if new else bot.already, rule)

    def unsubscribe(self, chat_id: int, wanted: str) -> Message:
        """End a subscription by the rule's id, even of a rule that is no more."""
        if not wanted.strip():
            return self.list_mine(chat_id)
        bot = self._words(chat_id)
        mine = self._mine(chat_id)
        rule_id = next((m for m in mine if m.casefold() == _asked(wanted).casefold()), None)
        if rule_id is not None:
            with self.database.write() as session:
                subscriptions.unsubscribe(session, chat_id, rule_id)
            return _said(bot.unsubscribed, self._find(rule_id), rule_id)
        rule = self._find(wanted)
        return self._unknown(bot, wanted) if rule is None else _said(bot.not_subscribed, rule)

    def list_mine(self, chat_id: int) -> Message:
        """The chat's subscriptions, each a button that ends it."""
        bot = self._words(chat_id)
        mine = self._mine(chat_id)
        if not mine:
            return Message((Span(bot.none_mine),))
        names = {rule.id: one_line(rule.name, _NAME) for rule in self.rules().rules}
        spans = [Span(bot.mine, bold=True)]
        rows = []
        for rule_id in mine[:_MOST_MINE]:
            name = names.get(rule_id) or one_line(rule_id, _NAME)
            spans.append(Span(f"\n✓ {name}  {_asked(rule_id)}"))
            rows.append((Button(f"✕ {name}", f"m:{_press(rule_id)}"),))
        return Message(tuple(spans), tuple(rows))

    def latest(self, chat_id: int, count: str = "") -> Message:
        """The newest commitments of the change log."""
        asked = _asked(count)
        most = int(asked) if asked.isascii() and asked.isdigit() else _LATEST
        with self.database.read() as session:
            found = list_changes(session, limit=min(max(most, 1), _MOST_LATEST))
            language = chats.language_of(session, chat_id)
        bot = words(language).bot
        if not found:
            return Message((Span(bot.no_latest),))
        spans = [Span(bot.latest, bold=True)]
        room, styles = _ROOM, ENTITY_LIMIT - entities(spans)
        for item in found:
            told = (Span("\n\n"), *describe(item.change, language), *_where(item))
            room -= units("".join(span.text for span in told))
            styles -= entities(told)
            if room < 0 or styles < 0:
                break
            spans += told
        return Message(tuple(spans))

    def language(self, chat_id: int, title: str, wanted: str) -> Message:
        """Choose the language of the chat."""
        language = _asked(wanted).casefold()
        if language not in chats.LANGUAGES:
            return Message((Span(self._words(chat_id).which_language),))
        with self.database.write() as session:
            chats.remember_chat(session, chat_id, title=title, now=self.now())
            chats.set_language(session, chat_id, language)
        return Message((Span(words(language).bot.language),))

    def stop(self, chat_id: int) -> Message:
        """Forget the chat, and what still waits for it."""
        answer = Message((Span(self._words(chat_id).stopped),))
        with self.database.write() as session:
            chats.forget_chat(session, chat_id)
            outbox.withdraw_alerts(session, chat_id, reason="the chat said /stop")
        return answer

    def gone(self, chat_id: int) -> None:
        """The chat has thrown the bot out: nothing more is sent until it calls again."""
        with self.database.write() as session:
            chats.deactivate_chat(session, chat_id)
            outbox.withdraw_alerts(session, chat_id, reason="the bot was removed from the chat")

    def moved(self, old_id: int, new_id: int) -> None:
        """A group has a new id."""
        with self.database.write() as session:
            chats.move_chat(session, old_id, new_id, now=self.now())

    def private(self, chat_id: int) -> Message:
        """What a chat reads that may not use the bot."""
        return Message((Span(words().bot.private.format(chat=chat_id)),))

    def trouble(self, chat_id: int) -> Message:
        """What a chat reads when a fault of ours met it."""
        return Message((Span(self._words(chat_id).trouble),))

    def press(self, chat_id: int, title: str, pressed: str) -> tuple[str, Message | None]:
        """A button was pressed: the short answer, and what the message becomes."""
        bot = self._words(chat_id)
        verb, _, rest = pressed.partition(":")
        if verb == "latest":
            return "", self.latest(chat_id)
        page, _, key = rest.rpartition(":")
        number = int(page or key) if (page or key).isascii() and (page or key).isdigit() else 0
        if verb == "p":
            return "", self.list_rules(chat_id, min(number, 10_000))
        if verb == "m":
            known = {_press(rule_id): rule_id for rule_id in self._mine(chat_id)}
            if key not in known:
                return bot.expired, self.list_mine(chat_id)
            answer = self.unsubscribe(chat_id, known[key]).text
            return answer, self.list_mine(chat_id)
        rule = next((rule for rule in self._offered() if _press(rule.id) == key), None)
        if rule is None or verb not in {"+", "-"}:
            return bot.expired, None
        if verb == "+":
            new = self._subscribe(chat_id, title, rule)
            answer = _said(bot.subscribed if new else bot.already, rule).text
        else:
            answer = self.unsubscribe(chat_id, rule.id).text
        return answer, self.list_rules(chat_id, number)

    def _subscribe(self, chat_id: int, title: str, rule: Rule) -> bool:
        with self.database.write() as session:
            now = self.now()
            chats.remember_chat(session, chat_id, title=title, now=now)
            return subscriptions.subscribe(session, chat_id, rule.id, now=now)

    def _words(self, chat_id: int) -> BotWords:
        with self.database.read() as session:
            return words(chats.language_of(session, chat_id)).bot

    def _mine(self, chat_id: int) -> tuple[str, ...]:
        with self.database.read() as session:
            return subscriptions.rules_of(session, chat_id)

    def _offered(self) -> list[Rule]:
        return [rule for rule in self.rules().rules if rule.subscribable]

    def _find(self, wanted: str) -> Rule | None:
        """A rule by its id or its name, whatever the case."""
        asked = _asked(wanted).casefold()
        offered = self._offered()
        exact = (rule for rule in offered if rule.id.casefold() == asked)
        named = (rule for rule in offered if rule.name.casefold() == asked)
        return next(exact, None) or next(named, None)

    def _unknown(self, bot: BotWords, wanted: str) -> Message:
        asked = _asked(wanted)
        known = [word for rule in self._offered() for word in (rule.id, rule.name)]
        # The one place that finds the nearest word answers in English; only the word is wanted.
        hint = did_you_mean(asked, known)
        spans = [Span(bot.unknown.format(rule=asked))]
        if hint is not None:
            near = hint.removeprefix("did you mean ").removesuffix("?")
            spans.append(Span("\n" + bot.did_you_mean.format(rule=near)))
        return Message(tuple(spans))


def _asked(text: str) -> str:
    return one_line(text[: 4 * _ARGUMENT], _ARGUMENT)


def _press(rule_id: str) -> str:
    """A rule id as a button carries it: ids may be longer than a button's 64 bytes."""
    return blake2s(rule_id.encode(), digest_size=8).hexdigest()


def _said(template: str, rule: Rule | None, rule_id: str = "") -> Message:
    name = rule_id if rule is None else f"{one_line(rule.name, _NAME)} ({rule.id})"
    return Message((Span(template.format(rule=name)),))


def _where(item: LoggedChange) -> tuple[Span, ...]:
    title = one_line(item.document_title, _DESCRIPTION)
    day = "" if item.published is None else f" {item.published.isoformat()}"
    return (Span("\n"), Span(title, link=item.url), Span(day))
