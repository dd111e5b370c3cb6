"""Is the process alive, can it do its work?"""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from openlines.web.hub import HUB
from openlines.web.problems import not_ready

log = structlog.get_logger("openlines.web")

PATIENCE = 3.0


async def alive(_request: web.Request) -> web.Response:
    """`/healthz`"""
    return web.json_response({"status": "alive"})


async def ready(request: web.Request) -> web.Response:
    """`/readyz`: the store gives and takes. Platforms that are down do not count: the hub waits for them."""
    if failing := request.app[HUB].failing:
        log.warning("store_refuses", error=failing)
        raise not_ready("the store takes nothing now")
    try:
        async with asyncio.timeout(PATIENCE):
            await request.app[HUB].reader.ready()
    except Exception as error:  # whatever a database driver may raise
        log.warning("store_unreachable", error=f"{type(error).__name__}: {error}")
        raise not_ready("the store does not answer") from error
    return web.json_response({"status": "ready"})
