"""What all pages of the site share: the database, the clock, the settings, and how to render."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse

from monitor.clock import utc_now
from monitor.rules.model import ANY_VOCABULARY, RuleVocabulary
from monitor.storage.engine import Database
from monitor.web.mistakes import in_language
from monitor.web.preferences import preferences_of
from monitor.web.recent import AnswerCache, RecentHistory
from monitor.web.rule_book import RuleBook
from monitor.web.templates import environment, texts_of


@dataclass(frozen=True)
class Site:
    """What a page is made from. Pages read the database and nothing else.

    Attributes:
        database: the history; only its reading transactions are used.
        zone: whose days are shown.
        themes: the themes that a filter may name.
        rules: rule files, or folders of them.
        vocabulary: what rules may name.
        now: the clock.
    """

    database: Database
    zone: ZoneInfo
    themes: tuple[str, ...] = ()
    rules: tuple[Path, ...] = ()
    vocabulary: RuleVocabulary = ANY_VOCABULARY
    now: Callable[[], datetime] = utc_now

    @cached_property
    def environment(self) -> Environment:
        """The templates, compiled when they are first used."""
        return environment()

    @cached_property
    def recent(self) -> RecentHistory:
        """The newest changes and commitments, kept until the log grows."""
        return RecentHistory()

    @cached_property
    def answers(self) -> AnswerCache:
        """Sums over the history, kept until the log grows."""
        return AnswerCache()

    @cached_property
    def rule_book(self) -> RuleBook:
        """The rules of the files, read again when a file changes."""
        return RuleBook(self.rules, self.vocabulary)

    def day(self, at: datetime | None) -> str:
        """A time as the day it is in the site's zone: 2026-02-12; empty for none."""
        return "" if at is None else at.astimezone(self.zone).date().isoformat()

    def minute(self, at: datetime | None) -> str:
        """A time to the minute, in the site's zone: 2026-02-12 09:30; empty for none."""
        return "" if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"


def site_of(request: Request) -> Site:
    """The site that a request came to."""
    site: Site = request.app.state.site
    return site


def render(
    request: Request,
    name: str,
    values: Mapping[str, object],
    *,
    fragment: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    """A page, in the reader's language.

    Args:
        request: what was asked for; templates have it as ``request``.
        name: of the template, without its ending: the page's texts are ``texts/NAME.yaml`` over
            ``texts/common.yaml``, and the template has them as ``t``.
        values: what the template shows.
        fragment: the template of a part of this page, to be rendered instead of all of it.
        status: of the answer.
    """
    site, preferences = site_of(request), preferences_of(request)
    template = site.environment.get_template(f"{fragment or name}.html")
    page = template.render(
        request=request,
        site=site,
        page=name,
        preferences=preferences,
        language=preferences.language,
        t=texts_of(name, preferences.language),
        **values,
    )
    # One address has several answers; going back may not show another one's from a store.
    vary = {"vary": "HX-Request, Cookie, Accept-Language"}
    return HTMLResponse(page, status_code=status, headers=vary)


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of a page, to put it into one that is shown already."""
    return request.headers.get("hx-request") == "true"


def mistake(request: Request, message: str, *, status: int = 400) -> HTMLResponse:
    """A page that says in a line what is wrong with an address, and what to do."""
    told = in_language(message, preferences_of(request).language)
    values = {"message": told, "status": status}
    return render(request, "mistake", values, status=status)
