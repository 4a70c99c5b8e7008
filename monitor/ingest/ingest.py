"""Ingest a page: load what the decision needs, decide, write."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from monitor.ingest.decide import DecisionContext, decide
from monitor.ingest.load import load_state
from monitor.ingest.plan import IngestRequest, IngestResult
from monitor.ingest.policy import SuspectPolicy
from monitor.ingest.write import write_plan
from monitor.rules.matcher import RuleSet


def ingest(
    connection: Connection,
    request: IngestRequest,
    *,
    rules: RuleSet,
    now: datetime,
    policy: SuspectPolicy | None = None,
    terminal_chat: int | None = None,
) -> IngestResult:
    """Add a page to the history, with its changes and alerts.

    Args:
        connection: a writing transaction; the caller commits it. It covers all three steps, so that
            two visits cannot decide on the same state.
        request: the page.
        rules: the rules in force.
        now: the time of the visit.
        policy: when a suspect text is believed; None for the defaults.
        terminal_chat: the recipient that stands for all Telegram chats where there is no bot.

    Returns:
        What became of it; ``outcome`` is ``SHRUNK`` while the text is suspect.
    """
    state = load_state(connection, request)
    plan = decide(request, state, DecisionContext(rules, now, policy or SuspectPolicy()))
    return write_plan(connection, plan, request, terminal_chat=terminal_chat, now=now)
