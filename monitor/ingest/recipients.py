"""Who is told of what rules want: those a file names, and those who subscribed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from monitor.model.alerts import Match
from monitor.outbox.queue import Wanted
from monitor.storage.recipients import ensure_recipients
from monitor.storage.subscriptions import inactive, muted, subscribers_of_rules


def listeners(
    session: Session,
    found: Sequence[tuple[int, Match]],
    *,
    terminal_chat: int | None,
    now: datetime,
) -> list[Wanted]:
    """Whom each match is to be told; nobody who is gone, or muted the rule.

    Args:
        session: the visit's writing transaction.
        found: numbers of changes, and the rules that want them.
        terminal_chat: who stands for all Telegram chats where there is no bot.
        now: when.
    """
    if not found:
        return []
    rules = {match.rule_id for _, match in found}
    named = ensure_recipients(
        session,
        {
            to
            for _, match in found
            for to in match.recipients
            if terminal_chat is None or to.channel
        },
        now=now,
    )
    subscribed = subscribers_of_rules(session, rules) if terminal_chat is None else {}
    told = [
        Wanted(change_id, match.rule_id, recipient_id, match.priority, match.when)
        for change_id, match in found
        for recipient_id in dict.fromkeys(
            (
                *([] if terminal_chat is None else [terminal_chat]),
                *(named[to] for to in match.recipients if to in named),
                *subscribed.get(match.rule_id, ()),
            )
        )
    ]
    gone = inactive(session, {wanted.recipient_id for wanted in told})
    mutes = muted(session, rules, now=now)
    return [
        wanted
        for wanted in told
        if wanted.recipient_id not in gone and (wanted.recipient_id, wanted.rule_id) not in mutes
    ]
