"""The buttons under an alert: the rest of it, its evidence, and silence about its rule."""

from __future__ import annotations

from monitor.bot.commitment import history_of, picture_of
from monitor.bot.context import NAME, ROOM, Answer, Asked, Office, number_of, press_of
from monitor.messages.alert_message import ranked_changes, render_alert
from monitor.messages.change_text import headline
from monitor.messages.i18n import BotTexts, fill
from monitor.messages.richtext import Button, Message, Span, one_line, utf16_length
from monitor.model.alerts import OutboxAlert
from monitor.model.schedule import zone_of
from monitor.outbox.load import get_alert
from monitor.storage import subscriptions
from monitor.storage.provenance import ChangeProvenance, provenance_of_changes
from monitor.storage.recipients import RecipientSettings
from monitor.storage.views import figures_of

_MOST = 8
_URL = 300
_LINE = 120


def expand(office: Office, asker: Asked) -> Answer:
    """Another page of an alert, in the place of the one that is shown."""
    alert, page = _alert(office, asker)
    if alert is None:
        return Answer(toast=office.words(asker.key).expired)
    return Answer(edit=render_alert(alert, page))


def evidence(office: Office, asker: Asked) -> Answer:
    """What the changes of an alert were read from, as a message of its own."""
    alert, _ = _alert(office, asker)
    if alert is None:
        return Answer(toast=office.words(asker.key).expired)
    return Answer(
        _evidence(office, asker, [item.change_id for item in ranked_changes(alert)[:_MOST]])
    )


def evidence_of_change(office: Office, asker: Asked) -> Answer:
    """The same for one change, under ``/commitment``."""
    number = number_of(asker.said)
    if number is None:
        return Answer(toast=office.words(asker.key).expired)
    return Answer(_evidence(office, asker, [number]))


def chart(office: Office, asker: Asked) -> Answer:
    """A picture of the history of the strongest number of an alert that has one."""
    chat, bot = office.chat(asker.key), office.words(asker.key)
    alert, _ = _alert(office, asker)
    if alert is None:
        return Answer(toast=bot.expired)
    with office.database.read() as session:
        for item in ranked_changes(alert)[:_MOST]:
            figures = history_of(item.change, lambda r, m: figures_of(session, r, m))
            picture = picture_of(item.change, figures, chat.language)
            if picture is not None:
                return Answer(picture=picture)
    return Answer(toast=bot.no_chart)


def mute_rule(office: Office, asker: Asked) -> Answer:
    """Silence about the rule of an alert; of several rules, a choice."""
    bot = office.words(asker.key)
    alert, page = _alert(office, asker)
    if alert is None:
        return Answer(toast=bot.expired)
    names = _rules_of(office, alert)
    if len(names) == 1:
        return Answer(toast=_mute(office, asker, *next(iter(names.items()))))
    shown = render_alert(alert, page)
    rows = tuple(
        (Button(f"🔕 {one_line(name, NAME)}", f"k:{alert.id}:{press_of(rule_id)}"),)
        for rule_id, name in list(names.items())[:_MOST]
    )
    back = ((Button(bot.previous, f"a:{alert.id}:{page}"),),)
    return Answer(edit=Message(shown.spans, rows + back), toast=bot.which_mute)


def mute_chosen(office: Office, asker: Asked) -> Answer:
    """The rule that was chosen of several."""
    bot = office.words(asker.key)
    number, _, pressed = asker.said.partition(":")
    alert = _mine(office, asker, number_of(number) or 0)
    names = {} if alert is None else _rules_of(office, alert)
    chosen = next((pair for pair in names.items() if press_of(pair[0]) == pressed), None)
    if alert is None or chosen is None:
        return Answer(toast=bot.expired)
    return Answer(edit=render_alert(alert), toast=_mute(office, asker, *chosen))


def _alert(office: Office, asker: Asked) -> tuple[OutboxAlert | None, int]:
    number, _, page = asker.said.partition(":")
    return _mine(office, asker, number_of(number) or 0), number_of(page, most=1_000) or 0


def _mine(office: Office, asker: Asked, alert_id: int) -> OutboxAlert | None:
    """An alert of this chat: what a button carries may have been written by anybody."""
    with office.database.read() as session:
        alert = get_alert(session, alert_id)
    return alert if alert is not None and alert.recipient_id == asker.key else None


def _rules_of(office: Office, alert: OutboxAlert) -> dict[str, str]:
    ids = dict.fromkeys(rule_id for item in ranked_changes(alert) for rule_id in item.rule_ids)
    with office.database.read() as session:
        own = {rule.id: rule.name for rule in subscriptions.custom_rules(session, list(ids))}
    files = office.rules.files.by_id
    return {i: own.get(i) or (files[i].name if i in files else i) for i in ids}


def _mute(office: Office, asker: Asked, rule_id: str, name: str) -> str:
    with office.database.write() as session:
        subscriptions.mute(session, asker.key, rule_id, until=None)
    said = office.words(asker.key).muted_now
    return fill(said, rule=one_line(name, NAME), rule_id=rule_id)


def _evidence(office: Office, asker: Asked, change_ids: list[int]) -> Message:
    chat, bot = office.chat(asker.key), office.words(asker.key)
    with office.database.read() as session:
        found = provenance_of_changes(session, change_ids)
    if not found:
        return Message((Span(bot.expired),))
    spans = [Span(bot.evidence, bold=True)]
    room = ROOM
    for proof in found:
        told = _proof(proof, bot, chat)
        room -= utf16_length("".join(span.text for span in told))
        if room < 0:
            break
        spans += told
    return Message(tuple(spans))


def _proof(proof: ChangeProvenance, bot: BotTexts, chat: RecipientSettings) -> list[Span]:
    statement = proof.statement
    visited = proof.visited_at.astimezone(zone_of(chat.timezone))
    lines = [
        f"\n\n#{proof.change_id} {headline(proof.change, chat.language)}",
        f"\n/commitment_{proof.change_id}",
        *([f"\n{bot.section}: {one_line(statement.section, _LINE)}"] if statement.section else []),
        f"\n{fill(bot.place, start=statement.start, end=statement.end)}",
        f"\n{bot.snapshot} {proof.snapshot_id} · {visited:%Y-%m-%d %H:%M}"
        + ("" if proof.status is None else f" · {fill(bot.status, status=proof.status)}"),
    ]
    spans = [Span(line) for line in lines]
    if proof.blob_hash is not None:
        spans.append(Span("\n" + fill(bot.fingerprint, hash=proof.blob_hash)))
        if not proof.has_bytes:
            spans.append(Span("\n" + bot.no_bytes))
    if proof.url is not None:
        spans += [Span("\n"), Span(one_line(proof.url, _URL), link=proof.url)]
    return spans
