"""A fetcher without a network, for tests, with the contract of the real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from monitor.catalogue.model import DEFAULT_ROUTE, FetchRoute
from monitor.errors import RefusedAddress
from monitor.fetching.outcome import (
    classify,
    is_known,
    last_modified_of,
    retry_after_of,
    validator_of,
)
from monitor.model.documents import UNKNOWN_PAGE, Fetched, KnownPage, Outcome
from monitor.public_hosts import check_name
from monitor.urls import parse_url

_EPOCH = datetime(2026, 2, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FakePage:
    """What the fake server sends for a URL; header names in lower case."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class FakeFetcher:
    """Answers from ``pages``, with 404 for any other URL; ``asked`` logs the requests.

    A page may be a ``FakePage``, bytes or text of a healthy page, or a ``Fetched`` that is
    returned as it is. Change ``pages`` between visits to change the site.
    """

    pages: dict[str, FakePage | Fetched | bytes | str] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: _EPOCH
    asked: list[str] = field(default_factory=list)

    async def fetch(
        self,
        url: str,
        *,
        route: FetchRoute = DEFAULT_ROUTE,
        known: KnownPage = UNKNOWN_PAGE,
    ) -> Fetched:
        """See ``Fetcher.fetch``."""
        self.asked.append(url)
        try:
            place = parse_url(url)
            if not route.allow_private:
                check_name(place.host, url)
        except RefusedAddress as error:
            return Fetched(url, url, Outcome.ERROR, None, self.now(), reason=str(error))
        page = self.pages.get(url, FakePage(status=404))
        if isinstance(page, Fetched):
            return page
        if isinstance(page, bytes | str):
            body = page.encode() if isinstance(page, str) else page
            page = FakePage(body, headers={"content-type": "text/html; charset=utf-8"})
        answer = self._answer(
            url, page, validator_of(known.etag), validator_of(known.last_modified)
        )
        if answer.outcome is Outcome.OK and is_known(
            answer.body, known.body_hash, known.fingerprint
        ):
            return replace(answer, outcome=Outcome.NOT_MODIFIED, body=b"")
        return answer

    async def aclose(self) -> None:
        """Close nothing; the real fetcher closes its connections."""

    def _answer(
        self, url: str, page: FakePage, etag: str | None, last_modified: str | None
    ) -> Fetched:
        headers = dict(page.headers)
        tag, changed = headers.get("etag"), headers.get("last-modified")
        same = (etag is not None and etag == tag) or (
            etag is None and last_modified is not None and last_modified == changed
        )
        status = 304 if same and page.status == 200 else page.status
        body = b"" if status == 304 else page.body
        kind = headers.get("content-type")
        outcome, reason = classify(status, body, kind, conditional=bool(etag or last_modified))
        well = outcome is Outcome.OK
        return Fetched(
            url=url,
            final_url=url,
            outcome=outcome,
            status=status,
            fetched_at=self.now(),
            body=body if well or outcome is Outcome.BLOCKED else b"",
            content_type=kind,
            etag=validator_of(tag) if well else None,
            last_modified=last_modified_of(headers, self.now()) if well else None,
            headers=headers,
            reason=reason,
            retry_after=retry_after_of(headers, self.now()),
        )
