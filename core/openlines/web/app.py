"""The web application: everything that is reached over HTTP, and what holds for all of it."""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from openlines.api import NotReady
from openlines.runtime.audit import Audit
from openlines.runtime.exports import Exports
from openlines.web import downloads, health, operations
from openlines.web.api import ROUTES
from openlines.web.api.exports import EXPORTS
from openlines.web.api.session import SIGN_INS, SignIns
from openlines.web.endpoint import AUDIT, PREFIX
from openlines.web.feed_socket import SOCKETS, Sockets
from openlines.web.hub import HUB, Hub
from openlines.web.openapi import document
from openlines.web.problems import Refusal, from_http, not_ready, problem
from openlines.web.sessions import SESSIONS, Sessions
from openlines.web.webhooks import mount_channels

log = structlog.get_logger("openlines.web")

STARTED: web.RequestKey[bool] = web.RequestKey("started", bool)
_PROCESS, _REQUESTS = secrets.token_hex(6), count(1)
"""Ids of requests: unlike random ones they ask the kernel for nothing."""
REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)


def make_app(hub: Hub) -> web.Application:
    """The application of a hub."""
    app = web.Application(middlewares=[accompanied, explained], client_max_size=hub.settings.server.max_body)
    app[HUB] = hub
    app[SESSIONS] = Sessions(hub.database, hub.clock)
    app[AUDIT] = Audit(hub.database, hub.clock)
    app[SIGN_INS] = SignIns(hub.clock)
    app[SOCKETS] = sockets = Sockets(hub)
    app[EXPORTS] = exports = Exports(hub.reader, Path(hub.settings.server.data) / "exports", hub.clock)
    app.on_shutdown.append(sockets.close)

    async def close_exports(_app: web.Application) -> None:
        await exports.close()

    app.on_shutdown.append(close_exports)
    app.on_response_prepare.append(_protect)
    for route in ROUTES:
        app.router.add_route(route.method, route.pattern, route.respond)
    described = json.dumps(document(ROUTES, version=version("openlines"), server=hub.settings.server.address))

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(text=described, content_type="application/json")

    app.router.add_get(f"{PREFIX}/openapi.json", openapi)
    app.router.add_get("/files/{id}", downloads.signed)
    app.router.add_get("/healthz", health.alive)
    app.router.add_get("/readyz", health.ready)
    app.router.add_get("/metrics", operations.metrics)
    app.router.add_get("/-/plugins.json", operations.plugins)
    mount_channels(app, hub)
    _mount_apps(app, hub)
    return app


@dataclass(slots=True)
class Lent:
    """What a web screen is lent."""

    public_url: str
    language: str


def _mount_apps(app: web.Application, hub: Hub) -> None:
    link = Lent(hub.settings.server.address, hub.settings.server.language)
    for screen in hub.apps:
        mounted = web.Application()
        mounted.router.add_routes(screen.routes(link))
        app.router.add_get(f"/{screen.path}", _slash)
        app.add_subapp(f"/{screen.path}/", mounted)


async def _slash(request: web.Request) -> web.StreamResponse:
    """A screen's own addresses are relative to its folder."""
    raise web.HTTPPermanentRedirect(f"{request.path}/")


@web.middleware
async def accompanied(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every request has an id, in its answer and in what is logged meanwhile."""
    given = request.headers.get("X-Request-Id", "")
    request[REQUEST_ID] = given if re.fullmatch(r"[\w.-]{8,64}", given, re.ASCII) else f"{_PROCESS}{next(_REQUESTS):x}"
    began = time.perf_counter()
    with structlog.contextvars.bound_contextvars(request=request[REQUEST_ID]):
        response = await handler(request)
        log.debug(
            "request_served",
            method=request.method,
            path=request.rel_url.raw_path,  # escaped: what strangers write must not speak to a terminal
            status=response.status,
            ms=round((time.perf_counter() - began) * 1000, 1),
        )
        return response


@web.middleware
async def explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error is a problem document; what went wrong inside stays in the log."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return refusal.response()
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return from_http(error)
    except NotReady as error:
        return not_ready(str(error)).response()
    except Exception as error:
        if isinstance(error, ConnectionError) and not request.get(STARTED) and _is_gone(request):
            return web.Response(status=400)  # nobody reads it; raised, it would fill the log
        log.exception("request_failed", method=request.method, path=request.rel_url.raw_path)
        if request.get(STARTED):
            raise  # half an answer is out already: only the connection's end can tell
        return problem(500, f"the hub failed; its log says why under request {request[REQUEST_ID]}")


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    request[STARTED] = True
    headers = response.headers
    headers["Server"] = "openlines"  # not which versions of what
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    if REQUEST_ID in request:
        headers["X-Request-Id"] = request[REQUEST_ID]
    if not request.path.startswith("/chat/"):  # a widget lives in other sites' frames
        headers.setdefault("X-Frame-Options", "DENY")
    if request.path.startswith(f"{PREFIX}/"):
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
