"""The registry of commands and callbacks: name, handler, who may use it.

The menu, ``/help``, the dispatch and the test of the documents read it. A handler runs in a worker
thread and opens its own transactions. Text from a chat is cut to a bounded length before a handler
sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from monitor.bot import (
    access,
    admin,
    alert_buttons,
    changes,
    feedback,
    settings,
    start,
    subscriptions,
)
from monitor.bot.context import BotContext, Handler, Reply, Request
from monitor.messages.i18n import BotTexts, fill
from monitor.messages.richtext import CallbackPrefix, Message, Span
from monitor.suggestion import nearest


class Audience(StrEnum):
    """Who may use a command or a button.

    In groups *everyone* is the administrators; *members* are all who read the group.
    """

    MEMBERS = "members"
    EVERYONE = "everyone"
    OPERATORS = "operators"


@dataclass(frozen=True, slots=True)
class Command:
    """A command; ``name`` is also the key of its description in ``bot_texts.yaml``."""

    name: str
    handler: Handler
    audience: Audience = Audience.EVERYONE

    def description(self, texts: BotTexts) -> str:
        """What the menu and ``/help`` say of it."""
        operators = self.audience is Audience.OPERATORS
        return (texts.operator_commands if operators else texts.commands)[self.name]


@dataclass(frozen=True, slots=True)
class Callback:
    """The handler of the buttons whose data begins with ``prefix``."""

    prefix: CallbackPrefix
    handler: Handler
    audience: Audience = Audience.EVERYONE


def help_(context: BotContext, request: Request) -> Reply:
    """List the commands; an operator's chat is shown the operators' too."""
    bot = context.texts(request.recipient_id)
    spans = [*_no_command(request, bot), Span(bot.help_title, bold=True)]
    spans += _listed(Audience.EVERYONE, bot)
    if access.is_operator(context, request):
        spans.append(Span(f"\n\n{bot.help_operator}", bold=True))
        spans += _listed(Audience.OPERATORS, bot)
    return Reply(Message(tuple(spans)))


def _no_command(request: Request, bot: BotTexts) -> list[Span]:
    """What was typed for a command and is near one: ``/subcribe``."""
    typed = request.short_args.partition(" ")[0].removeprefix("/").casefold()
    known = [one.name for one in COMMANDS.values() if one.audience is not Audience.OPERATORS]
    near = nearest(typed, known) if request.short_args.startswith("/") else None
    return [] if near is None else [Span(fill(bot.did_you_mean, rule=f"/{near}") + "\n\n")]


COMMANDS = {
    command.name: command
    for command in (
        Command("start", start.start),
        Command("help", help_),
        Command("rules", subscriptions.list_rules),
        Command("subscribe", subscriptions.subscribe),
        Command("unsubscribe", subscriptions.unsubscribe),
        Command("mine", subscriptions.list_mine),
        Command("latest", changes.latest),
        Command("search", changes.search),
        Command("region", changes.region),
        Command("commitment", changes.commitment),
        Command("digest", settings.digest),
        Command("quiet", settings.quiet),
        Command("mute", settings.mute),
        Command("timezone", settings.timezone),
        Command("language", settings.language),
        Command("stop", settings.stop),
        Command("status", admin.status, Audience.OPERATORS),
        Command("sources", admin.sources, Audience.OPERATORS),
        Command("feedback", feedback.list_open, Audience.OPERATORS),
        Command("broadcast", admin.broadcast, Audience.OPERATORS),
        Command("pause", admin.pause, Audience.OPERATORS),
    )
}

CALLBACKS = {
    callback.prefix.value: callback
    for callback in (
        Callback(CallbackPrefix.TOUR, start.tour),
        Callback(CallbackPrefix.RULES_PAGE, subscriptions.rules_page),
        Callback(CallbackPrefix.SUBSCRIBE, partial(subscriptions.toggle, on=True)),
        Callback(CallbackPrefix.UNSUBSCRIBE, partial(subscriptions.toggle, on=False)),
        Callback(CallbackPrefix.SUBSCRIBE_SUGGESTION, subscriptions.subscribe_suggestion),
        Callback(CallbackPrefix.SUBSCRIBE_WORDS, subscriptions.subscribe_words),
        Callback(CallbackPrefix.SUBSCRIBE_PLACE, subscriptions.subscribe_place),
        Callback(CallbackPrefix.ADD_WORD, subscriptions.add_word),
        Callback(CallbackPrefix.END_SUBSCRIPTION, subscriptions.end_subscription),
        Callback(CallbackPrefix.LATEST_CHANGES, changes.latest),
        Callback(CallbackPrefix.OLDER_CHANGES, changes.older),
        Callback(CallbackPrefix.ALERT_PAGE, alert_buttons.show_page),
        Callback(CallbackPrefix.ALERT_EVIDENCE, alert_buttons.evidence_of_alert),
        Callback(CallbackPrefix.ALERT_CHART, alert_buttons.chart),
        Callback(CallbackPrefix.ALERT_UNSURE, alert_buttons.unsure),
        Callback(CallbackPrefix.CHANGE_EVIDENCE, alert_buttons.evidence_of_change),
        Callback(CallbackPrefix.MUTE_RULE, alert_buttons.mute_rule),
        Callback(CallbackPrefix.MUTE_CHOSEN_RULE, alert_buttons.mute_chosen_rule),
        Callback(CallbackPrefix.FEEDBACK, feedback.choose, Audience.MEMBERS),
        Callback(CallbackPrefix.FEEDBACK_BACK, feedback.back, Audience.MEMBERS),
        Callback(CallbackPrefix.FEEDBACK_OPEN, feedback.open_case, Audience.OPERATORS),
        Callback(CallbackPrefix.FEEDBACK_CONFIRM, feedback.confirm, Audience.OPERATORS),
        Callback(CallbackPrefix.FEEDBACK_REJECT, feedback.reject, Audience.OPERATORS),
        Callback(CallbackPrefix.BROADCAST, admin.decide_broadcast, Audience.OPERATORS),
        Callback(
            CallbackPrefix.GRANT_ACCESS,
            partial(admin.decide_access, granted=True),
            Audience.OPERATORS,
        ),
        Callback(
            CallbackPrefix.DENY_ACCESS,
            partial(admin.decide_access, granted=False),
            Audience.OPERATORS,
        ),
    )
}


def menu(audience: Audience, texts: BotTexts) -> list[tuple[str, str]]:
    """Names and descriptions of the commands of an audience, in order."""
    commands = (command for command in COMMANDS.values() if command.audience is audience)
    return [(command.name, command.description(texts)) for command in commands]


def handle_command(context: BotContext, name: str, request: Request) -> Reply:
    """The reply to a command; an empty one if this chat may not use it or nobody knows it."""
    denied = access.deny_reply(context, request, name)
    if denied is not None:
        return denied
    command = COMMANDS.get(name)
    if command is None or not _may_use(context, request, command.audience):
        return Reply()
    return command.handler(context, access.welcome_back(context, request))


def handle_callback(context: BotContext, prefix: str, request: Request) -> Reply:
    """The reply to a button; an unknown one, or one for operators only, has expired.

    Args:
        context: what handlers work with.
        prefix: of the callback data.
        request: who pressed it; ``args`` is the rest of the data.
    """
    if not access.is_allowed(context, request):
        return Reply()
    callback = CALLBACKS.get(prefix)
    if callback is None or not _may_use(context, request, callback.audience):
        return Reply(toast=context.texts(request.recipient_id).expired)
    return callback.handler(context, access.welcome_back(context, request))


def is_for_members(prefix: str) -> bool:
    """Whether anybody in a group may press the buttons with this prefix."""
    callback = CALLBACKS.get(prefix)
    return callback is not None and callback.audience is Audience.MEMBERS


def _may_use(context: BotContext, request: Request, audience: Audience) -> bool:
    return audience is not Audience.OPERATORS or access.is_operator(context, request)


def _listed(audience: Audience, texts: BotTexts) -> list[Span]:
    return [Span(f"\n/{name}  {description}") for name, description in menu(audience, texts)]
