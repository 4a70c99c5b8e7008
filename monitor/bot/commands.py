"""What the bot answers: words in, messages out. Telegram itself is next door, in ``bot.py``.

Every answer runs in a worker thread and opens its own transactions. What a chat writes is cut to
a bounded length before anything looks at it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from monitor.bot import access, admin, alert_buttons, changes, commitment, settings, subscriptions
from monitor.bot.context import Answer, Asked, Office, Picture, Policy, Rules, say

__all__ = [
    "COMMANDS",
    "OPERATOR_COMMANDS",
    "Answer",
    "Asked",
    "Office",
    "Picture",
    "Policy",
    "Rules",
    "access",
    "answer",
    "press",
    "say",
]

_Run = Callable[[Office, Asked], Answer]

COMMANDS: dict[str, _Run] = {
    "start": access.start,
    "help": access.help_,
    "rules": subscriptions.list_rules,
    "subscribe": subscriptions.subscribe,
    "unsubscribe": subscriptions.unsubscribe,
    "mine": subscriptions.list_mine,
    "latest": changes.latest,
    "search": changes.search,
    "region": changes.region,
    "commitment": commitment.commitment,
    "digest": settings.digest,
    "quiet": settings.quiet,
    "mute": settings.mute,
    "timezone": settings.timezone,
    "language": settings.language,
    "stop": settings.stop,
}
"""Every command a chat may write, and what answers it."""

OPERATOR_COMMANDS: dict[str, _Run] = {
    "status": admin.status,
    "sources": admin.sources,
    "broadcast": admin.broadcast,
    "pause": admin.pause,
}
"""Those that only operators' chats may write."""

_PRESSES: dict[str, _Run] = {
    "t": access.tour,
    "p": subscriptions.turn_rules,
    "+": partial(subscriptions.toggle, on=True),
    "-": partial(subscriptions.toggle, on=False),
    "n": subscriptions.subscribe_by_button,
    "w": subscriptions.subscribe_to_words,
    "m": subscriptions.end_by_button,
    "latest": changes.latest,
    "o": changes.older,
    "a": alert_buttons.expand,
    "e": alert_buttons.evidence,
    "v": alert_buttons.evidence_of_change,
    "g": alert_buttons.chart,
    "q": alert_buttons.mute_rule,
    "k": alert_buttons.mute_chosen,
}
_OPERATOR_PRESSES: dict[str, _Run] = {
    "bc": admin.decide_broadcast,
    "ok": partial(admin.decide_access, granted=True),
    "no": partial(admin.decide_access, granted=False),
}


def answer(office: Office, command: str, asker: Asked) -> Answer:
    """The answer to a command; one that is not for this chat is answered by nothing."""
    refused = access.refusal(office, asker, command)
    if refused is not None:
        return refused
    if access.is_operator(office, asker) and command in OPERATOR_COMMANDS:
        return OPERATOR_COMMANDS[command](office, asker)
    run = COMMANDS.get(command)
    return Answer() if run is None else run(office, asker)


def press(office: Office, pressed: str, asker: Asked) -> Answer:
    """The answer to a button; one nobody knows, or not for this chat, is out of date.

    Args:
        office: what answers are made with.
        pressed: the word before the first colon of what the button carries.
        asker: who pressed it; ``said`` is the rest.
    """
    if access.refusal(office, asker, "") is not None:
        return Answer()
    run = _PRESSES.get(pressed)
    if run is None and access.is_operator(office, asker):
        run = _OPERATOR_PRESSES.get(pressed)
    return Answer(toast=office.words(asker.key).expired) if run is None else run(office, asker)
