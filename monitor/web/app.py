"""The site as an ASGI application."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import PurePosixPath

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from monitor.errors import StorageError, UserError
from monitor.rate_limiter import RateLimiter
from monitor.storage.engine import DATABASE_FAULTS
from monitor.web import (
    api,
    commitment,
    documents,
    downloads,
    feed,
    fulfilment,
    metrics,
    preferences,
    province_map,
    region,
    reports,
    rules,
    sources,
    timeline,
)
from monitor.web.problems import is_api, problem
from monitor.web.security import Access, Guard
from monitor.web.site import Site, mistake
from monitor.web.templates import STATIC, static_address

log = logging.getLogger(__name__)

_LATER = {"retry-after": "5"}
_FOR_EVER = "public, max-age=31536000, immutable"
_BURST = 100
_REFILL_SECONDS = 0.05
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def build_site(site: Site, access: Access, *, limiter: RateLimiter | None = None) -> ASGIApp:
    """The application, with its guard.

    Args:
        site: what the pages are made from.
        access: who may ask.
        limiter: requests of one address; 100 at once, then 20 a second, if not given.
    """
    routes: list[BaseRoute] = [
        Route("/static/{digest}/{name}", static),
        *preferences.routes,
        *timeline.routes,
        *province_map.routes,
        *region.routes,
        *metrics.routes,
        *reports.routes,
        *commitment.routes,
        *documents.routes,
        *fulfilment.routes,
        *sources.routes,
        *rules.routes,
        *api.routes,
        *downloads.routes,
        *feed.routes,
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            UserError: _user_error,
            StorageError: _storage_error,
            **dict.fromkeys(DATABASE_FAULTS, _database_fault),
            HTTPException: _http_error,
        },
    )
    app.state.site = site
    limiter = limiter or RateLimiter(burst=_BURST, refill=_REFILL_SECONDS)
    return Guard(GZipMiddleware(app, minimum_size=1000, compresslevel=5), access, limiter)


def static(request: Request) -> Response:
    """A file of the package, under the address that names what is in it."""
    name = request.path_params["name"]
    suffix = PurePosixPath(name).suffix
    # Among the names there are: no name that was asked for reaches the file system.
    if suffix not in _TYPES or name not in {file.name for file in STATIC.iterdir()}:
        raise HTTPException(404)
    if static_address(name) != request.url.path:
        raise HTTPException(404)
    return FileResponse(
        STATIC / name, media_type=_TYPES[suffix], headers={"cache-control": _FOR_EVER}
    )


def _user_error(request: Request, error: Exception) -> Response:
    return _told(request, str(error), 400)


def _storage_error(request: Request, error: Exception) -> Response:
    return _told(request, str(error), 503)


def _database_fault(request: Request, error: Exception) -> Response:
    """A database that is locked, or cannot be reached; what it says may name files and hosts."""
    log.warning("web.database_fault", extra={"reason": str(getattr(error, "orig", error))})
    return _told(request, "the database cannot be read now: try again", 503, _LATER)


def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return _told(request, "", 500)
    return _told(request, error.detail, error.status_code, error.headers)


def _told(
    request: Request, message: str, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """A mistake: a page for people, problem+json where programs ask."""
    if is_api(request.url.path):
        return problem(status, message, headers=headers)
    response = mistake(request, message, status=status)
    response.headers.update(headers or {})
    return response
