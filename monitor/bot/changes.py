"""``/latest``, ``/search``, ``/region``: the change log, newest first, a page at a time."""

from __future__ import annotations

from monitor.bot.context import ROOM, Answer, Asked, Office, number_of, say
from monitor.messages.change_text import change_spans
from monitor.messages.i18n import fill
from monitor.messages.richtext import (
    ENTITY_LIMIT,
    Button,
    Message,
    Span,
    entity_count,
    one_line,
    utf16_length,
)
from monitor.model.changes import LoggedChange
from monitor.rules.custom import plain, region_hint, regions_asked
from monitor.storage.changes import list_changes

_PAGE = 5
_MOST = 10
_TITLE = 160
_BUTTON_BYTES = 40


def latest(office: Office, asker: Asked) -> Answer:
    """The newest commitments of the log; a number says how many, words say which."""
    most = number_of(asker.words)
    if most is None and asker.words and not asker.words.isdecimal():
        return region(office, asker) if _places(asker.words) else search(office, asker)
    return Answer(_listed(office, asker.key, min(most or _PAGE, _MOST)))


def search(office: Office, asker: Asked) -> Answer:
    """The newest changes with some words in them."""
    if not asker.words:
        return say(office.words(asker.key).which_words)
    return Answer(_listed(office, asker.key, _PAGE, words=asker.words))


def region(office: Office, asker: Asked) -> Answer:
    """The newest changes of a region, or of a group of regions."""
    bot = office.words(asker.key)
    if not asker.words:
        return say(bot.which_region)
    for name in asker.words.split():
        if not regions_asked(name):
            hint = region_hint(name)
            near = "" if hint is None else f"\n{fill(bot.did_you_mean, rule=hint)}"
            return say(fill(bot.no_region, region=name) + near)
    return Answer(_listed(office, asker.key, _PAGE, place=asker.words))


def older(office: Office, asker: Asked) -> Answer:
    """The button below a list: what came before, as a new message."""
    kind, _, rest = asker.said.partition(":")
    before, _, words = rest.partition(":")
    number = number_of(before)
    if number is None or kind not in {"l", "s", "r"}:
        return Answer(toast=office.words(asker.key).expired)
    chosen = {"s": {"words": words}, "r": {"place": words}}.get(kind, {})
    return Answer(_listed(office, asker.key, _PAGE, before=number, **chosen))


def _listed(
    office: Office,
    key: int,
    most: int,
    *,
    before: int | None = None,
    words: str = "",
    place: str = "",
) -> Message:
    chat = office.chat(key)
    bot = office.words(key)
    with office.database.read() as session:
        found = list_changes(
            session,
            before=before,
            words=plain(words).rstrip("…").split(),
            regions=_places(place) if place else None,
            limit=most + 1,
        )
    if words:
        title, kind = fill(bot.found, words=words), "s"
    elif place:
        title, kind = fill(bot.region, region=place), "r"
    else:
        title, kind = bot.latest, "l"
    if not found:
        nothing = fill(bot.no_found, words=words or place) if words or place else bot.no_latest
        return Message((Span(nothing),))
    spans = [Span(title, bold=True)]
    room, styles = ROOM - utf16_length(title), ENTITY_LIMIT - 1
    shown = 0
    for item in found[:most]:
        told = (Span("\n\n"), *change_spans(item.change, chat.language), *_where(item))
        room -= utf16_length("".join(span.text for span in told))
        styles -= entity_count(told)
        if shown and (room < 0 or styles < 0):
            break
        spans += told
        shown += 1
    more = len(found) > shown
    said = words or place
    if not more or len(said.encode()) > _BUTTON_BYTES:
        return Message(tuple(spans))
    press = f"o:{kind}:{found[shown - 1].id}:{said}"
    return Message(tuple(spans), ((Button(bot.older, press),),))


def _places(names: str) -> list[str]:
    """The official names of the regions somebody wrote; none if one of them is unknown."""
    found = [regions_asked(name) for name in names.split()]
    return [name for names in found for name in names] if all(found) else []


def _where(item: LoggedChange) -> tuple[Span, ...]:
    title = one_line(item.document_title, _TITLE)
    day = "" if item.published is None else f" {item.published.isoformat()}"
    return (
        Span("\n"),
        Span(title, link=item.url),
        Span(f"{day}\n/commitment_{item.id}"),
    )
