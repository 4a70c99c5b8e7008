"""Feedback through the outbox: operators hear of it, recipients of a correction, each once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, and_, exists, func, or_, select

from monitor.model.alerts import AlertState, NoticeKind
from monitor.model.feedback import FeedbackKind
from monitor.outbox.queue import TERMINAL_ID, enqueue_notice
from monitor.storage.feedback import decide_feedback, feedback_summary
from monitor.storage.statement_tables import alert_change_table
from monitor.storage.tables import alert_table, mute_table, recipient_table


def notify_operators(
    connection: Connection, change_id: int, operators: Iterable[int], *, now: datetime
) -> None:
    """Notify operators of new feedback, once a change until they decide.

    Call it in the transaction that stored the feedback. A notice shows what all people said by
    the time it is sent; what they say later is in the list of open feedback.
    """
    if feedback_summary(connection, change_id).people == 1:
        enqueue_notice(connection, NoticeKind.FEEDBACK, "", operators, now=now, about=change_id)


def decide(
    connection: Connection,
    change_id: int,
    confirmed: FeedbackKind | None,
    *,
    operator: str,
    now: datetime,
    named: Collection[int] = (),
    note: str = "",
) -> int:
    """Decide the open feedback on a change, and tell a correction to those who got the change.

    Decision and notices are written together: whoever decides second, or again after a crash,
    finds nothing open and tells nobody.

    Args:
        connection: a writing transaction.
        change_id: the change.
        confirmed: the kind that is right; None rejects all.
        operator: who decides.
        now: the current time.
        named: see ``recipients_of_change``.
        note: why.

    Returns:
        How many people's feedback was decided.
    """
    known = feedback_summary(connection, change_id).correction is not None
    decided = decide_feedback(
        connection, change_id, confirmed, operator=operator, now=now, note=note
    )
    if decided and confirmed is not None and not known:
        enqueue_notice(
            connection,
            NoticeKind.CORRECTION,
            confirmed.value,
            recipients_of_change(connection, change_id, named),
            now=now,
            about=change_id,
        )
    return decided


def recipients_of_change(
    connection: Connection, change_id: int, named: Collection[int] = ()
) -> list[int]:
    """The recipients that were sent a change and still receive messages.

    An alert that is being sent counts: it was rendered without the correction. One that waits
    will show it.

    Args:
        connection: a reading transaction.
        change_id: the change.
        named: the chats that rule files name. Nothing else is stored of them; without it they
            could not be told from chats that deleted their settings.
    """
    digests = alert_table.alias()
    digest = digests.c
    under_way = (AlertState.SENT.value, AlertState.LEASED.value)
    opted_out = exists().where(
        mute_table.c.recipient_id == alert_table.c.recipient_id,
        mute_table.c.rule_id == alert_change_table.c.rule_id,
        mute_table.c.until.is_(None),
    )
    # A digest moves with its chat, what it bundles does not.
    recipient_id = func.coalesce(digest.recipient_id, alert_table.c.recipient_id)
    query = (
        select(recipient_id)
        .select_from(alert_table)
        .join(alert_change_table, alert_change_table.c.alert_id == alert_table.c.id)
        .outerjoin(digests, digest.id == alert_table.c.digest_id)
        .outerjoin(recipient_table, recipient_table.c.id == recipient_id)
        .where(
            alert_change_table.c.change_id == change_id,
            or_(
                alert_table.c.state.in_(under_way),
                and_(alert_table.c.state == AlertState.IN_DIGEST, digest.state.in_(under_way)),
            ),
            or_(
                recipient_table.c.active.is_(True),
                and_(
                    recipient_table.c.id.is_(None),
                    recipient_id.in_({TERMINAL_ID, *named}),
                    ~opted_out,
                ),
            ),
        )
        .distinct()
        .order_by(recipient_id)
    )
    return list(connection.scalars(query))
