"""The feed's door."""

from __future__ import annotations

from aiohttp import web

from openlines.web.endpoint import Call
from openlines.web.feed_socket import SOCKETS


async def connect(call: Call) -> web.StreamResponse:
    """What happens, as it happens, over a WebSocket. Browsers must come from a page of this hub."""
    return await call.request.app[SOCKETS].serve(call.request, call.signed_in)
