"""The change log as an Atom feed, for every filter of the timeline."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.channels.atom import AUTHORITY, FeedEntry, feed_bytes
from monitor.messages.change_text import headline, sentence_spans, speaker_and_label, unsure_note
from monitor.messages.i18n import alert_texts
from monitor.messages.richtext import Span
from monitor.model.changes import LoggedChange
from monitor.storage.changes import list_changes
from monitor.storage.sources import source_names
from monitor.web.api import conditional
from monitor.web.filters import read_filter
from monitor.web.preferences import preferences_of
from monitor.web.site import site_of
from monitor.web.templates import marked, query, texts_of
from monitor.web.timeline import cursor

ENTRIES = 50
_TYPE = "application/atom+xml; charset=utf-8"
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""When a feed without entries was updated: a feed has to say a time, always the same one."""


def feed(request: Request) -> Response:
    """The newest changes that fit; ``before`` leads to older ones (RFC 5005)."""
    site, language = site_of(request), preferences_of(request).language
    now = site.now()
    wanted = read_filter(request.query_params, themes=site.themes, zone=site.zone, now=now)
    before = cursor(request.query_params.get("before", ""))
    with site.database.read() as connection:
        conditions = wanted.conditions(site.zone, now, before=before)
        found = list_changes(connection, conditions, limit=ENTRIES + 1)
        sources = source_names(connection) if wanted.source else {}
    shown, texts = found[:ENTRIES], texts_of("timeline", language)
    root = str(request.base_url)
    asked = {**wanted.parameters(), "lang": language}
    links = [
        ("self", f"{root}feed.atom{query(asked, before=before)}"),
        ("alternate", f"{root}{query(wanted.parameters())}"),
    ]
    if len(found) > len(shown):
        links.append(("next", f"{root}feed.atom{query(asked, before=shown[-1].id)}"))
    updated = shown[0].detected_at if shown else _NEVER
    body = feed_bytes(
        f"tag:{AUTHORITY}:changes{query(wanted.parameters())}",
        " · ".join((f"{texts['site']}: {texts['title']}", *wanted.words_of(language, sources))),
        updated,
        [_entry(item, language, root) for item in shown],
        links=links,
    )
    modified = format_datetime(updated.astimezone(UTC), usegmt=True)
    return conditional(request, body, _TYPE, {"last-modified": modified})


def _entry(item: LoggedChange, language: str, root: str) -> FeedEntry:
    change, texts = item.change, alert_texts(language)
    links = [("alternate", f"{root}changes/{item.id}")]
    original = Span(item.document_title or "–", link=item.url)
    if original.link is not None:
        links.append(("related", original.link))
    lines = [
        Markup("<p>{}</p>").format(marked(sentence_spans(change, texts))),
        Markup("<p>{} · {}</p>").format(
            Span(speaker_and_label(change, language)).text, original.text
        ),
    ]
    note = unsure_note(change, texts)
    if note:
        lines.insert(1, Markup("<p>{}</p>").format(Span(note).text))
    return FeedEntry(
        id=f"tag:{AUTHORITY}:change-{item.id}",
        title=Span(headline(change, language)).text,
        updated=item.detected_at,
        published=item.detected_at,
        links=tuple(links),
        html=str(Markup("\n").join(lines)),
    )


routes = (Route("/feed.atom", feed, name="feed"),)
