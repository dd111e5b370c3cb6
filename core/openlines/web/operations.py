"""What operators ask for: `/metrics` and `/-/plugins.json`."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from openlines.web.api.plugins import states
from openlines.web.hub import HUB
from openlines.web.sessions import identify, is_local, require


async def metrics(request: web.Request) -> web.Response:
    """For Prometheus: open to this machine, else with an API token of scope `admin`."""
    await _admit(request)
    body = generate_latest(request.app[HUB].metrics)
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def plugins(request: web.Request) -> web.Response:
    """Every channel, bot and CRM with its state; the same doors."""
    await _admit(request)
    return web.Response(text=states(request.app[HUB]).model_dump_json(), content_type="application/json")


async def _admit(request: web.Request) -> None:
    if is_local(request):
        return
    hub = request.app[HUB]
    require(await identify(request, hub.people, hub.settings.server.address), "admin")
