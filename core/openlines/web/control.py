"""The hub's own door for commands on the same machine: a socket in the data folder, for its owner only.

Beside a running hub, `openlines agent` and `openlines plugins` come in here, so that what they change holds at once.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, web

from openlines.runtime.audit import Audit
from openlines.runtime.people import PeopleError
from openlines.runtime.staffing import overview, perform
from openlines.web.hub import HUB, Hub

SOCKET = "control.sock"
LONGEST_PATH = 100
"""Characters that an address of a Unix socket may safely have."""

log = structlog.get_logger("openlines.control")


def make_control_app(hub: Hub) -> web.Application:
    app = web.Application()
    app[HUB] = hub
    app.router.add_get("/plugins", _plugins)
    app.router.add_get("/agents", _agents)
    app.router.add_post("/agents", _change)
    return app


async def listen(runner: web.AppRunner, data: Path) -> None:
    """Open the door. A folder with too long a name does without one."""
    path = data / SOCKET
    if len(str(path)) > LONGEST_PATH:
        log.warning("control_socket_left_out", why="the data folder's path is too long for a socket", path=str(path))
        return
    path.unlink(missing_ok=True)  # of a hub that was killed; the folder's lock is ours
    before = os.umask(0o177)
    try:
        await web.UnixSite(runner, path).start()
    finally:
        os.umask(before)


async def ask_running(data: Path, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """What the hub that runs on this folder answers; None where none runs. Raises `PeopleError` for a refusal."""
    socket = data / SOCKET
    if not socket.exists():
        return None
    try:
        async with (
            ClientSession(connector=UnixConnector(str(socket)), timeout=ClientTimeout(total=30)) as session,
            session.request(method, f"http://hub{path}", json=body) as response,
        ):
            answer = await response.json()
    except (ClientError, OSError):
        return None  # what a killed hub left behind
    if response.status >= 400:
        raise PeopleError(answer["error"])
    return answer


async def _plugins(request: web.Request) -> web.Response:
    return web.json_response(list(request.app[HUB].supervisor.states()))


async def _agents(request: web.Request) -> web.Response:
    return web.json_response(overview(request.app[HUB].people))


async def _change(request: web.Request) -> web.Response:
    hub, told = request.app[HUB], await request.json()
    audit = Audit(hub.database, hub.clock)
    try:
        answer = await perform(hub.people, audit, told["what"], told["agent"], told["told"])
    except PeopleError as error:
        return web.json_response({"error": str(error)}, status=409)
    return web.json_response(answer)
