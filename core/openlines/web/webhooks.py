"""Where connectors are reached: `/hooks/<channel>/` by platforms, `/chat/<channel>/` by customers' browsers.

Each channel is an application of its own. A handler that raises, hangs or is flooded answers for itself alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import Counter

from openlines.api import Link, NotReady
from openlines.web.hub import Hub
from openlines.web.problems import Refusal, not_ready, problem

log = structlog.get_logger("openlines.web")

DEADLINE = 30.0
"""Seconds for one webhook or page; a platform has given up by then."""
SLOTS = 500
"""Calls of one channel at a time; live sockets do not count."""
GOODBYE = 5.0
"""Seconds that live sockets may take to close when the server stops."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def mount_channels(app: web.Application, hub: Hub) -> None:
    """Mount what every configured connector serves."""
    failures = Counter(
        "openlines_webhook_failures", "Webhooks and pages whose handler failed", ["channel"], registry=hub.metrics
    )
    for channel, (connector, link) in hub.supervisor.connectors.items():
        guard = Guard(channel, failures)
        app.on_shutdown.append(guard.send_home)
        hooks = list(guard.guarded(_asked(connector.routes, link), may_stay=False))
        pages = list(guard.guarded(_asked(connector.pages, link), may_stay=True))
        for place, routes in (("hooks", hooks), ("chat", pages)):
            if routes:
                mounted = web.Application()
                mounted.router.add_routes(routes)
                app.add_subapp(f"/{place}/{channel}", mounted)


class Guard:
    """Stands between a channel's handlers and everybody else."""

    def __init__(self, channel: str, failures: Counter) -> None:
        self._channel = channel
        self._failures = failures
        self._busy = 0
        self._live: set[asyncio.Task[Any]] = set()

    def guarded(self, routes: Iterable[web.RouteDef], *, may_stay: bool) -> Iterable[web.RouteDef]:
        """The routes with the guard before each; `may_stay`: a live socket may be among them."""
        for route in routes:
            handler = self._guard(route.handler, may_stay)
            path = route.path if route.path.startswith("/") or not route.path else f"/{route.path}"
            # `/hooks/<channel>` and `/hooks/<channel>/` are the same to a platform's form for addresses.
            for each in ("", "/") if path in ("", "/") else (path,):
                # No names: nobody looks routes up by them here, and twice the same would be an error.
                yield web.RouteDef(route.method, each, handler, {**route.kwargs, "name": None})

    def _guard(self, handler: Any, may_stay: bool) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            structlog.contextvars.bind_contextvars(channel=self._channel)
            if may_stay and _stays_open(request):
                return await self._staying(handler, request)
            if self._busy >= SLOTS:
                raise not_ready(f"channel {self._channel!r} has {SLOTS} calls under way")
            self._busy += 1
            try:
                async with asyncio.timeout(DEADLINE):
                    return await self._isolated(handler, request)
            except TimeoutError:
                self._failures.labels(self._channel).inc()
                log.warning("webhook_timed_out", channel=self._channel, path=request.rel_url.raw_path)
                return problem(504, f"channel {self._channel!r} took longer than {DEADLINE:.0f} s")
            finally:
                self._busy -= 1

        return answer

    async def send_home(self, _app: web.Application) -> None:
        """The server stops: live sockets have no end of their own, so their handlers are cancelled and say goodbye."""
        leaving = [*self._live]
        for task in leaving:
            task.cancel()
        if leaving:
            await asyncio.wait(leaving, timeout=GOODBYE)

    async def _staying(self, handler: Any, request: web.Request) -> web.StreamResponse:
        task = asyncio.current_task()
        if task is None or not _is_live(request):
            return await self._isolated(handler, request)
        self._live.add(task)
        try:
            return await self._isolated(handler, request)
        finally:
            self._live.discard(task)

    async def _isolated(self, handler: Any, request: web.Request) -> web.StreamResponse:
        try:
            response = await handler(request)
        except (web.HTTPException, Refusal, TimeoutError, ConnectionError):
            raise
        except NotReady as error:
            raise not_ready(str(error)) from error
        except Exception as error:
            self._failures.labels(self._channel).inc()
            log.exception("webhook_failed", channel=self._channel, path=request.rel_url.raw_path)
            raise Refusal(500, f"channel {self._channel!r} failed to answer") from error
        if not isinstance(response, web.StreamResponse):
            self._failures.labels(self._channel).inc()
            log.error("webhook_without_answer", channel=self._channel, path=request.rel_url.raw_path)
            raise Refusal(500, f"channel {self._channel!r} gave no answer")
        return response


def _asked(method: Callable[[Link], Iterable[web.RouteDef]], link: Link) -> list[web.RouteDef]:
    """A plugin's routes; one that cannot name them has none, and the others go on."""
    try:
        return list(method(link))
    except Exception:
        log.exception("routes_failed", channel=link.id)
        return []


def _stays_open(request: web.Request) -> bool:
    """Live sockets, and uploads, which take as long as the customer's line needs: their handlers bound themselves."""
    return _is_live(request) or request.content_type == "multipart/form-data"


def _is_live(request: web.Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket" or "text/event-stream" in request.headers.get(
        "Accept", ""
    )
