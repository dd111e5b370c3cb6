"""A connector's own web routes on a loopback port, mounted as the hub mounts them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from openlines.api.contracts import Connector
from openlines.api.link import Link


@asynccontextmanager
async def served(connector: Connector[Any], link: Link) -> AsyncGenerator[str]:
    """Serve `routes` under `/hooks/<channel>/` and `pages` under `/chat/<channel>/`; gives `http://127.0.0.1:<port>`."""
    app = web.Application()
    app.router.add_routes(_mounted(f"/hooks/{link.id}", connector.routes(link)))
    app.router.add_routes(_mounted(f"/chat/{link.id}", connector.pages(link)))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _mounted(prefix: str, routes: Iterable[web.RouteDef]) -> Iterable[web.RouteDef]:
    for route in routes:
        paths = ["", "/"] if route.path in ("", "/") else ["/" + route.path.lstrip("/")]
        for path in paths:
            yield web.RouteDef(route.method, prefix + path, route.handler, route.kwargs)
