"""The site as an ASGI application."""

from __future__ import annotations

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
from monitor.web import (
    commitment,
    documents,
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
from monitor.web.security import Access, Guard
from monitor.web.site import Site, mistake
from monitor.web.templates import STATIC, static_address

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
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            UserError: _user_error,
            StorageError: _storage_error,
            HTTPException: _http_error,
        },
    )
    app.state.site = site
    limiter = limiter or RateLimiter(burst=_BURST, refill=_REFILL_SECONDS)
    return Guard(GZipMiddleware(app, minimum_size=1000), access, limiter)


def static(request: Request) -> Response:
    """A file of the package, under the address that names what is in it."""
    name = request.path_params["name"]
    suffix = PurePosixPath(name).suffix
    if suffix not in _TYPES or not (STATIC / name).is_file():
        raise HTTPException(404)
    if static_address(name) != request.url.path:
        raise HTTPException(404)
    return FileResponse(
        STATIC / name, media_type=_TYPES[suffix], headers={"cache-control": _FOR_EVER}
    )


def _user_error(request: Request, error: Exception) -> Response:
    return mistake(request, str(error))


def _storage_error(request: Request, error: Exception) -> Response:
    return mistake(request, str(error), status=503)


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return mistake(request, str(getattr(error, "detail", "")), status=status)
