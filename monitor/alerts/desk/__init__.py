"""What the bot answers: words in, messages out. Telegram itself is next door, in ``bot.py``.

Every answer runs in a worker thread and opens its own transactions. What a chat writes is cut to
a bounded length before anything looks at it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from monitor.alerts.desk import (
    buttons,
    commitment,
    door,
    log,
    operators,
    rules,
    settings,
)
from monitor.alerts.desk.office import Answer, Asked, Office, Picture, Policy, Rules, say

__all__ = [
    "COMMANDS",
    "OPERATOR_COMMANDS",
    "Answer",
    "Asked",
    "Office",
    "Picture",
    "Policy",
    "Rules",
    "answer",
    "door",
    "press",
    "say",
]

_Run = Callable[[Office, Asked], Answer]

COMMANDS: dict[str, _Run] = {
    "start": door.start,
    "help": door.help_,
    "rules": rules.list_rules,
    "subscribe": rules.subscribe,
    "unsubscribe": rules.unsubscribe,
    "mine": rules.list_mine,
    "latest": log.latest,
    "search": log.search,
    "region": log.region,
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
    "status": operators.status,
    "sources": operators.sources,
    "broadcast": operators.broadcast,
    "pause": operators.pause,
}
"""Those that only operators' chats may write."""

_PRESSES: dict[str, _Run] = {
    "t": door.tour,
    "p": rules.turn_rules,
    "+": partial(rules.toggle, on=True),
    "-": partial(rules.toggle, on=False),
    "n": rules.subscribe_by_button,
    "w": rules.subscribe_to_words,
    "m": rules.end_by_button,
    "latest": log.latest,
    "o": log.older,
    "a": buttons.expand,
    "e": buttons.evidence,
    "v": buttons.evidence_of_change,
    "g": buttons.chart,
    "q": buttons.mute_rule,
    "k": buttons.mute_chosen,
}
_OPERATOR_PRESSES: dict[str, _Run] = {
    "bc": operators.decide_broadcast,
    "ok": partial(operators.decide_access, granted=True),
    "no": partial(operators.decide_access, granted=False),
}


def answer(office: Office, command: str, asker: Asked) -> Answer:
    """The answer to a command; one that is not for this chat is answered by nothing."""
    refused = door.refusal(office, asker, command)
    if refused is not None:
        return refused
    if door.is_operator(office, asker) and command in OPERATOR_COMMANDS:
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
    if door.refusal(office, asker, "") is not None:
        return Answer()
    run = _PRESSES.get(pressed)
    if run is None and door.is_operator(office, asker):
        run = _OPERATOR_PRESSES.get(pressed)
    return Answer(toast=office.words(asker.key).expired) if run is None else run(office, asker)
